/** The scene as it comes in: generations, tiles and tables, until there is something whole to show. */
import type { Beside } from "./beside.ts";
import type { Captions } from "./captions.ts";
import { calendar, type Calendar } from "./clock.ts";
import { COMMIT_NODES, RANK_END, type Commits, type Patch, type Person, type Scene, type TileBody } from "./generated/protocol.ts";
import type { Era } from "./era.ts";
import type { City } from "./scene/city.ts";
import { continued, Course } from "./scene/course.ts";
import { hold } from "./scene/extent.ts";
import { Frontier, type Budget } from "./scene/frontier.ts";
import { governed, newGovernor } from "./scene/governor.ts";
import type { Hit } from "./scene/bvh.ts";
import type { Playhead } from "./scene/drawn.ts";
import { milestones, type Milestone } from "./scene/milestones.ts";
import { Look } from "./scene/look.ts";
import { Survey } from "./scene/survey.ts";
import { extended } from "./room.ts";
import type { ReadonlyVector } from "./spaces.ts";
import type { Session } from "./session.ts";
import type { Table } from "./stream/link.ts";
import { landmarksOf, nameAt } from "./stream/names.ts";

/** A generation of a scene, once all of it that is needed to draw has come. */
export interface Shown {
  readonly scene: Scene;
  table: Table;
  /** The most active people, and who came last. */
  legend: readonly Person[];
  dates: Calendar;
  headRank: number;
  /** What it fills, with all that came later; as a header's. */
  readonly box: number[];
}

export interface WorldListener {
  /** A generation can be drawn; `before` is the one it takes the place of. */
  arrived(shown: Shown, before: Shown | undefined): void;
  /** A commit was added: history is longer, the picture may have changed. */
  grew(shown: Shown, from: number): void;
  /** A tile came: what is drawn, and what is wanted next, may be another. `more`: others are on their way. */
  came(more: boolean): void;
  /** How much of what is waited for is here, 0 … 1. */
  progress(share: number): void;
}

interface Awaited {
  readonly scene: Scene;
  table: Table | undefined;
  tile: TileBody | undefined;
  /** How much of each is here, 0 … 1, by id. */
  readonly have: Map<string, number>;
  /** Of a generation that follows what is drawn: the tiles that this view needs of it, those here and those not yet. */
  frontier: Frontier | undefined;
  readonly finer: TileBody[];
  readonly missing: Set<string>;
}

/** Milliseconds that a generation waits for the tiles that a view needs of it; then it is shown as coarse as it is. */
const PATIENCE = 2000;

/** Tiles that one message may name. */
const MOST_NAMED = 512;

/** Milliseconds between two choices of tiles, so that what only passes by is not fetched. */
const CHOICE = 100;
const NOWHERE = [-1, -1, -1, 1, 1, 1];

export class World {
  shown: Shown | undefined;
  /** Those that stand side by side with it, where they do. */
  beside: Beside | undefined;
  readonly look = new Look();
  readonly survey = new Survey(this.look);

  readonly #surveys = [this.survey];
  readonly #city: City;
  readonly #session: Session;
  readonly #listener: WorldListener;
  #budget: Budget;
  #governor = newGovernor();
  /** Whether frames say how much is drawn; else somebody did. */
  #governs = true;
  /** What of the budget is used, as the governor says. */
  readonly #allowed: { nodes: number; spans: number };
  /** What is written along the river, and over each of several cities. */
  #milestones: readonly Milestone[] = [];
  #titles: readonly Milestone[] = [];
  #awaited: Awaited | undefined;
  #frontier: Frontier | undefined;
  /** What came of a generation before it could be shown. */
  #early: (Patch | Commits)[] = [];
  #chosen = 0;
  /** As of the last choice. */
  readonly #view = { eye: [0, 0, 0], factor: 0 };
  #shownIds: readonly string[] = [];

  constructor(city: City, session: Session, budget: Budget, listener: WorldListener) {
    this.#city = city;
    this.#session = session;
    this.#budget = budget;
    this.#allowed = { ...budget };
    this.#listener = listener;
  }

  /** What all that is shown lies in; metres, scene space. */
  get box(): readonly number[] {
    return this.beside?.box ?? this.shown?.box ?? NOWHERE;
  }

