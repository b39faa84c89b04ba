/** How far the server is with opening a repository, and with reading older history, in words. */
import type { Progress } from "../generated/protocol.ts";
import { grouped } from "./words.ts";

const STEPS: Readonly<Record<string, string>> = {
  commits: "reading commits", sizes: "asking for sizes", order: "putting them in order", versions: "following every file", scene: "building",
  kernels: "compiling, once per installation",
};
/** Seconds that are counted before a guess of what is left is worth telling. */
const WORTH = 1.5;

export class Older {
  #phase = "";
  #since = 0;
  #from = 0;

  /** What is said about a report; "" once there is nothing left to read. */
  sentence(report: Progress, now = performance.now()): string {
    return report.phase === "" ? "" : `Older history is coming: ${this.#step(report, now)}`;
  }

  /** What is said about a report while there is nothing to see yet. */
  opening(report: Progress, now = performance.now()): string {
    const step = report.phase === "" ? "opening …" : this.#step(report, now);
    return step.charAt(0).toUpperCase() + step.slice(1);
  }

  #step({ phase, done, total }: Progress, now: number): string {
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#since = now;
      this.#from = done;
    }
    const step = STEPS[phase] ?? phase;
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
