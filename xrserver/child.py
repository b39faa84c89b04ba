"""A server in a process of its own, for a viewer that is shown a repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from xrserver import errors
from xrserver.config import Config
from xrserver.serving import Serving

#: Seconds it has to end by itself.
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is.

    Attributes
    ----------
    url : str
        With its token.
    process : subprocess.Popen or None
        It, where it is our own; it serves `repository`.
    """

    url: str
    process: subprocess.Popen[bytes] | None = None
    repository: Path | None = None

    def ended(self) -> str:
        """Say why it will never come back; nothing while it may."""
        code = self.process.poll() if self.process is not None else None
        if code is None:
            return ""
        return (f"The server of {self.repository} ended by itself (exit code {code}). Start xrserver again; "
                "where that does not help, `xrserver serve` says why.")


def announcement(serving: Serving | errors.XrserverError) -> str:
    """Return the line by which a child tells its parent that it is ready, or why it is not."""
    if isinstance(serving, Serving):
        return json.dumps({"url": serving.url})
    return json.dumps({"error": type(serving).__name__, "text": str(serving)})


@contextmanager
def child_server(repository: Path, config: Config) -> Generator[Server, None, None]:
    """Serve `repository` from a process of its own until the block ends; yield where it is.

    The child takes any free port, shows its progress on standard error, and ends when its
    standard input does: with this process, however that ends.

    Raises
    ------
    XrserverError
        What the child failed with.
    """
    command = [sys.executable, "-m", "xrserver", "serve", str(repository), "--announce",
               "--host", "127.0.0.1", "--port", "0", *_flags(config)]
    # What the environment says of serving others is meant for others, not for this window.
    others = {f"XRSERVER_{name}" for name in ("LAN", "ADB", "BEHIND_PROXY", "NAMES")}
    environ = {name: value for name, value in os.environ.items() if name not in others}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as child:
        assert child.stdin is not None and child.stdout is not None
        try:
            yield Server(_announced(child.stdout.readline()), child, repository)
        finally:
            child.stdin.close()
            try:
                child.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _announced(line: bytes) -> str:
    try:
        told: dict[str, str] = json.loads(line)
    except ValueError:
        raise errors.XrserverError("The server's process ended before it was ready.") from None
    if "url" in told:
        return told["url"]
    cls: type[errors.XrserverError] = getattr(errors, told["error"], errors.XrserverError)
    raise cls(told["text"])


def _flags(config: Config) -> list[str]:
    """Return the command line that gives a child what of `config` is not the default."""
    flags: list[str] = []
    for name in ("scene", "ref", "jobs", "people"):
        value = getattr(config, name)
        if value != next(f.default for f in fields(Config) if f.name == name):
            flags += [f"--{name}", str(value)]
    if not config.activity:
        flags.append("--no-activity")
    for glob in config.exclude:
        flags.append(f"--exclude={glob}")
    return flags
