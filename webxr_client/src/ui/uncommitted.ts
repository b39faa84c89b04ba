/** What is changed and not committed in every worktree: under the legend, each a row that opens to its paths. */
import type { Change, Worktree } from "../generated/protocol.ts";
import { element } from "./element.ts";
import { grouped, refName } from "./words.ts";

/** A letter for each kind, as git has them, and what it stands for. */
const KINDS: Record<Change["kind"], readonly [string, string]> = {
  added: ["A", "added"], modified: ["M", "modified"], deleted: ["D", "deleted"], untracked: ["?", "new, not added yet"],
};

export class Uncommitted {
  readonly root = element("section", { class: "uncommitted", "aria-label": "Uncommitted changes", hidden: true });
  readonly #chosen: (change: Change) => void;
  /** Worktrees whose paths are listed. */
  readonly #open = new Set<string>();

  constructor(chosen: (change: Change) => void) {
    this.#chosen = chosen;
  }

  show(worktrees: readonly Worktree[]): void {
    const shown = worktrees.filter(({ files, problem }) => files > 0 || problem !== "");
    this.root.hidden = shown.length === 0;
    this.root.replaceChildren(element("h3", { text: "Uncommitted" }), ...shown.map((each) => this.#worktree(each)));
  }

  #worktree(worktree: Worktree): HTMLElement {
    const { name, branch, colour, files, more, changes, problem } = worktree;
    const swatch = element("i");
    swatch.style.backgroundColor = `#${colour.toString(16).padStart(6, "0")}`;
    const count = problem !== "" ? "unknown" : `${more ? "over " : ""}${grouped(files)} ${files === 1 ? "file" : "files"}`;
    const title = problem || `${name}, on ${refName(branch)}: ${count} changed and not committed`;
    const rest = files - changes.length;
    const made = element("details", { open: this.#open.has(name) },
      element("summary", { title }, swatch, element("span", { class: "name", text: name }), element("span", { class: "count", text: count })),
      element("ul", {}, ...(problem === "" ? [] : [element("li", { class: "others", text: problem })]),
        ...changes.map((change) => this.#change(change)),
        ...(rest > 0 ? [element("li", { class: "others", text: `and ${grouped(rest)} more` })] : [])));
    made.addEventListener("toggle", () => {
      if (made.open) this.#open.add(name);
      else this.#open.delete(name);
    });
    return made;
  }

  #change(change: Change): HTMLElement {
    const path = TEXT.decode(change.path);
    const [letter, words] = KINDS[change.kind];
    return element("li", {}, element("button", { type: "button", title: `${path}: ${words}`, onclick: () => this.#chosen(change) },
      element("span", { class: `kind ${change.kind}`, text: letter, "aria-label": words }),
      // The end of a path says most.
      element("span", { class: "path" }, element("bdi", { text: path }))));
  }
}

const TEXT = new TextDecoder();
