/** A panel in the room: a sheet that shows widgets, and does what hands ask of them. */
import type { Side } from "../input/hands.ts";
import * as spaces from "../spaces.ts";
import type { ReadonlyVector, Vector } from "../spaces.ts";
import { layBar } from "./bar.ts";
import { backdrop, metresPerUnit, Sheet, type Area } from "./canvas.ts";
import { lightNow, palette } from "./palette.ts";
import { SLACK, Targets } from "./targets.ts";
import type { Pen } from "./type.ts";
import { said } from "./words.ts";
import { fill, lay, PAD, type Laid, type Phase, type Target, type Widget } from "./widgets.ts";

const FADE_SECONDS = 0.14;
/** A hand may move so far before a press becomes a drag of the list under it. */
const SCROLLS = 16;
const HOVERED = 0.1;
const PRESSED = 0.24;

export interface Content {
  /** In the bar that it is carried by; without, there is none. */
  readonly title?: string;
  /** Over the title. */
  readonly folder?: string;
  readonly close?: () => void;
  readonly body: readonly Widget[];
  readonly foot?: readonly Widget[];
}

export interface PanelOptions {
  /** Metres that it is read from. */
  readonly distance: number;
  /** Units; what does not fit into `most` is scrolled. */
  readonly width: number;
  readonly most?: number;
  readonly pad?: number;
  /** On the arm of this hand, which then does not reach it. */
  worn?: Side;
}

/** What a hand does with a panel. */
interface Press {
  target: Target | undefined;
  hovered: Target | undefined;
  held: boolean;
  scrolling: boolean;
  /** Where it began, and where the target's upper edge was then. */
  fromY: number;
  top: number;
  lastY: number;
}

const newPress = (): Press => ({ target: undefined, hovered: undefined, held: false, scrolling: false, fromY: 0, top: 0, lastY: 0 });

export class Panel {
  readonly name: string;
  readonly sheet: Sheet;
  readonly options: PanelOptions;
  open = false;
  /** What a hand carries it by was let go: it stays where it is from now on. */
  placed = false;
  /** Counts up whenever it was laid out and drawn. */
  drawn = 0;

  readonly #presses = [newPress(), newPress()] as const;
  #content: Content = { body: [] };
  readonly #targets = new Targets();
  #stale = true;
  #light = "";
  #shown = 0;

  constructor(name: string, options: PanelOptions) {
    this.name = name;
    this.options = options;
    this.sheet = new Sheet(options.distance);
  }

  /** Show something; from its top, unless it is what was shown before with other words. */
  show(content: Content, same = false): void {
    this.#content = content;
    this.#stale = true;
    if (!same) this.#targets.scroll = 0;
    this.open = true;
    if (!this.sheet.visible) this.draw(); // its size is needed to place it
  }

  hide(): void {
    this.open = false;
    this.cancel(0);
    this.cancel(1);
  }

  /** Colours or fonts changed. */
  repaint(): void {
    this.#stale = true;
  }

