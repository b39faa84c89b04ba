/** Puts the page together: the only module that knows everything. */
import { Emitter, type Api, type State } from "./api.ts";
import { Captions } from "./captions.ts";
import * as clock from "./clock.ts";
import type { Panel } from "./generated/protocol.ts";
import { Keyboard } from "./input/keyboard.ts";
import * as playback from "./navigation/playback.ts";
import { NOTHING } from "./navigation/selection.ts";
import { COLOURINGS, type Colouring } from "./scene/city.ts";
import { Session, type Line } from "./session.ts";
import type { Heard } from "./stream/link.ts";
import { Interface } from "./ui/interface.ts";
import { Loading } from "./ui/overlays.ts";
import { minuteOf } from "./ui/words.ts";
import { Viewer } from "./viewer.ts";
import { World, type Shown } from "./world.ts";

const REST = 180; // milliseconds after which the playhead counts as resting
const CLOCK = 500; // and between telling the server where it is
const WORDS_WHILE_PLAYING = 400;

const canvas = document.querySelector<HTMLCanvasElement>("#view")!;
const events = new Emitter();

/** What a device can draw and hold: a phone about as much as a headset. */
const BUDGETS = { desktop: { nodes: 500_000, spans: 2_000_000 }, quest3: { nodes: 80_000, spans: 400_000 } } as const;
const tier = matchMedia("(pointer: coarse)").matches ? "quest3" : "desktop";

const session = new Session(tier, {
  line: (state, sentence) => lineChanged(state, sentence),
  heard: (message) => heard(message),
  part: (id, have) => world.part(id, have),
  tile: (body) => world.tile(body),
  table: (table) => world.table(table),
});
const captions = new Captions(session);

const viewer = orSay(() => new Viewer(canvas, {
  moved: () => moved(),
  pointed: (node, floor) => pointed(node, floor),
  clicked: (node) => choose(node),
  drawn: () => ui.loading.done(),
  contextLost: (lost) => ui.notices.state(lost ? "The graphics card was taken away; waiting for it to come back …" : ""),
}));

const ui = new Interface(document.querySelector<HTMLElement>("#interface")!, {
  scrub: (rank, done) => {
    ui.busy("scrubbing", !done);
    go(rank, 0);
  },
  step: (ranks) => step(ranks),
  toggle: () => toggle(),
  pace: (pace) => setPace(pace),
  faster: (factor) => {
    playback.faster(viewer.playback, factor, viewer.playback);
    viewer.invalidate();
    moved();
  },
  seek: (moment) => void seek(moment).catch(complain),
  approach: () => viewer.approach(viewer.selection.selected),
  close: () => choose(NOTHING),
  colour: (colouring) => colour(colouring),
  light: () => light(viewer.daylight === 0),
  recentre: () => viewer.recentre(),
  undo: () => viewer.undo(),
  calm: () => viewer.calm = !viewer.calm,
});

const world = new World(viewer.city, session, BUDGETS[tier], {
  progress: (share) => ui.loading.show(share > 0 ? "Fetching the city …" : "Opening …", share),
  arrived: (shown, before) => arrived(shown, before),
  grew: (shown, from) => grew(shown, from),
});

const keyboard = new Keyboard({
  play: () => toggle(),
  step: (ranks) => step(ranks),
  pace: () => setPace(viewer.playback.pace === "commit" ? "calendar" : "commit"),
  faster: (factor) => {
    playback.faster(viewer.playback, factor, viewer.playback);
    viewer.invalidate();
    moved();
  },
  reverse: () => {
    playback.faster(viewer.playback, -1, viewer.playback);
    viewer.invalidate();
    moved();
  },
  colouring: () => colour(COLOURINGS[(COLOURINGS.indexOf(viewer.colouring) + 1) % COLOURINGS.length]!),
  daylight: () => light(viewer.daylight === 0),
  menu: () => ui.menu.toggle(),
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
    throw error;
  }
}

