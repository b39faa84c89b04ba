/** The panel of what is selected: laid out from the rows the server made. */
import type { Panel } from "../generated/protocol.ts";
import { inspect, type Change, type Line } from "../inspection.ts";
import { element, iconButton } from "./element.ts";

export interface InspectorCommands {
  seek(moment: string): void;
  /** Go to a moment of another repository. */
  visit(repository: string, moment: string): void;
  approach(): void;
  close(): void;
}

export class Inspector {
  readonly root: HTMLElement;
  readonly #commands: InspectorCommands;
  readonly #title = element("h2");
  readonly #folder = element("p", { class: "folder" });
  readonly #body = element("div", { class: "body" });

  constructor(commands: InspectorCommands) {
    this.#commands = commands;
    this.root = element("aside", { class: "panel inspector", "aria-label": "Selected", hidden: true },
      element("header", {},
        element("div", {}, this.#folder, this.#title),
        element("div", { class: "actions" },
          element("button", { type: "button", class: "plain", text: "Go there", onclick: () => commands.approach() }),
          iconButton("close", "Close (Esc)", () => commands.close()))),
      this.#body);
  }

  get open(): boolean {
    return !this.root.hidden;
  }

  show(panel: Panel): void {
    const { name, folder, facts, change, others, earlier } = inspect(panel);
    this.#title.textContent = name;
    this.#folder.textContent = folder;
    this.#folder.hidden = folder === "";
    const sameThing = this.open && this.#body.dataset["title"] === panel.title;
    this.#body.dataset["title"] = panel.title;
    this.#body.replaceChildren(
      this.#facts(facts), ...(change === undefined ? [] : [this.#change(change)]),
      ...(others.length === 0 ? [] : [this.#facts(others)]), ...(earlier.length === 0 ? [] : [this.#earlier(earlier)]));
    this.root.hidden = false;
    if (!sameThing) this.#body.scrollTop = 0;
  }

  hide(): void {
    this.root.hidden = true;
  }

  #facts(lines: readonly Line[]): HTMLElement {
    return element("dl", { class: "facts" }, ...lines.flatMap(({ label, text, moment, repository }) => [
      element("dt", { text: label }),
      element("dd", {}, moment === "" ? text : this.#link(text, moment, "", repository)),
    ]));
  }

  #change({ subject, message, author, when, oid, moment }: Change): HTMLElement {
    return element("section", { class: "commit" },
      ...(subject === "" ? [] : [element("h3", { text: "Last changed" }), element("p", { class: "subject", text: subject })]),
      element("p", { class: "by" },
        element("span", { class: "who", text: author }),
        element("span", { text: when }),
        this.#link(oid.slice(0, 10), moment, "mono")),
      ...(message === "" ? [] : [element("p", { class: "message", text: message })]));
  }

  #earlier(lines: readonly Line[]): HTMLElement {
    return element("section", { class: "earlier" },
      element("h3", { text: "Before that" }),
      element("ul", {}, ...lines.map(({ label, text, moment }) =>
        element("li", {}, element("button", { type: "button", onclick: () => this.#commands.seek(moment) },
          element("span", { class: "subject", text }), element("span", { class: "by", text: label }))))));
  }

  #link(text: string, moment: string, kind = "", repository = ""): HTMLElement {
    const [title, onclick] = repository === "" ? ["Go to this moment", () => this.#commands.seek(moment)]
      : [`Go to ${repository}`, () => this.#commands.visit(repository, moment)];
    return element("button", { type: "button", class: `link ${kind}`, text, title, onclick });
  }
}
