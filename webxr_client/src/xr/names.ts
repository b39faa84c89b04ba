/**
 * Names over districts and near buildings, as somebody in a headset sees them: in the room, upright and
 * facing the head, of a constant angle from wherever. Chosen as between the eyes, so both see the same.
 *
 * What is chosen changes a few times a second at most and fades; where it is drawn follows from
 * uniforms, so a head that moves uploads nothing. One draw.
 */
import { GLSL3, Mesh, RawShaderMaterial, Vector3 } from "three";
import { CHOICE_SECONDS, EMS, FADE_SECONDS, GAP, LONGEST, MOST, newGaze, newSight, rankOf, sight, TEXELS, turn } from "../navigation/naming.ts";
import { eyesWorn } from "../scene/eyes.ts";
import { place, type Wish } from "../scene/placement.ts";
import { ANCHOR, FRAME, GLYPHS, Quads } from "../scene/quads.ts";
import { NAMES } from "../scene/shaders.ts";
import type { Candidate } from "../scene/survey.ts";
import * as spaces from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import type { Moment, Part } from "./part.ts";

const QUADS = 2;
/** Choices that a name is remembered for after it left the view. */
const REMEMBERED = 100;

interface Name extends Wish {
  text: string;
  x: number;
  y: number;
  z: number;
  district: boolean;
  depth: number;
  /** Degrees from its anchor up: over the edge of the roof, which hides the middle from below. */
  stem: number;
  opacity: number;
  seen: number;
}

/** A name as it is seen, for scripts: what, and its rectangle from between the eyes, degrees right and up of the gaze. */
export interface NameState {
  readonly text: string;
  readonly box: readonly [number, number, number, number];
  /** Of an em. */
  readonly degrees: number;
}

