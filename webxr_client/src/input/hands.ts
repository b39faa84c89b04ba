/**
 * Two hands, whatever holds them: a controller, fingers that are seen, or eyes that aim for a pinch.
 *
 * Read once a frame from WebXR's input sources into the same two records, so that nothing behind
 * this knows which it is; what one has and the other has not is `kind`. Poses are in the room's
 * space (`world`, see CONVENTIONS.md). Nothing is allocated from frame to frame.
 */
import { newPinch, pinched, PRESS, RELEASE, type Pinch } from "../navigation/hands.ts";
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
  kind: "absent" | "controller" | "fingers" | "gaze";
  source: XRInputSource | null;
  /** Whether it is seen now; poses of one that is not are where it was seen last. */
  tracked: boolean;
  /** From where it points, along −Z. */
  readonly aim: Pose;
  /** Where it holds things: the controller's grip, or between thumb and index. */
  readonly grip: Pose;
  /** Where it holds the world: what moves least while fingers open. */
  readonly anchor: Vector;
  /** Metres that it has gone from where its press began, at most. */
  travel: number;
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
  /** Who has this hand while a press lasts; "" when it is free. */
  owner: Owner;
}

/** Parts by what they take hold of. */
export type Owner = "" | "placement" | "panel" | "thing" | "world";

const newButton = (): Button => ({ value: 0, pressed: false, began: false, ended: false });

