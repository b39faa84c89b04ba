/** What is around somebody who wears a headset: the parts, and the order in which they get the hands. */
import type { Captions } from "../captions.ts";
import type { Playing } from "../playing.ts";
import type { Colouring } from "../scene/city.ts";
import type { Session } from "../session.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";

/** The page, as far as the parts reach into it. */
export interface Page {
  readonly viewer: Viewer;
  readonly world: World;
  readonly session: Session;
  readonly time: Playing;
  readonly captions: Captions;
  /** Select a node as a click does; `NOTHING` lets go. */
  choose(node: number): void;
  colour(colouring: Colouring): void;
  /** Night to day or back. */
  light(): void;
}

/** Put the parts into the headset. Earlier ones get a press before later ones; what only draws comes last. */
export function furnish(_page: Page): void {
  // placement, panels, aim, locomotion; then rays, models
}
