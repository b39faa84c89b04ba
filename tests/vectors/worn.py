"""Vectors of moving in a headset: what hands, sticks and a place to stand come to."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from xrserver import spaces
from xrserver.navigation import comfort, hands, naming, standing
from xrserver.navigation.hands import Grab, Pinch
from xrserver.spaces import Pose, Vector

Case = tuple[str, list[Any], Any]

_LEVEL = Pose((0.3, 0.9, -0.8), spaces.about((0, 1, 0), 0.6), 0.004)
_LIMITS = (0.001, 0.02)


def _pinches() -> Iterator[Case]:
    frame = 1 / 90
    scripts: dict[str, list[tuple[float, float]]] = {
        "closed and opened": [(1.0, frame)] * 8 + [(0.0, frame)] * 12,
        "ramped up and down": [(i / 20, frame) for i in range(21)]
        + [(1 - i / 20, frame) for i in range(21)]
        + [(0.0, frame)] * 10,
        "a short opening drops nothing": [(1.0, frame)] * 8 + [(0.0, frame)] * 7 + [(1.0, frame)] * 3,
        "a short closing takes nothing": [(0.0, frame)] * 2 + [(1.0, frame)] * 4 + [(0.0, frame)] * 3,
        "flickering": [(float(i % 3 != 0), frame) for i in range(30)],
        "one long frame decides nothing": [
            (1.0, 0.1),
            (0.0, 0.1),
            (1.0, 0.1),
            (1.0, 0.1),
            (0.0, 0.1),
            (1.0, 0.1),
        ],
        "between press and release nothing changes": [(0.5, frame)] * 9
        + [(1.0, frame)] * 9
        + [(0.5, frame)] * 20,
    }
    for name, script in scripts.items():
        pinch, seen = Pinch(), list[Any]()
        for value, seconds in script:
            pinch = hands.pinched(pinch, value, seconds)
            seen.append(asdict(pinch))
        yield name, [script], seen


Frame = tuple[int, Vector, Vector]


def _grabs() -> Iterator[Case]:
    a, b = (-0.2, 1.1, -0.4), (0.25, 1.15, -0.45)

    def at(hand: Vector, x: float, y: float, z: float) -> Vector:
        return (hand[0] + x, hand[1] + y, hand[2] + z)

    def going(n: int) -> Iterator[tuple[float, Vector, Vector]]:
        for i in range(n):
            yield (i / n, at(a, -0.01 * i, 0.004 * i, 0.003 * i), at(b, 0.006 * i, -0.003 * i, -0.01 * i))

    scripts: dict[str, list[Frame]] = {
        "one hand drags": [(1, left, right) for _, left, right in going(8)] + [(0, a, b)],
        "the other hand drags": [(2, left, right) for _, left, right in going(8)],
        "both move, scale and turn": [(3, left, right) for _, left, right in going(20)],
        "a second hand joins and the first leaves": [
            ((1, 3, 3, 2, 0)[min(i // 3, 4)], left, right) for i, (_, left, right) in enumerate(going(15))
        ],
        "lost from sight, and back elsewhere": [
            (2, a, b),
            (2, a, at(b, 0.1, 0, 0)),
            (0, a, b),
            (0, a, b),
            (2, a, at(b, 0.5, 0.5, 0)),
            (2, a, at(b, 0.6, 0.5, 0)),
        ],
        "larger than allowed, and back": [
            (3, a, at(b, 0.5 * s, 0, 0)) for s in (0, 1, 2, 4, 8, 16, 8, 4, 2, 1, 0)
        ],
        "smaller than allowed, and back": [
            (3, a, at(b, -0.45 * s, 0, 0)) for s in (0, 0.3, 0.6, 0.8, 0.85, 0.8, 0.6, 0.3, 0)
        ],
        "one above the other does not turn": [
            (3, a, at(a, 0.3 * math.cos(t), 0.3 * math.sin(t), 0)) for t in (0, 0.5, 1.0, 1.5, 1.6, 2.0, 2.6)
        ],
        "hands that touch do nothing but carry": [
            (3, a, at(a, x, 0, 0)) for x in (0.3, 0.1, 0.04, 0.01, 0.0, -0.03, -0.1, 0.3)
        ],
        "turned all the way round": [
            (
                3,
                at(a, -0.2 * math.cos(t), 0, -0.2 * math.sin(t)),
                at(a, 0.2 * math.cos(t), 0, 0.2 * math.sin(t)),
            )
            for t in (i * 0.35 for i in range(19))
        ],
    }
    for name, script in scripts.items():
        grab, pose, seen = Grab(), _LEVEL, list[Any]()
        for held, left, right in script:
            pose, grab = hands.grabbed(grab, pose, held, left, right, *_LIMITS)
            seen.append({"pose": asdict(pose), **asdict(grab)})
        yield name, [asdict(_LEVEL), script, *_LIMITS], seen


def of_hands() -> Iterator[tuple[str, Iterator[Case]]]:
    """Yield functions of `navigation.hands`."""
    yield "pinched", _pinches()
    yield "grabbed", _grabs()
    centre = (0.1, 1.6, 0.4)
    yield (
        "turned_about",
        (
            (f"{angle}", [asdict(_LEVEL), centre, angle], asdict(hands.turned_about(_LEVEL, centre, angle)))
            for angle in (0.0, 0.5, -2.0, math.pi)
        ),
    )
    yield (
        "scaled_about",
        (
            (
                f"{by}",
                [asdict(_LEVEL), centre, by, *_LIMITS],
                asdict(hands.scaled_about(_LEVEL, centre, by, *_LIMITS)),
            )
            for by in (1.0, 1.7, 0.5, 100.0, 1e-3)
        ),
    )


def of_standing() -> Iterator[tuple[str, Iterator[Case]]]:
    """Yield functions of `navigation.standing`."""
    chance = random.Random(23)
    boxes = {
        "a wide city": (-150.0, 0.0, -110.0, 150.0, 60.0, 110.0),
        "a tower": (2.0, 0.0, 1.0, 9.0, 90.0, 8.0),
        "nothing at all": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    }
    heads = {
        "standing": ((0.0, 1.7, 0.0), 0.0),
        "seated, turned": ((1.0, 1.15, -2.0), 2.2),
        "on the floor": ((-0.4, 0.3, 0.2), -3.0),
    }
    tables = {"tabletop": standing.TABLETOP, "room": standing.ROOM}
    yield (
        "before",
        (
            (
                f"{city}, {who}, {kind}",
                [box, head, yaw, asdict(table)],
                asdict(standing.before(box, head, yaw, table)),
            )
            for city, box in boxes.items()
            for who, (head, yaw) in heads.items()
            for kind, table in tables.items()
        ),
    )
    yield (
        "within",
        (
            (
                who,
                [(20, 0.4, 90), (0, 0, 0), head, yaw, 0.1, 1.0],
                asdict(standing.within((20, 0.4, 90), (0, 0, 0), head, yaw, 0.1, 1.0)),
            )
            for who, (head, yaw) in heads.items()
        ),
    )
    yield (
        "carried",
        (
            (
                who,
                [asdict(_LEVEL), (0.2, 1.5, 0.1), 0.3, head, yaw],
                asdict(standing.carried(_LEVEL, (0.2, 1.5, 0.1), 0.3, head, yaw)),
            )
            for who, (head, yaw) in heads.items()
        ),
    )
    poses = [
        Pose((chance.uniform(-2, 2), 0.5, chance.uniform(-2, 2)), spaces.about((0, 1, 0), yaw), scale)
        for yaw, scale in ((0.1, 0.004), (3.0, 1.0), (-3.0, 0.02))
    ]
    yield (
        "glided",
        (
            (
                f"{i} {share}",
                [asdict(p), asdict(q), share, (5, 0, 7)],
                asdict(standing.glided(p, q, share, (5, 0, 7))),
            )
            for i, (p, q) in enumerate(zip(poses, poses[1:] + poses[:1], strict=True))
            for share in (0.0, 0.3, 1.0)
        ),
    )


def of_comfort() -> Iterator[tuple[str, Iterator[Case]]]:
    """Yield functions of `navigation.comfort`."""
    sticks = {
        "one push": (0.2, 0.8, 1.0, 0.6, 0.2, 0.0),
        "there and back": (0.9, -0.9, 0.0, -0.9),
        "never let go": (0.9, 0.5, 0.9, 0.44, 0.9),
        "not far enough": (0.1, 0.5, 0.69, 0.0),
    }

    def snaps() -> Iterator[Case]:
        for name, script in sticks.items():
            armed, seen = True, list[Any]()
            for x in script:
                turn, armed = comfort.snapped(armed, x)
                seen.append([turn, armed])
            yield name, [script], seen

    def flights() -> Iterator[Case]:
        looks = {"level": spaces.yaw_pitch(0.7, 0.0), "down": spaces.yaw_pitch(-1.0, -0.8)}
        for name, steer in looks.items():
            for flying in (False, True):
                velocity, seen = (0.0, 0.0, 0.0), list[Any]()
                script = [(0.0, -1.0)] * 12 + [(0.6, 0.1)] * 6 + [(0.0, 0.0)] * 30
                for x, y in script:
                    velocity = comfort.flown(velocity, x, y, steer, 3.0, 1.6, flying, 1 / 72)
                    seen.append(velocity)
                yield f"{name}, {'flying' if flying else 'walking'}", [script, steer, 3.0, 1.6, flying], seen

    def spins() -> Iterator[Case]:
        spin, seen, script = 0.0, list[float](), [1.0] * 10 + [-0.4] * 5 + [0.0] * 50
        for x in script:
            spin = comfort.spun(spin, x, 1.0, 1 / 72)
            seen.append(spin)
        yield "right, left, and let go", [script, 1.0], seen

    def vignettes() -> Iterator[Case]:
        for setting in ("off", "low", "high"):
            closed, seen, script = 0.0, list[float](), [1.0] * 10 + [0.3] * 10 + [0.0] * 60
            for moving in script:
                closed = comfort.vignetted(closed, moving, setting, 1 / 72)
                seen.append(closed)
            yield setting, [script, setting], seen

    ray = spaces.rotate(spaces.yaw_pitch(0.4, 0.3), (0, 0, -1))
    yield (
        "thrown",
        (
            (f"{t} s", [(0.3, 1.1, -0.2), ray, t], comfort.thrown((0.3, 1.1, -0.2), ray, t))
            for t in (0, 0.2, 2.0)
        ),
    )
    yield "snapped", snaps()
    yield "flown", flights()
    yield "spun", spins()
    yield "vignetted", vignettes()


#: What both languages know of names, beside what the functions show.
_OF_NAMES = (
    "MOST", "GAP", "EMS", "WIDE_DISTRICT", "WIDER_DEEPER", "WIDE_FILE", "STAYS", "STEM", "STEM_FILE", "EDGE",
    "ASIDE", "TEXELS", "LONGEST", "FADE_SECONDS", "CHOICE_SECONDS")


def _sights() -> Iterator[Case]:
    chance = random.Random(41)
    for i in range(60):
        pose = Pose((chance.uniform(-2, 2), chance.uniform(-1, 1), chance.uniform(-3, 0)),
                    spaces.about((0, 1, 0), chance.uniform(-3, 3)), chance.choice((0.004, 0.02, 1.0)))
        head = (chance.uniform(-1, 1), chance.uniform(0.5, 1.8), chance.uniform(-1, 1))
        # Somewhere ahead, in the room; in scene space that is where the pose says.
        yaw, pitch = chance.uniform(-3, 3), chance.uniform(-1, 0.8)
        away, aside = chance.uniform(0.5, 30), chance.uniform(-1.3, 1.3)
        ahead = (-math.sin(yaw + aside) * away, chance.uniform(-1, 4), -math.cos(yaw + aside) * away)
        place = spaces.apply_inverse(pose, spaces.add(head, ahead))
        thing = {"x": place[0], "y": place[1], "z": place[2], "district": chance.random() < 0.5,
                 "depth": chance.randrange(1, 6), "extent": chance.uniform(0.02, 0.4) * away / pose.scale}
        there = chance.random() < 0.5
        seen = naming.sights(
            np.array([place]), np.array([thing["extent"]]), np.array([thing["district"]]),
            np.array([thing["depth"]]), np.array([there]), pose, head, yaw, pitch)
        told = {name: float(getattr(seen, name)[0]) for name in ("x", "elevation", "stem", "weight")}
        yield f"{i}", [thing, there, asdict(pose), head, yaw, pitch], told if seen.named[0] else None


def _placed() -> Iterator[Case]:
    chance = random.Random(43)
    for most in (48, 5):
        boxes, weights, shown = [], [], []
        for _ in range(70):
            x, y, wide = chance.uniform(-40, 40), chance.uniform(-20, 20), chance.uniform(2, 12)
            boxes.append((x, y, x + wide, y + 1.5))
            weights.append(chance.choice((0.0, chance.uniform(0.1, 30))))
            shown.append(chance.random() < 0.3)
        placed = naming.place(boxes, weights, shown, most, naming.GAP)
        yield f"at most {most}", [boxes, weights, shown, most, naming.GAP], sorted(placed)


def of_naming() -> Iterator[tuple[str, Iterator[Case]]]:
    """Yield functions of `navigation.naming`, and its numbers."""
    yield "constants", iter([("all", [], {name: getattr(naming, name) for name in _OF_NAMES})])
    yield "sight", _sights()
    yield "place", _placed()
