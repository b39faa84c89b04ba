/**
 * How a hand reaches panels: by its ray with a trigger or a pinch, and near ones with the fingers
 * themselves, by touching with the index finger or pinching there.
 *
 * A press belongs to its panel until it ends. A squeeze, and a press on the bar, carry the panel.
 */
import type { Hand } from "../input/hands.ts";
import * as spaces from "../spaces.ts";
import type { Vector } from "../spaces.ts";
import type { Panel } from "./panel.ts";
import type { Moment } from "./part.ts";
import type { Target } from "./widgets.ts";

/** What is felt: reaching something to press, pressing it, and that it was done. */
export type Feel = "reach" | "press" | "done";

const INDEX_TIP = 9;
/** Metres before a panel, of the middle of the fingertip: from here on it is near … */
const NEAR = 0.1;
/** … here it touches, as its pad has reached the panel … */
const TOUCHES = 0.006;
/** … and here it has let go. There is nothing to stop a finger: it may go on through. */
const LEAVES = 0.022;
const THROUGH = -0.12;
/** A pinch takes what is this near to it. */
const PINCHES = 0.05;
/** Beside a panel; units. */
const BESIDE = 12;
/** Nearer and farther than this nothing is carried. */
const CARRY_LEAST = 0.28;
const CARRY_MOST = 1.4;
const CARRY_SETTLE = 0.04;
/** Units a second that a stick scrolls. */
const STICK_SCROLLS = 900;
const STICK_LEAST = 0.35;

type Means = "" | "ray" | "touch" | "pinch" | "carry";

export class Reach {
  readonly #index: 0 | 1;
  readonly #feel: (side: 0 | 1, feel: Feel) => void;
  #panel: Panel | undefined;
  #means: Means = "";
  /** Which button holds: a press that began with the one does not end with the other. */
  #squeezed = false;
  #pressable = false;
  /** Where the fingertip was before this panel, metres. */
  #before = -1;
  #touched: Panel | undefined;
  readonly #tip: Vector = [0, 0, 0];
  readonly #ray: Vector = [0, 0, 0];
  readonly #place: Vector = [0, 0, 0];
  readonly #found: Vector = [0, 0, 0];
  readonly #offset: Vector = [0, 0, 0];
  readonly #goal: Vector = [0, 0, 0];

  constructor(index: 0 | 1, feel: (side: 0 | 1, feel: Feel) => void) {
    this.#index = index;
    this.#feel = feel;
  }

  /** The panel this hand presses or carries. */
  get holds(): Panel | undefined {
    return this.#means === "" ? undefined : this.#panel;
  }

