/** A model in the room: one mesh, one draw, moved by up to 25 bones. */
import {
  BufferAttribute, CapsuleGeometry, DataTexture, GLSL3, LinearFilter, LinearMipmapLinearFilter, Matrix4, Mesh, NoBlending,
  NormalBlending, Quaternion, RawShaderMaterial, Texture, Vector3,
} from "three";
import { JOINTS } from "../input/hands.ts";
import { SeenGeometry } from "../scene/eyes.ts";
import { stages } from "../scene/shaders.ts";
import { read, type Bone, type Model } from "./glb.ts";

/** Before the city where it is a hole in it, else after it and before what is written. */
const FIRST = -1;
const ORDER = 5;

const NOTHING = new DataTexture(new Uint8Array(4), 1, 1);
NOTHING.needsUpdate = true;

const SOURCE = `
#ifdef VERTEX
uniform mat4 bones[${JOINTS}];     // room_from_model of each
in vec3 position;
in vec3 normal;
in vec2 place;
in vec4 joints;
in vec4 weights;
out vec3 vNormal;
out vec3 vEye;
out vec2 vPlace;
void main() {
  mat4 bone = bones[int(joints.x)] * weights.x + bones[int(joints.y)] * weights.y
            + bones[int(joints.z)] * weights.z + bones[int(joints.w)] * weights.w;
  vec4 room = bone * vec4(position, 1.0);
  vNormal = mat3(bone) * normal;
  vEye = cameraPosition - room.xyz;
  vPlace = place;
  vec4 clip = projectionMatrix * (viewMatrix * room);
  // The city decides where depth begins: what is held nearer than that is still drawn.
  clip.z = max(clip.z, -0.9999 * clip.w);
  gl_Position = clip;
}
#else
uniform sampler2D map;
uniform float textured;
uniform float opacity;
uniform float hole;                // 1: what is real shows through here
in vec3 vNormal;
in vec3 vEye;
in vec2 vPlace;
// The room's light: hemisphere, and one key light from over the right shoulder.
vec3 lit(vec3 normal) {
  vec3 above = byHour(vec3(0.40, 0.50, 0.76), vec3(0.66, 0.70, 0.78));
  vec3 below = byHour(vec3(0.15, 0.165, 0.22), vec3(0.42, 0.405, 0.39));
  vec3 key = byHour(vec3(0.66, 0.59, 0.50), vec3(0.50, 0.46, 0.38));
  return mix(below, above, 0.5 + 0.5 * normal.y) + key * max(dot(normal, vec3(0.5, 0.7071, 0.5)), 0.0);
}
layout(location = 0) out vec4 outColour;
void main() {
  vec3 normal = normalize(gl_FrontFacing ? vNormal : -vNormal);
  vec3 skin = byHour(vec3(0.30, 0.34, 0.42), vec3(0.50, 0.52, 0.56));
  // Plastic as it is, but none of it white: what is held is not what is looked at.
  vec3 shell = decode(texture(map, vPlace).rgb) * byHour(vec3(0.50), vec3(0.80))
             + byHour(vec3(0.030, 0.035, 0.044), vec3(0.012)); // black ones are seen by night, too
  float edge = 1.0 - max(dot(normal, normalize(vEye)), 0.0);
  vec3 colour = mix(skin, shell, textured) * lit(normal);
  colour += byHour(vec3(0.20, 0.27, 0.40), vec3(0.10)) * edge * edge * edge * mix(0.9, 0.45, textured);
  outColour = hole > 0.5 ? vec4(0.0) : vec4(encode(colour).rgb, opacity);
}
#endif
`;
const MODEL = stages(SOURCE, SOURCE);

export class Shape {
  readonly mesh: Mesh;
  readonly bones: readonly Bone[];
  /** room_from_model of each bone: to be written, column after column. */
  readonly matrices = new Float32Array(JOINTS * 16);
  readonly #material: RawShaderMaterial;
  readonly #uniforms;

  constructor(model: Model, map: Texture | null, daylight: { value: number }) {
    this.bones = model.bones;
    const geometry = new SeenGeometry();
    geometry.setAttribute("position", new BufferAttribute(model.positions, 3));
    geometry.setAttribute("normal", new BufferAttribute(model.normals, 3));
    geometry.setAttribute("place", new BufferAttribute(model.places, 2));
    geometry.setAttribute("joints", new BufferAttribute(model.joints, 4));
    geometry.setAttribute("weights", new BufferAttribute(model.weights, 4));
    const short = model.positions.length / 3 < 65536;
    geometry.setIndex(new BufferAttribute(short ? new Uint16Array(model.indices) : model.indices, 1));
    this.#uniforms = {
      bones: { value: this.matrices }, map: { value: map ?? NOTHING }, textured: { value: map === null ? 0 : 1 },
      opacity: { value: 1 }, hole: { value: 0 }, daylight,
    };
    this.#material = new RawShaderMaterial({ ...MODEL, uniforms: this.#uniforms, glslVersion: GLSL3, transparent: true, side: 2 });
    this.mesh = new Mesh(geometry, this.#material);
    this.mesh.frustumCulled = false; // its bones are where it is
    this.mesh.matrixAutoUpdate = false;
    this.mesh.renderOrder = ORDER;
    this.mesh.visible = false;
  }

  set opacity(opacity: number) {
    this.#uniforms.opacity.value = opacity;
    this.mesh.visible = opacity > 0;
  }

  /** Over the real world: be a hole in the city, through which what is really there is seen. */
  set hole(hole: boolean) {
    this.#uniforms.hole.value = hole ? 1 : 0;
    this.#material.blending = hole ? NoBlending : NormalBlending;
    this.#material.transparent = !hole; // those come after all that is solid
    this.mesh.renderOrder = hole ? FIRST : ORDER;
  }
}

/** Fetch the model at an address of ours. */
export async function fetched(address: string, daylight: { value: number }): Promise<Shape> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`The model ${address} could not be fetched: ${answer.status}.`);
  const model = read(await answer.arrayBuffer());
  return new Shape(model, model.image === null ? null : await textureOf(model.image), daylight);
}

async function textureOf(image: Blob): Promise<Texture> {
  const bitmap = await createImageBitmap(image, { colorSpaceConversion: "none", resizeWidth: 512, resizeHeight: 512, resizeQuality: "high" });
  const texture = new Texture(bitmap);
  texture.flipY = false;
  texture.minFilter = LinearMipmapLinearFilter;
  texture.magFilter = LinearFilter;
  texture.anisotropy = 2;
  texture.needsUpdate = true;
  return texture;
}

/** What is held, where nobody has a model of it: a rod as long as a hand, along −Z. */
export function plain(daylight: { value: number }): Shape {
  const geometry = new CapsuleGeometry(0.014, 0.10, 6, 20);
  geometry.rotateX(-Math.PI / 2 + 0.35);
  const count = geometry.getAttribute("position").count;
  const index = geometry.getIndex()!;
  const model: Model = {
    positions: Float32Array.from(geometry.getAttribute("position").array), normals: Float32Array.from(geometry.getAttribute("normal").array),
    places: new Float32Array(count * 2), joints: new Uint8Array(count * 4), weights: new Float32Array(count * 4),
    indices: Uint32Array.from(index.array), image: null,
    bones: [{ name: "", parent: -1, inverse: new Matrix4(), before: new Matrix4(), rest: still(), least: still(), most: still() }],
  };
  for (let i = 0; i < count; i++) model.weights[i * 4] = 1;
  geometry.dispose();
  return new Shape(model, null, daylight);
}

const still = (): Bone["rest"] => ({ position: new Vector3(), orientation: new Quaternion() });
