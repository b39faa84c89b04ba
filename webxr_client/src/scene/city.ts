/** What stands in three.js: one draw each for walls, roofs, districts, ribbons, beads and the backdrop, however many there are. */
import {
  DoubleSide, GLSL3, Matrix4, Mesh, Object3D, RawShaderMaterial, Scene, Vector3, Vector4, type Camera, type DataTexture,
  type IUniform, type WebGLRenderer,
} from "three";
import { COLOURINGS, colourTexture, peopleTexture, type Colouring } from "./colours.ts";
import { SeenGeometry } from "./eyes.ts";
import { CATEGORY_COLOURS, NODE, type Patch, type TileBody } from "../generated/protocol.ts";
import type { ReadonlyVector } from "../spaces.ts";
import type { Course } from "./course.ts";
import { ALL, DISC, Faces, part, SIDES, STRIP, TOP } from "./faces.ts";
import { Outline } from "./outline.ts";
import { Pool } from "./pool.ts";
import { Roster } from "./roster.ts";
import { BEADS, GATE, MARK, PICK, PICK_BEADS, PICK_RIBBONS, PLATES, RIBBONS, ROOFS, SKY, WALLS } from "./shaders.ts";
import { Settling } from "./settling.ts";
import type { Tile } from "./tile.ts";
import { Tiles } from "./tiles.ts";

/** Buildings are put in order again when the eye has gone so much of the city's width, and so many milliseconds passed. */
const REORDER = 0.04;
const REORDER_AFTER = 400;

/** What the shaders take, by their names for it. */
function uniforms() {
  return {
    uSpans: { value: null } as IUniform,
    uNodes: { value: null } as IUniform,
    uPages: { value: null } as IUniform,
    uBefore: { value: null } as IUniform,
    unsettled: { value: 0 },
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
    haze: { value: 1 },
    selectedNode: { value: -1 },
    hoveredNode: { value: -1 },
    hoveredFloor: { value: -1 },
    pixelAngle: { value: 1e-3 },
    roundness: { value: 0 },
    gatePlace: { value: new Vector3() },
    gateAcross: { value: new Vector3() },
  };
}

export class City {
  readonly uniforms = uniforms();
  readonly tiles: Tiles;
  /** What is seen: buildings, districts, then the backdrop where there are none; labels join it. */
  readonly scene = new Scene();
  /** The same nodes, writing who they are instead of colours. */
  readonly pickScene = new Scene();
  readonly #nodes: Pool;
  /** Which pages of `uNodes` are drawn, in their order. */
  readonly #pages: Pool;
  /** Where rows of `uNodes` stood before the city was laid out anew. */
  readonly #before: Pool;
  readonly #settling = new Settling();
  #came = false;
  #rows = 0;
  #listed = 0;
  readonly #roster: Roster;
  readonly #sides = new Faces(SIDES);
  readonly #tops = new Faces(TOP);
  readonly #plates = new Faces(ALL);
  readonly #ribbons = new Faces(STRIP);
  readonly #beads = new Faces(DISC);
  /** All that stands. */
  readonly #standing = new Object3D();
  readonly #sky: Mesh;
  readonly #walls: Mesh;
  /** Roofs and the ground. */
  readonly #flat: readonly Mesh[];
  readonly #gate: Mesh;
  readonly #outline: Outline;
  /** Of every mesh. */
  readonly #worldFromScene = new Matrix4();
  readonly #colourings: Record<Colouring, RawShaderMaterial>;
  readonly #marking: RawShaderMaterial;
  readonly #arrangedFrom = new Float64Array(3).fill(Infinity);
  #arrangedAt = 0;
  #course: Course | undefined;

