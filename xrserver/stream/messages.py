"""Every message of the stream, once. ``webxr_client/src/generated/protocol.ts`` is made from it.

A message is a msgpack map whose first key ``type`` is the class name in lower case. Fields may be
``int float str bool bytes``, optional, lists of them, nested records, and column sets
(``Annotated[Columns, SET]``). Limits on what may arrive stand in the annotations and are
enforced by `stream.codec` on every decode.

Columns travel as ``{column: [padding, data]}``: two msgpack bins, the first just long enough
that the data starts at a multiple of 8 bytes from the start of the message, so that a viewer
makes typed-array views without a copy. Packed sets have the single column ``records``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from numpy.typing import NDArray

from xrserver.columns import (
    COURSE,
    LANDMARKS,
    NAMES,
    NODES,
    PEOPLE,
    RANK_END,
    SPANS,
    STRATA,
    TIMELINE,
    NodeId,
    Range,
    Rank,
    TileId,
)
from xrserver.scene.tiles import TileHeader

#: Column name → array; packed sets have one entry, ``records``.
Columns = dict[str, NDArray[Any]]


Short = Annotated[str, Range(0, 256)]
Text = Annotated[str, Range(0, 4096)]
Fraction = Annotated[float, Range(0.0, 1.0)]
Metres = Annotated[float, Range(-1e7, 1e7)]
Unit = Annotated[float, Range(-1.000001, 1.000001)]

#: Largest message a server takes, and largest frame it sends of a tile.
CLIENT_MESSAGE_LIMIT = 64 * 1024
FRAME_LIMIT = 256 * 1024


# --- records used inside messages ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the scene stands in the viewer's world: ``world_from_scene`` as translation, xyzw, scale."""

    position: Annotated[list[Metres], Range(3, 3)]
    orientation: Annotated[list[Unit], Range(4, 4)]
    scale: Annotated[float, Range(1e-6, 1e6)]


@dataclass(frozen=True, slots=True)
class Person:
    """A row of a scene's legend of people."""

    id: Annotated[int, Range(0, 65535)]
    name: Short
    commits: Annotated[int, Range(0, RANK_END)]
    colour: Annotated[int, Range(0, 0xFFFFFF)]


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that is open on the server."""

    id: Short
    name: Short
    commits: Annotated[int, Range(0, RANK_END)]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a panel: a label, its text, and what choosing it does ('' for nothing).

    `moment` is one of the repository with the id `repository`; '' for the one that is shown.
    """

    label: Short
    text: Annotated[str, Range(0, 65536)]
    moment: Short
    repository: Short


@dataclass(frozen=True, slots=True)
class Change:
    """A path that is changed and not committed; of a new folder its name with a slash.

    `node` is its building, or the nearest district around what has none; -1 for the whole repository.
    """

    path: bytes
    kind: Literal["added", "modified", "deleted", "untracked"]
    node: Annotated[int, Range(-1, 2**32 - 1)]


@dataclass(frozen=True, slots=True)
class Worktree:
    """A worktree of a repository and what is not committed there: `files` of them, of which some are listed.

    Where they could not all be counted, there are `more`. `problem` is a sentence where nothing can be told.
    """

    name: Short
    branch: Short
    colour: Annotated[int, Range(0, 0xFFFFFF)]
    files: Annotated[int, Range(0, 2**31)]
    more: bool
    changes: Annotated[list[Change], Range(0, 4096)]
    problem: Text


# --- server to viewer ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first message: who serves, and the token that resumes this session."""

    version: Short
    resume: Short
    resumed: bool
    repositories: list[Repository]
    scenes: list[Short]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long piece of work is; `total` 0 when not known."""

    phase: Short
    done: Annotated[int, Range(0, 2**53)]
    total: Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True, slots=True)
class Scene:
    """A generation of a scene: everything but its tiles and tables.

    `tables` are tile ids of column sets that belong to the whole scene (fetched like tiles):
    timeline, people with names, landmarks with names. `pose`, `rank` and `fraction` are where to
    start, or where a resumed session was. Where it is not `whole`, older history is still being read, and
    another generation will have it.
    """

    repository: Short
    scene: Short
    generation: Short
    mainline_ref: Short
    head_rank: Rank
    root: TileHeader
    table: TileId
    table_bytes: Annotated[int, Range(0, 2**40)]
    pose: Pose
    rank: Rank
    fraction: Fraction
    glow_seconds: Annotated[float, Range(0.01, 1000.0)]
    people: list[Person]
    excluded: Annotated[int, Range(0, RANK_END)]
    whole: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a tile's (or table's) body: bytes from `offset` on, of `total`.

    Where `deflated`, they are bytes of the body's zlib stream (RFC 1950), in each of its parts.
    """

    id: TileId
    offset: Annotated[int, Range(0, 2**40)]
    total: Annotated[int, Range(0, 2**40)]
    deflated: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Patch:
    """What new commits changed in an open tile: spans closed, nodes and spans appended.

    `sequence` counts the patches of one tile from 1; a tile's come after its body, and all of them.
    `closed` are (node, death, traits, which): what the last span of that node has now; death 0 takes
    that span back, so that the one before it is the last. They hold before anything is appended. Rows
    that `nodes` name count within this patch; a node that the tile has goes on with the spans and
    strata of its record here. A district may be several blocks of a tile: `which` says which of them,
    in the order in which the tile has them, and so does `first_stratum` of a block's record. A tile's
    first patch may have any number.
    """

    tile: TileId
    generation: Short
    sequence: Annotated[int, Range(1, RANK_END)]
    closed: list[list[int]]
    spans: Annotated[Columns, SPANS]
    nodes: Annotated[Columns, NODES]
    strata: Annotated[Columns, STRATA]
    names: Annotated[Columns, NAMES]


