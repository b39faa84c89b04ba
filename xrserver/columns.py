"""THE table of column sets: what every array on the wire and on the GPU holds.

A column set is either *packed* (one record after the other; how GPU texels are laid out) or
not (one array per column). The TypeScript twin in ``webxr_client/src/generated/protocol.ts``
is generated from this table; a test fails when they drift.

Units and spaces: lengths in metres, in *scene space* (right-handed, +X right, +Y up, floor
y = 0); ranks count commits; times are seconds since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Annotated

import numpy as np

#: The rank that is never reached: `death` of what still stands, `hi` of the open window.
RANK_END = 0x7FFF_FFFF

#: 32-bit words in one RGBA32UI texel, and bytes.
TEXEL_WORDS = 4
TEXEL_BYTES = 16


class Kind(IntEnum):
    """What shape a span is drawn as (bits 0–7 of `traits`)."""

    BOX = 0
    RIBBON = 1
    BEAM = 2
    LABEL = 3
    PERSON = 4
    BEAD = 5


class Flag(IntFlag):
    """How a span comes and goes (bits 8–15 of `traits`).

    EASED: during the ease before its birth it is drawn between (position0, size0) and
    (position1, size1). CARRIED: alive already before this tile's window; birth is the true one.
    ENTERS: it grows out of the ground instead (nothing stood before). LEAVES: it shrinks into the
    ground during the ease before its death (nothing follows). A span that neither leaves nor has
    a successor in its node has moved elsewhere, and hides when that ease begins.
    LATE: dated before the head it was added to. AGGREGATE: stands for several things. GONE: a commit
    that no ref reaches any more. UNDATED: older than anything that is read yet, so its birth says
    nothing and it does not glow.
    """

    EASED = 1
    CARRIED = 2
    ENTERS = 4
    LEAVES = 8
    LATE = 16
    AGGREGATE = 32
    GONE = 64
    UNDATED = 128


class Category(IntEnum):
    """What a thing is (bits 16–31 of `traits`); its colour in the `kind` colouring."""

    DISTRICT = 0
    SOURCE = 1
    TEST = 2
    DOCUMENTATION = 3
    CONFIGURATION = 4
    DATA = 5
    ASSET = 6
    BUILD = 7
    VENDORED = 8
    SYMLINK = 9
    SUBMODULE = 10
    OTHER = 11


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest and largest value allowed (inclusive); for str, bytes and list: of the length."""

    low: float
    high: float


#: Scene-wide ids of nodes that are no paths: a commit's bead is `COMMIT_NODES` + 2·rank, pieces of
#: ribbons count on from `RIBBON_NODES` in steps of two. All stay below 2³¹.
COMMIT_NODES, RIBBON_NODES = 0x4000_0000, 0x6000_0000

Rank = Annotated[int, Range(0, RANK_END)]
NodeId = Annotated[int, Range(0, 2**32 - 1)]
TileId = Annotated[str, Range(32, 32)]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `width` values of `dtype` (little-endian numpy code) a row."""

    name: str
    dtype: str
    width: int
    unit: str
    space: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """A named set of columns with as many rows each, unless `ragged`.

    Attributes
    ----------
    packed
        The columns are interleaved into fixed-size records and travel as one array.
    ragged
        Columns may differ in length (an offsets column tells which bytes are whose).
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    packed: bool = False
    ragged: bool = False

    @property
    def dtype(self) -> np.dtype[np.void]:
        """The structured dtype of one packed record (no padding)."""
        return np.dtype([(c.name, c.dtype, (c.width,)) if c.width > 1 else (c.name, c.dtype)
                         for c in self.columns])

    def empty(self, rows: int) -> np.ndarray:
        """Return `rows` zeroed packed records."""
        return np.zeros(rows, self.dtype)


