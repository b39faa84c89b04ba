/** What keeps a place of the real room: an anchor of the device's, kept from one session to the next where it can. */
import * as spaces from "../spaces.ts";
import type { Pose, ReadonlyPose } from "../spaces.ts";

const STORED = "xrserver.places";
const UP: spaces.ReadonlyVector = [0, 1, 0];

/** Where a repository's city stands about its anchor. */
export interface Place {
  readonly anchor: string;
  readonly anchorFromScene: ReadonlyPose;
}

/** The place where a repository was left in this room; of this server's own, as storage is. */
export function placeOf(repository: string): Place | undefined {
  const place = places()[repository];
  return typeof place?.anchor === "string" && isPose(place.anchorFromScene) ? place : undefined;
}

function keep(repository: string, place: Place | undefined): void {
  // A place that is undefined is left out of what is written.
  localStorage.setItem(STORED, JSON.stringify({ ...places(), [repository]: place }));
}

function places(): Record<string, Place> {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return typeof read === "object" && read !== null ? read as Record<string, Place> : {};
  } catch {
    return {}; // somebody else wrote it
  }
}

function isPose(value: unknown): boolean {
  const { position, orientation, scale } = (value ?? {}) as Partial<Pose>;
  const numbers = (row: unknown, count: number) => Array.isArray(row) && row.length === count && row.every(Number.isFinite);
  return numbers(position, 3) && numbers(orientation, 4) && Number.isFinite(scale) && scale! > 0;
}

export class Anchorage {
  readonly #angles: [number, number] = [0, 0];
  #session: XRSession | null = null;
  #repository = "";
  #anchor: XRAnchor | null = null;
  /** The name under which the device keeps it; "" while it does not. */
  #kept = "";
  #tracked = false;
  /** Counts what was asked for, so that an answer that came too late is known. */
  #asked = 0;

  begin(session: XRSession, repository: string): void {
    this.end();
    this.#session = session;
    this.#repository = repository;
  }

  /** The session is over: the device keeps what it keeps. */
  end(): void {
    this.#asked++;
    this.#session = this.#anchor = null;
    this.#kept = "";
    this.#tracked = false;
  }

  get holding(): boolean {
    return this.#anchor !== null;
  }

  /** Whether the device gave the anchor up. */
  lost(frame: XRFrame): boolean {
    if (this.#anchor === null || frame.trackedAnchors === undefined) return false;
    const tracked = frame.trackedAnchors.has(this.#anchor);
    this.#tracked ||= tracked; // it takes some frames at first
    return this.#tracked && !tracked;
  }

  /** Ask the device for the anchor of a place; false where it cannot give it back. */
  async restore(place: Place): Promise<boolean> {
    const session = this.#session;
    if (session?.restorePersistentAnchor === undefined) return false;
    const asked = ++this.#asked;
    try {
      const anchor = await session.restorePersistentAnchor(place.anchor);
      if (asked !== this.#asked) return false;
      this.#take(anchor);
      this.#kept = place.anchor;
      return true;
    } catch {
      if (asked === this.#asked) keep(this.#repository, undefined);
      return false;
    }
  }

  /**
   * Put an anchor where the scene is now, in place of the one before.
   *
   * @param taken The anchor is there: from now on it is the scene's place. Never called where the device has no anchors.
   */
  drop(frame: XRFrame, space: XRReferenceSpace, pose: ReadonlyPose, taken: () => void): void {
    const asked = ++this.#asked;
    const { position: [x, y, z], orientation: [qx, qy, qz, qw], scale } = pose;
    const here = new XRRigidTransform({ x, y, z }, { x: qx, y: qy, z: qz, w: qw });
    let made: Promise<XRAnchor> | undefined;
    try {
      made = frame.createAnchor?.(here, space);
    } catch {
      return; // no anchors here: the city stays where it is as long as the room's origin does
    }
    made?.then(async (anchor) => {
      if (asked !== this.#asked) {
        anchor.delete();
        return;
      }
      const before = this.#kept;
      this.#release();
      this.#take(anchor);
      taken();
      const session = this.#session;
      const kept = await anchor.requestPersistentHandle?.();
      if (before !== "") await session?.deletePersistentAnchor?.(before);
      if (kept === undefined || asked !== this.#asked) return;
      this.#kept = kept;
      keep(this.#repository, { anchor: kept, anchorFromScene: { position: [0, 0, 0], orientation: [0, 0, 0, 1], scale } });
    }).catch(() => {
      // Refused, or full: it holds for this session, or not at all.
    });
  }

  /** Let go of the place: another one is being chosen. */
  leave(): void {
    this.#asked++;
    const kept = this.#kept;
    this.#release();
    if (kept === "") return;
    this.#kept = "";
    keep(this.#repository, undefined);
    void this.#session?.deletePersistentAnchor?.(kept).catch(() => undefined);
  }

  /** Where the anchor is now, level; false while the device does not know. */
  locate(frame: XRFrame, space: XRReferenceSpace, out: Pose): boolean {
    if (this.#anchor === null || this.lost(frame)) return false;
    const pose = frame.getPose(this.#anchor.anchorSpace, space);
    if (pose === undefined) return false;
    const { position: p, orientation: q } = pose.transform;
    spaces.setVector(out.position, p.x, p.y, p.z);
    spaces.setQuaternion(out.orientation, q.x, q.y, q.z, q.w);
    spaces.about(UP, spaces.yawPitchOf(out.orientation, this.#angles)[0], out.orientation);
    out.scale = 1;
    return true;
  }

  #take(anchor: XRAnchor): void {
    this.#anchor = anchor;
    this.#tracked = false;
  }

  #release(): void {
    this.#anchor?.delete();
    this.#anchor = null;
    this.#tracked = false;
  }
}
