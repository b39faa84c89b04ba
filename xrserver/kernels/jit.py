"""The one decorator every kernel wears.

``NUMBA_DISABLE_JIT=1`` turns all of them into plain Python, which the tests use to run the same
source both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import event

from xrserver import kernels

_F = TypeVar("_F", bound=Callable[..., Any])


class _Compiling(event.Listener):
    """Tells when one of our kernels is not found compiled."""

    def on_start(self, event: event.Event) -> None:
        assert event.data is not None, event
        if event.data["dispatcher"].py_func.__module__.startswith(f"{kernels.__name__}."):
            kernels.tell_compiling()

    def on_end(self, event: event.Event) -> None:
        pass


event.register("numba:compile", _Compiling())


def kernel(function: _F) -> _F:
    """Compile `function` lazily, cached on disk, without the GIL and without fast-math.

    Fast-math stays off: the TypeScript twins and the plain references must agree to the bit
    where they only add, multiply and compare.
    """
    return cast("_F", numba.njit(cache=True, nogil=True)(function))
