import assert from "node:assert/strict";
import { test } from "node:test";

import type { TileHeader } from "../src/generated/protocol.ts";
import { candidates, cut, drawn } from "../src/scene/cut.ts";
import type { Candidates } from "../src/scene/cut.ts";
import { holds } from "./vectors.ts";

holds("cut/cut.cut", (tiles: Candidates, eye: number[], factor: number, rank: number, nodes: number, spans: number) =>
  cut(tiles, eye, factor, rank, nodes, spans),
);
holds("cut/cut.drawn", (tiles: Candidates, held: boolean[], rank: number) => drawn(tiles, held, rank));

test("headers become candidates, parents before their children", () => {
  const header = (id: string, lo: number, hi: number, children: TileHeader[]): TileHeader => ({
    id, level: 0, box: [0, 0, 0, 1, 1, 1], lo, hi, error: 2, nodes: 3, spans: 4, strata: 5, bytes: 6, children,
  });
  const { tiles, ids } = candidates(header("a", 0, 9, [header("b", 0, 4, [header("d", 0, 4, [])]), header("c", 4, 9, [])]));
  assert.deepEqual(ids, ["a", "b", "c", "d"]);
  assert.deepEqual(tiles.parent, [-1, 0, 0, 1]);
  assert.deepEqual(tiles.lo, [0, 0, 4, 0]);
});
