/** Day or night, as somebody wished: kept for the room around the model and for everywhere else apart. */
import type { Viewer } from "./viewer.ts";

export class Daylight {
  readonly #viewer: Viewer;
  readonly #shown: { light(day: boolean): void };

  constructor(viewer: Viewer, shown: { light(day: boolean): void }) {
    this.#viewer = viewer;
    this.#shown = shown;
  }

  /** Somebody wishes for the other: here from now on. */
  toggle(): void {
    localStorage.setItem(this.#key, this.#viewer.daylight === 0 ? "day" : "night");
    this.shine();
  }

  /** Shine as was wished here last: night at first, but day on a pale model over a real room, where light is not added to it. */
  shine(): void {
    const { mode, session } = this.#viewer.headset;
    const first = mode === "ar" && session?.environmentBlendMode !== "additive" ? "day" : "night";
    const day = (localStorage.getItem(this.#key) ?? first) === "day";
    this.#viewer.daylight = day ? 1 : 0;
    this.#shown.light(day);
    this.#viewer.invalidate();
  }

  get #key(): string {
    return this.#viewer.headset.mode === "ar" ? "xrserver.light.room" : "xrserver.light";
  }
}
