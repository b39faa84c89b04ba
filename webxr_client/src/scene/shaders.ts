/** The shader bodies that every viewer shares, made into WebGL2 sources. */
import beads from "../../../shaders/beads.glsl?raw";
import foot from "../../../shaders/foot.glsl?raw";
import gate from "../../../shaders/gate.glsl?raw";
import light from "../../../shaders/light.glsl?raw";
import live from "../../../shaders/live.glsl?raw";
import mark from "../../../shaders/mark.glsl?raw";
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

/** Labels are the page's own: text is set differently everywhere. */
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
#else
uniform sampler2D atlas;           // red: the letters, green: their halo
uniform vec3 ink;
uniform vec3 halo;
in vec2 vAtlas;
flat in float vOpacity;
layout(location = 0) out vec4 outColour;
void main() {
  if (vAtlas.x < 0.0) {
    outColour = vec4(ink, 0.45 * vOpacity);
    return;
  }
  vec2 cover = texture(atlas, vAtlas).rg;
  float alpha = cover.r + cover.g * (1.0 - cover.r) * 0.86;
  outColour = vec4(mix(halo, ink, cover.r / max(alpha, 1e-4)), alpha * vOpacity);
}
#endif
`;
export const LABELS = bare(label);

/** The same in a headset: in the room, of a constant angle, level to the head and facing it. */
const name = `
uniform mat4 modelMatrix;
uniform vec3 head;                 // between the eyes, in the room: both see the same rectangle
uniform vec3 sideways;             // to the head's right, level
in vec4 anchor;                    // x y z in scene space; opacity, negative of what stands within a quarter
in vec4 frame;                     // left, bottom, right, top in degrees from the anchor
in vec4 glyphs;
out vec2 vAtlas;
flat out float vOpacity;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float((gl_VertexID >> 1) & 1));
  vec3 at = (modelMatrix * vec4(anchor.xyz, 1.0)).xyz;
  float away = max(length(at - head), 1e-4);
  vec3 gaze = (at - head) / away;
  vec3 right = sideways - gaze * dot(sideways, gaze);
  right = dot(right, right) > 1e-6 ? normalize(right) : vec3(1.0, 0.0, 0.0);
  vec2 place = mix(frame.xy, frame.zw, corner) * away * 0.0174533;
  vec4 view = viewMatrix * vec4(at + right * place.x + cross(right, gaze) * place.y, 1.0);
  vec4 clip = projectionMatrix * view;
  // Seen where it is, but before what stands just in front of it: half a word says nothing.
  float depth = view.z * (anchor.w < 0.0 ? 0.96 : 0.86);
  clip.z = clamp((projectionMatrix[2][2] * depth + projectionMatrix[3][2]) / max(-depth, 1e-5), -0.9999, 1.0) * clip.w;
  gl_Position = anchor.w != 0.0 && view.z < 0.0 ? clip : vec4(2.0, 2.0, 2.0, 1.0);
  vAtlas = mix(glyphs.xy, glyphs.zw, corner);
  vOpacity = abs(anchor.w);
}
`;
export const NAMES = { vertexShader: bare(name).vertexShader, fragmentShader: LABELS.fragmentShader };
