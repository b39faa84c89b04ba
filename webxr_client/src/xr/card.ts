/** What has to be known in a headset as well: that the line is down, what went wrong, how far loading is. */
import { Panel } from "./panel.ts";
import type { Showing } from "./panels.ts";
import type { Moment } from "./part.ts";
import type { Stand } from "./stand.ts";
import type { Widget } from "./widgets.ts";

/** What the window says. */
export interface Said {
  /** A state that lasts, and what was said for a while; "" where there is none. */
  readonly notices: { readonly text: string; readonly note: string };
  readonly loading: { readonly text: string; readonly share: number; readonly over: boolean };
}

/** Seconds that a state lasts before it is told: a line that comes back at once need not be. */
const PATIENCE = 0.7;
/** And seconds between two looks whether it can be read from here. */
const AGAIN = 1;

export class Card implements Showing {
  readonly panel = new Panel("card", { distance: 0.7, width: 460, pad: 18 });
  readonly panels = [this.panel];

  readonly #said: Said;
  readonly #stand: Stand;
  readonly #others: () => readonly Panel[];
  #text = "";
  #note = "";
  #share = -2;
  #since = 0;
  #looked = 0;

  constructor(said: Said, stand: Stand, others: () => readonly Panel[]) {
    this.#said = said;
    this.#stand = stand;
    this.#others = others;
  }

  begin(): void {
    this.#text = this.#note = "";
    this.#share = -2;
    this.#since = 0;
  }

  end(): void {
    this.panel.hide();
  }

  follow(moment: Moment): void {
    const { notices, loading } = this.#said;
    const loads = !loading.over;
    const state = notices.text !== "" ? notices.text : loads ? loading.text : "";
    this.#since = state === "" ? 0 : this.#since + moment.dt;
    const text = this.#since >= PATIENCE ? state : "";
    const share = text !== "" && loads ? Math.round(loading.share * 50) / 50 : -2;
    const { note } = notices;
    if (text !== this.#text || note !== this.#note || share !== this.#share) {
      this.#text = text;
      this.#note = note;
      this.#share = share;
      this.#show();
      if (this.panel.open && !this.#stand.readable(this.panel, moment)) this.#place(moment);
      this.#looked = 0;
    } else if (this.panel.open && moment.seen) {
      // It is for whoever looks elsewhere by now, too.
      this.#looked += moment.dt;
      if (this.#looked < AGAIN) return;
      this.#looked = 0;
      if (!this.#stand.readable(this.panel, moment)) this.#place(moment);
    }
  }

  #place(moment: Moment): void {
    this.#stand.place(this.panel, moment, undefined, 1, this.#others());
  }

  #show(): void {
    const body: Widget[] = [];
    if (this.#text !== "") body.push({ kind: "text", text: this.#text, weight: 500, middle: true, most: 4 });
    if (this.#share >= -1) body.push({ kind: "progress", share: this.#share });
    if (this.#note !== "") body.push({ kind: "text", text: this.#note, middle: true, most: 6 });
    if (body.length === 0) this.panel.hide();
    else this.panel.show({ body });
  }
}