  constructor(renderer: WebGLRenderer) {
    this.tiles = new Tiles(renderer);
    this.#nodes = new Pool(renderer, 4, () => this.#roster.restore());
    this.#pages = new Pool(renderer, 1, () => this.#writePages());
    this.#before = new Pool(renderer, 4, () => this.#settling.rest());
    this.#before.reserve(1);
    this.#roster = new Roster({
      reserve: (rows) => {
        this.#rows = rows;
        this.#nodes.reserve(rows * NODE.texels);
      },
      write: (row, records) => this.#nodes.write(row * NODE.texels, records),
    });
    this.uniforms.uSpans.value = this.tiles.spans.texture;
    this.uniforms.uStrata.value = this.tiles.strata.texture;
    this.uniforms.uNodes.value = this.#nodes.texture;
    this.uniforms.uPages.value = this.#pages.texture;
    this.uniforms.uBefore.value = this.#before.texture;
    this.uniforms.uCategories.value = colourTexture(Uint32Array.from(CATEGORY_COLOURS), 16);
    this.uniforms.uPeople.value = peopleTexture(new Uint32Array(1));

    this.#colourings = { author: this.#material(WALLS.author), age: this.#material(WALLS.age), kind: this.#material(WALLS.kind) };
    this.#marking = this.#material(MARK, { transparent: true, depthWrite: false });
    const pick = this.#material(PICK);
    const backdrop = new SeenGeometry();
    backdrop.setIndex([0, 1, 2]);
    // What hides most first. The backdrop lies at the far plane, so it is drawn last, where nothing
    // else was: its shading is not for free.
    this.#walls = this.#sides.mesh(this.#colourings.author, 0);
    this.#outline = new Outline(this.#roster, this.#marking);
    this.#sky = part(backdrop, this.#material(SKY, { depthWrite: false }), 3);
    // The river's edges are soft: it comes after what it lies before. Beads lie before ribbons, the gate's light over all.
    const blended = { transparent: true };
    const river = [this.#ribbons.mesh(this.#material(RIBBONS, blended), 0.2), this.#beads.mesh(this.#material(BEADS, blended), 0.4)];
    river[0]!.onBeforeRender = (_, __, camera) => this.#measure(renderer, camera);
    const quad = new SeenGeometry();
    quad.setIndex([0, 1, 2, 2, 1, 3]);
    this.#gate = part(quad, this.#material(GATE, { transparent: true, depthWrite: false }), 0.6);
    this.#gate.visible = false;
    this.#flat = [this.#tops.mesh(this.#material(ROOFS), 1), this.#plates.mesh(this.#material(PLATES), 2)];
    const stand = [this.#walls, ...this.#flat, this.#outline.mesh, ...river, this.#gate];
    this.#standing.add(...stand);
    const picked = [this.#sides, this.#tops, this.#plates].map((faces) => faces.mesh(pick, 0));
    picked.push(this.#ribbons.mesh(this.#material(PICK_RIBBONS), 0), this.#beads.mesh(this.#material(PICK_BEADS), 0));
    for (const mesh of [...stand, this.#sky, ...picked]) mesh.matrixWorld = this.#worldFromScene;
    this.scene.add(this.#standing, this.#sky);
    this.pickScene.add(...picked);
    for (const scene of [this.scene, this.pickScene]) scene.matrixWorldAutoUpdate = false;
  }

  #material(source: { vertexShader: string; fragmentShader: string }, how: { transparent?: boolean; depthWrite?: boolean } = {}): RawShaderMaterial {
    return new RawShaderMaterial({
      ...source, ...how, uniforms: this.uniforms, glslVersion: GLSL3,
      side: DoubleSide, // the shader draws only faces towards the eye, in either winding
    });
  }

  /** How wide a pixel of a picture is at a distance of 1: nothing of the river is drawn thinner. */
  #measure(renderer: WebGLRenderer, camera: Camera): void {
    const { viewport } = camera as Camera & { viewport?: Vector4 };
    const height = viewport?.w ?? renderer.domElement.height; // of an eye of a headset, or of the window
    this.uniforms.pixelAngle.value = 2 / (camera.projectionMatrix.elements[5] * Math.max(height, 1));
  }

  /** Show where the playhead stands on the river. */
  #open(): void {
    const { playheadRank, playheadFraction, gatePlace, gateAcross } = this.uniforms;
    this.#gate.visible = this.#course?.at(playheadRank.value + playheadFraction.value, gatePlace.value, gateAcross.value) ?? false;
  }

  /** There is something to be drawn. */
  get inhabited(): boolean {
    return this.#roster.pages > 0;
  }

  /** Set `world_from_scene`; nothing else moves when a viewer does. */
  place(worldFromScene: Matrix4): void {
    this.#worldFromScene.copy(worldFromScene);
    this.#list();
    this.#outline.mark(this.uniforms.selectedNode.value, this.uniforms.hoveredNode.value);
    this.#open();
  }

  /** Let the eye be at a place, scene space: what is near is drawn first once it has gone far enough. */
  approach(eye: ReadonlyVector): void {
    const { x, y, z, w } = this.uniforms.sceneBounds.value;
    const far = REORDER * Math.max(z - x, w - y);
    const from = this.#arrangedFrom;
    const dx = eye[0] - from[0]!;
    const dz = eye[2] - from[2]!;
    if (dx * dx + dz * dz < far * far) return;
    const now = performance.now();
    if (now - this.#arrangedAt < REORDER_AFTER) return;
    this.#arrangedAt = now;
    from.set(eye);
    this.#roster.arrange(eye);
  }

  /** Whether sky and ground are drawn around it; over passthrough the room is there instead. */
  set backdrop(drawn: boolean) {
    this.#sky.visible = drawn;
    this.uniforms.haze.value = drawn ? 1 : 0;
  }

  /** Whether the buildings are drawn: not before somebody knows where. */
  set standing(drawn: boolean) {
    this.#standing.visible = drawn;
  }

  get standing(): boolean {
    return this.#standing.visible;
  }

  /** How large the city is: the air and the ground depend on it. */
  bound(box: readonly number[]): void {
    this.uniforms.sceneBounds.value.set(box[0]!, box[2]!, box[3]!, box[5]!);
  }

  /** The course of the river; undefined where the scene has none. */
  set course(course: Course | undefined) {
    this.#course = course;
    this.uniforms.roundness.value = course === undefined ? 0 : 1;
  }

  /** Whether it is round: a river, or one around a city. */
  get round(): boolean {
    return this.#course !== undefined;
  }

  /** Light these nodes up: what a commit changed. */
  light(nodes: readonly number[]): void {
    this.#outline.light(nodes);
  }

  /** Mark these nodes: what is changed and not committed. */
  work(nodes: readonly number[]): void {
    this.#outline.work(nodes);
  }

  /** Colours of people, 0xRRGGBB by person id. */
  paint(colours: Uint32Array): void {
    (this.uniforms.uPeople.value as DataTexture).dispose();
    this.uniforms.uPeople.value = peopleTexture(colours);
  }

  /** Colour floors by who, when or what. */
  colour(colouring: Colouring): void {
    this.uniforms.colouring.value = COLOURINGS.indexOf(colouring);
    this.#walls.material = this.#colourings[colouring];
  }

  /** Have the programs made of a city's first picture, and of `others`, while the server is asked for it. */
  begin(renderer: WebGLRenderer, camera: Camera, others: readonly Mesh[]): void {
    for (const mesh of [this.#walls, ...this.#flat, this.#sky, ...others]) renderer.compile(mesh, camera);
    // What they take is asked once all are on their way: an answer waits for whatever else the graphics card does.
    for (const program of renderer.info.programs ?? []) program.getUniforms();
  }

  /** Stand in another city's scene, in its light; the backdrop is that one's. */
  join(host: City): void {
    host.scene.add(this.#standing);
    this.uniforms.daylight = host.uniforms.daylight;
    this.uniforms.haze = host.uniforms.haze;
  }

  /** Leave the scene of the one that was joined, and the graphics card. */
  dispose(host: City): void {
    host.scene.remove(this.#standing);
    const materials = new Set([...Object.values(this.#colourings), this.#marking]);
    for (const held of [this.#standing, this.pickScene]) {
      for (const mesh of held.children) {
        if (!(mesh instanceof Mesh)) continue;
        (mesh as Mesh).geometry.dispose();
        materials.add(mesh.material as RawShaderMaterial);
      }
    }
    for (const material of materials) material.dispose();
    for (const pool of [this.tiles.spans, this.tiles.strata, this.#nodes, this.#pages, this.#before]) pool.dispose();
    (this.uniforms.uPeople.value as DataTexture).dispose();
    (this.uniforms.uCategories.value as DataTexture).dispose();
  }

  /** Have the programs ready of what may be asked for later, where that holds nothing up: the other colourings, and outlines. */
  async prepare(renderer: WebGLRenderer, camera: Camera): Promise<void> {
    if (!renderer.extensions.has("KHR_parallel_shader_compile")) return;
    const waiting = new Scene();
    waiting.add(...[...Object.values(this.#colourings), this.#marking].map((material) => part(this.#outline.mesh.geometry, material, 0)));
    await renderer.compileAsync(waiting, camera);
  }

  /** A tile has come: what it holds can be drawn from now on. */
  add(body: TileBody): void {
    const { id } = body.header;
    this.remove(id);
    const tile = this.tiles.add(body);
    this.#roster.add(tile, this.tiles.firstSpan(id), this.tiles.firstStratum(id));
    if (this.#settling.left > 0) this.#come(tile);
  }

  /** What is drawn of these tiles will be laid out anew by the tiles that come next: it goes there from where it stands. */
  leave(tiles: readonly Tile[]): void {
    this.#settling.leave(tiles, this.uniforms.playheadRank.value, this.#rows);
    this.uniforms.unsettled.value = this.#settling.left;
  }

  #come(tile: Tile): void {
    this.#settling.arrive(tile, (row) => this.#roster.rowOf(tile, row), this.#rows);
    this.#came = true;
  }

  /** Let what was laid out anew go on for `seconds` to where it belongs; true while it does. */
  settle(seconds: number, calm: boolean): boolean {
    if (this.#settling.left === 0) return false;
    if (this.#came) {
      this.#before.reserve(this.#settling.records.length / 4);
      this.#before.write(0, this.#settling.records);
      this.#came = false;
    }
    this.#settling.step(seconds, calm);
    this.uniforms.unsettled.value = this.#settling.left;
    return true;
  }

  remove(id: string): void {
    const tile = this.tiles.get(id);
    if (tile === undefined) return;
    this.#roster.remove(tile);
    this.tiles.remove(id);
  }

  /** Draw the nodes of these tiles, and only these. */
  show(ids: readonly string[]): void {
    this.#roster.show(ids.flatMap((id) => this.tiles.get(id) ?? []));
    this.#arrangedFrom.fill(Infinity);
    this.#arrangedAt = 0;
  }

  /** Apply a patch and draw what it changed; false when it does not follow what is here. */
  patch(patch: Patch): boolean {
    const changed = this.tiles.patch(patch);
    if (changed === undefined) return false;
    const tile = this.tiles.get(patch.tile);
    if (tile === undefined) return true;
    if (changed === "moved") this.#roster.rebase(tile, this.tiles.firstSpan(patch.tile), this.tiles.firstStratum(patch.tile));
    else this.#roster.update(tile, changed);
    this.#outline.stale();
    return true;
  }

  restore(): void {
    this.tiles.restore();
    this.#nodes.restore();
    this.#pages.restore();
    this.#before.restore();
  }

  #writePages(): void {
    this.#pages.write(0, this.#roster.table.subarray(0, this.#roster.pages));
  }

  /** Draw what is listed now. */
  #list(): void {
    if (this.#listed === this.#roster.version) return;
    this.#listed = this.#roster.version;
    this.#pages.reserve(Math.max(this.#roster.pages, 1));
    this.#writePages();
    const { plates, ribbons, before, rows } = this.#roster;
    this.#sides.draw(before, rows);
    this.#tops.draw(before, rows);
    this.#plates.draw(0, plates);
    this.#ribbons.draw(plates, plates + ribbons);
    this.#beads.draw(plates + ribbons, before);
    this.#outline.stale();
  }
}