let resumed = false;
let firstRate = clock.RATE_FIRST_LEAST;
let restTimer = 0;
let clockTimer = 0;
let wordsAt = 0;
let asked = new URLSearchParams(location.hash.slice(1));

// --- what the server says ------------------------------------------------------------------

function lineChanged(state: Line, sentence: string): void {
  events.emit("connection", { connected: state === "open" });
  if (state === "refused") {
    ui.notices.state(sentence, { text: "Reload", act: () => location.reload() });
    ui.loading.show(sentence, 0);
  } else if (state === "open") {
    ui.notices.state("");
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
      if (message.repositories[0] !== undefined) ui.place(message.repositories[0].name, "");
      break;
    case "progress":
      ui.loading.show(`${message.phase} …`, message.total > 0 ? message.done / message.total : -1);
      break;
    case "scene":
      ui.place(message.repository, message.mainline_ref);
      world.announce(message);
      break;
    case "patch":
      world.patch(message);
      break;
    case "panel":
      showPanel(message);
      break;
    case "notice":
    case "error":
      ui.notices.say(message.text);
      break;
    case "result":
  }
}

function arrived(shown: Shown, before: Shown | undefined): void {
  const { scene, table } = shown;
  captions.forget();
  firstRate = clock.firstRate(shown.headRank);
  ui.dock.timeline.show(table, shown.dates);
  ui.dock.refresh();
  const others = table.people.length - scene.people.length;
  ui.legend.describe(scene.people, Math.max(others, 0), world.look.categories(), table.time[0] ?? 0, table.time[shown.headRank] ?? 0);
  if (before?.scene.generation === scene.generation) {
    // The line was down: everything is where it was, only history may have grown.
    if (viewer.playback.rank === before.headRank && shown.headRank > before.headRank) viewer.arrive(shown.headRank);
  } else {
    if (before === undefined) {
      viewer.playback.pace = "calendar";
      viewer.playback.rate = firstRate;
    }
    clock.seek(viewer.playback, shown.headRank, scene.rank, scene.fraction, viewer.playback);
    Object.assign(viewer.margins, ui.margins());
    viewer.forget();
    viewer.setHome(scene.pose);
    viewer.setPose(resumed ? scene.pose : viewer.journey.home);
    choose(NOTHING);
    events.emit("scene", { scene: scene.scene, generation: scene.generation });
    void follow();
  }
  viewer.settle();
  moved();
}

function grew(shown: Shown, from: number): void {
  ui.dock.timeline.show(shown.table, shown.dates);
  ui.dock.refresh();
  // Commits may come faster than they are seen arriving: the playhead still follows.
  const following = viewer.arriving || viewer.playback.rank >= from;
  if (shown.headRank > from && following && !viewer.playback.playing) viewer.arrive(shown.headRank);
  viewer.invalidate();
  moved();
}

// --- time ----------------------------------------------------------------------------------

function go(rank: number, fraction: number): void {
  const head = world.shown?.headRank ?? 0;
  viewer.settle();
  clock.seek(clock.pause(viewer.playback, viewer.playback), head, rank, fraction, viewer.playback);
  moved();
}

function step(ranks: number): void {
  const { shown } = world;
  if (shown === undefined) return;
  // On the mainline: what lies between shows nothing that a tree ever was.
  const { mainline } = shown.table;
  let rank = viewer.playback.rank;
  if (Math.abs(ranks) === 1) {
    if (ranks < 0 && viewer.playback.fraction > 0) rank++;
    do rank += ranks;
    while (rank > 0 && rank < shown.headRank && mainline[rank] === 0);
  } else {
    rank += ranks;
  }
  go(rank, 0);
}

function toggle(): void {
  const { shown } = world;
  if (shown === undefined) return;
  viewer.settle();
  playback.toggle(viewer.playback, shown.dates, viewer.playback);
  moved();
}

function setPace(pace: clock.Pace): void {
  if (viewer.playback.pace !== pace) playback.otherPace(viewer.playback, viewer.playback);
  viewer.invalidate();
  moved();
}

