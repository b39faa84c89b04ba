"""The command line: arguments become options and a `Config`, which become a command."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import NoReturn

from xrserver import __version__
from xrserver.commands import COMMANDS, OF_REPOSITORY
from xrserver.config import Config, from_environment, parse
from xrserver.errors import UsageError, XrserverError
from xrserver.terminal import Progress

_SETTINGS = {setting.name: setting for setting in fields(Config)}

#: Which settings each command takes as flags.
_SERVE = ("host", "port", "scene", "ref", "jobs", "exclude", "submodules", "people", "lan", "adb",
          "behind_proxy", "open", "token", "mdns",
          "activity")
_INDEX = ("jobs", "people", "cache_bytes")

_EPILOG = """\
A moment (--at) is rank:N, a commit id of at least 7 digits, a branch or tag, or an ISO 8601 date.

exit codes: 0 done, 1 our fault, 2 bad usage or not a repository, 3 no OpenXR runtime,
            4 no display or OpenGL 3.3
"""

_DEVICES = """\
List the devices that were paired with the code of --lan, the one seen last first.
They may come in to every xrserver that this user runs on this machine."""

_DOCTOR = """\
Look at what xrserver uses here: git, packages, OpenGL, OpenXR, addresses, port, firewall,
certificate, paired devices, adb, cache. Nothing is changed or made.

