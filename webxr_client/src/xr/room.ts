/** What is around somebody who wears a headset: the parts, and the order in which they get the hands. */
import type { Captions } from "../captions.ts";
import type { Panel as Rows } from "../generated/protocol.ts";
import { SIDES, type Side } from "../input/hands.ts";
import type { Playing } from "../playing.ts";
import type { Colouring } from "../scene/city.ts";
import type { Session } from "../session.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import { Pointing } from "./aim.ts";
import { Haptics } from "./haptics.ts";
import { Inspector } from "./inspector.ts";
import { HoverLabel } from "./label.ts";
import { Locomotion } from "./locomotion.ts";
import { Models } from "./models.ts";
import { Panels, type PanelState } from "./panels.ts";
import { Passthrough } from "./passthrough.ts";
import { Placement } from "./placement.ts";
import { Rays } from "./rays.ts";
import { Stand } from "./stand.ts";
import { Wrist } from "./wrist.ts";

/** The page, as far as the parts reach into it. */
export interface Page {
  readonly viewer: Viewer;
  readonly world: World;
  readonly session: Session;
  readonly time: Playing;
  readonly captions: Captions;
  /** Go to a moment as its address says; what goes wrong is shown. */
  seek(moment: string): void;
  /** Select a node as a click does; `NOTHING` lets go. */
  choose(node: number): void;
  colour(colouring: Colouring): void;
  /** Night to day or back. */
  light(): void;
}

/** What the page tells those who wear a headset. */
export interface Room {
  /** What the server says of what is selected. */
  inspect(rows: Rows): void;
  /** The panels that are open. */
  state(): PanelState[];
  /** What moves, for menus and scripts. */
  readonly moving: Locomotion;
  /** Where it stands on something real. */
  readonly placement: Placement;
}

/** What reaching a panel, pressing it and having done so feel like. */
const FELT = { reach: "hover", press: "select", done: "release" } as const;

/** Put the parts into the headset. Earlier ones get a press before later ones; what only draws comes last. */
export function furnish(page: Page): Room {
  const { headset } = page.viewer;
  const stand = new Stand(page.viewer, page.world);
  const inspector: Inspector = new Inspector(page, stand, () => panels.list);
  const haptics = new Haptics();
  const moving = new Locomotion(page.viewer, page.world, haptics);
  const dominant = (): Side => (moving.settings.comfort.leftHanded ? "left" : "right");
  const wrist = new Wrist(page, {
    menu: () => undefined,
    passed: (side) => haptics.pulse(SIDES[side], "tick"),
    side: () => (moving.settings.comfort.leftHanded ? "right" : "left"),
  });
  const panels: Panels = new Panels([inspector, wrist], (side, feel) => haptics.pulse(SIDES[side], FELT[feel]), () => page.viewer.calm);
  const pointing = new Pointing(page.viewer, page.world, haptics, dominant, (node) => page.choose(node));
  page.viewer.worn = moving;
  const passthrough = new Passthrough(page.viewer.renderer, page.viewer.city, page.viewer.journey.pose);
  const placement = new Placement(page.viewer, page.world, passthrough);
  moving.placed = () => placement.home;
  headset.add(placement);
  headset.add(panels);
  headset.add(pointing);
  headset.add(moving);
  headset.add(new Rays(page.viewer));
  headset.add(new Models(page.viewer));
  headset.add(new HoverLabel(page.viewer, page.world, page.captions, pointing));
  headset.add(haptics);
  headset.add(passthrough);
  return { moving, placement, inspect: (rows) => inspector.show(rows), state: () => panels.state() };
}
