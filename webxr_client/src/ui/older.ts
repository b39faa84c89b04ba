/** How far the server is with reading older history, in words. */
import type { Progress } from "../generated/protocol.ts";
import { grouped } from "./words.ts";

const STEPS: Readonly<Record<string, string>> = {
  commits: "reading commits", sizes: "asking for sizes", order: "putting them in order", versions: "following every file", scene: "building",
};
/** Seconds that are counted before a guess of what is left is worth telling. */
const WORTH = 1.5;

export class Older {
  #phase = "";
  #since = 0;
  #from = 0;

  /** What is said about a report; "" once there is nothing left to read. */
  sentence({ phase, done, total }: Progress, now = performance.now()): string {
    if (phase === "") return "";
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#since = now;
      this.#from = done;
    }
    const step = `Older history is coming: ${STEPS[phase] ?? phase}`;
    if (total === 0) return done > 0 ? `${step}, ${grouped(done)} so far …` : `${step} …`;
    const seconds = (now - this.#since) / 1000;
    const left = done > this.#from ? seconds * (total - done) / (done - this.#from) : Infinity;
    const guess = seconds >= WORTH && left >= 1 && left < 3600 ? `, about ${wait(left)} left` : "";
    return `${step}, ${grouped(done)} of ${grouped(total)}${guess} …`;
  }
}

function wait(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}
