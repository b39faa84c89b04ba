/** A sentence that stands in the room, level in its reader's eyes. */
import * as spaces from "../spaces.ts";
import type { ReadonlyQuaternion, ReadonlyVector } from "../spaces.ts";
import { backdrop, metresPerUnit, Sheet, UNITS_PER_DEGREE } from "./canvas.ts";
import { lightNow, palette } from "./palette.ts";
import { font, wrap } from "./type.ts";

const WIDTH = 25 * UNITS_PER_DEGREE;
const LINE = 1.45 * UNITS_PER_DEGREE;
const LETTERS = 1.1 * UNITS_PER_DEGREE;
const PADDING = 0.8 * UNITS_PER_DEGREE;

export class Sign {
  readonly #sheet = new Sheet(1);
  readonly #angles: [number, number] = [0, 0];
  #text = "";
  #light = "";

  get mesh() {
    return this.#sheet.mesh;
  }

  /** Say it; "" says nothing. */
  say(text: string): void {
    this.#sheet.visible = text !== "";
    if (text === "" || (text === this.#text && lightNow() === this.#light)) return;
    this.#text = text;
    this.#light = lightNow();
    const { pen } = measure;
    if (pen !== null) pen.font = font(LETTERS, 500);
    const lines = pen === null ? [text] : wrap(pen, text, WIDTH - 2 * PADDING);
    const height = lines.length * LINE + 2 * PADDING;
    this.#sheet.draw(WIDTH, height, (c) => {
      backdrop(c, WIDTH, height);
      c.font = font(LETTERS, 500);
      c.fillStyle = palette().ink;
      c.textAlign = "center";
      c.textBaseline = "middle";
      lines.forEach((line, i) => c.fillText(line, WIDTH / 2, PADDING + (i + 0.5) * LINE));
    });
  }

  /** Be at a place of the room, for somebody whose eyes are at `eye` and look like this; as large from anywhere. */
  place(at: ReadonlyVector, eye: ReadonlyVector, gaze: ReadonlyQuaternion): void {
    const { pose } = this.#sheet;
    spaces.setVector(pose.position, at[0], at[1], at[2]);
    const [yaw, pitch] = spaces.yawPitchOf(gaze, this.#angles);
    spaces.yawPitch(yaw, pitch, pose.orientation);
    pose.scale = metresPerUnit(Math.max(Math.hypot(at[0] - eye[0], at[1] - eye[1], at[2] - eye[2]), 0.3));
    this.#sheet.moved();
  }
}

/** For breaking lines before there is a sheet of their height. */
const measure = { pen: document.createElement("canvas").getContext("2d") };
