/** The picture: renderer, eye, playhead and pointer, stepped once a frame and drawn where something changed. */
import { WebGLRenderer } from "three";
import { memberOf, nodeIn, type Beside } from "./beside.ts";
import type * as clock from "./clock.ts";
import { Desk } from "./desk.ts";
import { Film } from "./film.ts";
import type { Keyboard } from "./input/keyboard.ts";
import * as locomotion from "./navigation/locomotion.ts";
import { NOTHING } from "./navigation/selection.ts";
import type { Aim } from "./scene/aim.ts";
import { City } from "./scene/city.ts";
import type { Colouring } from "./scene/colours.ts";
import { drawsOnCpu } from "./scene/device.ts";
import type { Playhead } from "./scene/drawn.ts";
import { Eye } from "./scene/eye.ts";
import { Eyes } from "./scene/eyes.ts";
import { Pacer } from "./scene/pacer.ts";
import * as spaces from "./spaces.ts";
import type { Pose } from "./spaces.ts";
import { TIERS, type Tier } from "./tier.ts";
import type { World } from "./world.ts";
import { Headset } from "./xr/headset.ts";
import type { Mode } from "./xr/part.ts";

const LONGEST_STEP = 0.1; // seconds: after a pause the world does not jump
/** Of the time between frames, what may go into looking for labels; milliseconds at least and at most. */
const SURVEY_SHARE = 0.015;
const SURVEY_LEAST = 0.25;
const SURVEY_MOST = 6;
const SURVEY_WORN = 0.12;
/** Milliseconds of a frame that may go into making ready for rays, while any tile is new; where time is short. */
const PREPARE = 2;
const PREPARE_BUSY = 0.2;
const LIGHT_SECONDS = 0.35;
/** Pixels of a building's side from which on it may be named. */
const SMALLEST_NAMED = 44;
/** … and radians where a headset shows it. */
const SMALLEST_NAMED_WORN = 0.045;
/** Pixels that a surface may be off before finer tiles are fetched. */
const PIXELS_OFF = 2;
/** Refreshes a second that a window is meant to keep up with. */
const WINDOW_RATE = 60;
/** Milliseconds after the first picture until programs are made that may be asked for later. */
const PREPARE_AFTER = 1500;
/** Milliseconds that the first thing to be seen may take until its sky is drawn without it. */
const EMPTY_AFTER = 1000;
/** Milliseconds in which tiles gather that come while others are on their way. */
const MEANWHILE = 100;

export interface ViewerListener {
  /** The playhead, playing or pace changed; every frame while it moves. */
  moved(): void;
  pointed(node: number, floor: number): void;
  clicked(node: number, floor: number): void;
  /** The first frame with anything in it was drawn. */
  drawn(): void;
  /** The graphics card was taken away, or is back; `worn`: from somebody in a headset, who is let out of it. */
  contextLost(lost: boolean, worn: boolean): void;
  /** A headset shows the picture now; null: the window does again. */
  mode(mode: Mode | null): void;
}

export class Viewer {
  readonly renderer: WebGLRenderer;
  readonly city: City;
  readonly film = new Film();
  readonly playback: clock.Playback = this.film.playback;
  readonly playhead: Playhead = this.film.playhead;
  readonly journey = locomotion.newJourney();
  readonly eye = new Eye();
  /** What is a window's only. */
  readonly desk: Desk;
  readonly headset: Headset;
  readonly aim: Aim;
  readonly frames = new Pacer();
  colouring: Colouring = "author";
  /** 0 night, 1 day: where the light is going. */
  daylight = 0;
  calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** While a headset shows the picture: the pose that the window comes back to. */
  seat: Pose | null = null;
  /** Who moves the journey of somebody who wears a headset. */
  worn: { undo(): void; recentre(): void } | null = null;

  readonly canvas: HTMLCanvasElement;
  readonly #listener: ViewerListener;
  readonly #posed = spaces.newPose();
  #world: World | undefined;
  #past: Pose[] = [];
  #last = 0;
  #stale = true;
  #choosing = true;
  /** When what came is to be drawn at the latest. */
  #due = Infinity;
  /** The frame before this one was drawn. */
  #drew = false;
  #everDrawn = false;
  readonly #eyes = new Eyes();
  #lost = false;
  /** The picture of the next refresh is drawn already. */
  #ahead = false;

