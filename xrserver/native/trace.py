"""What is drawn of hands: controllers or fingers, rays, discs on what they meet, the arc of a throw."""

from __future__ import annotations

import math
from itertools import pairwise

from xrserver import spaces
from xrserver.native.aiming import Pointed
from xrserver.native.hands import Hand, Worn
from xrserver.native.strokes import Colour, Strokes
from xrserver.native.teleport import Teleport
from xrserver.spaces import Vector

#: Chains of OpenXR's joints: from the wrist along each finger.
_FINGERS = ((1, 2, 3, 4, 5), (1, 6, 7, 8, 9, 10), (1, 11, 12, 13, 14, 15), (1, 16, 17, 18, 19, 20),
            (1, 21, 22, 23, 24, 25))
#: Radius of a disc as seen from between the eyes, radians; and at least, metres.
_DISC, _DISC_LEAST = 0.006, 0.0026
#: A ray fades after so many metres; the ground is marked up to so many metres away.
_RAY_SEEN, _GROUND_MOST = 2.5, 8.0
_RING = 14


def trace(strokes: Strokes, worn: Worn, pointed: list[Pointed], throw: Teleport, daylight: float) -> None:
    """Add everything that is seen of hands to a frame's strokes."""
    if not worn.seen or not worn.focused:
        return
    ink: Colour = (0.10, 0.13, 0.19, 1.0) if daylight > 0.5 else (0.90, 0.95, 1.0, 1.0)
    accent: Colour = (0.0, 0.36, 0.72, 1.0) if daylight > 0.5 else (0.36, 0.80, 1.0, 1.0)
    for hand, met in zip(worn.hands, pointed, strict=True):
        if not hand.tracked:
            continue
        _body(strokes, hand)
        if hand.owner != "world" and not throw.aiming:
            _ray(strokes, hand, met, worn, accent if hand.select.pressed else ink)
    if throw.aiming:
        _arc(strokes, throw, accent if throw.valid else (0.9, 0.35, 0.25, 1.0))


def _body(strokes: Strokes, hand: Hand) -> None:
    skin: Colour = (0.46, 0.51, 0.60, 1.0)
    if hand.kind == "fingers" and hand.joints:
        for chain in _FINGERS:
            for a, b in pairwise(chain):
                strokes.add(hand.joints[a], hand.joints[b], 0.0075, skin)
        return
    handle = spaces.apply(hand.grip, (0.0, 0.0, 0.09))
    strokes.add(handle, hand.grip.position, 0.016, (0.20, 0.23, 0.29, 1.0))
    strokes.add(hand.grip.position, hand.aim.position, 0.020, skin)


def _ray(strokes: Strokes, hand: Hand, met: Pointed, worn: Worn, ink: Colour) -> None:
    if met.kind == "nothing" or (met.kind == "ground" and met.distance > _GROUND_MOST):
        reach, seen = 1.0, 0.25
    else:
        reach, seen = met.distance, 0.55 if met.kind == "ground" else 0.9
    ray = spaces.rotate(hand.aim.orientation, (0.0, 0.0, -1.0))

    def along(metres: float) -> Vector:
        return spaces.add(hand.aim.position, spaces.scaled(ray, metres))

    # In pieces that fade: what is far along a ray is found by its disc.
    ends = [0.04, 0.3, 0.8, _RAY_SEEN]
    for i, (near, far) in enumerate(pairwise(ends)):
        if near < reach:
            strokes.add(along(near), along(min(far, reach)), 0.0012, (*ink[:3], seen * (0.75, 0.4, 0.2)[i]))
    if met.kind in ("thing", "panel") or (met.kind == "ground" and met.distance <= _GROUND_MOST):
        at = along(reach)
        away = spaces.length(spaces.subtract(at, worn.head.position))
        near = spaces.add(at, spaces.scaled(spaces.subtract(worn.head.position, at), 0.012))
        strokes.add(near, near, max(away * _DISC, _DISC_LEAST), (*ink[:3], seen))


def _arc(strokes: Strokes, throw: Teleport, ink: Colour) -> None:
    for a, b in pairwise(throw.arc):
        strokes.add(a, b, 0.006, (*ink[:3], 0.8))
    if not (throw.valid and throw.arc):
        return
    middle = throw.arc[-1]
    ring = [spaces.add(middle, (0.25 * math.cos(turn), 0.01, 0.25 * math.sin(turn)))
            for turn in (2 * math.pi * i / _RING for i in range(_RING + 1))]
    for a, b in pairwise(ring):
        strokes.add(a, b, 0.01, ink)
