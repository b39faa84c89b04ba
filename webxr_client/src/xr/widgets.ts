/**
 * What panels are made of: rows as data, laid out and drawn in units of a sheet (20 to a degree).
 *
 * A panel says what it shows and what is to happen; where that lies, and what of it can be pressed,
 * follows from here. No line of text is lower than `LINE`, nothing to press smaller than `TOUCH`.
 */
import { ICONS, type Icon } from "../ui/element.ts";
import type { Area } from "./canvas.ts";
import type { Palette } from "./palette.ts";
import { fit, font, wrap, type Cut, type Face, type Pen } from "./type.ts";

/** A line of text: 1.25°. */
export const LINE = 25;
export const TEXT = 18.5;
/** What is pressed: 2.3°, as large as a fingertip on a wrist. */
export const TOUCH = 46;
export const PAD = 20;
export const GAP = 12;

export type Phase = "begin" | "move" | "end" | "cancel";
/** A drag: where in the area (units), and how far from it, up, down or off the sheet (units). */
export type Hold = (x: number, y: number, away: number, phase: Phase) => void;

/** Something on a panel that hands can do something with. */
export interface Target {
  readonly name: string;
  readonly area: Area;
  readonly press?: (() => void) | undefined;
  readonly hold?: Hold | undefined;
  /** It is what the panel is carried by. */
  readonly bar?: boolean;
}

export interface Button {
  readonly text?: string;
  readonly icon?: Icon;
  /** What it is called; its text where it has one. */
  readonly name?: string;
  /** Switched on, or the one that matters. */
  readonly on?: boolean;
  readonly press: () => void;
}

export interface Fact {
  readonly label: string;
  readonly text: string;
  readonly press?: (() => void) | undefined;
}

type Ink = "ink" | "ink2" | "ink3" | "accent";

export type Widget =
  | { readonly kind: "text"; readonly text: string; readonly size?: number; readonly weight?: number; readonly ink?: Ink;
      readonly face?: Face; readonly most?: number; readonly cut?: Cut; readonly press?: (() => void) | undefined; readonly middle?: boolean;
      /** Of the block, where that is more than its lines need. */ readonly height?: number }
  | { readonly kind: "facts"; readonly facts: readonly Fact[] }
  | { readonly kind: "buttons"; readonly buttons: readonly Button[]; readonly height?: number }
  | { readonly kind: "choice"; readonly options: readonly (readonly [string, string])[]; readonly chosen: string; readonly choose: (value: string) => void }
  | { readonly kind: "toggle"; readonly text: string; readonly on: boolean; readonly press: () => void }
  | { readonly kind: "slider"; readonly text: string; readonly says: string; readonly value: number; readonly change: (value: number, done: boolean) => void }
  | { readonly kind: "item"; readonly text: string; readonly note?: string; readonly swatch?: string; readonly press?: (() => void) | undefined }
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "rule" }
  | { readonly kind: "columns"; readonly columns: readonly { readonly width?: number; readonly widgets: readonly Widget[] }[]; readonly gap?: number }
  | { readonly kind: "drawing"; readonly name: string; readonly height: number; readonly paint: (pen: Pen, width: number, height: number, colours: Palette) => void;
      readonly hold?: Hold; readonly press?: () => void };

/** A piece of a panel that has its place. */
export interface Block {
  readonly top: number;
  readonly bottom: number;
  readonly paint: (pen: Pen, colours: Palette) => void;
}

export interface Laid {
  readonly blocks: Block[];
  readonly targets: Target[];
}

export const heading = (text: string): Widget => ({ kind: "text", text, weight: 600, ink: "ink3", most: 1 });

/** Lay widgets under each other from (x, y) down, `width` wide; returns where they end. */
export function lay(pen: Pen, widgets: readonly Widget[], x: number, y: number, width: number, out: Laid, gap = GAP): number {
  let at = y;
  for (const widget of widgets) {
    if (at > y) at += gap;
    at = layOne(pen, widget, x, at, width, out);
  }
  return at;
}

