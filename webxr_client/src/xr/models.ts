/** What people see of their hands: the controllers they hold, or the fingers that are seen. One draw each. */
import { Group, Matrix4, Quaternion, Vector3 } from "three";
import { SIDES, type Hand, type Side } from "../input/hands.ts";
import * as spaces from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { Bone } from "./glb.ts";
import type { Mode, Moment, Part } from "./part.ts";
import { fetched, plain, type Shape } from "./shape.ts";

/** Controllers there are models of, by WebXR's names for their profiles. The build copies these. */
export const PROFILES = ["meta-quest-touch-plus", "meta-quest-touch-pro", "oculus-touch-v3"] as const;
const HAND = "generic-hand";
const PLAIN = "";

/** WebXR's joints, in its order. */
const FINGERS = ["index-finger", "middle-finger", "ring-finger", "pinky-finger"] as const;
const JOINT_NAMES = [
  "wrist", "thumb-metacarpal", "thumb-phalanx-proximal", "thumb-phalanx-distal", "thumb-tip",
  ...FINGERS.flatMap((finger) => ["metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip"]
    .map((joint) => `${finger}-${joint}`)),
];

/** What is not seen any more goes in so many seconds. */
const FADE_SECONDS = 0.2;
/** After so many milliseconds a model that did not come is asked for again. */
const AGAIN = 5000;

/** Where the gamepad says how far a part is moved: a button, or an axis from −1 to 1. */
const MOVED_BY: Readonly<Record<string, readonly ["button" | "axis", number]>> = {
  xr_standard_trigger: ["button", 0], xr_standard_squeeze: ["button", 1], xr_standard_thumbstick: ["button", 3],
  xr_standard_thumbstick_xaxis: ["axis", 2], xr_standard_thumbstick_yaxis: ["axis", 3],
  x_button: ["button", 4], a_button: ["button", 4], y_button: ["button", 5], b_button: ["button", 5],
  thumbrest: ["button", 6], menu: ["button", 7],
};

/** A model and what it takes to move it; nothing of it is made anew from frame to frame. */
interface Worn {
  readonly shape: Shape;
  /** Of each bone: the joint that it follows, in a hand. */
  readonly joints: readonly number[];
  /** model_from_bone; and what its skin goes by, model_from_model. */
  readonly placed: readonly Matrix4[];
  readonly skin: readonly Matrix4[];
  readonly parts: readonly (readonly ["button" | "axis", number] | undefined)[];
  /** How far each part was moved when they were made; none yet: −1. */
  readonly shares: Float32Array;
  opacity: number;
}

export class Models implements Part {
  readonly root = new Group();

