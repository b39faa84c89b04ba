import assert from "node:assert/strict";
import { test } from "node:test";

import { NODE, RANK_END, SPAN, STRATUM, type Patch, type TileBody } from "../src/generated/protocol.ts";
import { Tile } from "../src/scene/tile.ts";

interface Version {
  readonly birth: number;
  readonly death: number;
  readonly author: number;
}

function names(...texts: string[]) {
  const parts = texts.map((text) => new TextEncoder().encode(text));
  const offsets = new Uint32Array(parts.length + 1);
  parts.forEach((part, i) => (offsets[i + 1] = offsets[i]! + part.length));
  return { offsets, bytes: Uint8Array.from(parts.flatMap((part) => [...part])) };
}

function spans(versions: readonly Version[], node: number): number[] {
  return versions.flatMap(({ birth, death, author }) => {
    const record = new Uint32Array(SPAN.words);
    record[SPAN.birth] = birth;
    record[SPAN.death] = death;
    record[SPAN.node] = node;
    record[SPAN.author] = author;
    return [...record];
  });
}

function node(id: number, firstSpan: number, spanCount: number, firstStratum: number, strata: number): number[] {
  const record = new Uint32Array(NODE.words);
  record[NODE.node] = id;
  record[NODE.first_span] = firstSpan;
  record[NODE.span_count] = spanCount;
  record[NODE.first_stratum] = firstStratum;
  record[NODE.stratum_count] = strata;
  return [...record];
}

/** Two files: one with two versions, one with one that still stands. */
function body(): TileBody {
  return {
    type: "tilebody",
    header: { id: "a".repeat(32), level: 0, box: [0, 0, 0, 1, 1, 1], lo: 0, hi: RANK_END, error: 0, nodes: 2, spans: 3,
      strata: 3, bytes: 0, children: [] },
    spans: { records: Uint32Array.from([...spans([{ birth: 0, death: 3, author: 0 }, { birth: 3, death: RANK_END, author: 1 }], 2),
      ...spans([{ birth: 1, death: RANK_END, author: 2 }], 4)]) },
    nodes: { records: Uint32Array.from([...node(2, 0, 2, 0, 2), ...node(4, 2, 1, 2, 1)]) },
    strata: { records: Uint32Array.from([0, 0, 3, 1, 1, 2]) },
    names: names("a.py", "b/c.py"),
  };
}

function patch(sequence: number, rank: number, id: number, closed: number[][], name = ""): Patch {
  return {
    type: "patch", tile: "a".repeat(32), generation: "g", sequence, closed,
    spans: { records: Uint32Array.from(spans([{ birth: rank, death: RANK_END, author: rank }], id)) },
    nodes: { records: Uint32Array.from(node(id, 0, 1, 0, 1)) },
    strata: { records: Uint32Array.from([rank, rank]) },
    names: names(name),
  };
}

/** What a node holds, oldest first: births of spans and ranks of strata. */
function held(tile: Tile, id: number) {
  const at = tile.rowOf(id) * NODE.words;
  const column = (records: Uint32Array, words: number, first: number, count: number) =>
    Array.from({ length: count }, (_, k) => records[(first + k) * words]!);
  return {
    births: column(tile.spans, SPAN.words, tile.nodes[at + NODE.first_span]!, tile.nodes[at + NODE.span_count]!),
    floors: column(tile.strata, STRATUM.words, tile.nodes[at + NODE.first_stratum]!, tile.nodes[at + NODE.stratum_count]!),
  };
}

const author = (tile: Tile, id: number, rank: number): number => {
  const span = tile.liveSpan(tile.rowOf(id), rank);
  return span < 0 ? -1 : tile.spans[span * SPAN.words + SPAN.author]!;
};

test("the live span of a node is found at every rank", () => {
  const tile = new Tile(body());
  assert.deepEqual([0, 1, 2, 3, 9].map((rank) => author(tile, 2, rank)), [0, 0, 0, 1, 1]);
  assert.deepEqual([0, 1, 9].map((rank) => author(tile, 4, rank)), [-1, 2, 2]);
  assert.equal(tile.rowOf(6), -1);
  assert.equal(tile.pathOf(tile.rowOf(4)), "b/c.py");
});

test("a node that a patch adds to keeps its spans and strata together, in order", () => {
  const tile = new Tile(body());
  tile.apply(patch(1, 5, 2, [[2, 5, 0]]));
  assert.deepEqual(held(tile, 2), { births: [0, 3, 5], floors: [0, 3, 5] });
  assert.deepEqual(held(tile, 4), { births: [1], floors: [1] });
  assert.deepEqual([2, 4, 5].map((rank) => author(tile, 2, rank)), [0, 1, 5]);
  assert.equal(tile.pathOf(tile.rowOf(2)), "a.py");
});

