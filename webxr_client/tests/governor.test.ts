import { governed, newGovernor, type Governor } from "../src/scene/governor.ts";
import { holds } from "./vectors.ts";

holds("governor/governor.governed", (state: Governor, frames: [number, number][], refresh: number) => {
  const now = Object.assign(newGovernor(), state);
  return frames.map(([count, seconds]) => {
    for (let i = 0; i < count; i++) governed(now, seconds, refresh, now);
    return { ...now };
  });
});