  /** Once a frame: fade, and draw where something changed. */
  step(dt: number, still: boolean): void {
    const target = this.open ? 1 : 0;
    if (this.#shown !== target) {
      const by = still ? 1 : dt / FADE_SECONDS;
      this.#shown = this.open ? Math.min(this.#shown + by, 1) : Math.max(this.#shown - by, 0);
      this.sheet.opacity = this.#shown;
      this.sheet.visible = this.#shown > 0;
    }
    if (this.sheet.visible && (this.#stale || this.#light !== lightNow())) this.draw();
  }

  /** Read from `distance` metres from now on: its text stays as large to the eye. */
  readFrom(distance: number): void {
    this.sheet.pose.scale = metresPerUnit(distance);
  }

  /** Metres. */
  get width(): number {
    return this.sheet.width * this.sheet.pose.scale;
  }

  get height(): number {
    return this.sheet.height * this.sheet.pose.scale;
  }

  /** What it says, for scripts. */
  get words(): string[] {
    const { title, folder, body, foot = [] } = this.#content;
    return [...(title === undefined ? [] : [title]), ...(folder === undefined ? [] : [folder]), ...said(body), ...said(foot)];
  }

  get movable(): boolean {
    return this.#content.title !== undefined;
  }

  /** What can be pressed now, for scripts: its name and where its middle is, units. */
  *targets(): Generator<readonly [string, number, number]> {
    for (const target of this.#targets.all()) {
      const area = this.#targets.areaOf(target);
      if (area.height > 4) yield [target.name, area.x + area.width / 2, area.y + area.height / 2];
    }
  }

  /** Where something on it is seen; undefined where nothing is called that. */
  area(name: string): Area | undefined {
    const target = this.#targets.named(name);
    return target && this.#targets.areaOf(target);
  }

  // --- drawing ---------------------------------------------------------------------------

  /** Lay out and draw. */
  draw(): void {
    this.#stale = false;
    this.drawn++;
    this.#light = lightNow();
    const { width, most = Infinity, pad = PAD } = this.options;
    const { body, foot = [] } = this.#content;
    const pen = measuring;
    const at = this.#targets;
    const head: Laid = { blocks: [], targets: [] };
    const inner = width - 2 * pad;
    at.viewTop = layBar(pen, this.#content, pad, width, head);
    const laid: Laid = { blocks: [], targets: [] };
    at.bodyHeight = lay(pen, body, pad, 0, inner, laid);
    const feet: Laid = { blocks: [], targets: [] };
    const footHeight = foot.length === 0 ? 0 : lay(pen, foot, pad, 0, inner, feet) + pad;
    const height = Math.min(at.viewTop + at.bodyHeight + pad + footHeight, most);
    at.viewBottom = height - footHeight - pad;
    const footTop = height - footHeight;
    at.scroll = Math.min(at.scroll, at.scrollMost);
    at.set([...head.targets, ...feet.targets.map((each) => ({ ...each, area: { ...each.area, y: each.area.y + footTop } }))], laid.targets);
    const grown = this.sheet.visible ? height - this.sheet.height : 0;
    this.sheet.draw(width, height, (pen) => {
      const colours = palette();
      backdrop(pen, width, height);
      for (const { paint } of head.blocks) paint(pen, colours);
      pen.save();
      pen.translate(0, footTop);
      for (const { paint } of feet.blocks) paint(pen, colours);
      pen.restore();
      pen.save();
      if (at.scrollMost > 0) {
        pen.beginPath();
        pen.rect(0, at.viewTop - 4, width, at.view + 8);
        pen.clip();
      }
      pen.translate(0, at.viewTop - at.scroll);
      const from = at.scroll - 8;
      const to = at.scroll + at.view + 8;
      for (const { top, bottom, paint } of laid.blocks) if (bottom >= from && top <= to) paint(pen, colours);
      pen.restore();
      this.#scrollBar(pen, width);
    });
    if (grown !== 0) this.#hang(grown);
    for (const hand of HANDS) this.#rebind(hand);
  }

  /** Another height: its upper edge stays where it was. */
  #hang(grown: number): void {
    const { pose } = this.sheet;
    spaces.rotate(pose.orientation, spaces.setVector(down, 0, -grown / 2 * pose.scale, 0), down);
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) pose.position[i] += down[i];
    this.sheet.moved();
  }

  /** What a hand is at was laid out anew: it is known again by its name. A drag goes on as it began. */
  #rebind(hand: 0 | 1): void {
    const press = this.#presses[hand];
    const again = (target: Target | undefined) => target && this.#targets.named(target.name);
    press.hovered = again(press.hovered);
    if (press.target?.hold === undefined) press.target = again(press.target);
    this.#mark(hand);
  }

