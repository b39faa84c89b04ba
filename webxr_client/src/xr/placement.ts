/**
 * Where the model stands in the real room: put back where it was left, or placed by somebody, then held there.
 *
 * While it is being placed the city itself goes along a hand's ray (a head's, where there is no hand), onto the
 * table or floor that the ray meets; a press leaves it there. Whoever moves it afterwards moves its anchor.
 */
import { Group } from "three";
import type { Hand } from "../input/hands.ts";
import { newSurface, onto, SIZE_LEAST, SIZE_MOST, SIZE_USUAL } from "../navigation/tabletop.ts";
import type { City } from "../scene/city.ts";
import * as spaces from "../spaces.ts";
import type { Pose, Vector } from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import { Anchorage, placeOf } from "./anchor.ts";
import type { Mode, Moment, Part } from "./part.ts";
import type { Passthrough } from "./passthrough.ts";
import { Sign } from "./sign.ts";
import { Surfaces } from "./surfaces.ts";

const OWNER = "placement";
/** Seconds until an anchor that is not found counts as lost, and until a move has come to rest. */
const PATIENCE = 6;
const REST = 0.4;
/** Seconds in which the preview follows a ray, or somebody's gaze. */
const SWIFT = 0.05;
const CALM = 0.3;
/** Where it floats while nothing is found: so far ahead of the head and below it; metres. */
const AHEAD = 1.0;
const BELOW = 0.75;
/** Seconds that a word stays after the place was chosen. */
const WORD = 5;
/** With a stick: radians, and growth (natural logarithm), in a second. */
const TURNS = 1.6;
const GROWS = 0.8;
/** The sign stands so much of the city's width above it, and a little. */
const ABOVE = 0.45;

type Phase = "off" | "opening" | "restoring" | "placing" | "placed";

export class Placement implements Part {
  readonly root = new Group();

  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #city: City;
  readonly #passthrough: Passthrough;
  readonly #surfaces = new Surfaces();
  readonly #anchorage = new Anchorage();
  readonly #sign = new Sign();

  #phase: Phase = "off";
  #session: XRSession | null = null;
  #viewerSpace: XRReferenceSpace | null = null;
  /** Seconds in this phase. */
  #since = 0;
  /** Why it has to be placed. */
  #why = "";
  #hand: Hand | null = null;
  #tapped = false;
  #shown = false;
  #turned = 0;
  #wish = 0;
  #moved = false;
  #rest = 0;
  /** The anchor is a new one: where the city stands about it is not known yet. */
  #fresh = false;
  #missed = 0;

  readonly #surface = newSurface();
  readonly #footprint: [number, number, number, number] = [0, 0, 1, 1];
  readonly #target = spaces.newPose();
  readonly #worldFromAnchor = spaces.newPose();
  readonly #anchorFromScene = spaces.newPose();
  readonly #placedFromScene = spaces.newPose();
  readonly #written = spaces.newPose();
  /** Where it was put, whoever moved it since. */
  readonly #home = spaces.newPose();
  readonly #inverse = spaces.newPose();
  readonly #direction: Vector = [0, 0, 0];
  readonly #at: Vector = [0, 0, 0];
  readonly #angles: [number, number] = [0, 0];

