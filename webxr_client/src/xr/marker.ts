/** Where a teleport would lead: an arc from the hand, a ring where one would stand, and how tall one would be. One draw. */
import { GLSL3, Mesh, RawShaderMaterial, Vector3 } from "three";
import { SeenGeometry } from "../scene/eyes.ts";
import { bare } from "../scene/shaders.ts";
import { GRAVITY } from "../navigation/comfort.ts";
import type { ReadonlyVector } from "../spaces.ts";

const ORDER = 14;
/** Pieces of the arc; after them come the ring and the figure. */
const PIECES = 24;
/** Radius of the ring and height of the figure in life size, and at least as seen on a table; metres. */
const RING = 0.5;
const RING_LEAST = 0.014;
const FIGURE = 1.7;
const FIGURE_LEAST = 0.06;

const SOURCE = `
#ifdef VERTEX
uniform vec3 from;
uniform vec3 velocity;
uniform float duration;
uniform vec3 landing;
uniform vec2 size;                 // radius of the ring, height of the figure
uniform float valid;
out vec2 vPlace;
flat out int vKind;                // 0 arc, 1 ring, 2 figure
vec3 thrown(float t) { return from + velocity * t - vec3(0.0, ${(GRAVITY / 2).toFixed(3)} * t * t, 0.0); }
void main() {
  int quad = gl_VertexID >> 2;
  vec2 corner = vec2(float(gl_VertexID & 1), float((gl_VertexID >> 1) & 1)) * 2.0 - 1.0;
  vec3 place;
  if (quad < ${PIECES}) {
    float share = (float(quad) + corner.y * 0.5 + 0.5) / ${PIECES}.0;
    place = thrown(duration * share);
    vec3 along = velocity - vec3(0.0, ${GRAVITY.toFixed(2)} * duration * share, 0.0);
    vec3 eye = cameraPosition - place;
    vec3 across = cross(along, eye);
    place += across / max(length(across), 1e-6) * corner.x * max(0.004, 0.0022 * length(eye));
    vPlace = vec2(corner.x, share);
    vKind = 0;
  } else if (quad == ${PIECES}) {
    // Far off it is seen edge-on: it grows to be found.
    place = landing + vec3(corner.x, 0.0, corner.y) * max(size.x, 0.05 * length(cameraPosition - landing));
    vPlace = corner;
    vKind = 1;
  } else {
    vec3 eye = cameraPosition - landing;
    vec3 side = normalize(vec3(eye.z, 0.0, -eye.x) + vec3(1e-6, 0.0, 0.0));
    place = landing + side * corner.x * max(size.y * 0.02, 0.002 * length(eye)) + vec3(0.0, size.y * (corner.y * 0.5 + 0.5), 0.0);
    vPlace = corner;
    vKind = 2;
  }
  vec4 clip = projectionMatrix * (viewMatrix * vec4(place, 1.0));
  // It lies on a roof or the ground: drawn where it is, but as deep as something a little nearer.
  vec4 lifted = projectionMatrix * (viewMatrix * vec4(mix(place, cameraPosition, 0.02), 1.0));
  clip.z = max(lifted.z / max(lifted.w, 1e-6), -0.9999) * clip.w;
  gl_Position = vKind == 0 || valid > 0.0 ? clip : vec4(2.0, 2.0, 2.0, 1.0);
}
#else
uniform float valid;
uniform float daylight;
in vec2 vPlace;
flat in int vKind;
layout(location = 0) out vec4 outColour;
void main() {
  vec3 accent = mix(vec3(0.36, 0.80, 1.0), vec3(0.0, 0.36, 0.72), daylight);
  vec3 ink = mix(mix(vec3(0.62, 0.64, 0.68), vec3(0.36), daylight), accent, valid);
  float alpha;
  if (vKind == 0) {
    alpha = (1.0 - smoothstep(0.5, 1.0, abs(vPlace.x))) * smoothstep(0.0, 0.12, vPlace.y) * mix(0.45, 0.9, valid);
    alpha *= mix(1.0 - smoothstep(0.55, 1.0, vPlace.y), 1.0, valid);
  } else if (vKind == 1) {
    float away = length(vPlace);
    float wide = fwidth(away);
    float edge = 1.0 - smoothstep(1.0 - 2.0 * wide, 1.0, away);
    alpha = edge * mix(0.22, 0.95, smoothstep(0.80 - wide, 0.80 + wide, away));
  } else {
    alpha = (1.0 - smoothstep(0.3, 1.0, abs(vPlace.x))) * mix(0.9, 0.0, vPlace.y * 0.5 + 0.5);
  }
  if (alpha < 0.004) discard;
  outColour = vec4(ink, alpha);
}
#endif
`;

export class Marker {
  readonly mesh: Mesh;
  readonly #uniforms = {
    from: { value: new Vector3() }, velocity: { value: new Vector3() }, duration: { value: 0 },
    landing: { value: new Vector3() }, size: { value: [RING, FIGURE] as [number, number] },
    valid: { value: 0 }, daylight: { value: 0 },
  };

  constructor() {
    const geometry = new SeenGeometry();
    const index: number[] = [];
    for (let i = 0; i < (PIECES + 2) * 4; i += 4) index.push(i, i + 1, i + 2, i + 2, i + 1, i + 3);
    geometry.setIndex(index);
    this.mesh = new Mesh(geometry, new RawShaderMaterial({
      ...bare(SOURCE), uniforms: this.#uniforms, glslVersion: GLSL3,
      transparent: true, depthWrite: false, side: 2, // seen from either side
    }));
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
    this.mesh.renderOrder = ORDER;
    this.mesh.visible = false;
  }

  hide(): void {
    this.mesh.visible = false;
  }

  /**
   * Show what is thrown from a hand; all in the room.
   *
   * @param duration Seconds after which it arrives, or is lost.
   * @param landing Where one would stand; `scale` is that of the scene now.
   */
  show(
    from: ReadonlyVector, velocity: ReadonlyVector, duration: number, landing: ReadonlyVector, valid: boolean, scale: number,
    daylight: number,
  ): void {
    const to = this.#uniforms;
    to.from.value.set(from[0], from[1], from[2]);
    to.velocity.value.set(velocity[0], velocity[1], velocity[2]);
    to.duration.value = duration;
    to.landing.value.set(landing[0], landing[1], landing[2]);
    to.size.value[0] = Math.max(RING * scale, RING_LEAST);
    to.size.value[1] = Math.max(FIGURE * scale, FIGURE_LEAST);
    to.valid.value = valid ? 1 : 0;
    to.daylight.value = daylight;
    this.mesh.visible = true;
  }
}
