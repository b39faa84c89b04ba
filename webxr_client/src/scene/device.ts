/** What draws here: a graphics card, or the CPU in its place; and how much it can draw. */

/** What a device can draw and hold. */
export const BUDGETS = {
  desktop: { nodes: 500_000, spans: 2_000_000 },
  quest3: { nodes: 80_000, spans: 400_000 },
  quest2: { nodes: 30_000, spans: 150_000 },
} as const;
export type Tier = keyof typeof BUDGETS;

/** Which of them a browser runs on; a phone can about as much as a Quest 3. */
export function tierOf(userAgent: string, coarsePointer: boolean): Tier {
  // The headset's name ends what its browser says of the system: "(X11; Linux x86_64; Quest 3)".
  if (/OculusBrowser/.test(userAgent)) return /; Quest( 2)?\)/.test(userAgent) ? "quest2" : "quest3";
  return coarsePointer ? "quest3" : "desktop";
}

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/**
 * Whether the CPU draws, for which smooth edges cost as much again as the picture.
 *
 * @throws {Error} Where there is no WebGL 2 at all.
 */
export function drawsOnCpu(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (gl === null) throw new Error("This browser offers no WebGL 2, which the city is drawn with.");
  let name = String(gl.getParameter(gl.RENDERER));
  if (/^webkit/i.test(name)) {
    const asked = gl.getExtension("WEBGL_debug_renderer_info");
    if (asked !== null) name = String(gl.getParameter(asked.UNMASKED_RENDERER_WEBGL));
  }
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(name);
}
