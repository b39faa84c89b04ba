/** What draws here: a graphics card, or the CPU in its place. */

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
