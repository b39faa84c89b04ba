/** The outline around what is selected, pointed at, changed by a commit, or changed and not committed. */
import { BufferAttribute, type Mesh, type RawShaderMaterial } from "three";
import { SeenGeometry } from "./eyes.ts";
import { ALL, part } from "./faces.ts";
import type { Roster } from "./roster.ts";

const NOBODY = -1;
/** Most rows that are outlined: a node has at most two in each tile that is drawn, and a commit may light up many. */
const MOST_MARKED = 640;

export class Outline {
  readonly mesh: Mesh;
  readonly #roster: Roster;
  readonly #index = new BufferAttribute(new Uint32Array(MOST_MARKED * ALL.length), 1);
  readonly #found: number[] = [];
  #lit: readonly number[] = [];
  #working: readonly number[] = [];
  /** Whom it was made for; of nobody after rows have moved. */
  #selected = NaN;
  #hovered = NaN;

  constructor(roster: Roster, material: RawShaderMaterial) {
    this.#roster = roster;
    const geometry = new SeenGeometry();
    geometry.setIndex(this.#index);
    this.mesh = part(geometry, material, 0);
    this.mesh.visible = false;
  }

  /** Light these nodes up: what a commit changed. */
  light(nodes: readonly number[]): void {
    this.#lit = nodes;
    this.stale();
  }

  /** Mark these nodes: what is changed and not committed. */
  work(nodes: readonly number[]): void {
    this.#working = [...new Set(nodes)].filter((node) => node >= 0);
    this.stale();
  }

  /** Rows have moved. */
  stale(): void {
    this.#selected = NaN;
  }

  /** Find the rows of what is selected and pointed at, where that changed. */
  mark(selected: number, hovered: number): void {
    if (selected === this.#selected && hovered === this.#hovered) return;
    this.#selected = selected;
    this.#hovered = hovered;
    const lit = this.#lit;
    const working = this.#working;
    const { array } = this.#index;
    let i = 0;
    for (let k = -1; k < lit.length + working.length; k++) {
      if (k < 0) this.#roster.find(selected, hovered, this.#found);
      else this.#roster.find(k < lit.length ? lit[k]! : working[k - lit.length]!, NOBODY, this.#found);
      for (const row of this.#found) {
        if (i + ALL.length > array.length) break;
        for (const corner of ALL) array[i++] = row * 8 + corner;
      }
    }
    this.mesh.visible = i > 0;
    this.mesh.geometry.setDrawRange(0, i);
    this.#index.needsUpdate = true;
  }
}
