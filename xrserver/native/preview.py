"""`xrserver preview`: a window on the desktop shows what a server serves, until it is closed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from xrserver import clock
from xrserver.native import frames
from xrserver.native.client import may_return
from xrserver.native.desktop import DesktopViewer
from xrserver.native.film import Film
from xrserver.native.window import Window


def run(url: str, at: str, size: tuple[int, int], say: Callable[[str], None], film: Film | None = None,
        record: Path | None = None, ended: Callable[[], str] = may_return) -> None:
    """Show what the server at `url` serves in a window, until it is closed.

    Parameters
    ----------
    url : str
        With its token.
    at : str
        The moment to start at; empty for the newest.
    size : (int, int)
        Width and height in logical pixels.
    say : function of str
        Is told when the server goes and comes.
    film : Film or None
        Shown first; whoever takes hold of mouse or playhead ends it.
    record : path or None
        Where what is seen is kept as a film.
    ended : function
        Says why a server that is gone will never come back; nothing while it may.

    Raises
    ------
    NoDisplay
        There is no display, or no OpenGL 3.3 on it.
    ConnectionLost, UnknownMoment
        The server is gone for good, or knows no such moment.
    """
    window = Window(size)
    try:
        with DesktopViewer(window, url, decorated=film is None or film.panels, ended=ended) as viewer:
            viewer.say = say
            _show(window, viewer, at, film, record)
    finally:
        window.close()


def _show(window: Window, viewer: DesktopViewer, at: str, film: Film | None, record: Path | None) -> None:
    if at or film is not None or record is not None:
        viewer.settle(at)
    director = viewer.direct(film) if film is not None else None
    title = ""

    def after() -> None:
        nonlocal title
        window.calm = viewer.still()
        if director is not None and viewer.director is director:
            director.seconds += window.elapsed
            if director.over:
                viewer.roll()
                viewer.director = None
                viewer.playback = clock.pause(viewer.playback)
        if window.kept is not None:
            viewer.tell(f"Kept as {window.kept}.")
            window.kept = None
        if viewer.title() != title:
            title = viewer.title()
            window.set_title(title)

    with ExitStack() as until_closed:
        if record is not None:
            until_closed.enter_context(window.record(record))
        until_closed.enter_context(frames.calm())
        frames.run(viewer.frame, after)
