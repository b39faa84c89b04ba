"""Where what a person's xrserver keeps is on this platform: its keys, and the devices that were paired."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from xrserver.errors import UsageError

#: In that folder: the certificate of the local authority, without its key.
CA_FILE = "xrserver-ca.crt"


def config_directory(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Return the user's folder for xrserver's keys and paired devices, which may not exist yet.

    ``$XDG_CONFIG_HOME`` where it is set, else ``%LOCALAPPDATA%`` on Windows (what is kept belongs to
    this machine, so it does not roam), ``~/Library/Application Support`` on macOS and ``~/.config``
    elsewhere.

    Raises
    ------
    UsageError
        This user has no home.
    """
    chosen = environ.get("XDG_CONFIG_HOME", "")
    if chosen and Path(chosen).is_absolute():
        return Path(chosen, "xrserver")
    if platform == "win32" and (local := environ.get("LOCALAPPDATA", "")):
        return Path(local, "xrserver", "config")
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:
        raise UsageError("There is no home folder to keep keys in: set XDG_CONFIG_HOME to a folder of your "
                         "own.") from None
    return home / ("Library/Application Support" if platform == "darwin" else ".config") / "xrserver"


def own_config_directory() -> Path:
    """Return `config_directory`, made where it does not exist, and readable by nobody else.

    Raises
    ------
    UsageError
        It cannot be made.
    """
    folder = config_directory()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"The folder {folder} for keys and paired devices cannot be made: "
                         f"{error.strerror}. Set XDG_CONFIG_HOME to a folder of your own.") from None
    return folder
