"""What new commits change of a scene that is being looked at."""

from __future__ import annotations

from collections.abc import Iterable

from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.versions import Followed, VersionsFrom
from xrserver.scene.build import BuiltScene
from xrserver.scene.live_city import LiveCity
from xrserver.scene.live_river import LiveRiver
from xrserver.scene.patches import TilePatch
from xrserver.scene.table import NO_COURSE, Course


class LiveScene:
    """A scene as it was built, and what has become of each that stands in it.

    Parameters
    ----------
    scene : BuiltScene
    index, versions
        What it was built of.
    followed_from : VersionsFrom
        Of the same.
    """

    def __init__(self, scene: BuiltScene, index: HistoryIndex, versions: FileVersions,
                 followed_from: VersionsFrom) -> None:
        self._rivers = [LiveRiver(scene, number, index) for number, member in enumerate(scene.members)
                        if member.city is None]
        self._cities = [LiveCity(scene, number, index, versions, followed_from)
                        for number, member in enumerate(scene.members) if member.city is not None]

    def update(self, index: HistoryIndex, followed: Followed) -> list[TilePatch]:
        """Return what changed since the last call, of the tiles that are tracked; a tile may have several.

        Raises
        ------
        PastChanged
            The scene has to be made anew.
        """
        found = [patch for city in self._cities for patch in city.update(index, followed)]
        return found + [patch for river in self._rivers for patch in river.update(index)]

    def track(self, tiles: Iterable[str]) -> list[TilePatch]:
        """Follow more tiles whose windows are open; return what has changed of them by now."""
        every = list(tiles)
        return [patch for member in (*self._cities, *self._rivers) for patch in member.track(every)]

    @property
    def course(self) -> Course:
        """How the course of its river goes on since it was built; of several: the last."""
        return self._rivers[-1].course if self._rivers else NO_COURSE
