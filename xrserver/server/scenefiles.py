"""Scene files that are edited while they are shown: viewers go on in what becomes of them.

A stat of some files twice a second costs nothing and works on every file system, mounted ones too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from xrserver.errors import SceneError
from xrserver.server.opened import OpenRepository
from xrserver.server.sessions import Sessions

_log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_SECONDS = 0.5

#: Modification time and size; None where there is no file.
_Stamp = tuple[int, int] | None


async def follow(repositories: Mapping[str, OpenRepository], sessions: Sessions) -> None:
    """Build scenes anew when their files change, until cancelled.

    A file that is wrong is told to who looks at its scene, which stays as it was.
    """
    seen: dict[Path, _Stamp] = {}
    while True:
        for repository in tuple(repositories.values()):
            for name, scene in repository.scenes.items():
                stamps = {file: _stamp(file) for file in scene.definition.files}
                changed = any(seen.get(file, stamp) != stamp for file, stamp in stamps.items())
                if changed:
                    await _restage(repository, name, sessions)
        # Several scenes may be of one file: it has changed for all of them.
        seen.update({file: _stamp(file) for repository in repositories.values()
                     for scene in repository.scenes.values() for file in scene.definition.files})
        await asyncio.sleep(LOOK_SECONDS)


async def _restage(repository: OpenRepository, name: str, sessions: Sessions) -> None:
    try:
        sessions.restage(repository, await repository.rebuild(name))
    except SceneError as error:
        sessions.notify(repository, name, f"The scene file was not taken: {error}")
    except Exception:
        _log.exception("the scene %s could not be built anew", name)
        sessions.notify(repository, name, "The edited scene could not be built; the server's log says more.")


def _stamp(file: Path) -> _Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
