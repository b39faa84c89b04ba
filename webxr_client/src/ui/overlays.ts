/** What lies over everything for a while: loading, the line's state, notices, help and menu. */
import { ACTIONS, type ActionName } from "../generated/bindings.ts";
import { sourceName } from "../input/keyboard.ts";
import { element, iconButton } from "./element.ts";

/** Shown until the first building is. */
export class Loading {
  readonly root: HTMLElement;
  readonly #title = element("h1", { text: "xrserver" });
  readonly #text = element("p", { "aria-live": "polite", text: "Connecting …" });
  readonly #bar = element("i");
  readonly #track = element("div", { class: "progress", role: "progressbar", "aria-label": "Loading", "aria-valuemin": "0", "aria-valuemax": "100" }, this.#bar);

  constructor() {
    this.root = element("div", { class: "loading" }, this.#title, this.#track, this.#text);
  }

  /** What is shown now, for those who do not see the window. */
  text = "Connecting …";
  share = -1;
  over = false;

  /** `share` 0 … 1, or −1 where it is not known. */
  show(text: string, share: number): void {
    this.text = text;
    this.share = share;
    this.#text.textContent = text;
    this.#track.classList.toggle("unknown", share < 0);
    if (share >= 0) {
      this.#bar.style.transform = `scaleX(${share})`;
      this.#track.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    }
  }

  name(repository: string): void {
    this.#title.textContent = repository;
  }

  done(): void {
    this.over = true;
    this.root.classList.add("done");
    this.root.inert = true;
  }
}

/** A line at the top: what is wrong with the connection and what to do; and passing notices. */
export class Notices {
  readonly root: HTMLElement;
  readonly #line = element("div", { class: "line", hidden: true });
  /** The state now, and what was said last; for those who do not see the window. */
  text = "";
  note = "";
  #notes = 0;

  constructor() {
    this.root = element("div", { class: "notices", role: "status", "aria-live": "polite" }, this.#line);
  }

  /** A state that lasts: "" when all is well. `action` offers a way out. */
  state(text: string, action?: { readonly text: string; readonly act: () => void }): void {
    this.text = text;
    this.#line.hidden = text === "";
    this.#line.replaceChildren(element("span", { text }));
    if (action !== undefined) this.#line.append(element("button", { type: "button", class: "plain", text: action.text, onclick: action.act }));
  }

  /** Something to know, gone by itself after a while. */
  say(text: string): void {
    const note = element("div", { class: "note", text });
    this.root.append(note);
    this.note = text;
    const said = ++this.#notes;
    setTimeout(() => {
      note.remove();
      if (said === this.#notes) this.note = "";
    }, 6000);
  }
}

/** A modal sheet over the view; Esc and a click beside it close it. */
class Sheet {
  readonly root: HTMLDialogElement;

  constructor(title: string, kind: string, ...content: HTMLElement[]) {
    this.root = element("dialog", { class: `panel sheet ${kind}`, "aria-label": title },
      element("header", {}, element("h2", { text: title }), iconButton("close", "Close (Esc)", () => this.root.close())), ...content);
    this.root.addEventListener("click", (event) => {
      if (event.target === this.root) this.root.close();
    });
  }

  toggle(): void {
    if (this.root.open) this.root.close();
    else this.root.showModal();
  }
}

/** In the order people need them; the words are the table's own. */
const HELPED: readonly ActionName[] = ["grab", "orbit", "zoom", "fly", "turn", "teleport", "select", "play", "step", "pace",
  "faster", "reverse", "colouring", "daylight", "undo", "recentre", "menu"];

export class Help extends Sheet {
  constructor() {
    const keys = (sources: string[]) => sources.map((source) => element("kbd", { text: sourceName(source) }));
    const rows = HELPED.map((name) => {
      const { what, bindings } = ACTIONS[name];
      // Arrows do as the letters beside them; the letters are said.
      const of = (device: string) => bindings
        .filter((each) => each.device === device && !each.source.startsWith("Arrow")).map(({ source }) => source);
      return element("tr", {},
        element("th", { scope: "row", text: what.charAt(0).toUpperCase() + what.slice(1) }),
        element("td", {}, ...keys([...of("mouse"), ...of("keyboard")])),
        element("td", { class: "touch" }, ...keys(of("touch"))));
    });
    super("How to move, in space and time", "help",
      element("p", { class: "lead", text: "Every building is a file, every floor a commit. What glows changed just now." }),
      element("table", {}, element("tbody", {}, ...rows)));
  }
}

export interface MenuItem {
  readonly text: string;
  readonly key?: string;
  readonly act: () => void;
}

export class Menu extends Sheet {
  constructor(items: readonly MenuItem[]) {
    const list = element("ul", {});
    super("Menu", "menu", list);
    list.append(...items.map(({ text, key, act }) => element("li", {}, element("button", {
      type: "button",
      onclick: () => {
        this.root.close();
        act();
      },
    }, element("span", { text }), ...(key === undefined ? [] : [element("kbd", { text: key })])))));
  }
}