async function seek(moment: string): Promise<number> {
  const rank = /^rank:(\d+)$/.exec(moment)?.[1];
  if (rank !== undefined) {
    go(Number(rank), 0);
    return viewer.playback.rank;
  }
  go((await session.query("moment", { text: moment })).rank, 0);
  return viewer.playback.rank;
}

/** The playhead moved, or how it moves changed. */
function moved(): void {
  const { shown } = world;
  if (shown === undefined) return;
  const { playing, rank } = viewer.playback;
  ui.dock.update(viewer.playback, shown.table.time, firstRate);
  clearTimeout(restTimer);
  if (!playing) restTimer = window.setTimeout(rested, REST);
  else if (performance.now() - wordsAt > WORDS_WHILE_PLAYING) void words(rank);
  if (clockTimer === 0) clockTimer = window.setTimeout(tellClock, CLOCK);
}

function rested(): void {
  const { shown } = world;
  if (shown === undefined) return;
  const { rank } = viewer.playback;
  void words(rank);
  const time = shown.table.time[rank]!;
  ui.dock.timeline.announce(rank, minuteOf(time));
  if (viewer.selection.selected !== NOTHING) session.send({ type: "select", node: viewer.selection.selected, rank });
  events.emit("moment", { rank, time });
}

async function words(rank: number): Promise<void> {
  wordsAt = performance.now();
  const caption = await captions.commit(rank);
  const now = viewer.playback;
  if (caption === undefined || (!now.playing && now.rank !== rank)) return;
  ui.dock.commit(caption.subject, caption.author);
  if (now.playing) return;
  resting.rank = rank;
  resting.oid = caption.oid;
  remember();
}

function tellClock(): void {
  clockTimer = 0;
  const { rank, fraction, playing } = viewer.playback;
  const { position, orientation, scale } = viewer.journey.pose;
  session.send({ type: "clock", rank, fraction, playing, pose: { position, orientation, scale } });
}
setInterval(() => {
  if (world.shown !== undefined && !document.hidden) tellClock();
}, 5000);
addEventListener("pagehide", tellClock);

// --- things --------------------------------------------------------------------------------

function choose(node: number): void {
  if (node === viewer.selection.selected) {
    if (node === NOTHING) ui.inspector.hide();
    return;
  }
  viewer.select(node);
  if (node === NOTHING) ui.inspector.hide();
  session.send({ type: "select", node, rank: viewer.playback.rank });
  const path = node === NOTHING ? null : world.look.path(node);
  remember();
  events.emit("select", { path });
}

function showPanel(panel: Panel): void {
  if (panel.name === "inspector" && viewer.selection.selected !== NOTHING) ui.inspector.show(panel);
}

async function find(what: string | number | null): Promise<boolean> {
  if (what === null) {
    choose(NOTHING);
    return true;
  }
  const node = typeof what === "number" ? what
    : await session.query("find", { text: what, rank: viewer.playback.rank }).then((found) => found.node, () => NOTHING);
  if (node === NOTHING) return false;
  choose(node);
  return true;
}

function pointed(node: number, floor: number): void {
  canvas.classList.toggle("pointing", node !== NOTHING);
  if (node === NOTHING) {
    ui.tooltip.hide();
    return;
  }
  ui.tooltip.show(world.look.path(node) || (world.shown?.scene.repository ?? ""));
  if (floor < 0) return;
  void captions.stratum(node, floor).then((caption) => {
    if (caption === undefined || viewer.selection.hovered !== node || viewer.selection.floor !== floor) return;
    ui.tooltip.commit(caption.subject, `${caption.author} · ${minuteOf(caption.time)}`);
  });
}
canvas.addEventListener("pointermove", (event) => {
  if (event.pointerType === "touch") return;
  viewer.repoint();
  ui.tooltip.follow(event.clientX, event.clientY);
});

