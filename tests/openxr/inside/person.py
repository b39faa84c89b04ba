"""Steers the API layer in ``tests/openxr/layer``, and reads what an application handed to the runtime."""

from __future__ import annotations

import json
import mmap
import struct
import subprocess
from pathlib import Path

LAYER = Path("/source/tests/openxr/layer")
FOLDER = Path("/tmp/layer")
VALIDATION = Path("/packages/xr/api_layer/linux")
NAME = "XR_APILAYER_XRSERVER_person"
_TOLD, _READ = struct.Struct("<4f4i"), struct.Struct("<6i")


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
        file.write_bytes(bytes(_TOLD.size + _READ.size))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 0)
        self.state = {"gaze": (0.0, 0.0, 0.0, 1.0), "looks": 1, "present": 1, "through": 1, "recentred": 0}
        self.set()

    def set(self, **state) -> None:
        self.state.update(state)
        gaze, *rest = self.state.values()
        _TOLD.pack_into(self._map, 0, *gaze, *rest)

    def _read(self, at: int) -> int:
        return _READ.unpack_from(self._map, _TOLD.size)[at]

    frames = property(lambda self: self._read(0))
    blend = property(lambda self: self._read(1))
    layers = property(lambda self: self._read(2))
    views = property(lambda self: self._read(3))
    quads = property(lambda self: self._read(4))
    flags = property(lambda self: self._read(5))
