"""Finds the files that are not Python: shaders, scenes, the built page, fonts.

In a wheel they lie inside the package; in a checkout at the top level, where people edit them.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent

#: name → (folder inside the installed package, folder in a checkout)
_PLACES = {
    "shaders": (_PACKAGE / "shaders", _CHECKOUT / "shaders"),
    "scenes": (_PACKAGE / "scenes", _CHECKOUT / "scenes"),
    "page": (_PACKAGE / "page", _CHECKOUT / "webxr_client" / "dist"),
    "fonts": (_PACKAGE / "page" / "fonts", _CHECKOUT / "webxr_client" / "public" / "fonts"),
}


def folder(name: str) -> Path:
    """Return the folder called `name` (``shaders``, ``scenes``, ``page`` or ``fonts``).

    The checkout's is preferred where both exist, so that an edit is seen without reinstalling.
    """
    installed, checkout = _PLACES[name]
    is_checkout = (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "webxr_client").is_dir()
    return checkout if is_checkout else installed


def text(name: str, file: str) -> str:
    """Return the UTF-8 text of `file` in the folder called `name`."""
    return (folder(name) / file).read_text(encoding="utf-8")
