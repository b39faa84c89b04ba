"""The composition root: puts repositories, server and viewers together, and takes them apart again."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from xrserver.child import Server
from xrserver.config import Config, check, host_names
from xrserver.directories import own_config_directory
from xrserver.serving import Progress, Serving, Tell, ended

if TYPE_CHECKING:
    from xrserver.native.film import Film
    from xrserver.server.adb import Adb

#: How long a thread may keep Python's lock while another waits for it.
_SWITCH_SECONDS = 1e-3


def _untold(sentence: str) -> None:
    """Tell nobody."""


@asynccontextmanager
async def server(config: Config, progress: Progress, tell: Tell = _untold) -> AsyncGenerator[Serving, None]:
    """Serve what `config` names until the block ends; its repositories are opened meanwhile.

    Raises
    ------
    UsageError
        The address cannot be listened on, adb is missing, or a repository or scene cannot be shown as far
        as this is seen at a glance.
    """
    from aiohttp import web

    from xrserver.history.glance import glance
    from xrserver.history.submodules import with_submodules
    from xrserver.server import access, http, listening
    from xrserver.server.opening import Opening

    check(config)
    hosts = host_names(config)
    bridge = _bridge(config)
    async with contextlib.AsyncExitStack() as stack:
        # Listening comes first: whoever asks meanwhile waits, and a port in use is told at once.
        sockets = listening.listen_everywhere(config.port) if config.lan else [
            listening.listen(config.host, config.port)]
        for each in sockets:
            stack.enter_context(each)
        wanted = dict.fromkeys(config.repositories, config)
        if config.submodules:
            for path in with_submodules(config.repositories):
                wanted.setdefault(path, replace(config, ref=""))  # which names a branch of those asked for
        names = tuple(glance(path, own.ref) for path, own in wanted.items())
        _see_scene(config.scene)
        port = int(sockets[0].getsockname()[1])
        lan = announced = None
        if config.lan:
            from xrserver.server.announce import Announcing
            from xrserver.server.lan import Lan

            # Another process may be making the certificate: that is waited for in a thread.
            lan = await asyncio.to_thread(Lan, own_config_directory(), port, hosts)
            stack.callback(lan.close)
            if config.mdns:
                announced = Announcing(port, lambda: lan.here)
                lan.on_moved(announced.moved)
                # Finding a free name takes seconds: beside reading history.
                stack.push_async_callback(ended, asyncio.create_task(announced.run()))
        doors = access.Access(config.host, port, access.Access.new_token() if config.token else "",
                              names=(*hosts, *(lan.names if lan else ())), behind_proxy=config.behind_proxy,
                              devices=lan.devices if lan else None)
        # Closed in the reverse order: following, then viewers' sockets, then repositories.
        repositories = await stack.enter_async_context(contextlib.AsyncExitStack())
        opening = Opening()
        runner = web.AppRunner(http.create_app(opening, doors, lan), access_log=None,
                               handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        if lan is None:
            await web.SockSite(runner, sockets[0]).start()
        else:
            from xrserver.server import entrance

            assert runner.server is not None
            sender = entrance.sender_on(doors, lan)
            stack.push_async_callback(sender.shutdown, 1.0)
            listener = listening.Listener(sockets, lan.certificate.context, runner.server, sender)
            listener.start()
            stack.push_async_callback(listener.close)
            stack.push_async_callback(ended, asyncio.create_task(lan.watch(opening.expel)))
        if bridge is not None:
            from xrserver.server import adb

            there = _address("localhost", port, doors.token)
            await stack.enter_async_context(adb.tethered(bridge, port, there, tell))
        serving = Serving(_address(config.host, port, doors.token), names, opening, lan, announced)
        serving.begin(config, wanted, progress, tell, repositories)
        stack.push_async_callback(serving.end)
        yield serving


def _bridge(config: Config) -> Adb | None:
    """Return the adb program, where a headset is to be reached by USB."""
    if not config.adb:
        return None
    from xrserver.server import adb

    return adb.required_adb()


def _see_scene(name: str) -> None:
    """See that a scene which is not the usual one is there and right."""
    if name != Config().scene:
        from xrserver.scene.definition import load_scene

        load_scene(name)


def _address(host: str, port: int, token: str) -> str:
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


async def serve(config: Config, progress: Progress, ready: Callable[[Serving], None],
                opened: Callable[[Serving], None], tell: Tell = _untold, with_parent: bool = False) -> None:
    """Serve until SIGINT or SIGTERM comes, or (`with_parent`) standard input ends.

    Parameters
    ----------
    ready : callable
        Called once, when the address answers.
    opened : callable
        Called once, when there is something to see.
    tell : callable
        Called from then on, with what people should know.

    Raises
    ------
    UsageError
        As `server` does; also when a repository turns out to be unreadable, which ends serving.
    """
    # Threads that build must give way at once to the loop that answers.
    sys.setswitchinterval(_SWITCH_SECONDS)

    def report(phase: str, done: int, total: int) -> None:
        if phase == "kernels":
            gc.enable()  # compiling leaves much behind
        progress(phase, done, total)

    stop = asyncio.Event()
    with _stopped_by_signals(stop), _uncollected():
        if with_parent:
            _stop_with_parent(stop)
        async with server(config, report, tell) as serving:
            ready(serving)
            stopped = asyncio.create_task(stop.wait())
            waiting = asyncio.create_task(serving.opened())
            try:
                await asyncio.wait((waiting, stopped), return_when=asyncio.FIRST_COMPLETED)
                if not stop.is_set():
                    waiting.result()
                    gc.freeze()
                    gc.enable()
                    opened(serving)
                    await stopped
            finally:
                for task in (stopped, waiting):
                    task.cancel()
                await asyncio.gather(stopped, waiting, return_exceptions=True)


@contextmanager
def _uncollected() -> Generator[None, None, None]:
    """Put off looking for what is not needed any more: what is loaded now stays, and it would take 0.1 s."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Generator[None, None, None]:
    """Set `stop` on the first SIGINT, SIGTERM or Ctrl-Break; a second does what it always does."""
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def restore() -> None:
        while before:
            signal.signal(*before.popitem())

    def set_stop(number: int, frame: FrameType | None) -> None:
        restore()
        loop.call_soon_threadsafe(stop.set)

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if (number := getattr(signal, name, None)) is not None:
            before[number] = signal.signal(number, set_stop)
    try:
        yield
    finally:
        restore()