// --- looks and keys ------------------------------------------------------------------------

function colour(colouring: Colouring): void {
  viewer.setColouring(colouring);
  ui.legend.show(colouring);
}

function light(day: boolean): void {
  viewer.daylight = day ? 1 : 0;
  localStorage.setItem("xrserver.light", day ? "day" : "night");
  ui.light(day);
  viewer.invalidate();
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
  else if (event.code === "KeyL") ui.toggleLegend();
  else return;
  event.preventDefault();
});

// --- the address ---------------------------------------------------------------------------

const resting = { rank: -1, oid: "" };

/** Keep the address such that it opens here again: by commit and path, which outlive ranks and nodes. */
function remember(): void {
  const parts = new URLSearchParams();
  const { rank } = viewer.playback;
  if (rank === resting.rank && rank !== world.shown?.headRank) parts.set("at", resting.oid.slice(0, 12));
  const path = viewer.selection.selected === NOTHING ? "" : world.look.path(viewer.selection.selected);
  if (path !== "") parts.set("select", path);
  const hash = parts.toString();
  if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
}

/** Go where the address says. */
async function follow(): Promise<void> {
  const wanted = asked;
  asked = new URLSearchParams();
  const at = wanted.get("at");
  const select = wanted.get("select");
  try {
    if (at !== null) await seek(at);
    if (select !== null && await find(select)) viewer.approach(viewer.selection.selected);
  } catch (error) {
    complain(error);
  }
}

function complain(error: unknown): void {
  ui.notices.say(error instanceof Error ? error.message : String(error));
}
addEventListener("hashchange", () => {
  asked = new URLSearchParams(location.hash.slice(1));
  void follow();
});

// --- for scripts ---------------------------------------------------------------------------

function state(): State {
  const { shown } = world;
  const { rank, playing, pace } = viewer.playback;
  const { selected, hovered } = viewer.selection;
  const { position, orientation, scale } = viewer.journey.pose;
  const path = (node: number) => (node === NOTHING ? null : world.look.path(node));
  return {
    connected: session.line === "open",
    mode: "desktop",
    scene: shown?.scene.scene ?? "",
    generation: shown?.scene.generation ?? "",
    rank,
    time: shown?.table.time[rank] ?? 0,
    playing,
    pace,
    headRank: shown?.headRank ?? 0,
    nodesDrawn: viewer.hasDrawn ? world.look.live(rank, viewer.city.tiles.version) : 0,
    residentSpans: viewer.city.tiles.residentSpans,
    bytesReceived: session.bytesReceived,
    drawCalls: viewer.drawCalls,
    triangles: viewer.triangles,
    frameMs: { p50: viewer.frames.quantile(0.5), p95: viewer.frames.quantile(0.95) },
    selected: path(selected),
    hovered: path(hovered),
    worldFromScene: { position: [...position], orientation: [...orientation], scale },
    people: [],
  };
}

const api: Api = {
  version: __XRSERVER_VERSION__,
  state,
  seek: (moment) => seek(typeof moment === "number" ? `rank:${moment}` : moment),
  play(rate) {
    viewer.settle();
    clock.play(viewer.playback, rate ?? viewer.playback.rate, viewer.playback);
    moved();
  },
  pause() {
    clock.pause(viewer.playback, viewer.playback);
    moved();
  },
  select: find,
  setScene: (name) => session.open(name),
  setPose: (pose) => viewer.setPose(pose),
  setColouring: colour,
  on: (event, fn) => events.on(event, fn),
};
window.xrserver = api;

const covers = new ResizeObserver(() => viewer.cover(ui.panels
  .map((panel) => panel.getBoundingClientRect()).filter(({ width }) => width > 0)));
for (const panel of ui.panels) covers.observe(panel);

const preferred = localStorage.getItem("xrserver.light");
light(preferred === "day");
colour("author");
viewer.city.uniforms.daylight.value = viewer.daylight;
viewer.start(world, keyboard);
session.open("");
