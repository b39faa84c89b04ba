"""Bodies that were made before, kept on disk: whole or not at all, the least used removed first."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from xrserver.history.cache import cache_directory
from xrserver.history.eviction import histories, kept
from xrserver.history.sealed import Damaged, read_sealed, write_sealed

_log = logging.getLogger(__name__)

#: Of the room there is, how much is filled again after something was removed.
_AFTER = 0.8


@cache
def _source() -> str:
    """Return a hash of the source that decides what a body holds: other code may make other ones."""
    digest = hashlib.blake2b(digest_size=16)
    root = Path(__file__).parent.parent
    for room in ("kernels", "layout", "scene", "stream"):
        for file in sorted((root / room).glob("*.py")):
            digest.update(file.read_bytes())
    digest.update((root / "columns.py").read_bytes())
    return digest.hexdigest()


def clear_shelf() -> int:
    """Remove all bodies; return how many bytes that was."""
    folder = _folder()
    if folder is None:
        return 0
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return size


def _folder() -> Path | None:
    home = cache_directory()
    return None if home is None else home / "tiles"


class Shelf:
    """Bodies by id. One thread at a time; other processes may use the same folder.

    Parameters
    ----------
    folder : Path
    room : int, bytes
        The most that is kept.
    """

    def __init__(self, folder: Path, room: int) -> None:
        self._directory = folder / _source()
        self._room = room
        self._size = -1
        self._told = False

    @classmethod
    def of(cls, cache_bytes: int) -> Shelf | None:
        """Return the shelf in the user's cache directory, for what histories leave of `cache_bytes`."""
        folder, remembered = _folder(), histories()
        if folder is None or remembered is None or not cache_bytes:
            return None
        room = cache_bytes - sum(one.size for one in kept(remembered))
        with contextlib.suppress(OSError):  # what other versions made is of no use
            for other in folder.iterdir():
                if other.name != _source():
                    shutil.rmtree(other, ignore_errors=True)
        return cls(folder, room) if room > 0 else None

    def about(self, name: str) -> Any:
        """Return what was said about a body, None where it is not here."""
        found = self._read(name)
        return None if found is None else found[0]

    def get(self, name: str) -> tuple[Any, bytes] | None:
        """Return what was said about a body and the body, None where it is not here."""
        return self._read(name)

    def put(self, name: str, about: Any, body: bytes) -> None:
        """Keep a body, and remove what was not used for longest where there is no room."""
        if len(body) > self._room // 2:
            return
        try:
            # What is in a history may be nobody else's business on this machine.
            self._directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._directory.mkdir(exist_ok=True)
            write_sealed(self._directory / name, {"name": name, "about": about},
                         {"body": np.frombuffer(body, np.uint8)})
            if self._size < 0:
                self._size = sum(file.stat().st_size for file in self._directory.iterdir())
            else:
                self._size += (self._directory / name).stat().st_size
            if self._size > self._room:
                self._evict()
        except OSError as error:
            if not self._told:
                self._told = True
                _log.warning("Tiles cannot be kept in %s: %s.", self._directory, error.strerror or error)

    def _read(self, name: str) -> tuple[Any, bytes] | None:
        path = self._directory / name
        try:
            about, columns = read_sealed(path)
            if about["name"] != name:
                raise Damaged(f"{path} is another body")
        except OSError:
            return None
        except Damaged as error:
            _log.warning("A tile is made again: %s.", error)
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):  # used just now: the last to be removed
            os.utime(path)
        return about["about"], columns["body"].tobytes()

    def _evict(self) -> None:
        files = sorted(((file.stat(), file) for file in self._directory.iterdir()),
                       key=lambda one: one[0].st_mtime)
        self._size = sum(stat.st_size for stat, _ in files)
        for stat, file in files:
            if self._size <= _AFTER * self._room:
                return
            with contextlib.suppress(OSError):
                file.unlink()
                self._size -= stat.st_size
