/** Puts the page together: the only module that knows everything. */
import * as address from "./address.ts";
import { ALL } from "./address.ts";
import { Emitter } from "./api.ts";
import { session, tier } from "./boot.ts";
import { memberOf, nodeIn } from "./beside.ts";
import { Captions } from "./captions.ts";
import { Daylight } from "./daylight.ts";
import type { Panel, Repository } from "./generated/protocol.ts";
import { Keyboard } from "./input/keyboard.ts";
import { NOTHING } from "./navigation/selection.ts";
import { Pairing } from "./pairing/pairing.ts";
import { Playing } from "./playing.ts";
import { Pointing } from "./pointing.ts";
import { COLOURINGS, type Colouring } from "./scene/colours.ts";
import { scripted } from "./scripted.ts";
import type { Line } from "./session.ts";
import type { Heard } from "./stream/link.ts";
import { Interface } from "./ui/interface.ts";
import { Older } from "./ui/older.ts";
import { Loading } from "./ui/overlays.ts";
import { TIERS } from "./tier.ts";
import { Together } from "./together.ts";
import { Viewer } from "./viewer.ts";
import type { Mode } from "./xr/part.ts";
import { furnish } from "./xr/room.ts";
import { World, type Shown } from "./world.ts";

const canvas = document.querySelector<HTMLCanvasElement>("#view")!;
const events = new Emitter();

const captions = new Captions(session);

const viewer = orSay(() => new Viewer(canvas, tier, {
  moved: () => {
    time.moved();
    pointing.moved();
  },
  pointed: (node, floor) => pointing.at(node, floor),
  clicked: (node) => choose(node),
  drawn: () => ui.loading.done(),
  mode: (mode) => {
    ui.enter.worn(mode);
    daylight.shine();
    events.emit("mode", { mode: mode ?? "desktop" });
  },
  contextLost: (lost, worn) => ui.notices.state(!lost ? ""
    : worn ? "The graphics card was taken away, so the headset was left; enter again when the picture is back."
    : "The graphics card was taken away; waiting for it to come back …"),
}));

const ui = new Interface(document.querySelector<HTMLElement>("#interface")!, {
  scrub: (rank, done) => {
    ui.busy("scrubbing", !done);
    time.go(rank);
  },
  step: (ranks) => time.step(ranks),
  toggle: () => time.toggle(),
  pace: (pace) => time.pace(pace),
  faster: (factor) => time.faster(factor),
  seek: (moment) => void time.seek(moment).catch(complain),
  approach: () => viewer.approach(viewer.aim.selection.selected),
  close: () => choose(NOTHING),
  colour: (colouring) => colour(colouring),
  scene: (name) => together.scene(name),
  change: ({ node }) => {
    if (node < 0) return;
    choose(node);
    viewer.approach(node);
  },
  repository: (id) => visit(id),
  visit: (repository, moment) => visit(repository, moment),
  light: () => daylight.toggle(),
  recentre: () => viewer.recentre(),
  undo: () => viewer.undo(),
  tidy: () => together.tidy(),
  calm: () => viewer.calm = !viewer.calm,
  enter: (mode) => enter(mode),
  leave: () => void viewer.headset.leave(),
});

const world = new World(viewer.city, session, TIERS[tier].budget, {
  progress: (share) => ui.loading.show(share > 0 ? "Fetching the city …" : "Opening …", share),
  arrived: (shown, before) => arrived(shown, before),
  came: (more) => viewer.came(more),
  grew: (shown, from) => grew(shown, from),
});

const time = new Playing(viewer, world, session, captions, ui.dock, events, rested);

const together = new Together({ viewer, world, session, captions, time, ui, tier, choose, panel: showPanel });

const pointing = new Pointing(canvas, viewer, world, together, ui.tooltip);

const daylight = new Daylight(viewer, ui);

const keyboard = new Keyboard({
  play: () => time.toggle(),
  step: (ranks) => time.step(ranks),
  pace: () => time.pace(viewer.playback.pace === "commit" ? "calendar" : "commit"),
  faster: (factor) => time.faster(factor),
  reverse: () => time.faster(-1),
  colouring: () => colour(COLOURINGS[(COLOURINGS.indexOf(viewer.colouring) + 1) % COLOURINGS.length]!),
  daylight: () => daylight.toggle(),
  menu: () => ui.menu.toggle(),
  help: () => ui.help.toggle(),
  legend: () => ui.toggleLegend(),
  undo: () => viewer.undo(),
  recentre: () => viewer.recentre(),
}, (event) => forTheView(event));

/** What `make` makes; where it cannot, the page says why instead of staying dark. */
function orSay<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    const loading = new Loading();
    loading.show(error instanceof Error ? error.message : String(error), 0);
    document.body.append(loading.root);
    session.close(); // nobody would hear what it is told
    throw error;
  }
}

/** Shown to a device that the server does not know; once it does, what was asked for opens. */
const pairing = new Pairing(document.querySelector<HTMLElement>("#interface")!, address.takeInvitation(), () => session.open(""));