def _stop_with_parent(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends, as it does however the parent process ends."""
    import threading

    loop = asyncio.get_running_loop()

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def show(server: Server, at: str, size: tuple[int, int], say: Callable[[str], None],
         screenshot: Path | None, camera: Path | None = None, record: Path | None = None, rate: float = 30.0,
         tell: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Show what a server serves in a window, or write a picture or a film of it.

    Parameters
    ----------
    at : str
        Moment to start at; '' for the newest.
    size : (int, int)
        Width and height in pixels.
    say : function of str
        Is told when the server goes and comes.
    camera : path or None
        A camera's path: shown, or with `record` made into a film without a window.
    record : path or None
        Where a film goes; without `camera`, what is seen in the window.
    rate : float
        Frames a second of a film without a window; `tell` hears how many of them are done.
    """
    if screenshot is not None:
        from xrserver.native import offscreen

        offscreen.screenshot(server.url, at, size, screenshot)
        return
    film = None if camera is None else camera_path(camera)
    if record is not None and film is not None:
        from xrserver.native import offscreen

        offscreen.film(server.url, film, size, rate, record, tell)
    else:
        from xrserver.native import preview

        preview.run(server.url, at, size, say, film, record, server.ended)


def camera_path(file: Path) -> Film:
    """Return a camera's path as its file has it; ``round`` is one that comes with xrserver.

    Raises
    ------
    CameraError
        The file is not there, or is wrong.
    """
    from xrserver.native.film import Film, read_film

    return Film() if str(file) == "round" else read_film(file)


def film_can_be_kept(file: Path) -> None:
    """See that a film can be written, before a history is read for it.

    Raises
    ------
    UsageError
        PyAV is missing, or the name or its folder does not fit.
    """
    from xrserver.native import recording

    recording.check(file)


def headset_here() -> None:
    """See that there is an OpenXR runtime, before a history is read for it.

    Raises
    ------
    NoRuntime
        There is none; the message says what to install.
    """
    from xrserver.native import vr

    vr.look()


def wear(server: Server, at: str, say: Callable[[str], None], mirrored: bool = True) -> None:
    """Show what a server serves in a headset on this computer.

    Parameters
    ----------
    at : str
        Moment to start at; '' for the newest.
    say : function of str
        Is told what the headset cannot show, and when the server goes and comes.
    mirrored : bool
        A window shows what the headset does.
    """
    from xrserver.native import vr

    vr.run(server.url, at, say, mirrored, server.ended)
