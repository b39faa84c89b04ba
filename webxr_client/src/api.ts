/** `window.xrserver`: what scripts, tests and other pages may rely on. */
import type { Comfort } from "./navigation/comfort.ts";
import type { Colouring } from "./scene/colours.ts";
import type { ReadonlyPose } from "./spaces.ts";
import type { LabelState } from "./xr/label.ts";
import type { NameState } from "./xr/names.ts";
import type { PanelState } from "./xr/panels.ts";
import type { Preset } from "./xr/settings.ts";

export interface State {
  connected: boolean;
  mode: "desktop" | "vr" | "ar";
  scene: string;
  generation: string;
  rank: number;
  /** Seconds since 1970 UTC. */
  time: number;
  playing: boolean;
  pace: "commit" | "calendar";
  headRank: number;
  nodesDrawn: number;
  /** Each of those that stand side by side: where it is (rank −1 before its first commit), and on which plot (x and z, metres). */
  repositories: { id: string; rank: number; nodesDrawn: number; plot: number[]; hovered: boolean; selected: boolean }[];
  /** Of what this device can draw, how much it draws: 1, less where frames would be missed. */
  detail: number;
  residentSpans: number;
  bytesReceived: number;
  drawCalls: number;
  triangles: number;
  frameMs: { p50: number; p95: number };
  /** Paths; null where nothing is. */
  selected: string | null;
  hovered: string | null;
  /** The floor of what is hovered, from 0, the oldest; −1 where it has none. */
  hoveredFloor: number;
  worldFromScene: { position: number[]; orientation: number[]; scale: number };
  /** Others in the same place. */
  people: { name: string }[];
  /** What is open around somebody who wears a headset. */
  panels: PanelState[];
  /** What is named in a headset's room. */
  names: NameState[];
  /** Beside the cursor of a headset. */
  label: LabelState | null;
  /** How far a headset's view is narrowed while it moves, 0 … 1. */
  narrowed: number;
}

export interface Events {
  /** There is a picture of a (new) scene. */
  scene: { scene: string; generation: string };
  /** The playhead came to rest at another rank. */
  moment: { rank: number; time: number };
  select: { path: string | null };
  connection: { connected: boolean };
  /** The picture went into a headset, or came back. */
  mode: { mode: State["mode"] };
}

/** Moving while a headset is worn; the settings are kept either way. */
export interface HeadsetApi {
  /** How the city stands: before the person as a tabletop of 1 m or a room of 4 m, or around them in life size. */
  preset(name: Preset): void;
  recentre(): void;
  undo(): void;
  /** Change some of the comfort settings; tells how they are now. */
  comfort(some?: Partial<Comfort>): Comfort;
}

export interface Api {
  readonly version: string;
  state(): State;
  /** A moment: `rank:N`, an object id, a ref or an ISO 8601 date; resolves to its rank. */
  seek(moment: string | number): Promise<number>;
  /** Ranks per second; as fast as before without. */
  play(rate?: number): void;
  pause(): void;
  /** A path or node id; null lets go. Resolves to whether it was found. */
  select(what: string | number | null): Promise<boolean>;
  setScene(name: string): void;
  setPose(pose: ReadonlyPose): void;
  setColouring(colouring: Colouring): void;
  /** Draw so much (0 … 1) of what this device can, however long frames take; null: as frames allow. */
  setDetail(share: number | null): void;
  readonly headset: HeadsetApi;
  on<K extends keyof Events>(event: K, fn: (detail: Events[K]) => void): () => void;
}

/** Listeners by event. */
export class Emitter {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>();

  on<K extends keyof Events>(event: K, fn: (detail: Events[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(fn));
    return () => listeners.delete(fn);
  }

  emit<K extends keyof Events>(event: K, detail: Events[K]): void {
    for (const fn of this.#listeners.get(event) ?? []) (fn as (detail: Events[K]) => void)(detail);
  }
}

declare global {
  interface Window {
    xrserver: Api;
  }
}
