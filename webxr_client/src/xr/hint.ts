/** What somebody is told who wears a headset here for the first time: gone once they have done it, or said so. */
import { Panel } from "./panel.ts";
import type { Showing } from "./panels.ts";
import type { Moment } from "./part.ts";
import type { Stand } from "./stand.ts";
import type { Widget } from "./widgets.ts";
import type { Holding } from "./words.ts";

const KEPT = "xrserver.hint";
/** Of what it tells, so much done says that it was understood. */
const ENOUGH = 3;

interface Told {
  readonly controller: string;
  readonly fingers: string;
}

const TOLD: readonly Told[] = [
  { controller: "Squeeze to move the city; both grips turn and size it.",
    fingers: "Pinch in empty space to move the city; both hands turn and size it." },
  { controller: "Point at a building and pull the trigger.", fingers: "Point at a building and pinch, or touch it." },
  { controller: "Raise the left controller and look at it: there is time.", fingers: "Turn your left palm to your face: there is time." },
  { controller: "B or Y opens the menu.", fingers: "Hold your right palm up for the menu." },
];

export interface HintParts {
  readonly stand: Stand;
  others(): readonly Panel[];
  /** Whether each of what is told was done in this session. */
  done(): readonly boolean[];
  leftHanded(): boolean;
}

export class Hint implements Showing {
  readonly panel = new Panel("hint", { distance: 0.6, width: 560 });
  readonly panels = [this.panel];

  readonly #parts: HintParts;
  #due = false;
  #grabbed = false;
  #done = -1;
  #holding: Holding | undefined;
  #waited = 0;

  constructor(parts: HintParts) {
    this.#parts = parts;
  }

  begin(): void {
    this.#due = !known();
    this.#grabbed = false;
    this.#done = -1;
    this.#holding = undefined;
    this.#waited = 0;
  }

  end(): void {
    this.panel.hide();
  }

  follow(moment: Moment): void {
    if (!this.#due || !moment.seen) return;
    let holding: Holding | undefined;
    for (const hand of moment.hands.both) {
      if (hand.tracked) holding = hand.kind === "fingers" ? "fingers" : "controller";
      if (hand.owner === "world") this.#grabbed = true;
    }
    // Until it is known what is held, there is nothing to say.
    this.#waited += moment.dt;
    if (holding === undefined || this.#waited < 0.5) return;
    let done = this.#grabbed ? 1 : 0;
    const others = this.#parts.done();
    for (let i = 0; i < others.length; i++) if (others[i]!) done |= 2 << i;
    if (done === this.#done && holding === this.#holding) {
      this.#yield(moment);
      return;
    }
    const first = this.#done < 0;
    this.#done = done;
    this.#holding = holding;
    if (bits(done) >= ENOUGH) {
      this.#close();
      return;
    }
    this.panel.show({ title: "Your first minute here", close: () => this.#close(), body: this.#rows(holding, done) }, !first);
    if (first) this.#parts.stand.place(this.panel, moment, undefined, -1, this.#parts.others());
    this.#yield(moment);
  }

  /** Whatever somebody asked for has the place before them; afterwards this is there again. */
  #yield(moment: Moment): void {
    if (this.#done < 0) return;
    const before = this.#parts.others().some((each) => each !== this.panel && each.open && each.options.worn === undefined);
    if (before) {
      if (this.panel.open) this.panel.hide();
    } else if (!this.panel.open) {
      this.panel.open = true;
      if (!this.panel.placed && !this.#parts.stand.readable(this.panel, moment)) {
        this.#parts.stand.place(this.panel, moment, undefined, -1, this.#parts.others());
      }
    }
  }

  #rows(holding: Holding, done: number): Widget[] {
    const swap = this.#parts.leftHanded();
    const sided = (text: string) => (swap ? text.replace(/\b(left|right)\b/g, (side) => (side === "left" ? "right" : "left")) : text);
    return [
      ...TOLD.map((told, i): Widget => ({ kind: "columns", columns: [
        { width: 26, widgets: [{ kind: "text", text: (done >> i & 1) === 1 ? "✓" : "•", ink: "accent", weight: 600 }] },
        { widgets: [{ kind: "text", text: sided(told[holding]), ink: (done >> i & 1) === 1 ? "ink3" : "ink" }] }] })),
      { kind: "buttons", buttons: [{ text: "Got it", on: true, press: () => this.#close() }] },
    ];
  }

  #close(): void {
    this.#due = false;
    this.panel.hide();
    try {
      localStorage.setItem(KEPT, "seen");
    } catch {
      // A private window keeps nothing: it is told again the next time.
    }
  }
}

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}

function known(): boolean {
  try {
    return localStorage.getItem(KEPT) !== null;
  } catch {
    return false;
  }
}
