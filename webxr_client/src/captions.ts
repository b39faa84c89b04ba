/** Words for commits, asked of the server when they are needed and kept for a while. */
import type { Result } from "./generated/protocol.ts";
import type { Session } from "./session.ts";
import { dayOf, grouped, isolated } from "./ui/words.ts";

/** A commit in words. */
export interface Caption {
  readonly oid: string;
  readonly subject: string;
  readonly author: string;
  /** Seconds UTC, NaN where not known. */
  readonly time: number;
}

const KEPT = 2000;

/** Whether a node is a directory: drawn as a district, or as blocks. */
export const isDirectory = (node: number): boolean => node > 0 && (node & 1) === 1;

/** What stands in a directory, in words. */
export interface Contents {
  /** "27 files, 412 commits". */
  readonly count: string;
  /** "Last changed 4 Mar 2026 by Ada"; "" where nothing stands. */
  readonly last: string;
}

export class Captions {
  readonly #session: Session;
  readonly #kept = new Map<string, Promise<Caption | undefined>>();
  readonly #directories = new Map<string, Promise<Contents | undefined>>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** The commit at a rank. */
  commit(rank: number): Promise<Caption | undefined> {
    return this.#ask(`r${rank}`, () => this.#session.query("commit", { rank }));
  }

  /** The commit of a floor: `index` from 0, the oldest. */
  stratum(node: number, index: number): Promise<Caption | undefined> {
    return this.#ask(`n${node}/${index}`, () => this.#session.query("stratum", { node, index }));
  }

  /** What stands at a rank in a directory, which is drawn as a district or as a block. */
  directory(node: number, rank: number): Promise<Contents | undefined> {
    return kept(this.#directories, `${node}@${rank}`, () => this.#session.query("directory", { node, rank }).then(contentsOf));
  }

  /** Ranks and floors mean something else now. */
  forget(): void {
    this.#kept.clear();
    this.#directories.clear();
  }

  #ask(key: string, ask: () => Promise<Result>): Promise<Caption | undefined> {
    return kept(this.#kept, key, () => ask().then(captionOf));
  }
}

async function kept<T>(all: Map<string, Promise<T | undefined>>, key: string, ask: () => Promise<T>): Promise<T | undefined> {
  const known = all.get(key);
  if (known !== undefined) return known;
  const coming = ask().catch(() => undefined);
  if (all.size >= KEPT) all.delete(all.keys().next().value!);
  all.set(key, coming);
  const answer = await coming;
  if (answer === undefined) all.delete(key); // no line, or no such thing now: ask again later
  return answer;
}

const textOf = (result: Result, label: string): string => result.rows.find((row) => row.label === label)?.text ?? "";
const some = (count: string, what: string): string => `${grouped(Number(count))} ${what}${count === "1" ? "" : "s"}`;

function contentsOf(result: Result): Contents {
  const of = (label: string) => textOf(result, label);
  if (of("files") === "0") return { count: "Empty at this moment", last: "" };
  return {
    count: `${some(of("files"), "file")}, ${some(of("commits"), "commit")}`,
    last: `Last changed ${dayOf(Date.parse(of("date")) / 1000)} by ${isolated(of("author"))}`,
  };
}

function captionOf(result: Result): Caption {
  const of = (label: string) => textOf(result, label);
  const [subject = ""] = (of("message") || result.text).split("\n");
  return { oid: of("commit"), subject, author: of("author"), time: Date.parse(of("date")) / 1000 };
}
