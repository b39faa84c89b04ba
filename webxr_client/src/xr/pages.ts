/** What the menu shows, page by page: rows as data. */
import { ALL } from "../address.ts";
import { ALL_TOGETHER } from "../ui/repositories.ts";
import { AGE_COLOURS, CATEGORY_COLOURS, Category, type Repository } from "../generated/protocol.ts";
import { COMFORTS, type Comfort, type ComfortName } from "../navigation/comfort.ts";
import { COLOURINGS, type Colouring } from "../scene/colours.ts";
import { meanings } from "../legend.ts";
import { aged, KINDS, leftOut, NOBODY } from "../ui/legend.ts";
import { inOrder, titleOf } from "../ui/scenes.ts";
import { grouped, isolated } from "../ui/words.ts";
import type { World } from "../world.ts";
import type { Content } from "./panel.ts";
import { PRESETS, type Preset, type Settings } from "./settings.ts";
import { heading, type Widget } from "./widgets.ts";
import { helped, type Holding } from "./words.ts";

export type PageName = "menu" | "repositories" | "colours" | "comfort" | "help";

/** What the menu does. */
export interface MenuCommands {
  preset(preset: Preset): void;
  /** Put the city on a surface of the room again. */
  place(): void;
  recentre(): void;
  undo(): void;
  /** Have the scene laid out anew. */
  tidy(): void;
  light(): void;
  colour(colouring: Colouring): void;
  scene(name: string): void;
  /** Show another repository. */
  visit(id: string): void;
  /** Into the other kind of session; undefined where there is none. */
  readonly other: { readonly text: string; readonly enter: () => void } | undefined;
  leave(): void;
  close(): void;
  turn(page: PageName): void;
  /** Settings were changed: show them. */
  changed(): void;
}

/** What it shows. */
export interface MenuState {
  readonly settings: Settings;
  readonly preset: Preset;
  readonly day: boolean;
  /** Over the room that is there. */
  readonly ar: boolean;
  readonly colouring: Colouring;
  readonly scenes: readonly string[];
  readonly scene: string;
  readonly repositories: readonly Repository[];
  readonly world: World;
  readonly haptics: { on: boolean };
}

const STANDING: Readonly<Record<Preset, string>> = { tabletop: "Tabletop", room: "Room", life: "Life size" };
const COLOURS: Readonly<Record<Colouring, string>> = { author: "Author", age: "Age", kind: "Kind" };
const COMFORT: Readonly<Record<ComfortName, string>> = { gentle: "Gentle", normal: "Normal", free: "Free" };

export function pageOf(name: PageName, state: MenuState, holding: Holding, commands: MenuCommands): Content {
  const back = { foot: [{ kind: "buttons", buttons: [{ text: "Back", press: () => commands.turn("menu") }] }] } as const;
  switch (name) {
    case "menu": return { title: "Menu", close: () => commands.close(), body: menu(state, commands) };
    case "repositories": return { title: "Repositories", close: () => commands.close(), body: repositories(state, commands), ...back };
    case "colours": return { title: "Colours", close: () => commands.close(), body: colours(state, commands), ...back };
    case "comfort": return { title: "Comfort", close: () => commands.close(), body: comfort(state, commands), ...back };
    case "help": return { title: "What hands do", close: () => commands.close(), body: help(holding), ...back };
  }
}

function repositories({ repositories: open, world }: MenuState, commands: MenuCommands): Widget[] {
  const all = world.beside !== undefined;
  const together = { id: ALL, name: ALL_TOGETHER, commits: open.reduce((sum, { commits }) => sum + commits, 0) };
  return [...open, together].map(({ id, name, commits }): Widget => ({
    kind: "item", text: id === ALL ? name : isolated(name), note: (all ? id === ALL : id === world.shown?.scene.repository) ? "shown now" : `${grouped(commits)} commits`,
    press: () => {
      commands.close();
      commands.visit(id);
    },
  }));
}

function menu({ preset, day, ar, repositories: open, world, scenes, scene }: MenuState, commands: MenuCommands): Widget[] {
  const { other } = commands;
  const shown = open.find(({ id }) => id === world.shown?.scene.repository);
  return [
    ar ? { kind: "buttons", buttons: [{ text: "Place the city again", press: () => {
      commands.close();
      commands.place();
    } }] } : { kind: "choice", options: PRESETS.map((each) => [each, STANDING[each]]), chosen: preset,
      choose: (value) => commands.preset(value as Preset) },
    ...(scenes.length < 2 ? [] : [{ kind: "choice" as const, chosen: scene, choose: (value: string) => commands.scene(value),
      options: inOrder(scenes).map((each) => [each, titleOf(each)] as const) }]),
    { kind: "buttons", buttons: [
      { text: "Recentre", press: () => commands.recentre() }, { text: "Undo move", press: () => commands.undo() },
      { text: "Tidy up", press: () => commands.tidy() }] },
    ...(open.length < 2 ? [] : [{ kind: "buttons", buttons: [
      { text: world.beside === undefined ? `Repository: ${isolated(shown?.name ?? "")}` : ALL_TOGETHER, press: () => commands.turn("repositories") }] } satisfies Widget]),
    { kind: "toggle", text: "Daylight", on: day, press: () => commands.light() },
    { kind: "rule" },
    { kind: "buttons", buttons: [
      { text: "Colours", press: () => commands.turn("colours") }, { text: "Comfort", press: () => commands.turn("comfort") },
      { text: "Help", press: () => commands.turn("help") }] },
    { kind: "buttons", buttons: [
      ...(other === undefined ? [] : [{ text: other.text, press: () => other.enter() }]),
      { text: "Leave", press: () => commands.leave() }] },
  ];
}

