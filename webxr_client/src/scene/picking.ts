/** What is under the pointer: one pixel of the city drawn as ids, read back without waiting for it. */
import {
  NearestFilter, PerspectiveCamera, RGIntegerFormat, UnsignedIntType, WebGLRenderTarget, type Scene, type WebGLRenderer,
} from "three";
import { Eyes } from "./eyes.ts";

/** `node` −1: nothing; `floor` −1: a district, which has none. */
export interface Picked {
  node: number;
  floor: number;
}

const NO_FLOOR = 0xffffffff;

export class Picking {
  readonly picked: Picked = { node: -1, floor: -1 };

  readonly #renderer: WebGLRenderer;
  readonly #scene: Scene;
  readonly #camera = new PerspectiveCamera();
  readonly #answer = new Uint32Array(4);
  #target = target();
  #buffer: WebGLBuffer | null = null;
  #fence: WebGLSync | null = null;
  #waiting: ((picked: Picked) => void)[] = [];
  #asked: ((picked: Picked) => void)[] = [];

  constructor(renderer: WebGLRenderer, scene: Scene) {
    this.#renderer = renderer;
    this.#scene = scene;
  }

  /** A question is under way: what it finds comes by `poll` in a later frame. */
  get busy(): boolean {
    return this.#fence !== null;
  }

  /**
   * Draw the pixel (x, y) of the `camera`'s picture of `width` × `height` (pixels, y down).
   *
   * Nothing happens while an earlier question is under way.
   */
  ask(camera: PerspectiveCamera, x: number, y: number, width: number, height: number): void {
    if (this.#fence !== null) return;
    const renderer = this.#renderer;
    const gl = renderer.getContext() as WebGL2RenderingContext;
    const mine = this.#camera;
    mine.copy(camera, false);
    mine.setViewOffset(width, height, Math.floor(x), Math.floor(y), 1, 1);
    mine.updateProjectionMatrix();

    const before = renderer.getRenderTarget();
    renderer.setRenderTarget(this.#target);
    renderer.state.buffers.color.setMask(true);
    renderer.state.buffers.depth.setMask(true); // clearing obeys it
    gl.clearBufferuiv(gl.COLOR, 0, NOTHING);
    gl.clearBufferfv(gl.DEPTH, 0, FAR);
    const { autoClear } = renderer;
    renderer.autoClear = false;
    mine.updateMatrixWorld();
    Eyes.look(renderer, mine);
    renderer.render(this.#scene, mine);
    renderer.autoClear = autoClear;

    // One for each question: Chromium keeps a copy of what was read only for a buffer written once.
    this.#buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.#buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, 16, gl.STREAM_READ);
    gl.readPixels(0, 0, 1, 1, gl.RGBA_INTEGER, gl.UNSIGNED_INT, 0);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    this.#fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    renderer.setRenderTarget(before);
    [this.#waiting, this.#asked] = [this.#asked, this.#waiting];
  }

  /** Be told what the next `ask` finds. */
  next(told: (picked: Picked) => void): void {
    this.#asked.push(told);
  }

  /** True when the answer arrived with this call; it is in `picked`. */
  poll(): boolean {
    if (this.#fence === null) return false;
    const gl = this.#renderer.getContext() as WebGL2RenderingContext;
    const status = gl.clientWaitSync(this.#fence, 0, 0);
    if (status === gl.TIMEOUT_EXPIRED) return false;
    gl.deleteSync(this.#fence);
    this.#fence = null;
    if (status === gl.WAIT_FAILED) return false;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.#buffer);
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, this.#answer);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    gl.deleteBuffer(this.#buffer);
    this.#buffer = null;
    const [node = 0, floor = 0] = this.#answer;
    this.picked.node = node - 1;
    this.picked.floor = node === 0 || floor === NO_FLOOR ? -1 : floor;
    for (const told of this.#waiting) told(this.picked);
    this.#waiting.length = 0;
    return true;
  }

  /** The context was lost: what was asked will never be answered. */
  restore(): void {
    this.#fence = null;
    this.#buffer = null;
    this.#asked.push(...this.#waiting);
    this.#waiting.length = 0;
    this.#target = target();
  }
}

const NOTHING = new Uint32Array(4);
const FAR = new Float32Array([1]);

function target(): WebGLRenderTarget {
  return new WebGLRenderTarget(1, 1, {
    format: RGIntegerFormat, type: UnsignedIntType, internalFormat: "RG32UI",
    minFilter: NearestFilter, magFilter: NearestFilter, generateMipmaps: false,
  });
}