let repositories: readonly Repository[] = [];
const older = new Older();
let resumed = false;
/** Of what is selected: another generation has it under another number. */
let selectedPath = "";
let scenes: readonly string[] = [];
let asked: address.Wanted = address.wanted();

// --- what the server says ------------------------------------------------------------------

function lineChanged(state: Line, sentence: string): void {
  events.emit("connection", { connected: state === "open" });
  if (state === "unpaired") {
    void viewer.headset.leave(); // the keys are on the page
    ui.notices.state("");
    pairing.show(sentence);
    return;
  }
  if (state !== "reconnecting") pairing.hide();
  if (state === "refused") {
    ui.notices.state(sentence, { text: "Reload", act: () => location.reload() });
    ui.loading.show(sentence, 0);
  } else if (state === "open") {
    ui.notices.state("");
    time.moved(); // what was asked on the line before is asked again
  } else {
    const text = state === "connecting" ? "The server does not answer yet; trying again …" : "Connection lost; reconnecting …";
    ui.notices.state(sentence === "" ? text : `${sentence} Reconnecting …`);
    if (state === "connecting") ui.loading.show(text, -1);
  }
}

function heard(message: Heard): void {
  switch (message.type) {
    case "welcome":
      resumed = message.resumed;
      scenes = message.scenes;
      ui.scenes.offer(scenes);
      repositories = message.repositories;
      ui.repositories.offer(repositories);
      if (world.shown === undefined) ui.place(together.wanted ? ALL : session.repository || (repositories[0]?.id ?? ""), "");
      break;
    case "progress":
      if (world.shown === undefined) ui.loading.show(older.opening(message), message.total > 0 ? message.done / message.total : -1);
      else ui.notices.state(older.sentence(message));
      break;
    case "scene":
      ui.place(together.wanted ? ALL : message.repository, together.wanted ? "" : message.mainline_ref);
      if (message.generation !== world.shown?.scene.generation) together.working(0, []); // its nodes are others
      world.announce(message);
      break;
    case "patch":
      world.patch(message);
      break;
    case "commits":
      world.commits(message);
      break;
    case "panel":
      showPanel(0, message);
      break;
    case "activity":
      together.working(0, message.worktrees);
      break;
    case "notice":
    case "error":
      ui.notices.say(message.text);
      break;
    case "result":
  }
}

function arrived(shown: Shown, before: Shown | undefined): void {
  const { scene } = shown;
  const anew = before !== undefined && before.scene.generation !== scene.generation
    && before.scene.scene === scene.scene && before.scene.repository === scene.repository;
  // What the server knows of the playhead is a moment old.
  const newest = anew && (viewer.film.arriving || viewer.playback.rank === before.headRank);
  captions.forget();
  viewer.settle();
  if (world.beside !== undefined) world.beside.refresh();
  together.describe();
  if (before?.scene.generation === scene.generation) {
    // The line was down: everything is where it was, only history may have grown.
    if (world.beside === undefined && viewer.playback.rank === before.headRank && shown.headRank > before.headRank) viewer.arrive(shown.headRank);
  } else {
    if (world.beside === undefined) time.open(shown, before === undefined, newest);
    Object.assign(viewer.eye.margins, ui.margins());
    viewer.forget();
    viewer.setHome(scene.pose);
    // Where one was in another scene means nothing in this one; the same one, made anew, moves nobody.
    if (!anew) viewer.open(resumed && before === undefined ? scene.pose : viewer.journey.home);
    ui.scenes.show(scene.scene);
    const chosen = anew ? selectedPath : "";
    choose(NOTHING);
    if (chosen !== "") void find(chosen);
    events.emit("scene", { scene: scene.scene, generation: scene.generation });
    if (together.wanted) together.gather(repositories);
    void follow();
  }
  viewer.invalidate();
  time.moved();
}

function grew(shown: Shown, from: number): void {
  // Commits may come faster than they are seen arriving: the playhead still follows.
  if (world.beside !== undefined) {
    const newest = viewer.playback.rank >= world.beside.joint.headRank;
    world.beside.refresh();
    together.grew(newest);
    return;
  }
  const following = viewer.film.arriving || viewer.playback.rank >= from;
  if (shown.headRank > from && following && !viewer.playback.playing) viewer.arrive(shown.headRank);
  viewer.widen(shown.scene.pose);
  viewer.invalidate();
  viewer.hurry();
  together.describe();
  time.moved();
}

// --- things --------------------------------------------------------------------------------

function choose(node: number): void {
  if (node === viewer.aim.selection.selected) {
    if (node === NOTHING) ui.inspector.hide();
    return;
  }
  viewer.select(node);
  selectedPath = node === NOTHING ? "" : together.whose(node).world.look.path(nodeIn(node));
  if (node === NOTHING) ui.inspector.hide();
  together.unlight();
  together.whose(node).session.send({ type: "select", node: nodeIn(node), rank: together.rankOf(node) });
  const path = node === NOTHING ? null : selectedPath;
  remember();
  events.emit("select", { path });
}

