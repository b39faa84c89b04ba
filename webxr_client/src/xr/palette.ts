/** The colours of everything written in a headset: those of the window's panels, by night and by day. */

const NAMES = {
  ink: "--ink", ink2: "--ink-2", ink3: "--ink-3", panel: "--panel", raised: "--raised", raised2: "--raised-2",
  line: "--line", accent: "--accent", onAccent: "--on-accent", bar: "--bar", barPast: "--bar-past", tag: "--tag",
} as const;

/** CSS colours, by what they are for. */
export type Palette = Readonly<Record<keyof typeof NAMES, string>>;

const known = new Map<string, Palette>();

/** The colours of the light that is on. */
export function palette(): Palette {
  const light = document.documentElement.dataset["light"] ?? "";
  let found = known.get(light);
  if (found === undefined) {
    const style = getComputedStyle(document.documentElement);
    found = Object.fromEntries(Object.entries(NAMES)
      .map(([name, property]) => [name, style.getPropertyValue(property).trim()])) as Palette;
    known.set(light, found);
  }
  return found;
}

/** Which light is on: what was drawn in another is drawn anew. Asked for by every panel in every frame. */
export const lightNow = (): string => light;

const lit = (): string => document.documentElement.dataset["light"] ?? "";
let light = lit();
new MutationObserver(() => light = lit()).observe(document.documentElement, { attributes: true, attributeFilter: ["data-light"] });

const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** A CSS colour without its alpha, 0 … 1 each, as shaders take it. */
export function channels(colour: string, out: [number, number, number] = [0, 0, 0]): [number, number, number] {
  if (pen === null) return out;
  pen.fillStyle = colour;
  const text = pen.fillStyle; // #rrggbb, or rgba(r, g, b, a)
  const parts = text.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) : (text.match(/[\d.]+/g) ?? []).map(Number);
  for (let i = 0; i < 3; i++) out[i as 0 | 1 | 2] = (parts[i] ?? 0) / 255;
  return out;
}
