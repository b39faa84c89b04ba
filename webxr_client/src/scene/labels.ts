/** Names over districts and near buildings: one draw, upright text of a constant size, none over another. */
import { GLSL3, Matrix4, Mesh, RawShaderMaterial, Vector2, Vector3, type WebGLRenderer } from "three";
import { Atlas } from "./atlas.ts";
import { place, type Wish } from "./placement.ts";
import { ANCHOR, FRAME, GLYPHS, Quads } from "./quads.ts";
import { LABELS } from "./shaders.ts";
import type { Candidate, Survey } from "./survey.ts";

const MOST = 64;
/** A label and the bar that ties it to its place. */
const QUADS = 2;
const FADE_SECONDS = 0.18;
const STEM = 12; // CSS pixels

interface Label extends Wish {
  text: string;
  x: number;
  y: number;
  z: number;
  district: boolean;
  depth: number;
  opacity: number;
  /** In the picture lately; what left it is let go when it has faded. */
  seen: number;
  screenX: number;
  screenY: number;
}

/** A label that is always placed, and never drawn. */
const NOTHING: Label = { key: -1, text: "", x: 0, y: 0, z: 0, district: false, depth: 0, opacity: 0, seen: 0, screenX: 0, screenY: 0,
  left: 0, top: 0, right: 0, bottom: 0, weight: Infinity, shown: false };

export class Labels {
  readonly mesh: Mesh;
  shown = 0;
  /** What else lies over the picture (CSS pixels): labels keep out of it. */
  obstacles: readonly DOMRect[] = [];

