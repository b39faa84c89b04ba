/** Which labels are shown: none over another, the large and near first, and those shown stay. */

/** Something to label, in the picture: pixels from its left and top. */
export interface Wish {
  /** Stable between calls: what was shown is preferred under this name. */
  key: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  weight: number;
  shown: boolean;
}

/** How much heavier a label counts while it is shown, so that two of like weight do not take turns. */
const LOYALTY = 1.3;

/**
 * Decide `shown` for wishes[0 … count), at most `most` of them, `gap` pixels apart.
 *
 * Greedy by weight. The order is left changed; cost is count · most.
 */
export function place(wishes: Wish[], count: number, most: number, gap: number): number {
  for (let i = 0; i < count; i++) if (wishes[i]!.shown) wishes[i]!.weight *= LOYALTY;
  sortByWeight(wishes, count);
  let placed = 0;
  for (let i = 0; i < count; i++) {
    const wish = wishes[i]!;
    wish.shown = placed < most && wish.weight > 0 && isFree(wishes, placed, wish, gap);
    if (!wish.shown) continue;
    // Shown ones gather at the front.
    wishes[i] = wishes[placed]!;
    wishes[placed++] = wish;
  }
  return placed;
}

function isFree(placed: Wish[], count: number, wish: Wish, gap: number): boolean {
  for (let i = 0; i < count; i++) {
    const other = placed[i]!;
    if (wish.left < other.right + gap && other.left < wish.right + gap
      && wish.top < other.bottom + gap && other.top < wish.bottom + gap) return false;
  }
  return true;
}

/** By insertion: the order hardly changes from frame to frame, and sorting in place makes no garbage. */
function sortByWeight(wishes: Wish[], count: number): void {
  for (let i = 1; i < count; i++) {
    const wish = wishes[i]!;
    let k = i;
    for (; k > 0 && wishes[k - 1]!.weight < wish.weight; k--) wishes[k] = wishes[k - 1]!;
    wishes[k] = wish;
  }
}
