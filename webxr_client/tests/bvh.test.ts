import assert from "node:assert/strict";
import { test } from "node:test";

import { NODE, RANK_END, SPAN } from "../src/generated/protocol.ts";
import { Bvh, clearHit, newHit } from "../src/scene/bvh.ts";
import type { Playhead } from "../src/scene/drawn.ts";
import { floatsOf, type Tile } from "../src/scene/tile.ts";
import type { Vector } from "../src/spaces.ts";
import { CELL, city, patchOf, plainCast, plainTouch, random, RANKS, someRay, tileOf, type Made } from "./rays.ts";

/** Compare with the plain way; returns how many rays met something. */
function compare(tile: Tile, bvh: Bvh, rays: number, seed: number, ranks = RANKS): number {
  const next = random(seed);
  const wide = Math.sqrt(tile.nodeCount) * CELL;
  const [eye, ray]: [Vector, Vector] = [[0, 0, 0], [0, 0, 0]];
  const hit = newHit();
  let met = 0;
  for (let i = 0; i < rays; i++) {
    const playhead: Playhead = { rank: Math.floor(next() * ranks), fraction: next() < 0.5 ? 0 : next(), easing: 0.6 };
    someRay(next, wide, eye, ray);
    const plain = plainCast(tile, eye, ray, playhead);
    const found = bvh.cast(eye, ray, playhead, clearHit(hit));
    assert.equal(found, plain.node >= 0);
    if (!found) continue;
    met++;
    assert.deepEqual([hit.node, hit.floor, hit.distance], [plain.node, plain.floor, plain.distance], `ray ${i}`);
    for (let k = 0 as 0 | 1 | 2; k < 3; k++) assert.ok(Math.abs(hit.point[k] - eye[k] - ray[k] * hit.distance) < 1e-9);
    assert.ok(hit.normal[0] * ray[0] + hit.normal[1] * ray[1] + hit.normal[2] * ray[2] < 0, "the face looks towards the eye");
  }
  return met;
}

function built(tile: Tile): Bvh {
  const bvh = new Bvh(tile);
  bvh.step(Infinity);
  return bvh;
}

/** Rows and spans of the buildings of more than `least` radians, every one asked. */
function largest(tile: Tile, eye: Vector, least: number, rank: number): Map<number, number> {
  const floats = floatsOf(tile);
  const large = new Map<number, number>();
  for (let row = 0; row < tile.nodeCount; row++) {
    const span = tile.liveSpan(row, rank);
    if (span < 0 || tile.nodes[row * NODE.words + NODE.node]! % 2 === 1) continue;
    const at = span * SPAN.words;
    const away = Math.hypot(floats[at + SPAN.position1]! - eye[0],
      floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]! - eye[1], floats[at + SPAN.position1 + 2]! - eye[2]);
    if (Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!) > least * away) large.set(row, span);
  }
  return large;
}

test("a ray meets what it meets when every node is asked, at any rank and while changes ease in", () => {
  const tile = tileOf(city(900));
  const met = compare(tile, built(tile), 3000, 7);
  assert.ok(met > 1000 && met < 3000, `${met} of 3000 rays met something`);
});

test("a fingertip touches what it touches when every node is asked", () => {
  const tile = tileOf(city(400));
  const bvh = built(tile);
  const next = random(3);
  const hit = newHit();
  let [met, within] = [0, 0];
  for (let i = 0; i < 2000; i++) {
    const point: Vector = [(next() - 0.5) * 20 * CELL, next() * 25, (next() - 0.5) * 20 * CELL];
    const playhead = { rank: Math.floor(next() * RANKS), fraction: 0, easing: 1 };
    const plain = plainTouch(tile, point, 3, playhead);
    assert.equal(bvh.touch(point, playhead, clearHit(hit, 3)), plain.node >= 0);
    if (plain.node < 0) continue;
    met++;
    if (plain.distance === 0) within++;
    assert.ok(Math.abs(hit.distance - plain.distance) < 1e-9);
    assert.deepEqual([hit.node, hit.floor], [plain.node, plain.floor]);
  }
  assert.ok(met > 300 && within > 50, `${met} met, ${within} within`);
});

