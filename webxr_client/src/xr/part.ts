/** What everything in a headset is made of: parts that are stepped once a frame, one after the other. */
import type { Object3D } from "three";
import type { Hands } from "../input/hands.ts";
import type { Vector, Quaternion } from "../spaces.ts";

export type Mode = "vr" | "ar";

/** What a hand's ray meets first. */
export interface Pointed {
  kind: "nothing" | "panel" | "thing" | "ground";
  /** Along the ray, metres of the room; Infinity for nothing. */
  distance: number;
  /** Of a thing: its node, and its floor or −1. */
  node: number;
  floor: number;
  /** Whether it is touched: by a fingertip, or by the end of a controller. */
  touched: boolean;
  /** Of a thing and the ground: where, and outwards from the face that is met; in the room. */
  readonly point: Vector;
  readonly normal: Vector;
}

/** A frame in a headset. One record is filled anew each frame; parts keep nothing of it but their own copies. */
export interface Moment {
  frame: XRFrame;
  session: XRSession;
  mode: Mode;
  /** The room: what poses of hands and head are in, floor at y = 0. */
  space: XRReferenceSpace;
  /** Seconds since the frame before, and since the session began. */
  dt: number;
  time: number;
  /** Between the eyes; in the room. Where it was last while `seen` is false. */
  head: { position: Vector; orientation: Quaternion };
  seen: boolean;
  hands: Hands;
  /** Of the left and the right hand. Emptied before each frame; each part writes what it has that is nearer. */
  pointed: readonly [Pointed, Pointed];
}

/**
 * Something that lives while a headset is on: locomotion, rays, a panel, …
 *
 * Parts are stepped in a fixed order. One that takes a press for itself names itself in
 * `hand.owner` until the press ends; a part leaves hands alone that another one owns.
 */
export interface Part {
  /** What is drawn of it, in the room's space; it sets its own world matrices when it moves. */
  readonly root?: Object3D;
  begin?(session: XRSession, mode: Mode): void;
  step(moment: Moment): void;
  /** The session is over, whatever ended it. */
  end?(): void;
  /** The room's origin moved: by `transform`, the old space's origin in the new one, where that is known. */
  reset?(transform: XRRigidTransform | undefined): void;
}
