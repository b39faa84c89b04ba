"""What a wearer does in two minutes, and what counts its cost: scripts for the page, after the emulator's."""

from __future__ import annotations

#: After the emulator: a Quest 3 that is worn at a desk's height.
DEVICE = """(() => {
  const device = new IWER.XRDevice(IWER.metaQuest3, { stereoEnabled: true });
  device.installRuntime({ forceInstall: true });
  device.position.set(0, 1.6, 0);
  window.device = device;
})()"""

#: Counts draw calls and triangles of a frame, and how long its script took without the emulator's answers;
#: drops the draws.
COUNTING = """(() => {
  const tally = window.tally = { drop: false, calls: 0, triangles: 0, part: "", frames: [] };
  const shapes = {
    drawArrays: [2, -1], drawElements: [1, -1], drawArraysInstanced: [2, 3], drawElementsInstanced: [1, 4],
  };
  for (const [name, [count, instances]] of Object.entries(shapes)) {
    const draw = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...a) {
      tally.calls++;
      const times = instances < 0 ? 1 : a[instances];
      if (a[0] === this.TRIANGLES) tally.triangles += a[count] / 3 * times;
      else if (a[0] === this.TRIANGLE_STRIP) tally.triangles += (a[count] - 2) * times;
      if (!tally.drop) draw.apply(this, a);
    };
  }
  // What the emulator takes to answer for poses, which a headset's browser knows beforehand.
  let answering = 0, depth = 0;
  const answers = ["getPose", "getViewerPose", "getJointPose", "fillPoses", "fillJointRadii",
    "getHitTestResults"];
  for (const name of answers) {
    const answer = XRFrame.prototype[name];
    if (answer === undefined) continue;
    XRFrame.prototype[name] = function (...a) {
      if (depth++ > 0) { try { return answer.apply(this, a); } finally { depth--; } }
      const asked = performance.now();
      try { return answer.apply(this, a); } finally { depth--; answering += performance.now() - asked; }
    };
  }
  const request = XRSession.prototype.requestAnimationFrame;
  XRSession.prototype.requestAnimationFrame = function (callback) {
    if (callback.tour === true) return request.call(this, callback);
    return request.call(this, (time, frame) => {
      tally.calls = tally.triangles = answering = 0;
      const began = performance.now();
      callback(time, frame);
      if (tally.part !== "" && tally.calls > 0) {
        const cost = performance.now() - began - answering;
        tally.frames.push([tally.part, cost, tally.calls, tally.triangles, answering]);
      }
    });
  };
})()"""

