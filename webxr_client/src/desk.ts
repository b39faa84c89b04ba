/** Somebody at a window: mouse, fingers and keys that move the scene, what they point at, and names in the picture. */
import type { WebGLRenderer } from "three";
import type { Keyboard } from "./input/keyboard.ts";
import { Pointers } from "./input/pointers.ts";
import * as locomotion from "./navigation/locomotion.ts";
import { Aim } from "./scene/aim.ts";
import type { City } from "./scene/city.ts";
import type { Playhead } from "./scene/drawn.ts";
import type { Eye } from "./scene/eye.ts";
import { Labels } from "./scene/labels.ts";
import { Picking } from "./scene/picking.ts";
import type { Vector } from "./spaces.ts";
import type { World } from "./world.ts";

export interface DeskListener {
  pointed(node: number, floor: number): void;
  clicked(node: number, floor: number): void;
  /** The next frame is to be drawn. */
  changed(): void;
}

/** What a desk shares with a headset. */
export interface Shared {
  readonly renderer: WebGLRenderer;
  readonly city: City;
  readonly eye: Eye;
  readonly journey: locomotion.Journey;
  readonly playhead: Playhead;
}

export class Desk {
  /** Names as a window shows them. */
  readonly labels: Labels;
  readonly aim: Aim;

  readonly #canvas: HTMLCanvasElement;
  readonly #shared: Shared;
  readonly #listener: DeskListener;
  readonly #pointers: Pointers;
  readonly #actions = locomotion.newActions();
  #world: World | undefined;
  #keyboard: Keyboard | undefined;

  constructor(canvas: HTMLCanvasElement, shared: Shared, listener: DeskListener) {
    this.#canvas = canvas;
    this.#shared = shared;
    this.#listener = listener;
    const { renderer, city, eye } = shared;
    this.labels = new Labels(renderer);
    this.aim = new Aim(new Picking(renderer, city.pickScene), city, eye, (node, floor) => listener.pointed(node, floor));
    this.#pointers = new Pointers(canvas, {
      sceneAt: (x, y, out) => this.#sceneAt(x, y, out),
      rayAt: (x, y, out) => eye.ray(x, y, out),
      clicked: (x, y, double) => this.#clicked(x, y, double),
    });
    // Labels drawn before the font came would stay in another.
    void Promise.all([document.fonts.load("600 14px Inter"), document.fonts.load("500 14px Inter")]).then(() => {
      this.labels.reset();
      listener.changed();
    });
  }

  /** Begin to move through what `world` shows, with these keys. */
  start(world: World, keyboard: Keyboard): void {
    this.#world = world;
    this.aim.world = world;
    this.#keyboard = keyboard;
  }

  /** What lies over the picture: no label goes there. */
  cover(panels: readonly DOMRect[]): void {
    this.labels.obstacles = panels;
    this.#listener.changed();
  }

  undo(): void {
    this.#actions.undo = true;
  }

  recentre(): void {
    this.#actions.recentre = true;
  }

  /** Go near a node that stands at `rank`, in a city that may stand on a plot beside. */
  approach(node: number, rank: number, look = this.#world?.look, plot: readonly [number, number] = [0, 0]): void {
    const found = look?.find(node, rank);
    if (look === undefined || found === undefined) return;
    const base: Vector = [0, 0, 0];
    const size: Vector = [0, 0, 0];
    look.box(found, base, size);
    this.#teleport([base[0] + plot[0], base[1] + size[1] * 0.6, base[2] + plot[1]], 2.4 * Math.max(size[0], size[1], size[2], 4));
  }

  /** Move the journey for `dt` seconds as hands wish. */
  navigate(dt: number): void {
    const actions = this.#actions;
    const { journey } = this.#shared;
    actions.fly[0] = actions.fly[1] = actions.fly[2] = actions.turn = 0;
    this.#keyboard?.read(actions);
    this.#pointers.read(actions);
    locomotion.step(journey, actions, dt, journey);
    actions.undo = actions.recentre = false;
    actions.teleport = null;
  }

  /** Take what the picture answered; true where something else is pointed at now. */
  poll(): boolean {
    return this.aim.poll(this.#pointers);
  }

  /** Ask the picture that was just drawn what the pointer is over. */
  ask(): void {
    this.aim.ask(this.#pointers, this.#canvas.width, this.#canvas.height, this.#shared);
  }

  /** Name what stands; true while some name comes or goes. */
  label(dt: number, calm: boolean): boolean {
    const { renderer, eye } = this.#shared;
    const { width, height } = this.#canvas;
    return this.labels.update(this.#world!.surveys, eye.clipFromScene, width, height, renderer.getPixelRatio(), dt, calm);
  }

  #clicked(x: number, y: number, double: boolean): void {
    if (double) {
      const point = this.#sceneAt(x, y, [0, 0, 0]);
      const eye = this.#shared.eye.inScene(this.#shared.journey.pose);
      const away = Math.hypot(point[0] - eye[0], point[1] - eye[1], point[2] - eye[2]);
      this.#teleport(point, Math.min(Math.max(away * 0.3, 14), 120));
    } else {
      this.aim.click(this.#pointers, x, y, (node, floor) => this.#listener.clicked(node, floor));
      this.#listener.changed();
    }
  }

  #teleport(point: Vector, reach: number): void {
    this.#actions.teleport = point;
    this.#actions.reach = reach;
    this.#listener.changed();
  }

  #sceneAt(x: number, y: number, out: Vector): Vector {
    const world = this.#world;
    if (world === undefined) return out;
    const { box } = world;
    const wide = Math.hypot(box[3]! - box[0]!, box[5]! - box[2]!);
    return this.aim.sceneAt(x, y, this.#shared.journey.pose, world, this.#shared.playhead, wide, out);
  }
}
