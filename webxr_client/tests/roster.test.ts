import assert from "node:assert/strict";
import { test } from "node:test";

import { NODE, SPAN } from "../src/generated/protocol.ts";
import { PAGE, Roster, type Listed, type Store } from "../src/scene/roster.ts";

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

/** Rows as a texture would hold them, and what the roster draws of them. */
class Rows implements Store {
  words = new Uint32Array(0);
  written = 0;
  readonly roster: Roster = new Roster(this);

  reserve(rows: number): void {
    const more = new Uint32Array(rows * NODE.words);
    more.set(this.words);
    this.words = more;
  }

  write(row: number, records: Uint32Array): void {
    assert.ok((row * NODE.words) + records.length <= this.words.length);
    this.words.set(records, row * NODE.words);
    this.written += records.length / NODE.words;
  }

  add(tile: Listed, firstSpan = 0, firstStratum = 0): Listed {
    this.roster.add(tile, firstSpan, firstStratum);
    return tile;
  }

  /** The record that is drawn as the k-th. */
  at(k: number): Uint32Array {
    const row = this.roster.table[Math.floor(k / PAGE)]! * PAGE + k % PAGE;
    return this.words.subarray(row * NODE.words, (row + 1) * NODE.words);
  }

  /** Nodes in the order in which they are drawn, without what is empty. */
  drawn(from = 0, to = this.roster.rows): number[] {
    const found: number[] = [];
    for (let k = from; k < to; k++) if (this.at(k)[NODE.span_count]! > 0) found.push(this.at(k)[NODE.node]!);
    return found;
  }

  found(one: number, other: number): number[] {
    const rows: number[] = [];
    this.roster.find(one, other, rows);
    return rows.map((row) => this.at(row)[NODE.node]!).sort((a, b) => a - b);
  }
}

test("districts come first, every node once, with its rows rebased to the pools", () => {
  const rows = new Rows();
  rows.roster.show([rows.add(tile(50, 0), 7, 9), rows.add(tile(30, 1000), 500, 600)]);
  const { plates, before } = rows.roster;
  assert.equal(plates, before);
  assert.equal(rows.drawn(0, plates).length, 16);
  assert.ok(rows.drawn(0, plates).every((node) => node % 1000 % 5 === 0));
  assert.equal(new Set(rows.drawn()).size, 80);
  for (let k = 0; k < rows.roster.rows; k++) {
    const record = rows.at(k);
    if (record[NODE.span_count] === 0) continue;
    const node = record[NODE.node]!;
    const [span, stratum] = node >= 1000 ? [500 + node - 1000, 600] : [7 + node, 9];
    assert.deepEqual([record[NODE.first_span], record[NODE.first_stratum]], [span, stratum]);
  }
});

test("another choice of tiles, and another order, write no rows", () => {
  const rows = new Rows();
  const tiles = [rows.add(tile(400, 0)), rows.add(tile(300, 1000)), rows.add(tile(200, 2000))];
  const { written } = rows;
  rows.roster.show(tiles.slice(0, 2));
  assert.equal(new Set(rows.drawn()).size, 700);
  rows.roster.arrange([100, 5, 20]);
  rows.roster.show(tiles.slice(1));
  assert.equal(new Set(rows.drawn()).size, 500);
  assert.ok(rows.drawn().every((node) => node >= 1000));
  assert.equal(rows.written, written);
});

test("a tile that is gone is not drawn, and its rows are taken by others", () => {
  const rows = new Rows();
  const [one, other] = [rows.add(tile(400, 0)), rows.add(tile(300, 1000))];
  rows.roster.show([one, other]);
  rows.roster.remove(one);
  assert.ok(rows.drawn().every((node) => node >= 1000) && rows.drawn().length === 300);
  const { length } = rows.words;
  for (let round = 0; round < 20; round++) {
    const again = rows.add(tile(390, 5000));
    rows.roster.show([again, other]);
    assert.equal(new Set(rows.drawn()).size, 690);
    rows.roster.remove(again);
  }
  assert.equal(rows.words.length, length);
});

test("buildings are put in order by their distance from the eye, page by page", () => {
  const rows = new Rows();
  const only = tile(5000, 0);
  const floats = new Float32Array(only.spans.buffer);
  for (let row = 0; row < 5000; row++) floats[row * SPAN.words + SPAN.position1] = row; // neighbours are listed together
  rows.roster.show([rows.add(only)]);
  const { before } = rows.roster;
  const plates = rows.drawn(0, before);
  rows.roster.arrange([2500, 0, 0]);
  assert.deepEqual(rows.drawn(0, before), plates);
  const buildings = rows.drawn(before);
  assert.equal(new Set(buildings).size, 4000);
  const away = buildings.map((node) => Math.abs(node - 2500));
  assert.ok(Math.max(...away.slice(0, 1000)) < 700 && Math.min(...away.slice(-1000)) > 1800);
});

test("what a patch changed is written where it is drawn, and what it added is drawn as well", () => {
  const rows = new Rows();
  const only = rows.add(tile(60, 0), 3);
  rows.roster.show([only]);
  rows.roster.arrange([100, 5, 20]);
  const tall = only as { nodeCount: number };
  for (let round = 0; round < 3 * PAGE; round++) {
    only.nodes[8 * NODE.words + NODE.span_count]!++;
    if (only.nodeCount < 120) tall.nodeCount++; // a new building
    const { written } = rows;
    rows.roster.update(only, [8, only.nodeCount - 1]);
    assert.ok(rows.written - written <= 2 + PAGE);
    const [row] = rows.found(8, -1);
    assert.equal(row, 8);
    assert.equal(new Set(rows.drawn()).size, only.nodeCount);
    rows.roster.arrange([300, 5, 20 * round]);
  }
  assert.deepEqual(rows.found(8, 62), [8, 62]);
  // It lies elsewhere in the pools now.
  rows.roster.rebase(only, 1000, 0);
  assert.equal(new Set(rows.drawn()).size, 120);
  for (let k = 0; k < rows.roster.rows; k++) {
    const record = rows.at(k);
    if (record[NODE.span_count]! > 0) assert.equal(record[NODE.first_span], 1000 + record[NODE.node]!);
  }
});

test("a new district is drawn among the districts", () => {
  const rows = new Rows();
  const only = rows.add(tile(60, 0));
  rows.roster.show([only]);
  only.spans[60 * SPAN.words + SPAN.traits] = 0;
  (only as { nodeCount: number }).nodeCount = 61;
  rows.roster.update(only, [60]);
  assert.ok(rows.drawn(0, rows.roster.plates).includes(60));
  rows.roster.update(tile(3, 0), [1]); // of a tile that is not here
  assert.equal(rows.drawn().length, 61);
});

test("of a district that is also drawn as a block both rows are found", () => {
  const rows = new Rows();
  rows.roster.show([rows.add(tile(10, 500)), rows.add(tile(60, 0))]);
  rows.roster.arrange([100, 5, 20]);
  assert.deepEqual(rows.found(6, 504), [5, 6, 504]);
  assert.equal(rows.found(-1, 6).length, 2);
  assert.equal(rows.found(-1, -1).length, 0);
});

test("after its texture was lost all rows are written again", () => {
  const rows = new Rows();
  rows.roster.show([rows.add(tile(60, 0)), rows.add(tile(70, 1000))]);
  const before = rows.drawn();
  rows.words.fill(0);
  rows.roster.restore();
  assert.deepEqual(rows.drawn(), before);
});
