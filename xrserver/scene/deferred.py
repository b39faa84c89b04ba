"""What is computed when it is first needed, once, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Deferred(Generic[_T]):
    """A value that `make` returns.

    Parameters
    ----------
    make : callable
    lock : context manager, optional
        Held while it is made, where several threads may ask.
    """

    def __init__(self, make: Callable[[], _T], lock: AbstractContextManager[object] | None = None) -> None:
        self._make = make
        self._lock = nullcontext() if lock is None else lock
        self._made: list[_T] = []

    @property
    def value(self) -> _T:
        """The value, made now if it was not before."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]
