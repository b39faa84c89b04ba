/** The panel of what is selected, beside it: the same rows as in the window, and the way there. */
import { memberOf, nodeIn } from "../beside.ts";
import type { Panel as Rows } from "../generated/protocol.ts";
import { inspect, type Line } from "../inspection.ts";
import { isolated } from "../ui/words.ts";
import { NOTHING } from "../navigation/selection.ts";
import type { Vector } from "../spaces.ts";
import * as spaces from "../spaces.ts";
import { Panel } from "./panel.ts";
import type { Showing } from "./panels.ts";
import type { Moment } from "./part.ts";
import type { Page } from "./room.ts";
import type { Stand } from "./stand.ts";
import { heading, type Widget } from "./widgets.ts";

const WIDTH = 600;
const MOST = 620;

export class Inspector implements Showing {
  readonly panel = new Panel("inspector", { distance: 0.6, width: WIDTH, most: MOST });
  readonly panels = [this.panel];

  readonly #page: Page;
  readonly #stand: Stand;
  readonly #others: () => readonly Panel[];
  readonly #approach: (node: number) => void;
  #title = "";
  #comes = false;
  /** 1: to the right of its thing. */
  #side = 1;
  readonly #base: Vector = [0, 0, 0];
  readonly #size: Vector = [0, 0, 0];

  /** `approach` leads to a node. */
  constructor(page: Page, stand: Stand, others: () => readonly Panel[], approach: (node: number) => void) {
    this.#page = page;
    this.#approach = approach;
    this.#stand = stand;
    this.#others = others;
  }

  /** What the server says of the thing that is selected. */
  show(rows: Rows): void {
    const { name, folder, facts, change, others, earlier } = inspect(rows);
    const body: Widget[] = [];
    const facing = (lines: readonly Line[]): Widget =>
      ({ kind: "facts", facts: lines.map(({ label, text, moment, repository }) => ({ label, text, press: this.#to(moment, repository) })) });
    if (facts.length > 0) body.push(facing(facts));
    if (change !== undefined) {
      body.push({ kind: "rule" });
      if (change.subject !== "") body.push(heading("Last changed"), { kind: "text", text: change.subject, size: 20, weight: 500, most: 4 });
      body.push(
        { kind: "text", text: `${isolated(change.author)} · ${change.when}`, ink: "ink2", most: 2 },
        { kind: "text", text: change.oid.slice(0, 10), face: "mono", ink: "accent", press: this.#to(change.moment) });
      if (change.message !== "") body.push({ kind: "text", text: change.message, ink: "ink2", most: 40 });
    }
    if (others.length > 0) body.push(facing(others));
    if (earlier.length > 0) {
      body.push({ kind: "rule" }, heading("Before that"),
        ...earlier.map(({ text, label, moment }): Widget => ({ kind: "item", text, note: label, press: this.#to(moment) })));
    }
    const same = this.panel.open && this.#title === rows.title;
    this.#comes ||= !same;
    this.#title = rows.title;
    this.panel.show({
      title: name, folder, close: () => this.#page.choose(NOTHING), body,
      // A model on a table is looked at from around it.
      foot: this.#page.viewer.headset.mode === "ar" ? [] : [{ kind: "buttons", buttons: [
        { text: "Go there", press: () => this.#approach(this.#page.viewer.aim.selection.selected) }] }],
    }, same);
  }

  hide(): void {
    this.panel.hide();
  }

  follow(moment: Moment): void {
    for (const hand of moment.hands.both) if (hand.select.began) this.#side = hand.side === "right" ? 1 : -1;
    if (this.#page.viewer.aim.selection.selected === NOTHING && this.panel.open) this.panel.hide();
    if (!this.#comes || !moment.seen) return;
    this.#comes = false;
    // Where it was is where it is looked for, as long as it can be read there.
    if (this.panel.sheet.visible && this.#stand.readable(this.panel, moment)) return;
    this.panel.placed = false;
    this.#stand.place(this.panel, moment, this.#thing(), this.#side, this.#others());
  }

  /** The middle of what is selected, in the room. */
  #thing(): Vector | undefined {
    const { viewer, world } = this.#page;
    const { selected } = viewer.aim.selection;
    const member = world.beside?.members[memberOf(selected)];
    const { look } = member?.world ?? world;
    const found = look.find(nodeIn(selected), member?.playhead.rank ?? viewer.playback.rank);
    if (found === undefined) return undefined;
    look.box(found, this.#base, this.#size);
    this.#base[0] += member?.plot[0] ?? 0;
    this.#base[2] += member?.plot[1] ?? 0;
    this.#base[1] += this.#size[1] / 2;
    return spaces.apply(viewer.journey.pose, this.#base, this.#base);
  }

  #to(moment: string, repository = ""): (() => void) | undefined {
    if (moment === "") return undefined;
    return repository === "" ? () => this.#page.seek(moment) : () => this.#page.visit(repository, moment);
  }
}
