"""What reading a repository and serving it need: git, packages, kernels, xrserver's own files, the cache."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

from xrserver import resources
from xrserver.doctor.child import NoAnswer, ask
from xrserver.doctor.finding import Finding
from xrserver.errors import XrserverError
from xrserver.history.cache import cache_directory
from xrserver.history.shadow import find_git

#: The oldest git that is tested: `diff-tree --stdin` and the rest are older, but not known to agree.
_OLDEST_GIT = (2, 30)
_SECONDS = 20.0
#: Seconds for adding up the cache, whose files can be many.
_ADDING_SECONDS = 4.0
_LITTLE_DISK = 2 << 30


def git() -> list[Finding]:
    """Look for the git program and its version."""
    program = find_git()
    if program is None:
        return [Finding("git", "notice", "not found: libgit2 alone reads histories several times slower",
                        _git_remedy(), {"path": None})]
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=_SECONDS,
                              stdin=subprocess.DEVNULL, env=os.environ.copy(), check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        return [Finding("git", "notice", f"{program} does not run: {_first_line(error)}", _git_remedy(),
                        {"path": str(program)})]
    version = said.removeprefix("git version ").split(" ")[0]
    facts = {"path": str(program), "version": version}
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < _OLDEST_GIT:
        return [Finding("git", "notice", f"{version} at {program} is older than what xrserver is tested with",
                        _git_remedy(), facts)]
    return [Finding("git", "good", f"{version} at {program}", "", facts)]


def packages() -> list[Finding]:
    """Import what xrserver is built on, in a process of its own, and look at the kernels."""
    python = f"Python {platform.python_version()}"
    facts = {"python": platform.python_version(), "executable": sys.executable,
             "machine": platform.machine(), "cores": os.cpu_count()}
    try:
        found = ask("packages", _SECONDS)
    except NoAnswer as reason:
        return [Finding("packages", "missing", f"{python}; what xrserver is built on: {reason}",
                        "Install xrserver again: pip install --force-reinstall xrserver", facts)]
    versions: dict[str, str] = found["versions"]
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [Finding("packages", "good", f"{python}, {told}", "", {**facts, **versions}),
            _kernels(found["kernels"]["compiled"], found["kernels"]["of"])]


def _kernels(ready: int, total: int) -> Finding:
    facts = {"compiled": ready, "of": total}
    if total == 0:
        return Finding("kernels", "notice", "NUMBA_DISABLE_JIT is set: they run a hundred times slower",
                       "Unset NUMBA_DISABLE_JIT.", facts)
    if ready == 0:
        return Finding("kernels", "notice", "not compiled yet: the first run does that, in some twenty "
                       "seconds", "", facts)
    return Finding("kernels", "good", f"{ready} of {total} compiled; the others when they are first needed",
                   "", facts)


def files() -> list[Finding]:
    """Look for the built page, the shaders and the scenes."""
    from xrserver.scene.definition import load_scene, scene_names

    page = resources.folder("page")
    shaders = sorted(file.name for file in resources.folder("shaders").glob("*.glsl"))
    missing: list[str] = []
    if not (page / "index.html").is_file():
        missing.append(f"the page is not built ({page} has no index.html)")
    if "nodes.glsl" not in shaders:
        missing.append(f"the shaders are not there ({resources.folder('shaders')})")
    names = scene_names()
    for name in names:
        try:
            load_scene(name)
        except XrserverError as error:
            missing.append(str(error))
    if not names:
        missing.append(f"there are no scenes ({resources.folder('scenes')})")
    facts = {"page": str(page), "shaders": len(shaders), "scenes": names}
    if missing:
        return [Finding("files", "missing", "; ".join(missing),
                        "In a checkout: make run. Else: pip install --force-reinstall xrserver", facts)]
    return [Finding("files", "good", f"page, {len(shaders)} shaders, scenes: {', '.join(names)}", "", facts)]


def cache() -> list[Finding]:
    """Look at the folder for what can be computed again, and the room on its disk."""
    folder = cache_directory()
    if folder is None:
        return [Finding("cache", "notice", "there is no home folder: nothing is kept between runs",
                        "Set XDG_CACHE_HOME to a folder of your own.", {"path": None})]
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    size, whole = _size(folder)
    free = shutil.disk_usage(there).free
    facts = {"path": str(folder), "bytes": size, "complete": whole, "free": free}
    told = f"{folder}: {'' if whole else 'more than '}{_bytes(size)}, {_bytes(free)} free"
    if not os.access(there, os.W_OK):
        return [Finding("cache", "notice", f"{told}; it cannot be written, so nothing is kept between runs",
                        "Set XDG_CACHE_HOME to a folder of your own.", facts)]
    if free < _LITTLE_DISK:
        return [Finding("cache", "notice", told, "Make room on this disk: large histories need a gigabyte.",
                        facts)]
    return [Finding("cache", "good", told, "", facts)]


def _size(folder: Path) -> tuple[int, bool]:
    """Return the bytes in a folder, and whether there was time to count all of them."""
    total, until = 0, time.monotonic() + _ADDING_SECONDS
    for root, _, names in os.walk(folder):
        if time.monotonic() > until:
            return total, False
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118 (thousands of files)
            except OSError:
                continue  # it has gone
    return total, True


def _bytes(count: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count //= 1000
    return f"{count:,} {unit}"


def _git_remedy() -> str:
    return {"win32": "Install it: winget install Git.Git", "darwin": "Install it: xcode-select --install",
            }.get(sys.platform, "Install it: apt install git (Debian, Ubuntu), dnf install git (Fedora)")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
