/** Reads the vectors that Python and TypeScript share, and compares as they demand. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** A case's arguments and result, as JSON has them. */
export type Json = never;

interface Case {
  readonly name: string;
  readonly args: readonly Json[];
  readonly expected: unknown;
}

/** Fails unless `actual` is `expected`, numbers within 1e-9 relative. */
export function assertClose(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected === "number") {
    assert.ok(typeof actual === "number", `${where} is ${String(actual)}`);
    const off = Math.abs(actual - expected);
    assert.ok(off <= 1e-9 * Math.max(1, Math.abs(expected)), `${where}: ${actual}, not ${expected}`);
  } else if (typeof expected === "object" && expected !== null) {
    assert.ok(typeof actual === "object" && actual !== null, `${where} is ${String(actual)}`);
    if (Array.isArray(expected)) assert.equal((actual as unknown[]).length, expected.length, `length of ${where}`);
    for (const [key, value] of Object.entries(expected)) {
      assertClose((actual as Record<string, unknown>)[key], value, `${where}.${key}`);
    }
  } else {
    assert.equal(actual, expected, where);
  }
}

/** Runs `compute` on every case of `tests/vectors/<file>.json`. */
export function holds(file: string, compute: (...args: readonly Json[]) => unknown): void {
  const url = new URL(`../../tests/vectors/${file}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(url, "utf-8")) as { cases: Case[] };
  test(`${file}: ${cases.length} cases are as Python has them`, () => {
    assert.ok(cases.length > 0);
    for (const { name, args, expected } of cases) assertClose(compute(...args), expected, name);
  });
}
