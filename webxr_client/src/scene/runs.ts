/** Which rows of a pool are free: runs of rows, first fit, joined again when they come back. */

export class Runs {
  #size: number;
  // Free runs, ascending, never touching each other.
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];

  constructor(size: number) {
    this.#size = size;
    if (size > 0) this.release(0, size);
  }

  get size(): number {
    return this.#size;
  }

  /** Take `length` rows; returns the first, or -1 where no run is long enough. */
  take(length: number): number {
    if (length === 0) return 0;
    for (let i = 0; i < this.#starts.length; i++) {
      if (this.#lengths[i]! < length) continue;
      const start = this.#starts[i]!;
      if (this.#lengths[i] === length) {
        this.#starts.splice(i, 1);
        this.#lengths.splice(i, 1);
      } else {
        this.#starts[i] = start + length;
        this.#lengths[i] = this.#lengths[i]! - length;
      }
      return start;
    }
    return -1;
  }

  /** Give rows [start, start + length) back. */
  release(start: number, length: number): void {
    if (length === 0) return;
    let i = this.#starts.findIndex((other) => other > start);
    if (i < 0) i = this.#starts.length;
    const joinsBefore = i > 0 && this.#starts[i - 1]! + this.#lengths[i - 1]! === start;
    const joinsAfter = i < this.#starts.length && start + length === this.#starts[i];
    if (joinsBefore) {
      this.#lengths[i - 1] = this.#lengths[i - 1]! + length + (joinsAfter ? this.#lengths[i]! : 0);
      if (joinsAfter) {
        this.#starts.splice(i, 1);
        this.#lengths.splice(i, 1);
      }
    } else if (joinsAfter) {
      this.#starts[i] = start;
      this.#lengths[i] = this.#lengths[i]! + length;
    } else {
      this.#starts.splice(i, 0, start);
      this.#lengths.splice(i, 0, length);
    }
  }

  /** Make room behind: rows [size, larger) become free. */
  grow(larger: number): void {
    const from = this.#size;
    this.#size = larger;
    this.release(from, larger - from);
  }
}