  /** The session is over, or the hand lost: what was begun ends. */
  release(): void {
    if (this.#means !== "") this.#panel?.cancel(this.#index);
    this.#leave();
    this.#means = "";
    this.#touched = undefined;
  }

  step(moment: Moment, panels: readonly Panel[]): void {
    const hand = moment.hands.both[this.#index];
    if (!hand.tracked || (this.#panel !== undefined && !this.#panel.open)) this.release();
    if (!hand.tracked) return;
    if (hand.kind === "fingers") {
      const at = INDEX_TIP * 16 + 12;
      spaces.setVector(this.#tip, hand.joints[at]!, hand.joints[at + 1]!, hand.joints[at + 2]!);
    }
    spaces.rotate(hand.aim.orientation, spaces.setVector(this.#ray, 0, 0, -1), this.#ray);
    if (this.#means !== "") this.#go(moment, hand);
    else if (hand.owner === "" && !(hand.kind === "fingers" && this.#near(moment, hand, panels))) this.#point(moment, hand, panels);
    if (this.#means !== "") hand.owner = "panel";
  }

  // --- nothing is held yet -----------------------------------------------------------------

  /** By the fingers: true where they are near a panel, and rays out of it. */
  #near(moment: Moment, hand: Hand, panels: readonly Panel[]): boolean {
    let nearest: Panel | undefined;
    let before = NEAR;
    for (const panel of panels) {
      if (!this.#reaches(panel, hand)) continue;
      const away = panel.sheet.onSheet(this.#tip, this.#found)[2];
      if (away < THROUGH || away > before || !panel.sheet.within(this.#found, BESIDE)) continue;
      before = away;
      nearest = panel;
      spaces.setVector(this.#place, this.#found[0], this.#found[1], 0);
    }
    const came = this.#touched === nearest ? this.#before : before;
    this.#touched = nearest;
    this.#before = before;
    if (nearest === undefined) return false; // its ray is what counts
    // A finger that was through when the panel came has not touched it.
    if (before < TOUCHES && came < TOUCHES) {
      this.#leave();
      return true;
    }
    this.#hover(nearest);
    this.#say(moment, nearest, Math.max(before, 0));
    if (came > TOUCHES && before <= TOUCHES) this.#press(nearest, "touch");
    else if (hand.select.began && Math.abs(nearest.sheet.onSheet(hand.grip.position, this.#found)[2]) < PINCHES) {
      spaces.setVector(this.#place, this.#found[0], this.#found[1], 0);
      if (this.#press(nearest, "pinch")?.bar === true) this.#carry(hand, nearest);
    }
    return true;
  }

  #point(moment: Moment, hand: Hand, panels: readonly Panel[]): void {
    let nearest: Panel | undefined;
    let distance = Infinity;
    for (const panel of panels) {
      if (!this.#reaches(panel, hand)) continue;
      const away = panel.sheet.hit(hand.aim.position, this.#ray, this.#found);
      if (away < 0 || away >= distance || !panel.sheet.within(this.#found)) continue;
      distance = away;
      nearest = panel;
      spaces.setVector(this.#place, this.#found[0], this.#found[1], 0);
    }
    if (nearest === undefined) {
      this.#leave();
      return;
    }
    this.#hover(nearest);
    this.#say(moment, nearest, distance);
    if (Math.abs(hand.stick[1]) > STICK_LEAST && nearest.scroll(hand.stick[1] * STICK_SCROLLS * moment.dt)) hand.stick[1] = 0;
    if (hand.select.began || hand.squeeze.began) {
      this.#squeezed = !hand.select.began;
      const target = this.#press(nearest, "ray");
      if (target?.bar === true || (this.#squeezed && nearest.movable && target?.hold === undefined)) this.#carry(hand, nearest);
    }
  }

  #reaches(panel: Panel, hand: Hand): boolean {
    return panel.open && panel.sheet.visible && panel.options.worn !== hand.side;
  }

  #hover(panel: Panel): void {
    if (this.#panel !== panel) this.#leave();
    this.#panel = panel;
    const pressable = panel.point(this.#index, this.#place);
    if (pressable && !this.#pressable) this.#feel(this.#index, "reach");
    this.#pressable = pressable;
  }

  #leave(): void {
    this.#panel?.point(this.#index, undefined);
    this.#panel = undefined;
    this.#pressable = false;
  }

  #say(moment: Moment, panel: Panel, distance: number): void {
    const pointed = moment.pointed[this.#index];
    if (distance >= pointed.distance) return;
    pointed.kind = "panel";
    pointed.distance = distance;
    pointed.node = pointed.floor = -1;
    pointed.touched = this.#means === "touch" || this.#means === "pinch" || this.#touched !== undefined;
    const { sheet } = panel;
    sheet.inRoom(this.#place[0], this.#place[1], pointed.point);
    spaces.rotate(sheet.pose.orientation, spaces.setVector(pointed.normal, 0, 0, 1), pointed.normal);
  }

  #press(panel: Panel, means: Means): Target | undefined {
    this.#means = means;
    const target = panel.press(this.#index, this.#place);
    if (target !== undefined) this.#feel(this.#index, "press");
    return target;
  }

  // --- something is held -------------------------------------------------------------------

  #go(moment: Moment, hand: Hand): void {
    const panel = this.#panel!;
    const { sheet } = panel;
    let away = 0;
    let over = !(this.#squeezed ? hand.squeeze : hand.select).pressed;
    if (this.#means === "carry") {
      if (over) this.#end(panel, false);
      else this.#follow(moment, hand, panel);
      return;
    }
    if (this.#means === "ray") {
      const distance = sheet.hit(hand.aim.position, this.#ray, this.#found);
      if (distance >= 0) {
        spaces.setVector(this.#place, this.#found[0], this.#found[1], 0);
        this.#say(moment, panel, distance);
      }
    } else {
      const touches = this.#means === "touch";
      sheet.onSheet(touches ? this.#tip : hand.grip.position, this.#found);
      const before = this.#found[2];
      if (touches) {
        over = before > LEAVES;
        this.#before = before;
        this.#touched = panel;
        // Through and out again behind, or off its edge: no press was meant.
        if (before < THROUGH) {
          this.#end(panel, false);
          return;
        }
      }
      this.#say(moment, panel, Math.max(before, 0));
      away = Math.max(Math.abs(before) - LEAVES, 0) / sheet.pose.scale;
      // Where it was while it touched counts, not where it left.
      if (!over) spaces.setVector(this.#place, this.#found[0], this.#found[1], 0);
    }
    if (over) this.#end(panel, true);
    else panel.drag(this.#index, this.#place, away);
  }

  #end(panel: Panel, meant: boolean): void {
    this.#means = "";
    this.#squeezed = false;
    if (!meant) panel.cancel(this.#index);
    else if (panel.release(this.#index, this.#place)) this.#feel(this.#index, "done");
  }

  /** Take the panel up: it keeps its place at the ray, or at the fingers. */
  #carry(hand: Hand, panel: Panel): void {
    panel.placed = true;
    this.#means = "carry";
    spaces.applyInverse(hand.aim, panel.sheet.pose.position, this.#offset);
  }

  #follow(moment: Moment, hand: Hand, panel: Panel): void {
    const { head, dt } = moment;
    const { sheet } = panel;
    const goal = spaces.apply(hand.aim, this.#offset, this.#goal);
    const share = 1 - Math.exp(-dt / CARRY_SETTLE);
    const away: Vector = this.#found;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      away[i] = sheet.pose.position[i] + (goal[i] - sheet.pose.position[i]) * share - head.position[i];
    }
    const long = Math.hypot(away[0], away[1], away[2]);
    const kept = Math.min(Math.max(long, CARRY_LEAST), CARRY_MOST);
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) away[i] = head.position[i] + away[i] * kept / long;
    panel.readFrom(kept);
    sheet.face(away, head.position);
    this.#say(moment, panel, spaces.applyInverse(hand.aim, sheet.pose.position, this.#goal)[2] * -1);
  }
}
