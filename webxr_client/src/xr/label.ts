/** What a hand points at, in words beside the cursor: the thing's name, and the commit of the floor. */
import { memberOf, nodeIn } from "../beside.ts";
import { isDirectory, type Captions } from "../captions.ts";
import { NOTHING } from "../navigation/selection.ts";
import * as spaces from "../spaces.ts";
import type { ReadonlyVector, Vector } from "../spaces.ts";
import { minuteOf, split } from "../ui/words.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import type { Pointing } from "./aim.ts";
import { backdrop, metresPerUnit, Sheet } from "./canvas.ts";
import { lightNow, palette } from "./palette.ts";
import type { Moment, Part, Pointed } from "./part.ts";
import { fit, font, whenFontsCome, type Pen } from "./type.ts";

/** Units, a twentieth of a degree each: a line is 1.25° high, the widest 16° wide. */
const LINE = 25;
const WIDEST = 320;
const NARROWEST = 60;
const PAD = 11;
/** From the cursor to the label's edge; more of it above a finger, whose hand would be in the way. */
const AWAY = 20;
const AWAY_TOUCHED = 70;
/** It hangs so much nearer than what is pointed at, and within these metres: little stands before it there. */
const NEARER = 0.75;
const NEAREST = 0.3;
const FARTHEST = 3;
/** Above this much of up in where one looks, it hangs below the cursor. */
const HIGH = 0.5;
/** A cursor may move by so much (radians) and the label stays; a label that is farther off than the second jumps. */
const CALM = 0.012;
const JUMP = 0.2;
const FOLLOW_SECONDS = 0.08;
const FADE_SECONDS = 0.12;
/** Not written anew more often than this, nor are floors asked for that are only passed by; seconds. */
const WRITE_SECONDS = 0.08;
const ASK_SECONDS = 0.12;

/** What is written beside the cursor, for scripts: where, and metres that a line is high. */
export interface LabelState {
  readonly lines: readonly string[];
  readonly position: readonly number[];
  readonly line: number;
}

export class HoverLabel implements Part {
  readonly root;

  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #captions: Captions;
  readonly #pointing: Pointing;
  readonly #sheet = new Sheet(1);
  #node = NOTHING;
  #floor = NOTHING;
  /** At which it says what is in a directory. */
  #rank = NOTHING;
  /** Of the floor, once it is known. */
  #subject = "";
  #by = "";
  #asked = true;
  #steady = 0;
  /** It says something else than is written. */
  #stale = false;
  #written = 0;
  #light = "";
  #opacity = 0;
  #lines: readonly string[] = [];
  /** Where its cursor was when it was placed, and where it is; in the room. */
  readonly #anchor: Vector = [0, 0, 0];
  readonly #at: Vector = [0, 0, 0];
  readonly #gaze: [number, number] = [0, 0];
  readonly #towards: Vector = [0, 0, 0];
  #distance = 1;

  constructor(viewer: Viewer, world: World, captions: Captions, pointing: Pointing) {
    this.#viewer = viewer;
    this.#world = world;
    this.#captions = captions;
    this.#pointing = pointing;
    this.root = this.#sheet.mesh;
    whenFontsCome(() => {
      this.#lines = [];
      this.#stale = true;
    });
  }

  begin(): void {
    this.#node = this.#floor = NOTHING;
    this.#opacity = 0;
    this.#sheet.visible = false;
  }