@dataclass(frozen=True, slots=True)
class Commits:
    """History has grown: what the table of a scene says from now on. What patches changed is seen with it.

    `timeline` takes the place of all rows from `first` on; `people` follow those before
    `first_person`. `tags` says that `landmarks` take the place of all there were. `legend` is that
    of the scene. `course` takes the place of all rows from its first rank on.
    """

    generation: Short
    head_rank: Rank
    first: Rank
    timeline: Annotated[Columns, TIMELINE]
    first_person: Annotated[int, Range(0, 65535)]
    people: Annotated[Columns, PEOPLE]
    people_names: Annotated[Columns, NAMES]
    tags: bool
    landmarks: Annotated[Columns, LANDMARKS]
    landmark_names: Annotated[Columns, NAMES]
    legend: list[Person]
    course: Annotated[Columns, COURSE]


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a query, under its number."""

    number: Annotated[int, Range(0, 2**31)]
    rank: Rank
    node: Annotated[int, Range(-1, 2**32 - 1)]
    text: Text
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Panel:
    """What a panel shows; viewers only lay it out. `nodes` are what it is about and the scene lights up."""

    name: Short
    title: Text
    rows: list[Row]
    nodes: Annotated[list[NodeId], Range(0, 4096)]


@dataclass(frozen=True, slots=True)
class Activity:
    """What is changed and not committed in every worktree of the repository that is shown, as it is now."""

    worktrees: Annotated[list[Worktree], Range(0, 64)]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know, in a sentence."""

    text: Text


@dataclass(frozen=True, slots=True)
class Error:
    """A request could not be met; the connection lives on. `subject` is the tile id or query number."""

    code: Short
    text: Text
    subject: Short


# --- viewer to server ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """The viewer's first message: what it is, and the session it was."""

    tier: Literal["quest2", "quest3", "pcvr", "desktop"]
    resume: Short
    scene: Short


@dataclass(frozen=True, slots=True)
class Want:
    """Tiles (or tables) to send, most wanted first."""

    tiles: Annotated[list[TileId], Range(0, 512)]


@dataclass(frozen=True, slots=True)
class Drop:
    """Tiles no longer wanted; parts not yet sent are cancelled."""

    tiles: Annotated[list[TileId], Range(0, 512)]


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the viewer's playhead and world are: remembered for a resumed session.

    `generation` is that of the scene it shows: in another one the same rank may be another commit.
    """

    rank: Rank
    fraction: Fraction
    playing: bool
    pose: Pose
    generation: Short


@dataclass(frozen=True, slots=True)
class Query:
    """A question answered by `result`.

    `moment`: text is a moment, answer its rank. `find`: text is a path, answer its node.
    `stratum`: node and index (from 0, oldest) name a floor, answer its commit.
    `commit`: rank, answer the commit. `directory`: node (of a directory, or of the block that stands for one)
    and rank, answer in rows what stands there then: its files, their commits, and the last of these.
    """

    number: Annotated[int, Range(0, 2**31)]
    kind: Literal["moment", "find", "stratum", "commit", "directory"]
    text: Text
    node: NodeId
    index: Annotated[int, Range(0, 2**31)]
    rank: Rank


@dataclass(frozen=True, slots=True)
class Select:
    """The viewer selects a node at a rank (or nothing: -1); answered by the inspector panel."""

    node: Annotated[int, Range(-1, 2**32 - 1)]
    rank: Rank


@dataclass(frozen=True, slots=True)
class Tidy:
    """The viewer asks that the scene be laid out anew: another `scene` comes, or a `notice` says why not.

    Ranks and node ids stay; everybody who looks at the scene sees what stands go to its new place.
    """


#: Messages by direction; the codegen, the codec and the schema hash read these.
FROM_SERVER: tuple[type, ...] = (
    Welcome, Progress, Scene, Tile, Patch, Commits, Result, Panel, Activity, Notice, Error)
FROM_VIEWER: tuple[type, ...] = (Hello, Want, Drop, Clock, Query, Select, Tidy)


# --- bodies of tiles, the same bytes over the stream and over HTTP --------------------------


@dataclass(frozen=True, slots=True)
class TileBody:
    """One tile: its header, which names its children, and its columns."""

    header: TileHeader
    spans: Annotated[Columns, SPANS]
    nodes: Annotated[Columns, NODES]
    strata: Annotated[Columns, STRATA]
    names: Annotated[Columns, NAMES]


@dataclass(frozen=True, slots=True)
class TableBody:
    """The columns that belong to a whole scene."""

    id: TileId
    timeline: Annotated[Columns, TIMELINE]
    people: Annotated[Columns, PEOPLE]
    people_names: Annotated[Columns, NAMES]
    landmarks: Annotated[Columns, LANDMARKS]
    landmark_names: Annotated[Columns, NAMES]
    course: Annotated[Columns, COURSE]


BODIES: tuple[type, ...] = (TileBody, TableBody)
