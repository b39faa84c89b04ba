/** What is seen of pointing: a thin ray from each hand, and a disc on what it meets. One draw for both hands. */
import { GLSL3, Mesh, RawShaderMaterial, Vector2, Vector3 } from "three";
import { SeenGeometry } from "../scene/eyes.ts";
import { bare } from "../scene/shaders.ts";
import type { Hand } from "../input/hands.ts";
import * as spaces from "../spaces.ts";
import type { ReadonlyVector, Vector } from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { Moment, Part, Pointed } from "./part.ts";

/** Radius of a disc as seen from between the eyes, radians; and at least, metres. */
const DISC = 0.0080;
const DISC_LEAST = 0.0026;
/** Rays and discs come and go in so many seconds. */
const FADE_SECONDS = 0.12;
/** The ground is marked up to so many metres away: farther off nobody points at it, they only hold a hand. */
const GROUND_MOST = 8;
const GROUND_STRENGTH = 0.55;
/** A panel that is this near (metres) is reached by the fingers themselves. */
const BY_FINGER = 0.1;
const ORDER = 12;

const SOURCE = `
#ifdef VERTEX
uniform vec3 from[2];
uniform vec3 to[2];
uniform vec3 normal[2];
uniform float radius[2];
uniform vec2 strength[2];          // of the ray, of the disc
uniform float press[2];
out vec2 vPlace;                   // of a ray: across −1 … 1, metres along; of a disc: −1 … 1 each way
flat out vec4 vLook;               // strength, press, length, 1 for a disc
void main() {
  int quad = gl_VertexID >> 2;
  int hand = quad & 1;
  vec2 corner = vec2(float(gl_VertexID & 1), float((gl_VertexID >> 1) & 1)) * 2.0 - 1.0;
  vec3 place;
  float nearer = 0.0;
  if (quad < 2) {
    vec3 along = to[hand] - from[hand];
    place = mix(from[hand], to[hand], corner.y * 0.5 + 0.5);
    vec3 eye = cameraPosition - place;
    vec3 across = cross(along, eye);
    // As wide as a pixel or two of any headset: what is thinner shimmers.
    place += across / max(length(across), 1e-6) * corner.x * max(0.0011, 0.0014 * length(eye));
    vPlace = vec2(corner.x, (corner.y * 0.5 + 0.5) * length(along));
    vLook = vec4(strength[hand].x, press[hand], length(along), 0.0);
  } else {
    vec3 facing = normal[hand];
    vec3 side = normalize(abs(facing.y) < 0.9 ? cross(vec3(0.0, 1.0, 0.0), facing) : cross(vec3(1.0, 0.0, 0.0), facing));
    place = to[hand] + (side * corner.x + cross(facing, side) * corner.y) * radius[hand] * mix(1.0, 0.78, press[hand]);
    vPlace = corner;
    vLook = vec4(strength[hand].y, press[hand], 0.0, 1.0);
    nearer = 0.012;
  }
  vec4 clip = projectionMatrix * (viewMatrix * vec4(place, 1.0));
  // A disc lies on a face: it is drawn where it is, but as deep as something a little nearer.
  vec4 lifted = projectionMatrix * (viewMatrix * vec4(mix(place, cameraPosition, nearer), 1.0));
  clip.z = max(lifted.z / max(lifted.w, 1e-6), -0.9999) * clip.w;
  gl_Position = vLook.x > 0.0 ? clip : vec4(2.0, 2.0, 2.0, 1.0);
}
#else
uniform float daylight;
in vec2 vPlace;
flat in vec4 vLook;
layout(location = 0) out vec4 outColour;
void main() {
  vec3 ink = mix(vec3(0.90, 0.95, 1.0), vec3(0.10, 0.13, 0.19), daylight);
  vec3 rim = mix(vec3(0.02, 0.03, 0.06), vec3(1.0), daylight);
  vec3 accent = mix(vec3(0.36, 0.80, 1.0), vec3(0.0, 0.36, 0.72), daylight);
  ink = mix(ink, accent, vLook.y);
  float alpha = vLook.x;
  if (vLook.w == 0.0) {
    float across = abs(vPlace.x);
    float wide = fwidth(vPlace.x);
    alpha *= 1.0 - smoothstep(max(1.0 - 1.5 * wide, 0.1), 1.0, across);
    float away = vPlace.y;
    alpha *= smoothstep(0.03, 0.12, away) * mix(0.75, 0.26, smoothstep(0.12, 1.2, away));
    alpha *= (1.0 - smoothstep(2.0, 5.0, away)) * mix(1.0, 1.35, vLook.y);
    alpha *= smoothstep(0.0, 0.01, vLook.z - away);
  } else {
    float away = length(vPlace);
    float wide = fwidth(away);
    ink = mix(ink, rim, smoothstep(0.62 - wide, 0.62 + wide, away) * 0.85);
    alpha *= (1.0 - smoothstep(1.0 - 2.0 * wide, 1.0, away)) * mix(1.0, 0.5, smoothstep(0.62, 0.9, away));
  }
  if (alpha < 0.004) discard;
  outColour = vec4(ink, min(alpha, 1.0));
}
#endif
`;