  readonly atlas: Atlas;
  readonly #quads = new Quads(MOST * QUADS);
  readonly #uniforms = {
    atlas: { value: null as unknown }, viewport: { value: new Vector2(1, 1) },
    daylight: { value: 0 },
  };
  readonly #labels = new Map<number, Label>();
  readonly #wishes: Label[] = [];
  readonly #kept: Label[] = [];
  readonly #clip = new Matrix4();
  readonly #point = new Vector3();
  #frameNumber = 0;

  constructor(renderer: WebGLRenderer) {
    this.atlas = new Atlas(renderer);
    this.#uniforms.atlas.value = this.atlas.texture;
    this.mesh = new Mesh(this.#quads.geometry, new RawShaderMaterial({
      ...LABELS, uniforms: this.#uniforms, glslVersion: GLSL3, transparent: true, depthWrite: false,
    }));
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
    this.mesh.renderOrder = 2;
    this.paint(0);
  }

  /** In the light there is. */
  paint(daylight: number): void {
    this.#uniforms.daylight.value = daylight;
  }

  /** The context was lost, and all texts with it. */
  restore(): void {
    this.atlas.restore();
  }

  /** Set all texts anew: the fonts have come. */
  reset(): void {
    this.atlas.forget();
  }

  /** Another scene: names belong to other things. */
  clear(): void {
    this.#labels.clear();
  }

  /**
   * Choose and lay out labels for a view; true while any of them is still fading.
   *
   * `clipFromScene` takes scene space to clip space; `width`, `height` in device pixels, `density`
   * device pixels in a CSS pixel.
   */
  update(surveys: readonly Survey[], clipFromScene: Matrix4, width: number, height: number, density: number, dt: number, still: boolean): boolean {
    this.#clip.copy(clipFromScene);
    this.#uniforms.viewport.value.set(width, height);
    this.#frameNumber++;
    let count = 0;
    for (let k = 0; k < surveys.length; k++) {
      const survey = surveys[k]!;
      for (let i = 0; i < survey.count; i++) {
        const label = this.#wish(survey.candidates[i]!, width, height, density);
        if (label !== undefined) this.#wishes[count++] = label;
      }
    }
    for (let i = 0; i < this.obstacles.length; i++) {
      const { left, top, right, bottom } = this.obstacles[i]!;
      const kept = (this.#kept[i] ??= { ...NOTHING });
      kept.left = left * density;
      kept.top = top * density;
      kept.right = right * density;
      kept.bottom = bottom * density;
      kept.weight = Infinity;
      this.#wishes[count++] = kept;
    }
    place(this.#wishes, count, MOST + this.obstacles.length, 5 * density);
    return this.#write(density, still ? 1 : dt / FADE_SECONDS);
  }

  /** The label that a candidate would have here; undefined where it is too small or outside. */
  #wish(candidate: Candidate, width: number, height: number, density: number): Label | undefined {
    const point = this.#point.set(candidate.x, candidate.y, candidate.z);
    const e = this.#clip.elements;
    const w = e[3] * point.x + e[7] * point.y + e[11] * point.z + e[15];
    if (w <= 1e-4) return undefined;
    point.applyMatrix4(this.#clip);
    const x = (point.x * 0.5 + 0.5) * width;
    const y = (0.5 - point.y * 0.5) * height;
    if (x < 0 || x > width || y < 0 || y > height) return undefined;
    // Clip units across the picture at that distance; e[0], e[4], e[8] scale with the projection.
    const pixels = candidate.extent * Math.hypot(e[0], e[4], e[8]) / w * 0.5 * width;
    const least = (candidate.district ? 64 + 10 * candidate.depth : 58) * density;
    if (pixels < least) return undefined;

    let label = this.#labels.get(candidate.node);
    if (label === undefined) {
      label = { ...NOTHING, key: candidate.node, district: candidate.district, depth: candidate.depth, weight: 0 };
      const path = candidate.text === "" ? candidate.tile.pathOf(candidate.row) : candidate.text.replaceAll("/", "\u2215");
      const name = path.slice(path.lastIndexOf("/") + 1);
      label.text = name.length > 40 ? `${name.slice(0, 39)}…` : name;
      this.#labels.set(candidate.node, label);
    }
    label.seen = this.#frameNumber;
    label.x = candidate.x;
    label.y = candidate.y;
    label.z = candidate.z;
    label.screenX = x;
    label.screenY = y;
    // Districts by size, the outer before the inner; buildings only in what is left.
    label.weight = candidate.district ? pixels / (1 + 0.6 * candidate.depth) : pixels * 0.02;
    const size = this.#size(label, density);
    const placed = this.atlas.find(label.text, this.#font(label, size), size);
    const stem = STEM * density * (candidate.district ? 1 : 0.4);
    label.left = x - placed.width / 2;
    label.right = x + placed.width / 2;
    label.bottom = y - stem;
    label.top = label.bottom - placed.height;
    return label;
  }

  #size(label: Label, density: number): number {
    return Math.round((label.district ? (label.depth < 0 ? 20 : label.depth <= 1 ? 15 : 13) : 11.5) * density);
  }

  #font(label: Label, size: number): string {
    return `${label.district && label.depth <= 1 ? 600 : 500} ${size}px Inter, system-ui, sans-serif`;
  }

  #write(density: number, step: number): boolean {
    let quad = 0;
    let fading = false;
    this.shown = 0;
    for (const label of this.#labels.values()) {
      const wanted = label.shown && label.seen === this.#frameNumber;
      label.shown = wanted;
      if (wanted) this.shown++;
      const target = wanted ? 1 : 0;
      if (label.opacity !== target) {
        label.opacity = target > label.opacity ? Math.min(label.opacity + step, 1) : Math.max(label.opacity - step, 0);
        fading = true;
      }
      if (label.opacity === 0 && label.seen < this.#frameNumber - 600) this.#labels.delete(label.key);
      if (label.opacity === 0 || quad + QUADS > MOST * QUADS) continue;
      quad = this.#lay(label, quad, density);
    }
    this.#quads.show(quad);
    return fading;
  }

  #lay(label: Label, quad: number, density: number): number {
    const size = this.#size(label, density);
    const { x, y, width, height } = this.atlas.find(label.text, this.#font(label, size), size);
    const side = this.atlas.side;
    const stem = Math.round(STEM * density * (label.district ? 1 : 0.4));
    const left = -Math.round(width / 2);
    // Quarters are named from afar; what stands within them only where it is seen.
    const opacity = label.district && label.depth <= 1 ? label.opacity : -label.opacity;
    if (label.district) {
      const half = Math.max(0.5, density * 0.5);
      this.#quads.set(ANCHOR, quad, label.x, label.y, label.z, opacity);
      this.#quads.set(FRAME, quad, -half, 0, half, stem + 2 * density);
      this.#quads.set(GLYPHS, quad++, -1, 0, -1, 0);
    }
    this.#quads.set(ANCHOR, quad, label.x, label.y, label.z, opacity);
    this.#quads.set(FRAME, quad, left, stem, left + width, stem + height);
    this.#quads.set(GLYPHS, quad++, x / side, (y + height) / side, (x + width) / side, y / side);
    return quad;
  }
}