exit codes: 0 what is needed is here, 1 something is missing without which nothing can be shown"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}; `{self.prog} --help` shows what there is.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="xrserver", description="Stand inside a git repository's history, in VR, AR or a window.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"xrserver {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True, parser_class=_Parser)

    serve = commands.add_parser("serve", help="serve the page and the stream (the default)",
                                description="Serve the page and the stream of one or more repositories.")
    serve.add_argument("repositories", metavar="REPO", nargs="*", type=Path,
                       help="repository to show; default: the one around the current directory")
    _add_settings(serve, _SERVE)
    serve.add_argument("--announce", action="store_true", help=argparse.SUPPRESS)

    preview = commands.add_parser("preview", help="show a repository in a window of this desktop",
                                  description="Show a repository, or a running server, in a window.")
    preview.add_argument("source", metavar="REPO|URL", nargs="?", default="",
                         help="repository, or the address a server printed")
    preview.add_argument("--at", metavar="WHEN", default="", help="moment to start at (default: the newest)")
    preview.add_argument("--screenshot", metavar="FILE.png", type=Path,
                         help="write one picture without a window, and end")
    preview.add_argument("--path", metavar="FILE.toml|round", type=Path,
                         help="let the camera go this way; `round` is around everything through all time")
    preview.add_argument("--record", metavar="FILE.mp4", type=Path,
                         help="keep a film: of --path without a window, else of what is seen in it")
    preview.add_argument("--fps", metavar="N", type=float, default=30.0,
                         help="frames a second of a film of --path (default: %(default)g)")
    preview.add_argument("--size", metavar="WxH", default="1280x720", help="pixels (default: %(default)s)")
    _add_settings(preview, OF_REPOSITORY)

    vr = commands.add_parser("vr", help="show a repository in a headset on this computer, by OpenXR",
                             description="Show a repository, or a running server, in a headset on this "
                                         "computer: SteamVR, Monado or any OpenXR runtime.")
    vr.add_argument("source", metavar="REPO|URL", nargs="?", default="",
                    help="repository, or the address a server printed")
    vr.add_argument("--at", metavar="WHEN", default="", help="moment to start at (default: the newest)")
    vr.add_argument("--no-mirror", action="store_true",
                    help="do not show in a window what the headset shows")
    _add_settings(vr, OF_REPOSITORY)

    index = commands.add_parser("index", help="read a history and print what is in it",
                                description="Read a whole history and print counts and seconds.")
    index.add_argument("repository", metavar="REPO", nargs="?", type=Path, default=Path(),
                       help="default: the one around the current directory")
    index.add_argument("--json", action="store_true", help="print JSON")
    _add_settings(index, _INDEX)

    cache = commands.add_parser("cache", help="list or clear what is kept of histories read before",
                                description="List what is kept of histories read before, or clear it.")
    cache.add_argument("repositories", metavar="REPO", nargs="*", type=Path, help="default: all")
    cache.add_argument("--clear", action="store_true", help="remove it")

    devices = commands.add_parser(
        "devices", help="list, rename and revoke paired devices", description=_DEVICES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    devices.add_argument("--json", action="store_true", help="print JSON")
    actions = devices.add_subparsers(metavar="ACTION", dest="action", parser_class=_Parser)
    revoke = actions.add_parser("revoke", help="forget a device: servers that run refuse it at once",
                                description="Forget a device; it must be paired again to come in.")
    revoke.add_argument("device", metavar="NAME|ID", help="as `xrserver devices` shows it")
    rename = actions.add_parser("rename", help="give a device another name",
                                description="Give a device another name.")
    rename.add_argument("device", metavar="NAME|ID", help="as `xrserver devices` shows it")
    rename.add_argument("name", metavar="NEW", help="its new name")

    doctor = commands.add_parser("doctor", help="say what this machine can do, and what to do about the rest",
                                 description=_DOCTOR, formatter_class=argparse.RawDescriptionHelpFormatter)
    doctor.add_argument("--json", action="store_true", help="print JSON")
    _add_settings(doctor, ("port",))
    return parser


def _add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Add the flags of settings; a flag that is not given leaves its setting as it is."""
    for name in names:
        setting = _SETTINGS[name]
        flag = name.replace("_", "-")
        meaning = str(setting.metadata["help"]).replace("%", "%%")
        if setting.default is True:
            parser.add_argument(f"--no-{flag}", dest=name, action="store_const", const="no",
                                help=f"do not {meaning}")
        elif setting.default is False:
            parser.add_argument(f"--{flag}", action="store_const", const="yes", help=meaning)
        elif isinstance(setting.default, tuple):
            parser.add_argument(f"--{flag}", metavar=setting.metadata["metavar"], action="append",
                                help=meaning)
        else:
            default = f" (default: {setting.default})" if setting.default not in ("", 0) else ""
            parser.add_argument(f"--{flag}", metavar=setting.metadata["metavar"],
                                help=meaning + default)


def _config(options: argparse.Namespace) -> Config:
    """Return the settings: defaults, then the environment, then flags."""
    config = from_environment(Config())
    given = {name: tuple(value) if isinstance(value, list)
             else parse(name, value, f"--{name.replace('_', '-')}")
             for name, value in vars(options).items()
             if name in _SETTINGS and name != "repositories" and value is not None}
    config = replace(config, **given)
    if not 0 <= config.port <= 65535:
        raise UsageError(f"--port is {config.port}, but must be from 0 to 65535.")
    if config.jobs < 0:
        raise UsageError(f"--jobs is {config.jobs}, but must be 0 (one a core) or more.")
    return config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Nothing here multiplies matrices large enough for the threads that numpy would start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not given or given[0] not in (*COMMANDS, "-h", "--help", "--version"):
        given.insert(0, "serve")
    progress = Progress()
    try:
        options = _parser().parse_args(given)
        return COMMANDS[options.command](options, _config(options), progress)
    except XrserverError as error:
        return _fail(progress, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail(progress, "Interrupted.", 130)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("XRSERVER_DEBUG"):
            traceback.print_exc()
        what: str = str(error).strip().split("\n")[0]
        return _fail(progress, f"{type(error).__name__}: {what} (a fault of xrserver's own; "
                               "XRSERVER_DEBUG=1 shows where)", 1)


def _fail(progress: Progress, text: str, code: int) -> int:
    progress.clear()
    print(f"xrserver: {' '.join(text.split())}", file=sys.stderr)
    return code
