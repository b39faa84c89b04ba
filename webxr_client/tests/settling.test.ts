/** What is laid out anew goes from where it stood: by path, whatever its number. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Flag, NODE, SPAN, STRATUM, type TileBody } from "../src/generated/protocol.ts";
import { BEFORE_WORDS, Settling } from "../src/scene/settling.ts";
import { Tile } from "../src/scene/tile.ts";

/** A tile of things that stand from rank 0 on: name, node, x, width. */
function tileOf(things: readonly (readonly [string, number, number, number, number?])[]): Tile {
  const spans = new Uint32Array(things.length * SPAN.words);
  const nodes = new Uint32Array(things.length * NODE.words);
  const floats = new Float32Array(spans.buffer);
  const offsets = new Uint32Array(things.length + 1);
  const bytes = new TextEncoder().encode(things.map(([name]) => name).join(""));
  things.forEach(([name, node, x, width, flags = 0], row) => {
    offsets[row + 1] = offsets[row]! + new TextEncoder().encode(name).length;
    nodes[row * NODE.words + NODE.node] = node;
    nodes[row * NODE.words + NODE.first_span] = row;
    nodes[row * NODE.words + NODE.span_count] = 1;
    spans[row * SPAN.words + SPAN.death] = 100;
    spans[row * SPAN.words + SPAN.traits] = flags << 8;
    floats[row * SPAN.words + SPAN.position1] = x;
    floats[row * SPAN.words + SPAN.size1] = width;
    floats[row * SPAN.words + SPAN.size1 + 2] = 2 * width;
  });
  return new Tile({
    header: { id: "t", hi: 0xffffffff } as TileBody["header"], spans: { records: spans }, nodes: { records: nodes },
    strata: { records: new Uint32Array(STRATUM.words) }, names: { offsets, bytes },
  } as TileBody);
}

void test("a file goes from its old plot to its new one, and what is new begins where it is", () => {
  const settling = new Settling();
  settling.leave([tileOf([["src", 3, 5, 50], ["src/a.py", 4, 1, 10], ["src/ä.py", 6, 2, 20], ["src", 2, 9, 90]])], 7, 32);
  assert.equal(settling.left, 1);
  // Another generation numbers them otherwise, and its rows lie elsewhere.
  const after = tileOf([["src/ä.py", 40, 0, 0], ["new.py", 42, 0, 0], ["src", 43, 0, 0], ["src/a.py", 44, 0, 0], ["src", 45, 0, 0, Flag.AGGREGATE]]);
  settling.arrive(after, (row) => 60 - row, 64);
  const floats = new Float32Array(settling.records.buffer);
  const was = (row: number) => {
    const at = (60 - row) * BEFORE_WORDS;
    return settling.records[at + 3] === 0 ? undefined : [floats[at], floats[at + 4], floats[at + 6]];
  };
  assert.deepEqual([0, 1, 2, 3, 4].map(was), [[2, 20, 40], undefined, [5, 50, 100], [1, 10, 20], undefined]);
});

void test("a block goes to where the same one of its directory's blocks stands, and is no district", () => {
  const settling = new Settling();
  const block = (x: number) => ["src", 3, x, 10 * x, Flag.AGGREGATE] as const;
  settling.leave([tileOf([block(1), ["src", 3, 5, 50], block(2)])], 7, 32);
  settling.arrive(tileOf([["src", 9, 0, 0], ["src", 9, 0, 0, Flag.AGGREGATE], ["src", 9, 0, 0, Flag.AGGREGATE], ["src", 9, 0, 0, Flag.AGGREGATE]]),
    (row) => row, 32);
  const floats = new Float32Array(settling.records.buffer);
  const was = (row: number) => (settling.records[row * BEFORE_WORDS + 3] === 0 ? undefined : floats[row * BEFORE_WORDS]);
  assert.deepEqual([0, 1, 2, 3].map(was), [5, 1, 2, undefined]);
});

void test("all is there within a second, slow at both ends, and at once where motion is reduced", () => {
  const settling = new Settling();
  const begin = () => settling.leave([tileOf([["a", 2, 1, 1]])], 0, 32);
  begin();
  const seen = [settling.left];
  while (settling.left > 0 && seen.length < 100) {
    settling.step(1 / 60, false);
    seen.push(settling.left);
  }
  assert.ok(seen.length > 40 && seen.length <= 60);
  const steps = seen.slice(1).map((left, i) => seen[i]! - left);
  assert.ok(steps.every((step) => step > 0 && step < 0.04) && steps[0]! < 0.01 && steps.at(-1)! < 0.01);
  assert.equal(settling.records.length, 0);
  begin();
  settling.step(1 / 60, true);
  assert.equal(settling.left, 0);
});
