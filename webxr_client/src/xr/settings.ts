/** What somebody chose for moving in a headset, kept by the browser. */
import { COMFORTS, type Comfort, type ComfortName } from "../navigation/comfort.ts";

/** Where the city stands: before the person, or around them. */
export const PRESETS = ["tabletop", "room", "life"] as const;
export type Preset = (typeof PRESETS)[number];

const KEPT = "xrserver.comfort";
const STANDS = "xrserver.stands";

/** What each may be; what is kept by another version of the page may be anything. */
const ALLOWED: { readonly [K in keyof Comfort]: (value: unknown) => boolean } = {
  turn: (value) => value === "snap" || value === "smooth",
  angle: (value) => value === 30 || value === 45,
  vignette: (value) => value === "off" || value === "low" || value === "high",
  speed: (value) => typeof value === "number" && value >= 0.25 && value <= 4,
  flying: (value) => typeof value === "boolean",
  steer: (value) => value === "head" || value === "hand",
  posture: (value) => value === "standing" || value === "seated",
  leftHanded: (value) => typeof value === "boolean",
  oneHanded: (value) => typeof value === "boolean",
  reducedMotion: (value) => typeof value === "boolean",
};
/** How somebody holds their body is theirs, whatever they can bear. */
const OWN = ["posture", "leftHanded", "oneHanded"] as const;

export class Settings {
  readonly comfort: Comfort = { ...COMFORTS.normal };
  #preset: Preset = "tabletop";

  constructor() {
    const kept = read(KEPT);
    if (typeof kept === "object" && kept !== null) this.#take(kept);
    const stands = read(STANDS);
    if (PRESETS.some((each) => each === stands)) this.#preset = stands as Preset;
  }

  /** The set that these are, or `null` where they are somebody's own. */
  get name(): ComfortName | null {
    const { comfort } = this;
    const same = (name: ComfortName) => (Object.keys(ALLOWED) as (keyof Comfort)[])
      .every((key) => OWN.some((own) => own === key) || COMFORTS[name][key] === comfort[key]);
    return (Object.keys(COMFORTS) as ComfortName[]).find(same) ?? null;
  }

  /** Take one of the sets; hands and posture stay. */
  choose(name: ComfortName): void {
    const { posture, leftHanded, oneHanded } = this.comfort;
    this.set({ ...COMFORTS[name], posture, leftHanded, oneHanded });
  }

  /** Change some; what is not allowed is left as it was. */
  set(some: Partial<Comfort>): void {
    this.#take(some);
    write(KEPT, this.comfort);
  }

  /** The way to stand that was chosen last. */
  get preset(): Preset {
    return this.#preset;
  }

  set preset(preset: Preset) {
    this.#preset = preset;
    write(STANDS, preset);
  }

  #take(some: object): void {
    for (const key of Object.keys(ALLOWED) as (keyof Comfort)[]) {
      const value: unknown = (some as Record<string, unknown>)[key];
      if (ALLOWED[key](value)) Object.assign(this.comfort, { [key]: value });
    }
  }
}

function read(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null; // no storage here, or not ours
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A private window keeps nothing: it is as it is until the page is closed.
  }
}