const newHand = (side: Side): Hand => ({
  side,
  kind: "absent",
  source: null,
  tracked: false,
  aim: spaces.newPose(),
  grip: spaces.newPose(),
  anchor: [0, 0, 0],
  travel: 0,
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
/** The index finger's knuckle: it stays where it is when a pinch opens. */
const KNUCKLE = 6;
const INDEX_TIP = 9;
/** Thumb and index are together, and apart; metres between their tips. */
const TOGETHER = 0.012;
const APART = 0.045;
/** A hand that is lost from sight keeps what it presses for so many seconds. */
export const LOST_SECONDS = 0.6;

/** What is behind a hand; nobody else need know. */
interface Held {
  joints: XRJointSpace[];
  readonly pinch: Pinch;
  /** Seconds since it was seen. */
  lost: number;
  /** Where its press began. */
  readonly from: Vector;
}

const newHeld = (): Held => ({ joints: [], pinch: newPinch(), lost: 0, from: [0, 0, 0] });

export class Hands {
  readonly left = newHand("left");
  readonly right = newHand("right");
  readonly both: readonly [Hand, Hand] = [this.left, this.right];

  readonly #held: readonly [Held, Held] = [newHeld(), newHeld()];
  /** Sources that were pressed, and of those the ones that were let go of. */
  readonly #down = new WeakSet<XRInputSource>();
  readonly #up = new WeakSet<XRInputSource>();
  /** A pinch here is told as one that eyes aim: what fingers do besides is no other one. */
  #eyes = false;

  /** Read everything that is held in this frame, `seconds` after the one before; poses in `space`. */
  read(frame: XRFrame, space: XRReferenceSpace, sources: Iterable<XRInputSource>, seconds: number): void {
    let left: XRInputSource | null = null;
    let right: XRInputSource | null = null;
    let leftGaze: XRInputSource | null = null;
    let rightGaze: XRInputSource | null = null;
    let gaze: XRInputSource | null = null;
    for (const source of sources) {
      if (source.targetRayMode === "transient-pointer") {
        this.#eyes = true;
        if (source.handedness === "left") leftGaze = source;
        else rightGaze ??= source;
      } else if (source.targetRayMode === "gaze") {
        gaze ??= source;
      } else if (source.targetRayMode === "tracked-pointer") {
        if (source.handedness === "left") left = source;
        else right ??= source;
      }
    }
    // A gaze that is always there points only where nothing else does.
    if (left === null && right === null && leftGaze === null) rightGaze ??= gaze;
    this.#readOne(this.left, this.#held[0], left, leftGaze, frame, space, seconds);
    this.#readOne(this.right, this.#held[1], right, rightGaze, frame, space, seconds);
  }

  /** A source without buttons was pressed, or let go of: the session's `selectstart` and `selectend`. */
  select(source: XRInputSource, down: boolean): void {
    (down ? this.#down : this.#up).add(source);
  }

  /** Let go of everything: the session ended, is hidden, or its system's menu has the hands. */
  release(): void {
    for (let i = 0; i < 2; i++) leave(this.both[i]!, this.#held[i]!);
  }

  #readOne(
    hand: Hand, held: Held, source: XRInputSource | null, gaze: XRInputSource | null, frame: XRFrame,
    space: XRReferenceSpace, seconds: number,
  ): void {
    if (source === null && (gaze !== null || hand.kind === "gaze")) {
      this.#look(hand, held, gaze, frame, space);
      return;
    }
    if (source === null) {
      // Gone for a moment, or for good: until that is known, what it presses stays pressed.
      hand.tracked = false;
      if (hand.kind === "absent" || this.#wait(held, seconds)) leave(hand, held);
      else rest(hand);
      return;
    }
    const kind = source.hand ? "fingers" : "controller";
    if (hand.source !== source) {
      // Another device takes nothing over from the one before: that lets go first.
      if (hand.kind !== kind && hand.kind !== "absent") {
        leave(hand, held);
        return;
      }
      hand.source = source;
      held.joints = source.hand ? [...source.hand.values()] : [];
    }
    hand.kind = kind;
    const aimed = take(frame.getPose(source.targetRaySpace, space), hand.aim);
    if (source.hand) {
      hand.tracked = this.#readJoints(hand, held.joints, frame, space) && aimed;
    } else {
      hand.tracked = source.gripSpace ? take(frame.getPose(source.gripSpace, space), hand.grip) && aimed : aimed;
      copyVector(hand.grip.position, hand.anchor);
    }
    const buttons = source.gamepad?.buttons ?? [];
    const axes = source.gamepad?.axes ?? [];
    if (kind === "controller") {
      held.lost = 0;
      press(hand.select, buttons[TRIGGER]?.value ?? 0);
      press(hand.squeeze, buttons[SQUEEZE]?.value ?? 0);
    } else if (this.#eyes) {
      if (gaze !== null) take(frame.getPose(gaze.targetRaySpace, space), hand.aim);
      const pressed = gaze !== null && this.#pressed(gaze);
      become(hand.select, pressed, Number(pressed));
      become(hand.squeeze, false, 0);
    } else if (hand.tracked) {
      held.lost = 0;
      const value = buttons[TRIGGER]?.value ?? closed(hand.joints);
      become(hand.select, pinched(held.pinch, value, seconds, held.pinch).pressed, value);
      become(hand.squeeze, false, 0);
    } else if (this.#wait(held, seconds)) {
      idle(hand, held);
    } else {
      rest(hand);
    }
    press(hand.stickPress, buttons[STICK]?.value ?? 0);
    press(hand.primary, buttons[PRIMARY]?.value ?? 0);
    press(hand.secondary, buttons[SECONDARY]?.value ?? 0);
    hand.stick[0] = axes[STICK_X] ?? 0;
    hand.stick[1] = axes[STICK_Y] ?? 0;
    follow(hand, held);
  }

  /** Eyes aim, and a pinch says when: there is nothing but that, and only while it lasts. */
  #look(hand: Hand, held: Held, gaze: XRInputSource | null, frame: XRFrame, space: XRReferenceSpace): void {
    if (gaze === null || (hand.kind !== "gaze" && hand.kind !== "absent")) {
      leave(hand, held);
      return;
    }
    hand.kind = "gaze";
    hand.source = gaze;
    hand.tracked = take(frame.getPose(gaze.targetRaySpace, space), hand.aim);
    if (!gaze.gripSpace || !take(frame.getPose(gaze.gripSpace, space), hand.grip)) spaces.copyPose(hand.aim, hand.grip);
    copyVector(hand.grip.position, hand.anchor);
    const pressed = this.#pressed(gaze);
    become(hand.select, pressed, Number(pressed));
    follow(hand, held);
  }

  /** Whether a source is pressed; one that was let go of before it was looked at still was for a frame. */
  #pressed(source: XRInputSource): boolean {
    const down = this.#down.has(source);
    if (this.#up.delete(source)) this.#down.delete(source);
    return down;
  }

  /** Count how long a hand has not been seen; true where that is too long. */
  #wait(held: Held, seconds: number): boolean {
    held.lost += seconds;
    return held.lost > LOST_SECONDS;
  }

  #readJoints(hand: Hand, spacesOfJoints: XRJointSpace[], frame: XRFrame, space: XRReferenceSpace): boolean {
    if (spacesOfJoints.length < JOINTS || !frame.fillPoses || !frame.fillJointRadii) return false;
    if (!frame.fillPoses(spacesOfJoints, space, hand.joints)) return false;
    frame.fillJointRadii(spacesOfJoints, hand.radii);
    const { joints, grip, anchor } = hand;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      grip.position[i] = (joints[THUMB_TIP * 16 + 12 + i]! + joints[INDEX_TIP * 16 + 12 + i]!) / 2;
      anchor[i] = joints[KNUCKLE * 16 + 12 + i]!;
    }
    spaces.copyQuaternion(hand.aim.orientation, grip.orientation);
    return true;
  }
}

