/** The menu: where the city stands, its light and colours, comfort, help, and the way out. */
import type { Hand } from "../input/hands.ts";
import { Panel } from "./panel.ts";
import { pageOf, type MenuCommands, type MenuState, type PageName } from "./pages.ts";
import type { Showing } from "./panels.ts";
import type { Mode, Moment } from "./part.ts";
import type { Stand } from "./stand.ts";
import type { Holding } from "./words.ts";

/** Seconds that a palm is held up for the menu. */
const HELD = 0.7;
/** How far it may be from level, cosine: to begin, and to go on. */
const UP = [Math.cos(30 * Math.PI / 180), Math.cos(44 * Math.PI / 180)] as const;
/** Metres a second that it moves at most, and from the wrist to the tip of an open middle finger at least. */
const STILL = 0.2;
const OPEN = 0.13;
const MIDDLE_TIP = 14;

export interface MenuParts {
  readonly stand: Stand;
  others(): readonly Panel[];
  /** The hand whose palm opens it: the one that wears no timeline. */
  hand(): 0 | 1;
  readonly state: MenuState;
  readonly commands: Omit<MenuCommands, "close" | "turn" | "changed" | "other">;
  /** The other kind of session, where the device offers it. */
  other(mode: Mode): Promise<MenuCommands["other"]>;
}

export class Menu implements Showing {
  readonly panel = new Panel("menu", { distance: 0.6, width: 540, most: 620 });
  readonly panels = [this.panel];
  /** It was opened since the session began. */
  opened = false;

  readonly #parts: MenuParts;
  #page: PageName = "menu";
  #comes = false;
  #holding: Holding = "controller";
  #other: MenuCommands["other"];
  readonly #shown = { preset: "", colouring: "", day: false, holding: "", scene: "" };
  /** Seconds that the palm was up, and that it is still the same one. */
  #up = 0;
  #spent = false;
  readonly #wrist: [number, number, number] = [0, 0, 0];

  constructor(parts: MenuParts) {
    this.#parts = parts;
  }

  begin(mode: Mode): void {
    this.opened = false;
    this.#other = undefined;
    void this.#parts.other(mode).then((other) => {
      this.#other = other;
      this.#again();
    });
  }

  end(): void {
    this.panel.hide();
  }

  toggle(): void {
    if (this.panel.open) this.panel.hide();
    else {
      this.opened = true;
      this.#comes = true;
      this.#turn("menu");
    }
  }

  follow(moment: Moment): void {
    const { hands } = moment;
    for (const hand of hands.both) {
      if (hand.secondary.began) this.toggle();
      if (hand.kind !== "absent") this.#holding = hand.kind === "fingers" ? "fingers" : "controller";
    }
    if (this.#lifted(moment, hands.both[this.#parts.hand()])) this.toggle();
    if (this.panel.open) this.#refresh();
    if (!this.#comes || !moment.seen) return;
    this.#comes = false;
    this.#parts.stand.place(this.panel, moment, undefined, this.#parts.hand() === 1 ? 1 : -1, this.#parts.others());
  }

  /** What it says of the page may have changed elsewhere. */
  #refresh(): void {
    const { preset, day, colouring, scene } = this.#parts.state;
    const shown = this.#shown;
    if (shown.preset === preset && shown.colouring === colouring && shown.day === day && shown.scene === scene && shown.holding === this.#holding) return;
    this.#again();
  }

  #turn(page: PageName): void {
    this.#page = page;
    this.#show(false);
  }

  #again(): void {
    if (this.panel.open) this.#show(true);
  }

  #show(same: boolean): void {
    const { state } = this.#parts;
    const { preset, colouring, day, scene } = state;
    Object.assign(this.#shown, { preset, colouring, day, scene, holding: this.#holding });
    this.panel.show(pageOf(this.#page, state, this.#holding, {
      ...this.#parts.commands, other: this.#other,
      close: () => this.panel.hide(), turn: (page) => this.#turn(page), changed: () => this.#again(),
    }), same);
  }

  /** Whether a palm has just been held up for long enough: open, level and still. */
  #lifted({ dt, head }: Moment, { kind, tracked, owner, joints, select }: Hand): boolean {
    let moved = 0;
    let long = 0;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      const at = joints[12 + i]!;
      moved += (at - this.#wrist[i]) ** 2;
      long += (joints[MIDDLE_TIP * 16 + 12 + i]! - at) ** 2;
      this.#wrist[i] = at;
    }
    const level = kind === "fingers" && tracked && owner === "" && select.value < 0.3 ? -joints[5]! : -1; // of the palm, upwards
    if (level < UP[this.#up > 0 || this.#spent ? 1 : 0]) {
      this.#up = 0;
      this.#spent = false;
      return false;
    }
    const seen = this.#wrist[1] > head.position[1] - 0.75;
    if (this.#spent || !seen || Math.sqrt(long) < OPEN || Math.sqrt(moved) > STILL * dt) return false;
    this.#up += dt;
    if (this.#up < HELD) return false;
    this.#up = 0;
    this.#spent = true;
    return true;
  }
}
