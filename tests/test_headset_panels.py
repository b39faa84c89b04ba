"""Panels around somebody who wears a headset: where they are, what they say, and hands that use them."""

from __future__ import annotations

import math
from typing import Any

import chromium
import headset
import numpy as np
import pytest
from playwright.async_api import Browser
from reaching import across, aim, click, finger, outwards, palm, panel, target, turn_to

from xrserver import spaces

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: The story's city as a model on a table before the person; metres of the room.
TABLETOP = {"position": [0, 0.8, -1.0], "orientation": [0, 0, 0, 1], "scale": 0.008}
HEAD = np.array([0.0, 1.6, 0.0])


async def test_what_is_selected_is_told_on_a_panel_at_arms_length(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.run("pose => xrserver.setPose(pose)", TABLETOP)
        assert await worn.run("xrserver.select('src/new.py')")
        shown = await panel(worn, "inspector")
        # At arm's length, in front, upright and facing the head.
        away = np.array(shown["position"]) - HEAD
        distance = float(np.linalg.norm(away))
        assert 0.3 < distance < 0.65
        assert away[2] < 0
        facing = spaces.rotate(shown["orientation"], (0, 0, 1))
        assert np.dot(facing, -away / distance) > 0.999
        assert abs(spaces.rotate(shown["orientation"], (1, 0, 0))[1]) < 1e-6
        # Its lines are as high as a headset needs them.
        assert math.degrees(math.atan(shown["line"] / distance)) >= 1.2
        # It stays where it is while the head turns, and tells more of the same thing there.
        await worn.head(0, 1.6, 0, yaw=0.4)
        await worn.visit.seek("rank:0")
        await worn.visit.until("state.rank === 0")
        assert (await panel(worn, "inspector"))["position"] == shown["position"]
        # Another ray that presses its cross closes it.
        await click(worn, target(await panel(worn, "inspector"), "Close"))
        await worn.visit.until("state.selected === null")
        await worn.visit.until("!state.panels.some(each => each.name === 'inspector')")


async def look_at_the_left_controller(worn: headset.Headset) -> dict[str, Any]:
    """Raise it, look at it, and return the timeline that comes."""
    await worn.controller("left", -0.05, 1.25, -0.35)
    await worn.head(0, 1.6, 0, pitch=-0.75)
    shown = await panel(worn, "time")
    await worn.seconds(0.4)
    return await panel(worn, "time") | {"size": shown["size"]}


async def test_time_on_the_wrist_is_pulled_without_a_jump_or_a_byte(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url, "metaQuestPro") as worn:
        await worn.enter("vr")
        await worn.controller("right", 0.3, 1.0, 0)
        shown = await look_at_the_left_controller(worn)
        distance = np.linalg.norm(np.array(shown["position"]) - HEAD)
        assert math.degrees(math.atan(shown["line"] / distance)) >= 1.2
        assert abs(np.array(shown["position"])[0] + 0.05) < 0.02  # over the controller
        head = (await worn.state())["headRank"]
        assert head >= 4
        # Taken hold of in the middle of the track, time does not jump there: it goes with the hand.
        track = target(shown, "Time")
        await aim(worn, track)
        await worn.press("right", "trigger", 1)
        assert (await worn.state())["rank"] == head
        way = [turn_to(track - across(shown) * shown["size"][0] * 0.93 * step / 8) for step in range(1, 9)]
        ranks, received = await worn.run("""turns => new Promise(done => {
            const session = device.activeSession, ranks = [], before = xrserver.state().bytesReceived;
            let step = 0;
            const next = () => {
                ranks.push(xrserver.state().rank);
                if (step === turns.length + 2) return done([ranks, xrserver.state().bytesReceived - before]);
                device.controllers.right.quaternion.set(...turns[Math.min(step++, turns.length - 1)]);
                session.requestAnimationFrame(next);
            };
            next();
        })""", way)
        assert ranks[0] == head
        assert ranks == sorted(ranks, reverse=True)
        assert ranks[-1] == 0
        assert len(set(ranks)) >= 4
        assert received == 0
        # It stands still while it is held.
        assert (await panel(worn, "time"))["position"] == shown["position"]
        await worn.press("right", "trigger", 0)
        # Its buttons, and those of the controller.
        shown = await panel(worn, "time")
        await click(worn, target(shown, "Commits"))
        await worn.visit.until("state.pace === 'commit'")
        await worn.press("right", "a-button", 1)
        await worn.visit.until("state.playing")
        await worn.press("right", "a-button", 0)
        await worn.press("right", "a-button", 1)
        await worn.visit.until("!state.playing")
        # Looked away from, it goes; looked at again, it comes, though nothing else happened.
        await worn.head(0, 1.6, 0, yaw=0.9)
        await worn.visit.until("!state.panels.some(each => each.name === 'time')")
        await worn.head(0, 1.6, 0, pitch=-0.75)
        await panel(worn, "time")


async def test_fingers_press_the_menu_by_touch(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.press("right", "b-button", 1)
        await worn.press("right", "b-button", 0)
        shown = await panel(worn, "menu")
        distance = float(np.linalg.norm(np.array(shown["position"]) - HEAD))
        assert 0.3 < distance < 0.65
        await worn.hands()
        await worn.hand("left", -0.3, 0.9, 0)
        out = outwards(shown)
        toggle = target(shown, "Daylight")

        async def poke(at: np.ndarray, *depths: float) -> None:
            for depth in depths:
                await finger(worn, "right", at + out * depth)

        day = "document.documentElement.dataset.light"
        was = await worn.run(day)
        # Near is not touched; a finger that trembles at the surface presses once.
        await poke(toggle, 0.08, 0.03, 0.012, 0.03, 0.08)
        assert await worn.run(day) == was
        await poke(toggle, 0.05, 0.0, 0.012, 0.002, 0.014, -0.01, 0.05)
        assert await worn.run(day) != was
        # A finger that leaves beside what it pressed takes it back.
        now = await worn.run(day)
        await poke(toggle, 0.05, 0.0)
        await poke(toggle + np.array([0, 0.05, 0]), 0.0, 0.05)
        assert await worn.run(day) == now
        # Nor does one that was through the panel already, and comes back.
        await poke(toggle + across(shown) * 0.5, 0.05, -0.05)
        await poke(toggle, -0.05, 0.05)
        assert await worn.run(day) == now
        # Nothing of this moved the city or chose anything.
        assert (await worn.state())["selected"] is None


async def test_bare_hands_find_time_on_the_wrist_and_the_menu_in_a_palm(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.hands()
        at = np.array([-0.05, 1.3, -0.34])
        await worn.hand("left", *at)
        await worn.hand("right", 0.35, 1.1, -0.1)
        await worn.head(0, 1.6, 0, pitch=-0.6)
        # A hand that lies with its back up shows nothing; its palm turned to the face does.
        await worn.seconds(0.5)
        assert (await worn.state())["panels"] == []
        await palm(worn, "left", HEAD - at, np.array([1.0, 0, 0]))
        await panel(worn, "time")
        await worn.seconds(0.4)
        shown = await panel(worn, "time")
        assert np.linalg.norm(np.array(shown["position"]) - at) < 0.15
        # Level to the head, however steeply it is looked down on.
        way = np.array(shown["position"]) - HEAD
        assert abs(np.dot(across(shown), np.cross(way, (1.0, 0, 0)))) < 0.01
        # The other hand's index finger presses its button, and takes time along.
        out = outwards(shown)
        play = target(shown, "Play")
        for depth in (0.06, 0.0, 0.05):
            await finger(worn, "right", play + out * depth)
        await worn.visit.until("state.rank < state.headRank || state.playing")
        # The other palm, held up and still, opens the menu; once.
        await worn.hand("right", 0.2, 1.2, -0.35)
        await palm(worn, "right", np.array([0, 1.0, 0]), np.array([0, 0, -1.0]))
        await panel(worn, "menu")
        await worn.seconds(0.4)
        assert any(each["name"] == "menu" for each in (await worn.state())["panels"])


async def test_a_panel_is_carried_by_its_bar_and_keeps_facing_the_head(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.press("right", "b-button", 1)
        await worn.press("right", "b-button", 0)
        shown = await panel(worn, "menu")
        pose = (await worn.state())["worldFromScene"]
        bar = target(shown, "Move")
        await aim(worn, bar)
        await worn.press("right", "trigger", 1)
        for step in range(1, 5):
            await aim(worn, bar + np.array([-0.06, 0.02, 0]) * step)
        await worn.seconds(0.4)
        await worn.press("right", "trigger", 0)
        moved = await panel(worn, "menu")
        way = np.array(moved["position"]) - np.array(shown["position"])
        assert way[0] < -0.12
        towards = HEAD - np.array(moved["position"])
        assert np.dot(outwards(moved), towards / np.linalg.norm(towards)) > 0.999
        assert abs(across(moved)[1]) < 1e-6
        assert (await worn.state())["worldFromScene"] == pose
        # And there it stays, whoever moves.
        await worn.head(0.3, 1.5, 0.2, yaw=-0.5)
        assert (await panel(worn, "menu"))["position"] == moved["position"]


async def test_the_first_minute_is_told_once(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url, told=False) as worn:
        await worn.enter("vr")
        shown = await panel(worn, "hint")
        await click(worn, target(shown, "Got it"))
        await worn.visit.until("state.panels.length === 0")
        await worn.leave()
        await worn.enter("vr")
        await worn.seconds(0.6)
        assert not any(each["name"] == "hint" for each in (await worn.state())["panels"])


async def test_what_went_wrong_is_told_where_the_head_looks_and_goes_again(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.head(0, 1.6, 0, yaw=1.2)
        await worn.run("location.hash = '#at=nowhere'")
        shown = await panel(worn, "card")
        way = np.array(shown["position"]) - HEAD
        gaze = np.array(spaces.rotate(spaces.yaw_pitch(1.2, 0), (0, 0, -1)))
        assert np.dot(way / np.linalg.norm(way), gaze) > 0.8
        assert math.degrees(math.atan(shown["line"] / np.linalg.norm(way))) >= 1.2
        await worn.visit.until("!state.panels.some(each => each.name === 'card')")


async def test_names_in_the_room_are_large_and_never_over_each_other(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.run("pose => xrserver.setPose(pose)", TABLETOP)
        await worn.head(0, 1.6, 0, pitch=-0.6)
        await worn.visit.until("state.names.length >= 2")
        for yaw, pitch in ((0.0, -0.6), (0.35, -0.5), (-0.3, -0.9)):
            await worn.head(0, 1.6, 0, yaw=yaw, pitch=pitch)
            await worn.seconds(0.5)
            names = (await worn.state())["names"]
            assert all(each["degrees"] >= 0.8 for each in names)
            for one, a in enumerate(names):
                for b in names[one + 1:]:
                    (left, bottom, right, top), (west, south, east, north) = a["box"], b["box"]
                    assert right <= west or east <= left or top <= south or north <= bottom, (a, b)
        calls = (await worn.state())["drawCalls"]
        assert calls <= 60


def over(name: str, back: tuple[float, ...], colours: dict[str, list[float]]) -> tuple[float, ...]:
    """A colour as it is seen over another."""
    *colour, alpha = colours[name]
    return tuple(alpha * value + (1 - alpha) * behind for value, behind in zip(colour, back, strict=True))


def luminance(colour: tuple[float, ...]) -> float:
    """Of an sRGB colour, 0 … 1 each: relative, as WCAG 2 has it."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


async def test_text_on_panels_has_contrast_over_whatever_is_behind_them(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        for light in ("night", "day"):
            colours = await visit.run("""([light, names]) => {
                const root = document.documentElement, was = root.dataset.light;
                const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
                root.dataset.light = light;
                const style = getComputedStyle(root);
                const found = Object.fromEntries(names.map(name => {
                    pen.clearRect(0, 0, 1, 1);
                    pen.fillStyle = style.getPropertyValue(`--${name}`);
                    pen.fillRect(0, 0, 1, 1);
                    return [name, [...pen.getImageData(0, 0, 1, 1).data].map(value => value / 255)];
                }));
                root.dataset.light = was;
                return found;
            }""", [light, ["ink", "ink-2", "ink-3", "accent", "panel", "on-accent", "raised-2"]])
            for behind in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
                paper = over("panel", behind, colours)
                pairs = [(ink, paper) for ink in ("ink", "ink-2", "ink-3", "accent")]
                pairs += [("on-accent", over("accent", paper, colours)),
                          ("ink", over("raised-2", paper, colours))]
                for ink, back in pairs:
                    dark, pale = sorted((luminance(over(ink, back, colours)), luminance(back)))
                    assert (pale + 0.05) / (dark + 0.05) >= 4.5, (light, ink, behind)


async def raise_the_left_palm(worn: headset.Headset) -> dict[str, Any]:
    """Turn it to the face, look at it, and return the timeline that comes, once it rests."""
    at = np.array([-0.05, 1.3, -0.34])
    await worn.hand("right", 0.35, 1.1, -0.1)
    await worn.hand("left", *at)
    await worn.head(0, 1.6, 0, pitch=-0.6)
    await palm(worn, "left", HEAD - at, np.array([1.0, 0, 0]))
    await panel(worn, "time")
    await worn.seconds(0.6)
    return await panel(worn, "time")


@pytest.mark.parametrize("kind", ["controllers", "hands"])
async def test_time_goes_finely_for_a_hand_that_goes_away_from_its_track(
        chrome: Browser, url: str, kind: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        if kind == "hands":
            await worn.hands()
            shown = await raise_the_left_palm(worn)
        else:
            await worn.controller("right", 0.3, 1.0, 0)
            shown = await look_at_the_left_controller(worn)
        head = (await worn.state())["headRank"]
        track, wide = target(shown, "Time"), shown["size"][0]
        unit = wide / 560
        down = np.array(spaces.rotate(shown["orientation"], (0, -1, 0)))

        async def hold(x: float, away: float) -> int:
            """The hand is so many widths right of the middle and units away; the rank then."""
            place = track + across(shown) * wide * x
            if kind == "hands":
                await finger(worn, "right", place + outwards(shown) * (0.022 + away * unit))
            else:
                await aim(worn, place + down * (52 + away) * unit)
            await worn.frames(1)
            return (await worn.state())["rank"]

        # Taken hold of, and away: nearly all of its width is one commit of five, or none.
        if kind == "hands":
            await worn.pinch("right", 0.5)  # nearly: closing the rest moves the fingertip little
            # Near enough for a pinch, and where that is on the track when its fingers have come together.
            await finger(worn, "right", track + across(shown) * wide * 0.2 + outwards(shown) * 0.04
                         - down * 70 * unit)
            await worn.ramp_pinch("right")
        else:
            await hold(0.4, -52)
            await worn.press("right", "trigger", 1)
        assert (await worn.state())["rank"] == head
        assert await hold(0.4, 24 + 4 * 26) == head
        for x in (0.2, 0.0, -0.2):
            assert await hold(x, 24 + 4 * 26) >= head - 1
        fine = await hold(-0.4, 24 + 4 * 26)
        assert fine >= head - 1
        # Back on the track nothing jumps, and the whole way is all of history again.
        assert await hold(-0.4, 0) == fine
        for x in (-0.2, 0.0, 0.2, 0.4):
            await hold(x, 0)
        for x in (0.2, 0.0, -0.2, -0.4, -0.6):
            rank = await hold(x, 0)
        assert rank == 0
        if kind == "hands":
            await worn.ramp_pinch("right", 0)
        else:
            await worn.press("right", "trigger", 0)
        assert (await worn.state())["rank"] == 0


async def test_a_tap_on_the_wrist_plays_and_pauses(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.hands()
        await worn.hand("left", -0.1, 1.2, -0.35)
        await worn.hand("right", 0.3, 1.1, -0.2)
        await worn.visit.seek("rank:0")
        await worn.seconds(0.4)
        assert (await worn.state())["panels"] == []
        wrist = await worn.run("""new Promise(done => {
            const session = device.activeSession;
            const find = (_time, frame) => {
                const source = [...session.inputSources].find(each => each.handedness === "left");
                const { x, y, z } = frame.getJointPose(source.hand.get("wrist"), shown).transform.position;
                done([x, y, z]);
            };
            let shown;
            session.requestReferenceSpace("local-floor").then(space => {
                shown = space;
                session.requestAnimationFrame(find);
            });
        })""")
        on, off = np.add(wrist, (0, 0.02, 0)), np.add(wrist, (0.15, 0.1, 0))
        await worn.run("xrserver.play(0.05); xrserver.pause()")  # slowly: it is seen before it is over
        await finger(worn, "right", off)
        assert not (await worn.state())["playing"]
        await finger(worn, "right", on)
        await worn.visit.until("state.playing")
        # A finger that stays, or trembles, taps once.
        for trembling in (0.01, -0.005, 0.012, 0.0):
            await finger(worn, "right", np.add(on, (0, trembling, 0)))
        assert (await worn.state())["playing"]
        await finger(worn, "right", off)
        await finger(worn, "right", on)
        await worn.visit.until("!state.playing")


async def test_what_is_longer_than_its_panel_is_scrolled_by_stick_ray_and_finger(
        chrome: Browser, url: str) -> None:
    kept = "localStorage['xrserver.comfort'] ?? null"
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.press("right", "b-button", 1)
        await worn.press("right", "b-button", 0)
        await click(worn, target(await panel(worn, "menu"), "Comfort"))
        await worn.frames(2)

        async def names() -> list[str]:
            return [each["name"] for each in (await panel(worn, "menu"))["targets"]]

        assert "Turn in steps" in await names() and "Vibration" not in await names()
        pose, settings = await worn.pose(), await worn.run(kept)
        await aim(worn, np.array((await panel(worn, "menu"))["position"]))
        await worn.stick("right", 0, 1, frames=1)
        await worn.visit.until("state.panels[0].targets.some(each => each.name === 'Vibration')")
        assert "Turn in steps" not in await names() and "Back" in await names()
        await worn.stick("right", 0, -1, frames=1)
        await worn.visit.until("state.panels[0].targets.some(each => each.name === 'Turn in steps')")
        await worn.stick("right", 0, 0)
        assert await worn.pose() == pose, "the stick scrolled, and did nothing else"
        # A press that moves up drags the list along, and presses nothing.
        place = target(await panel(worn, "menu"), "Speed")
        low = target(await panel(worn, "menu"), "Fly up and down with the gaze")
        await aim(worn, low)
        await worn.press("right", "trigger", 1)
        for step in range(1, 7):
            await aim(worn, low + np.array([0, 0.03 * step, 0]))
        await worn.press("right", "trigger", 0)
        assert "Turn in steps" not in await names()
        assert await worn.run(kept) == settings
        # So does a finger on it, downwards.
        await worn.hands()
        await worn.hand("left", -0.3, 0.9, 0)
        out = outwards(await panel(worn, "menu"))
        for depth in (0.06, 0.0):
            await finger(worn, "right", place + out * depth)
        for step in range(1, 7):
            await finger(worn, "right", place - np.array([0, 0.03 * step, 0]))
        await finger(worn, "right", place - np.array([0, 0.18, 0]) + out * 0.06)
        assert "Turn in steps" in await names()
        assert await worn.run(kept) == settings
