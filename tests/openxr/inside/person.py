"""Steers the API layer in ``tests/openxr/layer``, and reads what an application handed to the runtime."""

from __future__ import annotations

import json
import mmap
import struct
import subprocess
from pathlib import Path

from xrserver import spaces

LAYER = Path("/source/tests/openxr/layer")
FOLDER = Path("/tmp/layer")
VALIDATION = Path("/packages/xr/api_layer/linux")
NAME = "XR_APILAYER_XRSERVER_person"
_TOLD, _READ, _HANDS = struct.Struct("<4f4i"), struct.Struct("<6i"), struct.Struct("<i156f")
#: A right hand's joints about its wrist, open, its palm down, its fingers ahead; metres, OpenXR's order.
_OPEN = [(-0.005, 0.0, -0.05), (0.0, 0.0, 0.0)] + [
    (x, 0.0, -z) for x, zs in (
        (-0.035, (0.03, 0.05, 0.07, 0.085)), (-0.025, (0.03, 0.09, 0.13, 0.15, 0.17)),
        (-0.005, (0.03, 0.09, 0.14, 0.165, 0.185)), (0.015, (0.03, 0.085, 0.125, 0.15, 0.17)),
        (0.035, (0.03, 0.08, 0.105, 0.125, 0.14)))
    for z in zs]  # fmt: skip
_THUMB_TIP, _INDEX_TIP = 5, 10


def fingers(side: str, wrist, turn=(0.0, 0.0, 0.0, 1.0), pinch: float = 0.0):
    """Return the joints of a hand at a place: turned from palm down and fingers ahead, open or pinching."""
    hand = [list(joint) for joint in _OPEN]
    meet = (-0.04, -0.01, -0.11)
    for tip in (_THUMB_TIP, _INDEX_TIP):
        hand[tip] = [a + pinch * (b - a) for a, b in zip(hand[tip], meet, strict=True)]
    mirrored = -1.0 if side == "left" else 1.0
    return [spaces.add(wrist, spaces.rotate(turn, (mirrored * x, y, z))) for x, y, z in hand]


def build() -> Path:
    """Compile the layer; return the folder of its manifest."""
    FOLDER.mkdir(exist_ok=True)
    subprocess.run(["tcc", "-shared", "-o", FOLDER / "libperson.so", LAYER / "person.c", "-lm"], check=True)
    (FOLDER / "person.json").write_bytes((LAYER / "person.json").read_bytes())
    # pyopenxr brings the validation layer along, under a name that loaders look for in the system.
    told = json.loads((VALIDATION / "XrApiLayer_core_validation.json").read_text())
    told["api_layer"]["library_path"] = str(VALIDATION / told["api_layer"]["library_path"])
    (FOLDER / "validation.json").write_text(json.dumps(told))
    return FOLDER


class Person:
    """Eyes, presence and passthrough; `set` says which, the rest is read.

    `recentred` counts: a step up is one more time that somebody recentred.
    """

    def __init__(self, file: Path) -> None:
        file.write_bytes(bytes(_TOLD.size + _READ.size + _HANDS.size))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 0)
        self.state = {"gaze": (0.0, 0.0, 0.0, 1.0), "looks": 1, "present": 1, "through": 1, "recentred": 0}
        self.set()

    def set(self, **state) -> None:
        self.state.update(state)
        gaze, *rest = self.state.values()
        _TOLD.pack_into(self._map, 0, *gaze, *rest)

    def hold(self, left=None, right=None) -> None:
        """Let bare hands be seen: the joints of each, None where it is not; none at all: controllers."""
        seen = (left is not None) | (right is not None) << 1
        nowhere = [(0.0, 0.0, 0.0)] * 26
        both = (left or nowhere, right or nowhere)
        places = [number for hand in both for joint in hand for number in joint]
        _HANDS.pack_into(self._map, _TOLD.size + _READ.size, seen, *places)

    def _read(self, at: int) -> int:
        return _READ.unpack_from(self._map, _TOLD.size)[at]

    frames = property(lambda self: self._read(0))
    blend = property(lambda self: self._read(1))
    layers = property(lambda self: self._read(2))
    views = property(lambda self: self._read(3))
    quads = property(lambda self: self._read(4))
    flags = property(lambda self: self._read(5))
