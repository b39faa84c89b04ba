"""From a repository on disk to one that can be served: history, versions, scene."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from xrserver import kernels
from xrserver.config import Config
from xrserver.history.attributes import vendored_paths
from xrserver.history.glance import repository_name
from xrserver.history.globs import Glob
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.log import Progress
from xrserver.history.opening import open_newest
from xrserver.history.repository import Repository
from xrserver.history.shelf import Shelf
from xrserver.layout.city import LAYOUT_VERSION
from xrserver.layout.river import LAYOUT_VERSION as RIVER_VERSION
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import SceneDefinition, load_scene, scene_names
from xrserver.scene.marks import mark
from xrserver.scene.river import reached
from xrserver.server.opened import OpenRepository, generation_of


async def open_repository(path: Path, config: Config, progress: Progress,
                          taken: Iterable[str] = ()) -> OpenRepository:
    """Open the repository at `path`, off the event loop, with its default scene built.

    Of a long history that nobody remembers it is the present tree, so that there is something to see at once;
    `following` reads the rest.

    Parameters
    ----------
    progress : callable
        Called from whatever thread does the work; what it raises ends the work.
    taken : iterable of str
        Ids of repositories that are open already.

    Raises
    ------
    UsageError
        The repository or the scene cannot be shown; the message says why.
    """
    with kernels.compiling(progress):
        return await _open(path, config, progress, taken)


async def _open(path: Path, config: Config, progress: Progress, taken: Iterable[str]) -> OpenRepository:
    definition = load_scene(config.scene)
    exclude = [Glob.read(text) for text in config.exclude]
    repository, index, versions, whole = await asyncio.to_thread(
        open_newest, path, ref=config.ref, jobs=config.jobs, cache_bytes=config.cache_bytes,
        people=config.people, progress=progress)
    name = repository_name(repository.place)
    shelf = await asyncio.to_thread(Shelf.of, config.cache_bytes)
    builder = Builder(definition, config.scene, exclude, index, versions, progress)
    builder.repository, builder.shelf = repository, shelf
    names = [definition.name, *(scene for scene in scene_names() if scene != definition.name)]
    opened = OpenRepository(id_of(name, taken), name, repository, index, versions, builder, names, shelf,
                            whole)
    try:
        await opened.scene()
    except BaseException:
        await opened.close()
        raise
    return opened


class Builder:
    """Builds the scenes of a repository from what is known of its history.

    Parameters
    ----------
    definition : SceneDefinition
        The default scene; others are found by name.
    given : str
        Its name or file, as it was asked for.
    exclude : sequence of Glob
        What is left out.

    Attributes
    ----------
    repository : Repository
        Where attributes are read by whoever asks for a scene.
    """

    repository: Repository
    shelf: Shelf | None = None

    def __init__(self, definition: SceneDefinition, given: str, exclude: Sequence[Glob], index: HistoryIndex,
                 versions: FileVersions, progress: Progress) -> None:
        self._name, self._given = definition.name, given
        self._exclude, self._progress = exclude, progress
        self._known = index, versions
        self._bases: dict[str, tuple[HistoryIndex, FileVersions]] = {}

    @property
    def index(self) -> HistoryIndex:
        """What is known of the history."""
        return self._known[0]

    @property
    def versions(self) -> FileVersions:
        """Its versions."""
        return self._known[1]

    def know(self, index: HistoryIndex, versions: FileVersions) -> None:
        """Build of this from now on."""
        self._known = index, versions

    def base(self, scene: BuiltScene) -> tuple[HistoryIndex, FileVersions]:
        """Return what a scene was built of."""
        return self._bases[scene.generation]

    def __call__(self, name: str) -> BuiltScene:
        """Build the scene called `name` (blocking)."""
        return self.build_of(name, self.repository, *self._known)

    def build_of(self, name: str, repository: Repository, index: HistoryIndex,
                 versions: FileVersions) -> BuiltScene:
        """Build the scene called `name` of a history (blocking)."""
        # Read each time: who edits a scene file sees what becomes of it.
        chosen = load_scene(self._given if name == self._name else name)
        self._progress("scene", 0, 0)
        marks = mark(index.paths, versions, vendored_paths(repository, index, versions), self._exclude)
        made_of = f"{chosen.digest}{marks.digest}{RIVER_VERSION}"
        if chosen.kind != "city":  # of commits it is shown whether a ref reaches them
            made_of += reached(index).tobytes().hex()
        generation = generation_of(index, LAYOUT_VERSION, made_of)
        self._bases = {**self._bases, generation: (index, versions)}
        shelf = self.shelf
        return build_scene(index, versions, chosen, generation, marks,
                           shelf.about if shelf is not None else lambda tile: None, threading.RLock())


def id_of(name: str, taken: Iterable[str]) -> str:
    """Return how addresses name the repository called `name`: unlike all that are `taken`."""
    base = re.sub("[^A-Za-z0-9._-]+", "-", name).strip(".-")[:64] or "repository"
    held = set(taken)
    numbered = (f"{base}-{number}" for number in range(2, len(held) + 3))
    return next(found for found in (base, *numbered) if found not in held)
