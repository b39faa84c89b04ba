/** The dock at the bottom: play, the moment in words, pace and speed, and the timeline. */
import type { Pace, Playback } from "../clock.ts";
import { Choice, element, iconButton, relabel } from "./element.ts";
import { Timeline, type TimelineCommands } from "./timeline.ts";
import { dayOf, grouped, speedOf } from "./words.ts";

/** Milliseconds that numbers stay while history plays: quicker ones nobody reads. */
const READABLE = 100;

export interface DockCommands extends TimelineCommands {
  toggle(): void;
  pace(pace: Pace): void;
  faster(factor: number): void;
}

export class Dock {
  readonly root: HTMLElement;
  readonly timeline: Timeline;
  readonly #play: HTMLButtonElement;
  readonly #date = element("time", { class: "date" });
  readonly #subject = element("span", { class: "subject" });
  readonly #author = element("span", { class: "author" });
  readonly #count = element("span", { class: "count" });
  readonly #pace: Choice<Pace>;
  readonly #speed = element("output", { class: "speed", "aria-label": "Speed" });
  #playing: boolean | undefined;
  #shownDate = "";
  #shownCount = -1;
  #countedAt = 0;
  #shownSpeed = "";
  #shownPace: Pace | undefined;

  constructor(commands: DockCommands) {
    this.timeline = new Timeline(commands);
    this.#play = iconButton("play", "Play (space)", () => commands.toggle());
    this.#play.classList.add("play");
    this.#pace = new Choice<Pace>("Pace", [["calendar", "Calendar"], ["commit", "Commits"]], (pace) => commands.pace(pace));
    const speed = element("div", { class: "rate", role: "group", "aria-label": "Speed" },
      iconButton("slower", "Half the speed ([)", () => commands.faster(0.5)), this.#speed,
      iconButton("faster", "Twice the speed (])", () => commands.faster(2)));
    this.root = element("section", { class: "panel dock", "aria-label": "Time" },
      element("div", { class: "moment" }, this.#play,
        element("div", { class: "words" }, this.#date, element("p", { class: "commit" }, this.#subject, this.#author)),
        this.#count, this.#pace.root, speed),
      this.timeline.root);
  }

  /** Follow the playback, every frame; writes only what reads differently. */
  update(state: Readonly<Playback>, time: Float64Array, firstRate: number): void {
    this.timeline.update(state);
    if (state.playing !== this.#playing) {
      this.#playing = state.playing;
      relabel(this.#play, state.playing ? "pause" : "play", state.playing ? "Pause (space)" : "Play (space)");
    }
    if (state.pace !== this.#shownPace) {
      this.#shownPace = state.pace;
      this.#pace.show(state.pace);
    }
    const now = performance.now();
    if (state.rank !== this.#shownCount && (!state.playing || now - this.#countedAt > READABLE)) {
      this.#shownCount = state.rank;
      this.#countedAt = now;
      const date = dayOf(time[state.rank]!);
      if (date !== this.#shownDate) {
        this.#shownDate = date;
        this.#date.textContent = date;
      }
      this.#count.textContent = `${grouped(state.rank + 1)} of ${grouped(time.length)}`;
    }
    const speed = speedOf(state.rate, firstRate);
    if (speed !== this.#shownSpeed) this.#speed.textContent = this.#shownSpeed = speed;
  }

  /** The commit at the playhead, in words. */
  commit(subject: string, author: string): void {
    this.#subject.textContent = subject;
    this.#author.textContent = author;
  }

  /** History changed: what was written may read differently. */
  refresh(): void {
    this.#shownCount = -1;
  }
}
