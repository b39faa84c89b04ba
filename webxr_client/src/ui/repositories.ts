/** Which repository is shown, by name; where several are open, the way to the others. */
import { ALL } from "../address.ts";
import type { Repository } from "../generated/protocol.ts";
import { element } from "./element.ts";
import { grouped } from "./words.ts";

export const ALL_TOGETHER = "All side by side";

export class Repositories {
  readonly root = element("h1");
  readonly #chosen: (id: string) => void;
  readonly #select = element("select", { class: "repositories", "aria-label": "Repository", title: "Show another repository" });
  #list: readonly Repository[] = [];
  #shown = "";

  constructor(chosen: (id: string) => void) {
    this.#chosen = chosen;
    this.#select.addEventListener("change", () => {
      this.#select.blur(); // keys are for the view again
      this.#chosen(this.#select.value);
    });
  }

  /** The repositories that are open; one alone is no choice. */
  offer(list: readonly Repository[]): void {
    this.#list = list;
    this.#select.replaceChildren(...list.map(({ id, name, commits }) =>
      element("option", { value: id, text: name, title: `${grouped(commits)} commits` })),
      ...(list.length > 1 ? [element("option", { value: ALL, text: ALL_TOGETHER, title: "All of them, moved by one clock" })] : []));
    this.show(this.#shown);
  }

  /** Say which one is shown; its name is returned. */
  show(id: string): string {
    this.#shown = id;
    const name = id === ALL ? ALL_TOGETHER : (this.#list.find((each) => each.id === id)?.name ?? id);
    if (this.#list.length > 1) {
      this.#select.value = id;
      if (this.#select.parentElement === null) this.root.replaceChildren(this.#select);
    } else this.root.textContent = name;
    return name;
  }
}
