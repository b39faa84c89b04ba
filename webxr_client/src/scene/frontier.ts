/** Which tiles are held and drawn of a scene that has several: the cut, applied to what has come. */
import type { TileHeader } from "../generated/protocol.ts";
import { candidates, cut, drawn, type Candidates } from "./cut.ts";

export interface Budget {
  readonly nodes: number;
  readonly spans: number;
}

/** What to ask for and what to give up, by tile id. */
export interface Change {
  readonly want: readonly string[];
  readonly drop: readonly string[];
}

export class Frontier {
  readonly #headers = new Map<string, TileHeader>();
  readonly #root: string;
  readonly #held = new Set<string>();
  readonly #asked = new Set<string>();
  #tiles!: Candidates;
  #ids: string[] = [];
  #shown = "";

  constructor(root: TileHeader) {
    this.#root = root.id;
    this.#headers.set(root.id, root);
    this.#know();
  }

  /** There is but one tile: nothing to choose. */
  get single(): boolean {
    return this.#ids.length === 1;
  }

  /** A tile has come, and with it the names of its children. */
  hold(header: TileHeader): void {
    this.#asked.delete(header.id);
    this.#held.add(header.id);
    const known = this.#headers.get(header.id);
    this.#headers.set(header.id, header);
    if (known?.children.length !== header.children.length) this.#know();
  }

  /** Tiles held that patches may still change. */
  open(end: number): string[] {
    return [...this.#held].filter((id) => this.#headers.get(id)?.hi === end);
  }

  /** Nothing that was asked for will come: the line is a new one. */
  forget(): void {
    this.#asked.clear();
  }

  /** Choose for a view; `factor` as in `cut`. */
  choose(eye: readonly number[], factor: number, rank: number, budget: Budget): Change {
    const resident = new Set(cut(this.#tiles, eye, factor, rank, budget.nodes, budget.spans).resident.map((row) => this.#ids[row]!));
    const want = [...resident].filter((id) => !this.#held.has(id) && !this.#asked.has(id));
    const drop = [...this.#held, ...this.#asked].filter((id) => !resident.has(id));
    for (const id of want) this.#asked.add(id);
    for (const id of drop) {
      this.#held.delete(id);
      this.#asked.delete(id);
    }
    return { want, drop };
  }

  /** The tiles to draw at ⌈t⌉, of those held; undefined where they are the same as the last time. */
  drawn(rank: number): string[] | undefined {
    const ids = drawn(this.#tiles, this.#ids.map((id) => this.#held.has(id)), rank).map((row) => this.#ids[row]!);
    const key = ids.join();
    if (key === this.#shown) return undefined;
    this.#shown = key;
    return ids;
  }

  #know(): void {
    const whole = (header: TileHeader): TileHeader => ({
      ...header, children: header.children.map((child) => whole(this.#headers.get(child.id) ?? child)),
    });
    const { tiles, ids } = candidates(whole(this.#headers.get(this.#root)!));
    this.#tiles = tiles;
    this.#ids = ids;
    this.#shown = "";
  }
}
