/** Which scene shows the repository, and the way to another. */
import { Choice, element } from "./element.ts";

/** Those known come first; of others the order is the server's. */
const ORDER = ["city", "river", "both"];
const placeOf = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** Always in the same order, whichever the server opens with. */
export const inOrder = (names: readonly string[]): string[] => [...names].sort((a, b) => placeOf(a) - placeOf(b));

/** A scene's name as people read it: those that come with xrserver, and files of one's own. */
export const titleOf = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

export class Scenes {
  readonly root = element("div", { class: "scenes", hidden: true });
  readonly #chosen: (name: string) => void;
  #choice: Choice<string> | undefined;
  #names = "";
  #shown = "";

  constructor(chosen: (name: string) => void) {
    this.#chosen = chosen;
  }

  /** The scenes there are; one alone is no choice. */
  offer(names: readonly string[]): void {
    if (names.join("\n") === this.#names) return;
    this.#names = names.join("\n");
    this.#choice = new Choice("Scene", inOrder(names).map((name) => [name, titleOf(name)] as const), (name) => {
      if (name !== this.#shown) this.#chosen(name);
    });
    this.#choice.show(this.#shown);
    this.root.replaceChildren(this.#choice.root);
    this.root.hidden = names.length < 2;
  }

  show(name: string): void {
    this.#shown = name;
    this.#choice?.show(name);
  }
}