test("every building that looks large enough is near, at any rank, also one that a patch brought", () => {
  const tile = tileOf(city(1500, 3));
  const bvh = built(tile);
  const wide = Math.sqrt(tile.nodeCount) * CELL;
  const next = random(8);
  let near = 0, others = 0;
  for (let i = 0; i < 60; i++) {
    const rank = RANKS - 1 + i;
    const box = [(next() - 0.5) * wide, 0.4, (next() - 0.5) * wide, 9, 30, 9, 2];
    tile.apply(patchOf([{ node: 100000 + 2 * i, category: 1, spans: [[rank, RANK_END, 0, ...box, ...box]] }], i + 1));
    bvh.follow();
    bvh.step(Infinity);
    const eye: Vector = [(next() - 0.5) * wide, next() * 60, (next() - 0.5) * wide];
    const least = 0.1 + next() * 0.2;
    const at = i % 2 === 0 ? rank : Math.floor(next() * RANKS);
    const found = new Map<number, number>();
    bvh.near(eye, least, at, (_, row, span) => found.set(row, span));
    const large = largest(tile, eye, least, at);
    for (const [row, span] of large) assert.equal(found.get(row), span);
    near += large.size;
    others += found.size - large.size;
  }
  assert.ok(near > 500 && near + others < 60 * tile.nodeCount / 8, `${near} are near, and ${others} others were found`);
});

test("an eye within a building looks out of it", () => {
  const tile = tileOf([
    { node: 2, category: 1, spans: [[0, RANK_END, 0, 0, 0, 0, 4, 10, 4, 5, 0, 0, 0, 4, 10, 4, 5]] },
    { node: 4, category: 1, spans: [[0, RANK_END, 0, 0, 0, -10, 4, 10, 4, 5, 0, 0, -10, 4, 10, 4, 5]] },
  ]);
  const hit = newHit();
  assert.ok(built(tile).cast([0, 5, 0], [0, 0, -1], { rank: 0, fraction: 0, easing: 1 }, hit));
  assert.deepEqual([hit.node, hit.floor, hit.distance, hit.normal], [4, 2, 8, [0, 0, 1]]);
});

test("what patches add and change is met, without building anew and, where there is no room, after it", () => {
  const made = city(200);
  const tile = tileOf(made);
  const bvh = built(tile);
  const next = random(5);
  for (let sequence = 1; sequence <= 150; sequence++) {
    const rank = RANKS + sequence;
    const box = [(next() - 0.5) * 300, 0.4, (next() - 0.5) * 300, 4, 8 + next() * 60, 4, 2];
    const known = tile.nodes[Math.floor(30 + next() * 100) * NODE.words + NODE.node]!;
    const node = sequence % 3 === 0 ? known : 100000 + 2 * sequence;
    const change: Made = { node, category: 1, spans: [[rank, RANK_END, 0, ...box, ...box]] };
    const patch = patchOf([change], sequence);
    assert.ok(tile.fits(patch));
    tile.apply(patch);
    bvh.follow();
    bvh.step(Infinity);
    if (sequence % 10 === 0) assert.ok(compare(tile, bvh, 200, sequence, rank + 1) > 50);
  }
});

test("patches that come while it is being built are met as soon as it is", () => {
  const tile = tileOf(city(2000));
  const bvh = new Bvh(tile);
  bvh.step(-Infinity); // one slice
  assert.ok(!bvh.built);
  const box = [0, 0.4, 0, 6, 900, 6, 1];
  tile.apply(patchOf([{ node: 999998, category: 1, spans: [[RANKS, RANK_END, 0, ...box, ...box]] }], 1));
  assert.ok(bvh.step(Infinity));
  const hit = newHit();
  assert.ok(bvh.cast([0, 800, 50], [0, 0, -1], { rank: RANKS, fraction: 0, easing: 1 }, hit));
  assert.equal(hit.node, 999998);
});

test("a city of nothing is met by nothing", () => {
  const bvh = built(tileOf([]));
  assert.ok(!bvh.cast([0, 5, 0], [0, -1, 0], { rank: 0, fraction: 0, easing: 1 }, newHit()));
  assert.ok(!bvh.touch([0, 0, 0], { rank: 0, fraction: 0, easing: 1 }, clearHit(newHit(), 5)));
});
