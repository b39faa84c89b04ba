"""xrserver: stand inside a git repository's history, in VR, AR or a window.

``async with xrserver.connect(url) as session`` gives a script the same stream the viewers get;
``xrserver.pair(url, code)`` makes it a device that a server on another machine lets in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "connect", "pair"]

if TYPE_CHECKING:
    from xrserver.stream.client import connect
    from xrserver.stream.reach import pair


def __getattr__(name: str) -> Any:
    # aiohttp costs 0.2 s to import: `xrserver --help` and `xrserver index` must not pay for it.
    if name == "connect":
        from xrserver.stream.client import connect

        return connect
    if name == "pair":
        from xrserver.stream.reach import pair

        return pair
    raise AttributeError(f"module 'xrserver' has no attribute {name!r}")
