/** The timeline: when how much happened, where the playhead is, and a handle to move it by. */
import { atProgress, progress, type Calendar, type Pace, type Playback } from "../clock.ts";
import type { Era } from "../era.ts";
import { dateAt, density, tagged, ticks } from "./axis.ts";
import { element } from "./element.ts";
import { dayOf, grouped, minuteOf } from "./words.ts";

export interface TimelineCommands {
  /** Go to a whole rank and rest there; `done` when the hand lets go. */
  scrub(rank: number, done: boolean): void;
  step(ranks: number): void;
}

const AXIS = 18; // pixels for dates under the bars
const TAGS = 9; // and for tags over them
const BAR = 3;
const NARROWEST = 1e-4; // share that can be zoomed into

export class Timeline {
  readonly root: HTMLElement;
  readonly #track: HTMLElement;
  readonly #all = element("canvas", { class: "density" });
  readonly #past = element("canvas", { class: "density past" });
  readonly #playhead = element("div", { class: "playhead" });
  readonly #ghost = element("div", { class: "ghost" }, element("span"));
  readonly #commands: TimelineCommands;

  #table: Era["table"] | undefined;
  #dates: Calendar | undefined;
  #pace: Pace = "calendar";
  #from = 0;
  #to = 1;
  #width = 0;
  #height = 0;
  #shown = -1;
  #share = 0;
  #stale = true;
  #state: Readonly<Playback> | undefined;
  readonly #scratch = { rank: 0, fraction: 0 };
  readonly #fingers = new Map<number, number>();
  #pinch = 0;

  constructor(commands: TimelineCommands) {
    this.#commands = commands;
    this.#track = element("div", {
      class: "track", role: "slider", tabindex: "0", "aria-label": "Time", "aria-valuemin": "0",
    }, this.#all, this.#past, this.#ghost, this.#playhead);
    this.root = this.#track;
    this.#listen();
    new ResizeObserver(() => {
      this.#width = this.#track.clientWidth;
      this.#height = this.#track.clientHeight;
      this.repaint();
    }).observe(this.#track);
  }

  /** Another history, or the same with more commits. */
  show(table: Era["table"], dates: Calendar): void {
    this.#table = table;
    this.#dates = dates;
    this.#track.setAttribute("aria-valuemax", String(table.time.length - 1));
    this.#stale = true;
  }

