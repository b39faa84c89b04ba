/** What colours mean now, of one repository or of all that stand side by side. */
import type { Person } from "./generated/protocol.ts";
import type { World } from "./world.ts";

/** People of one repository. */
export interface People {
  /** "" where it stands alone. */
  readonly repository: string;
  /** Most commits first; `others` is how many more there are. */
  readonly people: readonly Person[];
  readonly others: number;
}

export interface Meanings {
  readonly people: readonly People[];
  /** That ever occur, ascending. */
  readonly categories: readonly number[];
  /** Files left out. */
  readonly excluded: number;
  /** What the oldest and the newest colour of age stand for: a date, or of several repositories in words. */
  readonly first: number | string;
  readonly last: number | string;
}

/** Of each repository among several, so many people are told. */
const MOST_EACH = 5;

export function meanings(world: World): Meanings | undefined {
  if (world.shown === undefined) return undefined;
  const { beside } = world;
  const all = (beside?.members ?? [{ name: "", world }]).flatMap(({ name, world: { shown, look } }) => (shown === undefined ? [] : [{ name, shown, look }]));
  const { time } = world.shown.table;
  return {
    people: all.map(({ name, shown: { legend, table } }) => {
      const people = beside === undefined ? legend : legend.slice(0, MOST_EACH);
      return { repository: name, people, others: Math.max(table.people.length - people.length, 0) };
    }),
    categories: [...new Set(all.flatMap(({ look }) => look.categories()))].sort((a, b) => a - b),
    excluded: all.reduce((sum, { shown }) => sum + shown.scene.excluded, 0),
    // Each repository's colours go from its own first commit to its own newest.
    ...(beside === undefined ? { first: time[0] ?? 0, last: time[world.shown.headRank] ?? 0 } : { first: "first commit", last: "newest" }),
  };
}
