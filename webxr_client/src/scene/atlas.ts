/** Texts as pixels in one texture: set by the browser in whatever script they are, each only once. */
import { ExternalTexture, type WebGLRenderer } from "three";

const SIDE = 2048;

/** A text in the atlas, in device pixels. */
export interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class Atlas {
  readonly texture = new ExternalTexture();
  /** Counts up when all texts were forgotten: frames found earlier are no longer theirs. */
  version = 0;
  readonly side = SIDE;

  readonly #renderer: WebGLRenderer;
  readonly #canvas = document.createElement("canvas");
  readonly #pen: CanvasRenderingContext2D;
  readonly #placed = new Map<string, Placed>();
  #x = 0;
  #y = 0;
  #high = 0;

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
    const pen = this.#canvas.getContext("2d", { willReadFrequently: true });
    if (pen === null) throw new Error("This browser has no 2D canvas to set labels with.");
    this.#pen = pen;
    this.restore();
  }

  /** A new texture, everything forgotten: at first, and after a lost context, with which the old one went. */
  restore(): void {
    const gl = this.#renderer.getContext() as WebGL2RenderingContext;
    const made = gl.createTexture();
    this.texture.sourceTexture = made;
    this.#bind(gl);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, SIDE, SIDE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    this.forget();
  }

  /** Where `text` lies, set in `font` (CSS, device pixels); draws it the first time. */
  find(text: string, font: string, size: number): Placed {
    const key = `${font}\n${text}`;
    let placed = this.#placed.get(key);
    if (placed === undefined) {
      placed = this.#draw(text, font, size);
      this.#placed.set(key, placed);
    }
    return placed;
  }

  #draw(text: string, font: string, size: number): Placed {
    const pen = this.#pen;
    const halo = Math.max(2, Math.round(size * 0.22));
    pen.font = font;
    const width = Math.min(Math.ceil(pen.measureText(text).width) + 2 * halo + 2, SIDE);
    const height = Math.ceil(size * 1.3) + 2 * halo;
    if (this.#x + width > SIDE) {
      this.#x = 0;
      this.#y += this.#high + 1;
      this.#high = 0;
    }
    if (this.#y + height > SIDE) this.forget();
    const placed = { x: this.#x, y: this.#y, width, height };
    this.#x += width + 1;
    this.#high = Math.max(this.#high, height);

    this.#canvas.width = width; // also resets the pen
    this.#canvas.height = height;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, width, height);
    pen.globalCompositeOperation = "lighter";
    pen.font = font;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = halo * 2 - 1;
    const middle = height / 2 + size * 0.04;
    pen.strokeStyle = pen.shadowColor = "#0f0";
    pen.strokeText(text, halo + 1, middle);
    pen.fillStyle = "#f00";
    pen.fillText(text, halo + 1, middle);

    const gl = this.#renderer.getContext() as WebGL2RenderingContext;
    this.#bind(gl);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, placed.x, placed.y, width, height, gl.RGBA, gl.UNSIGNED_BYTE, this.#canvas);
    return placed;
  }

  /** Set every text anew, as in another font. */
  forget(): void {
    this.#placed.clear();
    this.#x = this.#y = this.#high = 0;
    this.version++;
  }

  #bind(gl: WebGL2RenderingContext): void {
    const { state } = this.#renderer;
    state.activeTexture(gl.TEXTURE0);
    state.bindTexture(gl.TEXTURE_2D, this.texture.sourceTexture as WebGLTexture);
    state.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    state.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    state.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    state.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
    state.pixelStorei(gl.UNPACK_SKIP_PIXELS, 0);
    state.pixelStorei(gl.UNPACK_SKIP_ROWS, 0);
  }
}
