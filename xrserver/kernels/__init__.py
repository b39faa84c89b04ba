"""Numba kernels: flat arrays in, flat arrays out; no objects, no I/O, no knowledge of git."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

#: Who is told of every kernel that must be compiled first, which takes a while once per installation.
_listeners: list[Callable[[], None]] = []


@contextmanager
def compiling(progress: Callable[[str, int, int], None]) -> Generator[None, None, None]:
    """Until the block ends, call `progress` as ("kernels", how many, 0) when a kernel is compiled.

    It is called in the thread that needs the kernel; what it raises ends the work there.
    """
    count = 0

    def tell() -> None:
        nonlocal count
        count += 1
        progress("kernels", count, 0)

    _listeners.append(tell)
    try:
        yield
    finally:
        _listeners.remove(tell)


def tell_compiling() -> None:
    """Tell whoever listens that a kernel is compiled now."""
    for tell in tuple(_listeners):
        tell()