  #scrollBar(pen: Pen, width: number): void {
    const { scrollMost, view, viewTop, bodyHeight, scroll } = this.#targets;
    if (scrollMost === 0) return;
    const long = Math.max(30, view * view / bodyHeight);
    fill(pen, palette().ink3, width - 11, viewTop + (view - long) * scroll / scrollMost, 5, long, 2.5);
  }

  // --- hands -----------------------------------------------------------------------------

  /** A hand points at a place on the sheet; undefined: at nothing here. True where that is something to press. */
  point(hand: 0 | 1, place: ReadonlyVector | undefined): boolean {
    const press = this.#presses[hand];
    if (press.held) return true;
    const found = place === undefined ? undefined : this.#targets.at(place[0], place[1]);
    if (found !== press.hovered) {
      press.hovered = found;
      this.#mark(hand);
    }
    return found !== undefined;
  }

  /** A hand presses at a place; what it presses, if it is anything. The panel keeps the hand until it lets go. */
  press(hand: 0 | 1, place: ReadonlyVector): Target | undefined {
    const press = this.#presses[hand];
    press.target = this.#targets.at(place[0], place[1]);
    press.held = true;
    press.scrolling = false;
    press.fromY = press.lastY = place[1];
    const { target } = press;
    if (target !== undefined) press.top = this.#targets.areaOf(target).y;
    if (target?.hold !== undefined) hold(press, place, 0, "begin");
    this.#mark(hand);
    return target;
  }

  /** A hand that presses moves; `away` from the sheet, units. */
  drag(hand: 0 | 1, place: ReadonlyVector, away: number): void {
    const press = this.#presses[hand];
    const { target } = press;
    if (target?.hold !== undefined) {
      hold(press, place, away, "move");
      return;
    }
    if (!press.scrolling && target?.bar !== true && this.#targets.scrollMost > 0 && Math.abs(place[1] - press.fromY) > SCROLLS) {
      press.scrolling = true;
      press.target = undefined;
      this.#mark(hand);
    }
    if (press.scrolling) this.scroll(press.lastY - place[1]);
    press.lastY = place[1];
  }

  /** A hand lets go: what it pressed is done where it is still on it. True if something was. */
  release(hand: 0 | 1, place: ReadonlyVector): boolean {
    const press = this.#presses[hand];
    const { target } = press;
    if (target?.hold !== undefined) hold(press, place, 0, "end");
    press.held = press.scrolling = false;
    press.target = undefined;
    const done = target?.press !== undefined && this.#targets.at(place[0], place[1], 2 * SLACK, target) === target;
    if (done) target.press();
    this.#mark(hand);
    return done;
  }

  /** Whatever a hand does here ends, and nothing comes of it. */
  cancel(hand: 0 | 1): void {
    const press = this.#presses[hand];
    const { target } = press;
    press.held = press.scrolling = false;
    press.target = press.hovered = undefined;
    target?.hold?.(0, 0, 0, "cancel");
    this.#mark(hand);
  }

  /** Move what is scrolled by so many units; false where there is nothing to. */
  scroll(by: number): boolean {
    const { scroll, scrollMost } = this.#targets;
    const to = Math.min(Math.max(scroll + by, 0), scrollMost);
    if (to === scroll) return scrollMost > 0;
    this.#targets.scroll = to;
    this.#stale = true;
    return true;
  }

  #mark(hand: 0 | 1): void {
    const { target, hovered, held, scrolling } = this.#presses[hand];
    const marked = scrolling ? undefined : held ? target : hovered;
    const area = marked === undefined ? undefined : marked.bar === true
      ? { x: this.sheet.width / 2 - 36, y: 9, width: 72, height: 6 } : this.#targets.areaOf(marked);
    this.sheet.mark(hand, area, marked?.bar === true ? 0.5 : held ? PRESSED : HOVERED);
  }
}

/** Tell what is dragged where the hand is. */
function hold({ target, top }: Press, place: ReadonlyVector, away: number, phase: Phase): void {
  const { x, height } = target!.area;
  const beyond = Math.max(top - place[1], place[1] - top - height, 0);
  target!.hold!(place[0] - x, place[1] - top, Math.max(beyond, away), phase);
}

const HANDS = [0, 1] as const;
const down: Vector = [0, 0, 0];
/** Measures text before there is a canvas of the right size. */
const measuring = document.createElement("canvas").getContext("2d")!;
