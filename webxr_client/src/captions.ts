/** Words for commits, asked of the server when they are needed and kept for a while. */
import type { Result } from "./generated/protocol.ts";
import type { Session } from "./session.ts";

/** A commit in words. */
export interface Caption {
  readonly oid: string;
  readonly subject: string;
  readonly author: string;
  /** Seconds UTC, NaN where not known. */
  readonly time: number;
}

const KEPT = 2000;

export class Captions {
  readonly #session: Session;
  readonly #kept = new Map<string, Promise<Caption | undefined>>();

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

  /** Ranks and floors mean something else now. */
  forget(): void {
    this.#kept.clear();
  }

  async #ask(key: string, ask: () => Promise<Result>): Promise<Caption | undefined> {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const coming = ask().then(captionOf, () => undefined);
    if (this.#kept.size >= KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, coming);
    const caption = await coming;
    if (caption === undefined) this.#kept.delete(key); // no line, or no such floor now: ask again later
    return caption;
  }
}

function captionOf(result: Result): Caption {
  const of = (label: string) => result.rows.find((row) => row.label === label)?.text ?? "";
  const [subject = ""] = (of("message") || result.text).split("\n");
  return { oid: of("commit"), subject, author: of("author"), time: Date.parse(of("date")) / 1000 };
}
