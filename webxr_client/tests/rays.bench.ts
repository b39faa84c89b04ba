// What a ray costs: `node rays.bench.ts NODES VERSIONS RAYS` prints milliseconds as JSON.
import { argv, stdout } from "node:process";

import { Bvh, clearHit, newHit } from "../src/scene/bvh.ts";
import type { Vector } from "../src/spaces.ts";
import { CELL, city, plainCast, random, RANKS, someRay, tileOf } from "./rays.ts";

const [nodes, versions, count] = [2, 3, 4].map((i) => Number(argv[i] ?? [80_000, 9, 4000][i - 2])) as [number, number, number];
const tile = tileOf(city(nodes, 1, versions));
new Bvh(tile).step(Infinity); // compiled
const slices: number[] = [];
const bvh = new Bvh(tile);
while (!bvh.built) {
  const began = performance.now();
  bvh.step(-Infinity);
  slices.push(performance.now() - began);
}
const wide = Math.sqrt(nodes) * CELL;
const [eye, ray]: [Vector, Vector] = [[0, 0, 0], [0, 0, 0]];
const hit = newHit();
const next = random(2);
const times: number[] = [];
for (let i = 0; i < count; i++) {
  someRay(next, wide, eye, ray);
  const playhead = { rank: Math.floor(next() * RANKS), fraction: 0, easing: 1 };
  const began = performance.now();
  bvh.cast(eye, ray, playhead, clearHit(hit));
  times.push(performance.now() - began);
}
const plain: number[] = [];
for (let i = 0; i < Math.min(count, 40); i++) {
  someRay(next, wide, eye, ray);
  const began = performance.now();
  plainCast(tile, eye, ray, { rank: RANKS - 1, fraction: 0, easing: 1 });
  plain.push(performance.now() - began);
}
const quantile = (of: number[], q: number) => [...of].sort((a, b) => a - b)[Math.floor(q * (of.length - 1))]!;
stdout.write(JSON.stringify({
  nodes: tile.nodeCount, spans: tile.spanRows, build: slices.reduce((a, b) => a + b, 0), slices: slices.length,
  longestSlice: Math.max(...slices), castP50: quantile(times, 0.5), castP99: quantile(times, 0.99), castWorst: Math.max(...times),
  plainP50: quantile(plain, 0.5),
}));
