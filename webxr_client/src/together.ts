/** One repository alone, or all of them side by side: the way from one to the other, and what is said around the picture. */
import * as address from "./address.ts";
import { among, Beside, memberOf, nodeIn, MOST_BESIDE, type Member } from "./beside.ts";
import type { Captions } from "./captions.ts";
import type { Panel, Repository, Worktree } from "./generated/protocol.ts";
import { meanings } from "./legend.ts";
import { NOTHING } from "./navigation/selection.ts";
import type { Playing } from "./playing.ts";
import type { Session } from "./session.ts";
import { TIERS, type Tier } from "./tier.ts";
import type { Interface } from "./ui/interface.ts";
import type { Viewer } from "./viewer.ts";
import type { World } from "./world.ts";

export interface TogetherPage {
  readonly viewer: Viewer;
  readonly world: World;
  readonly session: Session;
  readonly captions: Captions;
  readonly time: Playing;
  readonly ui: Interface;
  readonly tier: Tier;
  choose(node: number): void;
  panel(member: number, panel: Panel): void;
}

export class Together {
  /** All repositories are to stand side by side. */
  wanted = address.all();
  readonly #page: TogetherPage;
  /** The page's own, as long as it stands alone. */
  readonly #home: Omit<Member, "plot">;
  /** What is changed and not committed, of each member. */
  #worktrees: (readonly Worktree[])[] = [];

  constructor(page: TogetherPage) {
    this.#page = page;
    const { session, world, captions, viewer: { city, playhead } } = page;
    this.#home = { id: "", name: "", session, world, captions, city, playhead };
  }

  get #members(): readonly Omit<Member, "plot">[] {
    return this.#page.world.beside?.members ?? [this.#home];
  }

  /** Whose a node is. */
  whose(node: number): Omit<Member, "plot"> {
    return this.#members[memberOf(node)] ?? this.#home;
  }

  /** What an address calls a node: its path, of several repositories with the id of its own before it. */
  addressOf(node: number): string {
    if (node === NOTHING) return "";
    const { id, world } = this.whose(node);
    const path = world.look.path(nodeIn(node));
    return this.#page.world.beside === undefined ? path : `${id}:${path}`;
  }

  /** The rank at which that one stands. */
  rankOf(node: number): number {
    const { world, viewer } = this.#page;
    return world.beside === undefined ? viewer.playback.rank : Math.max(this.whose(node).playhead.rank, 0);
  }

  /** Have all repositories stand beside the one that is shown. */
  gather(repositories: readonly Repository[]): void {
    const { viewer, world, ui, tier } = this.#page;
    const own = world.shown?.scene.repository;
    if (own === undefined || world.beside !== undefined) return;
    const others = repositories.filter(({ id }) => id !== own);
    if (others.length >= MOST_BESIDE) ui.notices.say(`Of ${repositories.length} repositories, ${MOST_BESIDE} are shown side by side.`);
    const name = repositories.find(({ id }) => id === own)?.name ?? own;
    world.beside = new Beside(viewer, { ...this.#home, id: own, name }, others.slice(0, MOST_BESIDE - 1), tier, TIERS[tier].budget, {
      arrived: () => this.#behold(),
      grew: (newest) => this.grew(newest),
      heard: (member, message) => {
        if (message.type === "panel") this.#page.panel(member, message);
        else if (message.type === "activity") this.working(member, message.worktrees);
        else if (message.type === "notice" || message.type === "error") ui.notices.say(message.text);
      },
    });
    viewer.playback.pace = "calendar";
    this.#behold();
    this.working(0, this.#worktrees[0] ?? []);
  }

  /** One alone again. */
  disperse(): void {
    this.wanted = false;
    const { viewer, world, time, tier } = this.#page;
    const { beside } = world;
    if (beside === undefined) return;
    this.#page.choose(NOTHING);
    const { rank } = viewer;
    world.beside = undefined;
    beside.close();
    world.allow(TIERS[tier].budget);
    this.working(0, this.#worktrees[0] ?? []);
    if (world.shown === undefined) return;
    time.go(rank);
    this.#behold();
  }

  /** Show all of them as another scene. */
  scene(name: string): void {
    for (const { session } of this.#members) session.open(name);
  }

  /** Have all of them laid out anew. */
  tidy(): void {
    for (const { session } of this.#members) session.send({ type: "tidy" });
  }

  /** Look at all that stand. */
  #behold(): void {
    const { viewer, world: { shown, era }, time } = this.#page;
    if (shown === undefined || era === undefined) return;
    time.paced(era.headRank);
    this.describe();
    viewer.setHome(shown.scene.pose);
    viewer.open(viewer.journey.home);
    time.moved();
  }

  /** Commits landed somewhere, and who was at the newest is so again. */
  grew(newest: boolean): void {
    const { viewer, world: { era }, time } = this.#page;
    if (era === undefined) return;
    if (newest && !viewer.playback.playing) viewer.arrive(era.headRank);
    this.describe();
    viewer.invalidate();
    time.moved();
  }

  /** Say what is shown, around the picture. */
  describe(): void {
    const { ui, world } = this.#page;
    const meant = meanings(world);
    if (meant === undefined) return;
    ui.dock.timeline.show(world.era!.table, world.era!.dates);
    ui.dock.refresh();
    ui.legend.describe(meant);
  }

  /** Show what is changed and not committed: under the legend, and on what stands. */
  working(member: number, worktrees: readonly Worktree[]): void {
    const { ui, viewer, world } = this.#page;
    this.#worktrees[member] = worktrees;
    if (world.beside === undefined) this.#worktrees.length = Math.min(this.#worktrees.length, 1);
    const members = this.#members;
    ui.uncommitted.show(this.#worktrees.flatMap((each, k) => (world.beside === undefined ? each : each.map((worktree) => owned(worktree, k, members[k]!.name)))));
    members[member]?.city.work(worktrees.flatMap(({ changes }) => changes.map(({ node }) => node)));
    viewer.invalidate();
  }

  /** What a commit changed is not lit any more. */
  unlight(): void {
    for (const { city } of this.#members) city.light([]);
  }
}

/** A worktree among those of several repositories. */
const owned = (worktree: Worktree, member: number, repository: string): Worktree => ({
  ...worktree, name: `${repository} · ${worktree.name}`, changes: worktree.changes.map((change) => ({ ...change, node: among(member, change.node) })),
});
