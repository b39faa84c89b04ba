"""What hands do with panels and things in an emulated headset: where these are, and hands that reach them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from headset import Headset, Side

from xrserver import spaces

#: Yaw and pitch, radians.
Direction = tuple[float, float]

#: Turns a controller or a hand through directions, one a frame; what is hovered in each, and its floor.
SWEEP = """([kind, side, directions]) => new Promise(done => {
    const found = [], held = device[kind][side], session = device.activeSession;
    const turn = ([yaw, pitch]) => {
        const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
        const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
        held.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
    };
    let i = -1;
    const next = () => {
        if (i >= 0) {
            const { hovered, hoveredFloor } = xrserver.state();
            found.push([hovered, hoveredFloor]);
        }
        if (++i === directions.length) return done(found);
        turn(directions[i]);
        session.requestAnimationFrame(next);
    };
    session.requestAnimationFrame(next);
})"""


async def panel(worn: Headset, name: str) -> dict[str, Any]:
    """An open panel, once it is."""
    await worn.visit.until(f"state.panels.some(panel => panel.name === '{name}')")
    return next(each for each in (await worn.state())["panels"] if each["name"] == name)


def target(of: dict[str, Any], name: str) -> np.ndarray:
    """Where something that can be pressed is, metres of the room."""
    return next(np.array(each["position"]) for each in of["targets"] if each["name"] == name)


#: Where the right controller is held: beside the hip.
HIP = np.array([0.25, 1.2, -0.05])


def turn_to(at: np.ndarray) -> list[float]:
    """How it is turned when it points at a place."""
    dx, dy, dz = at - HIP
    return list(spaces.yaw_pitch(math.atan2(-dx, -dz), math.atan2(dy, math.hypot(dx, dz))))


async def aim(worn: Headset, at: np.ndarray, kind: str = "controllers") -> None:
    """Point the right controller or hand at a place."""
    dx, dy, dz = at - HIP
    hold = worn.hand if kind == "hands" else worn.controller
    await hold("right", *HIP, math.atan2(-dx, -dz), math.atan2(dy, math.hypot(dx, dz)))


async def click(worn: Headset, at: np.ndarray, kind: str = "controllers") -> None:
    """Point there and pull the trigger, or pinch."""
    await aim(worn, at, kind)
    for value in (1, 0):
        if kind == "hands":
            await worn.ramp_pinch("right", value)
        else:
            await worn.press("right", "trigger", value)


async def finger(worn: Headset, side: Side, at: np.ndarray, frames: int = 2) -> None:
    """Move a bare hand so that its index fingertip is at a place."""
    await worn.run("""async ([side, at]) => {
        const session = device.activeSession;
        const space = await session.requestReferenceSpace("local-floor");
        await new Promise(done => session.requestAnimationFrame((_time, frame) => {
            const source = [...session.inputSources].find(each => each.handedness === side && each.hand);
            const tip = frame.getJointPose(source.hand.get("index-finger-tip"), space).transform.position;
            const { position } = device.hands[side];
            position.set(position.x + at[0] - tip.x, position.y + at[1] - tip.y, position.z + at[2] - tip.z);
            done();
        }));
    }""", [side, list(map(float, at))])
    await worn.frames(frames)


def outwards(of: dict[str, Any]) -> np.ndarray:
    """The way a panel faces."""
    return np.array(spaces.rotate(of["orientation"], (0, 0, 1)))


def across(of: dict[str, Any]) -> np.ndarray:
    """To the right on a panel."""
    return np.array(spaces.rotate(of["orientation"], (1, 0, 0)))


async def palm(worn: Headset, side: Side, out: np.ndarray, fingers: np.ndarray) -> None:
    """Turn a bare hand so that its palm faces `out` and its fingers point about to `fingers`."""
    back = -out / np.linalg.norm(out)
    towards = -fingers + back * np.dot(fingers, back)
    towards /= np.linalg.norm(towards)
    # A joint's axes: +Y is its back, -Z its way on. The wrist is turned against the hand as a whole.
    wanted = np.stack([np.cross(back, towards), back, towards], axis=1)
    now, turn = await worn.run("""async side => {
        const session = device.activeSession;
        const space = await session.requestReferenceSpace("local-floor");
        return new Promise(done => session.requestAnimationFrame((_time, frame) => {
            const source = [...session.inputSources].find(each => each.handedness === side && each.hand);
            const { x, y, z, w } = device.hands[side].quaternion;
            done([[...frame.getJointPose(source.hand.get("wrist"), space).transform.matrix], [x, y, z, w]]);
        }));
    }""", side)
    joint = np.array(now).reshape(4, 4).T[:3, :3]
    hand = np.stack([spaces.rotate(turn, axis) for axis in np.eye(3)], axis=1)
    x, y, z = (wanted @ joint.T @ hand).T
    w = math.sqrt(max(1 + x[0] + y[1] + z[2], 1e-12)) / 2
    turn = [(y[2] - z[1]) / (4 * w), (z[0] - x[2]) / (4 * w), (x[1] - y[0]) / (4 * w), w]
    await worn.run("([side, turn]) => device.hands[side].quaternion.set(...turn)", [side, turn])
    await worn.frames(2)


async def sweep(worn: Headset, directions: Sequence[Direction], kind: str = "controllers",
                side: Side = "right") -> list[tuple[str | None, int]]:
    """What is hovered in each direction from where a hand is, and its floor."""
    return [tuple(each) for each in await worn.run(SWEEP, [kind, side, list(directions)])]


async def things(worn: Headset, kind: str = "controllers", side: Side = "right",
                 least: int = 2) -> dict[str, Direction]:
    """Some files that a hand can point at from where it is, each with a direction well within it."""
    inwards = 1 if side == "right" else -1
    grid = [(inwards * yaw / 10, -0.3 - pitch / 12) for pitch in range(6) for yaw in range(-2, 6)]
    found = {path: at for at, (path, floor) in zip(grid, await sweep(worn, grid, kind, side), strict=True)
             if path and floor >= 0}
    sure: dict[str, Direction] = {}
    for path, (yaw, pitch) in found.items():
        around = [(yaw - 0.025, pitch), (yaw + 0.025, pitch), (yaw, pitch - 0.025), (yaw, pitch + 0.025)]
        if all(each == path for each, _ in await sweep(worn, around, kind, side)):
            sure[path] = (yaw, pitch)
        if len(sure) > least:
            break
    assert len(sure) >= least, found
    return sure
