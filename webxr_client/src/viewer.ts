/** The picture: renderer, eye, playhead and pointer, stepped once a frame and drawn where something changed. */
import { WebGLRenderer } from "three";
import * as clock from "./clock.ts";
import type { Keyboard } from "./input/keyboard.ts";
import { Pointers } from "./input/pointers.ts";
import * as locomotion from "./navigation/locomotion.ts";
import { NOTHING } from "./navigation/selection.ts";
import { Aim } from "./scene/aim.ts";
import { City, type Colouring } from "./scene/city.ts";
import { drawsOnCpu } from "./scene/device.ts";
import type { Playhead } from "./scene/drawn.ts";
import { Eye } from "./scene/eye.ts";
import { Labels } from "./scene/labels.ts";
import { Pacer } from "./scene/pacer.ts";
import { Picking } from "./scene/picking.ts";
import * as spaces from "./spaces.ts";
import type { Pose, Vector } from "./spaces.ts";
import { TIERS, type Tier } from "./tier.ts";
import type { World } from "./world.ts";
import { Headset } from "./xr/headset.ts";
import type { Mode } from "./xr/part.ts";

const LONGEST_STEP = 0.1; // seconds: after a pause the world does not jump
/** Of the time between frames, what may go into looking for labels; milliseconds at least and at most. */
const SURVEY_SHARE = 0.03;
const SURVEY_LEAST = 0.4;
const SURVEY_MOST = 6;
const SURVEY_WORN = 0.5;
/** Milliseconds of a frame that may go into making ready for rays, while any tile is new. */
const PREPARE = 2;
const PREPARE_WORN = 0.5;
const LIGHT_SECONDS = 0.35;
/** Pixels of a building's side from which on it may be named. */
const SMALLEST_NAMED = 44;
/** Pixels that a surface may be off before finer tiles are fetched. */
const PIXELS_OFF = 2;
/** Milliseconds after the first picture until programs are made that may be asked for later. */
const PREPARE_AFTER = 1500;
const NOWHERE = [-1, -1, -1, 1, 1, 1];

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
  readonly playback = clock.newPlayback();
  /** Where time stands, as it is drawn. */
  readonly playhead: Playhead = { rank: 0, fraction: 0, easing: clock.EASE_LEAST };
  readonly journey = locomotion.newJourney();
  readonly eye = new Eye();
  /** Names as a window shows them. */
  readonly labels: Labels;
  readonly headset: Headset;
  readonly aim: Aim;
  readonly frames = new Pacer();
  colouring: Colouring = "author";
  /** 0 night, 1 day: where the light is going. */
  daylight = 0;
  calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** While a headset shows the picture: the pose that the window comes back to. */
  desk: Pose | null = null;
  /** Who moves the journey of somebody who wears a headset. */
  worn: { undo(): void; recentre(): void } | null = null;

  readonly canvas: HTMLCanvasElement;
  readonly #listener: ViewerListener;
  readonly #pointers: Pointers;
  readonly #actions = locomotion.newActions();
  readonly #posed = spaces.newPose();
  #world: World | undefined;
  #keyboard: Keyboard | undefined;
  #past: Pose[] = [];
  /** Playback was stopped by the headset's sleep. */
  #paused = false;
  #last = 0;
  #stale = true;
  #arriving = 0;
  #choosing = true;
  #everDrawn = false;
  #lost = false;
  /** The picture of the next refresh is drawn already. */
  #ahead = false;

  constructor(canvas: HTMLCanvasElement, tier: Tier, listener: ViewerListener) {
    this.canvas = canvas;
    this.#listener = listener;
    this.renderer = new WebGLRenderer({ canvas, antialias: !drawsOnCpu(), powerPreference: "high-performance" });
    this.renderer.info.autoReset = false;
    this.city = new City(this.renderer);
    this.labels = new Labels(this.renderer);
    this.headset = new Headset(this.renderer, TIERS[tier].foveation, {
      entered: (mode) => this.#wear(mode),
      left: () => this.#wear(null),
      visible: (state) => this.#seen(state),
    });
    this.city.scene.add(this.labels.mesh, this.headset.root);
    this.aim = new Aim(new Picking(this.renderer, this.city.pickScene), this.city, this.eye,
      (node, floor) => this.#listener.pointed(node, floor));
    this.#pointers = new Pointers(canvas, {
      sceneAt: (x, y, out) => this.#sceneAt(x, y, out),
      rayAt: (x, y, out) => this.eye.ray(x, y, out),
      clicked: (x, y, double) => this.#clicked(x, y, double),
    });
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
    canvas.addEventListener("webglcontextlost", () => this.#loss(true));
    canvas.addEventListener("webglcontextrestored", () => this.#loss(false));
    // Labels drawn before the font came would stay in another.
    void Promise.all([document.fonts.load("600 14px Inter"), document.fonts.load("500 14px Inter")]).then(() => {
      this.labels.reset();
      this.invalidate();
    });
  }

  /** What lies over the picture: no label goes there. */
  cover(panels: readonly DOMRect[]): void {
    this.labels.obstacles = panels;
    this.invalidate();
  }

  /** Begin to draw what `world` shows, with these keys. */
  start(world: World, keyboard: Keyboard): void {
    this.#world = world;
    this.#keyboard = keyboard;
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
    this.#stale = true;
    this.aim.stale = true;
    this.#choosing = true;
    this.#world?.survey.stir();
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
    this.labels.clear();
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
    if (this.desk === null) this.setPose(pose);
    else spaces.copyPose(pose, this.desk);
  }

  /** Where `recentre` goes: all of the city between the panels, facing about as `start` does. */
  setHome(start: spaces.ReadonlyPose): void {
    this.eye.home(start, this.#box, this.journey.home);
  }

  undo(): void {
    if (this.desk === null) this.#actions.undo = true;
    else this.worn?.undo();
    this.invalidate();
  }

  recentre(): void {
    if (this.desk === null) this.#actions.recentre = true;
    else this.worn?.recentre();
    this.invalidate();
  }

  /** Go near a node that stands. */
  approach(node: number): void {
    if (this.desk !== null) return;
    const found = this.#world?.look.find(node, this.playback.rank);
    if (found === undefined) return;
    const base: Vector = [0, 0, 0];
    const size: Vector = [0, 0, 0];
    this.#world!.look.box(found, base, size);
    this.#teleport([base[0], base[1] + size[1] * 0.6, base[2]], 2.4 * Math.max(size[0], size[1], size[2], 4));
  }

  setColouring(colouring: Colouring): void {
    this.colouring = colouring;
    this.city.colour(colouring);
    this.invalidate();
  }

  /** A commit landed while the playhead stood at the newest: let it be seen arriving. */
  arrive(headRank: number): void {
    clock.seek(this.playback, headRank, headRank - 1, 0, this.playback);
    if (this.calm) this.playback.rank = headRank;
    else this.#arriving = 1e-3;
    this.invalidate();
  }

  /** Whether an arrival is being shown. */
  get arriving(): boolean {
    return this.#arriving > 0;
  }

  /** Stop showing an arrival: the playhead was moved. */
  settle(): void {
    this.#arriving = 0;
    this.invalidate();
  }

  // --- a frame -----------------------------------------------------------------------------

  #frame(time: number, frame: XRFrame | undefined): void {
    const elapsed = time - this.#last;
    const dt = Math.min(Math.max(elapsed / 1000, 0), LONGEST_STEP);
    this.#last = time;
    if (this.#lost || this.#world === undefined) return;
    const began = performance.now();
    const worn = frame !== undefined && this.headset.presenting;
    if (worn && !this.headset.step(frame, dt)) return; // lost: the headset keeps the picture it has
    const moved = worn ? this.#follow() : this.#navigate(dt);
    const played = this.#play(dt);
    const lit = this.#light(dt);
    if (moved || played) {
      this.#world.survey.stir();
      this.#choosing = true;
    }
    this.#choose(time);
    this.#world.look.prepare(worn ? PREPARE_WORN : PREPARE);
    const looked = this.#world.survey.step(this.playback.rank, this.eye.inScene(this.journey.pose), SMALLEST_NAMED / this.eye.focal,
      Math.min(Math.max(elapsed * SURVEY_SHARE, SURVEY_LEAST), worn ? SURVEY_WORN : SURVEY_MOST), moved, played);
    const pointed = !worn && this.aim.poll(this.#pointers);
    const stale = worn || this.#stale || moved || played || lit || pointed;
    if (stale && !pointed) this.aim.stale = true;
    if (!stale && !looked && !this.aim.stale) return;
    this.renderer.info.reset();
    this.#place();
    // Names stay where they are while only time goes on.
    const fading = !worn && (moved || looked || this.#stale) && this.#label(dt);
    if (stale || looked || fading) {
      this.renderer.render(this.city.scene, this.eye.camera);
      this.#stale = fading;
      if (!this.#everDrawn && this.city.nodesResident > 0) {
        this.#everDrawn = true;
        this.#listener.drawn();
        setTimeout(() => void this.city.prepare(this.renderer, this.eye.camera), PREPARE_AFTER);
      }
    }
    if (!worn) this.aim.ask(this.#pointers, this.canvas.width, this.canvas.height);
    this.frames.add(performance.now() - began);
  }

  /** Let the world draw and hold what this view needs. */
  #choose(time: number): void {
    const { rank, fraction } = this.playback;
    const ceiling = fraction > 0 ? rank + 1 : rank;
    const world = this.#world!;
    world.draw(ceiling);
    if (this.#choosing) this.#choosing = world.choose(this.eye.inScene(this.journey.pose), this.eye.focal / PIXELS_OFF, ceiling, time);
  }

  #navigate(dt: number): boolean {
    const actions = this.#actions;
    actions.fly[0] = actions.fly[1] = actions.fly[2] = actions.turn = 0;
    this.#keyboard?.read(actions);
    this.#pointers.read(actions);
    locomotion.step(this.journey, actions, dt, this.journey);
    actions.undo = actions.recentre = false;
    actions.teleport = null;
    return this.#hasMoved();
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
    this.labels.mesh.visible = mode === null;
    this.eye.inRoom = mode !== null;
    if (mode !== null) {
      if (this.#paused) this.#seen("visible");
      this.desk ??= spaces.copyPose(journey.gliding ? journey.to : journey.pose);
      this.#past = journey.past;
      journey.past = [];
    } else {
      this.eye.sit();
      if (this.desk !== null) locomotion.rest(journey, this.desk, this.#past);
      this.desk = null;
      this.#resize();
    }
    this.aim.hover(NOTHING, NOTHING);
    this.#listener.mode(mode);
    this.invalidate();
  }

  /** Asleep, nobody watches the playhead run; awake again it goes on. */
  #seen(state: XRVisibilityState): void {
    const { playback } = this;
    if (state === "hidden") {
      this.#paused ||= playback.playing;
      clock.pause(playback, playback);
    } else if (this.#paused) {
      this.#paused = false;
      clock.play(playback, playback.rate, playback);
    }
    this.#listener.moved();
    this.invalidate();
  }

  #play(dt: number): boolean {
    const shown = this.#world?.shown;
    if (shown === undefined) return false;
    const { playback } = this;
    const { uniforms } = this.city;
    const { rank, fraction, playing } = playback;
    if (this.#arriving > 0) {
      this.#arriving = Math.min(this.#arriving + dt / clock.EASE_SECONDS, 1);
      playback.fraction = this.#arriving;
      if (this.#arriving === 1) {
        this.#arriving = 0;
        clock.seek(playback, shown.headRank, playback.rank + 1, 0, playback);
      }
    } else {
      clock.advance(playback, shown.dates, dt, playback);
    }
    uniforms.easing.value = this.#arriving > 0 ? 1 : this.calm ? clock.EASE_LEAST : clock.easing(playback, shown.dates);
    uniforms.glowPerRank.value = clock.glowPerRank(playback, shown.scene.glow_seconds);
    uniforms.playheadRank.value = this.playhead.rank = playback.rank;
    uniforms.playheadFraction.value = this.playhead.fraction = playback.fraction;
    this.playhead.easing = uniforms.easing.value;
    uniforms.headRank.value = shown.headRank;
    if (rank === playback.rank && fraction === playback.fraction && playing === playback.playing) return false;
    this.#listener.moved();
    return true;
  }

  #light(dt: number): boolean {
    const { daylight } = this.city.uniforms;
    if (daylight.value === this.daylight) return false;
    const step = this.calm ? 1 : dt / LIGHT_SECONDS;
    daylight.value += Math.min(Math.max(this.daylight - daylight.value, -step), step);
    this.labels.paint(daylight.value);
    return true;
  }

  /** Bring the eye and everything seen to where the journey is. */
  #place(): void {
    this.eye.place(this.journey.pose, this.#box);
    this.city.approach(this.eye.inScene(this.journey.pose));
    this.city.place(this.eye.worldFromScene);
    this.labels.mesh.matrixWorld.copy(this.eye.worldFromScene);
  }

  #label(dt: number): boolean {
    const { width, height } = this.canvas;
    const survey = this.#world!.survey;
    return this.labels.update(survey, this.eye.clipFromScene, width, height, this.renderer.getPixelRatio(), dt, this.calm);
  }

  // --- pointing ----------------------------------------------------------------------------

  /** Mark a node as chosen. */
  select(node: number): void {
    this.aim.select(node);
    this.invalidate();
  }

  #clicked(x: number, y: number, double: boolean): void {
    if (double) {
      const point = this.#sceneAt(x, y, [0, 0, 0]);
      const eye = this.eye.inScene(this.journey.pose);
      const away = Math.hypot(point[0] - eye[0], point[1] - eye[1], point[2] - eye[2]);
      this.#teleport(point, Math.min(Math.max(away * 0.3, 14), 120));
    } else {
      this.aim.click(this.#pointers, x, y, (node, floor) => this.#listener.clicked(node, floor));
      this.invalidate();
    }
  }

  #teleport(point: Vector, reach: number): void {
    this.#actions.teleport = point;
    this.#actions.reach = reach;
    this.invalidate();
  }

  /** What all the city lies in; metres, scene space. */
  get #box(): readonly number[] {
    return this.#world?.shown?.scene.root.box ?? NOWHERE;
  }

  #sceneAt(x: number, y: number, out: Vector): Vector {
    if (this.#world === undefined) return out;
    const box = this.#box;
    const wide = Math.hypot(box[3]! - box[0]!, box[5]! - box[2]!);
    return this.aim.sceneAt(x, y, this.journey.pose, this.#world.look, this.playhead, wide, out);
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
      this.#world?.restore();
      this.labels.restore();
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
