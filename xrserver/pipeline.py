"""From a repository on disk to one that can be served: history, versions, scene."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterable
from pathlib import Path

from xrserver import kernels
from xrserver.config import Config
from xrserver.history.attributes import vendored_paths
from xrserver.history.globs import Glob
from xrserver.history.log import Progress
from xrserver.history.opening import display_name, open_history
from xrserver.history.shelf import Shelf
from xrserver.layout.city import LAYOUT_VERSION
from xrserver.layout.river import LAYOUT_VERSION as RIVER_VERSION
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import load_scene, scene_names
from xrserver.scene.marks import mark
from xrserver.server.opened import OpenRepository, generation_of


async def open_repository(path: Path, config: Config, progress: Progress,
                          taken: Iterable[str] = ()) -> OpenRepository:
    """Open the repository at `path`, off the event loop, with its default scene built.

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
    repository, index, versions = await asyncio.to_thread(
        open_history, path, ref=config.ref, jobs=config.jobs, cache_bytes=config.cache_bytes,
        people=config.people, progress=progress)
    name = display_name(repository)
    shelf = await asyncio.to_thread(Shelf.of, config.cache_bytes)

    def build(scene: str) -> BuiltScene:
        # Read each time: who edits a scene file sees what becomes of it.
        chosen = load_scene(config.scene if scene == definition.name else scene)
        progress("scene", 0, 0)
        marks = mark(index.paths, versions, vendored_paths(repository, index, versions), exclude)
        generation = generation_of(index, LAYOUT_VERSION, f"{chosen.digest}{marks.digest}{RIVER_VERSION}")
        return build_scene(index, versions, chosen, generation, marks,
                           shelf.about if shelf is not None else lambda tile: None, threading.RLock())

    names = [definition.name, *(scene for scene in scene_names() if scene != definition.name)]
    opened = OpenRepository(id_of(name, taken), name, repository, index, versions, build, names, shelf)
    try:
        await opened.scene()
    except BaseException:
        await opened.close()
        raise
    return opened


def id_of(name: str, taken: Iterable[str]) -> str:
    """Return how addresses name the repository called `name`: unlike all that are `taken`."""
    base = re.sub("[^A-Za-z0-9._-]+", "-", name).strip(".-")[:64] or "repository"
    held = set(taken)
    numbered = (f"{base}-{number}" for number in range(2, len(held) + 3))
    return next(found for found in (base, *numbered) if found not in held)
