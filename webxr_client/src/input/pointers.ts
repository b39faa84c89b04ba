/** Mouse, pen and fingers on the canvas, turned into one frame's worth of moving and pointing. */
import type { Actions } from "../navigation/locomotion.ts";
import { move, newPointer, press, release, type Pointer } from "../navigation/selection.ts";
import type { Vector } from "../spaces.ts";

/** What the viewer answers for a place in the picture (CSS pixels from the canvas' left and top). */
export interface Pointed {
  /** The scene's point seen there: of a building, else of the ground. */
  sceneAt(x: number, y: number, out: Vector): Vector;
  /** Unit direction in the world. */
  rayAt(x: number, y: number, out: Vector): Vector;
  clicked(x: number, y: number, double: boolean): void;
}

const ORBIT = 0.0052; // radians a pixel
const WHEEL = 0.0016; // of zoom a pixel of wheel
const MOST_WHEEL = 0.35;

interface Finger {
  x: number;
  y: number;
}

export class Pointers {
  /** Where a mouse hovers, while `hovering`; CSS pixels. */
  readonly hover: Finger = { x: 0, y: 0 };
  hovering = false;
  /** Something is held: nothing else need be pointed at. */
  holding = false;

  readonly #canvas: HTMLElement;
  readonly #pointed: Pointed;
  readonly #pointer: Pointer = newPointer();
  readonly #fingers = new Map<number, Finger>();
  #button = 0;
  readonly #grip: Vector = [0, 0, 0];
  readonly #ray: Vector = [0, 0, 0];
  readonly #pivot: Vector = [0, 0, 0];
  readonly #focus: Vector = [0, 0, 0];
  #orbitX = 0;
  #orbitY = 0;
  #zoom = 0;
  #spread = 0;
  #middleX = 0;
  #middleY = 0;

  constructor(canvas: HTMLElement, pointed: Pointed) {
    this.#canvas = canvas;
    this.#pointed = pointed;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event, false));
    canvas.addEventListener("pointercancel", (event) => this.#up(event, true));
    canvas.addEventListener("pointerleave", () => this.hovering = false);
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Add what happened since the last frame to its actions. */
  read(actions: Actions): void {
    actions.orbit[0] = this.#orbitX * ORBIT;
    actions.orbit[1] = this.#orbitY * ORBIT;
    actions.zoom = this.#zoom;
    actions.pivot = this.#pivot;
    actions.focus = this.#focus;
    actions.grip = this.#grip;
    const grabbing = this.#pointer.dragging && this.#button === 0 && this.#fingers.size === 1;
    actions.grab = grabbing ? this.#pointed.rayAt(this.#pointer.x, this.#pointer.y, this.#ray) : null;
    this.#orbitX = this.#orbitY = this.#zoom = 0;
  }

  #place(event: PointerEvent | WheelEvent): Finger {
    const box = this.#canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event: PointerEvent): void {
    this.#canvas.setPointerCapture(event.pointerId);
    const at = this.#place(event);
    this.#fingers.set(event.pointerId, at);
    if (this.#fingers.size === 1) {
      this.#button = event.button;
      press(this.#pointer, at.x, at.y, this.#pointer);
      this.#pointed.sceneAt(at.x, at.y, event.button === 0 ? this.#grip : this.#pivot);
    } else if (this.#fingers.size === 2) {
      // A second finger turns a drag into a turn about what lies between.
      this.#pointer.down = this.#pointer.dragging = false;
      this.#pair();
      this.#pointed.sceneAt(this.#middleX, this.#middleY, this.#pivot);
      this.#focus[0] = this.#pivot[0];
      this.#focus[1] = this.#pivot[1];
      this.#focus[2] = this.#pivot[2];
    }
    this.holding = true;
  }

  #move(event: PointerEvent): void {
    const at = this.#place(event);
    if (event.pointerType !== "touch") {
      this.hover.x = at.x;
      this.hover.y = at.y;
      this.hovering = true;
    }
    const finger = this.#fingers.get(event.pointerId);
    if (finger === undefined) return;
    const dx = at.x - finger.x;
    const dy = at.y - finger.y;
    finger.x = at.x;
    finger.y = at.y;
    if (this.#fingers.size === 2) {
      this.#pinch();
    } else if (this.#fingers.size === 1) {
      move(this.#pointer, at.x, at.y, this.#pointer);
      if (this.#pointer.dragging && this.#button !== 0) {
        // What lies under the pointer turns with it.
        this.#orbitX -= dx;
        this.#orbitY -= dy;
      }
    }
  }

  #up(event: PointerEvent, lost: boolean): void {
    if (!this.#fingers.delete(event.pointerId)) return;
    this.holding = this.#fingers.size > 0;
    if (this.#fingers.size > 0) return;
    release(this.#pointer, event.timeStamp / 1000, this.#pointer);
    const { gesture, x, y } = this.#pointer;
    if (lost || this.#button !== 0) return;
    if (gesture === "click" || gesture === "double") this.#pointed.clicked(x, y, gesture === "double");
    if (event.pointerType === "touch") this.hovering = false;
  }

  #pair(): void {
    const [a, b] = this.#fingers.values();
    if (a === undefined || b === undefined) return;
    this.#spread = Math.hypot(a.x - b.x, a.y - b.y);
    this.#middleX = (a.x + b.x) / 2;
    this.#middleY = (a.y + b.y) / 2;
  }

  #pinch(): void {
    const before = this.#spread;
    const x = this.#middleX;
    const y = this.#middleY;
    this.#pair();
    if (before > 8 && this.#spread > 8) this.#zoom += Math.log(this.#spread / before);
    this.#orbitX -= this.#middleX - x;
    this.#orbitY -= this.#middleY - y;
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const at = this.#place(event);
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 18 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 240 : 1;
    // A trackpad's pinch comes as a wheel with Ctrl, in far smaller steps.
    const by = -event.deltaY * unit * (event.ctrlKey ? 6 : 1) * WHEEL;
    this.#zoom += Math.min(Math.max(by, -MOST_WHEEL), MOST_WHEEL);
    this.#pointed.sceneAt(at.x, at.y, this.#focus);
  }
}
