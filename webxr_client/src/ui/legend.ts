/** What colours mean, and which of three meanings they have. */
import { AGE_COLOURS, CATEGORY_COLOURS, Category } from "../generated/protocol.ts";
import type { Meanings } from "../legend.ts";
import { COLOURINGS, type Colouring } from "../scene/colours.ts";
import { Choice, element } from "./element.ts";
import { dayOf, grouped } from "./words.ts";

/** Categories in words. */
export const KINDS: Record<number, string> = Object.fromEntries(
  Object.entries(Category).map(([name, value]) => [value, name.charAt(0) + name.slice(1).toLowerCase()]),
);
KINDS[Category.VENDORED] = "Vendored or generated";

/** The colour of what is nobody's. */
export const NOBODY = 0x828995;

/** How many files are left out, in words; "" where none are. */
export function leftOut(files: number): string {
  return files === 0 ? "" : `${grouped(files)} ${files === 1 ? "file" : "files"} excluded by --exclude`;
}

export class Legend {
  readonly root: HTMLElement;
  readonly #choice: Choice<Colouring>;
  readonly #rows = element("ul");
  readonly #scale = element("div", { class: "scale" }, element("i"), element("span"), element("span"));
  #meanings: Meanings = { people: [], categories: [], excluded: 0, first: "", last: "" };
  #colouring: Colouring = "author";

  constructor(chosen: (colouring: Colouring) => void) {
    this.#choice = new Choice<Colouring>("Colours", COLOURINGS.map((each) =>
      [each, each === "author" ? "Author" : each === "age" ? "Age" : "Kind"] as const), chosen);
    (this.#scale.firstElementChild as HTMLElement).style.background = `linear-gradient(90deg, ${AGE_COLOURS.map(hex).join()})`;
    this.root = element("section", { class: "panel legend", "aria-label": "Legend" }, this.#choice.root, this.#rows, this.#scale);
  }

  describe(meanings: Meanings): void {
    this.#meanings = meanings;
    this.show(this.#colouring);
  }

  show(colouring: Colouring): void {
    this.#colouring = colouring;
    this.#choice.show(colouring);
    this.#scale.hidden = colouring !== "age";
    this.#rows.hidden = colouring === "age";
    const [, oldest, newest] = this.#scale.children;
    const { people, categories, first, last } = this.#meanings;
    oldest!.textContent = aged(first);
    newest!.textContent = aged(last);
    if (colouring === "author") {
      const rows = people.flatMap(({ repository, people: some, others }) => [
        ...(repository === "" ? [] : [element("li", { class: "of", text: repository })]),
        ...some.map(({ name, commits, colour }) => row(colour, name, grouped(commits))),
        ...(others === 0 ? [] : [element("li", { class: "others", text: `and ${grouped(others)} more` })])]);
      if (categories.includes(Category.VENDORED)) rows.push(row(NOBODY, KINDS[Category.VENDORED]!, ""));
      this.#rows.replaceChildren(...rows, ...this.#left());
    } else if (colouring === "kind") {
      this.#rows.replaceChildren(...categories.filter((each) => each !== Category.DISTRICT)
        .map((each) => row(CATEGORY_COLOURS[each] ?? 0, KINDS[each] ?? "", "")), ...this.#left());
    }
  }

  /** What is left out is said, whatever colours mean. */
  #left(): HTMLElement[] {
    const text = leftOut(this.#meanings.excluded);
    return text === "" ? [] : [element("li", { class: "others", text })];
  }
}

/** A colour of age in words. */
export const aged = (moment: number | string): string => (typeof moment === "string" ? moment : moment > 0 ? dayOf(moment) : "");

function row(colour: number, name: string, count: string): HTMLElement {
  const swatch = element("i");
  swatch.style.backgroundColor = hex(colour);
  return element("li", {}, swatch, element("span", { class: "name", text: name, title: name }), element("span", { class: "count", text: count }));
}

const hex = (colour: number): string => `#${colour.toString(16).padStart(6, "0")}`;
