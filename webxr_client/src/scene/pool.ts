/** Integer textures that hold rows of many tiles, written in parts and read by `texelFetch`. */
import { ExternalTexture, type WebGLRenderer } from "three";

/** Texels in a row of every integer texture; the shaders shift by it. */
export const WIDTH = 2048;

/** R32UI, RG32UI or RGBA32UI, by 32-bit words a texel. */
export type Words = 1 | 2 | 4;

/**
 * One integer texture of `texels` texels or more, growing by doubling.
 *
 * It keeps no copy: who writes into it can write again after the context was lost, and is asked to by `rewrite`.
 */
export class Pool {
  readonly texture = new ExternalTexture();
  readonly #renderer: WebGLRenderer;
  readonly #words: Words;
  readonly #rewrite: () => void;
  #height = 0;

  constructor(renderer: WebGLRenderer, words: Words, rewrite: () => void) {
    this.#renderer = renderer;
    this.#words = words;
    this.#rewrite = rewrite;
  }

  get texels(): number {
    return this.#height * WIDTH;
  }

  /** Most texels this device can hold in one texture. */
  get limit(): number {
    return this.#renderer.capabilities.maxTextureSize * WIDTH;
  }

  /** Make sure `texels` fit; what is there stays. */
  reserve(texels: number): void {
    if (texels <= this.texels && this.texture.sourceTexture !== null) return;
    const before = this.#height;
    const old = this.texture.sourceTexture;
    let height = Math.max(before, 4);
    while (height * WIDTH < texels) height *= 2;
    this.#make(Math.min(height, this.#renderer.capabilities.maxTextureSize));
    if (old !== null) this.#copy(old, before);
  }

  /** After a lost context: the old texture is gone with it. */
  restore(): void {
    this.texture.sourceTexture = null;
    if (this.#height === 0) return;
    this.#make(this.#height);
    this.#rewrite();
  }

  /** Take over what was in `old`, on the card: writing all of it again would hold up a frame. */
  #copy(old: WebGLTexture, height: number): void {
    const gl = this.#renderer.getContext() as WebGL2RenderingContext;
    const read = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
    const from = gl.createFramebuffer();
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, from);
    gl.framebufferTexture2D(gl.READ_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, old, 0);
    gl.copyTexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 0, 0, WIDTH, height);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, read);
    gl.deleteFramebuffer(from);
    gl.deleteTexture(old);
  }

  #make(height: number): void {
    const gl = this.#renderer.getContext() as WebGL2RenderingContext;
    const made = gl.createTexture();
    this.texture.sourceTexture = made;
    this.#height = height;
    this.#bind(gl, made);
    const format = this.#words === 4 ? gl.RGBA32UI : this.#words === 2 ? gl.RG32UI : gl.R32UI;
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, WIDTH, height);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  }

  /** Write `words` (whole texels) from texel `first` on: at most three rectangles. */
  write(first: number, words: Uint32Array): void {
    const gl = this.#renderer.getContext() as WebGL2RenderingContext;
    const texture = this.texture.sourceTexture;
    if (texture === null || words.length === 0) return;
    this.#bind(gl, texture);
    const n = this.#words;
    let texels = words.length / n;
    let at = first;
    let from = 0;
    while (texels > 0) {
      const x = at % WIDTH;
      const whole = x === 0 && texels >= WIDTH;
      const wide = whole ? WIDTH : Math.min(WIDTH - x, texels);
      const high = whole ? Math.floor(texels / WIDTH) : 1;
      const part = words.subarray(from * n, (from + wide * high) * n);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, x, Math.floor(at / WIDTH), wide, high,
        n === 4 ? gl.RGBA_INTEGER : n === 2 ? gl.RG_INTEGER : gl.RED_INTEGER, gl.UNSIGNED_INT, part);
      at += wide * high;
      from += wide * high;
      texels -= wide * high;
    }
  }

  dispose(): void {
    const texture = this.texture.sourceTexture;
    if (texture !== null) this.#renderer.getContext().deleteTexture(texture);
    this.texture.sourceTexture = null;
    this.#height = 0;
  }

  #bind(gl: WebGL2RenderingContext, texture: WebGLTexture): void {
    // Through three's own record of the state, which would go stale otherwise.
    const { state } = this.#renderer;
    state.activeTexture(gl.TEXTURE0);
    state.bindTexture(gl.TEXTURE_2D, texture);
    state.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    state.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    state.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    state.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
    state.pixelStorei(gl.UNPACK_SKIP_PIXELS, 0);
    state.pixelStorei(gl.UNPACK_SKIP_ROWS, 0);
  }
}
