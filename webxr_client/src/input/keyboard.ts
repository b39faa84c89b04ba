/** Keys to actions, by the table that all viewers share. */
import { ACTIONS, type ActionName } from "../generated/bindings.ts";
import type { Actions } from "../navigation/locomotion.ts";

export type KeyCommands = Partial<Record<ActionName, (value: number) => void>>;

interface Bound {
  readonly action: ActionName;
  readonly value: readonly number[];
}

const BOUND: ReadonlyMap<string, Bound> = new Map(
  (Object.keys(ACTIONS) as ActionName[]).flatMap((action) => ACTIONS[action].bindings
    .filter(({ device }) => device === "keyboard")
    .map(({ source, value }) => [source, { action, value: value ?? [] }] as const)),
);

/** Held while flying and turning; everything else is asked for once a press. */
const HELD: ReadonlySet<ActionName> = new Set<ActionName>(["fly", "turn"]);
const REPEATS: ReadonlySet<ActionName> = new Set<ActionName>(["step", "faster"]);

export class Keyboard {
  readonly #held = new Set<string>();

  /** `mine` says whether a key pressed there is for the viewer and not for a field or button. */
  constructor(commands: KeyCommands, mine: (event: KeyboardEvent) => boolean) {
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const bound = BOUND.get(event.code);
      if (bound === undefined || !mine(event)) return;
      if (HELD.has(bound.action)) {
        this.#held.add(event.code);
      } else {
        const command = commands[bound.action];
        if (command === undefined || (event.repeat && !REPEATS.has(bound.action))) return;
        command(bound.value[0] ?? 1);
      }
      event.preventDefault();
    });
    addEventListener("keyup", (event) => this.#held.delete(event.code));
    // Keys let go while another window has the focus are never heard of.
    addEventListener("blur", () => this.#held.clear());
  }

  get busy(): boolean {
    return this.#held.size > 0;
  }

  /** Let go of all keys. */
  release(): void {
    this.#held.clear();
  }

  /** Add what is held to a frame's actions. */
  read(actions: Actions): void {
    for (const code of this.#held) {
      const { action, value } = BOUND.get(code)!;
      if (action === "turn") actions.turn += value[0] ?? 0;
      else for (let i = 0 as 0 | 1 | 2; i < 3; i++) actions.fly[i] += value[i] ?? 0;
    }
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) actions.fly[i] = Math.min(Math.max(actions.fly[i], -1), 1);
  }
}

const NAMES: Readonly<Record<string, string>> = {
  Comma: ",", Period: ".", BracketLeft: "[", BracketRight: "]", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←",
  ArrowRight: "→", PageUp: "Page ↑", PageDown: "Page ↓",
  "left-drag": "drag", "right-drag": "right drag", "left-double": "double click", "left-click": "click", move: "point",
};

/** How a binding is written in the help. */
export const sourceName = (source: string): string => NAMES[source] ?? source.replace(/^Key/, "");