  constructor(viewer: Viewer, world: World, passthrough: Passthrough) {
    this.#viewer = viewer;
    this.#world = world;
    this.#city = viewer.city;
    this.#passthrough = passthrough;
    this.root.add(this.#sign.mesh);
    this.root.matrixWorldAutoUpdate = false;
  }

  /** Choose the place anew; with the reason, where it was not somebody's wish. */
  again(why = ""): void {
    if (this.#phase === "off") return;
    this.#anchorage.leave();
    this.#why = why;
    this.#hand = null;
    this.#turned = 0;
    this.#shown = this.#phase === "placed"; // it goes on from where it stands
    this.#enter("placing");
  }

  /** Where recentring brings it back to; null while it stands nowhere. */
  get home(): spaces.ReadonlyPose | null {
    return this.#phase === "placed" ? this.#home : null;
  }

  begin(session: XRSession, mode: Mode): void {
    if (mode !== "ar") return;
    this.#session = session;
    this.#surfaces.begin();
    this.#viewerSpace = null;
    void session.requestReferenceSpace("viewer").then((space) => this.#viewerSpace = space, () => undefined);
    session.addEventListener("select", this.#select);
    this.#city.standing = false;
    this.#wish = 0;
    this.#why = "";
    this.#enter("opening");
  }

  end(): void {
    if (this.#phase === "off") return;
    this.#session?.removeEventListener("select", this.#select);
    this.#session = null;
    this.#surfaces.end();
    this.#anchorage.end();
    this.#sign.say("");
    this.#passthrough.mark("placed");
    this.#city.standing = true;
    this.#enter("off");
  }

  /** The room's origin moved: what no anchor holds is moved along. */
  reset(transform: XRRigidTransform | undefined): void {
    if (this.#phase !== "placed" || this.#anchorage.holding || transform === undefined) return;
    const { position: p, orientation: q } = transform;
    const { journey } = this.#viewer;
    spaces.setVector(this.#inverse.position, p.x, p.y, p.z);
    spaces.setQuaternion(this.#inverse.orientation, q.x, q.y, q.z, q.w);
    this.#inverse.scale = 1;
    spaces.compose(this.#inverse, journey.pose, journey.pose);
  }

  step(moment: Moment): void {
    if (this.#phase === "off") return;
    this.#since += moment.dt;
    // Also the press that puts it down is nobody else's.
    if (this.#phase !== "placed") for (const hand of moment.hands.both) hand.owner = OWNER;
    switch (this.#phase) {
      case "opening":
        this.#open(moment);
        break;
      case "restoring":
        this.#restore(moment);
        break;
      case "placing":
        this.#place(moment);
        break;
      case "placed":
        this.#hold(moment);
    }
    this.#tapped = false;
  }

  // --- before it stands --------------------------------------------------------------------

  #open(moment: Moment): void {
    const shown = this.#world.shown;
    if (shown === undefined) return;
    const { repository } = shown.scene;
    this.#anchorage.begin(moment.session, repository);
    const place = placeOf(repository);
    if (place === undefined) {
      this.#enter("placing");
      return;
    }
    spaces.copyPose(place.anchorFromScene, this.#anchorFromScene);
    this.#enter("restoring");
    const session = this.#session;
    void this.#anchorage.restore(place).then((restored) => {
      if (!restored && this.#session === session && this.#phase === "restoring") this.again(GONE);
    });
  }

  #restore({ frame, space }: Moment): void {
    if (this.#anchorage.locate(frame, space, this.#worldFromAnchor)) {
      const { journey } = this.#viewer;
      spaces.compose(this.#worldFromAnchor, this.#anchorFromScene, journey.pose);
      this.#stand();
    } else if (this.#since > PATIENCE) {
      this.again(GONE);
    } else if (this.#since > 1) {
      this.#sign.say("Looking for where the city stood …");
      this.#signAhead();
    }
  }

  // --- being placed ------------------------------------------------------------------------

  #place(moment: Moment): void {
    const { frame, hands, head, dt } = moment;
    const shown = this.#world.shown;
    if (shown === undefined || !moment.seen) return;
    const { box } = shown.scene.root;
    this.#footprint[0] = box[0]!;
    this.#footprint[1] = box[2]!;
    this.#footprint[2] = box[3]!;
    this.#footprint[3] = box[5]!;
    this.#choose(hands.both);
    const hand = this.#hand;
    const found = this.#aim(moment);
    const able = this.#surfaces.able(frame);
    const heading = spaces.yawPitchOf(head.orientation, this.#angles)[0];
    if (!found) {
      spaces.setVector(this.#surface.point, head.position[0] - Math.sin(heading) * AHEAD,
        head.position[1] - BELOW, head.position[2] - Math.cos(heading) * AHEAD);
      this.#surface.width = this.#surface.depth = 0;
    }
    if (hand !== null) this.#adjust(hand, dt);
    onto(this.#surface, this.#footprint, heading + this.#turned, this.#wish, this.#target);
    this.#ease(this.#viewer.journey.pose, dt, found ? SWIFT : CALM);
    this.#city.standing = true;
    this.#passthrough.mark(found ? "found" : "floating");

    const pressed = this.#tapped || hands.left.select.began || hands.right.select.began
      || hands.left.squeeze.began || hands.right.squeeze.began;
    if (pressed || !able) {
      spaces.copyPose(this.#target, this.#viewer.journey.pose);
      if (!able) this.#why = "No surface can be found here. Squeeze, or pinch in the air, to move the city.";
      else this.#why = "";
      this.#stand();
      this.#anchor(moment);
    } else {
      this.#say(found, hand);
      this.#signAbove();
    }
  }

  /** The hand that was used last. */
  #choose(both: readonly Hand[]): void {
    for (const hand of both) if (hand.tracked && (hand.select.began || hand.squeeze.began || hand.stick[0] !== 0)) this.#hand = hand;
    if (this.#hand?.tracked === true) return;
    this.#hand = null;
    for (const hand of both) if (hand.tracked) this.#hand = hand; // the right one, of two
  }

  /** The surface that hand or head points at. */
  #aim({ frame, space, head }: Moment): boolean {
    const hand = this.#hand;
    const orientation = hand?.aim.orientation ?? head.orientation;
    const origin = hand?.aim.position ?? head.position;
    const pointer = hand?.source?.targetRaySpace ?? this.#viewerSpace;
    if (pointer === null) return false;
    spaces.rotate(orientation, spaces.setVector(this.#direction, 0, 0, -1), this.#direction);
    return this.#surfaces.find(frame, space, pointer, origin, this.#direction, this.#surface);
  }

  /** A stick turns it and sizes it. */
  #adjust(hand: Hand, dt: number): void {
    const [x, y] = hand.stick;
    this.#turned -= x * TURNS * dt;
    if (y === 0) return;
    const longer = Math.max(this.#footprint[2] - this.#footprint[0], this.#footprint[3] - this.#footprint[1]);
    const size = this.#wish > 0 ? this.#wish : (this.#viewer.journey.pose.scale * longer || SIZE_USUAL);
    this.#wish = Math.min(Math.max(size * Math.exp(-y * GROWS * dt), SIZE_LEAST), SIZE_MOST);
  }

  #ease(pose: Pose, dt: number, seconds: number): void {
    const share = this.#shown ? 1 - Math.exp(-dt / seconds) : 1;
    this.#shown = true;
    const { position, orientation, scale } = this.#target;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) pose.position[i] += (position[i] - pose.position[i]) * share;
    const turn = pose.orientation;
    const same = turn[0] * orientation[0] + turn[1] * orientation[1] + turn[2] * orientation[2] + turn[3] * orientation[3] < 0 ? -1 : 1;
    for (let i = 0 as 0 | 1 | 2 | 3; i < 4; i++) turn[i] += (same * orientation[i] - turn[i]) * share;
    spaces.unit(turn, turn);
    pose.scale *= (scale / pose.scale) ** share;
  }

  #say(found: boolean, hand: Hand | null): void {
    const press = hand === null ? "Tap" : hand.kind === "fingers" ? "Pinch" : "Pull the trigger";
    if (found) this.#sign.say(this.#why === "" ? `${press} to put the city here.` : `${this.#why} ${press} to put it here.`);
    else if (this.#surfaces.seen) this.#sign.say(`Point at a table or the floor, or ${press.toLowerCase()} to leave the city floating.`);
    else this.#sign.say(`Look around slowly to find a surface, or ${press.toLowerCase()} to leave the city floating.`);
  }

  // --- standing ----------------------------------------------------------------------------

  /** It stands where `journey.pose` says. */
  #stand(): void {
    const { journey } = this.#viewer;
    this.#city.standing = true;
    this.#passthrough.mark("placed");
    spaces.copyPose(journey.pose, this.#home);
    spaces.copyPose(journey.pose, this.#written);
    spaces.copyPose(this.#anchorFromScene, this.#placedFromScene);
    journey.past.length = 0;
    this.#moved = this.#fresh = false;
    this.#missed = 0;
    this.#sign.say(this.#why);
    this.#enter("placed");
  }

  #hold(moment: Moment): void {
    const { frame, space, dt, hands } = moment;
    const { journey } = this.#viewer;
    if (this.#why !== "" && this.#since < WORD) {
      this.#signAbove();
    } else {
      this.#sign.say("");
    }
    const known = this.#anchorage.locate(frame, space, this.#worldFromAnchor);
    if (known && this.#fresh) {
      this.#fresh = false;
      spaces.invert(this.#worldFromAnchor, this.#inverse);
      spaces.compose(this.#inverse, journey.pose, this.#anchorFromScene);
      spaces.compose(this.#inverse, this.#home, this.#placedFromScene);
    }
    if (!same(journey.pose, this.#written)) {
      // Somebody moves it: that is kept, as seen from the anchor.
      this.#moved = true;
      this.#rest = 0;
      if (known) spaces.compose(spaces.invert(this.#worldFromAnchor, this.#inverse), journey.pose, this.#anchorFromScene);
    } else {
      if (known) {
        spaces.compose(this.#worldFromAnchor, this.#anchorFromScene, journey.pose);
        spaces.compose(this.#worldFromAnchor, this.#placedFromScene, this.#home);
      }
      this.#rest += dt;
      if (this.#moved && this.#rest > REST && hands.left.owner !== "world" && hands.right.owner !== "world") {
        this.#moved = false;
        this.#anchor(moment);
      }
    }
    spaces.copyPose(journey.pose, this.#written);
    this.#missed = known || !this.#anchorage.holding || !moment.seen ? 0 : this.#missed + dt;
    if (this.#anchorage.lost(frame) || this.#missed > PATIENCE) this.again("The place was lost.");
  }

  /** Have the device hold on to where it stands now. */
  #anchor({ frame, space }: Moment): void {
    this.#anchorage.drop(frame, space, this.#viewer.journey.pose, () => {
      this.#fresh = true;
    });
  }

  // --- words -------------------------------------------------------------------------------

  #signAbove(): void {
    const { pose } = this.#viewer.journey;
    const [minX, minZ, maxX, maxZ] = this.#footprint;
    const wide = Math.max(maxX - minX, maxZ - minZ) * pose.scale;
    spaces.apply(pose, spaces.setVector(this.#at, (minX + maxX) / 2, 0, (minZ + maxZ) / 2), this.#at);
    this.#at[1] += wide * ABOVE + 0.1;
    const { position, orientation } = this.#viewer.headset.head;
    this.#sign.place(this.#at, position, orientation);
  }

  #signAhead(): void {
    const { position, orientation } = this.#viewer.headset.head;
    spaces.rotate(orientation, spaces.setVector(this.#at, 0, -0.1, -1), this.#at);
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) this.#at[i] += position[i];
    this.#sign.place(this.#at, position, orientation);
  }

  /** Where there are no hands: a tap on a screen, or the one button there is. */
  readonly #select = (event: XRInputSourceEvent): void => {
    if (event.inputSource.targetRayMode !== "tracked-pointer") this.#tapped = true;
  };

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#since = 0;
  }
}

const GONE = "The city could not be put back where it stood.";

function same(a: spaces.ReadonlyPose, b: spaces.ReadonlyPose): boolean {
  if (a.scale !== b.scale) return false;
  for (let i = 0; i < 3; i++) if (a.position[i] !== b.position[i]) return false;
  for (let i = 0; i < 4; i++) if (a.orientation[i] !== b.orientation[i]) return false;
  return true;
}
