/**
 * Reads the models of controllers and hands: binary glTF 2.0, as far as these use it.
 *
 * All meshes of a file become one, which bones move: the joints of a hand, or the parts of a
 * controller that a finger moves. Textures are decoded from the bytes themselves, so that the page's
 * policy need not let anything be fetched from `blob:` addresses.
 */
import { Matrix4, Quaternion, Vector3 } from "three";

/** Something that moves by itself, and takes its part of the mesh along. */
export interface Bone {
  readonly name: string;
  /** Of a part: what it is moved by another part, −1 for the model itself. */
  readonly parent: number;
  /** bone_from_model before anything has moved. */
  readonly inverse: Matrix4;
  /** From its parent to what the next three are in, which does not move. */
  readonly before: Matrix4;
  /** Where it is: at rest, and at either end of its way. */
  readonly rest: Local;
  readonly least: Local;
  readonly most: Local;
}

export interface Local {
  readonly position: Vector3;
  readonly orientation: Quaternion;
}

export interface Model {
  readonly positions: Float32Array;
  readonly normals: Float32Array;
  readonly places: Float32Array;
  /** Four a vertex: rows of `bones`, and how much each counts. */
  readonly joints: Uint8Array;
  readonly weights: Float32Array;
  readonly indices: Uint32Array;
  readonly bones: readonly Bone[];
  readonly image: Blob | null;
}

interface Node {
  readonly name?: string;
  readonly children?: readonly number[];
  readonly mesh?: number;
  readonly skin?: number;
  readonly translation?: readonly number[];
  readonly rotation?: readonly number[];
  readonly scale?: readonly number[];
}

interface Accessor {
  readonly bufferView: number;
  readonly byteOffset?: number;
  readonly componentType: number;
  readonly count: number;
  readonly type: string;
}

interface Document {
  readonly nodes: readonly Node[];
  readonly scenes: readonly { readonly nodes: readonly number[] }[];
  readonly meshes: readonly { readonly primitives: readonly { readonly attributes: Readonly<Record<string, number>>; readonly indices: number }[] }[];
  readonly accessors: readonly Accessor[];
  readonly bufferViews: readonly { readonly byteOffset?: number; readonly byteLength: number; readonly byteStride?: number }[];
  readonly images?: readonly { readonly bufferView: number; readonly mimeType: string }[];
  readonly textures?: readonly { readonly source: number }[];
  readonly materials?: readonly { readonly pbrMetallicRoughness?: { readonly baseColorTexture?: { readonly index: number } } }[];
  readonly skins?: readonly { readonly joints: readonly number[]; readonly inverseBindMatrices: number }[];
}

const MAGIC = 0x46546c67; // "glTF"
const WIDTH: Readonly<Record<string, number>> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };
/** The node that moves a part of a controller, and what the ends of its way are called instead. */
const MOVES = "_pressed_value";

/**
 * @throws {Error} Where `data` is no binary glTF 2.0, or has more in it than these models have.
 */
export function read(data: ArrayBuffer): Model {
  const header = new DataView(data);
  if (data.byteLength < 28 || header.getUint32(0, true) !== MAGIC || header.getUint32(4, true) !== 2) {
    throw new Error("This model is no binary glTF 2.0 file.");
  }
  const length = header.getUint32(12, true);
  const document = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 20, length))) as Document;
  return new Reader(document, data, 28 + length).model();
}

class Reader {
  readonly #document: Document;
  readonly #data: ArrayBuffer;
  readonly #start: number;
  readonly #bones: Bone[] = [];
  readonly #parts: { node: number; bone: number; world: Matrix4 }[] = [];

  constructor(document: Document, data: ArrayBuffer, start: number) {
    this.#document = document;
    this.#data = data;
    this.#start = start;
  }

