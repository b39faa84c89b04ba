/** Rectangles tied to places, drawn at once: text from the atlas, and bars. */
import { DynamicDrawUsage, InstancedBufferAttribute } from "three";
import { SeenGeometry } from "./eyes.ts";

/** Where it is tied to and how opaque; its edges from there; and what of the atlas it shows. */
export const ANCHOR = 0;
export const FRAME = 1;
export const GLYPHS = 2;
const NAMES = ["anchor", "frame", "glyphs"] as const;

/** An instance for every quad and eye. */
class QuadsGeometry extends SeenGeometry {
  quads = 0;

  override get instanceCount(): number {
    return this.quads * super.instanceCount;
  }
}

export class Quads {
  readonly geometry = new QuadsGeometry();
  #eyes: number;
  readonly #attributes: readonly InstancedBufferAttribute[];
  #changed = false;

  /** So many at `most`, seen by so many eyes at once. */
  constructor(most: number, eyes = 1) {
    this.#eyes = eyes;
    this.geometry.setIndex([0, 1, 2, 2, 1, 3]);
    this.#attributes = NAMES.map(() => new InstancedBufferAttribute(new Float32Array(most * 4), 4, false, eyes).setUsage(DynamicDrawUsage));
    NAMES.forEach((name, i) => this.geometry.setAttribute(name, this.#attributes[i]!));
  }

  /** Write four numbers where they are others: most frames change no rectangle, and upload nothing. */
  set(which: typeof ANCHOR | typeof FRAME | typeof GLYPHS, quad: number, a: number, b: number, c: number, d: number): void {
    const { array } = this.#attributes[which]!;
    const at = quad * 4;
    const fa = Math.fround(a);
    const fb = Math.fround(b);
    const fc = Math.fround(c);
    const fd = Math.fround(d);
    if (array[at] === fa && array[at + 1] === fb && array[at + 2] === fc && array[at + 3] === fd) return;
    array[at] = fa;
    array[at + 1] = fb;
    array[at + 2] = fc;
    array[at + 3] = fd;
    this.#changed = true;
  }

  /** Draw so many. */
  show(count: number, eyes = this.#eyes): void {
    this.geometry.quads = count;
    if (this.#eyes !== eyes) {
      // How many instances share a quad is read once: they are made anew.
      this.#eyes = eyes;
      for (const attribute of this.#attributes) attribute.meshPerAttribute = eyes;
      this.geometry.dispose();
    }
    if (!this.#changed) return;
    for (const attribute of this.#attributes) attribute.needsUpdate = true;
    this.#changed = false;
  }
}
