/** What a device can draw and hold, by what its browser says it is. */
import type { Hello } from "./generated/protocol.ts";
import type { Budget } from "./scene/frontier.ts";

export type Tier = Exclude<Hello["tier"], "pcvr">;

export interface Means {
  readonly budget: Budget;
  /** How much coarser a headset's picture may be at its edges, 0 … 1; thin edges of buildings show it early. */
  readonly foveation: number;
}

export const TIERS: Readonly<Record<Tier, Means>> = {
  quest2: { budget: { nodes: 30_000, spans: 150_000 }, foveation: 0.7 },
  quest3: { budget: { nodes: 80_000, spans: 400_000 }, foveation: 0.4 },
  desktop: { budget: { nodes: 500_000, spans: 2_000_000 }, foveation: 0 },
};

/**
 * The tier of a device.
 *
 * Quest's browser names its model in the user agent ("Quest 2", "Quest Pro", "Quest 3", "Quest 3S"),
 * which is the only thing that tells them apart. The Pro has Quest 2's chip, slightly faster, and
 * more memory: it is taken for a Quest 3 as in the table of budgets. A headset not known here, and whatever is
 * touched rather than clicked (phones, tablets, Vision Pro), draws about as much as a Quest 3.
 */
export function tierOf(userAgent: string, coarse: boolean): Tier {
  if (/\bQuest(?: 1| 2)?[;)]/.test(userAgent)) return "quest2";
  if (/\bQuest\b|\bOculusBrowser\b|\bPico\b|\bVive\b/i.test(userAgent) || coarse) return "quest3";
  return "desktop";
}
