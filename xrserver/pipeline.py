"""From a repository on disk to one that can be served: history, versions, scene."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from xrserver.columns import RANK_END
from xrserver.config import Config
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions
from xrserver.layout.city import LAYOUT_VERSION
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import SceneDefinition, load_scene, scene_names
from xrserver.server.opened import OpenRepository, generation_of

#: Called as (phase, done, total), from whatever thread does the work; what it raises ends the work.
Progress = Callable[[str, int, int], None]


def read_history(path: Path, config: Config, progress: Progress) -> tuple[
        Repository, HistoryIndex, FileVersions]:
    """Open the repository at `path` and read its whole history (blocking).

    Raises
    ------
    NotARepository, EmptyRepository, UnreadableRepository, UnknownMoment
        There is nothing that can be shown; the message says why.
    """
    repository = Repository.open(path, config.ref)
    try:
        index = read_index(repository, jobs=config.jobs, progress=progress)
        progress("versions", 0, 0)
        return repository, index, file_versions(index)
    except BaseException:
        repository.close()
        raise


async def open_repository(path: Path, config: Config, progress: Progress,
                          taken: Iterable[str] = ()) -> OpenRepository:
    """Open the repository at `path`, off the event loop, with its default scene built.

    Parameters
    ----------
    taken : iterable of str
        Ids of repositories that are open already.

    Raises
    ------
    UsageError
        The repository or the scene cannot be shown; the message says why.
    """
    definition = load_scene(config.scene)
    repository, index, versions = await asyncio.to_thread(read_history, path, config, progress)
    name = display_name(repository)

    def build(scene: str) -> BuiltScene:
        chosen: SceneDefinition = definition if scene == definition.name else load_scene(scene)
        progress("scene", 0, 0)
        generation = generation_of(index, LAYOUT_VERSION, chosen.digest)
        return build_scene(index, versions, chosen, generation)

    names = [definition.name, *(scene for scene in scene_names() if scene != definition.name)]
    opened = OpenRepository(id_of(name, taken), name, repository, index, versions, build, names)
    try:
        await opened.scene()
    except BaseException:
        await opened.close()
        raise
    return opened


def counts(index: HistoryIndex, versions: FileVersions) -> dict[str, int]:
    """Return how much there is of what in a history."""
    head = (versions.birth <= index.head_rank) & (versions.death == RANK_END)
    return {
        "commits": len(index.oids), "mainline commits": len(index.mainline),
        "people": len(index.person_names), "files": int(head.sum()), "paths": len(index.paths.parent),
        "changes": len(index.change_path), "file versions": len(versions.path),
        "blobs": len(index.blob_oids),
    }


def display_name(repository: Repository) -> str:
    """Return what people call a repository: the name of its folder."""
    place = repository.place
    folder = (place.worktree or place.git_dir).resolve()
    name = folder.name.removesuffix(".git") or folder.parent.name or "repository"
    return os.fsencode(name).decode("utf-8", "replace")


def id_of(name: str, taken: Iterable[str]) -> str:
    """Return how addresses name the repository called `name`: unlike all that are `taken`."""
    base = re.sub("[^A-Za-z0-9._-]+", "-", name).strip(".-")[:64] or "repository"
    held = set(taken)
    numbered = (f"{base}-{number}" for number in range(2, len(held) + 3))
    return next(found for found in (base, *numbered) if found not in held)
