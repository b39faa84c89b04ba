"""`xrserver vr`: a headset on this computer shows what a server serves, until it is taken leave of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xrserver.errors import NoRuntime
from xrserver.native import frames

if TYPE_CHECKING:
    from xrserver.native.openxr.headset import Headset
    from xrserver.native.worn import WornViewer


def look() -> None:
    """See that there is an OpenXR runtime; nothing of it is started.

    Raises
    ------
    NoRuntime
        There is none; the message says what to install.
    """
    try:
        from xrserver.native.openxr import runtime
    except Exception as reason:  # pyopenxr raises whatever the loading of a library of OpenGL does
        raise NoRuntime(f"OpenXR cannot be used on this computer ({type(reason).__name__}: {reason}). "
                        "It needs Linux with OpenGL (Debian, Ubuntu: libgl1) or Windows, and SteamVR or "
                        "Monado.") from None
    runtime.offered()


def run(url: str, at: str, say: Callable[[str], None], mirrored: bool = True,
        ended: Callable[[], str] | None = None) -> None:
    """Show what the server at `url` serves in a headset, until its session ends or Ctrl-C is pressed.

    Parameters
    ----------
    url : str
        With its token.
    at : str
        The moment to start at; empty for the newest.
    say : function of str
        Is told what the headset cannot show, and when the server goes and comes.
    mirrored : bool
        A window on the desktop, if there is one, shows what the headset does.
    ended : function or None
        Says why a server that is gone will never come back; nothing while it may.

    Raises
    ------
    NoRuntime
        There is no OpenXR runtime, or no headset.
    NoDisplay
        There is no OpenGL 3.3.
    ConnectionLost, UnknownMoment
        The server is gone for good, or knows no such moment.
    """
    look()
    from xrserver.native.client import may_return
    from xrserver.native.openxr.headset import Headset
    from xrserver.native.worn import WornViewer

    headset = Headset(say, mirrored=mirrored)
    try:
        say(f"In {headset.description}. Ctrl-C ends it.")
        with WornViewer(headset, url, ended or may_return) as viewer:
            viewer.say = say
            _loop(headset, viewer, at)
        if headset.missed:
            say(f"{headset.missed:,} frames came too late.")
    finally:
        headset.close()


def _loop(headset: Headset, viewer: WornViewer, at: str) -> None:
    if at:
        viewer.settle(at)
    with frames.calm():
        try:
            frames.run(viewer.frame)
        except KeyboardInterrupt:
            headset.leave()
            while viewer.frame():
                pass