export class Rays implements Part {
  readonly root: Mesh;

  readonly #viewer: Viewer;
  readonly #uniforms = {
    from: { value: [new Vector3(), new Vector3()] as const },
    to: { value: [new Vector3(), new Vector3()] as const },
    normal: { value: [new Vector3(0, 1, 0), new Vector3(0, 1, 0)] as const },
    radius: { value: [0, 0] as [number, number] },
    strength: { value: [new Vector2(), new Vector2()] as const },
    press: { value: [0, 0] as [number, number] },
    daylight: { value: 0 },
  };
  readonly #ray: Vector = [0, 0, 0];
  readonly #end: Vector = [0, 0, 0];

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    const geometry = new SeenGeometry();
    geometry.setIndex([0, 1, 2, 2, 1, 3, 4, 5, 6, 6, 5, 7, 8, 9, 10, 10, 9, 11, 12, 13, 14, 14, 13, 15]);
    this.root = new Mesh(geometry, new RawShaderMaterial({
      ...bare(SOURCE), uniforms: this.#uniforms, glslVersion: GLSL3,
      transparent: true, depthWrite: false, side: 2, // seen from either side
    }));
    this.root.frustumCulled = false;
    this.root.matrixAutoUpdate = false;
    this.root.renderOrder = ORDER;
  }

  begin(): void {
    for (const strength of this.#uniforms.strength.value) strength.set(0, 0);
  }

  step(moment: Moment): void {
    this.#uniforms.daylight.value = this.#viewer.city.uniforms.daylight.value;
    const step = moment.dt / FADE_SECONDS;
    let seen = false;
    for (let i = 0 as 0 | 1; i < 2; i++) {
      const hand = moment.hands.both[i];
      const pointed = moment.pointed[i];
      const strength = this.#uniforms.strength.value[i];
      const shown = hand.tracked && hand.owner !== "world" && hand.owner !== "placement" ? wanted(pointed, hand) : 0;
      if (shown > 0) this.#lay(i, hand.aim, pointed, moment.head.position);
      strength.x = towards(strength.x, hand.kind === "gaze" ? 0 : shown, step); // from one's own eyes no ray is seen
      strength.y = towards(strength.y, shown, step);
      const { press } = this.#uniforms;
      press.value[i] = towards(press.value[i], hand.select.pressed ? 1 : 0, 2 * step);
      seen = seen || strength.x > 0 || strength.y > 0;
    }
    this.root.visible = seen;
  }

  /** Put a hand's ray from it to what it points at, and the disc onto that. */
  #lay(i: 0 | 1, aim: spaces.ReadonlyPose, pointed: Pointed, head: ReadonlyVector): void {
    const { from, to, normal, radius } = this.#uniforms;
    const { position } = aim;
    const end = this.#end;
    spaces.rotate(aim.orientation, spaces.setVector(this.#ray, 0, 0, -1), this.#ray);
    for (let k = 0 as 0 | 1 | 2; k < 3; k++) end[k] = position[k] + this.#ray[k] * pointed.distance;
    from.value[i].fromArray(position);
    to.value[i].fromArray(end);
    const [x, y, z] = pointed.kind === "panel" ? spaces.setVector(this.#ray, head[0] - end[0], head[1] - end[1], head[2] - end[2])
      : pointed.normal;
    normal.value[i].set(x, y, z).normalize();
    const away = Math.hypot(end[0] - head[0], end[1] - head[1], end[2] - head[2]);
    radius.value[i] = Math.max(away * DISC, DISC_LEAST);
  }
}

/** How strongly pointing is shown, 0 … 1. */
function wanted({ kind, distance, touched }: Pointed, hand: Hand): number {
  if (touched || kind === "nothing") return 0;
  if (kind === "panel" && hand.kind === "fingers" && distance < BY_FINGER) return 0;
  if (kind !== "ground") return 1;
  return distance < GROUND_MOST ? GROUND_STRENGTH : 0;
}

function towards(value: number, target: number, step: number): number {
  return value < target ? Math.min(value + step, target) : Math.max(value - step, target);
}
