/** What is pointed at: asked of the picture where there is time, of the columns where a hand cannot wait. */
import { memberOf, nodeIn } from "../beside.ts";
import type { Pointers } from "../input/pointers.ts";
import { hover, newSelection, NOTHING } from "../navigation/selection.ts";
import * as spaces from "../spaces.ts";
import type { World } from "../world.ts";
import type { ReadonlyPose, Vector } from "../spaces.ts";
import { clearHit, newHit } from "./bvh.ts";
import type { City } from "./city.ts";
import type { Playhead } from "./drawn.ts";
import type { Eye } from "./eye.ts";
import { Picking } from "./picking.ts";
import { along, toGround } from "./ray.ts";

/** The district that is the whole repository: pointing at the plate is pointing at nothing. */
const ROOT = 1;
export const thing = (node: number): number => (nodeIn(node) === ROOT ? NOTHING : node);

/** What is seen where. */
interface Seen {
  readonly journey: { readonly pose: ReadonlyPose };
  readonly playhead: Playhead;
}

export class Aim {
  readonly selection = newSelection();
  /** Look under the pointer again: it, the view or the playhead moved. */
  stale = true;
  /** Of several cities side by side the columns are asked, for a picture would not say whose node it is. */
  world: World | undefined;

  readonly #picking: Picking;
  readonly #city: City;
  readonly #eye: Eye;
  readonly #pointed: (node: number, floor: number) => void;
  readonly #ray: Vector = [0, 0, 0];
  readonly #turn: spaces.Quaternion = [0, 0, 0, 1];
  readonly #hit = newHit();
  readonly #clicks: ((node: number, floor: number) => void)[] = [];

  constructor(picking: Picking, city: City, eye: Eye, pointed: (node: number, floor: number) => void) {
    this.#picking = picking;
    this.#city = city;
    this.#eye = eye;
    this.#pointed = pointed;
  }

  /** Take an answer that has come; true where something else is pointed at now. */
  poll(pointers: Pointers): boolean {
    if (!this.#picking.poll() || !pointers.hovering) return false;
    return this.hover(thing(this.#picking.picked.node), this.#picking.picked.floor);
  }

  /** Ask what the pointer is over; `width`, `height` of the picture in device pixels. */
  ask(pointers: Pointers, width: number, height: number, { journey, playhead }: Seen): void {
    if (!this.stale || this.#picking.busy) return;
    if (!pointers.hovering || pointers.holding) {
      this.stale = pointers.holding;
      if (!pointers.hovering) this.hover(NOTHING, NOTHING);
      return;
    }
    this.stale = false;
    const { x, y } = pointers.hover;
    if (this.world?.beside !== undefined) {
      this.#look(this.world, x, y, journey.pose, playhead);
      return;
    }
    this.#picking.ask(this.#eye.camera, x * width / this.#eye.width, y * height / this.#eye.height, width, height);
  }

  #look(world: World, x: number, y: number, pose: ReadonlyPose, playhead: Playhead): void {
    const eye = this.#eye.inScene(pose);
    const ray = this.#eye.ray(x, y, this.#ray);
    spaces.rotate(spaces.conjugate(pose.orientation, this.#turn), ray, ray);
    world.look.prepare(Infinity);
    const hit = clearHit(this.#hit);
    const node = world.cast(eye, ray, playhead, hit) && nodeIn(hit.node) !== ROOT ? hit.node : NOTHING;
    const floor = node === NOTHING ? NOTHING : hit.floor;
    for (const told of this.#clicks) told(node, floor);
    this.#clicks.length = 0;
    this.hover(node, floor);
  }

  /** Be told what is at a place: a finger hovers over nothing, so it is asked for. */
  click(pointers: Pointers, x: number, y: number, told: (node: number, floor: number) => void): void {
    if (this.world?.beside !== undefined) this.#clicks.push(told);
    else this.#picking.next(({ node, floor }) => told(thing(node), floor));
    pointers.hover.x = x;
    pointers.hover.y = y;
    pointers.hovering = true;
    this.stale = true;
  }

  hover(node: number, floor: number): boolean {
    const { selection } = this;
    if (selection.hovered === node && selection.floor === floor) return false;
    hover(selection, node, floor, selection);
    this.#mark();
    this.#pointed(node, floor);
    return true;
  }

  select(node: number): void {
    this.selection.selected = node;
    this.#mark();
  }

  #mark(): void {
    const { selected, hovered, floor } = this.selection;
    const { uniforms } = this.#city;
    uniforms.selectedNode.value = memberOf(selected) === 0 ? selected : NOTHING;
    uniforms.hoveredNode.value = memberOf(hovered) === 0 ? hovered : NOTHING;
    uniforms.hoveredFloor.value = memberOf(hovered) === 0 ? floor : NOTHING;
    this.world?.beside?.mark(selected, hovered, floor);
  }

  /** The scene's point at a place in the picture: of a building, else of the ground, `farthest` metres away at most. */
  sceneAt(x: number, y: number, pose: ReadonlyPose, world: World, playhead: Playhead, farthest: number, out: Vector): Vector {
    const eye = this.#eye.inScene(pose);
    const ray = this.#eye.ray(x, y, this.#ray);
    spaces.rotate(spaces.conjugate(pose.orientation, this.#turn), ray, ray);
    world.look.prepare(Infinity); // a hand that is there already does not wait
    const met = world.cast(eye, ray, playhead, clearHit(this.#hit));
    return along(eye, ray, met ? this.#hit.distance : toGround(eye, ray, farthest), out);
  }

  restore(): void {
    this.#picking.restore();
    this.stale = true;
  }
}
