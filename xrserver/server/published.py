"""What was said of a generation since it was built: what a viewer that comes later has to hear."""

from __future__ import annotations

from collections.abc import Sequence

from xrserver.scene.open_tiles import TilePatch
from xrserver.scene.patch_parts import parts
from xrserver.stream import bodies, codec
from xrserver.stream.merging import Merged

#: The first number of a tile's patches: what is put together for a later viewer is numbered up to the last.
FIRST_NUMBER = 1 << 16


class Published:
    """The frames that bring a generation from how it was built to how it is.

    Parameters
    ----------
    generation : str
    table : str
        Id of the generation's table.

    Attributes
    ----------
    commits : bytes
        The one that brings the table up to date; empty where nothing came.
    head_rank : int
        The newest rank that viewers know; -1 for that of the generation.
    asked : set of str
        Tiles that somebody has asked for.
    told : set of str or None
        Those of them whose changes are told from now on; None where nothing is told (yet).
    """

    def __init__(self, generation: str, table: str) -> None:
        self.generation, self.table = generation, table
        self.commits = b""
        self.head_rank = -1
        self.asked: set[str] = set()
        self.told: set[str] | None = None
        self._merged: dict[str, Merged] = {}
        self._numbers: dict[str, int] = {}
        self._frames: dict[str, list[bytes]] = {}

    def add(self, patch: TilePatch, number: int) -> None:
        """Take note of a patch that viewers are sent, by its number."""
        tile = patch.tile
        if tile not in self._merged:
            self._merged[tile] = Merged(tile)
        self._merged[tile].take(patch)
        self._numbers[tile] = number
        self._frames.pop(tile, None)

    def after(self, body: str) -> Sequence[bytes]:
        """Return the frames that follow a tile, or the table: all that came since, as it is now."""
        if body == self.table:
            return (self.commits,) if self.commits else ()
        if body not in self._merged:
            return ()
        if body not in self._frames:
            pieces = list(parts(self._merged[body].patch()))
            first = self._numbers[body] - len(pieces) + 1
            self._frames[body] = [codec.encode(bodies.patch_message(self.generation, first + i, piece))
                                  for i, piece in enumerate(pieces)]
        return self._frames[body]
