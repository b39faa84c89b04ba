/** What controllers let one feel: short pulses, as light as they can be and still be noticed. */
import type { Hand, Hands, Side } from "../input/hands.ts";
import type { Moment, Part } from "./part.ts";

/** Strength 0 … 1 and milliseconds. */
const PULSES = {
  /** Something else is pointed at. */
  hover: [0.10, 6],
  select: [0.45, 18],
  grab: [0.30, 12],
  release: [0.16, 10],
  /** A turn in steps, a thing that falls into its place. */
  snap: [0.35, 10],
  /** The playhead passes a commit, or a tag. */
  tick: [0.14, 5],
  notch: [0.40, 12],
} as const;
export type Pulse = keyof typeof PULSES;

/** Of the light ones, so many a second at most: more of them is a rattle. */
const LIGHT_MOST = 16;
const LIGHT: readonly Pulse[] = ["hover", "tick"];

const KEPT = "xrserver.haptics";

/** `hapticActuators` as the headsets' browsers have it; what they lack is not there. */
interface Buzzing {
  readonly hapticActuators?: readonly ({ pulse?(strength: number, milliseconds: number): Promise<boolean> } | undefined)[];
  readonly vibrationActuator?: {
    playEffect?(type: "dual-rumble", effect: { duration: number; strongMagnitude: number; weakMagnitude: number }): Promise<unknown>;
  } | null;
}

export class Haptics implements Part {
  #hands: Hands | undefined;
  #time = 0;
  /** When the last light pulse was, of the left and the right hand. */
  readonly #light: [number, number] = [-1, -1];
  readonly #held: [boolean, boolean] = [false, false];
  #on = kept();

  /** Whether anything is felt at all; the browser keeps it. */
  get on(): boolean {
    return this.#on;
  }

  set on(on: boolean) {
    this.#on = on;
    try {
      localStorage.setItem(KEPT, on ? "on" : "off");
    } catch {
      // A private window keeps nothing: it is as it is until the page is closed.
    }
  }

  /** Let a hand feel something; nothing happens where it holds nothing that can. */
  pulse(side: Side, pulse: Pulse): void {
    const hand = this.#hands?.[side];
    if (hand === undefined || !this.#on) return;
    const at = side === "left" ? 0 : 1;
    if (LIGHT.includes(pulse)) {
      if (this.#time - this.#light[at] < 1 / LIGHT_MOST) return;
      this.#light[at] = this.#time;
    }
    const [strength, milliseconds] = PULSES[pulse];
    buzz(hand, strength, milliseconds);
  }

  begin(): void {
    this.#time = 0;
    this.#light[0] = this.#light[1] = -1;
    this.#held[0] = this.#held[1] = false;
  }

  /** Taking hold of the world, and letting go of it, are felt whoever moves it. */
  step(moment: Moment): void {
    this.#hands = moment.hands;
    this.#time = moment.time;
    for (let i = 0 as 0 | 1; i < 2; i++) {
      const hand = moment.hands.both[i];
      const held = hand.owner === "world" && (hand.select.pressed || hand.squeeze.pressed);
      if (held !== this.#held[i]) this.pulse(hand.side, held ? "grab" : "release");
      this.#held[i] = held;
    }
  }

  end(): void {
    this.#hands = undefined;
  }
}

function kept(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

function buzz(hand: Hand, strength: number, milliseconds: number): void {
  const gamepad = hand.source?.gamepad as Buzzing | null | undefined;
  if (gamepad === null || gamepad === undefined) return;
  const actuator = gamepad.hapticActuators?.[0];
  // Neither can fail in a way that anybody could do something about.
  if (actuator?.pulse !== undefined) {
    void actuator.pulse(strength, milliseconds).catch(() => false);
  } else if (gamepad.vibrationActuator?.playEffect !== undefined) {
    const effect = { duration: milliseconds, strongMagnitude: strength, weakMagnitude: strength };
    void gamepad.vibrationActuator.playEffect("dual-rumble", effect).catch(() => false);
  }
}
