/** Time, worn on the wrist: the date, the commit, and a track to take hold of; with buttons to play it. */
import { progress } from "../clock.ts";
import type { Hand, Side } from "../input/hands.ts";
import * as spaces from "../spaces.ts";
import { dayOf, grouped, isolated, speedOf } from "../ui/words.ts";
import type { Area } from "./canvas.ts";
import { Panel } from "./panel.ts";
import type { Showing } from "./panels.ts";
import type { Moment } from "./part.ts";
import { Raised } from "./raised.ts";
import type { Page } from "./room.ts";
import { Track } from "./track.ts";
import type { Widget } from "./widgets.ts";

const DISTANCE = 0.42;
const WIDTH = 560;
const TRACK = "Time";
/** Seconds between two drawings of words that change all the time, and of rest before a commit is asked for. */
const WORDS = 0.1;
const REST = 0.18;
const WORDS_PLAYING = 0.4;
/** A stick takes time along: share of the history a second, when it is pushed all the way. */
const STICK_SHARE = 0.25;
const STICK_LEAST = 0.2;
/** Metres from a fingertip to the other wrist: a tap, and the end of one. */
const TAPS = 0.035;
const TAPPED = 0.07;
const INDEX_TIP = 9;

export interface WristCommands {
  menu(): void;
  /** The playhead passed a commit while a hand has it. */
  passed(side: 0 | 1): void;
  side(): Side;
}

export class Wrist implements Showing {
  readonly panel = new Panel("time", { distance: DISTANCE, width: WIDTH, pad: 16 });
  readonly panels = [this.panel];

  readonly #page: Page;
  readonly #commands: WristCommands;
  readonly #raised = new Raised();
  readonly #gaze: [number, number] = [0, 0];
  readonly #track: Track;
  readonly #shown = { rank: -1, playing: false, pace: "", rate: 0, held: false, fineness: 1, subjectOf: -1, table: undefined as unknown };
  #drawn = -1;
  #area: Area | undefined;
  #since = WORDS;
  #rank = -1;
  #rested = 0;
  #asked = -1;
  #subject = "";
  #subjectOf = -1;
  #stick = false;
  #tapped = false;

  constructor(page: Page, commands: WristCommands) {
    this.#page = page;
    this.#commands = commands;
    this.#track = new Track(
      page.viewer.playback, () => page.world.era?.dates, (rank) => {
        page.time.go(rank);
        commands.passed(this.#stick ? this.#own : (1 - this.#own) as 0 | 1);
      });
  }