function colours({ colouring, world }: MenuState, commands: MenuCommands): Widget[] {
  const rows: Widget[] = [{ kind: "choice", options: COLOURINGS.map((each) => [each, COLOURS[each]]), chosen: colouring,
    choose: (value) => commands.colour(value as Colouring) }];
  const meant = meanings(world);
  if (meant === undefined) return rows;
  const swatch = (colour: number) => `#${colour.toString(16).padStart(6, "0")}`;
  if (colouring === "author") {
    for (const { repository, people, others } of meant.people) {
      if (repository !== "") rows.push(heading(isolated(repository)));
      for (const { name, commits, colour } of people) {
        rows.push({ kind: "item", text: isolated(name), note: grouped(commits), swatch: swatch(colour) });
      }
      if (others > 0) rows.push({ kind: "text", text: `and ${grouped(others)} more`, ink: "ink3" });
    }
    if (meant.categories.includes(Category.VENDORED)) rows.push({ kind: "item", text: KINDS[Category.VENDORED]!, swatch: swatch(NOBODY) });
  } else if (colouring === "kind") {
    for (const category of meant.categories) {
      if (category === Category.DISTRICT) continue;
      rows.push({ kind: "item", text: KINDS[category] ?? "", swatch: swatch(CATEGORY_COLOURS[category] ?? 0) });
    }
  } else {
    rows.push({ kind: "drawing", name: "", height: 18, paint: (pen, width) => {
      const scale = pen.createLinearGradient(0, 0, width, 0);
      AGE_COLOURS.forEach((colour, i) => scale.addColorStop(i / (AGE_COLOURS.length - 1), swatch(colour)));
      pen.fillStyle = scale;
      pen.beginPath();
      pen.roundRect(0, 0, width, 18, 6);
      pen.fill();
    } }, { kind: "facts", facts: [
      { label: "Oldest", text: aged(meant.first) }, { label: "Newest", text: aged(meant.last) }] });
  }
  const left = leftOut(meant.excluded);
  if (left !== "") rows.push({ kind: "text", text: left, ink: "ink3" });
  return rows;
}

function comfort({ settings, haptics }: MenuState, commands: MenuCommands): Widget[] {
  const changed = () => commands.changed();
  const { comfort: now } = settings;
  const set = (some: Partial<Comfort>) => {
    settings.set(some);
    changed();
  };
  const toggle = (text: string, on: boolean, some: Partial<Comfort>): Widget => ({ kind: "toggle", text, on, press: () => set(some) });
  return [
    { kind: "choice", options: Object.keys(COMFORTS).map((name) => [name, COMFORT[name as ComfortName]]), chosen: settings.name ?? "",
      choose: (name) => {
        settings.choose(name as ComfortName);
        changed();
      } },
    toggle("Turn in steps", now.turn === "snap", { turn: now.turn === "snap" ? "smooth" : "snap" }),
    ...(now.turn === "snap" ? [{ kind: "choice", options: [["30", "30°"], ["45", "45°"]], chosen: String(now.angle),
      choose: (angle: string) => set({ angle: Number(angle) }) } satisfies Widget] : []),
    heading("Darken the edges while moving"),
    { kind: "choice", options: [["off", "Off"], ["low", "A little"], ["high", "More"]], chosen: now.vignette,
      choose: (value) => set({ vignette: value as Comfort["vignette"] }) },
    { kind: "slider", text: "Speed", says: `${Math.round(now.speed * 100) / 100}×`, value: (Math.log2(now.speed) + 2) / 4,
      change: (value) => set({ speed: 2 ** (Math.round(value * 16) / 4 - 2) }) },
    toggle("Fly up and down with the gaze", now.flying, { flying: !now.flying }),
    toggle("Steer by the hand", now.steer === "hand", { steer: now.steer === "hand" ? "head" : "hand" }),
    toggle("Seated", now.posture === "seated", { posture: now.posture === "seated" ? "standing" : "seated" }),
    toggle("Left-handed", now.leftHanded, { leftHanded: !now.leftHanded }),
    toggle("With one hand", now.oneHanded, { oneHanded: !now.oneHanded }),
    toggle("Less motion", now.reducedMotion, { reducedMotion: !now.reducedMotion }),
    { kind: "toggle", text: "Vibration", on: haptics.on, press: () => {
      haptics.on = !haptics.on;
      changed();
    } },
  ];
}

function help(holding: Holding): Widget[] {
  return [
    { kind: "text", text: "Every building is a file, every floor a commit. What glows changed just now.", ink: "ink2" },
    ...helped(holding).flatMap(({ what, how }): Widget[] => [
      { kind: "columns", columns: [{ widgets: [{ kind: "text", text: what, weight: 500 }, { kind: "text", text: how, ink: "ink2" }] }] },
    ]),
  ];
}
