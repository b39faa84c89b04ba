import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { decode } from "@msgpack/msgpack";

import type { FromViewer, Tile } from "../src/generated/protocol.ts";
import { Assembly, decodeBody, decodeMessage, encodeMessage, inflate, WireError } from "../src/stream/decode.ts";

interface Case {
  readonly name: string;
  readonly args: readonly [string];
  readonly expected: Record<string, unknown>;
}

function cases(file: string): readonly Case[] {
  const url = new URL(`../../tests/vectors/stream/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf-8")) as { cases: Case[] }).cases;
}

/** Bytes on a buffer of their own, as a WebSocket delivers them. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** Typed arrays as the vectors write them. */
function plain(value: unknown, key = ""): unknown {
  if (value instanceof Uint8Array && (key === "data" || key === "path")) {
    return { base64: Buffer.from(value).toString("base64") };
  }
  if (value instanceof BigInt64Array) return [...value].map(String);
  if (value instanceof Uint8Array || value instanceof Uint32Array || value instanceof Float32Array) return [...value];
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held, name)]));
  }
  return value;
}

for (const { name, args, expected } of cases("decodeMessage")) {
  test(`a ${name} is decoded as the server meant it`, () => {
    assert.deepEqual(plain(decodeMessage(bytesOf(args[0]))), expected);
  });
}

for (const { name, args, expected } of cases("decodeBody")) {
  test(`a ${name} is decoded as the server meant it, without a copy`, () => {
    const bytes = bytesOf(args[0]);
    const body = decodeBody(bytes);
    assert.deepEqual(plain(body), expected);
    const column = body.type === "tilebody" ? body.spans.records : body.timeline.time;
    assert.equal(column.buffer, bytes.buffer);
    assert.equal(column.byteOffset % 8, 0);
  });

  test(`a ${name} that starts at an odd address is decoded all the same`, () => {
    const bytes = bytesOf(args[0]);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    assert.deepEqual(plain(decodeBody(shifted)), expected);
  });
}

for (const { name, args } of cases("refuseBody")) {
  test(`a body that is ${name} is refused`, () => {
    assert.throws(() => decodeBody(bytesOf(args[0])), WireError);
  });
}

for (const { name, args, expected } of cases("encodeMessage")) {
  test(`a ${name} is encoded as the server reads it`, () => {
    const { type, ...fields } = expected;
    const shuffled = { ...fields, type } as unknown as FromViewer;
    const ours = encodeMessage(shuffled);
    assert.equal(Buffer.from(ours.subarray(1, 6)).toString("latin1"), "\xa4type");
    assert.deepEqual(decode(ours), decode(bytesOf(args[0])));
    assert.deepEqual(decode(ours), expected);
  });
}

test("a body is inflated whole, and what is none, or not all of one, is refused", async () => {
  const body = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
  const travelled = Uint8Array.from(deflateSync(body));
  assert.deepEqual(await inflate(travelled), body);
  await assert.rejects(inflate(travelled.slice(0, -9)), WireError);
  await assert.rejects(inflate(body), WireError);
});

test("the parts of two tiles that come interleaved are put together", () => {
  const assembly = new Assembly();
  const part = (id: string, offset: number, total: number, ...data: number[]): Tile =>
    ({ type: "tile", id, offset, total, deflated: false, data: Uint8Array.from(data) });
  assert.equal(assembly.add(part("a", 0, 4, 1, 2)), null);
  assert.deepEqual(assembly.add(part("b", 0, 1, 9)), Uint8Array.of(9));
  assert.deepEqual(assembly.add(part("a", 2, 4, 3, 4)), Uint8Array.of(1, 2, 3, 4));
});

test("a tile that is begun again starts from nothing", () => {
  const assembly = new Assembly();
  const part = (offset: number, ...data: number[]): Tile =>
    ({ type: "tile", id: "a", offset, total: 4, deflated: false, data: Uint8Array.from(data) });
  assembly.add(part(0, 1, 2));
  assembly.add(part(0, 5, 6));
  assert.deepEqual(assembly.add(part(2, 7, 8)), Uint8Array.of(5, 6, 7, 8));
});

test("late parts of a dropped tile do no harm, and a gap within a tile is refused", () => {
  const assembly = new Assembly();
  const part = (offset: number, ...data: number[]): Tile =>
    ({ type: "tile", id: "a", offset, total: 6, deflated: false, data: Uint8Array.from(data) });
  assembly.add(part(0, 1, 2));
  assembly.forget("a");
  assert.equal(assembly.add(part(2, 3, 4)), null);
  assert.equal(assembly.add(part(0, 1, 2)), null);
  assert.throws(() => assembly.add(part(4, 5, 6)), WireError);
});