  readonly #viewer: Viewer;
  /** What came, by side and name; null while it is on its way. */
  readonly #known: Readonly<Record<Side, Map<string, Worn | null>>> = { left: new Map(), right: new Map() };
  /** What is seen of either hand. */
  readonly #shown: [Worn | null, Worn | null] = [null, null];
  readonly #sources: [XRInputSource | null, XRInputSource | null] = [null, null];
  readonly #names: [string, string] = [PLAIN, PLAIN];
  #hole = false;
  readonly #room = new Matrix4();
  readonly #local = new Matrix4();
  readonly #position = new Vector3();
  readonly #orientation = new Quaternion();

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    this.root.matrixAutoUpdate = false;
  }

  begin(_session: XRSession, mode: Mode): void {
    this.#hole = mode === "ar";
    for (const side of SIDES) {
      for (const worn of this.#known[side].values()) {
        if (worn === null) continue;
        worn.shape.hole = this.#hole;
        hide(worn);
      }
    }
    this.#shown[0] = this.#shown[1] = null;
    this.#sources[0] = this.#sources[1] = null;
  }

  step(moment: Moment): void {
    for (let i = 0 as 0 | 1; i < 2; i++) {
      const hand = moment.hands.both[i];
      const wanted = hand.kind === "absent" || hand.kind === "gaze" ? null : this.#find(hand.side, this.#nameOf(i, hand));
      const before = this.#shown[i];
      if (wanted !== before) {
        if (before !== null) hide(before);
        this.#shown[i] = wanted;
      }
      if (wanted === null) continue;
      const step = moment.dt / FADE_SECONDS;
      wanted.opacity = hand.tracked ? 1 : Math.max(wanted.opacity - step, 0);
      wanted.shape.opacity = wanted.opacity;
      if (!hand.tracked) continue;
      if (hand.kind === "fingers") this.#bend(wanted, hand);
      else this.#hold(wanted, hand);
    }
  }

  /** What the hand is drawn as; found once for each source. */
  #nameOf(i: 0 | 1, hand: Hand): string {
    if (hand.kind === "fingers") return HAND;
    if (hand.source !== this.#sources[i]) {
      this.#sources[i] = hand.source;
      this.#names[i] = hand.source?.profiles.find((profile) => PROFILES.some((known) => known === profile)) ?? PLAIN;
    }
    return this.#names[i];
  }

  #find(side: Side, name: string): Worn | null {
    const known = this.#known[side];
    const found = known.get(name);
    if (found !== undefined) return found;
    known.set(name, null);
    const daylight = this.#viewer.city.uniforms.daylight;
    if (name === PLAIN) this.#add(side, name, plain(daylight));
    else {
      fetched(`${import.meta.env.BASE_URL}models/${name}/${side}.glb`, daylight).then(
        (shape) => this.#add(side, name, shape),
        // The line is down, perhaps: without a model all else still works.
        () => setTimeout(() => known.delete(name), AGAIN));
    }
    return known.get(name) ?? null;
  }

  #add(side: Side, name: string, shape: Shape): void {
    shape.hole = this.#hole;
    this.root.add(shape.mesh);
    this.#known[side].set(name, {
      shape, opacity: 0, joints: shape.bones.map((bone) => JOINT_NAMES.indexOf(bone.name)),
      placed: shape.bones.map(() => new Matrix4()), skin: shape.bones.map(() => new Matrix4()),
      parts: shape.bones.map((bone) => MOVED_BY[bone.name]), shares: new Float32Array(shape.bones.length).fill(-1),
    });
  }

  /** Bring a hand's bones to where its joints are. */
  #bend({ shape, joints }: Worn, hand: Hand): void {
    for (let bone = 0; bone < joints.length; bone++) {
      this.#room.fromArray(hand.joints, Math.max(joints[bone]!, 0) * 16).multiply(shape.bones[bone]!.inverse);
      this.#room.toArray(shape.matrices, bone * 16);
    }
  }

  /** Bring a controller to where it is held, and its parts to where fingers have moved them. */
  #hold(worn: Worn, hand: Hand): void {
    const { shape, skin, parts, shares } = worn;
    const gamepad = hand.source?.gamepad;
    let still = true;
    for (let i = 0; i < parts.length; i++) {
      const share = Math.fround(parts[i] === undefined ? 0 : moved(parts[i]!, gamepad));
      still &&= share === shares[i];
      shares[i] = share;
    }
    if (!still) this.#move(worn);
    spaces.matrix(hand.grip, this.#room.elements);
    for (let i = 0; i < skin.length; i++) {
      this.#local.multiplyMatrices(this.#room, skin[i]!).toArray(shape.matrices, i * 16);
    }
  }

  #move({ shape, placed, skin, parts, shares }: Worn): void {
    for (let i = 0; i < placed.length; i++) {
      const bone = shape.bones[i]!;
      if (parts[i] === undefined) this.#local.compose(bone.rest.position, bone.rest.orientation, ONE);
      else this.#between(bone, shares[i]!);
      placed[i]!.multiplyMatrices(bone.before, this.#local);
      if (bone.parent >= 0) placed[i]!.premultiply(placed[bone.parent]!);
      skin[i]!.multiplyMatrices(placed[i]!, bone.inverse);
    }
  }

  #between({ least, most }: Bone, share: number): void {
    this.#position.lerpVectors(least.position, most.position, share);
    this.#orientation.slerpQuaternions(least.orientation, most.orientation, share);
    this.#local.compose(this.#position, this.#orientation, ONE);
  }
}

const ONE = new Vector3(1, 1, 1);

function hide(worn: Worn): void {
  worn.opacity = 0;
  worn.shape.opacity = 0;
}

/** How far a part is moved, 0 … 1. */
function moved([what, index]: readonly ["button" | "axis", number], gamepad: Gamepad | null | undefined): number {
  if (what === "button") return gamepad?.buttons[index]?.value ?? 0;
  return ((gamepad?.axes[index] ?? 0) + 1) / 2;
}
