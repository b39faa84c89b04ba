"""A bare repository of our own, in which git reads the objects of somebody else's.

git runs nowhere else. Its configuration, hooks, attributes and remotes are ours (none), its
environment is built from empty, and the objects come in through ``objects/info/alternates``: so
opening a repository runs nothing that its owner put there, and a missing object is an error and
never a fetch. See ``docs/adr/0004-shadow-repository.md``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import IO

from xrserver.errors import UnreadableRepository
from xrserver.history.cache import cache_directory
from xrserver.history.loose import missing

_HEAD = b"ref: refs/heads/none\n"
_CONFIG = """[core]
\trepositoryformatversion = 1
\tbare = true
\tcommitGraph = false
\tlogAllRefUpdates = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[protocol]
\tallow = never
"""
#: Steps of niceness. With a git on each core, a loop that wakes waited for up to 14 ms until it had one.
_NICER = 10
_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"


def find_git(path: str | None = None) -> Path | None:
    """Return the git program on `path` (default: $PATH), or None.

    Relative entries are passed over: the current directory may be somebody else's repository.
    """
    name = "git.exe" if sys.platform == "win32" else "git"
    for entry in (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep):
        program = Path(entry.strip('"'), name)
        if program.is_absolute() and program.is_file() and os.access(program, os.X_OK):
            return program
    return None


class Shadow:
    """A shadow of one repository's objects.

    Parameters
    ----------
    git : Path
        The git program.
    objects : Path
        The real repository's object directory; its own alternates count too.
    repository_format : str
        ``"sha1"`` or ``"sha256"``.
    shallow : Path, optional
        The real repository's file of shallow commits.
    cache : Path, optional
        Where shadows are kept; default the user's cache directory, or a temporary one that is
        removed by `close` where that cannot be written.
    """

    def __init__(self, git: Path, objects: Path, repository_format: str, shallow: Path | None = None,
                 cache: Path | None = None) -> None:
        self.git = git
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        cache = cache or cache_directory()
        name = hashlib.sha256(os.fsencode(objects) + repository_format.encode()).hexdigest()[:32]
        try:
            if cache is None:
                raise FileNotFoundError
            self.directory = cache / "shadow" / name
            _build(self.directory, objects, repository_format)
        except OSError:
            self._temporary = tempfile.TemporaryDirectory(prefix="xrserver-")
            self.directory = Path(self._temporary.name)
            _build(self.directory, objects, repository_format)
        self.environment = _environment(self.directory, shallow)

    def start(self, arguments: Sequence[str], errors: IO[bytes] | int = subprocess.DEVNULL,
              ) -> subprocess.Popen[bytes]:
        """Start git with `arguments`, its input and output as pipes; other processes go before it."""
        return _giving_way(subprocess.Popen(
            [str(self.git), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            env=self.environment, cwd=self.directory,
            creationflags=subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
            if sys.platform == "win32" else 0,
        ))

    def run(self, arguments: Sequence[str], given: bytes = b"") -> bytes:
        """Return what git prints, its input being `given`.

        Raises
        ------
        UnreadableRepository
            git ended with an error; the message carries git's last line.
        """
        with tempfile.TemporaryFile() as errors, self.start(arguments, errors) as process:
            try:
                output, _ = process.communicate(given)
            except BaseException:
                process.kill()
                raise
            if process.returncode:
                raise failure(errors)
        return output

    @contextmanager
    def with_roots(self, roots: Collection[bytes]) -> Generator[Shadow]:
        """Yield a shadow of the same objects in which these commits have no parents either.

        Parameters
        ----------
        roots : collection of bytes
            Raw object ids.
        """
        if not roots:
            yield self
            return
        with tempfile.TemporaryDirectory(prefix="xrserver-") as folder:
            file = Path(folder) / "shallow"
            before = self.environment.get("GIT_SHALLOW_FILE")
            given = Path(before).read_bytes() if before and Path(before).is_file() else b""
            file.write_bytes(given + b"".join(root.hex().encode() + b"\n" for root in roots))
            other = copy(self)
            other.environment = {**self.environment, "GIT_SHALLOW_FILE": str(file)}
            other._temporary = None
            yield other

    def close(self) -> None:
        """Remove a temporary shadow; one in the cache stays."""
        if self._temporary is not None:
            self._temporary.cleanup()


def _giving_way(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Let a process run after others where there are fewer cores than work; Windows was told at its start."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, process.pid, min(os.nice(0) + _NICER, 19))
    return process


def failure(errors: IO[bytes]) -> UnreadableRepository:
    """Return the error that says what git wrote to `errors`."""
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    said = lines[-1].removeprefix("fatal: ") if lines else "nothing"
    return UnreadableRepository(
        f"git cannot read the repository's objects: it said {said!r}; `git fsck` there tells more.")


def _build(directory: Path, objects: Path, repository_format: str) -> None:
    for folder in ("objects/info", "objects/pack", "refs/heads"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    _write(directory / "HEAD", _HEAD)
    _write(directory / "config", (_CONFIG + (_SHA256 if repository_format == "sha256" else "")).encode())
    _write(directory / "objects/info/alternates", _quoted(objects) + b"\n")


def _quoted(path: Path) -> bytes:
    """Return `path` as a line of an alternates file: in C quotes where git would misread it."""
    raw = os.fsencode(path.as_posix())
    if raw[:1] not in (b'"', b"#") and b"\n" not in raw:
        return raw
    escaped = b"".join(b"\\%03o" % byte if byte < 32 or byte in b'"\\' else bytes([byte]) for byte in raw)
    return b'"' + escaped + b'"'


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step, so that a git running beside us never sees half of it."""
    if path.is_file() and path.read_bytes() == content:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    part.write_bytes(content)
    part.replace(path)


def _environment(directory: Path, shallow: Path | None) -> dict[str, str]:
    """Return git's whole environment, built from empty."""
    environment = {
        "GIT_DIR": str(directory),
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "",
        # Bulk output comes in whole buffers: else each commit costs a write, and wakes who listens.
        "GIT_FLUSH": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "HOME": str(directory),
        "LC_ALL": "C",
    }
    if shallow is not None:
        environment["GIT_SHALLOW_FILE"] = str(shallow)
    if sys.platform == "win32":
        # Programs that find no system directory do not start.
        environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "WINDIR") if name in os.environ}
    return environment


class GitObjects:
    """Objects read by one ``git cat-file`` that stays open: for formats that libgit2 does not read."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._lock = threading.Lock()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def read(self, oid: bytes) -> tuple[str, bytes]:
        """Return kind and content of an object."""
        with self._lock:
            output, answer = self._ask("--batch", oid)
            if answer is None:
                raise UnreadableRepository(missing(oid))
            content = output.read(answer[1] + 1)
        return answer[0], content[:-1]

    def header(self, oid: bytes) -> tuple[str, int] | None:
        """Return kind and size in bytes of an object, None if it is missing."""
        with self._lock:
            return self._ask("--batch-check", oid)[1]

    def _ask(self, question: str, oid: bytes) -> tuple[IO[bytes], tuple[str, int] | None]:
        process = self._processes.get(question)
        if process is None:
            process = self._processes[question] = self._shadow.start(["cat-file", question])
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(oid.hex().encode() + b"\n")
        process.stdin.flush()
        words = process.stdout.readline().split()
        if len(words) != 3:
            return process.stdout, None
        return process.stdout, (words[1].decode(), int(words[2]))

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            for process in self._processes.values():
                process.communicate()
            self._processes.clear()

