import assert from "node:assert/strict";
import { test } from "node:test";

import * as clock from "../src/clock.ts";
import type { Playback } from "../src/clock.ts";
import * as locomotion from "../src/navigation/locomotion.ts";
import type { Actions, Gaze, Journey } from "../src/navigation/locomotion.ts";
import * as playback from "../src/navigation/playback.ts";
import * as selection from "../src/navigation/selection.ts";
import type { Selection } from "../src/navigation/selection.ts";
import type { Pose, Vector } from "../src/spaces.ts";
import { holds } from "./vectors.ts";

holds("navigation/playback.toggle", (s: Playback, line: number[]) => playback.toggle(s, clock.calendar(line)));
holds("navigation/playback.step", (s: Playback, line: number[], ranks: number) =>
  playback.step(s, clock.calendar(line), ranks),
);
holds("navigation/playback.scrub", (s: Playback, line: number[], share: number) =>
  playback.scrub(s, clock.calendar(line), share),
);
holds("navigation/playback.faster", (s: Playback, _: number[], factor: number) => playback.faster(s, factor));
holds("navigation/playback.other_pace", (s: Playback) => playback.otherPace(s));

function plain(journey: Journey, frame: number): unknown {
  const { pose, velocity, spin, zooming, holding, level, rest, gliding, past } = structuredClone(journey);
  return { frame, pose, velocity, spin, zooming, holding, level, rest, gliding, past: past.length };
}

holds("navigation/locomotion.journey", (home: Pose, script: [Partial<Actions>, number][]) => {
  const journey = locomotion.newJourney(home);
  const seen: unknown[] = [];
  for (const [frame, [asked, seconds]] of script.entries()) {
    locomotion.step(journey, { ...locomotion.newActions(), ...asked }, seconds, journey);
    if (frame % 5 === 4 || frame === script.length - 1) seen.push(plain(journey, frame));
  }
  return seen;
});
holds("navigation/locomotion.overview", (pose: Pose, box: number[], fov: number, aspect: number, round: boolean) =>
  locomotion.overview(pose, box, fov, aspect, round),
);
holds("navigation/locomotion.depth_range", (pose: Pose, box: number[], eye: Vector) =>
  locomotion.depthRange(pose, box, eye),
);
holds("navigation/locomotion.drag", (pose: Pose, grip: Vector, hand: Vector) => locomotion.drag(pose, grip, hand));
holds("navigation/locomotion.between", (a: Gaze, b: Gaze, share: number) => locomotion.between(a, b, share));

holds("navigation/selection.pointer", (script: (readonly [string, number, number])[]) => {
  const pointer = selection.newPointer();
  return script.map(([verb, a, b]) => {
    if (verb === "press") selection.press(pointer, a, b, pointer);
    else if (verb === "move") selection.move(pointer, a, b, pointer);
    else selection.release(pointer, a, pointer);
    return [pointer.gesture, pointer.x, pointer.y, pointer.down, pointer.dragging];
  });
});
holds("navigation/selection.hover", (s: Selection, node: number, floor: number) => selection.hover(s, node, floor));
holds("navigation/selection.choose", (s: Selection, node: number) => selection.choose(s, node));

test("a step leaves the state it is given alone", () => {
  const journey = locomotion.newJourney({ position: [0, 0, -3], orientation: [0, 0, 0, 1], scale: 0.01 });
  const before = structuredClone(journey);
  const actions = { ...locomotion.newActions(), fly: [0, 0, -1] as Vector, turn: 1 };
  const after = locomotion.step(journey, actions, 0.1);
  assert.deepEqual(journey, before);
  assert.notDeepEqual(after.pose, before.pose);
});