/** How far thumb and index are closed, where no device says it; 0 … 1. */
function closed(joints: Float32Array): number {
  let sum = 0;
  for (let i = 12; i < 15; i++) sum += (joints[THUMB_TIP * 16 + i]! - joints[INDEX_TIP * 16 + i]!) ** 2;
  return Math.min(Math.max((APART - Math.sqrt(sum)) / (APART - TOGETHER), 0), 1);
}

/** How far it has gone since its press began. */
function follow(hand: Hand, held: Held): void {
  const { anchor, select, squeeze } = hand;
  const { from } = held;
  if (!select.pressed && !squeeze.pressed) {
    if (!select.ended && !squeeze.ended) hand.travel = 0;
    return;
  }
  if (select.began || squeeze.began) copyVector(anchor, from);
  hand.travel = Math.max(hand.travel, Math.hypot(anchor[0] - from[0], anchor[1] - from[1], anchor[2] - from[2]));
}

function leave(hand: Hand, held: Held): void {
  hand.kind = "absent";
  hand.source = null;
  hand.tracked = false;
  idle(hand, held);
}

/** Everything stays as it was. */
function rest(hand: Hand): void {
  still(hand.select);
  still(hand.squeeze);
  still(hand.stickPress);
  still(hand.primary);
  still(hand.secondary);
  hand.stick[0] = hand.stick[1] = 0;
}

/** Nothing is pressed any more; what was, ends. */
function idle(hand: Hand, held: Held): void {
  held.pinch.pressed = false;
  held.pinch.opposed = -1;
  press(hand.select, 0);
  press(hand.squeeze, 0);
  press(hand.stickPress, 0);
  press(hand.primary, 0);
  press(hand.secondary, 0);
  hand.stick[0] = hand.stick[1] = 0;
}

function press(button: Button, value: number): void {
  become(button, value >= (button.pressed ? RELEASE : PRESS), value);
}

function become(button: Button, pressed: boolean, value: number): void {
  button.began = pressed && !button.pressed;
  button.ended = !pressed && button.pressed;
  button.pressed = pressed;
  button.value = value;
}

function still(button: Button): void {
  button.began = button.ended = false;
}

function copyVector(from: Vector, to: Vector): void {
  spaces.setVector(to, from[0], from[1], from[2]);
}

/** Take over a pose that is known; false where it is not (`null`, which the types do not know of). */
function take(pose: XRPose | undefined | null, out: Pose): boolean {
  if (pose === undefined || pose === null) return false;
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
