/** What is written along the river: years, months and tags, each where the playhead passes it. */
import { Vector3 } from "three";
import type { Table } from "../stream/link.ts";
import { monthOf } from "../ui/words.ts";
import type { Course } from "./course.ts";

/** A name along the river; metres in scene space. */
export interface Milestone {
  /** Unlike that of every node. */
  readonly key: number;
  readonly text: string;
  /** Shown from here on. */
  readonly rank: number;
  /** As of districts: the lower, the more it counts. */
  /** As of districts: less is larger; −1 for what stands over all of them. */
  readonly depth: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** How much of the river it has for itself. */
  readonly extent: number;
}

/** Beyond all nodes. */
const KEYS = 0x80000000;
const YEAR = 1;
const TAG = 2;
const MONTH = 3;
/** Above the mainline, as a share of how far the lanes reach, and metres at least. */
const ABOVE = 0.12;
const ABOVE_LEAST = 1.5;

/** All of them for a history, by rank. */
export function milestones(table: Table, course: Course): Milestone[] {
  const found: { text: string; rank: number; depth: number }[] = [];
  let year = NaN;
  let until = -Infinity; // the end of the month: dates are made twelve times a year, and not for every commit
  for (let rank = 0; rank < table.time.length; rank++) {
    if (table.time[rank]! < until) continue;
    const date = new Date(table.time[rank]! * 1000);
    const [y, m] = [date.getUTCFullYear(), date.getUTCMonth()];
    found.push(y === year ? { text: `${monthOf(m)} ${y}`, rank, depth: MONTH } : { text: String(y), rank, depth: YEAR });
    year = y;
    until = Date.UTC(y, m + 1, 1) / 1000;
  }
  for (const { rank, name } of table.landmarks) found.push({ text: name, rank, depth: TAG });
  found.sort((a, b) => a.rank - b.rank || a.depth - b.depth);

  const place = new Vector3();
  const across = new Vector3();
  const before = new Map<number, Vector3>();
  const last = table.time.length - 1;
  return found.map(({ text, rank, depth }, i) => {
    course.at(rank, place, across);
    const [x, z] = [place.x, place.z];
    const y = place.y + Math.max(ABOVE * across.length(), ABOVE_LEAST);
    // Until the next of its kind, but as far from the one before at most: of several at one place one is shown.
    let end = last;
    for (let j = i + 1; j < found.length; j++) {
      if (found[j]!.depth > depth) continue;
      end = found[j]!.rank;
      break;
    }
    const since = before.get(depth)?.distanceTo(place) ?? Infinity;
    before.set(depth, place.clone());
    course.at(end, across, new Vector3());
    const extent = Math.min(place.distanceTo(across), depth === YEAR ? Infinity : since);
    return { key: KEYS + i, text, rank, depth, x, y, z, extent };
  });
}
