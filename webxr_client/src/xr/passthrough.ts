/** The real room as the backdrop: no sky, a shadow where the plate stands, and real things in front of the city. */
import {
  CustomBlending, DoubleSide, GLSL3, Mesh, OneFactor, OneMinusSrcAlphaFactor, RawShaderMaterial, Vector4,
  type WebGLRenderer,
} from "three";
import type { City } from "../scene/city.ts";
import { SeenGeometry } from "../scene/eyes.ts";
import { FOOT } from "../scene/shaders.ts";
import * as spaces from "../spaces.ts";
import { RealDepth } from "./depth.ts";
import type { Mode, Moment, Part } from "./part.ts";

/** What the line around the plate says: a surface was found, or none was. Linear colours. */
const FOUND = [0.02, 0.42, 0.95] as const;
const FLOATING = [0.95, 0.40, 0.05] as const;

export class Passthrough implements Part {
  readonly root: Mesh;

  readonly #renderer: WebGLRenderer;
  readonly #city: City;
  readonly #pose: spaces.ReadonlyPose;
  readonly #depth = new RealDepth();
  readonly #uniforms;

  /** @param pose `world_from_scene`, as it is kept up to date. */
  constructor(renderer: WebGLRenderer, city: City, pose: spaces.ReadonlyPose) {
    this.#renderer = renderer;
    this.#city = city;
    this.#pose = pose;
    this.#uniforms = {
      shade: { value: 0 }, outline: { value: new Vector4(0, 0, 0, 0) },
      daylight: city.uniforms.daylight, haze: city.uniforms.haze, sceneBounds: city.uniforms.sceneBounds,
    };
    const quad = new SeenGeometry();
    quad.setIndex([0, 1, 2, 2, 1, 3]);
    this.root = new Mesh(quad, new RawShaderMaterial({
      ...FOOT, uniforms: this.#uniforms, glslVersion: GLSL3, side: DoubleSide, transparent: true, depthWrite: false,
      blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor, // premultiplied, as the room is put behind
    }));
    this.root.frustumCulled = this.root.matrixAutoUpdate = this.root.visible = false;
  }

  begin(session: XRSession, mode: Mode): void {
    this.#city.backdrop = mode !== "ar";
    this.root.visible = mode === "ar";
    // Where light is added to the room's, black is nothing: there is no shadow to be had.
    this.#uniforms.shade.value = session.environmentBlendMode === "additive" ? 0 : 0.65;
  }

  step(moment: Moment): void {
    if (moment.mode !== "ar") return;
    this.root.visible = this.#city.standing;
    spaces.matrix(this.#pose, this.root.matrixWorld.elements);
    this.#depth.step(this.#renderer);
  }

  end(): void {
    this.#city.backdrop = true;
    this.root.visible = false;
    this.mark("placed");
  }

  /** The line around the plate: while it is being placed. */
  mark(as: "found" | "floating" | "placed"): void {
    const { outline } = this.#uniforms;
    const [r, g, b] = as === "found" ? FOUND : FLOATING;
    outline.value.set(r, g, b, as === "placed" ? 0 : 0.95);
  }
}
