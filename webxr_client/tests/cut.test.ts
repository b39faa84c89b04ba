import assert from "node:assert/strict";
import { test } from "node:test";

import type { TileHeader } from "../src/generated/protocol.ts";
import { Cut, type Candidates } from "../src/scene/cut.ts";
import { Frontier } from "../src/scene/frontier.ts";
import { holds } from "./vectors.ts";

type Columns = Record<Exclude<keyof Candidates, "box">, number[]> & { box: number[][] };

function table(columns: Columns): Candidates {
  const ints = (values: number[]): Int32Array => Int32Array.from(values);
  return {
    first: ints(columns.first), children: ints(columns.children), box: Float64Array.from(columns.box.flat()),
    error: Float64Array.from(columns.error), lo: ints(columns.lo), hi: ints(columns.hi), nodes: ints(columns.nodes),
    spans: ints(columns.spans),
  };
}

// One for all cases: nothing of one run may be left over in the next.
const cut = new Cut();
holds("cut/cut.cut", (tiles: Columns, eye: number[], factor: number, rank: number, nodes: number, spans: number) => {
  cut.choose(table(tiles), eye, factor, rank, nodes, spans);
  return { resident: [...cut.resident.subarray(0, cut.residents)], drawn: [...cut.drawn.subarray(0, cut.draws)] };
});
holds("cut/cut.drawn", (tiles: Columns, held: boolean[], rank: number, nodes: number) => {
  cut.show(table(tiles), held, rank, nodes);
  return [...cut.drawn.subarray(0, cut.draws)];
});

const box = [-10, 0, -10, 10, 20, 10] as const;
const header = (id: string, lo: number, hi: number, error: number, children: TileHeader[] = []): TileHeader =>
  ({ id, level: 0, box, lo, hi, error, nodes: 30, spans: 40, strata: 5, bytes: 6, children });
const EYE = [0, 1.7, 0];
const BUDGET = { nodes: 1000, spans: 1000 };

test("tiles are asked for as their parents come, drawn when all of a moment are here, and given up from afar", () => {
  const frontier = new Frontier(header("root", 0, 100, 8, [header("early", 0, 50, 2), header("late", 50, 100, 2)]));
  assert.equal(frontier.single, false);
  assert.equal(frontier.drawn(60, 1000), undefined);
  frontier.hold(header("root", 0, 100, 8));
  assert.deepEqual(frontier.drawn(60, 1000), ["root"]);
  assert.equal(frontier.drawn(60, 1000), undefined);
  assert.deepEqual(frontier.choose(EYE, 1000, 60, BUDGET), { want: ["late", "early"], drop: [] });
  assert.deepEqual(frontier.choose(EYE, 1000, 60, BUDGET), { want: [], drop: [] });
  assert.equal(frontier.drawn(60, 1000), undefined);
  frontier.hold(header("late", 50, 100, 2, [header("left", 50, 100, 0), header("right", 50, 100, 0)]));
  assert.deepEqual(frontier.drawn(60, 1000), ["late"]);
  assert.deepEqual(frontier.drawn(40, 1000), ["root"]);
  assert.deepEqual(frontier.choose(EYE, 1000, 60, BUDGET), { want: ["left", "right"], drop: [] });
  frontier.hold(header("left", 50, 100, 0));
  assert.deepEqual(frontier.drawn(60, 1000), ["late"]);
  frontier.hold(header("right", 50, 100, 0));
  assert.deepEqual(frontier.drawn(60, 1000), ["left", "right"]);
  assert.deepEqual(frontier.drawn(60, 59), ["late"]);
  assert.deepEqual(frontier.open(100), ["root", "late", "left", "right"]);
  assert.deepEqual(frontier.choose([0, 9e6, 0], 1000, 60, BUDGET), { want: [], drop: ["late", "early", "left", "right"] });
  assert.deepEqual(frontier.drawn(60, 1000), ["root"]);
});

test("what a lost line owed is asked for again", () => {
  const frontier = new Frontier(header("root", 0, 100, 8, [header("early", 0, 50, 2), header("late", 50, 100, 2)]));
  frontier.hold(header("root", 0, 100, 8));
  frontier.choose(EYE, 1000, 60, BUDGET);
  assert.equal(frontier.wants("early"), true);
  frontier.forget();
  assert.equal(frontier.wants("early"), false);
  assert.deepEqual(frontier.choose(EYE, 1000, 60, BUDGET).want, ["late", "early"]);
});
