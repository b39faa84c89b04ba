/** What is around somebody who wears a headset: the parts, and the order in which they get the hands. */
import type { Captions } from "../captions.ts";
import type { Panel as Rows, Repository } from "../generated/protocol.ts";
import { SIDES, type Side } from "../input/hands.ts";
import type { Playing } from "../playing.ts";
import type { Colouring } from "../scene/colours.ts";
import type { Session } from "../session.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import { Pointing } from "./aim.ts";
import type { Said } from "./card.ts";
import { Haptics } from "./haptics.ts";
import { hang } from "./hang.ts";
import { HoverLabel, type LabelState } from "./label.ts";
import { Locomotion } from "./locomotion.ts";
import { Models } from "./models.ts";
import { Names, type NameState } from "./names.ts";
import type { PanelState } from "./panels.ts";
import type { Mode } from "./part.ts";
import { Passthrough } from "./passthrough.ts";
import { Placement } from "./placement.ts";
import { Rays } from "./rays.ts";

/** The page, as far as the parts reach into it. */
export interface Page {
  readonly viewer: Viewer;
  readonly world: World;
  readonly session: Session;
  readonly time: Playing;
  readonly captions: Captions;
  /** What the window says of line, errors and loading. */
  readonly said: Said;
  /** Go to a moment as its address says; what goes wrong is shown. */
  seek(moment: string): void;
  /** Select a node as a click does; `NOTHING` lets go. */
  choose(node: number): void;
  colour(colouring: Colouring): void;
  /** The scenes that the repository can be shown as. */
  readonly scenes: readonly string[];
  /** Show it as another. */
  scene(name: string): void;
  /** The repositories that are open. */
  readonly repositories: readonly Repository[];
  /** Show another of them. */
  visit(id: string, moment?: string): void;
  /** Have everything laid out anew. */
  tidy(): void;
  /** Night to day or back. */
  light(): void;
  /** Into a session of the other kind; where the device refuses, it is said. */
  enter(mode: Mode): void;
}

/** What the page tells those who wear a headset. */
export interface Room {
  /** What the server says of what is selected. */
  inspect(rows: Rows): void;
  /** The panels that are open. */
  state(): PanelState[];
  /** What is named in the room. */
  names(): NameState[];
  /** What is written beside the cursor. */
  label(): LabelState | null;
  /** What moves, for menus and scripts. */
  readonly moving: Locomotion;
  /** Where it stands on something real. */
  readonly placement: Placement;
}

/** Put the parts into the headset. Earlier ones get a press before later ones; what only draws comes last. */
export function furnish(page: Page): Room {
  const { headset } = page.viewer;
  const haptics = new Haptics();
  const moving = new Locomotion(page.viewer, page.world, haptics);
  const dominant = (): Side => (moving.settings.comfort.leftHanded ? "left" : "right");
  const { panels, inspector } = hang(page, moving, (side, pulse) => haptics.pulse(SIDES[side], pulse), haptics,
    () => placement.again());
  const pointing = new Pointing(page.viewer, page.world, haptics, dominant, (hand) => moving.aims(hand), (node) => page.choose(node));
  page.viewer.worn = moving;
  const passthrough = new Passthrough(page.viewer.renderer, page.viewer.city, page.viewer.journey.pose);
  const placement = new Placement(page.viewer, page.world, passthrough);
  const names = new Names(page.viewer, page.world);
  const label = new HoverLabel(page.viewer, page.world, page.captions, pointing);
  moving.placed = () => placement.home;
  headset.add(placement);
  headset.add(panels);
  headset.add(pointing);
  headset.add(moving);
  headset.add(names);
  headset.add(new Rays(page.viewer));
  headset.add(new Models(page.viewer));
  headset.add(label);
  headset.add(haptics);
  headset.add(passthrough);
  return {
    moving, placement, inspect: (rows) => inspector.show(rows), state: () => panels.state(), names: () => names.state(),
    label: () => label.state(),
  };
}
