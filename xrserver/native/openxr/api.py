"""pyopenxr without its types, by which a plain number is no 64-bit one; and its functions as C has them.

`raw` takes structures that are made once and filled in each frame; `xr` makes new ones in every call,
which is for what happens once.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

import OpenGL

# What the loader has to say is said by us, in a sentence.
os.environ.setdefault("XR_LOADER_DEBUG", "none")
# Runtimes leave errors of OpenGL behind when they make images: PyOpenGL would raise them from our next call.
OpenGL.ERROR_CHECKING = False

import xr as _xr  # noqa: E402
from xr import raw_functions as _raw  # noqa: E402
from xr.library import openxr_loader_library  # noqa: E402

xr: Any = _xr


class _Raw:
    """The loader's functions, whose results are plain numbers: pyopenxr makes an enumeration of each."""

    def __getattr__(self, name: str) -> Any:
        function = openxr_loader_library[name]
        function.restype, function.argtypes = ctypes.c_int, getattr(_raw, name).argtypes
        setattr(self, name, function)
        return function


raw = _Raw()
