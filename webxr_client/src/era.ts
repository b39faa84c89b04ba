/** One time for several histories side by side, and the ground that each of them stands on; pure. */
import { calendar, type Calendar, type Playhead } from "./clock.ts";
import type { Table } from "./stream/link.ts";

/** What playback and timeline need to know of a history. */
export interface Era {
  readonly table: Pick<Table, "time" | "mainline" | "landmarks">;
  readonly dates: Calendar;
  readonly headRank: number;
}

/**
 * Histories as one: their commits by date, each history's in its own order.
 *
 * A *joint rank* numbers them; at a whole one each history is at its newest commit up to there.
 */
export interface Joint extends Era {
  /** Of each history: the joint rank of each of its ranks, ascending. */
  readonly at: readonly Int32Array[];
  /** By joint rank: whose commit it is. */
  readonly owner: Uint16Array;
}

/** Join histories; one that is not known yet is undefined. Of one date, those of an earlier history come first. */
export function joined(tables: readonly (Era["table"] | undefined)[]): Joint {
  const commits = tables.reduce((sum, table) => sum + (table?.time.length ?? 0), 0);
  const at = tables.map((table) => new Int32Array(table?.time.length ?? 0));
  const next = new Uint32Array(tables.length);
  const time = new Float64Array(commits);
  const mainline = new Uint8Array(commits);
  const owner = new Uint16Array(commits);
  for (let rank = 0; rank < commits; rank++) {
    let first = -1;
    for (let k = 0; k < tables.length; k++) {
      const own = tables[k]?.time;
      if (own === undefined || next[k]! >= own.length) continue;
      if (first < 0 || own[next[k]!]! < tables[first]!.time[next[first]!]!) first = k;
    }
    const table = tables[first]!;
    const own = next[first]!++;
    time[rank] = table.time[own]!;
    mainline[rank] = table.mainline[own]!;
    owner[rank] = first;
    at[first]![own] = rank;
  }
  const landmarks = tables.flatMap((table, k) => (table?.landmarks ?? []).map((mark) => ({ ...mark, rank: at[k]![mark.rank] ?? 0 })));
  landmarks.sort((a, b) => a.rank - b.rank);
  return { table: { time, mainline, landmarks }, dates: calendar(time), headRank: Math.max(commits - 1, 0), at, owner };
}

/** Where the `k`-th history is at a joint rank and fraction; rank −1 before its first commit. */
export function placeIn({ at, owner }: Joint, k: number, rank: number, fraction: number, out: Playhead): void {
  const own = at[k]!;
  let low = 0;
  let high = own.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (own[middle]! <= rank) low = middle + 1;
    else high = middle;
  }
  out.rank = low - 1;
  out.fraction = owner[rank + 1] === k ? fraction : 0;
}

/** Between two plots, of the widest's width, and metres at least. */
const STREET = 0.1;
const STREET_LEAST = 8;

/**
 * Where each scene is put for all to stand side by side: (x, z) to add, the first one's being (0, 0).
 *
 * `boxes` are min x, y, z, max x, y, z; an empty one takes no ground. In rows, in their order, as many to a row as there are rows.
 */
export function plots(boxes: readonly (readonly number[])[]): [number, number][] {
  const sides = boxes.map((box) => [(box[3] ?? 0) - (box[0] ?? 0), (box[5] ?? 0) - (box[2] ?? 0)] as const);
  const present = boxes.flatMap((box, k) => (box.length > 0 ? [k] : []));
  const street = Math.max(STREET_LEAST, STREET * Math.max(0, ...sides.map(([wide, deep]) => Math.max(wide, deep))));
  const columns = Math.ceil(Math.sqrt(present.length));
  const out = boxes.map((): [number, number] => [0, 0]);
  let z = 0;
  for (let from = 0; from < present.length; from += columns) {
    const row = present.slice(from, from + columns);
    const deep = Math.max(...row.map((k) => sides[k]![1]));
    let x = 0;
    for (const k of row) {
      const box = boxes[k]!;
      out[k] = [x - box[0]!, z + deep / 2 - (box[2]! + box[5]!) / 2];
      x += sides[k]![0] + street;
    }
    z += deep + street;
  }
  const [x0, z0] = out[present[0] ?? 0] ?? [0, 0];
  for (const k of present) out[k] = [out[k]![0] - x0, out[k]![1] - z0];
  return out;
}
