/**
 * Two hands, whatever holds them: a controller, or fingers that are seen.
 *
 * Read once a frame from WebXR's input sources into the same two records, so that nothing behind
 * this knows which it is; what one has and the other has not is `kind`. Poses are in the room's
 * space (`world`, see CONVENTIONS.md). Nothing is allocated from frame to frame.
 */
import * as spaces from "../spaces.ts";
import type { Pose, Vector } from "../spaces.ts";

export const SIDES = ["left", "right"] as const;
export type Side = (typeof SIDES)[number];

/** WebXR's joints of a hand, in its order. */
export const JOINTS = 25;

export interface Button {
  /** 0 … 1. */
  value: number;
  pressed: boolean;
  /** It went down, or up, in this frame. */
  began: boolean;
  ended: boolean;
}

export interface Hand {
  readonly side: Side;
  kind: "absent" | "controller" | "fingers";
  source: XRInputSource | null;
  /** Whether it is seen now; poses of one that is not are where it was seen last. */
  tracked: boolean;
  /** From where it points, along −Z. */
  readonly aim: Pose;
  /** Where it holds things: the controller's grip, or between thumb and index. */
  readonly grip: Pose;
  readonly select: Button;
  readonly squeeze: Button;
  /** Right and down, −1 … 1. */
  readonly stick: [number, number];
  readonly stickPress: Button;
  /** A or X, and B or Y. */
  readonly primary: Button;
  readonly secondary: Button;
  /** 4×4 a joint, column after column, and their radii; of fingers that are tracked. */
  readonly joints: Float32Array;
  readonly radii: Float32Array;
  /** Which part has this hand while a press lasts; "" when it is free. */
  owner: string;
}

const newButton = (): Button => ({ value: 0, pressed: false, began: false, ended: false });

const newHand = (side: Side): Hand => ({
  side,
  kind: "absent",
  source: null,
  tracked: false,
  aim: spaces.newPose(),
  grip: spaces.newPose(),
  select: newButton(),
  squeeze: newButton(),
  stick: [0, 0],
  stickPress: newButton(),
  primary: newButton(),
  secondary: newButton(),
  joints: new Float32Array(JOINTS * 16),
  radii: new Float32Array(JOINTS),
  owner: "",
});

/** Places in the gamepads of the `xr-standard` mapping. */
const TRIGGER = 0;
const SQUEEZE = 1;
const STICK = 3;
const PRIMARY = 4;
const SECONDARY = 5;
const STICK_X = 2;
const STICK_Y = 3;

const THUMB_TIP = 4;
const INDEX_TIP = 9;
/** From here on an analogue button counts as pressed, and down to there it stays so. */
const PRESS = 0.6;
const RELEASE = 0.4;

export class Hands {
  readonly left = newHand("left");
  readonly right = newHand("right");
  readonly both: readonly [Hand, Hand] = [this.left, this.right];

  #joints: XRJointSpace[][] = [[], []];

  /** Read everything that is held in this frame; poses in `space`. */
  read(frame: XRFrame, space: XRReferenceSpace, sources: Iterable<XRInputSource>): void {
    let left: XRInputSource | null = null;
    let right: XRInputSource | null = null;
    for (const source of sources) {
      if (source.targetRayMode !== "tracked-pointer") continue;
      if (source.handedness === "left") left = source;
      else right ??= source;
    }
    this.#readOne(this.left, left, frame, space);
    this.#readOne(this.right, right, frame, space);
  }

  /** Let go of everything: the session ended or is hidden. */
  release(): void {
    for (const hand of this.both) {
      hand.kind = "absent";
      hand.source = null;
      hand.tracked = false;
      idle(hand);
    }
  }

  #readOne(hand: Hand, source: XRInputSource | null, frame: XRFrame, space: XRReferenceSpace): void {
    if (hand.source !== source) {
      hand.source = source;
      this.#joints[hand.side === "left" ? 0 : 1] = source?.hand ? [...source.hand.values()] : [];
    }
    if (source === null) {
      hand.kind = "absent";
      hand.tracked = false;
      idle(hand);
      return;
    }
    hand.kind = source.hand ? "fingers" : "controller";
    const aimed = take(frame.getPose(source.targetRaySpace, space), hand.aim);
    if (source.hand) {
      hand.tracked = this.#readJoints(hand, frame, space) && aimed;
    } else {
      hand.tracked = aimed;
      if (source.gripSpace) take(frame.getPose(source.gripSpace, space), hand.grip);
    }
    const buttons = source.gamepad?.buttons ?? [];
    const axes = source.gamepad?.axes ?? [];
    press(hand.select, buttons[TRIGGER]?.value ?? 0);
    press(hand.squeeze, source.hand ? 0 : (buttons[SQUEEZE]?.value ?? 0));
    press(hand.stickPress, buttons[STICK]?.value ?? 0);
    press(hand.primary, buttons[PRIMARY]?.value ?? 0);
    press(hand.secondary, buttons[SECONDARY]?.value ?? 0);
    hand.stick[0] = axes[STICK_X] ?? 0;
    hand.stick[1] = axes[STICK_Y] ?? 0;
  }

  #readJoints(hand: Hand, frame: XRFrame, space: XRReferenceSpace): boolean {
    const spacesOfJoints = this.#joints[hand.side === "left" ? 0 : 1]!;
    if (spacesOfJoints.length < JOINTS || !frame.fillPoses || !frame.fillJointRadii) return false;
    if (!frame.fillPoses(spacesOfJoints, space, hand.joints)) return false;
    frame.fillJointRadii(spacesOfJoints, hand.radii);
    const { joints, grip } = hand;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      grip.position[i] = (joints[THUMB_TIP * 16 + 12 + i]! + joints[INDEX_TIP * 16 + 12 + i]!) / 2;
    }
    spaces.copyQuaternion(hand.aim.orientation, grip.orientation);
    return true;
  }
}

/** Nothing is pressed any more; what was, ends. */
function idle(hand: Hand): void {
  press(hand.select, 0);
  press(hand.squeeze, 0);
  press(hand.stickPress, 0);
  press(hand.primary, 0);
  press(hand.secondary, 0);
  hand.stick[0] = hand.stick[1] = 0;
}

function press(button: Button, value: number): void {
  const pressed = value >= (button.pressed ? RELEASE : PRESS);
  button.began = pressed && !button.pressed;
  button.ended = !pressed && button.pressed;
  button.pressed = pressed;
  button.value = value;
}

/** Take over a pose that is known; false where it is not. */
function take(pose: XRPose | undefined, out: Pose): boolean {
  if (pose === undefined) return false;
  const { position: p, orientation: q } = pose.transform;
  spaces.setVector(out.position, p.x, p.y, p.z);
  spaces.setQuaternion(out.orientation, q.x, q.y, q.z, q.w);
  return true;
}

/** A point in front of a hand, `distance` metres along its aim. */
export function ahead(hand: Hand, distance: number, out: Vector): Vector {
  spaces.setVector(out, 0, 0, -distance);
  return spaces.apply(hand.aim, out, out);
}
