/** The bar at a panel's top: what it is about, what it is carried by, and the way to close it. */
import { fit, font, type Pen } from "./type.ts";
import { drawIcon, fill, LINE, TOUCH, write, type Laid } from "./widgets.ts";

const TOP = 26;
const HANDLE = 72;

/** Lay it out; returns where what is under it begins. */
export function layBar(
  pen: Pen, { title, folder = "", close }: { readonly title?: string; readonly folder?: string; readonly close?: () => void },
  pad: number, width: number, out: Laid,
): number {
  if (title === undefined) return pad;
  const height = (folder === "" ? 0 : LINE) + 30;
  const room = width - 2 * pad - (close === undefined ? 0 : TOUCH);
  const bold = font(22, 600);
  const mono = font(16.5, 400, "mono");
  pen.font = bold;
  const shown = fit(pen, title, room, "middle");
  pen.font = mono;
  const above = fit(pen, folder, room, "start");
  if (close !== undefined) {
    const area = { x: width - pad - TOUCH + 8, y: TOP - 10, width: TOUCH, height: TOUCH };
    out.targets.push({ name: "Close", area, press: close });
  }
  out.targets.push({ name: "Move", area: { x: 0, y: 0, width, height: TOP + height }, bar: true });
  out.blocks.push({ top: 0, bottom: TOP + height, paint: (pen, colours) => {
    fill(pen, colours.raised2, (width - HANDLE) / 2, 9, HANDLE, 6, 3);
    if (folder !== "") write(pen, colours.ink3, mono, above, pad, TOP + LINE / 2);
    write(pen, colours.ink, bold, shown, pad, TOP + height - 15);
    if (close !== undefined) drawIcon(pen, colours.ink2, "close", width - pad - TOUCH / 2 + 8, TOP - 10 + TOUCH / 2, 24);
  } });
  return TOP + height + 14;
}
