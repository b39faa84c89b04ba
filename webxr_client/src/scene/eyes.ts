/**
 * Whose eyes see a picture: one, or both of a headset in one pass.
 *
 * A headset's picture has both eyes' parts side by side. Everything is drawn once for both, every second
 * instance into the right one's part, cut off where that begins (`shaders/preamble.es.glsl`): half the calls,
 * and what a call costs is most of what a frame costs.
 */
import {
  BufferGeometry, Matrix4, PerspectiveCamera, Vector4, type ArrayCamera, type Camera, type Scene, type WebGLRenderer,
  type WebXRArrayCamera,
} from "three";

/** Numbers of an eye: three matrices. */
const EYE = 48;
const VIEW = 0, PROJECTION = 16, PLACE = 32, PART = 36, EYES_SEEN = 44;
const CLIP_DISTANCE = 0x3000;

/** What the block `Eyes` of every program holds. */
const numbers = new Float32Array(2 * EYE);
numbers[EYES_SEEN] = 1;
/** Where the graphics card has it. */
let block: WebGLBuffer | null = null;

let worn = 2;

/** How many eyes are drawn for at once in a headset: as in its last frame, or as most can before any. */
export function eyesWorn(): number {
  return worn;
}

/** What is drawn for as many eyes as see the picture. */
export class SeenGeometry extends BufferGeometry {
  readonly isInstancedBufferGeometry = true;

  get instanceCount(): number {
    return numbers[EYES_SEEN]!;
  }
}

type WornCamera = PerspectiveCamera & { viewport: Vector4 };

export class Eyes {
  /** In the place of both eyes' cameras; three.js must not take it for one of them. */
  readonly #wide = Object.assign(new PerspectiveCamera(), { viewport: new Vector4() });
  readonly #inverse = new Matrix4();
  readonly #cameras: WornCamera[] = [];
  #cuts: boolean | undefined;

  /** See through a camera of a window, whose matrices are up to date. */
  static look(renderer: WebGLRenderer, camera: Camera): void {
    numbers[EYES_SEEN] = 1;
    see(0, camera.matrixWorldInverse, camera.projectionMatrix, camera.matrixWorld);
    part(0, 1, 0);
    tell(renderer);
  }

  /** The graphics card was taken away and is back: it knows nothing any more. */
  static restore(): void {
    block = null;
  }

  /** Draw `scene` for whoever looks: through `camera`, or through the eyes of a headset that is worn. */
  render(renderer: WebGLRenderer, scene: Scene, camera: PerspectiveCamera): void {
    const { xr } = renderer;
    if (!xr.isPresenting) {
      Eyes.look(renderer, camera);
      renderer.render(scene, camera);
      return;
    }
    const array: WebXRArrayCamera | ArrayCamera = xr.getCamera();
    const cameras = this.#cameras;
    cameras.length = 0;
    for (const eye of array.cameras) cameras.push(eye as WornCamera);
    const { autoClear } = renderer;
    worn = this.#together(renderer, cameras) ? 2 : 1;
    if (worn === 2) {
      this.#both(cameras[0]!, cameras[1]!);
      only(array, this.#wide);
      tell(renderer);
      const gl = renderer.getContext();
      gl.enable(CLIP_DISTANCE);
      renderer.render(scene, camera);
      gl.disable(CLIP_DISTANCE);
    } else {
      numbers[EYES_SEEN] = 1;
      part(0, 1, 0);
      for (const eye of cameras) {
        see(0, this.#inverse.copy(eye.matrix).invert(), eye.projectionMatrix, eye.matrix);
        tell(renderer);
        only(array, eye);
        renderer.render(scene, camera);
        renderer.autoClear = false; // it would clear what the first eye sees
      }
    }
    renderer.autoClear = autoClear;
    // As three.js left it: of its next frame it knows whether it must make them anew.
    array.cameras.length = 0;
    for (const eye of cameras) array.cameras.push(eye);
  }

  /** Whether both can be drawn at once: two beside each other, and what cuts off at the border. */
  #together(renderer: WebGLRenderer, cameras: readonly WornCamera[]): boolean {
    this.#cuts ??= renderer.extensions.has("WEBGL_clip_cull_distance");
    if (!this.#cuts || cameras.length !== 2 || renderer.xr.hasDepthSensing()) return false;
    const [left, right] = [cameras[0]!.viewport, cameras[1]!.viewport];
    return left.y === right.y && left.w === right.w && left.z === right.z && left.x + left.z === right.x;
  }

  #both(left: WornCamera, right: WornCamera): void {
    const wide = this.#wide;
    const { x, y, z, w } = left.viewport;
    wide.viewport.set(x, y, 2 * z, w);
    wide.matrix.copy(left.matrix);
    wide.projectionMatrix.copy(left.projectionMatrix);
    wide.projectionMatrixInverse.copy(left.projectionMatrixInverse);
    numbers[EYES_SEEN] = 2;
    see(0, this.#inverse.copy(left.matrix).invert(), left.projectionMatrix, left.matrix);
    part(0, 0.5, -0.5);
    see(EYE, this.#inverse.copy(right.matrix).invert(), right.projectionMatrix, right.matrix);
    part(EYE, 0.5, 0.5);
  }
}

/** Let every program know: one call, whatever is drawn. */
function tell(renderer: WebGLRenderer): void {
  const gl = renderer.getContext() as WebGL2RenderingContext;
  const fresh = block === null;
  gl.bindBufferBase(gl.UNIFORM_BUFFER, 0, block ??= gl.createBuffer());
  if (fresh) gl.bufferData(gl.UNIFORM_BUFFER, numbers, gl.DYNAMIC_DRAW);
  else gl.bufferSubData(gl.UNIFORM_BUFFER, 0, numbers);
}

function only(array: { cameras: unknown[] }, camera: PerspectiveCamera): void {
  array.cameras.length = 1;
  array.cameras[0] = camera;
}

function see(at: number, view: Matrix4, projection: Matrix4, place: Matrix4): void {
  numbers.set(view.elements, at + VIEW);
  numbers.set(projection.elements, at + PROJECTION);
  for (let i = 0; i < 3; i++) numbers[at + PLACE + i] = place.elements[12 + i]!;
}

/** Which part of the picture's width is an eye's: its scale, and the offset of its middle (−1 … 1). */
function part(at: number, scale: number, offset: number): void {
  numbers[at + PART] = scale;
  numbers[at + PART + 1] = offset;
}
