/**
 * The cut: which tiles a viewer holds, and which of them it draws now. A pure function.
 *
 * The twin is `xrserver/scene/cut.py`; both read `tests/vectors/cut/`.
 */

import type { TileHeader } from "../generated/protocol.ts";

/** Nearer than this, in metres, a tile's error looks no larger. */
export const NEAREST = 1e-3;

/**
 * The headers known so far, as columns; the root first, parents before their children.
 *
 * `parent` is a row of these (−1: the root), `box` six metres a row, the others as in `TileHeader`. The
 * children of a tile together cover all that it does, in space and in time.
 */
export interface Candidates {
  readonly parent: readonly number[];
  readonly box: readonly (readonly number[])[];
  readonly error: readonly number[];
  readonly lo: readonly number[];
  readonly hi: readonly number[];
  readonly nodes: readonly number[];
  readonly spans: readonly number[];
}

/** Rows of the tiles to hold, most wanted first, and of those to draw now, ascending. */
export interface Cut {
  readonly resident: number[];
  readonly drawn: number[];
}

/** All headers below (and with) `root` as columns, and their ids. */
export function candidates(root: TileHeader): { tiles: Candidates; ids: string[] } {
  const headers = [root];
  const parent = [-1];
  for (let row = 0; row < headers.length; row++) {
    for (const child of headers[row]!.children) {
      headers.push(child);
      parent.push(row);
    }
  }
  const tiles = {
    parent,
    box: headers.map((header) => header.box),
    error: headers.map((header) => header.error),
    lo: headers.map((header) => header.lo),
    hi: headers.map((header) => header.hi),
    nodes: headers.map((header) => header.nodes),
    spans: headers.map((header) => header.spans),
  };
  return { tiles, ids: headers.map((header) => header.id) };
}

/**
 * Choose the tiles that fit a view and its budgets.
 *
 * First what is drawn now is refined, the largest error on the screen first; a tile gives way to all of its
 * children at this rank or to none. What room is left goes to windows of other ranks, the nearest in time
 * first. Ties go to the smaller row.
 *
 * @param eye metres, scene space
 * @param factor screen error that a metre has at a distance of a metre, in units of what is good enough: a
 *   tile is refined while error · factor / distance is above 1
 * @param rank ⌈t⌉ of the playhead
 * @param nodeBudget the most nodes drawn at once; like `spanBudget`, the most spans held, never exceeded by
 *   anything but the root, which is held whatever it costs
 */
export function cut(
  tiles: Candidates,
  eye: readonly number[],
  factor: number,
  rank: number,
  nodeBudget: number,
  spanBudget: number,
): Cut {
  const children: number[][] = tiles.parent.map(() => []);
  tiles.parent.forEach((parent, row) => {
    if (parent >= 0) children[parent]!.push(row);
  });
  const screen = tiles.error.map((error, row) => (error * factor) / Math.max(distance(tiles.box[row]!, eye), NEAREST));
  const now = (row: number): boolean => tiles.lo[row]! <= rank && rank < tiles.hi[row]!;
  const gap = (row: number): number => (rank < tiles.lo[row]! ? tiles.lo[row]! - rank : rank - tiles.hi[row]! + 1);

  const held = tiles.parent.map((_, row) => row === 0);
  const resident = [0];
  const coarse = screen[0]! > 1 ? [0] : [];
  let nodes = tiles.nodes[0]!;
  let spans = tiles.spans[0]!;

  let waiting = [...coarse];
  while (waiting.length > 0) {
    const best = takeLeast(waiting, (row) => -screen[row]!);
    const group = children[best]!.filter(now);
    let moreNodes = -tiles.nodes[best]!;
    let moreSpans = 0;
    for (const child of group) {
      moreNodes += tiles.nodes[child]!;
      moreSpans += tiles.spans[child]!;
    }
    if (group.length === 0 || nodes + moreNodes > nodeBudget || spans + moreSpans > spanBudget) continue;
    nodes += moreNodes;
    spans += moreSpans;
    for (const child of group) {
      held[child] = true;
      resident.push(child);
      if (screen[child]! > 1) {
        coarse.push(child);
        waiting.push(child);
      }
    }
  }

  waiting = coarse.flatMap((row) => children[row]!.filter((child) => !now(child)));
  while (waiting.length > 0) {
    const best = takeLeast(waiting, gap);
    if (tiles.nodes[best]! > nodeBudget || spans + tiles.spans[best]! > spanBudget) continue;
    spans += tiles.spans[best]!;
    held[best] = true;
    resident.push(best);
    if (screen[best]! > 1) waiting.push(...children[best]!);
  }
  return { resident, drawn: drawn(tiles, held, rank) };
}

/**
 * The rows to draw at `rank` (⌈t⌉) of those really held: each file is in one of them.
 *
 * A tile is drawn unless all of its children at this rank are held; then they are, in its place.
 */
export function drawn(tiles: Candidates, held: readonly boolean[], rank: number): number[] {
  const group: number[][] = tiles.parent.map(() => []);
  tiles.parent.forEach((parent, row) => {
    if (parent >= 0 && tiles.lo[row]! <= rank && rank < tiles.hi[row]!) group[parent]!.push(row);
  });
  const rows: number[] = [];
  const waiting = [0];
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    const finer = group[row]!;
    if (finer.length > 0 && finer.every((child) => held[child])) waiting.push(...finer);
    else rows.push(row);
  }
  return rows.sort((a, b) => a - b);
}

/** Take out of `rows` the one with the least `cost`; of equals the smallest. */
function takeLeast(rows: number[], cost: (row: number) => number): number {
  let best = 0;
  for (let i = 1; i < rows.length; i++) {
    const [a, b] = [cost(rows[i]!), cost(rows[best]!)];
    if (a < b || (a === b && rows[i]! < rows[best]!)) best = i;
  }
  return rows.splice(best, 1)[0]!;
}

/** The distance from a point to the nearest point of a box. */
function distance(box: readonly number[], eye: readonly number[]): number {
  const x = Math.max(box[0]! - eye[0]!, 0, eye[0]! - box[3]!);
  const y = Math.max(box[1]! - eye[1]!, 0, eye[1]! - box[4]!);
  const z = Math.max(box[2]! - eye[2]!, 0, eye[2]! - box[5]!);
  return Math.sqrt(x * x + y * y + z * z);
}
