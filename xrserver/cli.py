"""The command line: arguments become a `Config`, which becomes a command. The only room that prints."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from xrserver import __version__
from xrserver.config import Config, from_environment, parse
from xrserver.errors import UsageError, XrserverError
from xrserver.terminal import Progress, Terminal

if TYPE_CHECKING:
    from xrserver import app

_SETTINGS = {setting.name: setting for setting in fields(Config)}

#: Which settings each command takes as flags.
_SERVE = ("host", "port", "scene", "ref", "jobs", "lan", "adb", "behind_proxy", "open", "token", "mdns")
_INDEX = ("jobs", "cache_bytes")

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
    preview.add_argument("--size", metavar="WxH", default="1280x720", help="pixels (default: %(default)s)")

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
        else:
            default = f" (default: {setting.default})" if setting.default not in ("", 0) else ""
            parser.add_argument(f"--{flag}", metavar=setting.metadata["metavar"],
                                help=meaning + default)


def _config(options: argparse.Namespace) -> Config:
    """Return the settings: defaults, then the environment, then flags."""
    config = from_environment(Config())
    given = {name: parse(name, value, f"--{name.replace('_', '-')}") for name, value in vars(options).items()
             if name in _SETTINGS and name != "repositories" and value is not None}
    config = replace(config, **given)
    if not 0 <= config.port <= 65535:
        raise UsageError(f"--port is {config.port}, but must be from 0 to 65535.")
    if config.jobs < 0:
        raise UsageError(f"--jobs is {config.jobs}, but must be 0 (one a core) or more.")
    return config


def _serve(options: argparse.Namespace, progress: Progress) -> int:
    import asyncio
    import logging

    from xrserver import app
    from xrserver.terminal import LogLines

    config = replace(_config(options), repositories=tuple(options.repositories) or (Path(),))
    terminal = Terminal(sys.stdout)
    # On a terminal everything goes through one hand, which may have a block to keep below it.
    handler = LogLines(terminal) if terminal.rewrites else logging.StreamHandler()
    handler.setFormatter(logging.Formatter("xrserver: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])

    def ready(serving: app.Serving) -> None:
        progress.clear()
        if options.announce:
            print(app.announcement(serving), flush=True)
            return
        what = ", ".join(f"{name} ({commits:,} commits)" for name, commits in serving.repositories)
        terminal.say(f"{what} at {serving.url}")
        if serving.lan is not None:
            _invite(terminal, serving)
        if config.open:
            _open(serving.url)

    try:
        asyncio.run(app.serve(config, progress, ready, terminal.say, with_parent=options.announce))
    except XrserverError as error:
        if not options.announce:
            raise
        print(app.announcement(error), flush=True)
        return error.exit_code
    return 0


def _invite(terminal: Terminal, serving: app.Serving) -> None:
    """Show other devices the way in, and their name for this machine once it has one."""
    from xrserver.invitation import Invitation

    assert serving.lan is not None
    invitation = Invitation(terminal, serving.lan)
    if serving.announced is not None:
        serving.announced.add_done_callback(
            lambda done: None if done.cancelled() else invitation.named(done.result()))


def _open(url: str) -> None:
    """Open the page in the default browser, which may take its time to answer."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()


def _preview(options: argparse.Namespace, progress: Progress) -> int:
    from contextlib import nullcontext

    from xrserver import app

    size = _size(options.size)
    config = _config(options)
    source: str = options.source
    if source.startswith(("http://", "https://")):
        address = nullcontext(source)
    else:
        address = app.child_server(Path(source), config)
    with address as url:
        app.show(url, options.at, size, options.screenshot)
    return 0


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and 1 <= int(width) <= 16384
            and 1 <= int(height) <= 16384):
        raise UsageError(f"--size is {text!r}, but must be two numbers of pixels, such as 1280x720.")
    return int(width), int(height)


def _index(options: argparse.Namespace, progress: Progress) -> int:
    import gc
    import logging

    from xrserver import kernels
    from xrserver.history import opening

    logging.basicConfig(level=logging.WARNING, format="xrserver: %(message)s")
    # It ends soon: looking for what it might have dropped costs more than it frees, also at the end.
    gc.disable()
    config = _config(options)
    started = time.perf_counter()
    with kernels.compiling(progress):
        repository, index, versions = opening.open_history(
            options.repository, ref=config.ref, jobs=config.jobs, cache_bytes=config.cache_bytes,
            progress=progress)
    seconds = time.perf_counter() - started
    with repository:
        counts = opening.counts(index, versions)
    gc.freeze()
    progress.clear()
    if options.json:
        print(json.dumps({"repository": opening.display_name(repository), **counts,
                          "seconds": round(seconds, 3)}))
        return 0
    width = max(len(f"{count:,}") for count in counts.values())
    for name, count in counts.items():
        print(f"{count:{width},} {name}")
    print(f"{seconds:{width}.2f} seconds")
    return 0


def _cache(options: argparse.Namespace, progress: Progress) -> int:
    from xrserver.history import eviction

    folder = eviction.histories()
    kept = [] if folder is None else eviction.kept(folder, options.repositories)
    if folder is None or not kept:
        print("Nothing is kept.")
        return 0
    for one in kept:
        what = "cleared"
        if not options.clear:
            what = "last used " + time.strftime("%Y-%m-%d", time.localtime(one.used))
        elif not eviction.forget(folder, one.name):
            what = "in use, not cleared"
        print(f"{one.size / 1e6:8.1f} MB  {one.commits:>9,} commits  {one.objects or one.name}  {what}")
    return 0


def _devices(options: argparse.Namespace, progress: Progress) -> int:
    from xrserver import roster
    from xrserver.server.devices import Devices

    with Devices() as known:
        found = known.all()
        if options.action is None:
            terminal = Terminal(sys.stdout)
            if options.json:
                print(json.dumps({"items": [roster.as_json(each) for each in found]}))
            elif found:
                terminal.say("\n".join(roster.table(found)))
            else:
                terminal.say("No device is paired. `xrserver --lan` shows a code to type on one.")
            return 0
        chosen = roster.meant(found, options.device)
        if options.action == "revoke":
            known.revoke(chosen.id)
            print(f"{chosen.name} ({chosen.id}) is forgotten.")
        else:
            print(f"{chosen.name} ({chosen.id}) is now called {known.rename(chosen.id, options.name).name}.")
    return 0


def _doctor(options: argparse.Namespace, progress: Progress) -> int:
    from xrserver.doctor import report
    from xrserver.doctor.examine import examine, probes

    found = examine(probes(_config(options)))
    if options.json:
        print(json.dumps(report.as_json(found)))
    else:
        terminal = Terminal(sys.stdout)
        terminal.say("\n".join(report.lines(found, terminal)))
    return 1 if report.missing(found) else 0


_COMMANDS: dict[str, Callable[[argparse.Namespace, Progress], int]] = {
    "serve": _serve, "preview": _preview, "index": _index, "cache": _cache,
    "devices": _devices, "doctor": _doctor}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Nothing here multiplies matrices large enough for the threads that numpy would start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not given or given[0] not in (*_COMMANDS, "-h", "--help", "--version"):
        given.insert(0, "serve")
    progress = Progress()
    try:
        options = _parser().parse_args(given)
        return _COMMANDS[options.command](options, progress)
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
