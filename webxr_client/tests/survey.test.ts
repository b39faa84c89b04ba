import assert from "node:assert/strict";
import { test } from "node:test";

import { NODE, RANK_END, SPAN } from "../src/generated/protocol.ts";
import { Look } from "../src/scene/look.ts";
import { Survey } from "../src/scene/survey.ts";
import { floatsOf, type Tile } from "../src/scene/tile.ts";
import type { Vector } from "../src/spaces.ts";
import { CELL, city, patchOf, random, RANKS, tileOf } from "./rays.ts";

const LEAST = 0.05;

function surveyOf(tile: Tile): { look: Look; survey: Survey } {
  const look = new Look();
  const survey = new Survey(look);
  look.show([tile]);
  survey.show(look.tiles);
  return { look, survey };
}

/** All that a survey offers once it has come to rest, in words. */
function offered(survey: Survey, rank: number, eye: Vector): string[] {
  survey.stir();
  let passes = 0;
  do passes += Number(survey.step(rank, eye, LEAST, Infinity, false, false));
  while (!survey.settled);
  assert.ok(passes > 0);
  return survey.candidates.slice(0, survey.count)
    .map(({ node, district, x, y, z, extent }) => [node, district, x, y, z, extent].join(" ")).sort();
}

/** The buildings that look largest, every one asked. */
function largest(tile: Tile, rank: number, eye: Vector): number[] {
  const floats = floatsOf(tile);
  const found: { node: number; size: number }[] = [];
  for (let row = 0; row < tile.nodeCount; row++) {
    const node = tile.nodes[row * NODE.words + NODE.node]!;
    const at = tile.liveSpan(row, rank) * SPAN.words;
    if (at < 0 || node % 2 === 1) continue;
    const away = Math.hypot(floats[at + SPAN.position1]! - eye[0],
      floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]! - eye[1], floats[at + SPAN.position1 + 2]! - eye[2]);
    found.push({ node, size: Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!) / away });
  }
  return found.filter(({ size }) => size > LEAST).sort((a, b) => b.size - a.size).slice(0, 48).map(({ node }) => node).sort();
}

/** Height of the highest roof in a district, its own plate's where nothing stands on it. */
function roof(tile: Tile, district: number, rank: number): number {
  const floats = floatsOf(tile);
  let highest = 0;
  for (let row = 0; row < tile.nodeCount; row++) {
    const [node, parent] = [tile.nodes[row * NODE.words + NODE.node], tile.nodes[row * NODE.words + NODE.parent]];
    const at = tile.liveSpan(row, rank) * SPAN.words;
    if (at >= 0 && (node === district || parent === district)) highest = Math.max(highest, floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!);
  }
  return highest;
}

test("what looks largest is offered, and districts as tall as they are, wherever one goes, at any rank and after patches", () => {
  const tile = tileOf(city(1500, 4));
  const wide = Math.sqrt(tile.nodeCount) * CELL;
  const known = surveyOf(tile);
  known.look.prepare(Infinity);
  const next = random(9);
  let rank = RANKS - 1;
  let named = 0;
  for (let i = 0; i < 40; i++) {
    if (i % 8 === 3) rank = Math.floor(next() * RANKS);
    if (i % 8 === 7) {
      const box = [(next() - 0.5) * wide, 0.4, (next() - 0.5) * wide, 9, 90, 9, 2];
      tile.apply(patchOf([{ node: 100000 + 2 * i, category: 1, spans: [[rank, RANK_END, 0, ...box, ...box]] }], (i + 1) / 8));
      known.look.show([tile]);
      known.survey.show(known.look.tiles);
      known.look.prepare(Infinity);
    }
    const eye: Vector = [(next() - 0.5) * wide, 2 + next() * 40, (next() - 0.5) * wide];
    const fresh = surveyOf(tile);
    fresh.look.prepare(Infinity);
    assert.deepEqual(offered(known.survey, rank, eye), offered(fresh.survey, rank, eye));
    const files = known.survey.candidates.slice(0, known.survey.count).filter(({ district }) => !district);
    assert.deepEqual(files.map(({ node }) => node).sort(), largest(tile, rank, eye));
    assert.ok(files.length > 0);
    const districts = known.survey.candidates.slice(0, known.survey.count).filter(({ district }) => district);
    for (const { node, y } of districts.filter(({ tile: { nodes }, row }) => nodes[row * NODE.words + NODE.depth] === 1)) {
      assert.equal(y, roof(tile, node, rank));
    }
    named += districts.length;
  }
  assert.ok(named > 100, `${named} districts`);
});
