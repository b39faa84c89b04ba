"""What each command does: options and a `Config` in, lines on the terminal and an exit code out."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xrserver.config import Config
from xrserver.errors import UsageError, XrserverError
from xrserver.terminal import Progress, Terminal

if TYPE_CHECKING:
    from xrserver.child import Server
    from xrserver.serving import Serving

#: Settings of a repository that a window or headset shows; a server that runs has its own.
OF_REPOSITORY = ("scene", "ref", "jobs", "exclude", "people", "activity")


def _serve(options: argparse.Namespace, config: Config, progress: Progress) -> int:
    import asyncio
    import logging

    from xrserver import app, child
    from xrserver.terminal import LogLines

    config = replace(config, repositories=tuple(options.repositories) or (Path(),))
    terminal = Terminal(sys.stdout)
    # On a terminal everything goes through one hand, which may have a block to keep below it.
    handler = LogLines(terminal) if terminal.rewrites else logging.StreamHandler()
    handler.setFormatter(logging.Formatter("xrserver: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])

    def say(text: str) -> None:
        progress.clear()
        terminal.say(text)

    def ready(serving: Serving) -> None:
        if options.announce:
            return
        say(f"{', '.join(serving.names)} at {serving.url}")
        if serving.lan is not None:
            _invite(terminal, serving)
        if config.behind_proxy:
            address, _, token = serving.url.partition("?")
            terminal.say(f"Let your proxy lead to {address} with X-Forwarded-Proto, -Host and -For; then "
                         f"open its own address{f' with ?{token} at its end' if token else ''}.")
        if config.open:
            _open(serving.url)

    def opened(serving: Serving) -> None:
        progress.clear()
        if options.announce:
            print(child.announcement(serving), flush=True)
            return
        for each in serving.sessions.repositories.values():
            say(f"{each.name}: {len(each.index.oids):,} commits" if each.whole else
                f"{each.name}: its newest files stand, older history is being read")

    try:
        asyncio.run(app.serve(config, progress, ready, opened, say, with_parent=options.announce))
    except XrserverError as error:
        if not options.announce:
            raise
        print(child.announcement(error), flush=True)
        return error.exit_code
    return 0


def _invite(terminal: Terminal, serving: Serving) -> None:
    """Show other devices the way in, and their name for this machine once it has one."""
    from xrserver.invitation import Invitation

    assert serving.lan is not None
    invitation = Invitation(terminal, serving.lan)
    if serving.announced is not None:
        serving.announced.listen(invitation.named)


def _open(url: str) -> None:
    """Open the page in the default browser, which may take its time to answer."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()


def _preview(options: argparse.Namespace, config: Config, progress: Progress) -> int:
    from xrserver import app

    size = _size(options.size)
    if options.screenshot is not None and (options.record is not None or options.path is not None):
        raise UsageError("--screenshot is one picture, and goes with neither --path nor --record.")
    if not 1.0 <= options.fps <= 240.0:
        raise UsageError(f"--fps is {options.fps:g}, but must be from 1 to 240.")
    if options.record is not None:
        app.film_can_be_kept(options.record)
    if options.path is not None:
        app.camera_path(options.path)

    def tell(done: int, total: int) -> None:
        progress("Drawing frames", done, total)

    def say(text: str) -> None:
        progress.clear()
        print(text, flush=True)

    with _server(options, config) as server:
        app.show(server, options.at, size, say, options.screenshot, options.path, options.record, options.fps,
                 tell)
    progress.clear()
    return 0


def _vr(options: argparse.Namespace, config: Config, progress: Progress) -> int:
    from xrserver import app

    app.headset_here()
    with _server(options, config) as server:
        app.wear(server, options.at, lambda text: print(text, flush=True), not options.no_mirror)
    return 0


def _server(options: argparse.Namespace, config: Config) -> AbstractContextManager[Server]:
    """Return the server whose address was given, or one of the repository that was."""
    from xrserver import child

    source: str = options.source
    if not source.startswith(("http://", "https://")):
        return child.child_server(Path(source), config)
    given = [name for name in OF_REPOSITORY if getattr(options, name) is not None]
    if given:
        raise UsageError(f"`{given[0]}` is said of a repository that is opened here, but the server at "
                         f"{source} runs already: say it there, or leave it out.")
    return nullcontext(child.Server(source))


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and 1 <= int(width) <= 16384
            and 1 <= int(height) <= 16384):
        raise UsageError(f"--size is {text!r}, but must be two numbers of pixels, such as 1280x720.")
    return int(width), int(height)


def _index(options: argparse.Namespace, config: Config, progress: Progress) -> int:
    import gc
    import logging

    from xrserver import kernels
    from xrserver.history import opening
    from xrserver.history.glance import repository_name

    logging.basicConfig(level=logging.WARNING, format="xrserver: %(message)s")
    # It ends soon: looking for what it might have dropped costs more than it frees, also at the end.
    gc.disable()
    started = time.perf_counter()
    with kernels.compiling(progress):
        repository, index, versions = opening.open_history(
            options.repository, ref=config.ref, jobs=config.jobs, cache_bytes=config.cache_bytes,
            people=config.people, progress=progress)
    seconds = time.perf_counter() - started
    with repository:
        counts = opening.counts(index, versions)
    gc.freeze()
    progress.clear()
    if options.json:
        print(json.dumps({"repository": repository_name(repository.place), **counts,
                          "seconds": round(seconds, 3)}))
        return 0
    width = max(len(f"{count:,}") for count in counts.values())
    for name, count in counts.items():
        print(f"{count:{width},} {name}")
    print(f"{seconds:{width}.2f} seconds")
    return 0


def _cache(options: argparse.Namespace, config: Config, progress: Progress) -> int:
    from xrserver.history import eviction, shelf

    if options.clear and not options.repositories and (size := shelf.clear_shelf()):
        print(f"{size / 1e6:8.1f} MB  tiles  cleared")
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


def _devices(options: argparse.Namespace, config: Config, progress: Progress) -> int:
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


def _doctor(options: argparse.Namespace, config: Config, progress: Progress) -> int:
    from xrserver.doctor import report
    from xrserver.doctor.examine import examine, probes

    found = examine(probes(config))
    if options.json:
        print(json.dumps(report.as_json(found)))
    else:
        terminal = Terminal(sys.stdout)
        terminal.say("\n".join(report.lines(found, terminal)))
    return 1 if report.missing(found) else 0


#: Every command by its name.
COMMANDS: dict[str, Callable[[argparse.Namespace, Config, Progress], int]] = {
    "serve": _serve, "preview": _preview, "vr": _vr, "index": _index, "cache": _cache,
    "devices": _devices, "doctor": _doctor}
