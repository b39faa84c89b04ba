/** The shader bodies that every viewer shares, made into WebGL2 sources. */
import beads from "../../../shaders/beads.glsl?raw";
import foot from "../../../shaders/foot.glsl?raw";
import gate from "../../../shaders/gate.glsl?raw";
import light from "../../../shaders/light.glsl?raw";
import live from "../../../shaders/live.glsl?raw";
import mark from "../../../shaders/mark.glsl?raw";
import names from "../../../shaders/names.glsl?raw";
import nodes from "../../../shaders/nodes.glsl?raw";
import pick from "../../../shaders/pick.glsl?raw";
import plates from "../../../shaders/plates.glsl?raw";
import preamble from "../../../shaders/preamble.es.glsl?raw";
import ribbons from "../../../shaders/ribbons.glsl?raw";
import river from "../../../shaders/river.glsl?raw";
import roofs from "../../../shaders/roofs.glsl?raw";
import sky from "../../../shaders/sky.glsl?raw";
import walls from "../../../shaders/walls.glsl?raw";

/** three.js writes the version itself. */
const head = preamble.replace(/^#version .*\n/, "");

/** The sources of two stages: what is defined, the preamble, the light, then each body. */
export function stages(vertex: string, fragment: string, ...defines: string[]): { vertexShader: string; fragmentShader: string } {
  const defined = defines.map((name) => `#define ${name}\n`).join("");
  return {
    vertexShader: `#define VERTEX\n${defined}${head}${light}${vertex}`,
    fragmentShader: `${defined}${head}${light}${fragment}`,
  };
}

/** The same without the light: both stages in one source. */
export function bare(source: string): { vertexShader: string; fragmentShader: string } {
  return { vertexShader: `#define VERTEX\n${head}${source}`, fragmentShader: head + source };
}

const things = live + nodes;
const waters = live + river;

export const WALLS = {
  author: stages(things, walls, "AUTHOR", "WALLS"),
  age: stages(things, walls, "AGE", "WALLS"),
  kind: stages(things, walls, "KIND", "WALLS"),
};
export const ROOFS = stages(things, roofs, "ROOFS");
export const PLATES = stages(things, plates, "PLATES");
export const MARK = stages(things, mark, "MARK");
export const PICK = stages(things, pick, "PICK");
export const RIBBONS = stages(waters, ribbons, "RIBBONS");
export const BEADS = stages(waters, beads, "BEADS");
export const PICK_RIBBONS = stages(waters, pick, "PICK", "RIBBONS");
export const PICK_BEADS = stages(waters, pick, "PICK", "BEADS");
export const GATE = stages(gate, gate);
export const SKY = stages(sky, sky);
export const FOOT = stages(foot, foot);

/** Names over the picture are the page's own, in its pixels. */
const label = `
#ifdef VERTEX
uniform mat4 modelMatrix;
uniform vec2 viewport;             // pixels
in vec4 anchor;                    // x y z in scene space; opacity, negative where buildings may hide it
in vec4 frame;                     // left, bottom, right, top in pixels from the anchor
in vec4 glyphs;                    // the same corners in the atlas, 0 … 1; a plain bar where left < 0
out vec2 vAtlas;
flat out float vOpacity;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float((gl_VertexID >> 1) & 1));
  vec4 clip = projectionMatrix * (viewMatrix * (modelMatrix * vec4(anchor.xyz, 1.0)));
  vec2 pixel = floor((clip.xy / clip.w * 0.5 + 0.5) * viewport + 0.5) + mix(frame.xy, frame.zw, corner);
  float depth = anchor.w < 0.0 ? clip.z - 2e-4 * clip.w : -0.9999 * clip.w;
  gl_Position = clip.w > 0.0 && anchor.w != 0.0
    ? vec4((pixel / viewport * 2.0 - 1.0) * clip.w, depth, clip.w) : vec4(2.0, 2.0, 2.0, 1.0);
  vAtlas = mix(glyphs.xy, glyphs.zw, corner);
  vOpacity = abs(anchor.w);
}
#endif
`;
/** Names in a headset, natively as well: in the room. Letters look alike in both. */
export const NAMES = bare(names);
export const LABELS = { vertexShader: bare(label).vertexShader, fragmentShader: NAMES.fragmentShader };
