"""What is new of the generations that are shown, as it is sent; in the thread that follows a repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xrserver.history.index import HistoryIndex
from xrserver.history.versions import VersionsFrom
from xrserver.pipeline import Builder
from xrserver.scene.build import BuiltScene
from xrserver.scene.live import LiveScene
from xrserver.scene.patches import PastChanged, TilePatch, parts
from xrserver.scene.table import build_table
from xrserver.server.opened import OpenRepository
from xrserver.server.published import FIRST_NUMBER
from xrserver.stream import bodies, codec


@dataclass(frozen=True, slots=True)
class Piece:
    """A patch, or a part of it: its number among those of its tile, and as it is sent."""

    patch: TilePatch
    number: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class News:
    """What to send of one generation."""

    scene: BuiltScene
    patches: list[Piece]
    commits: bytes
    """For who has the table as it was told last."""
    replay: bytes
    """For who has the table as it was built."""


@dataclass(slots=True)
class _Generation:
    """A generation of a scene, and how far it has been told."""

    scene: BuiltScene
    live: LiveScene
    versions_from: VersionsFrom
    people: int
    """How many there were when it was built."""
    told: int
    """Rows of its table that viewers have, and people."""
    people_told: int
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    """Of the newest patch of each tile."""


class Shown:
    """The generations that are followed.

    Parameters
    ----------
    opened : OpenRepository
    builder : Builder
        Of its scenes.

    Attributes
    ----------
    outdated : set of str
        Scenes, by name, that could be patched no further, and are not followed any more.
    """

    def __init__(self, opened: OpenRepository, builder: Builder) -> None:
        self._opened, self._builder = opened, builder
        self._generations: dict[str, _Generation] = {}
        self.outdated: set[str] = set()

    @property
    def generations(self) -> frozenset[str]:
        """Their names."""
        return frozenset(self._generations)

    def forget(self, generation: str) -> None:
        """Follow a generation no longer."""
        self._generations.pop(generation, None)

    def clear(self) -> None:
        """Follow none any more: all are built anew."""
        self._generations.clear()
        self.outdated.clear()

    def take_up(self, index: HistoryIndex) -> list[str]:
        """Follow the scenes that were built meanwhile; return those that are behind."""
        behind: list[str] = []
        for scene in self._opened.scenes.values():
            if scene.generation in self._generations:
                continue
            base, versions = self._builder.base(scene)
            begun = VersionsFrom(base, versions)
            people = len(base.person_names)
            live = LiveScene(scene, base, versions, begun)
            live.track(self._opened.published(scene).asked & set(scene.open_tiles))
            live.update(base, begun.follow(base))  # loads what the first commit needs
            self._generations[scene.generation] = _Generation(
                scene, live, begun, people, len(base.oids), people)
            if len(base.oids) < len(index.oids):
                behind.append(scene.generation)
        return behind

    def news(self, index: HistoryIndex, of: Sequence[str] | None = None,
             first: int | None = None) -> list[News]:
        """Return what became of generations: of all, or of those that are named.

        Parameters
        ----------
        first : int, optional
            The lowest rank of which something is new, for who has heard everything before; else what there
            is since each was built.
        """
        found: list[News] = []
        for each in [self._generations[name] for name in (self._generations if of is None else of)]:
            scene, live = each.scene, each.live
            start = each.versions_from.first
            try:
                patches = self._pieces(each, live.update(index, each.versions_from.follow(index)))
            except PastChanged:
                self.outdated.add(scene.definition.name)
                self.forget(scene.generation)
                continue
            since = start if first is None else min(first, each.told)
            table = build_table(index, scene.definition.palette, first=min(since, start))
            commits, replay = (codec.encode(bodies.commits_message(
                scene, index, table, live.course.since(rank), rank, person, each.people))
                for rank, person in ((since, each.people_told), (start, each.people)))
            each.told, each.people_told = len(index.oids), len(index.person_names)
            found.append(News(scene, patches, commits, replay))
        return found

    def track(self, scene: BuiltScene, tile: str) -> list[Piece]:
        """Follow one more tile; return what has changed of it since its scene was built."""
        each = self._generations.get(scene.generation)
        return [] if each is None else self._pieces(each, each.live.track([tile]))

    def _pieces(self, each: _Generation, patches: list[TilePatch]) -> list[Piece]:
        found: list[Piece] = []
        for patch in patches:
            for part in parts(patch):
                number = each.numbers[part.tile] = each.numbers.get(part.tile, FIRST_NUMBER - 1) + 1
                found.append(Piece(part, number, codec.encode(
                    bodies.patch_message(each.scene.generation, number, part))))
        return found
