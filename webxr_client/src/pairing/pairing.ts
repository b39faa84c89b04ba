/** Bringing this device in: by the link that was opened, or by the code that is typed. */
import { pair, type Proof } from "./ask.ts";
import { Pad } from "./pad.ts";

const RETRY = 2000; // milliseconds

export class Pairing {
  readonly #pad = new Pad((code) => void this.#try({ code }));
  readonly #paired: () => void;
  #secret: string;
  #timer = 0;
  #letIn = false;

  /**
   * @param paired Called when the server lets this device in.
   * @param secret What the link that was opened carries; "" where it carries nothing.
   */
  constructor(root: HTMLElement, secret: string, paired: () => void) {
    this.#secret = secret;
    this.#paired = paired;
    root.append(this.#pad.root);
  }

  get open(): boolean {
    return this.#pad.open;
  }

  /** The server does not know this device; `sentence` says what happened, where something did. */
  show(sentence: string): void {
    const again = this.#pad.open && this.#letIn;
    if (this.#pad.open && !again) return;
    this.#letIn = false;
    this.#pad.clear();
    this.#pad.lock(false);
    this.#pad.say(again ? "This browser did not keep the cookie that lets it in: allow cookies for this address." : sentence,
      again ? "wrong" : "calm");
    this.#pad.open = true;
    if (this.#secret !== "") {
      void this.#try({ secret: this.#secret });
      this.#secret = ""; // it is good once
    }
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#letIn = false;
    this.#pad.open = false;
  }

  async #try(proof: Proof): Promise<void> {
    this.#pad.lock(true);
    this.#pad.say("Pairing …", "busy");
    const outcome = await pair(proof);
    switch (outcome.kind) {
      case "paired":
        this.#pad.say("Paired. Opening …", "busy");
        this.#letIn = true;
        this.#paired();
        break;
      case "unreachable":
        this.#pad.say("The server does not answer; trying again …", "wrong");
        this.#timer = window.setTimeout(() => void this.#try(proof), RETRY);
        break;
      case "refused":
        this.#pad.clear();
        this.#refused(outcome.sentence, outcome.wait);
    }
  }

  #refused(sentence: string, wait: number): void {
    this.#pad.say(sentence, "wrong");
    if (wait === 0) this.#pad.lock(false);
    else this.#count(performance.now() + wait * 1000);
  }

  /** Say how long there is still to wait, every second of it. */
  #count(until: number): void {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (left <= 0) {
      this.#pad.lock(false);
      this.#pad.say("Type the code that xrserver shows now.", "calm");
      return;
    }
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.#pad.say(`Too many wrong codes. The next can be typed in ${clock}; the QR code's link works at once.`, "wrong");
    this.#timer = window.setTimeout(() => this.#count(until), 1000 - ((until - performance.now()) % 1000 + 1000) % 1000 + 20);
  }
}
