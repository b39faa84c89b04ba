import assert from "node:assert/strict";
import { test } from "node:test";

import { Older } from "../src/ui/older.ts";

const said = (older: Older, phase: string, done: number, total: number, now: number): string =>
  older.sentence({ type: "progress", phase, done, total }, now);

test("what is left is guessed from what was done in this step, and not before there is something to go by", () => {
  const older = new Older();
  assert.equal(said(older, "commits", 0, 0, 0), "Older history is coming: reading commits …");
  assert.match(said(older, "commits", 500, 0, 900), /500 so far/);
  assert.match(said(older, "commits", 1000, 4000, 1000), /of 4.000 …$/);
  assert.match(said(older, "commits", 2000, 4000, 2000), /, about 2 s left …$/);
  assert.match(said(older, "sizes", 10, 4000, 2100), /asking for sizes, 10 of 4.000 …$/);
});

test("once all is read nothing is said", () => {
  const older = new Older();
  said(older, "commits", 1, 2, 0);
  assert.equal(said(older, "", 0, 0, 10), "");
});

test("before anything can be seen the same steps are told as sentences of their own", () => {
  const older = new Older();
  const opening = (phase: string, done: number, total: number, now: number): string =>
    older.opening({ type: "progress", phase, done, total }, now);
  assert.equal(opening("", 0, 0, 0), "Opening …");
  assert.equal(opening("kernels", 3, 0, 10), "Compiling, once per installation, 3 so far …");
  assert.match(opening("commits", 0, 1000, 1000), /^Reading commits, 0 of 1.000 …$/);
  assert.match(opening("commits", 500, 1000, 4000), /^Reading commits, 500 of 1.000, about 3 s left …$/);
});
