"""Lists in pages: ``{items, next}`` with a cursor that means something only to this server."""

from __future__ import annotations

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any

from aiohttp import web

from xrserver.server.problems import Problem

PAGE, LARGEST_PAGE = 1000, 10_000


def cursor_of(position: int, pin: str = "") -> str:
    """Return the cursor of the page that begins at `position` of the list that `pin` names."""
    return base64.urlsafe_b64encode(json.dumps([position, pin]).encode()).decode().rstrip("=")


def position_of(request: web.Request) -> tuple[int, str]:
    """Return where the page asked for begins, and what its list is pinned to ('' on the first)."""
    text = request.query.get("cursor", "")
    if not text:
        return 0, ""
    try:
        padded = text + "=" * (-len(text) % 4)
        value: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        position, pin = value
        if type(position) is int and position >= 0 and type(pin) is str:
            return position, pin
    except (binascii.Error, ValueError, TypeError, RecursionError):
        pass
    raise Problem(HTTPStatus.BAD_REQUEST, "The cursor is none that this server gave: begin without one.")


def limit_of(request: web.Request) -> int:
    """Return how many items a page asked for holds."""
    text = request.query.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= LARGEST_PAGE):
        raise Problem(HTTPStatus.BAD_REQUEST, f"limit is {text[:40]!r}, but must be a number from 1 to "
                                              f"{LARGEST_PAGE}.")
    return int(text)
