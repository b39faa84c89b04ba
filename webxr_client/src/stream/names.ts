/** git's names are bytes: mostly UTF-8, never promised to be. How they are shown. */

import { RANK_END, type LandmarksColumns, type NamesColumns } from "../generated/protocol.ts";

const strict = new TextDecoder("utf-8", { fatal: true });
// What would break a line, hide or reorder text: controls, bidi overrides, line separators.
// eslint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Return `bytes` as text: UTF-8 where it is, otherwise other bytes as \xNN. */
export function shown(bytes: Uint8Array): string {
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    text = "";
    let from = 0;
    while (from < bytes.length) {
      const length = sequence(bytes, from);
      text += length > 0 ? strict.decode(bytes.subarray(from, from + length)) : escaped(bytes[from]!);
      from += Math.max(length, 1);
    }
  }
  return text.replace(unsafe, (c) => (c < "\u0100" ? escaped(c.charCodeAt(0)) : `\\u${c.charCodeAt(0).toString(16)}`));
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Length of the well-formed UTF-8 sequence at `from`, 0 where there is none. */
function sequence(bytes: Uint8Array, from: number): number {
  const lead = bytes[from]!;
  const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3
    : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length === 0 || from + length > bytes.length) return 0;
  try {
    strict.decode(bytes.subarray(from, from + length));
    return length;
  } catch {
    return 0;
  }
}

/** Return row `row` of a column set of names as text. */
export function nameAt(names: { readonly offsets: Uint32Array; readonly bytes: Uint8Array }, row: number): string {
  return shown(names.bytes.subarray(names.offsets[row], names.offsets[row + 1]));
}

/** Return tags by rank, as tables and commits tell them. */
export function landmarksOf(landmarks: LandmarksColumns, names: NamesColumns): { readonly rank: number; readonly name: string }[] {
  return Array.from(landmarks.rank, (rank, row) => ({ rank, name: nameAt(names, row) })).filter(({ rank }) => rank < RANK_END);
}
