/** What colours mean, and which of three meanings they have. */
import { CATEGORY_COLOURS, Category, type Person } from "../generated/protocol.ts";
import { COLOURINGS, type Colouring } from "../scene/city.ts";
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
  #people: readonly Person[] = [];
  #others = 0;
  #excluded = 0;
  #categories: readonly number[] = [];
  #first = 0;
  #last = 0;
  #colouring: Colouring = "author";

  constructor(chosen: (colouring: Colouring) => void) {
    this.#choice = new Choice<Colouring>("Colours", COLOURINGS.map((each) =>
      [each, each === "author" ? "Author" : each === "age" ? "Age" : "Kind"] as const), chosen);
    this.root = element("section", { class: "panel legend", "aria-label": "Legend" }, this.#choice.root, this.#rows, this.#scale);
  }

  /** `people` most commits first, `others` how many more there are, `excluded` files; `first`, `last` seconds UTC. */
  describe(people: readonly Person[], others: number, categories: readonly number[], excluded: number, first: number, last: number): void {
    this.#people = people;
    this.#excluded = excluded;
    this.#others = others;
    this.#categories = categories;
    this.#first = first;
    this.#last = last;
    this.show(this.#colouring);
  }

  show(colouring: Colouring): void {
    this.#colouring = colouring;
    this.#choice.show(colouring);
    this.#scale.hidden = colouring !== "age";
    this.#rows.hidden = colouring === "age";
    const [, oldest, newest] = this.#scale.children;
    oldest!.textContent = this.#first > 0 ? dayOf(this.#first) : "";
    newest!.textContent = this.#last > 0 ? dayOf(this.#last) : "";
    if (colouring === "author") {
      const rows = this.#people.map(({ name, commits, colour }) => row(colour, name, grouped(commits)));
      if (this.#others > 0) rows.push(element("li", { class: "others", text: `and ${grouped(this.#others)} more` }));
      if (this.#categories.includes(Category.VENDORED)) rows.push(row(NOBODY, KINDS[Category.VENDORED]!, ""));
      this.#rows.replaceChildren(...rows, ...this.#left());
    } else if (colouring === "kind") {
      this.#rows.replaceChildren(...this.#categories.filter((each) => each !== Category.DISTRICT)
        .map((each) => row(CATEGORY_COLOURS[each] ?? 0, KINDS[each] ?? "", "")), ...this.#left());
    }
  }

  /** What is left out is said, whatever colours mean. */
  #left(): HTMLElement[] {
    const text = leftOut(this.#excluded);
    return text === "" ? [] : [element("li", { class: "others", text })];
  }
}


function row(colour: number, name: string, count: string): HTMLElement {
  const swatch = element("i");
  swatch.style.backgroundColor = `#${colour.toString(16).padStart(6, "0")}`;
  return element("li", {}, swatch, element("span", { class: "name", text: name, title: name }), element("span", { class: "count", text: count }));
}
