/** Setting text on a canvas: fonts, lines that break where there is room, and what is cut off. */

export type Face = "text" | "mono";
export type Pen = CanvasRenderingContext2D;

/** A CSS font: Inter or JetBrains Mono, then the system's for scripts that these have not. */
export function font(size: number, weight = 400, face: Face = "text"): string {
  return `${weight} ${size}px ${face === "mono" ? '"JetBrains Mono", ui-monospace, monospace' : "Inter, system-ui, sans-serif"}`;
}

/** Letters as people count them: a family of emoji is one. */
const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const words = new Intl.Segmenter(undefined, { granularity: "word" });
/** A path may be broken after these. */
const AFTER = /[/._\-\\]$/;

export type Cut = "end" | "start" | "middle";

/** `text` in one line of `width`; what does not fit is cut at the end, the start or in the middle. */
export function fit(pen: Pen, text: string, width: number, cut: Cut = "end"): string {
  const line = text.replace(/\s+/g, " ");
  if (pen.measureText(line).width <= width) return line;
  const all = Array.from(letters.segment(line), ({ segment }) => segment);
  let low = 0;
  let high = all.length;
  while (low < high) {
    const kept = (low + high + 1) >> 1;
    if (pen.measureText(shortened(all, kept, cut)).width <= width) low = kept;
    else high = kept - 1;
  }
  return shortened(all, low, cut);
}

function shortened(all: readonly string[], kept: number, cut: Cut): string {
  const head = cut === "end" ? kept : cut === "start" ? 0 : Math.ceil(kept / 2);
  const tail = kept - head;
  return `${all.slice(0, head).join("").trimEnd()}…${tail > 0 ? all.slice(-tail).join("") : ""}`;
}

/** `text` in lines of `width`, `most` of them at most: the last then ends in an ellipsis. */
export function wrap(pen: Pen, text: string, width: number, most = Infinity): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    if (lines.length >= most) break;
    wrapParagraph(pen, paragraph, width, most, lines);
  }
  if (lines.length > most) {
    lines.length = most;
    lines[most - 1] = fit(pen, `${lines[most - 1]!.trimEnd()}…`, width).replace(/…+$/, "…");
  }
  return lines;
}

/** Adds the lines of a paragraph; one more than `most` where it goes on. */
function wrapParagraph(pen: Pen, paragraph: string, width: number, most: number, lines: string[]): void {
  let line = "";
  for (const piece of pieces(paragraph)) {
    if (lines.length > most) return;
    if (line === "" || pen.measureText((line + piece).trimEnd()).width <= width) {
      line += piece;
      if (line.trimEnd() === piece.trimEnd()) line = broken(pen, line, width, lines);
      continue;
    }
    lines.push(line.trimEnd());
    line = broken(pen, piece.trimStart(), width, lines);
  }
  lines.push(line.trimEnd());
}

/** Where a line may end: after words with what follows them, and within paths after their marks. */
function* pieces(text: string): Generator<string> {
  let piece = "";
  for (const { segment, isWordLike } of words.segment(text)) {
    if (isWordLike === true && piece !== "" && (/\s$/.test(piece) || AFTER.test(piece) || !/\w/.test(segment))) {
      yield piece;
      piece = "";
    }
    piece += segment;
  }
  if (piece !== "") yield piece;
}

/** A piece wider than a line goes over as many as it needs; returns its last. */
function broken(pen: Pen, piece: string, width: number, lines: string[]): string {
  if (pen.measureText(piece.trimEnd()).width <= width) return piece;
  let line = "";
  for (const { segment } of letters.segment(piece)) {
    if (line !== "" && pen.measureText(line + segment).width > width) {
      lines.push(line);
      line = "";
    }
    line += segment;
  }
  return line;
}

/** Call `changed` whenever a font has come: what was drawn before it was drawn in another. */
export function whenFontsCome(changed: () => void): void {
  document.fonts.addEventListener("loadingdone", changed);
  for (const face of [font(18), font(18, 500), font(18, 600), font(18, 400, "mono")]) void document.fonts.load(face);
}
