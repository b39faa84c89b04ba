/** The panel of what is selected: laid out from the rows the server made. */
import type { Panel, Row } from "../generated/protocol.ts";
import { element, iconButton } from "./element.ts";
import { bytesOf, dayOf, grouped, minuteOf, split } from "./words.ts";

export interface InspectorCommands {
  seek(moment: string): void;
  approach(): void;
  close(): void;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** A line of prose broken only because it was full. */
const WRAPPED = /([^\n]{48,})\n(?=[\p{L}\d("'`])/gu;
const FACTS = new Set(["kind", "size", "mode", "commits", "files", "state"]);

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
    const [name, folder] = split(panel.title);
    this.#title.textContent = name || panel.title;
    this.#folder.textContent = folder;
    this.#folder.hidden = folder === "";
    const sameThing = this.open && this.#body.dataset["title"] === panel.title;
    this.#body.dataset["title"] = panel.title;
    this.#body.replaceChildren(...this.#parts(panel.rows));
    this.root.hidden = false;
    if (!sameThing) this.#body.scrollTop = 0;
  }

  hide(): void {
    this.root.hidden = true;
  }

  #parts(rows: readonly Row[]): HTMLElement[] {
    const of = (label: string) => rows.find((row) => row.label === label);
    const facts = rows.filter(({ label }) => FACTS.has(label));
    const earlier = rows.filter(({ label }) => DATE.test(label));
    const parts = [this.#facts(facts)];
    const commit = of("commit");
    if (commit !== undefined) parts.push(this.#commit(commit, of("author"), of("date"), of("message")));
    const known = new Set([...facts, ...earlier, ...["commit", "author", "date", "message"].map(of)]);
    const others = rows.filter((row) => !known.has(row));
    if (others.length > 0) parts.push(this.#facts(others));
    if (earlier.length > 0) parts.push(this.#earlier(earlier));
    return parts;
  }

  #facts(rows: readonly Row[]): HTMLElement {
    return element("dl", { class: "facts" }, ...rows.flatMap(({ label, text, moment }) => [
      element("dt", { text: label }),
      element("dd", {}, moment === "" ? fact(label, text) : this.#link(text, moment)),
    ]));
  }

  #commit(commit: Row, author?: Row, date?: Row, message?: Row): HTMLElement {
    const [subject = "", ...rest] = (message?.text ?? "").split("\n");
    const body = rest.join("\n").trim();
    const seconds = Date.parse(date?.text ?? "") / 1000;
    return element("section", { class: "commit" },
      element("h3", { text: "Last changed" }),
      element("p", { class: "subject", text: subject }),
      element("p", { class: "by" },
        element("span", { class: "who", text: author?.text ?? "" }),
        element("span", { text: Number.isFinite(seconds) ? minuteOf(seconds) : (date?.text ?? "") }),
        this.#link(commit.text.slice(0, 10), commit.moment, "mono")),
      ...(body === "" ? [] : [element("p", { class: "message", text: body.replace(WRAPPED, "$1 ") })]));
  }

  #earlier(rows: readonly Row[]): HTMLElement {
    return element("section", { class: "earlier" },
      element("h3", { text: "Before that" }),
      element("ul", {}, ...rows.map(({ label, text, moment }) => {
        const cut = text.lastIndexOf(" — ");
        return element("li", {}, element("button", { type: "button", onclick: () => this.#commands.seek(moment) },
          element("span", { class: "subject", text: cut < 0 ? text : text.slice(0, cut) }),
          element("span", { class: "by", text: `${cut < 0 ? "" : `${text.slice(cut + 3)} · `}${dayOf(Date.parse(label) / 1000)}` })));
      })));
  }

  #link(text: string, moment: string, kind = ""): HTMLElement {
    return element("button", { type: "button", class: `link ${kind}`, text, title: "Go to this moment",
      onclick: () => this.#commands.seek(moment) });
  }
}

/** A size in units people read. */
function fact(label: string, text: string): string {
  const bytes = /^(\d+) B$/.exec(text)?.[1];
  if (label === "size" && bytes !== undefined) return bytesOf(Number(bytes));
  return /^\d+$/.test(text) && label !== "mode" ? grouped(Number(text)) : text;
}
