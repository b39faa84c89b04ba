/** The way into a headset: a button for what this browser offers here, and why there is none. */
import type { Mode } from "../xr/part.ts";
import { element } from "./element.ts";

export interface EnterCommands {
  enter(mode: Mode): void;
  leave(): void;
}

const WORDS: Readonly<Record<Mode, string>> = { vr: "Enter VR", ar: "Enter AR" };
const STARTING = "Starting …";
const MODES = ["vr", "ar"] as const;

/** Why there is no button, and what to do. */
const REASONS = {
  insecure: "VR needs HTTPS: start xrserver with --lan and open the address it shows, or plug the headset in and start it " +
    "with --adb. Browsers allow VR only to secure pages, and to this computer's own.",
  browser: "This browser has no WebXR. Open this address in a headset's own browser, or in Chrome or Edge on a computer with a " +
    "headset.",
  policy: "The page around this one does not allow VR. Open this address by itself.",
  device: "No headset was found. Open this address in a headset's own browser; on a computer, start the headset's program " +
    "(SteamVR, or its maker's own) and reload.",
} as const;

/** What browsers refuse with, in words. */
const REFUSALS: Readonly<Record<string, string>> = {
  NotAllowedError: "the browser was not allowed to show it. Say yes when it asks, or allow VR in its site settings.",
  SecurityError: "the browser asks for a press of the button itself. Press it once more.",
  NotSupportedError: "the headset cannot show this now. Put it on, see that it is awake, and press again.",
  InvalidStateError: "another page or program is in the headset. Leave that first.",
};

export class Enter {
  readonly root = element("div", { class: "enter", hidden: true });

  readonly #buttons = new Map<Mode, HTMLButtonElement>();
  readonly #said = element("p", { class: "why", role: "status" });
  readonly #reason = element("p", { class: "reason panel", id: "no-headset", popover: "auto" });
  readonly #ask = element("button", { type: "button", class: "ask", hidden: true, popovertarget: "no-headset", text: "VR?",
    title: "Why there is no VR here" });
  #worn: Mode | null = null;
  #starting: Mode | null = null;

  constructor(commands: EnterCommands) {
    for (const mode of MODES) {
      const button = element("button", {
        type: "button", class: "enter-mode", hidden: true, text: WORDS[mode],
        onclick: () => {
          if (this.#worn === mode) {
            commands.leave();
            return;
          }
          this.#starting = mode;
          this.#said.textContent = "";
          this.#label();
          commands.enter(mode);
        },
      });
      this.#buttons.set(mode, button);
      this.root.append(button);
    }
    this.root.append(this.#ask, this.#said, this.#reason);
  }

  /** Offer what is supported, as far as that is known; or say why that is nothing. */
  async offer(supports: (mode: Mode) => Promise<boolean>): Promise<void> {
    let offered = false;
    for (const mode of MODES) {
      const supported = await supports(mode);
      this.#buttons.get(mode)!.hidden = !supported;
      offered ||= supported;
    }
    // Not in a secure page there is no `navigator.xr`, whatever the device could do.
    const reason = !isSecureContext ? "insecure" : navigator.xr === undefined ? "browser" : forbidden() ? "policy" : "device";
    this.#reason.textContent = offered ? "" : REASONS[reason];
    this.#ask.hidden = offered;
    this.root.hidden = false;
  }

  /** The picture is in a headset now, or back in the window. */
  worn(mode: Mode | null): void {
    this.#worn = mode;
    this.#starting = null;
    this.#said.textContent = "";
    this.#label();
  }

  /** Entering did not work. */
  refused(error: unknown): void {
    this.#starting = null;
    this.#label();
    const name = error instanceof DOMException ? error.name : "";
    const said = REFUSALS[name] ?? (error instanceof Error ? error.message : String(error));
    this.#said.textContent = `The headset did not start: ${said}`;
  }

  #label(): void {
    for (const [mode, button] of this.#buttons) {
      button.textContent = mode === this.#worn ? "Leave" : mode === this.#starting ? STARTING : WORDS[mode];
      // Not `disabled`: a button that is keeps no focus.
      button.setAttribute("aria-disabled", String(this.#starting !== null));
    }
  }
}

/** Whether a policy keeps pages like this one from headsets. */
function forbidden(): boolean {
  const { featurePolicy } = document as { featurePolicy?: { allowsFeature(name: string): boolean } };
  return featurePolicy !== undefined && !featurePolicy.allowsFeature("xr-spatial-tracking");
}
