import assert from "node:assert/strict";
import { test } from "node:test";

import { NODE, SPAN } from "../src/generated/protocol.ts";
import { Roster, type Listed } from "../src/scene/roster.ts";

/** A tile of so many nodes at random places, every fifth a district, with room for as many again. */
function tile(count: number, first: number): Listed {
  const nodes = new Uint32Array(2 * count * NODE.words);
  const spans = new Uint32Array(2 * count * SPAN.words);
  const floats = new Float32Array(spans.buffer);
  let seed = 11 + first;
  const random = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let row = 0; row < 2 * count; row++) {
    nodes[row * NODE.words + NODE.first_span] = row;
    nodes[row * NODE.words + NODE.span_count] = 1;
    nodes[row * NODE.words + NODE.node] = first + row;
    spans[row * SPAN.words + SPAN.traits] = (row < count && row % 5 === 0 ? 0 : 1) << 16;
    floats[row * SPAN.words + SPAN.position1] = 500 * random();
    floats[row * SPAN.words + SPAN.position1 + 2] = 500 * random();
  }
  const rowOf = (node: number): number => (node >= first && node < first + 2 * count ? node - first : -1);
  return { nodes, spans, nodeCount: count, rowOf, otherRowOf: (node) => (node === first + 6 ? 5 : -1) };
}

function drawn(roster: Roster): number[] {
  return Array.from({ length: roster.rows }, (_, row) => roster.records[row * NODE.words + NODE.node]!);
}

function distance(of: Listed, number: number): number {
  const floats = new Float32Array(of.spans.buffer);
  return Math.hypot(floats[number * SPAN.words + SPAN.position1]! - 100, floats[number * SPAN.words + SPAN.position1 + 2]! - 20);
}

test("districts come first, every node once, with its rows rebased to the pools", () => {
  const roster = new Roster();
  const [one, other] = [tile(50, 0), tile(30, 1000)];
  roster.show([{ tile: one, firstSpan: 7, firstStratum: 9 }, { tile: other, firstSpan: 500, firstStratum: 600 }]);
  const nodes = drawn(roster);
  assert.equal(roster.plates, 16);
  assert.ok(nodes.slice(0, 16).every((node) => node % 1000 % 5 === 0));
  assert.equal(new Set(nodes).size, 80);
  nodes.forEach((node, row) => {
    const [span, stratum] = node >= 1000 ? [500 + node - 1000, 600] : [7 + node, 9];
    assert.equal(roster.records[row * NODE.words + NODE.first_span], span);
    assert.equal(roster.records[row * NODE.words + NODE.first_stratum], stratum);
  });
});

test("buildings are put in order by their distance from the eye", () => {
  const roster = new Roster();
  const only = tile(400, 0);
  roster.show([{ tile: only, firstSpan: 0, firstStratum: 0 }]);
  const before = drawn(roster);
  roster.arrange([100, 5, 20]);
  const after = drawn(roster);
  assert.deepEqual([...after].sort((a, b) => a - b), [...before].sort((a, b) => a - b));
  assert.deepEqual(after.slice(0, roster.plates), before.slice(0, roster.plates));
  const away = after.slice(roster.plates).map((node) => distance(only, node));
  away.forEach((metres, i) => assert.ok(i === 0 || metres >= away[i - 1]!));
});

test("in a large city near blocks come before far ones", () => {
  const roster = new Roster();
  const only = tile(5000, 0);
  const floats = new Float32Array(only.spans.buffer);
  for (let row = 0; row < 5000; row++) floats[row * SPAN.words + SPAN.position1] = row; // neighbours are listed together
  roster.show([{ tile: only, firstSpan: 0, firstStratum: 0 }]);
  roster.arrange([2500, 0, 0]);
  const buildings = drawn(roster).slice(roster.plates);
  assert.equal(new Set(buildings).size, 4000);
  const away = buildings.map((node) => Math.abs(node - 2500));
  assert.ok(Math.max(...away.slice(0, 1000)) < 700 && Math.min(...away.slice(-1000)) > 1700);
});

test("what a patch changed is written where it is drawn, in order or not", () => {
  const roster = new Roster();
  const only = tile(60, 0);
  roster.show([{ tile: only, firstSpan: 3, firstStratum: 0 }]);
  roster.arrange([100, 5, 20]);
  for (let round = 0; round < 3; round++) {
    only.nodes[8 * NODE.words + NODE.span_count]!++;
    only.nodeCount++; // a new building
    const rows = roster.update(only, [8, only.nodeCount - 1]);
    assert.equal(rows?.length, 2);
    assert.deepEqual(rows.map((row) => roster.records[row * NODE.words + NODE.node]), [8, only.nodeCount - 1]);
    assert.equal(roster.records[rows[0]! * NODE.words + NODE.span_count], 2 + round);
    assert.equal(new Set(drawn(roster)).size, 61 + round);
    roster.arrange([300, 5, 20 * round]);
    assert.equal(new Set(drawn(roster)).size, 61 + round);
  }
  const found: number[] = [];
  roster.find(8, 62, found);
  assert.deepEqual(found.map((row) => roster.records[row * NODE.words + NODE.node]).sort(), [62, 8]);
});

test("of a district that is also drawn as a block both rows are found", () => {
  const roster = new Roster();
  const only = tile(60, 0);
  roster.show([{ tile: tile(10, 500), firstSpan: 0, firstStratum: 0 }, { tile: only, firstSpan: 0, firstStratum: 0 }]);
  roster.arrange([100, 5, 20]);
  const found: number[] = [];
  roster.find(6, 504, found);
  assert.deepEqual(found.map((row) => roster.records[row * NODE.words + NODE.node]).sort((a = 0, b = 0) => a - b), [5, 6, 504]);
  roster.find(-1, 6, found);
  assert.equal(found.length, 2);
  roster.find(-1, -1, found);
  assert.equal(found.length, 0);
});

test("a new district, or no room, asks for all to be shown anew", () => {
  const roster = new Roster();
  const only = tile(60, 0);
  roster.show([{ tile: only, firstSpan: 0, firstStratum: 0 }]);
  only.spans[60 * SPAN.words + SPAN.traits] = 0;
  only.nodeCount = 61;
  assert.equal(roster.update(only, [60]), undefined);
  roster.show([{ tile: only, firstSpan: 0, firstStratum: 0 }]);
  assert.equal(roster.plates, 13);
  assert.deepEqual(roster.update(tile(3, 0), [1]), [], "of a tile that is not drawn");
});
