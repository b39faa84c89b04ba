/** The city in three.js: one draw for the backdrop, one for every building there is. */
import {
  BufferAttribute, BufferGeometry, DataTexture, DoubleSide, GLSL3, Mesh, NearestFilter, RawShaderMaterial, RGBAFormat, Scene,
  UnsignedByteType, Vector4, type IUniform, type Matrix4, type WebGLRenderer,
} from "three";
import { CATEGORY_COLOURS, NODE, type TileHeader } from "../generated/protocol.ts";
import { Pool } from "./pool.ts";
import { NODES, NODES_PICK, SKY } from "./shaders.ts";
import { Tiles } from "./tiles.ts";

/** Faces towards the eye, over eight virtual vertices. */
const FACES = [0, 2, 4, 4, 2, 6, 0, 1, 4, 4, 1, 5, 0, 1, 2, 2, 1, 3];

export const COLOURINGS = ["author", "age", "kind"] as const;
export type Colouring = (typeof COLOURINGS)[number];

/** What the shaders take, by their names for it. */
function uniforms() {
  return {
    uSpans: { value: null } as IUniform,
    uNodes: { value: null } as IUniform,
    uStrata: { value: null } as IUniform,
    uPeople: { value: null } as IUniform,
    uCategories: { value: null } as IUniform,
    sceneBounds: { value: new Vector4(-1, -1, 1, 1) },
    playheadRank: { value: 0 },
    playheadFraction: { value: 0 },
    easing: { value: 1e-6 },
    glowPerRank: { value: 1 },
    headRank: { value: 0 },
    colouring: { value: 0 },
    daylight: { value: 0 },
    selectedNode: { value: -1 },
    hoveredNode: { value: -1 },
    hoveredFloor: { value: -1 },
  };
}

export class City {
  readonly uniforms = uniforms();
  readonly tiles: Tiles;
  /** What is seen: buildings, then the backdrop where there are none; labels join it. */
  readonly scene = new Scene();
  /** The same buildings, writing who they are instead of colours. */
  readonly pickScene = new Scene();
  /** Rows of `uNodes` that are drawn. */
  nodesResident = 0;

  readonly #nodes: Pool;
  readonly #geometry = new BufferGeometry();
  readonly #sky: Mesh;
  readonly #buildings: Mesh;
  readonly #pick: Mesh;
  #records = new Uint32Array(0);
  #indexed = 0;

  constructor(renderer: WebGLRenderer) {
    this.tiles = new Tiles(renderer);
    this.#nodes = new Pool(renderer, 4, () => this.#writeNodes());
    this.uniforms.uSpans.value = this.tiles.spans.texture;
    this.uniforms.uStrata.value = this.tiles.strata.texture;
    this.uniforms.uNodes.value = this.#nodes.texture;
    this.uniforms.uCategories.value = colourTexture(Uint32Array.from(CATEGORY_COLOURS), 16);
    this.uniforms.uPeople.value = colourTexture(new Uint32Array(1), 256);

    const backdrop = new BufferGeometry();
    backdrop.setIndex([0, 1, 2]);
    // It lies at the far plane, so it is drawn last, where nothing else was: its shading is not for free.
    this.#sky = part(backdrop, this.#material(SKY, false));
    this.#sky.renderOrder = 1;
    this.#buildings = part(this.#geometry, this.#material(NODES, true));
    this.#pick = part(this.#geometry, this.#material(NODES_PICK, true));
    this.scene.add(this.#sky, this.#buildings);
    this.pickScene.add(this.#pick);
    for (const scene of [this.scene, this.pickScene]) scene.matrixWorldAutoUpdate = false;
  }

  #material(source: { vertexShader: string; fragmentShader: string }, solid: boolean): RawShaderMaterial {
    return new RawShaderMaterial({
      ...source, uniforms: this.uniforms, glslVersion: GLSL3, depthWrite: solid,
      side: DoubleSide, // the shader draws only faces towards the eye, in either winding
    });
  }

  /** Set `world_from_scene`; nothing else moves when a viewer does. */
  place(worldFromScene: Matrix4): void {
    for (const mesh of [this.#sky, this.#buildings, this.#pick]) mesh.matrixWorld.copy(worldFromScene);
  }

  /** How large the city is: the air and the ground depend on it. */
  bound(root: TileHeader): void {
    const [minX, , minZ, maxX, , maxZ] = root.box;
    this.uniforms.sceneBounds.value.set(minX, minZ, maxX, maxZ);
  }

  /** Colours of people, 0xRRGGBB by person id. */
  paint(colours: Uint32Array): void {
    (this.uniforms.uPeople.value as DataTexture).dispose();
    this.uniforms.uPeople.value = colourTexture(colours, 256);
  }

  /** Draw the nodes of these tiles, and only these. */
  show(ids: readonly string[]): void {
    let rows = 0;
    for (const id of ids) rows += this.tiles.get(id)?.nodeCount ?? 0;
    if (rows * NODE.words > this.#records.length) this.#records = new Uint32Array(Math.ceil(rows * 1.25 + 64) * NODE.words);
    let at = 0;
    for (const id of ids) {
      const tile = this.tiles.get(id);
      if (tile === undefined) continue;
      const words = tile.nodeCount * NODE.words;
      this.#records.set(tile.nodes.subarray(0, words), at);
      const span = this.tiles.firstSpan(id);
      const stratum = this.tiles.firstStratum(id);
      for (let i = at; i < at + words; i += NODE.words) {
        this.#records[i + NODE.first_span]! += span;
        this.#records[i + NODE.first_stratum]! += stratum;
      }
      at += words;
    }
    this.nodesResident = rows;
    if (!this.#nodes.reserve(Math.max(rows, 1) * NODE.texels)) this.#writeNodes();
    this.#index(rows);
    this.#geometry.setDrawRange(0, rows * FACES.length);
  }

  restore(): void {
    this.tiles.restore();
    this.#nodes.restore();
  }

  #writeNodes(): void {
    this.#nodes.write(0, this.#records.subarray(0, this.nodesResident * NODE.words));
  }

  #index(rows: number): void {
    if (rows <= this.#indexed) return;
    this.#indexed = Math.ceil(rows * 1.25) + 64;
    const index = new Uint32Array(this.#indexed * FACES.length);
    for (let row = 0, i = 0; row < this.#indexed; row++) for (const corner of FACES) index[i++] = row * 8 + corner;
    this.#geometry.dispose();
    this.#geometry.setIndex(new BufferAttribute(index, 1));
  }
}

function part(geometry: BufferGeometry, material: RawShaderMaterial): Mesh {
  const mesh = new Mesh(geometry, material);
  mesh.frustumCulled = false; // vertices are made in the shader: three.js knows no bounds
  mesh.matrixAutoUpdate = false;
  return mesh;
}

/** Colours as a texture of sRGB bytes: texel i at (i mod width, i div width). */
function colourTexture(colours: Uint32Array, width: number): DataTexture {
  const height = Math.max(1, Math.ceil(colours.length / width));
  const bytes = new Uint8Array(width * height * 4);
  colours.forEach((colour, i) => bytes.set([colour >> 16 & 255, colour >> 8 & 255, colour & 255, 255], i * 4));
  const texture = new DataTexture(bytes, width, height, RGBAFormat, UnsignedByteType);
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.needsUpdate = true;
  return texture;
}
