/** Which panels there are around somebody, and what their buttons do. */
import { NOTHING } from "../navigation/selection.ts";
import { Card } from "./card.ts";
import type { Pulse } from "./haptics.ts";
import { Hint } from "./hint.ts";
import { Inspector } from "./inspector.ts";
import type { Locomotion } from "./locomotion.ts";
import { Menu } from "./menu.ts";
import type { Panel } from "./panel.ts";
import { Panels } from "./panels.ts";
import type { Page } from "./room.ts";
import { Stand } from "./stand.ts";
import { Wrist } from "./wrist.ts";

/** What reaching something on a panel, pressing it and having done so feel like. */
const FELT = { reach: "hover", press: "select", done: "release" } as const;

/** Make the panels. `pulse` is what a hand (0 left, 1 right) feels, `place` puts the city on a surface again. */
export function hang(
  page: Page, moving: Locomotion, pulse: (side: 0 | 1, pulse: Pulse) => void, haptics: { on: boolean }, place: () => void,
): { readonly panels: Panels; readonly inspector: Inspector } {
  const { viewer, world } = page;
  const { headset } = viewer;
  const { settings } = moving;
  const stand = new Stand(viewer, world);
  const others = (): readonly Panel[] => panels.list;
  const leftHanded = (): boolean => settings.comfort.leftHanded;
  const inspector = new Inspector(page, stand, others, (node) => moving.approach(node));
  const wrist = new Wrist(page, {
    menu: () => menu.toggle(),
    passed: (side) => pulse(side, "tick"),
    side: () => (leftHanded() ? "right" : "left"),
  });
  const menu: Menu = new Menu({
    stand, others, hand: () => (leftHanded() ? 0 : 1),
    state: {
      settings, haptics, world,
      get ar() { return headset.mode === "ar"; },
      get preset() { return settings.preset; },
      get day() { return viewer.daylight === 1; },
      get colouring() { return viewer.colouring; },
      get repositories() { return page.repositories; },
      get scenes() { return page.scenes; },
      get scene() { return page.world.shown?.scene.scene ?? ""; },
    },
    commands: {
      place, preset: (preset) => moving.preset(preset), recentre: () => moving.recentre(), undo: () => moving.undo(), tidy: () => page.tidy(),
      visit: (id) => page.visit(id), light: () => page.light(), colour: (colouring) => page.colour(colouring), scene: (name) => page.scene(name), leave: () => void headset.leave(),
    },
    other: async (mode) => {
      const to = mode === "vr" ? "ar" : "vr";
      if (!await headset.supports(to)) return undefined;
      return { text: to === "ar" ? "See the room" : "Hide the room", enter: () => page.enter(to) };
    },
  });
  const tried = [false, false, false];
  const hint = new Hint({
    stand, others, leftHanded,
    done: () => {
      tried[0] ||= viewer.aim.selection.selected !== NOTHING;
      tried[1] ||= wrist.panel.open;
      tried[2] = menu.opened;
      return tried;
    },
  });
  const showings = [inspector, wrist, menu, hint, new Card(page.said, stand, others)];
  const panels: Panels = new Panels(showings, (side, feel) => pulse(side, FELT[feel]), () => viewer.calm);
  return { panels, inspector };
}
