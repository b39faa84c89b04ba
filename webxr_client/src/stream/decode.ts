/**
 * Bytes of the stream to messages and bodies, and a viewer's messages to bytes.
 *
 * Columns come back as typed arrays on the bytes received, without a copy: the server starts each
 * at a multiple of eight. Runs in the worker, and in Node for the tests: no DOM, no three.
 */

import { decode, encode } from "@msgpack/msgpack";

import type { Body, ColumnLayout, ColumnSetLayout, FromServer, FromViewer, Tile } from "../generated/protocol.ts";
import { COLUMN_FIELDS, COLUMN_SETS } from "../generated/protocol.ts";

/** The server sent something that is not the protocol. */
export class WireError extends Error {
  override readonly name = "WireError";
}

type Fields = Record<string, unknown>;

const MESSAGES: ReadonlySet<string> = new Set(Object.keys({
  welcome: 0, progress: 0, scene: 0, tile: 0, patch: 0, commits: 0, result: 0, panel: 0, activity: 0, notice: 0, error: 0,
} satisfies Record<FromServer["type"], 0>)); // none is forgotten
const BODIES: ReadonlySet<string> = new Set<Body["type"]>(["tilebody", "tablebody"]);

/** The message in `data`, which must be one whole WebSocket message. */
export function decodeMessage(data: ArrayBuffer | Uint8Array): FromServer {
  return decodeFields(data, MESSAGES) as unknown as FromServer;
}

/** The tile or table in `data`, not deflated; its arrays look into `data`. */
export function decodeBody(data: ArrayBuffer | Uint8Array): Body {
  return decodeFields(data, BODIES) as unknown as Body;
}

/** What goes on the wire for `message`. Numbers that are whole travel as integers: the server takes both. */
export function encodeMessage(message: FromViewer): Uint8Array<ArrayBuffer> {
  // `type` must be the first key, however the object was put together.
  const { type, ...fields } = message;
  return encode({ type, ...fields });
}

function decodeFields(data: ArrayBuffer | Uint8Array, accepts: ReadonlySet<string>): Fields {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  let fields: Fields | null;
  try {
    fields = decode(bytes) as Fields | null;
  } catch (error) {
    throw new WireError(`The server's message is not well-formed msgpack: ${String(error)}`);
  }
  const type = fields?.["type"];
  if (!fields || typeof type !== "string" || !accepts.has(type)) {
    throw new WireError(`The server's message has the unknown type ${String(type)}.`);
  }
  const held = COLUMN_FIELDS[type];
  for (const field in held) {
    fields[field] = columnsOf(`${type}.${field}`, fields[field], held[field] as keyof typeof COLUMN_SETS);
  }
  return fields;
}

type Column = Uint8Array | Uint32Array | Float32Array | BigInt64Array;

function columnsOf(where: string, value: unknown, set: keyof typeof COLUMN_SETS): Record<string, Column> {
  const layout: ColumnSetLayout = COLUMN_SETS[set];
  const columns: Record<string, Column> = {};
  let rows = -1;
  for (const [name, { dtype, width }] of Object.entries(layout.columns)) {
    const data = (value as Fields | undefined)?.[name];
    const bytes: unknown = Array.isArray(data) ? data[1] : undefined;
    if (!(bytes instanceof Uint8Array)) throw new WireError(`${where} has no column ${name}.`);
    const column = view(`${where}.${name}`, bytes, dtype);
    if (column.length % width !== 0) {
      throw new WireError(`${where}.${name} has ${column.length} values, which is no whole number of rows.`);
    }
    if (!layout.ragged && rows >= 0 && column.length / width !== rows) {
      throw new WireError(`${where} has columns of different lengths.`);
    }
    rows = column.length / width;
    columns[name] = column;
  }
  return columns;
}

function view(where: string, bytes: Uint8Array, dtype: ColumnLayout["dtype"]): Column {
  const size = dtype === "|u1" ? 1 : dtype === "<u4" || dtype === "<f4" ? 4 : 8;
  if (bytes.byteLength % size !== 0) {
    throw new WireError(`${where} has ${bytes.byteLength} bytes, which is no whole number of values.`);
  }
  if (size === 1) return bytes;
  // Only a buffer that does not start at the message's start (Node pools small ones) needs a copy.
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  if (dtype === "<f4") return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  return size === 4
    ? new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
    : new BigInt64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8);
}

/** The body that travelled `deflated`, as `Assembly` put that together. */
export async function inflate(deflated: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    const whole = new Response(deflated).body!.pipeThrough(new DecompressionStream("deflate"));
    const reader = whole.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      length += value.byteLength;
    }
  } catch (error) {
    throw new WireError(`The server's message cannot be inflated: ${String(error)}`);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.byteLength;
  }
  return body;
}

/** Puts the parts of tiles and tables together; several may be on their way at once. */
export class Assembly {
  readonly #partial = new Map<string, { readonly bytes: Uint8Array<ArrayBuffer>; filled: number }>();

  /** Takes one part; returns the whole body when it was the last, otherwise null. */
  add(part: Tile): Uint8Array<ArrayBuffer> | null {
    let body = this.#partial.get(part.id);
    if (body === undefined && part.offset > 0) return null; // sent before the server read a `drop`
    if (body === undefined || part.offset === 0) {
      body = { bytes: new Uint8Array(part.total), filled: 0 };
      this.#partial.set(part.id, body);
    }
    if (part.offset !== body.filled || part.offset + part.data.byteLength > body.bytes.byteLength) {
      this.#partial.delete(part.id);
      throw new WireError(`A part of the tile ${part.id} does not follow the one before it.`);
    }
    body.bytes.set(part.data, part.offset);
    body.filled += part.data.byteLength;
    if (body.filled < body.bytes.byteLength) return null;
    this.#partial.delete(part.id);
    return body.bytes;
  }

  /** Forgets the parts of a tile that was dropped, or of all when the connection is gone. */
  forget(id?: string): void {
    if (id === undefined) this.#partial.clear();
    else this.#partial.delete(id);
  }
}