  step(moment: Moment): void {
    const pointed = moment.pointed[this.#pointing.active === "left" ? 0 : 1];
    const { hovered, floor } = this.#viewer.aim.selection;
    const shown = hovered !== NOTHING && pointed.node === hovered;
    if (shown) {
      this.#say(hovered, floor, moment.dt);
      this.#write(moment.time);
      this.#place(moment, pointed);
    }
    const step = moment.dt / FADE_SECONDS;
    this.#opacity = shown ? Math.min(this.#opacity + step, 1) : Math.max(this.#opacity - step, 0);
    this.#sheet.opacity = this.#opacity;
    this.#sheet.visible = this.#opacity > 0;
  }

  /** What it says; null while there is none. */
  state(): LabelState | null {
    const { pose, visible } = this.#sheet;
    return visible ? { lines: this.#lines, position: [...pose.position], line: LINE * pose.scale } : null;
  }

  /** What a thing is called; of several repositories with the name of its own before it. */
  #nameOf(node: number): string {
    const member = this.#world.beside?.members[memberOf(node)];
    return member === undefined ? this.#world.nameOf(node) : `${member.name}/${member.world.nameOf(nodeIn(node))}`;
  }

  #say(node: number, floor: number, dt: number): void {
    const own = nodeIn(node);
    const member = this.#world.beside?.members[memberOf(node)];
    const { world, captions } = member ?? { world: this.#world, captions: this.#captions };
    const directory = isDirectory(own);
    const rank = directory ? Math.max(member?.playhead.rank ?? this.#viewer.playback.rank, 0) : NOTHING;
    if (node !== this.#node || floor !== this.#floor || rank !== this.#rank) {
      this.#node = node;
      this.#floor = floor;
      this.#rank = rank;
      this.#subject = this.#by = "";
      this.#asked = floor < 0 && !directory;
      this.#steady = 0;
      this.#stale = true;
    }
    this.#steady += dt;
    if (this.#asked || this.#steady < ASK_SECONDS) return;
    this.#asked = true;
    if (directory) {
      void world.contents(captions, own, rank).then((lines) => {
        if (lines === undefined || node !== this.#node || rank !== this.#rank) return;
        [this.#subject, this.#by] = lines;
        this.#stale = true;
      });
      return;
    }
    void captions.stratum(own, floor).then((caption) => {
      if (caption === undefined || node !== this.#node || floor !== this.#floor) return;
      this.#subject = caption.subject;
      this.#by = `${caption.author} · ${minuteOf(caption.time)}`;
      this.#stale = true;
    });
  }

  #write(now: number): void {
    const light = lightNow();
    if (!this.#stale && light === this.#light) return;
    if (this.#opacity > 0 && now - this.#written < WRITE_SECONDS && now >= this.#written) return;
    this.#stale = false;
    this.#written = now;
    const [name, folder] = split(this.#nameOf(this.#node));
    const lines = [
      { text: name, font: font(18, 600), ink: palette().ink, cut: "middle" as const },
      { text: folder, font: font(15), ink: palette().ink2, cut: "start" as const },
      { text: this.#subject, font: font(16), ink: palette().ink, cut: "end" as const },
      { text: this.#by, font: font(15), ink: palette().ink2, cut: "end" as const },
    ].filter(({ text }) => text !== "");
    // Of a directory, while time goes on, it may well say the same.
    const same = light === this.#light && lines.length === this.#lines.length
      && lines.every(({ text }, i) => text === this.#lines[i]);
    if (same) return;
    this.#light = light;
    this.#lines = lines.map(({ text }) => text);
    let wide = NARROWEST;
    for (const line of lines) wide = Math.max(wide, widthOf(line.text, line.font));
    wide = Math.min(wide, WIDEST);
    this.#sheet.draw(wide + 2 * PAD, lines.length * LINE + 2 * PAD - 4, (pen) => {
      backdrop(pen, wide + 2 * PAD, lines.length * LINE + 2 * PAD - 4, 10);
      pen.textBaseline = "middle";
      lines.forEach((line, i) => {
        pen.font = line.font;
        pen.fillStyle = line.ink;
        pen.fillText(fit(pen, line.text, wide, line.cut), PAD, PAD - 2 + (i + 0.5) * LINE);
      });
    });
  }

  /** Hang beside the cursor, calmly: hands tremble, and what is read must not. */
  #place(moment: Moment, pointed: Pointed): void {
    const { position: head } = moment.head;
    const { point } = pointed;
    const away = distance(head, point);
    const fresh = this.#opacity === 0;
    const moved = angle(head, point, this.#anchor);
    if (fresh || moved > CALM) spaces.setVector(this.#anchor, point[0], point[1], point[2]);
    const wanted = Math.min(Math.max(away * NEARER, NEAREST), FARTHEST);
    const share = fresh || moved > JUMP ? 1 : 1 - Math.exp(-moment.dt / FOLLOW_SECONDS);
    this.#distance += (wanted - this.#distance) * share;

    // Up from the cursor as the eyes see it, or down where it is high already.
    const anchor = this.#anchor;
    const towards = this.#towards;
    const length = Math.max(distance(head, anchor), 1e-6);
    for (let k = 0 as 0 | 1 | 2; k < 3; k++) towards[k] = (anchor[k] - head[k]) / length;
    const flat = Math.max(Math.hypot(towards[0], towards[2]), 1e-3);
    const unit = metresPerUnit(this.#distance);
    const side = towards[1] > HIGH ? -1 : 1;
    const lift = side * unit * (this.#sheet.height / 2 + (pointed.touched ? AWAY_TOUCHED : AWAY));
    const at = this.#at;
    const x = head[0] + towards[0] * this.#distance - towards[0] * towards[1] / flat * lift;
    const y = head[1] + towards[1] * this.#distance + flat * lift;
    const z = head[2] + towards[2] * this.#distance - towards[2] * towards[1] / flat * lift;
    at[0] += (x - at[0]) * share;
    at[1] += (y - at[1]) * share;
    at[2] += (z - at[2]) * share;
    this.#sheet.pose.scale = unit;
    // Level to the head: what is small and aside would be read aslant.
    this.#sheet.faceLevel(at, head, spaces.yawPitchOf(moment.head.orientation, this.#gaze)[0]);
  }
}

const pen: Pen | null = document.createElement("canvas").getContext("2d");

function widthOf(text: string, face: string): number {
  if (pen === null) return WIDEST;
  pen.font = face;
  return Math.ceil(pen.measureText(text).width) + 1;
}

function distance(a: ReadonlyVector, b: ReadonlyVector): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** Between two points as seen from an eye; small ones exactly enough. */
function angle(eye: ReadonlyVector, a: ReadonlyVector, b: ReadonlyVector): number {
  const toA = Math.max(distance(eye, a), 1e-6);
  const toB = Math.max(distance(eye, b), 1e-6);
  let sum = 0;
  for (let k = 0 as 0 | 1 | 2; k < 3; k++) sum += ((a[k] - eye[k]) / toA - (b[k] - eye[k]) / toB) ** 2;
  return Math.sqrt(sum);
}