  /** The time that playback goes through: of the history shown, or of all that stand side by side. */
  get era(): Era | undefined {
    return this.shown === undefined ? undefined : (this.beside?.joint ?? this.shown);
  }

  /** Hold and draw no more than this. */
  allow(budget: Budget): void {
    this.#budget = budget;
    this.#allowed.nodes = Math.floor(budget.nodes * this.#governor.share);
    this.#allowed.spans = budget.spans;
  }

  /** What looks over all that stand. */
  get surveys(): readonly Survey[] {
    return this.beside?.surveys ?? this.#surveys;
  }

  /** The view or the playhead moved: look over everything again. */
  stir(): void {
    for (const survey of this.surveys) survey.stir();
  }

  /** Write these over cities. */
  entitle(titles: readonly Milestone[]): void {
    this.#titles = titles;
    this.survey.milestones = [...titles, ...this.#milestones];
    this.survey.stir();
  }

  /** What a unit ray meets first, nearer than `hit` says, of all that stand; as `Look.cast`. */
  cast(eye: ReadonlyVector, ray: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    const met = this.look.cast(eye, ray, playhead, hit);
    return this.beside === undefined ? met : this.beside.cast(eye, ray, hit) || met;
  }

  /** What is nearest to a point, nearer than `hit` says, of all that stand; as `Look.touch`. */
  touch(point: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    const met = this.look.touch(point, playhead, hit);
    return this.beside === undefined ? met : this.beside.touch(point, hit) || met;
  }

  /** What a node is called: its path, the repository for the whole, and what a ribbon of a river seen from afar stands for. */
  nameOf(node: number): string {
    return this.look.path(node) || (node >= COMMIT_NODES ? "Commits drawn as one line" : (this.shown?.scene.repository ?? ""));
  }

  /** What is in a directory at a rank, in two lines; undefined where the server does not say. */
  async contents(captions: Captions, node: number, rank: number): Promise<readonly [string, string] | undefined> {
    const found = await captions.directory(node, rank);
    if (found === undefined) return undefined;
    return [this.look.gathers(node) ? `${found.count}, drawn as blocks` : found.count, found.last];
  }

  /** A scene was announced: fetch what is needed to draw it; what is drawn stays until that is here. */
  announce(scene: Scene): void {
    const { shown } = this;
    this.#early = [];
    this.#frontier?.forget();
    if (shown?.scene.generation === scene.generation && shown.headRank === scene.head_rank) {
      this.#awaited = undefined; // the line was down, and nothing happened meanwhile
      return;
    }
    this.#awaited = { scene, table: undefined, tile: undefined, have: new Map(), frontier: undefined, finer: [], missing: new Set() };
    if (shown === undefined) this.#listener.progress(0);
    this.#session.send({ type: "want", tiles: [scene.root.id, scene.table] });
  }

  part(id: string, have: number, total: number): void {
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    const { scene } = awaited;
    if (id !== scene.root.id && id !== scene.table) return;
    awaited.have.set(id, have / Math.max(total, 1));
    const [root, table] = [scene.root.bytes, scene.table_bytes];
    const here = (awaited.have.get(scene.root.id) ?? 0) * root + (awaited.have.get(scene.table) ?? 0) * table;
    this.#listener.progress(root + table > 0 ? here / (root + table) : 0);
  }

  tile(body: TileBody): void {
    const awaited = this.#awaited;
    if (awaited?.scene.root.id === body.header.id) {
      awaited.tile = body;
      this.#complete(awaited);
    } else if (awaited?.missing.delete(body.header.id)) {
      awaited.finer.push(body);
      awaited.frontier!.hold(body.header);
      this.#complete(awaited);
    } else if (awaited === undefined && this.#frontier !== undefined) {
      // What was given up meanwhile is of no use any more.
      if (!this.#frontier.wants(body.header.id)) return;
      const again = this.#city.tiles.get(body.header.id) !== undefined;
      this.#city.add(body);
      this.#frontier.hold(body.header);
      // A frame draws it, where all that it takes to do so is here; a tile that came anew lies elsewhere.
      if (again) this.#show(this.#shownIds);
      this.#listener.came(this.#frontier.waiting);
    }
  }

  table(table: Table): void {
    const awaited = this.#awaited;
    if (awaited?.scene.table !== table.id) return;
    awaited.table = table;
    this.#complete(awaited);
  }

  /** Commits changed something; it is seen when `commits` says that they are there. */
  patch(patch: Patch): void {
    if (this.#awaited?.scene.generation === patch.generation) {
      this.#early.push(patch);
    } else if (this.shown?.scene.generation === patch.generation && this.#city.tiles.get(patch.tile) !== undefined) {
      hold(this.shown.box, patch.spans.records);
      this.#city.bound(this.shown.box);
      // One was missed: the tile comes anew, with all that it lacks. Until then it stays as it is.
      if (!this.#city.patch(patch)) this.#session.send({ type: "want", tiles: [patch.tile] });
    }
  }

  /** History has grown, and what patches changed of it is here. */
  commits(commits: Commits): void {
    const { shown } = this;
    if (this.#awaited?.scene.generation === commits.generation) {
      this.#early.push(commits);
      return;
    }
    if (shown?.scene.generation !== commits.generation) return;
    const from = shown.headRank;
    shown.table = longer(shown.table, commits);
    shown.legend = commits.legend;
    shown.dates = calendar(shown.table.time, shown.dates, commits.first);
    shown.headRank = commits.head_rank;
    this.#city.paint(shown.table.colours);
    if (commits.course.rank.length > 0) this.#run(shown.table);
    this.#describe(this.#shownIds);
    this.#listener.grew(shown, from);
  }

  /** The context came back: everything is written and drawn again. */
  restore(): void {
    this.#city.restore();
  }

  /** Answer a frame that was drawn and came `seconds` after the one before; true where what is drawn should be chosen anew. */
  govern(seconds: number, refresh: number): boolean {
    if (!this.#governs) return false;
    const before = this.#governor.share;
    governed(this.#governor, seconds, refresh, this.#governor);
    if (before === this.#governor.share) return false;
    this.#allowed.nodes = Math.floor(this.#budget.nodes * this.#governor.share);
    return true;
  }

  /** Of the budget of nodes, how much is used. */
  get share(): number {
    return this.#governor.share;
  }

  /** Use so much of the budget whatever frames cost; null: as they allow. */
  detail(share: number | null): void {
    this.#governs = share === null;
    this.#governor = { ...newGovernor(), share: Math.min(Math.max(share ?? this.#governor.share, 0), 1) };
    this.#allowed.nodes = Math.floor(this.#budget.nodes * this.#governor.share);
  }

  /** Choose what to hold for a view that moved; `factor` as in `cut`. True while it should be asked again. */
  choose(eye: readonly number[], factor: number, rank: number, now: number): boolean {
    const frontier = this.#frontier;
    for (let i = 0; i < 3; i++) this.#view.eye[i] = eye[i]!;
    this.#view.factor = factor;
    if (frontier === undefined || frontier.single || this.#session.line !== "open") return false;
    if (this.#awaited !== undefined) return true; // of what is drawn nothing more will come
    if (now - this.#chosen < CHOICE) return true;
    this.#chosen = now;
    const { want, drop } = frontier.choose(eye, factor, rank, this.#allowed);
    for (let i = 0; i < want.length; i += MOST_NAMED) this.#session.send({ type: "want", tiles: want.slice(i, i + MOST_NAMED) });
    if (drop.length > 0) {
      for (let i = 0; i < drop.length; i += MOST_NAMED) this.#session.send({ type: "drop", tiles: drop.slice(i, i + MOST_NAMED) });
      this.draw(rank);
      for (const id of drop) this.#city.remove(id);
    }
    return false;
  }

  /** Draw the tiles of a playhead with ⌈t⌉ = `rank`; does nothing where they are the same. */
  draw(rank: number): void {
    const frontier = this.#frontier;
    if (frontier === undefined || frontier.single) return;
    const ids = frontier.drawn(rank, this.#allowed.nodes);
    if (ids !== undefined) this.#show(ids);
  }

  /** Show what is awaited once it is all here: where it follows what is drawn, as fine as that. */
  #complete(awaited: Awaited): void {
    const { scene, table, tile, missing } = awaited;
    if (table === undefined || tile === undefined) return;
    if (followed(scene, this.shown?.scene) && this.#view.factor > 0) {
      if (awaited.frontier === undefined) {
        awaited.frontier = new Frontier(scene.root);
        awaited.frontier.hold(tile.header);
        setTimeout(() => {
          if (this.#awaited === awaited) this.#swap(awaited, table, tile);
        }, PATIENCE);
      }
      const rank = scene.fraction > 0 ? scene.rank + 1 : scene.rank;
      const { want, drop } = awaited.frontier.choose(this.#view.eye, this.#view.factor, rank, this.#allowed);
      for (const id of want) missing.add(id);
      for (const id of drop) missing.delete(id);
      for (let i = 0; i < want.length; i += MOST_NAMED) this.#session.send({ type: "want", tiles: want.slice(i, i + MOST_NAMED) });
      if (missing.size > 0) return;
    }
    this.#swap(awaited, table, tile);
  }

  #swap({ scene, frontier, finer }: Awaited, table: Table, tile: TileBody): void {
    this.#awaited = undefined;
    const before = this.shown;
    const { tiles } = this.#city;
    const same = before?.scene.generation === scene.generation;
    // What is open may have missed patches; of another generation nothing is of use.
    if (followed(scene, before?.scene)) this.#city.leave(this.look.tiles);
    const stale = same ? (this.#frontier?.open(RANK_END) ?? []) : [...tiles.ids];
    for (const id of stale) this.#city.remove(id);
    if (!same) {
      this.#frontier = frontier ?? new Frontier(scene.root);
      this.survey.clear();
    }
    this.#city.add(tile);
    this.#frontier!.hold(tile.header);
    for (const body of finer) if (this.#frontier!.wants(body.header.id)) this.#city.add(body);
    this.shown = { scene, table, legend: scene.people, dates: calendar(table.time), headRank: table.time.length - 1, box: [...scene.root.box] };
    this.#city.bound(scene.root.box);
    this.#city.paint(table.colours);
    this.#run(table);
    const rank = scene.fraction > 0 ? scene.rank + 1 : scene.rank;
    this.#show(finer.length > 0 ? (this.#frontier!.drawn(rank, this.#allowed.nodes) ?? [scene.root.id]) : [scene.root.id]);
    this.#listener.arrived(this.shown, before);
    const again = stale.filter((id) => same && id !== scene.root.id);
    if (again.length > 0) this.#session.send({ type: "want", tiles: again });
    const early = this.#early;
    this.#early = [];
    for (const message of early) {
      if (message.type === "patch") this.patch(message);
      else this.commits(message);
    }
  }

  /** Know where the river runs, and what is met along it. */
  #run(table: Table): void {
    const course = table.course.rank.length > 0 ? new Course(table.course) : undefined;
    this.#city.course = course;
    this.#milestones = course === undefined ? [] : milestones(table, course);
    this.entitle(this.#titles);
  }

  #show(ids: readonly string[]): void {
    this.#shownIds = ids;
    this.#city.show(ids);
    this.#describe(ids);
  }

  /** Let what is drawn be found and named. */
  #describe(ids: readonly string[]): void {
    const { tiles } = this.#city;
    this.look.show(ids.flatMap((id) => tiles.get(id) ?? []));
    this.survey.show(this.look.tiles);
  }
}

/** Whether a generation takes the place of another of the same scene. */
function followed(scene: Scene, before: Scene | undefined): boolean {
  return before !== undefined && before.generation !== scene.generation && before.scene === scene.scene && before.repository === scene.repository;
}

/** The table with what commits say of it from some rank on. */
function longer(table: Table, { first, timeline, first_person, people, people_names, tags, landmarks, landmark_names, course }: Commits): Table {
  const rows = first + timeline.time.length;
  const time = extended(table.time, first, rows);
  for (let i = first; i < rows; i++) time[i] = Number(timeline.time[i - first]);
  const author = extended(table.author, first, rows);
  author.set(timeline.author, first);
  const mainline = extended(table.mainline, first, rows);
  mainline.set(timeline.mainline, first);
  const colours = new Uint32Array(first_person + people.colour.length);
  colours.set(table.colours.subarray(0, first_person));
  colours.set(people.colour, first_person);
  const named = Array.from(people.commits, (commits, row) => ({ name: nameAt(people_names, row), commits, colour: people.colour[row]! }));
  return {
    ...table, time, author, mainline, colours,
    people: named.length === 0 ? table.people : [...table.people.slice(0, first_person), ...named],
    landmarks: tags ? landmarksOf(landmarks, landmark_names) : table.landmarks,
    course: course.rank.length > 0 ? continued(table.course, course) : table.course,
  };
}
