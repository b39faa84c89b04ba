"""Where what can be computed again is kept on this platform."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def cache_directory(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path | None:
    """Return the user's cache directory for xrserver (which may not exist yet), or None without a home.

    ``$XDG_CACHE_HOME`` where it is set, else ``%LOCALAPPDATA%`` on Windows, ``~/Library/Caches`` on
    macOS and ``~/.cache`` elsewhere.
    """
    chosen = environ.get("XDG_CACHE_HOME", "")
    if chosen and Path(chosen).is_absolute():
        return Path(chosen, "xrserver")
    if platform == "win32":
        local = environ.get("LOCALAPPDATA", "")
        return Path(local, "xrserver", "cache") if local else None
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if platform == "darwin" else ".cache") / "xrserver"