function layOne(pen: Pen, widget: Widget, x: number, y: number, width: number, out: Laid): number {
  switch (widget.kind) {
    case "text": return layText(pen, widget, x, y, width, out);
    case "facts": return layFacts(pen, widget.facts, x, y, width, out);
    case "buttons": return layButtons(widget.buttons, x, y, width, widget.height ?? TOUCH, out);
    case "choice": return layButtons(widget.options.map(([value, text]) =>
      ({ text, on: value === widget.chosen, press: () => widget.choose(value) })), x, y, width, TOUCH, out, true);
    case "toggle": return layToggle(pen, widget, x, y, width, out);
    case "slider": return laySlider(pen, widget, x, y, width, out);
    case "item": return layItem(pen, widget, x, y, width, out);
    case "columns": return layColumns(pen, widget, x, y, width, out);
    case "rule":
      return block(out, y, 1, (pen, { line }) => fill(pen, line, x, y, width, 1, 0));
    case "progress":
      return block(out, y, 6, (pen, { raised2, accent }) => {
        fill(pen, raised2, x, y, width, 6, 3);
        if (widget.share >= 0) fill(pen, accent, x, y, Math.max(6, width * Math.min(widget.share, 1)), 6, 3);
      });
    case "drawing": {
      const { height, paint } = widget;
      target(out, widget.name, x, y, width, height, widget.press, widget.hold);
      return block(out, y, height, (pen, colours) => {
        pen.save();
        pen.translate(x, y);
        paint(pen, width, height, colours);
        pen.restore();
      });
    }
  }
}

function block(out: Laid, top: number, height: number, paint: Block["paint"]): number {
  out.blocks.push({ top, bottom: top + height, paint });
  return top + height;
}

function target(out: Laid, name: string, x: number, y: number, width: number, height: number, press?: (() => void), hold?: Hold): void {
  if (press !== undefined || hold !== undefined) out.targets.push({ name, area: { x, y, width, height }, press, hold });
}

export function fill(pen: Pen, colour: string, x: number, y: number, width: number, height: number, corner: number): void {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(x, y, width, height, corner);
  pen.fill();
}

/** One line, its middle at `y`. */
export function write(pen: Pen, colour: string, face: string, text: string, x: number, y: number, align: CanvasTextAlign = "left"): void {
  pen.font = face;
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.fillText(text, x, y + 1);
}

export function drawIcon(pen: Pen, colour: string, name: Icon, x: number, y: number, side: number): void {
  pen.save();
  pen.translate(x - side / 2, y - side / 2);
  pen.scale(side / 24, side / 24);
  pen.fillStyle = colour;
  pen.fill(new Path2D(ICONS[name]));
  pen.restore();
}

function layText(pen: Pen, widget: Widget & { kind: "text" }, x: number, y: number, width: number, out: Laid): number {
  const { size = TEXT, weight = 400, ink = "ink", most = Infinity, cut = "end", middle = false } = widget;
  const face = font(size, weight, widget.face);
  pen.font = face;
  const lines = most === 1 ? [fit(pen, widget.text, width, cut)] : wrap(pen, widget.text, width, most);
  const high = Math.max(LINE, size * 1.32);
  const height = Math.max(lines.length * high, widget.height ?? 0);
  const top = y + (height - lines.length * high) / 2;
  const wide = Math.min(Math.max(...lines.map((line) => pen.measureText(line).width)), width);
  target(out, widget.text, x - 8, y - 6, wide + 16, height + 12, widget.press);
  return block(out, y, height, (pen, colours) => {
    lines.forEach((line, i) => write(pen, colours[ink], face, line, middle ? x + width / 2 : x, top + (i + 0.5) * high, middle ? "center" : "left"));
  });
}

function layFacts(pen: Pen, facts: readonly Fact[], x: number, y: number, width: number, out: Laid): number {
  const label = font(TEXT);
  const value = font(TEXT, 500);
  pen.font = label;
  const first = Math.min(Math.max(...facts.map((each) => pen.measureText(each.label).width)) + 18, width * 0.4);
  let at = y;
  for (const { label: name, text, press } of facts) {
    const top = at;
    pen.font = label;
    const shortName = fit(pen, name, first - 10);
    pen.font = value;
    const lines = wrap(pen, text, width - first, 4);
    target(out, text, x + first - 6, top, width - first + 12, lines.length * LINE, press);
    at = block(out, top, lines.length * LINE + 2, (pen, colours) => {
      write(pen, colours.ink3, label, shortName, x, top + LINE / 2);
      lines.forEach((line, i) => write(pen, press === undefined ? colours.ink : colours.accent, value, line, x + first, top + (i + 0.5) * LINE));
    });
  }
  return at;
}

