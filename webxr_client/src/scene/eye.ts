/** The eye: at a desktop it stands still in its world, in a headset it is where the head is; the scene's pose says what it sees. */
import { Matrix4, PerspectiveCamera } from "three";
import * as locomotion from "../navigation/locomotion.ts";
import * as spaces from "../spaces.ts";
import type { ReadonlyPose, Vector } from "../spaces.ts";

const { DESKTOP_EYE, DESKTOP_FIELD_OF_VIEW } = spaces;
const STRAIGHT: spaces.ReadonlyQuaternion = [0, 0, 0, 1];

/** In a room: nearer than hands and panels come, and beyond where rays reach; metres. */
const NEAR = 0.08;
const FAR = 30;

export class Eye {
  readonly camera = new PerspectiveCamera();
  readonly worldFromScene = new Matrix4();
  readonly clipFromScene = new Matrix4();
  /** The picture in CSS pixels: asking the canvas every frame would have the page laid out every frame. */
  width = 1;
  height = 1;
  /** What panels cover along its edges. */
  readonly margins = { top: 0, bottom: 0, left: 0, right: 0 };

  /** It is a head in a room, with hands and panels near it. */
  inRoom = false;
  /** Where it is in its world. */
  readonly position: Vector = [...DESKTOP_EYE];

  readonly #at: Vector = [0, 0, 0];
  readonly #depths: [number, number] = [0, 0];

  constructor() {
    this.sit();
  }

  /** Be at a desktop again. */
  sit(): void {
    spaces.setVector(this.position, ...DESKTOP_EYE);
    this.camera.position.fromArray(this.position);
    this.camera.quaternion.identity();
    this.camera.updateMatrixWorld();
  }

  get aspect(): number {
    return this.width / this.height;
  }

  /** Vertical, radians. Upright pictures keep the width of a square one in view. */
  get fieldOfView(): number {
    return this.aspect >= 1 ? DESKTOP_FIELD_OF_VIEW
      : 2 * Math.atan(Math.tan(DESKTOP_FIELD_OF_VIEW / 2) / Math.max(this.aspect, 0.5));
  }

  /** CSS pixels in a radian at the picture's middle. */
  get focal(): number {
    return this.height / (2 * Math.tan(this.fieldOfView / 2));
  }

  /** Where the eye is in scene space. */
  inScene(pose: ReadonlyPose): Vector {
    return spaces.applyInverse(pose, this.position, this.#at);
  }

  /** Unit direction in the world through a place in the picture (CSS pixels from its left and top). */
  ray(x: number, y: number, out: Vector): Vector {
    const right = x / this.width * 2 - 1;
    const up = 1 - y / this.height * 2;
    return spaces.rayThrough(right, up, this.fieldOfView, this.aspect, STRAIGHT, out);
  }

  /** Bring camera and matrices to a pose of the scene, whose things lie in `box`. */
  place(pose: ReadonlyPose, box: locomotion.Box): void {
    const { camera } = this;
    const [near, far] = locomotion.depthRange(pose, box, this.position, this.#depths);
    if (this.inRoom) this.#see(NEAR, 2 ** Math.ceil(Math.log2(Math.max(far, FAR))));
    else this.#see(Math.max(near, 1e-4), Math.max(far, 2 * Math.max(near, 1e-4)));
    spaces.matrix(pose, this.worldFromScene.elements);
    this.clipFromScene.multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse).multiply(this.worldFromScene);
  }

  /** Depths and field of view, where they are others: in a room steps of depth, as the session is told of each. */
  #see(near: number, far: number): void {
    const { camera, aspect } = this;
    const fov = this.fieldOfView * 180 / Math.PI;
    if (camera.near === near && camera.far === far && camera.aspect === aspect && camera.fov === fov) return;
    camera.near = near;
    camera.far = far;
    camera.aspect = aspect;
    camera.fov = fov;
    camera.updateProjectionMatrix();
  }

  /** The pose from which all of `box`, whose corners are empty where it is `round`, is seen between the panels, facing about as `start` does. */
  home(start: ReadonlyPose, box: locomotion.Box, round: boolean, out: spaces.Pose): void {
    const [minX = 0, minY = 0, minZ = 0, maxX = 0, , maxZ = 0] = box;
    const { top, bottom, left, right } = this.margins;
    const wide = Math.max(this.width - left - right, this.width / 3);
    const tall = Math.max(this.height - top - bottom, this.height / 3);
    spaces.copyPose(start, out);
    // In an upright window the longer side goes away from the eye.
    if (wide < tall && maxX - minX > maxZ - minZ) {
      spaces.multiply(out.orientation, spaces.about([0, 1, 0], -Math.PI / 2), out.orientation);
    }
    // As if the picture were what lies between the panels …
    const perPixel = 1 / this.focal;
    locomotion.overview(out, box, 2 * Math.atan(perPixel * tall / 2), wide / tall, round, out);
    // … then moved by as much as that is off the window's middle.
    const { eye, yaw, pitch, scale } = locomotion.gazeOf(out);
    const metres = perPixel * (eye[1] - minY) / Math.sin(-pitch);
    const shift = spaces.rotate(spaces.yawPitch(yaw, pitch), [(right - left) / 2 * metres, (top - bottom) / 2 * metres, 0]);
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) eye[i] += shift[i];
    locomotion.poseOf({ eye, yaw, pitch, scale }, out);
  }
}
