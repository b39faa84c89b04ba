/** What the mouse points at, said beside it. */
import { nodeIn } from "./beside.ts";
import { isDirectory } from "./captions.ts";
import { COMMIT_NODES } from "./generated/protocol.ts";
import { NOTHING } from "./navigation/selection.ts";
import type { Together } from "./together.ts";
import type { Tooltip } from "./ui/tooltip.ts";
import { grouped, minuteOf } from "./ui/words.ts";
import type { Viewer } from "./viewer.ts";
import type { World } from "./world.ts";

export class Pointing {
  readonly #canvas: HTMLCanvasElement;
  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #together: Together;
  readonly #tooltip: Tooltip;
  /** At which rank it is told what is in the directory pointed at. */
  #told = NOTHING;

  constructor(canvas: HTMLCanvasElement, viewer: Viewer, world: World, together: Together, tooltip: Tooltip) {
    this.#canvas = canvas;
    this.#viewer = viewer;
    this.#world = world;
    this.#together = together;
    this.#tooltip = tooltip;
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return;
      viewer.aim.stale = true;
      tooltip.follow(event.clientX, event.clientY);
    });
  }

  /** The playhead is elsewhere: what was told of a directory is none of this moment's. */
  moved(): void {
    if (this.#told === NOTHING || this.#told === this.#viewer.playback.rank) return;
    this.#told = NOTHING;
    this.#tooltip.commit("", "");
  }

  /** The playhead rests. */
  rested(): void {
    const { hovered, floor } = this.#viewer.aim.selection;
    if (isDirectory(nodeIn(hovered)) && this.#told === NOTHING) this.at(hovered, floor);
  }

  /** This is pointed at. */
  at(node: number, floor: number): void {
    this.#told = NOTHING;
    this.#canvas.classList.toggle("pointing", node !== NOTHING);
    if (node === NOTHING || this.#viewer.headset.presenting) {
      this.#tooltip.hide();
      return;
    }
    const whose = this.#together.whose(node);
    const own = nodeIn(node);
    const { look } = whose.world;
    const path = look.path(own);
    const standing = own >= COMMIT_NODES ? look.find(own, this.#together.rankOf(node)) : undefined;
    const commits = standing === undefined ? 1 : look.strata(standing);
    if (commits > 1) {
      // A bead of a river seen from afar.
      this.#tooltip.show(`${grouped(commits)} commits`);
      this.#tooltip.commit(`${path} among them`, "");
      return;
    }
    this.#tooltip.show(this.#world.beside === undefined ? this.#world.nameOf(node) : `${whose.name} · ${whose.world.nameOf(own)}`);
    if (isDirectory(own)) {
      const { rank } = this.#viewer.playback;
      this.#told = rank;
      void whose.world.contents(whose.captions, own, this.#together.rankOf(node)).then((lines) => {
        if (lines !== undefined && this.#viewer.aim.selection.hovered === node && this.#viewer.playback.rank === rank) this.#tooltip.commit(...lines);
      });
    }
    if (floor < 0) return;
    void whose.captions.stratum(own, floor).then((caption) => {
      if (caption === undefined || this.#viewer.aim.selection.hovered !== node || this.#viewer.aim.selection.floor !== floor) return;
      this.#tooltip.commit(caption.subject, `${caption.author} · ${minuteOf(caption.time)}`);
    });
  }
}
