/** Everything around the picture, put together; it knows no stream and no renderer. */
import type { Change } from "../generated/protocol.ts";
import type { Colouring } from "../scene/colours.ts";
import { Dock, type DockCommands } from "./dock.ts";
import { element, iconButton, relabel } from "./element.ts";
import { Inspector, type InspectorCommands } from "./inspector.ts";
import { Legend } from "./legend.ts";
import { Enter, type EnterCommands } from "./enter.ts";
import { Help, Loading, Menu, Notices, type MenuItem } from "./overlays.ts";
import { Scenes } from "./scenes.ts";
import { Repositories } from "./repositories.ts";
import { Uncommitted } from "./uncommitted.ts";
import { Tooltip } from "./tooltip.ts";
import { refName } from "./words.ts";

export interface InterfaceCommands extends DockCommands, InspectorCommands, EnterCommands {
  colour(colouring: Colouring): void;
  scene(name: string): void;
  /** Go to where something is changed and not committed. */
  change(change: Change): void;
  /** Show another of the repositories that are open. */
  repository(id: string): void;
  light(): void;
  recentre(): void;
  undo(): void;
  /** Have the scene laid out anew. */
  tidy(): void;
  calm(): void;
}

export class Interface {
  readonly dock: Dock;
  readonly inspector: Inspector;
  readonly legend: Legend;
  readonly uncommitted: Uncommitted;
  readonly enter: Enter;
  readonly tooltip = new Tooltip();
  readonly loading = new Loading();
  readonly notices = new Notices();
  readonly help = new Help();
  readonly menu: Menu;
  readonly scenes: Scenes;
  readonly repositories: Repositories;

  readonly #root: HTMLElement;
  readonly #ref = element("p");
  readonly #place: HTMLElement;
  readonly #tools: HTMLElement;
  readonly #light: HTMLButtonElement;
  readonly #legendButton: HTMLButtonElement;

  constructor(root: HTMLElement, commands: InterfaceCommands) {
    this.#root = root;
    this.dock = new Dock(commands);
    this.inspector = new Inspector(commands);
    this.legend = new Legend((colouring) => commands.colour(colouring));
    this.uncommitted = new Uncommitted((change) => commands.change(change));
    this.legend.root.append(this.uncommitted.root);
    this.enter = new Enter(commands);
    this.#light = iconButton("sun", "Day (N)", () => commands.light());
    this.#legendButton = iconButton("palette", "Legend (L)", () => this.toggleLegend());
    this.repositories = new Repositories((id) => commands.repository(id));
    this.scenes = new Scenes((name) => commands.scene(name));
    this.#place = element("header", { class: "place" }, this.repositories.root, this.#ref, this.scenes.root);
    this.#tools = element("nav", { class: "tools", "aria-label": "Tools" }, this.enter.root, this.#legendButton, this.#light,
      iconButton("help", "Help (?)", () => this.help.toggle()), iconButton("menu", "Menu (Tab)", () => this.menu.toggle()));
    this.menu = new Menu(this.#items(commands));
    this.toggleLegend(innerWidth > 760 && innerHeight > 420);
    root.append(
      this.#place,
      this.#tools,
      this.legend.root, this.inspector.root, this.dock.root, this.notices.root, this.tooltip.root,
      this.help.root, this.menu.root, this.loading.root);
  }

  place(repository: string, ref: string): void {
    const name = this.repositories.show(repository);
    this.#ref.textContent = refName(ref);
    document.title = `${name} · xrserver`;
    this.loading.name(name);
  }

  light(day: boolean): void {
    document.documentElement.dataset["light"] = day ? "day" : "night";
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", day ? "#e9ebec" : "#0b1020");
    relabel(this.#light, day ? "moon" : "sun", day ? "Night (N)" : "Day (N)");
    this.dock.timeline.repaint();
  }

  toggleLegend(open = this.legend.root.hidden): void {
    this.legend.root.hidden = !open;
    this.#legendButton.setAttribute("aria-pressed", String(open));
  }

  /** Close what was opened last; false where nothing was. */
  escape(close: () => void): boolean {
    if (!this.inspector.open) return false;
    close();
    return true;
  }

  /** A sheet is open: keys are for it. */
  get covered(): boolean {
    return this.help.root.open || this.menu.root.open;
  }

  /** What panels cover along the window's edges, CSS pixels. */
  margins(): { top: number; bottom: number; left: number; right: number } {
    const legend = this.legend.root.getBoundingClientRect();
    const beside = legend.width > 0 && innerWidth > 900;
    return {
      top: 44, bottom: innerHeight - this.dock.root.getBoundingClientRect().top,
      left: 0, right: beside ? innerWidth - legend.left : 0,
    };
  }

  /** The panels that float over the picture. */
  get panels(): HTMLElement[] {
    return [this.dock.root, this.legend.root, this.inspector.root, this.#tools, this.#place];
  }

  busy(kind: string, on: boolean): void {
    this.#root.classList.toggle(kind, on);
  }

  #items(commands: InterfaceCommands): MenuItem[] {
    return [
      { text: "Play or pause", key: "Space", act: () => commands.toggle() },
      { text: "Back to where you started", key: "R", act: () => commands.recentre() },
      { text: "Undo the last move", key: "U", act: () => commands.undo() },
      { text: "Night or day", key: "N", act: () => commands.light() },
      { text: "Show or hide the legend", key: "L", act: () => this.toggleLegend() },
      { text: "Tidy up: everything to its own place", act: () => commands.tidy() },
      { text: "Less motion, or more", act: () => commands.calm() },
      { text: "Help", key: "?", act: () => this.help.toggle() },
    ];
  }
}
