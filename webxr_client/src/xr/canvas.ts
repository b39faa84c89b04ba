/**
 * A sheet in the room that is drawn on with a 2D canvas: panels and what is written beside things.
 *
 * Its measure is the *unit*, a twentieth of a degree as seen from the distance it is made for, so
 * that whatever is drawn is as large to the eye wherever the sheet is: a line of 24 units is 1.2°.
 * The canvas goes to the graphics card only when something is drawn; what changes from frame to
 * frame (what is pointed at, where the playhead is) are uniforms.
 *
 * Depth is tested and written as for anything else in the room. What lies nearer hides a sheet, as
 * eyes expect of it: drawn over a nearer building, it would be in front for one cue and behind for
 * the other. Being readable is a matter of where it is put: within an arm's length, where no city is.
 */
import {
  CanvasTexture, DoubleSide, GLSL3, LinearFilter, LinearMipmapLinearFilter, Mesh, NoColorSpace,
  RawShaderMaterial, Vector2, Vector3, Vector4, type Texture,
} from "three";
import { SeenGeometry } from "../scene/eyes.ts";
import { bare } from "../scene/shaders.ts";
import * as spaces from "../spaces.ts";
import type { Pose, ReadonlyVector, Vector } from "../spaces.ts";
import { channels, palette } from "./palette.ts";
import type { Pen } from "./type.ts";

export const UNITS_PER_DEGREE = 20;
/** Texels in a unit: 32 in a degree, where a Quest 3 shows 25. */
const TEXELS = 1.6;
/** Room around what is drawn, so that its edge is smoothed by the texture. */
const MARGIN = 2;
/** Larger, and rounder than this no corner is; units. */
export const CORNER = 18;
/** Sheets are drawn after the city and its names. */
const ORDER = 10;

/** Metres in a unit on a sheet that is read from `distance` metres. */
export const metresPerUnit = (distance: number): number => distance * Math.tan(Math.PI / 180) / UNITS_PER_DEGREE;

/** A rectangle on a sheet: units from its upper left. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const SOURCE = `
#ifdef VERTEX
uniform mat4 modelMatrix;
uniform vec2 size;
out vec2 vPlace;                   // units from the upper left
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
  vPlace = corner * size;
  vec4 clip = projectionMatrix * (viewMatrix * (modelMatrix * vec4((corner.x - 0.5) * size.x, (0.5 - corner.y) * size.y, 0.0, 1.0)));
  // The city decides where depth begins: what is held nearer than that is still drawn.
  clip.z = max(clip.z, -0.9999 * clip.w);
  gl_Position = clip;
}
#else
uniform sampler2D map;             // sRGB, premultiplied, as the canvas has it
uniform vec2 size;
uniform vec3 face;                 // what it is made of
uniform vec3 ink;
uniform vec3 accent;
uniform vec4 marked[2];            // rectangles that either hand points at
uniform vec2 marking;              // and how strongly they are marked
uniform vec4 track;                // a rectangle that time runs through
uniform float share;               // and how far it has come
uniform float opacity;
in vec2 vPlace;
layout(location = 0) out vec4 outColour;
float cover(vec4 area) {
  vec2 beyond = abs(vPlace - area.xy - 0.5 * area.zw) - 0.5 * area.zw + 8.0;
  float away = length(max(beyond, 0.0)) + min(max(beyond.x, beyond.y), 0.0) - 8.0;
  return clamp(0.5 - away / max(fwidth(away), 1e-4), 0.0, 1.0);
}
void main() {
  vec4 colour = texture(map, vPlace / size, -0.4);
  if (!gl_FrontFacing) colour.rgb = face * colour.a;
  else {
    if (track.z > 0.0 && vPlace.y >= track.y && vPlace.y <= track.y + track.w) {
      float x = vPlace.x - track.x;
      float at = share * track.z;
      if (x > at && x <= track.z) colour.rgb = mix(colour.rgb, face * colour.a, 0.62);
      float wide = max(1.4, 0.7 * fwidth(vPlace.x));
      colour.rgb = mix(colour.rgb, accent * colour.a, smoothstep(wide + fwidth(x), wide, abs(x - at)));
    }
    for (int i = 0; i < 2; i++) {
      if (marking[i] > 0.0) colour.rgb = mix(colour.rgb, ink * colour.a, cover(marked[i]) * marking[i]);
    }
  }
  colour *= opacity;
  if (colour.a < 0.02) discard;
  outColour = colour;
}
#endif
`;

const axis: Vector = [0, 0, 0];
const roll: spaces.Quaternion = [0, 0, 0, 1];
const rectangle = new Vector4();

/** One draw call while it is visible. */
export class Sheet {
  readonly mesh: Mesh;
  /** room_from_sheet: its middle, facing +Z; a unit of the sheet is `scale` metres. Call `moved` after changing it. */
  readonly pose: Pose = spaces.newPose();
  /** Units. */
  width = 0;
  height = 0;

