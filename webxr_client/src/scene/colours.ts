/** By what floors are coloured, and colours as textures. */
import { DataTexture, NearestFilter, RGBAFormat, UnsignedByteType } from "three";

export const COLOURINGS = ["author", "age", "kind"] as const;
export type Colouring = (typeof COLOURINGS)[number];

/** Of the many beyond those that have a colour of their own; sRGB. */
const NOBODY_COLOUR = 0x828995;

/** Colours of people, and behind them nobody's: what ids beyond get. */
export function peopleTexture(colours: Uint32Array): DataTexture {
  const all = new Uint32Array(256 * Math.ceil((colours.length + 1) / 256)).fill(NOBODY_COLOUR);
  all.set(colours);
  return colourTexture(all, 256);
}

/** Colours as a texture of sRGB bytes: texel i at (i mod width, i div width). */
export function colourTexture(colours: Uint32Array, width: number): DataTexture {
  const height = Math.max(1, Math.ceil(colours.length / width));
  const bytes = new Uint8Array(width * height * 4);
  colours.forEach((colour, i) => bytes.set([colour >> 16 & 255, colour >> 8 & 255, colour & 255, 255], i * 4));
  const texture = new DataTexture(bytes, width, height, RGBAFormat, UnsignedByteType);
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.needsUpdate = true;
  return texture;
}
