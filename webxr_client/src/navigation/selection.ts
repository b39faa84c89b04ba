/**
 * Pointing: from presses and moves of a pointer to clicks, drags and what is chosen, as pure
 * functions. The twin is `xrserver/navigation/selection.py`.
 *
 * Results are written into `out`, which may be the state itself, so that moving a mouse allocates nothing.
 */

export type Gesture = "none" | "drag" | "drop" | "click" | "double";

/** How far a press may move and stay a click; logical pixels. */
export const CLICK_PIXELS = 5;
/** Two clicks within this time, seconds, and this distance are a double click. */
export const DOUBLE_SECONDS = 0.35;
export const DOUBLE_PIXELS = 8;

/** No node, no floor. */
export const NOTHING = -1;

/** A pointer with one button that matters; logical pixels, seconds. */
export interface Pointer {
  x: number;
  y: number;
  down: boolean;
  dragging: boolean;
  /** Where it was pressed. */
  downX: number;
  downY: number;
  /** The last single click. */
  clickTime: number;
  clickX: number;
  clickY: number;
  /** What the last `move` or `release` was. */
  gesture: Gesture;
}

/** What is pointed at and what is chosen; `NOTHING` where nothing is. */
export interface Selection {
  /** Node. */
  hovered: number;
  /** Stratum from 0, oldest. */
  floor: number;
  /** Node. */
  selected: number;
}

export const newPointer = (): Pointer => ({
  x: 0,
  y: 0,
  down: false,
  dragging: false,
  downX: 0,
  downY: 0,
  clickTime: -1e9,
  clickX: 0,
  clickY: 0,
  gesture: "none",
});

export const newSelection = (): Selection => ({ hovered: NOTHING, floor: NOTHING, selected: NOTHING });

/** The pointer pressed at (x, y). */
export function press(pointer: Readonly<Pointer>, x: number, y: number, out: Pointer = newPointer()): Pointer {
  Object.assign(out, pointer);
  out.x = out.downX = x;
  out.y = out.downY = y;
  out.down = true;
  out.dragging = false;
  out.gesture = "none";
  return out;
}

/** The pointer at (x, y); its gesture is `drag` when that makes a press one. */
export function move(pointer: Readonly<Pointer>, x: number, y: number, out: Pointer = newPointer()): Pointer {
  Object.assign(out, pointer);
  out.x = x;
  out.y = y;
  out.gesture = "none";
  if (out.down && !out.dragging && Math.hypot(x - out.downX, y - out.downY) > CLICK_PIXELS) {
    out.dragging = true;
    out.gesture = "drag";
  }
  return out;
}

/** The pointer let go; its gesture is what that was: `drop`, `click` or `double`. */
export function release(pointer: Readonly<Pointer>, time: number, out: Pointer = newPointer()): Pointer {
  Object.assign(out, pointer);
  out.gesture = "none";
  if (!out.down) return out;
  const dragged = out.dragging;
  out.down = out.dragging = false;
  if (dragged) {
    out.gesture = "drop";
  } else if (
    Math.hypot(out.x - out.clickX, out.y - out.clickY) <= DOUBLE_PIXELS &&
    time - out.clickTime <= DOUBLE_SECONDS
  ) {
    out.gesture = "double";
    out.clickTime = -1e9;
  } else {
    out.gesture = "click";
    out.clickTime = time;
    out.clickX = out.x;
    out.clickY = out.y;
  }
  return out;
}

/** The selection with the pointer over a floor of a node (or over nothing). */
export function hover(
  selection: Readonly<Selection>,
  node: number,
  floor: number,
  out: Selection = newSelection(),
): Selection {
  out.hovered = node;
  out.floor = node === NOTHING ? NOTHING : floor;
  out.selected = selection.selected;
  return out;
}

/** The selection with `node` chosen; nothing lets go of what was. */
export function choose(selection: Readonly<Selection>, node: number, out: Selection = newSelection()): Selection {
  out.hovered = selection.hovered;
  out.floor = selection.floor;
  out.selected = node;
  return out;
}
