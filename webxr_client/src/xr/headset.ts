/** A headset's session: asked for, entered, followed through whatever happens to it, and left. */
import { Group, type WebGLRenderer } from "three";
import { Hands } from "../input/hands.ts";
import type { Mode, Moment, Part, Pointed } from "./part.ts";

const SESSION_MODES = { vr: "immersive-vr", ar: "immersive-ar" } as const;
/** Depth of the real room, where it is measured: as three.js reads it. */
const DEPTH: XRDepthStateInit = { usagePreference: ["gpu-optimized"], dataFormatPreference: ["float32", "unsigned-short"] };
const CUT_SHORT = "the device ended it again at once. Put the headset on and try once more.";
/** Height of the eyes where a device knows no floor; metres. */
const STANDING = 1.6;

const FEATURES: Readonly<Record<Mode, readonly string[]>> = {
  vr: ["local-floor", "bounded-floor", "hand-tracking"],
  ar: ["local-floor", "hand-tracking", "hit-test", "anchors", "plane-detection", "depth-sensing"],
};

export interface HeadsetListener {
  entered(mode: Mode): void;
  left(): void;
  /** Hidden behind the system's menu, or seen again. */
  visible(state: XRVisibilityState): void;
}

export class Headset {
  /** What parts draw, in the room's space. */
  readonly root = new Group();
  readonly hands = new Hands();
  mode: Mode | null = null;

  readonly #renderer: WebGLRenderer;
  readonly #listener: HeadsetListener;
  readonly #parts: Part[] = [];
  readonly #moment: Moment;
  readonly #foveation: number;
  #session: XRSession | null = null;
  #entering: Promise<void> | null = null;

