/** Columns that become longer all the time. */

type Column = Float64Array | Uint32Array | Uint8Array;

/** Buffers with room behind what they hold. */
const roomy = new WeakSet<ArrayBufferLike>();

/**
 * A column of `length` values that begins with the first `kept` of `column`; the others are to be written.
 * It may take the place of `column`, of which no more than those are to be read from then on.
 */
export function extended<T extends Column>(column: T, kept: number, length: number): T {
  const Kind = column.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
  const bytes = length * column.BYTES_PER_ELEMENT;
  if (roomy.has(column.buffer) && bytes <= column.buffer.byteLength) return new Kind(column.buffer, 0, length);
  const buffer = new ArrayBuffer(bytes + (bytes >>> 6) * 8 + 512);
  roomy.add(buffer);
  const longer = new Kind(buffer, 0, length);
  longer.set(column.subarray(0, kept));
  return longer;
}