SPANS = ColumnSet(
    "spans", "a node's state over the ranks [birth, death): five RGBA32UI texels", packed=True,
    columns=(
        Column("birth", "<u4", 1, "rank", "", "first rank at which the state holds"),
        Column("death", "<u4", 1, "rank", "", "first rank at which it no longer holds, clipped to hi"),
        Column("node", "<u4", 1, "node id", "", "whose state it is (scene-wide id)"),
        Column("traits", "<u4", 1, "", "", "kind (bits 0-7) | flags (8-15) | category (16-31)"),
        Column("position1", "<f4", 3, "m", "scene", "centre of the base; where a ribbon begins"),
        Column("author", "<u4", 1, "person id", "", "author of the last stratum"),
        Column("size1", "<f4", 3, "m", "scene", "extent along x, y, z; a ribbon's derivative there"),
        Column("value1", "<f4", 1, "strata", "", "how many of the node's strata stand; a ribbon's width (m)"),
        Column("position0", "<f4", 3, "m", "scene", "where it comes from, when eased; where a ribbon ends"),
        Column("spare", "<f4", 1, "", "", "a bed: how steep it rises outwards; a ribbon: 1 on the mainline"),
        Column("size0", "<f4", 3, "m", "scene", "size it comes from, when eased; a ribbon's derivative"),
        Column("value0", "<f4", 1, "strata", "", "strata it comes from, when eased; a ribbon's width (m)"),
    ),
)

NODES = ColumnSet(
    "nodes", "the things of a tile, each with its spans sorted by birth: two RGBA32UI texels", packed=True,
    columns=(
        Column("first_span", "<u4", 1, "row", "", "row of the node's first span in the tile"),
        Column("span_count", "<u4", 1, "rows", "", "how many spans it has in the tile"),
        Column("first_stratum", "<u4", 1, "row", "", "row of the node's first stratum in the tile"),
        Column("strata_before", "<u4", 1, "strata", "", "strata it had before those listed in the tile"),
        Column("node", "<u4", 1, "node id", "", "scene-wide id: 2·path for a file, 2·path+1 for a district"),
        Column("parent", "<u4", 1, "node id", "", "the district around it, a ribbon's child, or itself"),
        Column("stratum_count", "<u4", 1, "rows", "", "how many strata it has in the tile"),
        Column("depth", "<u4", 1, "levels", "", "districts around it; 0 for the root district"),
    ),
)

STRATA = ColumnSet(
    "strata", "the commits that built a node, in the order they landed: one RG32UI texel", packed=True,
    columns=(
        Column("rank", "<u4", 1, "rank", "", "the commit"),
        Column("author", "<u4", 1, "person id", "", "who made it (65535: one of the many beyond)"),
    ),
)

NAMES = ColumnSet(
    "names", "raw bytes of strings, one after the other", ragged=True,
    columns=(
        Column("offsets", "<u4", 1, "bytes", "", "n + 1 offsets into `bytes`"),
        Column("bytes", "|u1", 1, "", "", "git's own bytes: mostly UTF-8, never promised to be"),
    ),
)

TIMELINE = ColumnSet(
    "timeline", "one row a rank",
    columns=(
        Column("time", "<i8", 1, "s", "UTC", "running maximum of committer time"),
        Column("author", "<u4", 1, "person id", "", "who made the commit"),
        Column("mainline", "|u1", 1, "", "", "1 when the commit is on the mainline"),
    ),
)

PEOPLE = ColumnSet(
    "people", "one row a person, most commits first; row number is the person id",
    columns=(
        Column("commits", "<u4", 1, "commits", "", "how many they authored"),
        Column("colour", "<u4", 1, "sRGB", "", "0xRRGGBB"),
    ),
)

LANDMARKS = ColumnSet(
    "landmarks", "tags (and only tags) by rank",
    columns=(
        Column("rank", "<u4", 1, "rank", "", "the commit the tag points at"),
    ),
)

COURSE = ColumnSet(
    "course", "where the river's mainline is at some ranks, ascending, the first and the newest among them",
    columns=(
        Column("rank", "<u4", 1, "rank", "", "the commit"),
        Column("position", "<f4", 3, "m", "scene", "on the mainline"),
        Column("across", "<f4", 3, "m", "scene", "from there to the outermost lane on its outer side"),
    ),
)

COLUMN_SETS: tuple[ColumnSet, ...] = (SPANS, NODES, STRATA, NAMES, TIMELINE, PEOPLE, LANDMARKS, COURSE)