  /** @param foveation How much coarser the picture may be at its edges, 0 … 1. */
  constructor(renderer: WebGLRenderer, foveation: number, listener: HeadsetListener) {
    this.#foveation = foveation;
    this.#renderer = renderer;
    this.#listener = listener;
    this.root.matrixAutoUpdate = false;
    this.root.matrixWorldAutoUpdate = false;
    this.root.visible = false;
    this.#moment = {
      mode: "vr", dt: 0, time: 0, seen: false, hands: this.hands,
      head: { position: [0, STANDING, 0], orientation: [0, 0, 0, 1] },
      pointed: [nothing(), nothing()],
    } as unknown as Moment; // frame, session and space are there whenever a part sees it
  }

  /** Parts are stepped in the order they are added in. */
  add(part: Part): void {
    this.#parts.push(part);
    if (part.root !== undefined) this.root.add(part.root);
  }

  get presenting(): boolean {
    return this.#session !== null;
  }

  get session(): XRSession | null {
    return this.#session;
  }

  get head(): Moment["head"] {
    return this.#moment.head;
  }

  /** Whether this browser, here, can enter `mode`. */
  async supports(mode: Mode): Promise<boolean> {
    try {
      return await navigator.xr?.isSessionSupported(SESSION_MODES[mode]) ?? false;
    } catch {
      return false; // a policy forbids it
    }
  }

  /**
   * Ask for a session and show it. To be called from a click: browsers ask for one.
   *
   * @throws {Error} Where the device or the person refuses.
   */
  enter(mode: Mode): Promise<void> {
    // Two clicks ask once.
    this.#entering ??= this.#enter(mode).finally(() => this.#entering = null);
    return this.#entering;
  }

  async #enter(mode: Mode): Promise<void> {
    if (this.#session !== null) {
      if (this.mode === mode) return;
      await this.leave();
    }
    if (navigator.xr === undefined) throw new Error("This browser has no WebXR.");
    const session = await navigator.xr.requestSession(SESSION_MODES[mode], {
      optionalFeatures: [...FEATURES[mode]], ...(mode === "ar" && { depthSensing: DEPTH }),
    });
    await this.#show(session);
    this.#session = session;
    this.mode = mode;
    this.#moment.session = session;
    this.#moment.mode = mode;
    this.#moment.time = 0;
    this.root.visible = true;
    this.#listener.entered(mode);
    for (const part of this.#parts) part.begin?.(session, mode);
    void this.#fastest(session);
  }

  /** Let three.js draw into a session, and hear of what becomes of it. */
  async #show(session: XRSession): Promise<void> {
    const { xr } = this.#renderer;
    const floor = session.enabledFeatures?.includes("local-floor") ?? true;
    const end = { over: false }; // a closure sets it, which a plain variable would hide from the compiler
    xr.enabled = true;
    xr.setReferenceSpaceType(floor ? "local-floor" : "local");
    xr.setReferenceSpace(null as unknown as XRReferenceSpace); // that of the session before
    xr.setFoveation(this.#foveation);
    const shown = xr.setSession(session);
    session.addEventListener("end", () => { // after three's own, which it has just added
      end.over = true;
      this.#ended(session);
    });
    session.addEventListener("visibilitychange", () => this.#listener.visible(session.visibilityState));
    session.addEventListener("selectstart", ({ inputSource }) => this.hands.select(inputSource, true));
    session.addEventListener("selectend", ({ inputSource }) => this.hands.select(inputSource, false));
    try {
      await shown;
    } catch (error) {
      // One that has ended cannot be ended.
      const alive = !end.over && await session.end().then(() => true, () => false);
      xr.enabled = false;
      throw alive ? error : new Error(CUT_SHORT);
    }
    const space = xr.getReferenceSpace();
    if (end.over || space === null) {
      xr.enabled = false;
      throw new Error(CUT_SHORT);
    }
    space.addEventListener("reset", (event) => {
      for (const part of this.#parts) part.reset?.(event.transform?.inverse); // browsers say the new origin in the old space
    });
    if (!floor) xr.setReferenceSpace(space.getOffsetReferenceSpace(new XRRigidTransform({ y: -STANDING })));
  }

  async leave(): Promise<void> {
    await this.#session?.end();
  }

  /** Follow one frame: head, hands, then every part. False while the head is not seen. */
  step(frame: XRFrame, dt: number): boolean {
    const moment = this.#moment;
    const space = this.#renderer.xr.getReferenceSpace();
    if (this.#session === null || space === null) return false;
    moment.frame = frame;
    moment.space = space;
    moment.dt = dt;
    moment.time += dt;
    const viewer = frame.getViewerPose(space) ?? null; // null where it is lost, whatever the types say
    moment.seen = viewer !== null;
    if (viewer !== null) {
      const { position: p, orientation: q } = viewer.transform;
      moment.head.position[0] = p.x;
      moment.head.position[1] = p.y;
      moment.head.position[2] = p.z;
      moment.head.orientation[0] = q.x;
      moment.head.orientation[1] = q.y;
      moment.head.orientation[2] = q.z;
      moment.head.orientation[3] = q.w;
    }
    if (this.#session.visibilityState === "visible") this.hands.read(frame, space, this.#session.inputSources, dt);
    else this.hands.release(); // the system's menu has them
    for (const pointed of moment.pointed) empty(pointed);
    for (const part of this.#parts) part.step(moment);
    for (const hand of this.hands.both) {
      if (!hand.select.pressed && !hand.squeeze.pressed) hand.owner = "";
    }
    return moment.seen;
  }

  /** The highest refresh rate that the device offers. */
  async #fastest(session: XRSession): Promise<void> {
    const rates = session.supportedFrameRates;
    if (rates === undefined || rates.length === 0) return;
    try {
      await session.updateTargetFrameRate(Math.max(...rates));
    } catch {
      // It stays as it is: the device is saving power.
    }
  }

  #ended(session: XRSession): void {
    if (this.#session !== session) return;
    this.#session = null;
    this.mode = null;
    this.root.visible = false;
    this.hands.release();
    for (const part of this.#parts) part.end?.();
    this.#renderer.xr.enabled = false;
    this.#listener.left();
  }
}

const nothing = (): Pointed => ({
  kind: "nothing", distance: Infinity, node: -1, floor: -1, touched: false, point: [0, 0, 0], normal: [0, 0, 0],
});

function empty(pointed: Pointed): void {
  pointed.kind = "nothing";
  pointed.distance = Infinity;
  pointed.node = pointed.floor = -1;
  pointed.touched = false;
}