  readonly #canvas = document.createElement("canvas");
  readonly #pen: Pen;
  readonly #texture: CanvasTexture;
  readonly #uniforms: ReturnType<typeof uniforms>;

  /** Read from `distance` metres. */
  constructor(distance: number) {
    const pen = this.#canvas.getContext("2d");
    if (pen === null) throw new Error("This browser has no 2D canvas to draw panels with.");
    this.#pen = pen;
    this.#texture = new CanvasTexture(this.#canvas);
    this.#texture.colorSpace = NoColorSpace; // the canvas's sRGB is written as it is
    this.#texture.premultiplyAlpha = true;
    this.#texture.flipY = false;
    this.#texture.generateMipmaps = true;
    this.#texture.minFilter = LinearMipmapLinearFilter;
    this.#texture.magFilter = LinearFilter;
    this.#texture.anisotropy = 4;
    this.#uniforms = uniforms(this.#texture);
    const geometry = new SeenGeometry();
    geometry.setIndex([0, 2, 1, 1, 2, 3]);
    this.mesh = new Mesh(geometry, new RawShaderMaterial({
      ...bare(SOURCE), uniforms: this.#uniforms, glslVersion: GLSL3,
      transparent: true, premultipliedAlpha: true, side: DoubleSide,
    }));
    this.mesh.frustumCulled = false; // its corners are made in the shader
    this.mesh.matrixAutoUpdate = false;
    this.mesh.renderOrder = ORDER;
    this.mesh.visible = false;
    this.pose.scale = metresPerUnit(distance);
  }

  get visible(): boolean {
    return this.mesh.visible;
  }

  set visible(visible: boolean) {
    this.mesh.visible = visible;
  }

  /** 0 … 1. */
  set opacity(opacity: number) {
    this.#uniforms.opacity.value = opacity;
  }

  /** Draw anew, `width` by `height` units large; `paint` has units from the upper left. */
  draw(width: number, height: number, paint: (pen: Pen) => void): void {
    const wide = Math.ceil(width * TEXELS) + 2 * MARGIN;
    const high = Math.ceil(height * TEXELS) + 2 * MARGIN;
    if (this.#canvas.width !== wide || this.#canvas.height !== high) {
      this.#canvas.width = wide;
      this.#canvas.height = high;
      this.#texture.dispose(); // its storage has the old size
    } else {
      this.#pen.reset();
    }
    this.width = width;
    this.height = height;
    const { size, face, ink, accent } = this.#uniforms;
    const edge = MARGIN / TEXELS;
    size.value.set(wide / TEXELS, high / TEXELS);
    const colours = palette();
    face.value.fromArray(channels(colours.panel));
    ink.value.fromArray(channels(colours.ink));
    accent.value.fromArray(channels(colours.accent));
    this.#pen.setTransform(TEXELS, 0, 0, TEXELS, edge * TEXELS, edge * TEXELS);
    paint(this.#pen);
    this.#texture.needsUpdate = true;
  }

  /** Mark what a hand (0 or 1) points at, 0 … 1 strong; 0 marks nothing. */
  mark(hand: 0 | 1, area: Area | undefined, strength: number): void {
    const { marked, marking } = this.#uniforms;
    marking.value.setComponent(hand, area === undefined ? 0 : strength);
    if (area !== undefined) this.#frame(area, rectangle).toArray(marked.value, 4 * hand);
  }

  /** Let time run through an area: what lies beyond `share` of it is dimmed. */
  run(area: Area, share: number): void {
    this.#frame(area, this.#uniforms.track.value);
    this.#uniforms.share.value = share;
  }

  #frame({ x, y, width, height }: Area, out: Vector4): Vector4 {
    const edge = MARGIN / TEXELS;
    return out.set(x + edge, y + edge, width, height);
  }

