/**
 * Real things hide what is behind them, where the device measures how far they are.
 *
 * three.js writes the measured depth before it draws anything else. It is off by some centimetres:
 * as measured, a table would hide the lowest floors of what stands on it. So it is moved away a little.
 */
import { ShaderMaterial, Vector2, type Mesh, type WebGLRenderer } from "three";

const FRAGMENT = `
uniform sampler2DArray depthColor;
uniform float depthWidth;
uniform float depthHeight;
uniform vec2 inverses;             // 1 / near, 1 / far
const float SHARE = 0.02;          // how much farther everything is taken to be, and metres besides
const float METRES = 0.035;
void main() {
  vec2 place = gl_FragCoord.xy / vec2(depthWidth, depthHeight);
  float right = step(1.0, place.x);
  float measured = texture(depthColor, vec3(place.x - right, place.y, right)).r;
  // Depth is linear in 1 / metres.
  float inverse = mix(inverses.x, inverses.y, measured);
  inverse /= 1.0 + SHARE + METRES * inverse;
  gl_FragDepth = clamp((inverses.x - inverse) / (inverses.x - inverses.y), 0.0, 1.0);
}`;

const VERTEX = "void main() { gl_Position = vec4(position, 1.0); }";

export class RealDepth {
  readonly #inverses = { value: new Vector2(1, 0) };
  #mesh: Mesh | null = null;

  /** Take care of what three.js draws from the device's depth; does nothing where there is none. */
  step(renderer: WebGLRenderer): void {
    const mesh = renderer.xr.getDepthSensingMesh();
    if (mesh === null) return;
    const camera = renderer.xr.getCamera();
    this.#inverses.value.set(1 / camera.near, 1 / camera.far);
    if (mesh === this.#mesh) return;
    this.#mesh = mesh; // a new one every session
    const theirs = mesh.material as ShaderMaterial;
    mesh.material = new ShaderMaterial({
      vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms: { ...theirs.uniforms, inverses: this.#inverses }, colorWrite: false,
    });
    mesh.frustumCulled = false;
    theirs.dispose();
  }
}
