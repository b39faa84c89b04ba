"""Reads msgpack without copying what it holds: every bin comes back as a view of the bytes read.

The msgpack package copies each bin into an object of its own, which for the columns of a tile
costs as much as everything else together and stalls a viewer's frame. This reader knows the part
of the format that bodies use: nil, booleans, numbers, strings, bins, lists and maps.
"""

from __future__ import annotations

import struct
from typing import Any

from xrserver.errors import WireError

#: Lists and maps within each other; a tile's header nests two a level.
_DEEPEST = 128

_NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
            0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
#: code → (what it is, bytes of its length)
_SIZED = {0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4),
          0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4),
          0xDC: ("list", 2), 0xDD: ("list", 4), 0xDE: ("map", 2), 0xDF: ("map", 4)}


def unpack(data: memoryview) -> Any:
    """Return the one value in `data`.

    Raises
    ------
    WireError
        The bytes end early, go on behind the value, or are no msgpack that a body may hold.
    """
    reader = _Reader(data)
    value = reader.value(0)
    if reader.position != len(data):
        raise WireError(f"{len(data) - reader.position} bytes follow a complete body.")
    return value


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.position = 0

    def _take(self, count: int) -> memoryview:
        start = self.position
        self.position = start + count
        if self.position > len(self._data):
            raise WireError(f"The body ends after {len(self._data)} bytes, in the middle of a value.")
        return self._data[start : self.position]

    def value(self, depth: int) -> Any:
        code = self._take(1)[0]
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 0x100
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code in _NUMBERS:
            layout = _NUMBERS[code]
            return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        if code < 0xC0:
            kind = "map" if code < 0x90 else "list" if code < 0xA0 else "str"
            return self._sized(kind, code & (0x1F if kind == "str" else 0x0F), depth)
        if code in _SIZED:
            kind, width = _SIZED[code]
            return self._sized(kind, int.from_bytes(self._take(width), "big"), depth)
        raise WireError(f"The body holds the msgpack type {code:#04x}, which no body uses.")

    def _sized(self, kind: str, count: int, depth: int) -> Any:
        if kind == "bin":
            return self._take(count)
        if kind == "str":
            try:
                return str(self._take(count), "utf-8")
            except UnicodeDecodeError:
                raise WireError("The body holds a string that is not UTF-8.") from None
        if depth >= _DEEPEST:
            raise WireError(f"The body is nested deeper than {_DEEPEST} lists and maps.")
        if kind == "list":
            return [self.value(depth + 1) for _ in range(count)]
        found: dict[str, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, str) or key in found:
                raise WireError("The body holds a map whose keys are not distinct strings.")
            found[key] = self.value(depth + 1)
        return found
