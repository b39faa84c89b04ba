/** Time as hands and scripts move it: what they ask of the playhead, and what is said about where it rests. */
import type { Emitter } from "./api.ts";
import { memberOf, nodeIn } from "./beside.ts";
import type { Captions } from "./captions.ts";
import * as clock from "./clock.ts";
import { NOTHING } from "./navigation/selection.ts";
import * as playback from "./navigation/playback.ts";
import type { Session } from "./session.ts";
import type { Dock } from "./ui/dock.ts";
import { minuteOf } from "./ui/words.ts";
import type { Viewer } from "./viewer.ts";
import type { Shown, World } from "./world.ts";

const REST = 180; // milliseconds after which the playhead counts as resting
const CLOCK = 500; // and between telling the server where it is
const WORDS_WHILE_PLAYING = 400;
const DOCK_WHILE_PLAYING = 40;
const DOCK_WHILE_WORN = 250;

export class Playing {
  /** The commit that was put into words last, while the playhead rested on it. */
  readonly resting = { rank: -1, oid: "" };
  firstRate = clock.RATE_FIRST_LEAST;

  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #session: Session;
  readonly #captions: Captions;
  readonly #dock: Dock;
  readonly #events: Emitter;
  readonly #rested: () => void;
  #restTimer = 0;
  #clockTimer = 0;
  #wordsAt = 0;
  #dockedAt = 0;

