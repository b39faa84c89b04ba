/** What of a panel can be pressed, and where: its bar and foot stay, its body is scrolled between them. */
import type { Area } from "./canvas.ts";
import type { Target } from "./widgets.ts";

/** A hand may miss what it presses by so much; units. */
export const SLACK = 8;

export class Targets {
  /** Units from the panel's upper edge: where the body is seen; and of the body, how high it is and from where it is seen. */
  viewTop = 0;
  viewBottom = 0;
  bodyHeight = 0;
  scroll = 0;

  #fixed: readonly Target[] = [];
  #body: readonly Target[] = [];

  /** It was laid out anew. */
  set(fixed: readonly Target[], body: readonly Target[]): void {
    this.#fixed = fixed;
    this.#body = body;
  }

  all(): Target[] {
    return [...this.#fixed, ...this.#body];
  }

  /** The one of a name; undefined where nothing is called that. */
  named(name: string): Target | undefined {
    return this.#fixed.find((each) => each.name === name) ?? this.#body.find((each) => each.name === name);
  }

  get view(): number {
    return this.viewBottom - this.viewTop;
  }

  get scrollMost(): number {
    return Math.max(0, this.bodyHeight - this.view);
  }

  /** What lies at a place, or nearest to it within `slack`; `only`: that or nothing. */
  at(x: number, y: number, slack = SLACK, only?: Target): Target | undefined {
    let best: Target | undefined;
    let nearest = slack;
    for (let i = 0; i < this.#fixed.length + this.#body.length; i++) {
      const inBody = i >= this.#fixed.length;
      const target = inBody ? this.#body[i - this.#fixed.length]! : this.#fixed[i]!;
      if (only !== undefined && target !== only) continue;
      if (inBody && this.scrollMost > 0 && (y < this.viewTop || y > this.viewBottom)) continue;
      const { area } = target;
      const top = inBody ? area.y + this.viewTop - this.scroll : area.y;
      const away = Math.max(area.x - x, x - area.x - area.width, top - y, y - top - area.height, 0);
      if (away < nearest || (away === 0 && best === undefined)) {
        nearest = away;
        best = target;
      }
      if (away === 0) break;
    }
    return best;
  }

  /** Where a target is seen. */
  areaOf(target: Target): Area {
    const { area } = target;
    if (!this.#body.includes(target)) return area;
    const top = area.y + this.viewTop - this.scroll;
    const from = this.scrollMost > 0 ? Math.max(top, this.viewTop) : top;
    const to = this.scrollMost > 0 ? Math.min(top + area.height, this.viewBottom) : top + area.height;
    return { ...area, y: from, height: to - from };
  }
}