  get #own(): 0 | 1 {
    return this.#commands.side() === "left" ? 0 : 1;
  }

  begin(): void {
    this.#forget();
    this.#raised.lower();
  }

  end(): void {
    this.#track.end();
    this.#stick = false;
    this.panel.hide();
  }

  follow(moment: Moment, holding: (panel: Panel) => boolean): void {
    const { hands } = moment;
    const hand = hands.both[this.#own];
    for (const each of hands.both) if (each.primary.began) this.#page.time.toggle();
    this.panel.options.worn = hand.side;
    this.#raised.step(moment, hand, holding(this.panel));
    this.#push(moment, hand);
    if (!holding(this.panel)) this.#tap(hands.both[1 - this.#own]!, hand);
    const shown = this.#page.world.era;
    if (shown === undefined || !(this.#raised.up || this.#stick)) {
      if (this.panel.open) {
        this.panel.hide();
        this.#forget();
      }
      return;
    }
    this.#read(moment.dt);
    this.#write(moment.dt);
    const { playback } = this.#page.viewer;
    if (this.#drawn !== this.panel.drawn) {
      this.#drawn = this.panel.drawn;
      this.#area = this.panel.area(TRACK);
    }
    if (this.#area !== undefined) {
      this.panel.sheet.run(this.#area, progress(shown.dates, playback.rank, playback.fraction, playback.pace));
    }
    if (!holding(this.panel)) this.#place(moment);
  }

  #place({ head }: Moment): void {
    const { position } = this.#raised;
    const away = Math.hypot(position[0] - head.position[0], position[1] - head.position[1], position[2] - head.position[2]);
    this.panel.readFrom(Math.min(Math.max(away, 0.3), 0.6));
    this.panel.sheet.faceLevel(position, head.position, spaces.yawPitchOf(head.orientation, this.#gaze)[0]);
  }

  /** Trigger and stick of the hand that wears it: time goes with the stick. */
  #push({ dt }: Moment, hand: Hand): void {
    const pushed = hand.kind === "controller" && hand.select.pressed && (hand.owner === "" || hand.owner === "thing" || this.#stick);
    const x = Math.abs(hand.stick[0]) > STICK_LEAST ? hand.stick[0] : 0;
    if (pushed && (x !== 0 || this.#stick)) {
      if (!this.#stick) this.#track.begin();
      this.#stick = true;
      hand.owner = "panel";
      this.#track.by(x * Math.abs(x) * STICK_SHARE * dt);
      hand.stick[0] = hand.stick[1] = 0;
    } else if (this.#stick) {
      this.#stick = false;
      this.#track.end();
    }
  }

  /** A tap with the other hand's index finger on the wrist plays, or pauses. */
  #tap(by: Hand, on: Hand): void {
    if (by.kind !== "fingers" || on.kind !== "fingers" || !by.tracked || !on.tracked || this.panel.sheet.visible) {
      this.#tapped = true; // until the finger has been away
      return;
    }
    let away = 0;
    for (let i = 12; i < 15; i++) away += (by.joints[INDEX_TIP * 16 + i]! - on.joints[i]!) ** 2;
    away = Math.sqrt(away);
    if (this.#tapped) this.#tapped = away < TAPPED;
    else if (away < TAPS) {
      this.#tapped = true;
      this.#page.time.toggle();
    }
  }

  /** Ask for the commit's words where the playhead rests: none are asked for while a hand has it. */
  #read(dt: number): void {
    const { rank, playing } = this.#page.viewer.playback;
    this.#rested = rank === this.#rank ? this.#rested + dt : playing ? this.#rested + dt : 0;
    this.#rank = rank;
    if (this.#track.held || rank === this.#asked || this.#rested < (playing ? WORDS_PLAYING : REST)) return;
    this.#rested = 0;
    this.#asked = rank;
    void (this.#page.world.beside ?? this.#page.captions).commit(rank).then((caption) => {
      if (caption === undefined) return;
      this.#subject = `${isolated(caption.subject)} · ${isolated(caption.author)}`;
      this.#subjectOf = rank;
      this.#since = WORDS;
    });
  }

  /** Whatever it says is written the next time, even if that is the same. */
  #forget(): void {
    this.#shown.rank = -1;
    this.#since = WORDS;
  }

  /** Draw anew where it reads differently. */
  #write(dt: number): void {
    const { world, viewer, time } = this.#page;
    const shown = world.era!;
    const { playback } = viewer;
    this.#since += dt;
    const { playing, pace, rate, rank } = playback;
    const { held, fineness } = this.#track;
    const is = this.#shown;
    if (rank === is.rank && playing === is.playing && pace === is.pace && rate === is.rate && shown.table === is.table
      && held === is.held && fineness === is.fineness && this.#subjectOf === is.subjectOf) return;
    if (this.#since < WORDS) return;
    this.#since = 0;
    Object.assign(is, { rank, playing, pace, rate, held, fineness, subjectOf: this.#subjectOf, table: shown.table });
    const { table } = shown;
    const near = playback.playing || this.#subjectOf === playback.rank;
    const count = `${grouped(playback.rank + 1)} of ${grouped(table.time.length)}`;
    const fine = this.#track.held && this.#track.fineness < 0.75 ? ` · 1/${Math.round(1 / this.#track.fineness)} as fast` : "";
    this.panel.show({ body: this.#widgets({
      date: dayOf(table.time[playback.rank]!), line: near && fine === "" && this.#subject !== "" ? this.#subject : `commit ${count}${fine}`,
      speed: speedOf(playback.rate, time.firstRate),
    }) }, true);
  }

  #widgets({ date, line, speed }: { date: string; line: string; speed: string }): Widget[] {
    const { time, viewer, world } = this.#page;
    const { playback } = viewer;
    const { playing, pace } = playback;
    const { table, dates } = world.era!;
    const small = 46;
    const button = (name: string, icon: "menu" | "reverse" | "slower" | "faster", press: () => void) =>
      ({ width: small, widgets: [{ kind: "buttons" as const, buttons: [{ name, icon, press }] }] });
    return [
      { kind: "columns", columns: [
        { width: 56, widgets: [{ kind: "buttons", height: 56, buttons: [
          { name: playing ? "Pause" : "Play", icon: playing ? "pause" : "play", on: true, press: () => time.toggle() }] }] },
        { widgets: [{ kind: "text", text: date, size: 23, weight: 600, most: 1 }, { kind: "text", text: line, ink: "ink2", most: 1 }] },
        button("Menu", "menu", () => this.#commands.menu()),
      ] },
      { kind: "drawing", name: TRACK, height: 104, hold: this.#track.hold,
        paint: (pen, width, height, colours) => this.#track.paint(pen, width, height, colours, table, dates, pace) },
      { kind: "columns", gap: 8, columns: [
        { widgets: [{ kind: "choice", options: [["calendar", "Calendar"], ["commit", "Commits"]], chosen: pace,
          choose: (chosen) => time.pace(chosen === "commit" ? "commit" : "calendar") }] },
        button("Reverse", "reverse", () => time.faster(-1)),
        button("Slower", "slower", () => time.faster(0.5)),
        { width: 64, widgets: [{ kind: "text", text: speed, weight: 500, most: 1, middle: true, height: small }] },
        button("Faster", "faster", () => time.faster(2)),
      ] },
    ];
  }
}