test("the last span of a node is closed however often the node has moved", () => {
  const tile = new Tile(body());
  for (let n = 0; n < 40; n++) {
    const rank = 5 + n;
    const made = patch(n + 1, rank, 2, [[2, rank, 0]]);
    assert.ok(tile.fits(made));
    tile.apply(made);
  }
  assert.equal(held(tile, 2).births.length, 42);
  for (let rank = 5; rank < 45; rank++) assert.equal(author(tile, 2, rank), rank);
  assert.equal(author(tile, 4, 44), 2);
});

test("a node that is new gets a row and a name", () => {
  const tile = new Tile(body());
  const dirty = tile.apply(patch(1, 5, 8, [], "new.py"));
  assert.equal(tile.nodeCount, 3);
  assert.equal(tile.pathOf(tile.rowOf(8)), "new.py");
  assert.equal(author(tile, 8, 4), -1);
  assert.equal(author(tile, 8, 5), 5);
  assert.ok(dirty.spans.length > 0 && dirty.strata.length > 0);
});

test("what a patch changed lies within the rows it says are to be written", () => {
  const tile = new Tile(body());
  const before = tile.spans.slice();
  const dirty = tile.apply(patch(1, 5, 2, [[2, 5, 0]]));
  const written = new Set(dirty.spans.flatMap(([from, to]) => Array.from({ length: to - from }, (_, k) => from + k)));
  for (let row = 0; row < tile.spanRows; row++) {
    const now = tile.spans.subarray(row * SPAN.words, (row + 1) * SPAN.words);
    const was = before.subarray(row * SPAN.words, (row + 1) * SPAN.words);
    const used = now.some((word) => word !== 0);
    if (used && now.join() !== was.join()) assert.ok(written.has(row), `row ${row}`);
  }
});

test("a span that is taken back never was, and what follows takes its place", () => {
  const tile = new Tile(body());
  tile.apply(patch(1, 5, 2, [[2, 5, 0]]));
  tile.apply({ ...patch(2, 4, 2, [[2, 0, 0], [2, 4, 7]]), strata: { records: Uint32Array.from([4, 4]) } });
  assert.deepEqual(held(tile, 2).births, [0, 3, 4]);
  assert.deepEqual([2, 3, 4, 5].map((rank) => author(tile, 2, rank)), [0, 1, 4, 4]);
  const at = tile.nodes[tile.rowOf(2) * NODE.words + NODE.first_span]!;
  assert.equal(tile.spans[(at + 1) * SPAN.words + SPAN.traits], 7);
});

test("a patch that does not follow the last, or names what is not there, does not fit", () => {
  const tile = new Tile(body());
  assert.ok(!tile.fits(patch(1, 5, 2, [[12, 5, 0]])));
  assert.ok(!tile.fits(patch(1, 5, 2, [[2, 5, 32 << 8]]))); // no aggregate stands there
  assert.ok(!tile.fits({ ...patch(1, 5, 2, []), spans: { records: new Uint32Array(0) } }));
  assert.ok(tile.fits(patch(1, 5, 2, [[2, 5, 0]])));
  assert.ok(tile.fits(patch(70, 5, 2, [[2, 5, 0]]))); // what came before is in the tile, or in this one
  tile.apply(patch(70, 5, 2, [[2, 5, 0]]));
  assert.ok(!tile.fits(patch(72, 6, 2, [])));
  assert.ok(tile.fits(patch(71, 6, 2, [])));
});

test("of several blocks that a district is, the one meant goes on", () => {
  const base = body();
  const block = (first: number) => [...node(7, first, 1, 0, 0)];
  const standing = spans([{ birth: 1, death: RANK_END, author: 2 }], 7);
  standing[SPAN.traits] = 32 << 8 | 1 << 16;
  const tile = new Tile({ ...base, spans: { records: Uint32Array.from([...standing, ...standing, ...standing]) },
    nodes: { records: Uint32Array.from([...block(0), ...block(1), ...block(2)]) }, names: names("d", "d", "d") });
  const next = patch(1, 9, 7, [[7, 9, 32 << 8 | 1 << 16, 2]]);
  next.spans.records[SPAN.traits] = 32 << 8 | 1 << 16;
  const records = Uint32Array.from(node(7, 0, 1, 2, 0));
  const changed = { ...next, nodes: { records }, strata: { records: new Uint32Array(0) } };
  assert.ok(tile.fits(changed));
  assert.ok(!tile.fits({ ...changed, closed: [[7, 9, 32 << 8 | 1 << 16, 3]] }));
  tile.apply(changed);
  assert.deepEqual([0, 1, 2].map((row) => tile.nodes[row * NODE.words + NODE.span_count]), [1, 1, 2]);
  assert.deepEqual([0, 1, 2].map((row) => tile.spans[tile.liveSpan(row, 9) * SPAN.words + SPAN.birth]), [1, 1, 9]);
  assert.equal(tile.nodeCount, 3);
});
