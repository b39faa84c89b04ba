/** The way into a headset: a button for what this browser offers here, and why there is none. */
import type { Mode } from "../xr/part.ts";
import { element } from "./element.ts";

export interface EnterCommands {
  enter(mode: Mode): void;
  leave(): void;
}

const WORDS: Readonly<Record<Mode, string>> = { vr: "Enter VR", ar: "Enter AR" };
const MODES = ["vr", "ar"] as const;

export class Enter {
  readonly root = element("div", { class: "enter", hidden: true });

  readonly #buttons = new Map<Mode, HTMLButtonElement>();
  readonly #said = element("p", { class: "why", role: "status" });
  #worn: Mode | null = null;

  constructor(commands: EnterCommands) {
    for (const mode of MODES) {
      const button = element("button", {
        type: "button", class: "enter-mode", hidden: true, text: WORDS[mode],
        onclick: () => (this.#worn === mode ? commands.leave() : commands.enter(mode)),
      });
      this.#buttons.set(mode, button);
      this.root.append(button);
    }
    this.root.append(this.#said);
  }

  /** Offer what is supported, as far as that is known. */
  async offer(supports: (mode: Mode) => Promise<boolean>): Promise<void> {
    if (!isSecureContext) {
      // There is no `navigator.xr` then, whatever the device could do.
      this.#said.textContent = "VR needs HTTPS: start xrserver with --lan and open the address it shows.";
      this.root.hidden = false;
      return;
    }
    for (const mode of MODES) {
      if (!await supports(mode)) continue;
      this.#buttons.get(mode)!.hidden = false;
      this.root.hidden = false;
    }
  }

  /** The picture is in a headset now, or back in the window. */
  worn(mode: Mode | null): void {
    this.#worn = mode;
    this.#said.textContent = "";
    for (const [each, button] of this.#buttons) button.textContent = each === mode ? "Leave" : WORDS[each];
  }

  /** Entering did not work. */
  refused(error: unknown): void {
    this.#said.textContent = `The headset did not start: ${error instanceof Error ? error.message : String(error)}`;
  }
}
