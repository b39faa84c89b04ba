/** How long frames take: this page's own part of them, over the last few seconds. */

const KEPT = 240;

export class Pacer {
  readonly #kept = new Float64Array(KEPT);
  readonly #sorted = new Float64Array(KEPT);
  #count = 0;

  add(milliseconds: number): void {
    this.#kept[this.#count % KEPT] = milliseconds;
    this.#count++;
  }

  /** The milliseconds that this share of frames stayed below. */
  quantile(share: number): number {
    const n = Math.min(this.#count, KEPT);
    if (n === 0) return 0;
    const sorted = this.#sorted.subarray(0, n);
    sorted.set(this.#kept.subarray(0, n));
    sorted.sort();
    return sorted[Math.min(n - 1, Math.floor(share * n))]!;
  }
}