  /** Size, colours or what is seen changed: draw anew, with the next frame. */
  repaint(): void {
    if (this.#state !== undefined && !this.#stale) {
      requestAnimationFrame(() => {
        if (this.#stale && this.#state !== undefined) this.update(this.#state);
      });
    }
    this.#stale = true;
  }

  /** Follow the playback; called every frame, does something only where something is to be seen. */
  update(state: Readonly<Playback>): void {
    this.#state = state;
    const dates = this.#dates;
    if (dates === undefined || this.#width === 0) return;
    if (state.pace !== this.#pace) {
      this.#pace = state.pace;
      this.#from = 0;
      this.#to = 1;
      this.#stale = true;
    }
    if (this.#stale) this.#draw();
    this.#share = progress(dates, state.rank, state.fraction, state.pace);
    const x = Math.round(this.#x(this.#share) * 2) / 2;
    if (x === this.#shown) return;
    this.#shown = x;
    this.#playhead.style.transform = `translateX(${x}px)`;
    this.#playhead.hidden = x < 0 || x > this.#width;
    this.#past.style.clipPath = `inset(0 ${Math.max(this.#width - x, 0)}px 0 0)`;
  }

  /** Say where the playhead is, for those who do not see it. */
  announce(rank: number, text: string): void {
    this.#track.setAttribute("aria-valuenow", String(rank));
    this.#track.setAttribute("aria-valuetext", text);
  }

  #x(share: number): number {
    return ((share - this.#from) / (this.#to - this.#from)) * this.#width;
  }

  #shareAt(x: number): number {
    return Math.min(Math.max(this.#from + (x / this.#width) * (this.#to - this.#from), 0), 1);
  }

  #rankAt(x: number): number {
    const { rank, fraction } = atProgress(this.#dates!, this.#shareAt(x), this.#pace, this.#scratch);
    return rank + (fraction >= 0.5 ? 1 : 0);
  }

  // --- drawing ---------------------------------------------------------------------------

  #draw(): void {
    const table = this.#table;
    const dates = this.#dates;
    if (table === undefined || dates === undefined) return;
    this.#stale = false;
    this.#shown = -1;
    const style = getComputedStyle(this.#track);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const bins = Math.max(1, Math.floor(this.#width / BAR));
    const heights = density(table.time, dates, this.#pace, this.#from, this.#to, bins);
    this.#bars(this.#all, heights, colour("--bar"), (pen) => this.#marks(pen, table, dates, colour));
    this.#bars(this.#past, heights, colour("--bar-past"), () => undefined);
  }

  #bars(canvas: HTMLCanvasElement, heights: Float32Array, colour: string, more: (pen: CanvasRenderingContext2D) => void): void {
    const ratio = devicePixelRatio;
    canvas.width = Math.round(this.#width * ratio);
    canvas.height = Math.round(this.#height * ratio);
    const pen = canvas.getContext("2d");
    if (pen === null) return;
    pen.scale(ratio, ratio);
    const foot = this.#height - AXIS;
    pen.fillStyle = colour;
    const step = this.#width / heights.length;
    heights.forEach((height, bin) => {
      const high = height === 0 ? 0 : Math.max(1.5, height * (foot - TAGS));
      pen.fillRect(bin * step, foot - high, Math.max(step - 1, 0.75), high);
    });
    pen.fillRect(0, foot, this.#width, 1);
    more(pen);
  }

  #marks(pen: CanvasRenderingContext2D, table: Era["table"], dates: Calendar, colour: (name: string) => string): void {
    const foot = this.#height - AXIS;
    pen.font = `500 11px Inter, system-ui, sans-serif`;
    pen.textBaseline = "middle";
    for (const { share, text, strong } of ticks(table.time, dates, this.#pace, this.#from, this.#to, this.#width, 58)) {
      const x = this.#x(share);
      pen.fillStyle = colour("--ink-3");
      pen.fillRect(x, foot, 1, strong ? 5 : 3);
      const wide = pen.measureText(text).width;
      if (x + 3 + wide > this.#width) continue;
      pen.fillStyle = colour(strong ? "--ink-2" : "--ink-3");
      pen.fillText(text, x + 4, foot + AXIS / 2 + 1.5);
    }
    pen.fillStyle = colour("--tag");
    // Pointing finds those that have no room.
    for (const x of tagged(table.landmarks, dates, this.#pace, this.#from, this.#to, this.#width, 8)) {
      pen.beginPath();
      pen.moveTo(x - 2.5, 1);
      pen.lineTo(x + 2.5, 1);
      pen.lineTo(x, 6.5);
      pen.fill();
    }
  }

  // --- hands -----------------------------------------------------------------------------

  #listen(): void {
    const track = this.#track;
    track.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.#dates === undefined) return;
      track.setPointerCapture(event.pointerId);
      this.#fingers.set(event.pointerId, event.offsetX);
      this.#pinch = this.#spread();
      if (this.#fingers.size === 1) this.#commands.scrub(this.#rankAt(this.#local(event)), false);
    });
    track.addEventListener("pointermove", (event) => {
      if (this.#dates === undefined) return;
      this.#hint(event);
      if (!this.#fingers.has(event.pointerId)) return;
      this.#fingers.set(event.pointerId, this.#local(event));
      if (this.#fingers.size === 2) {
        const spread = this.#spread();
        const middle = [...this.#fingers.values()].reduce((a, b) => a + b) / 2;
        if (this.#pinch > 8 && spread > 8) this.#zoom(middle, this.#pinch / spread);
        this.#pinch = spread;
      } else if (this.#fingers.size === 1) {
        this.#commands.scrub(this.#rankAt(this.#local(event)), false);
      }
    });
    const release = (event: PointerEvent) => {
      const alone = this.#fingers.size === 1;
      if (!this.#fingers.delete(event.pointerId) || !alone) return;
      this.#commands.scrub(this.#rankAt(this.#local(event)), true);
    };
    track.addEventListener("pointerup", release);
    track.addEventListener("pointercancel", release);
    track.addEventListener("pointerleave", () => this.#ghost.classList.remove("seen"));
    track.addEventListener("dblclick", () => this.#range(0, 1));
    track.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const wide = this.#to - this.#from;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const by = ((event.deltaX || event.deltaY) * lines / this.#width) * wide;
        this.#range(this.#from + by, this.#to + by);
      } else {
        this.#zoom(this.#local(event), Math.exp(event.deltaY * lines * 0.0025));
      }
    }, { passive: false });
    track.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event: KeyboardEvent): void {
    const head = (this.#dates?.at.length ?? 1) - 1;
    const part = Math.max(1, Math.round(head / 50));
    const ranks = ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: part, PageDown: -part,
      Home: -head, End: head } as Record<string, number>)[event.key];
    if (ranks === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#commands.step(ranks);
  }

  #local(event: MouseEvent): number {
    return event.clientX - this.#track.getBoundingClientRect().left;
  }

  #spread(): number {
    const [a = 0, b = 0] = this.#fingers.values();
    return this.#fingers.size === 2 ? Math.abs(a - b) : 0;
  }

  #zoom(x: number, factor: number): void {
    const at = this.#shareAt(x);
    const wide = Math.min(Math.max((this.#to - this.#from) * factor, NARROWEST), 1);
    const from = at - (x / this.#width) * wide;
    this.#range(from, from + wide);
  }

  #range(from: number, to: number): void {
    const wide = Math.min(to - from, 1);
    this.#from = Math.min(Math.max(from, 0), 1 - wide);
    this.#to = this.#from + wide;
    this.repaint();
  }

  /** What lies under the pointer: a tag's name, or the date. */
  #hint(event: PointerEvent): void {
    const table = this.#table;
    const dates = this.#dates;
    if (table === undefined || dates === undefined || event.pointerType === "touch") return;
    const x = this.#local(event);
    let text = "";
    let best = 6;
    for (const { rank, name } of table.landmarks) {
      const away = Math.abs(this.#x(progress(dates, Math.min(rank, dates.at.length - 1), 0, this.#pace)) - x);
      if (away < best) {
        best = away;
        text = `${name} · ${dayOf(table.time[rank]!)}`;
      }
    }
    if (text === "") {
      const seconds = dateAt(table.time, dates, this.#shareAt(x), this.#pace, this.#scratch);
      text = this.#to - this.#from < 0.02 ? minuteOf(seconds) : dayOf(seconds);
      text += ` · ${grouped(this.#rankAt(x))}`;
    }
    const label = this.#ghost.firstElementChild as HTMLElement;
    label.textContent = text;
    const half = label.offsetWidth / 2;
    const shift = Math.min(Math.max(x, half), this.#width - half) - x;
    label.style.transform = `translateX(calc(-50% + ${shift}px))`;
    this.#ghost.style.transform = `translateX(${x}px)`;
    this.#ghost.classList.add("seen");
  }
}
