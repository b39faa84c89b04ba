"""What was said of a generation since it was built: what a viewer that comes later has to hear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xrserver.scene.patches import TilePatch, parts
from xrserver.stream import bodies, codec
from xrserver.stream.merging import Merged

#: So many patches of a tile are put together, for a later viewer to hear them as one.
_MANY = 8

#: The first number of a tile's patches: what is put together for a later viewer is numbered up to the last.
FIRST_NUMBER = 1 << 16


@dataclass(frozen=True, slots=True)
class _Said:
    """A patch as viewers were sent it."""

    patch: TilePatch
    number: int
    frame: bytes


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
        self._first: dict[str, list[bytes]] = {}
        self._later: dict[str, list[_Said]] = {}

    def add(self, patch: TilePatch, number: int, frame: bytes) -> None:
        """Take note of a patch that viewers are sent, by its number, as `frame`."""
        self._later.setdefault(patch.tile, []).append(_Said(patch, number, frame))

    def after(self, body: str) -> Sequence[bytes]:
        """Return the frames that follow a tile, or the table: all that came since."""
        if body == self.table:
            return (self.commits,) if self.commits else ()
        return *self._first.get(body, ()), *(said.frame for said in self._later.get(body, ()))

    def loose(self) -> list[tuple[str, Sequence[_Said]]]:
        """Return the tiles, and of each the patches, that are to be put together: there are many of them."""
        return [(tile, tuple(later)) for tile, later in self._later.items() if len(later) >= _MANY]

    def put_together(self, tile: str, later: Sequence[_Said]) -> list[bytes]:
        """Return what stands for all patches of a tile up to the last of `later`.

        Takes long for large patches: meant for a thread, always the same one, while the event loop goes on.
        """
        merged = self._merged.setdefault(tile, Merged(tile))
        for said in later:
            merged.take(said.patch)
        pieces = list(parts(merged.patch()))
        first = later[-1].number - len(pieces) + 1
        return [codec.encode(bodies.patch_message(self.generation, first + i, piece))
                for i, piece in enumerate(pieces)]

    def shorten(self, tile: str, later: Sequence[_Said], frames: list[bytes]) -> None:
        """Say `frames` from now on instead of all up to the last of `later`."""
        self._first[tile] = frames
        del self._later[tile][:len(later)]
