/** What a row of nodes is drawn as: which corners of its eight virtual vertices, in meshes whose vertices the shaders make. */
import { BufferAttribute, Mesh, type BufferGeometry, type RawShaderMaterial } from "three";
import { SeenGeometry } from "./eyes.ts";

/** The faces towards the eye, over eight virtual vertices; the last of each triangle says which face it is of. */
export const SIDES = [0, 2, 6, 0, 4, 6, 0, 1, 3, 0, 2, 3];
export const TOP = [0, 1, 5, 0, 4, 5];
export const ALL = [...SIDES, ...TOP];
/** A disc of eight corners, and a strip of three stretches. */
export const DISC = [0, 1, 2, 0, 2, 3, 0, 3, 4, 0, 4, 5, 0, 5, 6, 0, 6, 7];
export const STRIP = [0, 1, 2, 2, 1, 3, 2, 3, 4, 4, 3, 5, 4, 5, 6, 6, 5, 7];

/** Some faces of every row, drawn for a stretch of rows. */
export class Faces {
  readonly geometry = new SeenGeometry();
  readonly meshes: Mesh[] = [];
  readonly #corners: readonly number[];
  #rows = 0;

  constructor(corners: readonly number[]) {
    this.#corners = corners;
  }

  /** A mesh that draws them. */
  mesh(material: RawShaderMaterial, order: number): Mesh {
    const mesh = part(this.geometry, material, order);
    mesh.visible = false;
    this.meshes.push(mesh);
    return mesh;
  }

  draw(from: number, to: number): void {
    // A program without anything to draw still costs a change of state.
    for (const mesh of this.meshes) mesh.visible = to > from;
    if (to > this.#rows) this.#grow(to);
    const n = this.#corners.length;
    this.geometry.setDrawRange(from * n, (to - from) * n);
  }

  #grow(rows: number): void {
    this.#rows = Math.ceil(rows * 1.25) + 64;
    const index = new Uint32Array(this.#rows * this.#corners.length);
    for (let row = 0, i = 0; row < this.#rows; row++) for (const corner of this.#corners) index[i++] = row * 8 + corner;
    this.geometry.dispose();
    this.geometry.setIndex(new BufferAttribute(index, 1));
  }
}

export function part(geometry: BufferGeometry, material: RawShaderMaterial, order: number): Mesh {
  const mesh = new Mesh(geometry, material);
  mesh.renderOrder = order;
  mesh.frustumCulled = false; // vertices are made in the shader: three.js knows no bounds
  mesh.matrixAutoUpdate = false;
  return mesh;
}