#: What the wearer does; `pace` shortens or stretches it.
TOUR = """async (pace) => {
  const session = device.activeSession;
  const { left, right } = device.controllers;
  // `least`: what takes its time to be believed, however short the tour.
  const seconds = async (count, each, least = 0) => {
    const from = performance.now();
    for (;;) {
      const at = Math.min((performance.now() - from) / 1000 / Math.max(count * pace, least), 1);
      each?.(at);
      if (at === 1) return;
      await new Promise((done) => {
        const next = () => done();
        next.tour = true;
        session.requestAnimationFrame(next);
      });
    }
  };
  const aim = (held, x, y, z, yaw, pitch) => {
    held.position.set(x, y, z);
    const [sy, cy, sp, cp] = [Math.sin(yaw / 2), Math.cos(yaw / 2), Math.sin(pitch / 2), Math.cos(pitch / 2)];
    held.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
  };
  const at = (held, x, y, z, [toX, toY, toZ]) =>
    aim(held, x, y, z, Math.atan2(x - toX, z - toZ), Math.atan2(toY - y, Math.hypot(toX - x, toZ - z)));
  const look = (yaw, pitch) => {
    const [sy, cy, sp, cp] = [Math.sin(yaw / 2), Math.cos(yaw / 2), Math.sin(pitch / 2), Math.cos(pitch / 2)];
    device.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
  };
  const press = async (held, button, value) => { held.updateButtonValue(button, value); await seconds(0.1); };
  const rest = () => { aim(left, -0.2, 1.1, -0.3, 0.1, -0.4); aim(right, 0.2, 1.1, -0.3, -0.1, -0.4); };
  const both = async (count, from, to) => {
    await press(left, "squeeze", 1);
    await press(right, "squeeze", 1);
    await seconds(count, (at) => {
      const wide = from + (to - from) * at;
      aim(left, -wide, 1.1, -0.4, 0, -0.4);
      aim(right, wide, 1.1, -0.4, 0, -0.4);
    });
    await press(left, "squeeze", 0);
    await press(right, "squeeze", 0);
  };
  const head = xrserver.state().headRank;
  // A panel once it is there, and a press on something of it by the right hand's ray.
  const panel = async (name) => {
    for (const from = performance.now(); performance.now() - from < 20_000;) {
      const found = xrserver.state().panels.find((each) => each.name === name);
      if (found) return found;
      await seconds(0.1);
    }
    const { mode, panels } = xrserver.state();
    const open = panels.map((each) => each.name).join(", ");
    throw new Error(`in ${tally.part} no panel ${name} came, in ${mode} with ${open}`);
  };
  const target = (of, name) => of.targets.find((each) => each.name === name).position;
  const click = async (name, what) => {
    at(right, 0.25, 1.2, -0.05, target(await panel(name), what));
    await press(right, "trigger", 1);
    await press(right, "trigger", 0);
    await seconds(0.6);
  };
  const parts = {
    async look() {
      rest();
      await seconds(6, (at) => look(Math.sin(at * 6.28) * 0.8, 0));
      look(0, 0);
    },
    async point() {
      await seconds(12, (at) =>
        aim(right, 0.2, 1.2, -0.2, Math.sin(at * 25) * 0.5, -0.6 + 0.3 * Math.sin(at * 7)));
      for (let i = 0; i < 4; i++) {
        aim(right, 0.2, 1.2, -0.2, -0.25 + i * 0.15, -0.55);
        await press(right, "trigger", 1);
        await press(right, "trigger", 0);
        await seconds(1.5);
      }
    },
    async grab() {
      await press(right, "squeeze", 1);
      await seconds(5, (at) =>
        aim(right, 0.2 + 0.2 * Math.sin(at * 9), 1.1 + 0.1 * Math.sin(at * 5), -0.3, -0.1, -0.4));
      await press(right, "squeeze", 0);
    },
    async scale() {
      for (let i = 0; i < 3; i++) await both(2, 0.1, 0.6);
      for (let i = 0; i < 3; i++) await both(2, 0.6, 0.1);
    },
    async walk() {
      xrserver.headset.preset("life");
      await seconds(2);
      for (let i = 0; i < 4; i++) {
        left.updateAxes("thumbstick", 0.2, -1);
        await seconds(2);
        left.updateAxes("thumbstick", 0, 0);
        right.updateAxes("thumbstick", i % 2 ? 1 : -1, 0);
        await seconds(0.5);
        right.updateAxes("thumbstick", 0, 0);
        await seconds(0.5);
      }
    },
    async scrub() {
      xrserver.headset.preset("tabletop");
      await xrserver.select(null);
      await seconds(3);
      tally.bytes = xrserver.state().bytesReceived;
      await seconds(10, (at) => void xrserver.seek(Math.round(head * Math.abs(1 - 2 * at))));
      tally.bytes = xrserver.state().bytesReceived - tally.bytes;
    },
    async play() {
      await xrserver.seek(0);
      xrserver.play(head / (15 * pace));
      await seconds(14, (at) => aim(right, 0.2, 1.2, -0.2, Math.sin(at * 9) * 0.4, -0.6));
      xrserver.pause();
    },
    async menu() {
      rest();
      for (let i = 0; i < 5 && !xrserver.state().panels.some((each) => each.name === "menu"); i++) {
        await press(right, "b-button", 1);
        await press(right, "b-button", 0);
        await seconds(1, undefined, 0.5);
      }
      for (const what of ["Daylight", "Daylight", "Colours", "Back", "Comfort"]) await click("menu", what);
      // Through a list that is longer than the panel.
      await seconds(1, () => right.updateAxes("thumbstick", 0, 1));
      right.updateAxes("thumbstick", 0, 0);
      for (const what of ["Back", "Help", "Close"]) await click("menu", what);
    },
    async wrist() {
      aim(left, -0.05, 1.25, -0.35, 0, 0);
      look(0, -0.75);
      const time = await panel("time");
      await seconds(1, undefined, 0.3); // until it has come to rest before the face
      const [x, y, z] = target(await panel("time"), "Time");
      at(right, 0.25, 1.2, -0.05, [x, y, z]);
      await press(right, "trigger", 1);
      await seconds(10, (part) =>
        at(right, 0.25, 1.2, -0.05, [x - time.size[0] * 0.9 * Math.abs(Math.sin(part * 6.28)), y, z]));
      await press(right, "trigger", 0);
      for (const what of ["Play", "Commits", "Calendar", "Faster", "Slower"]) await click("time", what);
      xrserver.pause();
      look(0, 0);
      await xrserver.seek(head);
      rest();
      await seconds(0.5);
    },
    async hands() {
      device.primaryInputMode = "hand";
      const hand = device.hands.right;
      await seconds(2);
      for (let i = 0; i < 3; i++) {
        aim(hand, 0.2, 1.2, -0.4, 0, -0.5);
        await seconds(0.4, (at) => hand.updatePinchValue(at));
        await seconds(2, (at) => aim(hand, 0.2 - 0.2 * at, 1.2, -0.4, 0, -0.5), 0.15);
        await seconds(0.4, (at) => hand.updatePinchValue(1 - at), 0.1);
      }
      device.primaryInputMode = "controller";
      await seconds(1);
    },
  };
  for (const [name, act] of Object.entries(parts)) {
    tally.part = name;
    await act();
    tally.part = "";
  }
  await xrserver.seek(head);
  await seconds(1);
}"""