  model(): Model {
    const skin = this.#document.skins?.[0];
    if (skin !== undefined) {
      const inverse = this.#floats(skin.inverseBindMatrices);
      skin.joints.forEach((joint, i) => this.#bones.push({
        name: this.#document.nodes[joint]!.name ?? "", parent: -1, inverse: new Matrix4().fromArray(inverse, i * 16),
        before: new Matrix4(), rest: local({}), least: local({}), most: local({}),
      }));
    } else {
      // What nobody moves belongs to the model itself.
      this.#bones.push({ name: "", parent: -1, inverse: new Matrix4(), before: new Matrix4(), rest: local({}),
        least: local({}), most: local({}) });
    }
    for (const root of this.#document.scenes[0]?.nodes ?? []) this.#walk(root, new Matrix4(), 0, skin !== undefined);
    return this.#join();
  }

  /** Collect the meshes below a node, each with the bone that takes it along. */
  #walk(index: number, parent: Matrix4, bone: number, skinned: boolean): void {
    const node = this.#document.nodes[index]!;
    const world = parent.clone().multiply(matrixOf(node));
    const name = node.name ?? "";
    if (!skinned && name.endsWith(MOVES)) {
      const end = (which: string) => local(this.#document.nodes.find((other) => other.name === name.replace(/value$/, which)) ?? node);
      this.#bones.push({ name: name.slice(0, -MOVES.length), parent: bone, inverse: world.clone().invert(),
        before: this.#bones[bone]!.inverse.clone().multiply(parent), rest: local(node), least: end("min"), most: end("max") });
      bone = this.#bones.length - 1;
    }
    if (node.mesh !== undefined) this.#parts.push({ node: index, bone, world });
    for (const child of node.children ?? []) this.#walk(child, world, bone, skinned);
  }

  #join(): Model {
    const pieces = this.#parts.flatMap(({ node, bone, world }) =>
      this.#document.meshes[this.#document.nodes[node]!.mesh!]!.primitives.map((primitive) => ({ primitive, bone, world,
        skinned: this.#document.nodes[node]!.skin !== undefined })));
    const count = pieces.reduce((sum, { primitive }) => sum + this.#document.accessors[primitive.attributes["POSITION"]!]!.count, 0);
    const corners = pieces.reduce((sum, { primitive }) => sum + this.#document.accessors[primitive.indices]!.count, 0);
    const model = {
      positions: new Float32Array(count * 3), normals: new Float32Array(count * 3), places: new Float32Array(count * 2),
      joints: new Uint8Array(count * 4), weights: new Float32Array(count * 4), indices: new Uint32Array(corners),
      bones: this.#bones, image: this.#image(),
    };
    let vertex = 0;
    let corner = 0;
    for (const { primitive, bone, world, skinned } of pieces) {
      const { attributes } = primitive;
      const positions = this.#floats(attributes["POSITION"]!);
      const normals = this.#floats(attributes["NORMAL"]!);
      // A skin's mesh lies where its bones are, wherever its node is.
      if (!skinned) bake(positions, normals, world);
      model.positions.set(positions, vertex * 3);
      model.normals.set(normals, vertex * 3);
      if (attributes["TEXCOORD_0"] !== undefined) model.places.set(this.#floats(attributes["TEXCOORD_0"]), vertex * 2);
      const here = positions.length / 3;
      if (skinned) {
        model.joints.set(this.#numbers(attributes["JOINTS_0"]!), vertex * 4);
        model.weights.set(this.#floats(attributes["WEIGHTS_0"]!), vertex * 4);
      } else {
        for (let i = vertex; i < vertex + here; i++) {
          model.joints[i * 4] = bone;
          model.weights[i * 4] = 1;
        }
      }
      const indices = this.#numbers(primitive.indices);
      for (let i = 0; i < indices.length; i++) model.indices[corner + i] = indices[i]! + vertex;
      vertex += here;
      corner += indices.length;
    }
    return model;
  }

  #image(): Blob | null {
    const { materials, textures, images } = this.#document;
    const texture = materials?.[0]?.pbrMetallicRoughness?.baseColorTexture?.index;
    const image = texture === undefined ? undefined : images?.[textures?.[texture]?.source ?? -1];
    if (image === undefined) return null;
    const view = this.#document.bufferViews[image.bufferView]!;
    return new Blob([new Uint8Array(this.#data, this.#start + (view.byteOffset ?? 0), view.byteLength)], { type: image.mimeType });
  }

  #floats(index: number): Float32Array {
    const found = this.#numbers(index);
    if (!(found instanceof Float32Array)) throw new Error("This model has numbers of a kind that is not read here.");
    return found;
  }

  /** A copy of an accessor's numbers. */
  #numbers(index: number): Float32Array | Uint16Array | Uint8Array | Uint32Array {
    const accessor = this.#document.accessors[index]!;
    const view = this.#document.bufferViews[accessor.bufferView]!;
    const from = this.#start + (view.byteOffset ?? 0) + (accessor.byteOffset ?? 0);
    const count = accessor.count * WIDTH[accessor.type]!;
    const slice = (bytes: number) => this.#data.slice(from, from + count * bytes);
    if (view.byteStride === undefined) {
      switch (accessor.componentType) {
        case 5121: return new Uint8Array(slice(1));
        case 5123: return new Uint16Array(slice(2));
        case 5125: return new Uint32Array(slice(4));
        case 5126: return new Float32Array(slice(4));
      }
    }
    throw new Error("This model has numbers of a kind that is not read here.");
  }
}

function local({ translation = [0, 0, 0], rotation = [0, 0, 0, 1] }: Node): Local {
  return { position: new Vector3().fromArray(translation), orientation: new Quaternion().fromArray(rotation).normalize() };
}

function matrixOf(node: Node): Matrix4 {
  const { position, orientation } = local(node);
  return new Matrix4().compose(position, orientation, new Vector3().fromArray(node.scale ?? [1, 1, 1]));
}

/** Move vertices to where a node is. */
function bake(positions: Float32Array, normals: Float32Array, world: Matrix4): void {
  const vector = new Vector3();
  for (let at = 0; at < positions.length; at += 3) {
    vector.fromArray(positions, at).applyMatrix4(world).toArray(positions, at);
    vector.fromArray(normals, at).transformDirection(world).toArray(normals, at);
  }
}
