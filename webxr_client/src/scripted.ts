/** `window.xrserver` over the parts of the page: what it tells, and what it lets scripts do. */
import type { Api, Emitter, State } from "./api.ts";
import { NOTHING } from "./navigation/selection.ts";
import type { Playing } from "./playing.ts";
import type { Colouring } from "./scene/city.ts";
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
}

export function scripted(page: Scripted): Api {
  const { viewer, session, time, events, room } = page;
  return {
    version: __XRSERVER_VERSION__,
    state: () => stateOf(page),
    seek: (moment) => time.seek(typeof moment === "number" ? `rank:${moment}` : moment),
    play: (rate) => time.play(rate),
    pause: () => time.pause(),
    select: (what) => page.find(what),
    setScene: (name) => session.open(name),
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

function stateOf({ viewer, world, session, room }: Scripted): State {
  const { shown } = world;
  const { rank, playing, pace } = viewer.playback;
  const { selected, hovered, floor } = viewer.aim.selection;
  const { position, orientation, scale } = viewer.journey.pose;
  const path = (node: number) => (node === NOTHING ? null : world.look.path(node));
  return {
    connected: session.line === "open",
    mode: viewer.headset.mode ?? "desktop",
    scene: shown?.scene.scene ?? "",
    generation: shown?.scene.generation ?? "",
    rank,
    time: shown?.table.time[rank] ?? 0,
    playing,
    pace,
    headRank: shown?.headRank ?? 0,
    nodesDrawn: viewer.hasDrawn ? world.look.live(rank, viewer.city.tiles.version) : 0,
    detail: world.share,
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