  /** The pose was changed: be there. */
  moved(): void {
    spaces.matrix(this.pose, this.mesh.matrixWorld.elements);
  }

  /** Be at a place of the room, upright, facing `eye`; read from as far as that is. */
  face(position: ReadonlyVector, eye: ReadonlyVector): void {
    spaces.setVector(this.pose.position, position[0], position[1], position[2]);
    // It shows its +Z: it looks away from the eye, as that looks at it.
    spaces.lookAt(eye, position, this.pose.orientation);
    this.moved();
  }

  /** The same for something looked down on: level to a head of that `yaw`, which upright things are not when seen from above. */
  faceLevel(position: ReadonlyVector, eye: ReadonlyVector, yaw: number): void {
    this.face(position, eye);
    const { orientation } = this.pose;
    const right = spaces.rotate(orientation, spaces.setVector(axis, 1, 0, 0), axis);
    const x = right[0] * Math.cos(yaw) - right[2] * Math.sin(yaw);
    const up = spaces.rotate(orientation, spaces.setVector(axis, 0, 1, 0), axis);
    const y = up[0] * Math.cos(yaw) - up[2] * Math.sin(yaw);
    spaces.multiply(orientation, spaces.about(spaces.setVector(axis, 0, 0, 1), Math.atan2(y, x), roll), orientation);
    this.moved();
  }

  /** Where a point of the room is on the sheet, units from its upper left; and how far before it, metres. */
  onSheet(point: ReadonlyVector, out: Vector): Vector {
    spaces.applyInverse(this.pose, point, out);
    return spaces.setVector(out, out[0] + this.width / 2, this.height / 2 - out[1], out[2] * this.pose.scale);
  }

  /** Where a place on the sheet (units from its upper left) is in the room. */
  inRoom(x: number, y: number, out: Vector): Vector {
    return spaces.apply(this.pose, spaces.setVector(out, x - this.width / 2, this.height / 2 - y, 0), out);
  }

  /** Metres along a ray of the room to the sheet's front, and in `out` where on it (units); −1 where it misses. */
  hit(origin: ReadonlyVector, direction: ReadonlyVector, out: Vector): number {
    const before = this.onSheet(origin, out)[2];
    const x = out[0];
    const y = out[1];
    spaces.setVector(out, origin[0] + direction[0], origin[1] + direction[1], origin[2] + direction[2]);
    const falls = before - this.onSheet(out, out)[2];
    if (before <= 0 || falls < 1e-4) return -1;
    const distance = before / falls;
    spaces.setVector(out, x + (out[0] - x) * distance, y + (out[1] - y) * distance, 0);
    return distance;
  }

  /** Whether a place lies on the sheet, or up to `beyond` units beside it. */
  within(place: ReadonlyVector, beyond = 0): boolean {
    return place[0] >= -beyond && place[1] >= -beyond && place[0] <= this.width + beyond && place[1] <= this.height + beyond;
  }

  dispose(): void {
    this.#texture.dispose();
    this.mesh.geometry.dispose();
    (this.mesh.material as RawShaderMaterial).dispose();
  }
}

function uniforms(map: Texture) {
  return {
    map: { value: map }, size: { value: new Vector2(1, 1) }, opacity: { value: 1 },
    face: { value: new Vector3() }, ink: { value: new Vector3() }, accent: { value: new Vector3() },
    marked: { value: new Float32Array(8) }, marking: { value: new Vector2() },
    track: { value: new Vector4() }, share: { value: 0 },
  };
}

/** The background of everything that is read: round corners, and a thin edge that sets it off the city. */
export function backdrop(pen: Pen, width: number, height: number, corner = CORNER): void {
  const colours = palette();
  pen.beginPath();
  pen.roundRect(0.5, 0.5, width - 1, height - 1, Math.min(corner, height / 2));
  pen.fillStyle = colours.panel;
  pen.fill();
  pen.lineWidth = 1;
  pen.strokeStyle = colours.line;
  pen.stroke();
}
