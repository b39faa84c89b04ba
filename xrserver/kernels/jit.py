"""The one decorator every kernel wears.

``NUMBA_DISABLE_JIT=1`` turns all of them into plain Python, which the tests use to run the same
source both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_F = TypeVar("_F", bound=Callable[..., Any])


def kernel(function: _F) -> _F:
    """Compile `function` lazily, cached on disk, without the GIL and without fast-math.

    Fast-math stays off: the TypeScript twins and the plain references must agree to the bit
    where they only add, multiply and compare.
    """
    return cast("_F", numba.njit(cache=True, nogil=True)(function))
