"""One frozen Config: every setting's name, default, unit and help, once.

The command line (`cli`), the environment (``XRSERVER_<NAME>``) and the table of settings in the
README all derive from these fields; a test fails when the README's drifts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from xrserver.errors import UsageError


def _setting(default: Any, help: str, unit: str = "", metavar: str = "", short: bool = True,
             choices: tuple[str, ...] = ()) -> Any:
    """Declare a field: `short` says whether it may also be set by its flag, `choices` what text it may be."""
    return field(default=default, metadata={"help": help, "unit": unit, "metavar": metavar, "flag": short,
                                            "choices": choices})


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run can be told."""

    repositories: tuple[Path, ...] = _setting((), "repositories to show", metavar="REPO", short=False)
    host: str = _setting("127.0.0.1", "address to listen on", metavar="ADDRESS")
    port: int = _setting(8080, "port to listen on; 0 takes any free one", metavar="PORT")
    scene: str = _setting("city", "scene to open with", metavar="NAME")
    ref: str = _setting("", "mainline: a branch, tag or commit (default: where HEAD points)", metavar="REF")
    jobs: int = _setting(0, "processes that read history; 0: one a core", metavar="N")
    exclude: tuple[str, ...] = _setting(
        (), "paths to show as grey blocks only, as a .gitignore has them; may be repeated (in the "
        "environment: separated by commas)", metavar="GLOB")
    submodules: bool = _setting(False, "serve submodules too, as far as they are checked out")
    people: str = _setting("mailmap", "who counts as one person: `mailmap` as git does, `heuristic` also who "
                           "seems to be, `none` nobody", metavar="HOW",
                           choices=("mailmap", "heuristic", "none"))
    cache_bytes: int = _setting(2 << 30, "most bytes kept of histories read before; 0 keeps none", "bytes",
                                "BYTES")
    activity: bool = _setting(True, "show which files are changed and not committed, in every worktree")
    open: bool = _setting(False, "open the page in the default browser")
    token: bool = _setting(True, "ask for the token that the printed address carries")
    lan: bool = _setting(False, "serve other devices of this network too, by HTTPS; they pair with a code")
    adb: bool = _setting(False, "open the page on a headset that is plugged in by USB")
    mdns: bool = _setting(True, "announce a name in the network that --lan serves")
    behind_proxy: bool = _setting(False, "believe what a proxy in front says of scheme, host and address")
    names: str = _setting("", "more host names to answer to, separated by commas", metavar="NAMES")
    resume_seconds: float = _setting(3600.0, "how long a viewer that went away can resume", "s", "SECONDS")
    outbox_bytes: int = _setting(32 << 20, "most bytes waiting for one viewer", "bytes", "BYTES")


def host_names(config: Config) -> tuple[str, ...]:
    """Return the host names that `names` lists, in lower case.

    Raises
    ------
    UsageError
        One of them is none.
    """
    names = tuple(name.strip().lower() for name in config.names.split(",") if name.strip())
    for name in names:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
            raise UsageError(f"{name!r} in the setting `names` is no host name: give names such as "
                             "git.example.org, without https:// and without a port.")
    return names


def check(config: Config) -> None:
    """See that the settings of a server go together.

    Raises
    ------
    UsageError
        They do not.
    """
    if config.lan and config.behind_proxy:
        raise UsageError("--lan brings its own HTTPS and --behind-proxy leaves that to a proxy: leave one of "
                         "them out.")
    if config.lan and config.host != Config().host:
        raise UsageError(f"--lan listens on every address of this machine, so --host {config.host} does not "
                         "go with it: leave one of them out.")
    if config.lan and not config.token:
        raise UsageError("--no-token lets everybody in who reaches the server, which with --lan is the whole "
                         "network: leave it out, and pair devices with the code.")
    if config.adb and config.host not in ("", "0.0.0.0", "127.0.0.1", "localhost"):
        raise UsageError(f"--adb leads a headset to 127.0.0.1, where --host {config.host} does not listen: "
                         "leave one of them out.")
    if config.behind_proxy and not config.token and not host_names(config):
        # Nothing else would keep a hostile page out that reaches this machine under a name of its own.
        raise UsageError("--behind-proxy without a token needs the host names that the proxy answers to: set "
                         "XRSERVER_NAMES, separated by commas.")


def from_environment(config: Config, environ: Mapping[str, str] = os.environ) -> Config:
    """Return `config` with what ``XRSERVER_*`` variables say put over it.

    Raises
    ------
    UsageError
        A value that does not parse; the message names the variable, the value and what fits.
    """
    changes: dict[str, Any] = {}
    for setting in fields(Config):
        name = f"XRSERVER_{setting.name.upper()}"
        if not setting.metadata["flag"] or name not in environ:
            continue
        changes[setting.name] = parse(setting.name, environ[name], name)
    return replace(config, **changes)


def parse(setting: str, value: str, where: str) -> Any:
    """Return `value`, given as text at `where`, as the type of `setting`'s default."""
    default: Any = {f.name: f.default for f in fields(Config)}[setting]
    choices: tuple[str, ...] = {f.name: f.metadata["choices"] for f in fields(Config)}[setting]
    if choices and value not in choices:
        raise UsageError(f"{where} is {value!r}, but must be {', '.join(choices[:-1])} or {choices[-1]}.")
    try:
        if isinstance(default, bool):
            words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
            return words[value.lower()]
        if isinstance(default, tuple):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return type(default)(value)
    except (ValueError, KeyError):
        kinds: dict[type, str] = {bool: "yes or no", int: "a whole number", float: "a number"}
        kind = kinds.get(type(default), "text")
        raise UsageError(f"{where} is {value!r}, but must be {kind}.") from None
