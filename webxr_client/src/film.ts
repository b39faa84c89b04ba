/** The film: where the playhead stands, how it goes on, and what the shaders are told of it. */
import * as clock from "./clock.ts";
import type { Era } from "./era.ts";
import type { City } from "./scene/city.ts";
import type { Playhead } from "./scene/drawn.ts";

/** Share of an arrival's ease that is seen at once: what lands did so some hundredths of a second ago. */
const BEGUN = 0.1;

export class Film {
  readonly playback = clock.newPlayback();
  /** Where time stands, as it is drawn. */
  readonly playhead: Playhead = { rank: 0, fraction: 0, easing: clock.EASE_LEAST };
  /** How far a commit that has just landed is seen arriving, 0 … 1; 0: none is. */
  #arriving = 0;
  /** Playback was stopped by a headset's sleep. */
  #asleep = false;

  /** A commit landed while the playhead stood at the newest: let it be seen arriving, or with it at once where things are `calm`. */
  arrive(headRank: number, calm: boolean): void {
    clock.seek(this.playback, headRank, headRank - 1, 0, this.playback);
    if (calm) this.playback.rank = headRank;
    else this.#arriving = BEGUN;
  }

  /** Whether an arrival is being era. */
  get arriving(): boolean {
    return this.#arriving > 0;
  }

  /** Stop showing an arrival: the playhead was moved. */
  settle(): void {
    this.#arriving = 0;
  }

  /** Nobody watches the playhead run; awake again it goes on. */
  sleep(asleep: boolean): void {
    const { playback } = this;
    if (asleep) {
      this.#asleep ||= playback.playing;
      clock.pause(playback, playback);
    } else if (this.#asleep) {
      this.#asleep = false;
      clock.play(playback, playback.rate, playback);
    }
  }

  /** Let `dt` seconds pass; true where the playhead moved, or stopped. */
  step(dt: number, era: Era, glowSeconds: number, { uniforms }: City, calm: boolean): boolean {
    const { playback, playhead } = this;
    const { rank, fraction, playing } = playback;
    if (this.#arriving > 0) {
      this.#arriving = Math.min(this.#arriving + dt / clock.EASE_SECONDS, 1);
      playback.fraction = clock.arriving(this.#arriving);
      if (this.#arriving === 1) {
        this.#arriving = 0;
        clock.seek(playback, era.headRank, playback.rank + 1, 0, playback);
      }
    } else {
      clock.advance(playback, era.dates, dt, playback);
    }
    playhead.rank = uniforms.playheadRank.value = playback.rank;
    playhead.fraction = uniforms.playheadFraction.value = playback.fraction;
    playhead.easing = uniforms.easing.value =
      this.#arriving > 0 ? 1 : calm ? clock.EASE_LEAST : clock.easing(playback, era.dates);
    uniforms.glowPerRank.value = clock.glowPerRank(playback, glowSeconds);
    uniforms.headRank.value = era.headRank;
    return rank !== playback.rank || fraction !== playback.fraction || playing !== playback.playing;
  }
}
