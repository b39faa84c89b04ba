/** The code's six places and keys big enough for a ray, a pinch or a thumb; it knows no server. */
import { element, icon } from "../ui/element.ts";

export const DIGITS = 6;

/** What the line below the places is about; it has a colour of its own. */
export type Mood = "calm" | "busy" | "wrong";

export class Pad {
  readonly root: HTMLElement;

  readonly #complete: (code: string) => void;
  readonly #places: HTMLElement[];
  readonly #code: HTMLElement;
  readonly #line = element("p", { class: "line", role: "status", "aria-live": "polite" });
  readonly #keys = new Map<string, HTMLButtonElement>();
  #typed = "";
  #locked = false;

  /** `complete` is called with every code that was typed to its end. */
  constructor(complete: (code: string) => void) {
    this.#complete = complete;
    this.#places = Array.from({ length: DIGITS }, () => element("i"));
    this.#code = element("div", { class: "code", role: "img" }, ...this.#places);
    const keys = element("div", { class: "keys", role: "group", "aria-label": "Keys" },
      ...["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((digit) => this.#key(digit)),
      element("span"), this.#key("0"), this.#key("back"));
    this.root = element("div", { class: "pairing", role: "dialog", "aria-modal": "true", "aria-labelledby": "pairing-title", tabindex: "-1", hidden: true },
      element("div", { class: "panel" },
        element("div", { class: "told" },
          element("h1", { id: "pairing-title", text: "Pair this device" }),
          element("p", { text: "Type the six digits that xrserver shows where it was started." }),
          this.#code, this.#line),
        keys));
    this.clear();
    // Before everybody else's: while this is open, keys mean nothing to the view below.
    addEventListener("keydown", (event) => this.#pressed(event), { capture: true });
    addEventListener("paste", (event) => {
      if (this.open) this.#type((event.clipboardData?.getData("text") ?? "").replace(/\D/g, "").slice(0, DIGITS));
    });
  }

  get open(): boolean {
    return !this.root.hidden;
  }

  set open(open: boolean) {
    this.root.hidden = !open;
    if (!open) return;
    // Sheets lie above everything else, and take every click while they do.
    for (const sheet of document.querySelectorAll<HTMLDialogElement>("dialog[open]")) sheet.close();
    this.root.focus({ preventScroll: true });
  }

  /** Nothing can be typed while `locked`. */
  lock(locked: boolean): void {
    this.#locked = locked;
    this.root.classList.toggle("locked", locked);
    for (const key of this.#keys.values()) key.setAttribute("aria-disabled", String(locked));
  }

  say(sentence: string, mood: Mood): void {
    this.#line.textContent = sentence;
    this.root.dataset["mood"] = mood;
  }

  clear(): void {
    this.#typed = "";
    this.#show();
  }

  #key(name: string): HTMLButtonElement {
    const key = element("button", { type: "button", onclick: () => this.#press(name) });
    if (name === "back") {
      key.append(icon("backspace"));
      key.setAttribute("aria-label", "Delete the last digit");
    } else {
      key.textContent = name;
    }
    this.#keys.set(name, key);
    return key;
  }

  #pressed(event: KeyboardEvent): void {
    if (!this.open) return;
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = event.key === "Backspace" || event.key === "Delete" ? "back" : event.key;
    if (!this.#keys.has(name)) return;
    event.preventDefault();
    this.#press(name);
  }

  #press(name: string): void {
    if (this.#locked) return;
    if (name !== "back") this.#type(name);
    else if (this.#typed !== "") {
      this.#typed = this.#typed.slice(0, -1);
      this.#show();
    }
  }

  #type(digits: string): void {
    if (this.#locked || digits === "") return;
    this.#typed = digits.length === DIGITS ? digits : (this.#typed + digits).slice(0, DIGITS);
    this.#show();
    if (this.#typed.length === DIGITS) this.#complete(this.#typed);
    else this.say("", "calm");
  }

  #show(): void {
    this.#places.forEach((place, at) => {
      place.textContent = this.#typed[at] ?? "";
      place.classList.toggle("next", at === this.#typed.length);
    });
    this.#code.setAttribute("aria-label", `${this.#typed.length} of ${DIGITS} digits typed`);
  }
}