/** Side by side, as wide as each other; joined: one of several. */
function layButtons(buttons: readonly Button[], x: number, y: number, width: number, height: number, out: Laid, joined = false): number {
  const gap = joined ? 2 : 8;
  const wide = (width - gap * (buttons.length - 1)) / buttons.length;
  const face = font(TEXT, 500);
  for (const [i, button] of buttons.entries()) {
    target(out, button.name ?? button.text ?? "", x + i * (wide + gap), y, wide, height, button.press);
  }
  return block(out, y, height, (pen, colours) => {
    if (joined) fill(pen, colours.raised, x - 2, y - 2, width + 4, height + 4, 12);
    buttons.forEach(({ text, icon, on = false }, i) => {
      const left = x + i * (wide + gap);
      const middle = left + wide / 2;
      if (!joined || on) fill(pen, on ? (joined ? colours.raised2 : colours.accent) : colours.raised, left, y, wide, height, 10);
      const ink = on ? (joined ? colours.ink : colours.onAccent) : joined ? colours.ink2 : colours.ink;
      if (text === undefined) {
        if (icon !== undefined) drawIcon(pen, ink, icon, middle, y + height / 2, Math.min(26, height * 0.6));
        return;
      }
      pen.font = face;
      const room = wide - 12 - (icon === undefined ? 0 : 28);
      const shown = fit(pen, text, room);
      const half = pen.measureText(shown).width / 2;
      const shift = icon === undefined ? 0 : 14;
      if (icon !== undefined) drawIcon(pen, ink, icon, middle - half - 1, y + height / 2, 22);
      write(pen, ink, face, shown, middle + shift, y + height / 2, "center");
    });
  });
}

function layToggle(pen: Pen, widget: Widget & { kind: "toggle" }, x: number, y: number, width: number, out: Laid): number {
  const { text, on, press } = widget;
  const face = font(TEXT);
  pen.font = face;
  const shown = fit(pen, text, width - 70);
  target(out, text, x - 8, y, width + 16, TOUCH, press);
  return block(out, y, TOUCH, (pen, colours) => {
    const middle = y + TOUCH / 2;
    write(pen, colours.ink, face, shown, x, middle);
    fill(pen, on ? colours.accent : colours.raised2, x + width - 52, middle - 14, 52, 28, 14);
    fill(pen, on ? colours.onAccent : colours.ink2, x + width - (on ? 26 : 50), middle - 12, 24, 24, 12);
  });
}

function laySlider(pen: Pen, widget: Widget & { kind: "slider" }, x: number, y: number, width: number, out: Laid): number {
  const { text, says, value, change } = widget;
  const face = font(TEXT);
  pen.font = face;
  const shown = fit(pen, text, width * 0.6);
  let from = 0;
  let began = value;
  let share = value;
  // It moves with the hand instead of jumping to it.
  const hold: Hold = (at, _y, _away, phase) => {
    if (phase === "begin") {
      from = at;
      began = share;
    } else {
      share = Math.min(Math.max(phase === "cancel" ? began : began + (at - from) / width, 0), 1);
      change(share, phase !== "move");
    }
  };
  target(out, text, x - 8, y, width + 16, LINE + 34, undefined, hold);
  return block(out, y, LINE + 34, (pen, colours) => {
    write(pen, colours.ink, face, shown, x, y + LINE / 2);
    write(pen, colours.ink2, face, says, x + width, y + LINE / 2, "right");
    const middle = y + LINE + 16;
    fill(pen, colours.raised2, x, middle - 3, width, 6, 3);
    fill(pen, colours.accent, x, middle - 3, Math.max(6, width * value), 6, 3);
    fill(pen, colours.ink, x + (width - 24) * value, middle - 12, 24, 24, 12);
  });
}

function layItem(pen: Pen, widget: Widget & { kind: "item" }, x: number, y: number, width: number, out: Laid): number {
  const { text, note = "", swatch, press } = widget;
  const left = swatch === undefined ? x : x + 30;
  const below = note !== "" && press !== undefined;
  const face = font(TEXT);
  pen.font = face;
  const beside = note !== "" && !below ? pen.measureText(note).width + 14 : 0;
  const shown = fit(pen, text, x + width - left - beside);
  const shownNote = below ? fit(pen, note, x + width - left) : note;
  const height = press === undefined ? LINE : below ? 2 * LINE : TOUCH;
  target(out, text, x - 8, y - 4, width + 16, height + 8, press);
  return block(out, y, height, (pen, colours) => {
    const middle = below ? y + LINE / 2 : y + height / 2;
    if (swatch !== undefined) fill(pen, swatch, x, middle - 9, 18, 18, 5);
    write(pen, colours.ink, face, shown, left, middle);
    if (below) write(pen, colours.ink3, face, shownNote, left, y + 1.5 * LINE);
    else if (note !== "") write(pen, colours.ink3, face, note, x + width, middle, "right");
  });
}

function layColumns(pen: Pen, widget: Widget & { kind: "columns" }, x: number, y: number, width: number, out: Laid): number {
  const { columns, gap = GAP } = widget;
  let fixed = gap * (columns.length - 1);
  let free = 0;
  for (const column of columns) {
    if (column.width === undefined) free++;
    else fixed += column.width;
  }
  let left = x;
  let bottom = y;
  for (const column of columns) {
    const wide = column.width ?? (width - fixed) / free;
    bottom = Math.max(bottom, lay(pen, column.widgets, left, y, wide, out, 2));
    left += wide + gap;
  }
  return bottom;
}