  constructor(canvas: HTMLCanvasElement, tier: Tier, listener: ViewerListener) {
    this.canvas = canvas;
    this.#listener = listener;
    this.renderer = new WebGLRenderer({ canvas, antialias: !drawsOnCpu(), powerPreference: "high-performance" });
    this.renderer.info.autoReset = false;
    // To ask what became of a program is to wait for the graphics card, however busy it is.
    this.renderer.debug.checkShaderErrors = import.meta.env.DEV;
    this.city = new City(this.renderer);
    this.headset = new Headset(this.renderer, TIERS[tier].foveation, {
      entered: (mode) => this.#wear(mode),
      left: () => this.#wear(null),
      visible: (state) => this.#seen(state),
    });
    this.desk = new Desk(canvas, this, {
      pointed: (node, floor) => listener.pointed(node, floor),
      clicked: (node, floor) => listener.clicked(node, floor),
      changed: () => this.invalidate(),
    });
    this.aim = this.desk.aim;
    canvas.style.opacity = "0";
    this.city.begin(this.renderer, this.eye.camera, [this.desk.labels.mesh]);
    this.city.scene.add(this.desk.labels.mesh, this.headset.root);
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
    canvas.addEventListener("webglcontextlost", () => this.#loss(true));
    canvas.addEventListener("webglcontextrestored", () => this.#loss(false));
  }

  /** Begin to draw what `world` shows, with these keys. */
  start(world: World, keyboard: Keyboard): void {
    this.#world = world;
    this.desk.start(world, keyboard);
    this.renderer.setAnimationLoop((time: number, frame?: XRFrame) => {
      // What was drawn since the last refresh is what this one shows.
      if (!this.#ahead || frame !== undefined) this.#frame(time, frame);
      this.#ahead = false;
    });
  }

  /** Draw what just came now and not with the next refresh, so that it is ready by then; at most once for each. */
  hurry(): void {
    if (this.#ahead || this.headset.presenting || document.hidden) return;
    this.#ahead = true;
    this.#frame(performance.now(), undefined);
    this.renderer.getContext().flush();
  }

  /** Something changed: draw the next frame. */
  invalidate(): void {
    this.#due = Infinity;
    this.#stale = true;
    this.aim.stale = true;
    this.#choosing = true;
    this.#world?.stir();
  }

  /** A tile came; where more are on their way, several are drawn at once: the machine has them to take in. */
  came(more: boolean): void {
    if (!more) {
      this.invalidate();
      return;
    }
    this.#choosing = true;
    this.#due = Math.min(this.#due, performance.now() + MEANWHILE);
  }

  get #beside(): Beside | undefined {
    return this.#world?.beside;
  }

  /** The rank at which the page's own repository is drawn; of several, the playhead's is one among all. */
  get rank(): number {
    return this.#beside === undefined ? this.playback.rank : Math.max(this.playhead.rank, 0);
  }

  /** There has been a picture of something. */
  get hasDrawn(): boolean {
    return this.#everDrawn;
  }

  get drawCalls(): number {
    return this.renderer.info.render.calls;
  }

  get triangles(): number {
    return this.renderer.info.render.triangles;
  }

  /** Another scene: what was named, pointed at and undone was of the one before. */
  forget(): void {
    this.desk.labels.clear();
    this.journey.past.length = this.#past.length = 0;
    this.aim.hover(NOTHING, NOTHING);
  }

  /** Put the scene somewhere at once. */
  setPose(pose: spaces.ReadonlyPose): void {
    spaces.copyPose(pose, this.journey.pose);
    this.journey.gliding = false;
    this.invalidate();
  }

  /** Open another scene there; before somebody who wears a headset it stands as their headset says. */
  open(pose: spaces.ReadonlyPose): void {
    if (this.seat === null) this.setPose(pose);
    else spaces.copyPose(pose, this.seat);
  }

  /** Where `recentre` goes: all of the city between the panels, facing about as `start` does. */
  setHome(start: spaces.ReadonlyPose): void {
    if (this.#world !== undefined) this.eye.home(start, this.#world.box, this.city.round, this.journey.home);
  }

  /** There is more beyond what there was: who looks at all of it goes on doing so. */
  widen(start: spaces.ReadonlyPose): void {
    const { journey } = this;
    const at = journey.gliding ? journey.to : journey.pose;
    const whole = this.seat === null && spaces.samePose(at, journey.home);
    this.setHome(start);
    if (!whole || spaces.samePose(at, journey.home)) return;
    locomotion.glide(journey, journey.home);
    this.invalidate();
  }

  undo(): void {
    if (this.seat === null) this.desk.undo();
    else this.worn?.undo();
    this.invalidate();
  }

  recentre(): void {
    if (this.seat === null) this.desk.recentre();
    else this.worn?.recentre();
    this.invalidate();
  }

  /** Go near a node that stands. */
  approach(node: number): void {
    if (this.seat !== null) return;
    const member = this.#beside?.members[memberOf(node)];
    if (member === undefined) this.desk.approach(node, this.playback.rank);
    else this.desk.approach(nodeIn(node), member.playhead.rank, member.world.look, member.plot);
  }

  setColouring(colouring: Colouring): void {
    this.colouring = colouring;
    this.#beside?.colour();
    this.city.colour(colouring);
    this.invalidate();
  }

  /** A commit landed while the playhead stood at the newest: let it be seen arriving. */
  arrive(headRank: number): void {
    this.film.arrive(headRank, this.calm);
    this.invalidate();
  }

  /** Stop showing an arrival: the playhead was moved. */
  settle(): void {
    this.film.settle();
    this.invalidate();
  }

  // --- a frame -----------------------------------------------------------------------------

  #frame(time: number, frame: XRFrame | undefined): void {
    const elapsed = time - this.#last;
    const dt = Math.min(Math.max(elapsed / 1000, 0), LONGEST_STEP);
    this.#last = time;
    if (this.#lost || this.#world === undefined) return;
    const began = performance.now();
    if (began >= this.#due) this.invalidate();
    const worn = frame !== undefined && this.headset.presenting;
    if (worn && !this.headset.step(frame, dt)) return; // lost: the headset keeps the picture it has
    // What was drawn and came late is too much; frames in which nothing was drawn say nothing.
    if (this.#drew && this.#world.govern(elapsed / 1000, 1 / (frame?.session.frameRate ?? WINDOW_RATE))) {
      this.#choosing = true;
      this.#beside?.detail(this.#world.share);
    }
    this.#drew = false;
    if (!worn) this.desk.navigate(dt);
    const moved = worn ? this.#follow() : this.#hasMoved();
    const played = this.#play(dt);
    const settling = this.city.settle(dt, this.calm);
    const others = this.#beside?.settle(dt, this.calm) ?? false;
    const lit = this.#light(dt) || settling || others;
    if (moved || played) {
      this.#world.stir();
      this.#choosing = true;
    }
    this.#choose(time, worn || moved || played || this.#stale);
    const gathering = this.#due < Infinity; // what is found waits for the frame that shows what came
    this.#world.look.prepare(worn || gathering ? PREPARE_BUSY : PREPARE);
    const looked = this.#look(elapsed, worn, moved, played) && !gathering;
    const pointed = !worn && this.desk.poll();
    const stale = worn || this.#stale || moved || played || lit || pointed;
    if (stale && !pointed) this.aim.stale = true;
    if (!stale && !looked && !this.aim.stale) return;
    this.renderer.info.reset();
    this.#place();
    // Names stay where they are while only time goes on.
    const fading = !worn && (moved || looked || this.#stale) && this.desk.label(dt, this.calm);
    if ((stale || looked || fading) && (this.#everDrawn || this.city.inhabited || time > EMPTY_AFTER)) {
      this.canvas.style.opacity = ""; // until now the page's own ground was seen
      this.#eyes.render(this.renderer, this.city.scene, this.eye.camera);
      this.#drew = true;
      this.#stale = fading;
      if (!this.#everDrawn && this.city.inhabited) {
        this.#everDrawn = true;
        this.#listener.drawn();
        setTimeout(() => void this.city.prepare(this.renderer, this.eye.camera), PREPARE_AFTER);
      }
    }
    if (!worn) this.desk.ask();
    this.frames.add(performance.now() - began);
  }

  /** Look on over what stands for what is to be named; true where all of one was looked over. */
  #look(elapsed: number, worn: boolean, moved: boolean, played: boolean): boolean {
    const world = this.#world!;
    const eye = this.eye.inScene(this.journey.pose);
    const least = worn ? SMALLEST_NAMED_WORN : SMALLEST_NAMED / this.eye.focal;
    const most = Math.min(Math.max(elapsed * SURVEY_SHARE, SURVEY_LEAST), worn ? SURVEY_WORN : SURVEY_MOST);
    if (world.beside !== undefined) return world.beside.look(eye, least, most, moved, played);
    return world.survey.step(this.rank, eye, least, most, moved, played);
  }

  /** Let the world hold what this view needs, and draw it where there is to be a picture. */
  #choose(time: number, drawn: boolean): void {
    const { rank, fraction } = this.#beside === undefined ? this.playback : this.playhead;
    const ceiling = Math.max(fraction > 0 ? rank + 1 : rank, 0);
    const world = this.#world!;
    const eye = this.eye.inScene(this.journey.pose);
    const factor = this.eye.focal / PIXELS_OFF;
    const choosing = this.#choosing;
    if (drawn) world.draw(ceiling);
    if (choosing) this.#choosing = world.choose(eye, factor, ceiling, time);
    if (world.beside?.choose(eye, factor, choosing, time) === true) this.#choosing = true;
  }

  /** Be where the head is; the headset's parts move the journey. */
  #follow(): boolean {
    const { position } = this.headset.head;
    const { position: eye } = this.eye;
    const still = eye[0] === position[0] && eye[1] === position[1] && eye[2] === position[2];
    spaces.setVector(eye, position[0], position[1], position[2]);
    return this.#hasMoved() || !still;
  }

  #hasMoved(): boolean {
    const { pose } = this.journey;
    if (same(pose, this.#posed)) return false;
    spaces.copyPose(pose, this.#posed);
    return true;
  }

  /** The picture goes to a headset, or comes back to the window. */
  #wear(mode: Mode | null): void {
    const { journey } = this;
    this.desk.labels.mesh.visible = mode === null;
    this.eye.inRoom = mode !== null;
    if (mode !== null) {
      this.film.sleep(false);
      this.seat ??= spaces.copyPose(journey.gliding ? journey.to : journey.pose);
      this.#past = journey.past;
      journey.past = [];
    } else {
      this.eye.sit();
      if (this.seat !== null) locomotion.rest(journey, this.seat, this.#past);
      this.seat = null;
      this.#resize();
    }
    this.aim.hover(NOTHING, NOTHING);
    this.#listener.mode(mode);
    this.invalidate();
  }

  #seen(state: XRVisibilityState): void {
    this.film.sleep(state === "hidden");
    this.#listener.moved();
    this.invalidate();
  }

  #play(dt: number): boolean {
    const world = this.#world;
    if (world?.shown === undefined) return false;
    const went = this.film.step(dt, world.era!, world.shown.scene.glow_seconds, this.city, this.calm);
    world.beside?.step(this.playback);
    if (!went) return false;
    this.#listener.moved();
    return true;
  }

  #light(dt: number): boolean {
    const { daylight } = this.city.uniforms;
    if (daylight.value === this.daylight) return false;
    const step = this.calm ? 1 : dt / LIGHT_SECONDS;
    daylight.value += Math.min(Math.max(this.daylight - daylight.value, -step), step);
    this.desk.labels.paint(daylight.value);
    return true;
  }

  /** Bring the eye and everything seen to where the journey is. */
  #place(): void {
    this.eye.place(this.journey.pose, this.#world!.box);
    this.city.approach(this.eye.inScene(this.journey.pose));
    this.city.place(this.eye.worldFromScene);
    this.#beside?.place(this.eye.worldFromScene, this.eye.inScene(this.journey.pose));
    this.desk.labels.mesh.matrixWorld.copy(this.eye.worldFromScene);
  }

  // --- pointing ----------------------------------------------------------------------------

  /** Mark a node as chosen. */
  select(node: number): void {
    this.aim.select(node);
    this.invalidate();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth === 0 || clientHeight === 0 || this.renderer.xr.isPresenting) return;
    this.eye.width = clientWidth;
    this.eye.height = clientHeight;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.invalidate();
  }

  #loss(lost: boolean): void {
    this.#lost = lost;
    if (!lost) {
      Eyes.restore();
      this.#world?.restore();
      this.#beside?.restore();
      this.desk.labels.restore();
      this.aim.restore();
      this.invalidate();
    }
    const worn = this.headset.presenting;
    this.#listener.contextLost(lost, worn);
    if (lost && worn) void this.headset.leave().catch(() => undefined); // nothing could be drawn into it any more
  }
}

function same(a: spaces.ReadonlyPose, b: spaces.ReadonlyPose): boolean {
  if (a.scale !== b.scale) return false;
  for (let i = 0; i < 3; i++) if (a.position[i] !== b.position[i]) return false;
  for (let i = 0; i < 4; i++) if (a.orientation[i] !== b.orientation[i]) return false;
  return true;
}
