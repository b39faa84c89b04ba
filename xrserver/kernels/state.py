"""How many kernels are compiled for this installation: the others will be, when they are first needed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from xrserver import kernels


def compiled() -> tuple[int, int]:
    """Return how many kernels are compiled and kept on disk, and how many there are."""
    found = [_is_kept(kernel) for kernel in _kernels()]
    return sum(found), len(found)


def _kernels() -> Iterator[Dispatcher]:
    for module in pkgutil.iter_modules(kernels.__path__):
        held = vars(importlib.import_module(f"{kernels.__name__}.{module.name}"))
        yield from (value for value in held.values()
                    if isinstance(value, Dispatcher) and value.py_func.__module__ == held["__name__"])


def _is_kept(kernel: Dispatcher) -> bool:
    """Return whether there is an index of compiled versions that is newer than the source."""
    source = Path(kernel.py_func.__code__.co_filename)
    module = kernel.py_func.__module__.rpartition(".")[2]
    folder = Path(kernel.stats.cache_path or ".")
    try:
        written = source.stat().st_mtime
        return any(index.stat().st_mtime >= written
                   for index in folder.glob(f"{module}.{kernel.py_func.__qualname__}-*.nbi"))
    except OSError:
        return False
