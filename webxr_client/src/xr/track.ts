/** The timeline as it is drawn on a panel, and taken hold of: it moves with the hand and never jumps to it. */
import { atProgress, progress, type Calendar, type Pace, type Playback } from "../clock.ts";
import type { Era } from "../era.ts";
import { density, tagged, ticks } from "../ui/axis.ts";
import type { Palette } from "./palette.ts";
import { font, type Pen } from "./type.ts";
import { fill, LINE, write, type Hold } from "./widgets.ts";

/** Units: tags over the bars, dates under them, and a bar. */
const TAGS = 12;
const BAR = 6;
const TICK_ROOM = 92;
/** A hand that goes away from the track moves time more finely: by half for so many units, after the first. */
const FINER = 26;
const NEAR = 24;
const FINEST = 1 / 64;

export class Track {
  /** Of the hand's way, how much time takes; 1 where no hand is, or near. */
  fineness = 1;
  /** A hand has it. */
  held = false;

  #share = 0;
  #from = 0;
  #wide = 1;
  readonly #scratch = { rank: 0, fraction: 0 };
  readonly #state: Readonly<Playback>;
  readonly #dates: () => Calendar | undefined;
  readonly #go: (rank: number) => void;

  /** `go` rests at a rank. */
  constructor(state: Readonly<Playback>, dates: () => Calendar | undefined, go: (rank: number) => void) {
    this.#state = state;
    this.#dates = dates;
    this.#go = go;
  }

  paint(pen: Pen, width: number, height: number, colours: Palette, table: Era["table"], dates: Calendar, pace: Pace): void {
    this.#wide = width;
    const foot = height - LINE;
    const heights = density(table.time, dates, pace, 0, 1, Math.max(1, Math.floor(width / BAR)));
    const step = width / heights.length;
    pen.fillStyle = colours.barPast;
    heights.forEach((high, i) => {
      const tall = high === 0 ? 0 : Math.max(2.5, high * (foot - TAGS));
      pen.fillRect(i * step, foot - tall, step - 1.6, tall);
    });
    fill(pen, colours.ink3, 0, foot, width, 1.2, 0);
    const face = font(17, 500);
    for (const { share, text, strong } of ticks(table.time, dates, pace, 0, 1, width, TICK_ROOM)) {
      const x = share * width;
      pen.fillStyle = colours.ink3;
      pen.fillRect(x, foot, 1.4, 8);
      pen.font = face;
      if (x + 6 + pen.measureText(text).width <= width) write(pen, strong ? colours.ink : colours.ink2, face, text, x + 6, foot + LINE / 2 + 2);
    }
    pen.fillStyle = colours.tag;
    for (const x of tagged(table.landmarks, dates, pace, 0, 1, width, 14)) {
      pen.beginPath();
      pen.moveTo(x - 4.5, 0);
      pen.lineTo(x + 4.5, 0);
      pen.lineTo(x, 9);
      pen.fill();
    }
  }

  /** What a drag on it does. */
  readonly hold: Hold = (x, _y, away, phase) => {
    if (phase === "begin") {
      this.begin();
      this.#from = x;
    } else if (phase === "move") {
      this.fineness = Math.max(2 ** (-Math.max(away - NEAR, 0) / FINER), FINEST);
      this.by((x - this.#from) / this.#wide * this.fineness);
      this.#from = x;
    } else {
      this.held = false;
      this.fineness = 1;
    }
  };

  /** Take hold of time where it is. */
  begin(): void {
    const dates = this.#dates();
    if (dates === undefined) return;
    const { rank, fraction, pace } = this.#state;
    this.held = true;
    this.#share = progress(dates, rank, fraction, pace);
  }

  /** Move it by a share of the history; it stops on commits. */
  by(share: number): void {
    const dates = this.#dates();
    if (dates === undefined || !this.held || share === 0) return;
    this.#share = Math.min(Math.max(this.#share + share, 0), 1);
    const found = atProgress(dates, this.#share, this.#state.pace, this.#scratch);
    const to = found.rank + (found.fraction >= 0.5 ? 1 : 0);
    const { rank, fraction, playing } = this.#state;
    if (to !== rank || fraction !== 0 || playing) this.#go(to);
  }

  end(): void {
    this.held = false;
    this.fineness = 1;
  }
}