export class Names implements Part {
  readonly root: Mesh;

  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #quads = new Quads(MOST * QUADS, eyesWorn());
  readonly #uniforms = {
    atlas: { value: null as unknown }, daylight: { value: 0 },
    head: { value: new Vector3() }, sideways: { value: new Vector3(1, 0, 0) },
  };
  readonly #names = new Map<number, Name>();
  readonly #wishes: Name[] = [];
  readonly #turned: [number, number] = [0, 0];
  readonly #gaze = newGaze();
  readonly #sight = newSight();
  #choice = 0;
  #since = CHOICE_SECONDS;
  /** Some name is not yet, or still, as it is going to be. */
  #fading = true;
  #table: unknown;

  constructor(viewer: Viewer, world: World) {
    this.#viewer = viewer;
    this.#world = world;
    this.#uniforms.atlas.value = viewer.desk.labels.atlas.texture;
    this.root = new Mesh(this.#quads.geometry, new RawShaderMaterial({
      ...NAMES, uniforms: this.#uniforms, glslVersion: GLSL3, transparent: true, depthWrite: false,
    }));
    this.root.frustumCulled = false;
    this.root.matrixAutoUpdate = false;
    this.root.renderOrder = 2;
  }

  begin(): void {
    this.#names.clear();
    this.#since = CHOICE_SECONDS;
    this.#fading = true;
  }

  step({ dt, head, seen }: Moment): void {
    const { journey, calm, city } = this.#viewer;
    this.#uniforms.daylight.value = city.uniforms.daylight.value;
    if (!seen) return;
    const { position: p } = head;
    const yaw = spaces.yawPitchOf(head.orientation, this.#turned)[0];
    this.#uniforms.head.value.set(p[0], p[1], p[2]);
    this.#uniforms.sideways.value.set(Math.cos(yaw), 0, -Math.sin(yaw));
    spaces.matrix(journey.pose, this.root.matrixWorld.elements);
    this.#since += dt;
    if (this.#since >= CHOICE_SECONDS) {
      this.#since = 0;
      this.#choose(p);
      this.#fading = true;
    }
    if (this.#fading) this.#write(calm ? 1 : dt / FADE_SECONDS);
  }

  /** What is named now. */
  state(): NameState[] {
    return [...this.#names.values()].filter((name) => name.shown && name.seen === this.#choice).map((name) => ({
      text: name.text, box: [name.left, -name.bottom, name.right, -name.top], degrees: em(name),
    }));
  }

  #choose(head: spaces.ReadonlyVector): void {
    const { surveys, shown } = this.#world;
    if (shown?.scene.generation !== this.#table) {
      this.#table = shown?.scene.generation;
      this.#names.clear();
    }
    this.#choice++;
    turn(this.#gaze, head, this.#turned[0], this.#turned[1]);
    let count = 0;
    for (let k = 0; k < surveys.length; k++) {
      const survey = surveys[k]!;
      for (let i = 0; i < survey.count; i++) {
        const name = this.#wish(survey.candidates[i]!);
        if (name !== undefined) this.#wishes[count++] = name;
      }
    }
    place(this.#wishes, count, MOST, GAP);
    for (const name of this.#names.values()) if (name.seen < this.#choice - REMEMBERED && name.opacity === 0) this.#names.delete(name.key);
  }

  /** The name that something would have as seen from here; undefined where it is too small or aside. */
  #wish(candidate: Candidate): Name | undefined {
    let name = this.#names.get(candidate.node);
    const there = name !== undefined && name.shown && name.seen === this.#choice - 1;
    const seen = this.#sight;
    if (!sight(candidate, there, this.#viewer.journey.pose, this.#gaze, seen)) return undefined;

    if (name === undefined) {
      const path = candidate.text === "" ? candidate.tile.pathOf(candidate.row) : candidate.text.replaceAll("/", "\u2215");
      const last = path.slice(path.lastIndexOf("/") + 1);
      name = { key: candidate.node, text: last.length > LONGEST ? `${last.slice(0, LONGEST - 1)}…` : last, district: candidate.district,
        depth: candidate.depth, x: 0, y: 0, z: 0, stem: 0, opacity: 0, seen: 0, left: 0, top: 0, right: 0, bottom: 0, weight: 0, shown: false };
      this.#names.set(candidate.node, name);
    }
    if (!there) name.shown = false;
    name.seen = this.#choice;
    name.x = candidate.x;
    name.y = candidate.y;
    name.z = candidate.z;
    name.weight = seen.weight;
    name.stem = seen.stem;
    const placed = this.#set(name);
    name.left = seen.x - placed.width / 2 / TEXELS;
    name.right = seen.x + placed.width / 2 / TEXELS;
    name.bottom = -seen.elevation - seen.stem;
    name.top = name.bottom - placed.height / TEXELS;
    return name;
  }

  #set(name: Name) {
    const size = Math.round(em(name) * TEXELS);
    return this.#viewer.desk.labels.atlas.find(name.text, FONTS[rankOf(name)]!, size);
  }

  #write(step: number): void {
    let quad = 0;
    this.#fading = false;
    for (const name of this.#names.values()) {
      const target = name.shown && name.seen === this.#choice ? 1 : 0;
      if (name.opacity < target) name.opacity = Math.min(name.opacity + step, 1);
      else if (name.opacity > target) name.opacity = Math.max(name.opacity - step, 0);
      this.#fading ||= name.opacity !== target;
      if (name.opacity > 0 && quad + QUADS <= MOST * QUADS) quad = this.#lay(name, quad);
    }
    this.#quads.show(quad, eyesWorn());
    this.root.visible = quad > 0;
  }

  #lay(name: Name, quad: number): number {
    const { x, y, width, height } = this.#set(name);
    const { side } = this.#viewer.desk.labels.atlas;
    const from = name.stem;
    const opacity = name.district && name.depth <= 1 ? name.opacity : -name.opacity;
    if (name.district) {
      this.#quads.set(ANCHOR, quad, name.x, name.y, name.z, opacity);
      this.#quads.set(FRAME, quad, -0.03, 0, 0.03, from + 0.15);
      this.#quads.set(GLYPHS, quad++, -1, 0, -1, 0);
    }
    const half = width / 2 / TEXELS;
    this.#quads.set(ANCHOR, quad, name.x, name.y, name.z, opacity);
    this.#quads.set(FRAME, quad, -half, from, half, from + height / TEXELS);
    this.#quads.set(GLYPHS, quad++, x / side, (y + height) / side, (x + width) / side, y / side);
    return quad;
  }
}

const em = (name: Name): number => EMS[rankOf(name)];
const FONTS = EMS.map((degrees, rank) => `${rank === 0 ? 600 : 500} ${Math.round(degrees * TEXELS)}px Inter, system-ui, sans-serif`);
