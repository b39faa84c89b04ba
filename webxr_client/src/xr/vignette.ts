/** What narrows the view while it moves by itself, and goes dark while the world changes at once. One draw. */
import { GLSL3, Mesh, RawShaderMaterial } from "three";
import { SeenGeometry } from "../scene/eyes.ts";
import { bare } from "../scene/shaders.ts";

/** Drawn after everything else. */
const ORDER = 100;

const SOURCE = `
#ifdef VERTEX
out vec2 vSlope;                   // of the way looked, right and up: tangents
void main() {
  vec2 place = vec2(float((gl_VertexID & 1) << 2), float((gl_VertexID & 2) << 1)) - 1.0;
  // Eyes of a headset look through windows that are off their middle.
  vSlope = (place + projectionMatrix[2].xy) / vec2(projectionMatrix[0].x, projectionMatrix[1].y);
  gl_Position = vec4(place, 0.0, 1.0);
}
#else
uniform float closed;
uniform float dark;
uniform float daylight;
in vec2 vSlope;
layout(location = 0) out vec4 outColour;
void main() {
  float inner = mix(1.5, 0.42, closed);
  float ring = closed > 0.0 ? smoothstep(inner, inner * 1.3 + 0.12, length(vSlope)) : 0.0;
  vec3 shade = mix(vec3(0.035, 0.045, 0.075), vec3(0.62, 0.65, 0.69), daylight);
  outColour = vec4(shade, max(ring, dark));
}
#endif
`;

export class Vignette {
  readonly mesh: Mesh;
  readonly #uniforms = { closed: { value: 0 }, dark: { value: 0 }, daylight: { value: 0 } };

  constructor() {
    const geometry = new SeenGeometry();
    geometry.setIndex([0, 1, 2]);
    this.mesh = new Mesh(geometry, new RawShaderMaterial({
      ...bare(SOURCE), uniforms: this.#uniforms, glslVersion: GLSL3,
      transparent: true, depthTest: false, depthWrite: false,
    }));
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
    this.mesh.renderOrder = ORDER;
    this.mesh.visible = false;
  }

  /** How far it is closed, and how dark all is; 0 … 1 each. */
  show(closed: number, dark: number, daylight: number): void {
    this.mesh.visible = closed > 0 || dark > 0;
    this.#uniforms.closed.value = closed;
    this.#uniforms.dark.value = dark;
    this.#uniforms.daylight.value = daylight;
  }
}
