"""Writes the vectors of clock, spaces and navigation: what Python computes, for TypeScript to equal.

``python -m tests.vectors.make`` writes the files; ``tests/test_navigation_vectors.py`` says when they
are not current. Cases are fixed or come from a fixed seed.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from xrserver import clock, spaces
from xrserver.clock import Playback
from xrserver.native import words
from xrserver.navigation import locomotion, playback, selection
from xrserver.navigation.locomotion import Actions, Gaze, Journey
from xrserver.spaces import Pose

from . import worn

HERE = Path(__file__).parent
DAY = 86400

Case = tuple[str, list[Any], Any]


def _timelines() -> dict[str, list[int]]:
    chance = random.Random(20)
    steps = [chance.choice([0, 5, 300, DAY, 40 * DAY, 900 * DAY]) for _ in range(10)]
    walk = [1_100_000_000]
    for step in steps:
        walk.append(walk[-1] + step)
    return {
        "one commit": [1_700_000_000],
        "two commits": [1_700_000_000, 1_700_000_100],
        "equal times": [1_700_000_000] * 5,
        "an idle year": [0, 60, 3600, 3600 + 365 * DAY, 3660 + 365 * DAY],
        "bursts and gaps": walk,
    }


def _dates(timeline: list[int]) -> clock.Calendar:
    return clock.calendar(np.array(timeline, np.int64))


def _states(head: int) -> Iterator[tuple[str, Playback]]:
    for pace in ("commit", "calendar"):
        for rate in (3.0, -7.5):
            for rank, fraction in sorted({(0, 0.0), (max(head // 2 - 1, 0), 0.375), (head, 0.0)}):
                if rank < head or fraction == 0.0:
                    name = f"{pace} pace, {rate:g} a second, at {rank + fraction:g}"
                    yield name, Playback(rank, fraction, True, rate, pace)


def _clock() -> Iterator[tuple[str, Iterator[Case]]]:
    lines = _timelines()

    def each(make: Callable[[Playback, clock.Calendar], Iterator[Case]]) -> Iterator[Case]:
        for name, timeline in lines.items():
            dates = _dates(timeline)
            for where, state in _states(dates.head_rank):
                for what, args, expected in make(state, dates):
                    yield f"{name}, {where}{what}", [asdict(state), timeline, *args], expected

    yield "calendar", ((name, [line], _dates(line).at.tolist()) for name, line in lines.items())
    yield (
        "first_rate",
        ((f"{head} ranks", [head], clock.first_rate(head)) for head in (0, 1, 100, 5_000, 80_000, 9_000_000)),
    )
    yield (
        "advance",
        each(lambda s, d: ((f", {t:g} s", [t], asdict(clock.advance(s, d, t))) for t in (0.0, 0.016, 30.0))),
    )
    yield (
        "seek",
        each(
            lambda s, d: (
                (f", to {r:g}", [r, f], asdict(clock.seek(s, d.head_rank, r, f)))
                for r, f in ((-3, 0.5), (0, 0.25), (d.head_rank + 4, 0.5))
            )
        ),
    )
    yield (
        "play",
        each(lambda s, d: ((f", at {r:g}", [r], asdict(clock.play(s, r))) for r in (5.0, -0.001, 1e9))),
    )
    yield "ranks_per_second", each(lambda s, d: iter([("", [], clock.ranks_per_second(s, d))]))
    yield "easing", each(lambda s, d: iter([("", [], clock.easing(s, d))]))
    yield "arriving", ((f"share {p:g}", [p], clock.arriving(p)) for p in (0.0, 0.05, 0.3, 0.75, 1.0))
    yield "glow_per_rank", each(lambda s, d: iter([("", [2.5], clock.glow_per_rank(s, 2.5))]))
    yield "progress", each(lambda s, d: iter([("", [], clock.progress(d, s.rank, s.fraction, s.pace))]))
    yield (
        "at_progress",
        (
            (
                f"{name}, {pace} pace, share {p:g}",
                [{"pace": pace}, line, p],
                list(clock.at_progress(_dates(line), p, pace)),
            )
            for name, line in lines.items()
            for pace in ("commit", "calendar")
            for p in (-0.5, 0.1234, 0.5, 0.99999, 1.0, 7.0)
        ),
    )


def _playback() -> Iterator[tuple[str, Iterator[Case]]]:
    lines = _timelines()

    def each(function: Callable[..., Playback], *values: Any) -> Iterator[Case]:
        for name in ("one commit", "an idle year"):
            dates = _dates(lines[name])
            for where, state in _states(dates.head_rank):
                for s in (state, clock.pause(state)):
                    at = f"{name}, {where}, {'playing' if s.playing else 'at rest'}"
                    for args in [[v] for v in values] or [[]]:
                        takes_dates = function not in (playback.faster, playback.other_pace)
                        got = function(s, dates, *args) if takes_dates else function(s, *args)
                        yield f"{at} {args}", [asdict(s), lines[name], *args], asdict(got)

    yield "toggle", each(playback.toggle)
    yield "step", each(playback.step, 1, -1, 5)
    yield "scrub", each(playback.scrub, 0.0, 0.3, 0.7, 1.0)
    yield "faster", each(playback.faster, 2.0, 0.5, -1.0)
    yield "other_pace", each(playback.other_pace)


def _poses(chance: random.Random, n: int) -> list[Pose]:
    turn = lambda: spaces.unit(tuple(chance.gauss(0, 1) for _ in range(4)))  # type: ignore[arg-type]  # noqa: E731
    return [
        Pose(
            tuple(chance.uniform(-50, 50) for _ in range(3)),
            turn(),  # type: ignore[arg-type]
            math.exp(chance.uniform(-5, 2)),
        )
        for _ in range(n)
    ]


def _spaces() -> Iterator[tuple[str, Iterator[Case]]]:
    chance = random.Random(21)
    a, b = _poses(chance, 6), _poses(chance, 6)
    points = [tuple(chance.uniform(-9, 9) for _ in range(3)) for _ in range(6)]
    numbered = list(enumerate(zip(a, b, points, strict=True)))
    yield (
        "compose",
        ((f"{i}", [asdict(p), asdict(q)], asdict(spaces.compose(p, q))) for i, (p, q, _) in numbered),
    )
    yield "invert", ((f"{i}", [asdict(p)], asdict(spaces.invert(p))) for i, (p, _, _) in numbered)
    yield "apply", ((f"{i}", [asdict(p), v], spaces.apply(p, v)) for i, (p, _, v) in numbered)
    yield "apply_inverse", ((f"{i}", [asdict(p), v], spaces.apply_inverse(p, v)) for i, (p, _, v) in numbered)
    yield "matrix", ((f"{i}", [asdict(p)], spaces.matrix(p)) for i, (p, _, _) in numbered)
    yield "view_matrix", ((f"{i}", [asdict(p)], spaces.view_matrix(p)) for i, (p, _, _) in numbered)
    yield "look_at", ((f"{i}", [p.position, v], spaces.look_at(p.position, v)) for i, (p, _, v) in numbered)
    angles = [(0.0, 0.0), (1.0, -0.5), (-3.0, 1.2), (2.0, -math.pi / 2), (0.5, math.pi / 2)]
    yield "yaw_pitch", ((f"{y}, {p:g}", [y, p], spaces.yaw_pitch(y, p)) for y, p in angles)
    yield (
        "yaw_pitch_of",
        ((f"{i}", [p.orientation], spaces.yaw_pitch_of(p.orientation)) for i, (p, _, _) in numbered),
    )
    yield (
        "perspective",
        ((f"{v}", list(v), spaces.perspective(*v)) for v in ((0.8, 1.6, 0.1, 1000.0), (1.4, 0.5, 0.01, 3.0))),
    )
    yield (
        "ray_through",
        (
            (f"{i}", [x, y, 0.8, 1.7, p.orientation], spaces.ray_through(x, y, 0.8, 1.7, p.orientation))
            for i, ((p, _, _), (x, y)) in enumerate(
                zip((n[1] for n in numbered), ((0, 0), (1, 1), (-1, 0.3), (0.2, -1)), strict=False)
            )
        ),
    )


#: A city 300 m across, and the pose that it is first seen under.
BOX = (-150.0, 0.0, -110.0, 150.0, 60.0, 110.0)


def _scripts() -> Iterator[tuple[str, list[tuple[Actions, float]]]]:
    frame = 1 / 60
    nothing = (Actions(), frame)

    def ray(x: float, y: float) -> spaces.Vector:
        return spaces.ray_through(x, y, 0.8, 1.6, spaces.IDENTITY)

    yield "flying ahead and coming to rest", [(Actions(fly=(0, 0, -1)), frame)] * 20 + [nothing] * 60
    yield "flying up and to the right", [(Actions(fly=(1, 0.5, 0)), 0.1)] * 8 + [nothing]
    yield "flying down ends at the ground", [(Actions(fly=(0, -1, 0)), 0.25)] * 40
    yield "turning", [(Actions(turn=1.0), frame)] * 30 + [nothing] * 40
    yield "going around a place", [(Actions(orbit=(0.05, -0.02), pivot=(10, 3, -20)), frame)] * 12
    yield (
        "gaze never turns over",
        [(Actions(orbit=(0.0, -0.5)), frame)] * 5 + [(Actions(orbit=(0, 0.9)), frame)] * 5,
    )
    yield "zooming in", [(Actions(zoom=0.4, focus=(20, 0, 30)), frame)] * 3 + [nothing] * 40
    yield "zooming as far as it goes", [(Actions(zoom=9.0, focus=(0, 0, 0)), 1.0)] * 4
    yield (
        "dragging along the ground",
        [(Actions(grab=ray(0.02 * i, -0.4 - 0.01 * i), grip=(12, 0, 40)), frame) for i in range(10)]
        + [nothing],
    )
    yield (
        "dragging what is high",
        [(Actions(grab=ray(0.1 * i, 0.9), grip=(12, 200, -400)), frame) for i in range(5)] + [nothing],
    )
    yield (
        "dragging past the horizon",
        [(Actions(grab=ray(0.0, -0.5 + 0.15 * i), grip=(0, 0, 20)), frame) for i in range(10)],
    )
    yield "going to a building", [(Actions(teleport=(30, 8, -25), reach=40.0), frame)] + [nothing] * 30
    there = [(Actions(fly=(0, 0, -1)), 0.2)] * 4 + [(Actions(), 0.3)] * 4
    yield (
        "undoing two moves",
        [
            *there,
            *[(Actions(turn=-1), 0.1)] * 5,
            *[(Actions(), 0.3)] * 3,
            (Actions(undo=True), frame),
            *[nothing] * 30,
            (Actions(undo=True), frame),
            *[nothing] * 30,
            (Actions(undo=True), frame),
        ],
    )
    yield (
        "recentring, and undoing that",
        [
            *there,
            (Actions(recentre=True), frame),
            *[(Actions(), 0.05)] * 10,
            (Actions(undo=True), frame),
            *[(Actions(), 0.05)] * 10,
        ],
    )
    yield (
        "a hand stops a glide",
        [*there, (Actions(recentre=True), frame), (Actions(fly=(1, 0, 0)), 0.05), nothing],
    )


def _journey(journey: Journey) -> dict[str, Any]:
    kept = ("pose", "velocity", "spin", "zooming", "holding", "level", "rest")
    return {
        **{name: value for name, value in asdict(journey).items() if name in kept},
        "past": len(journey.past),
        "gliding": journey.glide is not None,
    }


def _locomotion() -> Iterator[tuple[str, Iterator[Case]]]:
    home = locomotion.overview(Pose((0, 0, 0), spaces.about((0, 1, 0), 0.4), 0.01), BOX, 0.8, 1.6)

    def journeys() -> Iterator[Case]:
        for name, script in _scripts():
            journey = Journey(home, home)
            seen: list[dict[str, Any]] = []
            for i, (actions, seconds) in enumerate(script):
                journey = locomotion.step(journey, actions, seconds)
                if i % 5 == 4 or i == len(script) - 1:
                    seen.append({"frame": i, **_journey(journey)})
            default = asdict(Actions())
            brief = [[{k: v for k, v in asdict(a).items() if v != default[k]}, s] for a, s in script]
            yield name, [asdict(home), brief], seen

    chance = random.Random(22)
    yield "journey", journeys()
    yield (
        "overview",
        (
            (f"{i}{' round' * round_}", [asdict(p), BOX, 0.8, aspect, round_],
             asdict(locomotion.overview(p, BOX, 0.8, aspect, round_)))
            for i, (p, aspect) in enumerate(zip(_poses(chance, 4), (1.6, 0.6, 1.0, 2.2), strict=True))
            for round_ in (False, True)
        ),
    )
    eyes = [
        ((0.0, 1.6, 0.0), home),
        ((3.0, 1.2, -2.0), Pose((0, 0, -2), scale=0.003)),
        ((0, 30, 0), Pose((0, 0, 0))),
    ]
    yield (
        "depth_range",
        ((f"{i}", [asdict(p), BOX, e], locomotion.depth_range(p, BOX, e)) for i, (e, p) in enumerate(eyes)),
    )
    yield (
        "drag",
        (
            (f"{i}", [asdict(p), (1, 2, 3), (-4, 1, 0)], asdict(locomotion.drag(p, (1, 2, 3), (-4, 1, 0))))
            for i, p in enumerate(_poses(chance, 3))
        ),
    )
    gazes = [
        Gaze((0, 20, 50), 0.3, -0.4, 0.01),
        Gaze((90, 5, -20), 3.0, 0.1, 1.0),
        Gaze((1, 60, 2), -3.1, -1.5, 4.0),
    ]
    yield (
        "between",
        (
            (f"{i} {share}", [asdict(p), asdict(q), share], asdict(locomotion.between(p, q, share)))
            for i, (p, q) in enumerate(zip(gazes, gazes[1:] + gazes[:1], strict=True))
            for share in (0.0, 0.3, 1.0)
        ),
    )


def _selection() -> Iterator[tuple[str, Iterator[Case]]]:
    scripts: dict[str, list[list[Any]]] = {
        "a click": [["press", 10, 10], ["move", 12, 13], ["release", 1.0]],
        "a drag": [["press", 10, 10], ["move", 12, 13], ["move", 30, 10], ["move", 11, 10], ["release", 1.0]],
        "a double click": [
            ["press", 5, 5],
            ["release", 1.0],
            ["press", 7, 6],
            ["release", 1.3],
            ["press", 7, 6],
            ["release", 1.5],
        ],
        "two clicks, slowly": [["press", 5, 5], ["release", 1.0], ["press", 5, 5], ["release", 1.36]],
        "two clicks, apart": [["press", 5, 5], ["release", 1.0], ["press", 15, 5], ["release", 1.2]],
        "a release without a press": [["release", 1.0], ["move", 3, 4]],
    }

    def pointers() -> Iterator[Case]:
        for name, script in scripts.items():
            pointer, seen = selection.Pointer(), list[Any]()
            for verb, *args in script:
                gesture: selection.Gesture = "none"
                if verb == "press":
                    pointer = selection.press(pointer, *args)
                elif verb == "move":
                    pointer, gesture = selection.move(pointer, *args)
                else:
                    pointer, gesture = selection.release(pointer, *args)
                seen.append([gesture, pointer.x, pointer.y, pointer.down, pointer.dragging])
            yield name, [script], seen

    yield "pointer", pointers()
    before = selection.Selection(8, 3, 12)
    yield (
        "hover",
        (
            (f"{args}", [asdict(before), *args], asdict(selection.hover(before, *args)))
            for args in ((8, 3), (9, 0), (-1, 5))
        ),
    )
    yield (
        "choose",
        ((f"{node}", [asdict(before), node], asdict(selection.choose(before, node))) for node in (4, -1)),
    )


def _words() -> Iterator[tuple[str, Iterator[Case]]]:
    seconds = (0, -1, -86_401, 1_772_638_560, 951_825_599, 4_102_444_799, 1_709_209_800)
    sizes = (0, 1, 1023, 1024, 1280, 1331, 10_188, 10_240, 347_845, 1_048_575, 1_048_576, 10_433_332,
             3_000_000_000)
    for say, numbers in ((words.day_of, seconds), (words.minute_of, seconds),
                         (words.grouped, (*sizes, 12_345)), (words.bytes_of, sizes)):
        yield say.__name__, ((str(number), [number], say(number)) for number in numbers)


ROOMS: dict[str, Callable[[], Iterator[tuple[str, Iterator[Case]]]]] = {
    "clock/clock": _clock,
    "navigation/playback": _playback,
    "navigation/spaces": _spaces,
    "navigation/locomotion": _locomotion,
    "navigation/selection": _selection,
    "navigation/hands": worn.of_hands,
    "navigation/standing": worn.of_standing,
    "navigation/comfort": worn.of_comfort,
    "navigation/naming": worn.of_naming,
    "words/words": _words,
}


def files() -> Iterator[tuple[Path, str]]:
    """Yield every file's path and text."""
    assert {f.name for f in fields(Actions)} >= {"fly", "grab"}
    for room, functions in ROOMS.items():
        for function, cases in functions():
            rows = ",\n".join(
                json.dumps({"name": name, "args": args, "expected": expected})
                for name, args, expected in cases
            )
            text = f'{{"function": {json.dumps(function)}, "cases": [\n{rows}\n]}}\n'
            yield HERE / f"{room}.{function}.json", text


def main() -> None:
    """Write the files."""
    for path, text in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
