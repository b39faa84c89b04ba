/** `window.xrserver` over the parts of the page: what it tells, and what it lets scripts do. */
import type { Api, Emitter, State } from "./api.ts";
import { memberOf, nodeIn } from "./beside.ts";
import { NOTHING } from "./navigation/selection.ts";
import type { Playing } from "./playing.ts";
import type { City } from "./scene/city.ts";
import type { Colouring } from "./scene/colours.ts";
import type { Session } from "./session.ts";
import type { Viewer } from "./viewer.ts";
import type { World } from "./world.ts";
import type { Room } from "./xr/room.ts";

export interface Scripted {
  readonly viewer: Viewer;
  readonly world: World;
  readonly session: Session;
  readonly time: Playing;
  readonly events: Emitter;
  readonly room: Room;
  find(what: string | number | null): Promise<boolean>;
  colour(colouring: Colouring): void;
  scene(name: string): void;
}

export function scripted(page: Scripted): Api {
  const { viewer, time, events, room } = page;
  return {
    version: __XRSERVER_VERSION__,
    state: () => stateOf(page),
    seek: (moment) => time.seek(typeof moment === "number" ? `rank:${moment}` : moment),
    play: (rate) => time.play(rate),
    pause: () => time.pause(),
    select: (what) => page.find(what),
    setScene: (name) => page.scene(name),
    setPose: (pose) => viewer.setPose(pose),
    setColouring: (colouring) => page.colour(colouring),
    setDetail: (share) => {
      page.world.detail(share);
      viewer.invalidate();
    },
    headset: {
      preset: (name) => room.moving.preset(name),
      recentre: () => room.moving.recentre(),
      undo: () => room.moving.undo(),
      comfort: (some = {}) => {
        room.moving.settings.set(some);
        return { ...room.moving.settings.comfort };
      },
    },
    on: (event, fn) => events.on(event, fn),
  };
}

const standing = (world: World, city: City, rank: number): number => world.look.live(rank, city.tiles.version);

function stateOf({ viewer, world, session, room }: Scripted): State {
  const { shown, beside, era } = world;
  const { rank, playing, pace } = viewer.playback;
  const { selected, hovered, floor } = viewer.aim.selection;
  const { position, orientation, scale } = viewer.journey.pose;
  const path = (node: number) => (node === NOTHING ? null : (beside?.members[memberOf(node)]?.world ?? world).look.path(nodeIn(node)));
  return {
    connected: session.line === "open",
    mode: viewer.headset.mode ?? "desktop",
    scene: shown?.scene.scene ?? "",
    generation: shown?.scene.generation ?? "",
    rank,
    time: era?.table.time[rank] ?? 0,
    playing,
    pace,
    headRank: era?.headRank ?? 0,
    nodesDrawn: viewer.hasDrawn ? standing(world, viewer.city, viewer.rank) : 0,
    detail: world.share,
    repositories: !viewer.hasDrawn ? [] : (beside?.members ?? []).map(({ id, world: own, city, playhead, plot }) => ({
      id, rank: playhead.rank, nodesDrawn: standing(own, city, playhead.rank), plot: [...plot],
      hovered: nodeIn(city.uniforms.hoveredNode.value) >= 0, selected: city.uniforms.selectedNode.value >= 0,
    })),
    residentSpans: viewer.city.tiles.residentSpans,
    bytesReceived: session.bytesReceived,
    drawCalls: viewer.drawCalls,
    triangles: viewer.triangles,
    frameMs: { p50: viewer.frames.quantile(0.5), p95: viewer.frames.quantile(0.95) },
    selected: path(selected),
    hovered: path(hovered),
    hoveredFloor: floor,
    worldFromScene: { position: [...position], orientation: [...orientation], scale },
    people: [],
    panels: viewer.headset.presenting ? room.state() : [],
    names: viewer.headset.presenting ? room.names() : [],
    label: viewer.headset.presenting ? room.label() : null,
    narrowed: viewer.headset.presenting ? room.moving.narrowed : 0,
  };
}
