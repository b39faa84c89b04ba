/**
 * Where the model stands in the real room: put back where it was left, or placed by somebody, then held there.
 *
 * While it is being placed the city itself is the preview; a press leaves it there. Whoever moves it afterwards
 * moves its anchor.
 */
import { Group } from "three";
import type { City } from "../scene/city.ts";
import * as spaces from "../spaces.ts";
import type { Vector } from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import { Anchorage, placeOf } from "./anchor.ts";
import type { Mode, Moment, Part } from "./part.ts";
import type { Passthrough } from "./passthrough.ts";
import { Preview } from "./preview.ts";
import { Sign } from "./sign.ts";

const OWNER = "placement";
/** Seconds until an anchor that is not found counts as lost, and until a move has come to rest. */
const PATIENCE = 6;
const REST = 0.4;
/** Seconds that a word stays after the place was chosen. */
const WORD = 5;
/** The sign stands so much of the city's width above it, and a little. */
const ABOVE = 0.45;

type Phase = "off" | "opening" | "restoring" | "placing" | "placed";

export class Placement implements Part {
  readonly root = new Group();

  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #city: City;
  readonly #passthrough: Passthrough;
  readonly #preview = new Preview();
  readonly #anchorage = new Anchorage();
  readonly #sign = new Sign();

  #phase: Phase = "off";
  #session: XRSession | null = null;
  /** Seconds in this phase. */
  #since = 0;
  /** Why it has to be placed. */
  #why = "";
  #tapped = false;
  #moved = false;
  #rest = 0;
  /** The anchor is a new one: where the city stands about it is not known yet. */
  #fresh = false;
  #missed = 0;

  readonly #worldFromAnchor = spaces.newPose();
  readonly #anchorFromScene = spaces.newPose();
  readonly #placedFromScene = spaces.newPose();
  readonly #written = spaces.newPose();
  /** Where it was put, whoever moved it since. */
  readonly #home = spaces.newPose();
  readonly #inverse = spaces.newPose();
  readonly #at: Vector = [0, 0, 0];

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
    this.#preview.again(this.#phase === "placed");
    this.#enter("placing");
  }

  /** Where recentring brings it back to; null while it stands nowhere. */
  get home(): spaces.ReadonlyPose | null {
    return this.#phase === "placed" ? this.#home : null;
  }

  begin(session: XRSession, mode: Mode): void {
    if (mode !== "ar") return;
    this.#session = session;
    this.#preview.begin(session);
    session.addEventListener("select", this.#select);
    this.#city.standing = false;
    this.#why = "";
    this.#enter("opening");
  }

  end(): void {
    if (this.#phase === "off") return;
    this.#session?.removeEventListener("select", this.#select);
    this.#session = null;
    this.#preview.end();
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
    const { frame, hands } = moment;
    const shown = this.#world.shown;
    if (shown === undefined || !moment.seen) return;
    const preview = this.#preview;
    preview.step(moment, shown.box, this.#viewer.journey.pose);
    const able = preview.able(frame);
    this.#city.standing = true;
    this.#passthrough.mark(preview.found ? "found" : "floating");

    const pressed = this.#tapped || hands.left.select.began || hands.right.select.began
      || hands.left.squeeze.began || hands.right.squeeze.began;
    if (pressed || !able) {
      spaces.copyPose(preview.target, this.#viewer.journey.pose);
      if (!able) this.#why = "No surface can be found here. Squeeze, or pinch in the air, to move the city.";
      else this.#why = "";
      this.#stand();
      this.#anchor(moment);
    } else {
      this.#say();
      this.#signAbove();
    }
  }

  #say(): void {
    const { found, hand, seen } = this.#preview;
    const press = hand === null ? "Tap" : hand.kind === "fingers" ? "Pinch" : "Pull the trigger";
    if (found) this.#sign.say(this.#why === "" ? `${press} to put the city here.` : `${this.#why} ${press} to put it here.`);
    else if (seen) this.#sign.say(`Point at a table or the floor, or ${press.toLowerCase()} to leave the city floating.`);
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
    const [minX, minZ, maxX, maxZ] = this.#preview.footprint;
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
