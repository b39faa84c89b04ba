/** All panels of a headset: which there are, what comes and goes, and the hands that reach them. */
import { Group } from "three";
import type { Panel } from "./panel.ts";
import type { Mode, Moment, Part } from "./part.ts";
import { Reach, type Feel } from "./reach.ts";
import { whenFontsCome } from "./type.ts";
import { LINE } from "./widgets.ts";

/** Something that shows panels: decides each frame what they say and where they are. */
export interface Showing {
  readonly panels: readonly Panel[];
  begin?(mode: Mode): void;
  /** `holding`: panels that hands press or carry now, which stay where they are. */
  follow(moment: Moment, holding: (panel: Panel) => boolean): void;
  end?(): void;
}

/** A panel in numbers, for scripts and tests: metres of the room. */
export interface PanelState {
  readonly name: string;
  readonly position: readonly number[];
  readonly orientation: readonly number[];
  /** Width and height. */
  readonly size: readonly number[];
  /** Metres that a line of its text is high, at least. */
  readonly line: number;
  /** What it says, line by line; buttons are targets. */
  readonly words: readonly string[];
  /** What can be pressed, and where its middle is in the room. */
  readonly targets: readonly { readonly name: string; readonly position: readonly number[] }[];
}

export class Panels implements Part {
  readonly root = new Group();
  readonly list: Panel[] = [];
  readonly #showings: readonly Showing[];
  readonly #reaches: readonly [Reach, Reach];
  readonly #still: () => boolean;
  readonly #held = (panel: Panel): boolean => this.#reaches[0].holds === panel || this.#reaches[1].holds === panel;

  /** `feel` is what a hand is to feel, `still` whether motion is to be left out. */
  constructor(showings: readonly Showing[], feel: (side: 0 | 1, feel: Feel) => void, still: () => boolean) {
    this.#showings = showings;
    this.#still = still;
    this.#reaches = [new Reach(0, feel), new Reach(1, feel)];
    this.root.matrixAutoUpdate = false;
    for (const { panels } of showings) {
      for (const panel of panels) {
        this.list.push(panel);
        this.root.add(panel.sheet.mesh);
      }
    }
    whenFontsCome(() => {
      for (const panel of this.list) panel.repaint();
    });
  }

  begin(_session: XRSession, mode: Mode): void {
    for (const showing of this.#showings) showing.begin?.(mode);
  }

  step(moment: Moment): void {
    for (const showing of this.#showings) showing.follow(moment, this.#held);
    for (const reach of this.#reaches) reach.step(moment, this.list);
    const still = this.#still();
    for (const panel of this.list) panel.step(moment.dt, still);
  }

  end(): void {
    for (const reach of this.#reaches) reach.release();
    for (const showing of this.#showings) showing.end?.();
  }

  /** The panels that are open, as they are now. */
  state(): PanelState[] {
    return this.list.filter(({ open }) => open).map((panel) => {
      const { sheet } = panel;
      return {
        name: panel.name, position: [...sheet.pose.position], orientation: [...sheet.pose.orientation],
        size: [panel.width, panel.height], line: LINE * sheet.pose.scale, words: panel.words,
        targets: [...panel.targets()].map(([name, x, y]) => ({ name, position: [...sheet.inRoom(x, y, [0, 0, 0])] })),
      };
    });
  }
}
