/** A binary heap of (key, row) over typed arrays: the least key on top, of equal ones the smallest row. */

export class Heap {
  size = 0;
  #keys = new Float64Array(64);
  #rows = new Int32Array(64);

  /** The least key. */
  get least(): number {
    return this.#keys[0]!;
  }

  clear(): void {
    this.size = 0;
  }

  push(key: number, row: number): void {
    if (this.size === this.#rows.length) this.#grow();
    const keys = this.#keys;
    const rows = this.#rows;
    let at = this.size++;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (keys[above]! < key || (keys[above] === key && rows[above]! < row)) break;
      keys[at] = keys[above]!;
      rows[at] = rows[above]!;
      at = above;
    }
    keys[at] = key;
    rows[at] = row;
  }

  /** Take out the row with the least key. */
  pop(): number {
    const keys = this.#keys;
    const rows = this.#rows;
    const top = rows[0]!;
    const last = --this.size;
    const key = keys[last]!;
    const row = rows[last]!;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= last) break;
      const other = below + 1;
      if (other < last && (keys[other]! < keys[below]! || (keys[other] === keys[below] && rows[other]! < rows[below]!))) below = other;
      if (key < keys[below]! || (key === keys[below] && row < rows[below]!)) break;
      keys[at] = keys[below]!;
      rows[at] = rows[below]!;
      at = below;
    }
    keys[at] = key;
    rows[at] = row;
    return top;
  }

  #grow(): void {
    const keys = new Float64Array(2 * this.#keys.length);
    const rows = new Int32Array(2 * this.#rows.length);
    keys.set(this.#keys);
    rows.set(this.#rows);
    this.#keys = keys;
    this.#rows = rows;
  }
}