function showPanel(member: number, panel: Panel): void {
  const { selected } = viewer.aim.selection;
  if (panel.name !== "inspector" || selected === NOTHING || memberOf(selected) !== member) return;
  ui.inspector.show(panel);
  room.inspect(panel);
  together.whose(selected).city.light(panel.nodes);
  viewer.invalidate();
}

async function find(what: string | number | null): Promise<boolean> {
  if (what === null) {
    choose(NOTHING);
    return true;
  }
  const node = typeof what === "number" ? what
    : world.beside !== undefined ? await world.beside.find(what)
    : await session.query("find", { text: what, rank: viewer.playback.rank }).then((found) => found.node, () => NOTHING);
  if (node === NOTHING) return false;
  choose(node);
  return true;
}

/** It rests. */
function rested(): void {
  remember();
  pointing.rested();
}

// --- looks and keys ------------------------------------------------------------------------

function colour(colouring: Colouring): void {
  viewer.setColouring(colouring);
  ui.legend.show(colouring);
}

/** A key pressed there is for the view: not in a sheet, and Tab and space only where they mean nothing else. */
function forTheView(event: KeyboardEvent): boolean {
  if (ui.covered) return false;
  const target = event.target instanceof Element ? event.target : document.body;
  const inView = target === canvas || target === document.body;
  if (target.closest("input, textarea, select") !== null) return false;
  if (event.code === "Tab") return inView && !event.shiftKey;
  if (event.code === "Space") return target.closest("button") === null;
  return true;
}

addEventListener("keydown", (event) => {
  if (ui.covered || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") ui.escape(() => choose(NOTHING));
  else if (event.key === "?") ui.help.toggle();
  else return;
  event.preventDefault();
});

// --- the address ---------------------------------------------------------------------------

function remember(): void {
  const { rank } = viewer.playback;
  const { selected } = viewer.aim.selection;
  address.remember(rank === time.resting.rank && rank !== world.era?.headRank ? time.resting.oid : "",
    together.addressOf(selected));
}

/** Go where the address says; again once older history is there, where it may lie in that. */
async function follow(): Promise<void> {
  const wanted = asked;
  const whole = world.shown?.scene.whole ?? false;
  if (whole) asked = { at: null, select: null };
  try {
    if (wanted.at !== null) await time.seek(wanted.at);
    if (wanted.select !== null && await find(wanted.select)) viewer.approach(viewer.aim.selection.selected);
  } catch (error) {
    if (whole) complain(error);
  }
}

/** Show another of the repositories that are open, at its newest moment unless another is named. */
function visit(id: string, moment: string | null = null): void {
  if (id === ALL) {
    if (world.beside !== undefined) return;
    together.wanted = true;
    asked = { at: null, select: null };
    address.enter(ALL);
    ui.place(ALL, "");
    together.gather(repositories);
    return;
  }
  const ended = world.beside !== undefined;
  together.disperse();
  if (id === world.shown?.scene.repository) {
    if (!ended) return;
    address.enter(id);
    ui.place(id, world.shown.scene.mainline_ref);
    return;
  }
  choose(NOTHING);
  asked = { at: moment, select: null };
  address.enter(id);
  session.repository = id;
  session.open("");
}

function complain(error: unknown): void {
  ui.notices.say(error instanceof Error ? error.message : String(error));
}
addEventListener("hashchange", () => {
  asked = address.wanted();
  void follow();
});

const covers = new ResizeObserver(() => viewer.desk.cover(ui.panels
  .map((panel) => panel.getBoundingClientRect()).filter(({ width }) => width > 0)));
for (const panel of ui.panels) covers.observe(panel);

daylight.shine();
colour("author");
viewer.city.uniforms.daylight.value = viewer.daylight;
const room = furnish({
  viewer, world, session, time, captions, choose, colour, visit, get repositories() { return repositories; }, scene: (name) => together.scene(name), tidy: () => together.tidy(),
  get scenes() { return scenes; }, light: () => daylight.toggle(),
  seek: (moment) => void time.seek(moment).catch(complain),
  said: ui, enter: (mode) => void viewer.headset.enter(mode).catch(complain),
});
viewer.start(world, keyboard);
window.xrserver = scripted({ viewer, world, session, time, events, room, find, colour, scene: (name) => together.scene(name) });
session.listen({
  line: lineChanged,
  heard,
  part: (id, have, total) => world.part(id, have, total),
  tile: (body) => world.tile(body),
  table: (table) => world.table(table),
});

// --- into a headset ------------------------------------------------------------------------

function enter(mode: Mode): void {
  viewer.headset.enter(mode).catch((error: unknown) => ui.enter.refused(error));
}

const offer = () => void ui.enter.offer((mode) => viewer.headset.supports(mode));
offer();
navigator.xr?.addEventListener("devicechange", offer);
// A page that is opened from within another one's VR is in it already.
navigator.xr?.addEventListener("sessiongranted", () => enter("vr"));