  /** `rested` is called when the commit rested on is in words. */
  constructor(viewer: Viewer, world: World, session: Session, captions: Captions, dock: Dock, events: Emitter, rested: () => void) {
    this.#viewer = viewer;
    this.#world = world;
    this.#session = session;
    this.#captions = captions;
    this.#dock = dock;
    this.#events = events;
    this.#rested = rested;
    // Where the world was moved to is remembered too, and that nobody announces.
    setInterval(() => {
      if (world.shown !== undefined && !document.hidden) this.#tell();
    }, 5000);
    addEventListener("pagehide", () => this.#tell());
  }

  /**
   * A history to play: from its start pace, or on as before where it is not the first; where the server
   * knows the playhead, or at its `newest` moment.
   */
  open(shown: Shown, first: boolean, newest: boolean): void {
    const { playback: state } = this.#viewer;
    // Of a longer history "as fast as at first" is another rate.
    const untouched = Math.abs(state.rate) === this.firstRate;
    this.firstRate = clock.firstRate(shown.headRank);
    if (first) state.pace = "calendar";
    if (first || untouched) state.rate = this.firstRate;
    const { rank, fraction } = newest ? { rank: shown.headRank, fraction: 0 } : shown.scene;
    clock.seek(state, shown.headRank, rank, fraction, state);
  }

  /** Another history's length: as fast as at first is another rate. */
  paced(headRank: number): void {
    const { playback: state } = this.#viewer;
    const untouched = Math.abs(state.rate) === this.firstRate;
    this.firstRate = clock.firstRate(headRank);
    if (untouched) state.rate = this.firstRate;
  }

  /** Rest at a rank. */
  go(rank: number): void {
    const { playback: state } = this.#viewer;
    this.#viewer.settle();
    clock.seek(clock.pause(state, state), this.#world.era?.headRank ?? 0, rank, 0, state);
    this.moved();
  }

  /** Go on or back: a single step to the next commit of the mainline, where trees were; more steps by rank. */
  step(ranks: number): void {
    const { era } = this.#world;
    if (era === undefined) return;
    const { rank, fraction } = this.#viewer.playback;
    let to = rank + (ranks < 0 && fraction > 0 ? 1 : 0);
    do to += ranks;
    while (Math.abs(ranks) === 1 && to > 0 && to < era.headRank && era.table.mainline[to] === 0);
    this.go(to);
  }

  toggle(): void {
    const { era } = this.#world;
    if (era === undefined) return;
    this.#viewer.settle();
    playback.toggle(this.#viewer.playback, era.dates, this.#viewer.playback);
    this.moved();
  }

  play(rate = this.#viewer.playback.rate): void {
    this.#viewer.settle();
    clock.play(this.#viewer.playback, rate, this.#viewer.playback);
    this.moved();
  }

  pause(): void {
    clock.pause(this.#viewer.playback, this.#viewer.playback);
    this.moved();
  }

  /** Negative turns around. */
  faster(factor: number): void {
    playback.faster(this.#viewer.playback, factor, this.#viewer.playback);
    this.#viewer.invalidate();
    this.moved();
  }

  pace(pace: clock.Pace): void {
    if (this.#viewer.playback.pace !== pace) playback.otherPace(this.#viewer.playback, this.#viewer.playback);
    this.#viewer.invalidate();
    this.moved();
  }

  /** Rest at a moment: `rank:N`, an object id, a ref or a date; resolves to its rank. */
  async seek(moment: string): Promise<number> {
    const rank = /^rank:(\d+)$/.exec(moment)?.[1];
    this.go(rank === undefined ? await this.#find(moment) : Number(rank));
    return this.#viewer.playback.rank;
  }

  async #find(moment: string): Promise<number> {
    return this.#world.beside?.moment(moment) ?? (await this.#session.query("moment", { text: moment })).rank;
  }

  /** The playhead moved, or how it moves changed: every frame while it does. */
  moved(): void {
    const { era } = this.#world;
    if (era === undefined) return;
    const { playing, rank } = this.#viewer.playback;
    // Of the timeline nobody sees every frame, and nobody any while a headset shows the picture.
    const now = performance.now();
    if (!playing || now - this.#dockedAt > (this.#viewer.headset.presenting ? DOCK_WHILE_WORN : DOCK_WHILE_PLAYING)) {
      this.#dockedAt = now;
      this.#dock.update(this.#viewer.playback, era.table.time, this.firstRate);
    }
    clearTimeout(this.#restTimer);
    if (!playing) this.#restTimer = window.setTimeout(() => this.#rest(), REST);
    else if (now - this.#wordsAt > WORDS_WHILE_PLAYING) void this.#words(rank);
    if (this.#clockTimer === 0) this.#clockTimer = window.setTimeout(() => this.#tell(), CLOCK);
  }

  #rest(): void {
    const { era } = this.#world;
    if (era === undefined) return;
    const { rank } = this.#viewer.playback;
    void this.#words(rank);
    const time = era.table.time[rank]!;
    this.#dock.timeline.announce(rank, minuteOf(time));
    const { selected } = this.#viewer.aim.selection;
    const member = this.#world.beside?.members[memberOf(selected)];
    if (selected !== NOTHING && member === undefined) this.#session.send({ type: "select", node: selected, rank });
    if (selected !== NOTHING) member?.session.send({ type: "select", node: nodeIn(selected), rank: Math.max(member.playhead.rank, 0) });
    this.#events.emit("moment", { rank, time });
  }

  async #words(rank: number): Promise<void> {
    this.#wordsAt = performance.now();
    const caption = await (this.#world.beside ?? this.#captions).commit(rank);
    const now = this.#viewer.playback;
    if (caption === undefined || (!now.playing && now.rank !== rank)) return;
    this.#dock.commit(caption.subject, caption.author);
    if (now.playing) return;
    this.resting.rank = rank;
    this.resting.oid = caption.oid;
    this.#rested();
  }

  /** Tell the server where playhead and world are, so that a resumed session finds them. */
  #tell(): void {
    this.#clockTimer = 0;
    const generation = this.#world.shown?.scene.generation;
    if (generation === undefined) return;
    const { playing } = this.#viewer.playback;
    const { rank, fraction } = this.#world.beside === undefined ? this.#viewer.playback : { rank: this.#viewer.rank, fraction: 0 };
    const { position, orientation, scale } = this.#viewer.seat ?? this.#viewer.journey.pose;
    this.#session.send({ type: "clock", rank, fraction, playing, pose: { position, orientation, scale }, generation });
  }
}
