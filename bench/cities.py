"""Cities made up for measuring: histories of any size, always the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrserver.history.index import PathTree


def paths_and_sizes(files: int, seed: int = 1) -> tuple[PathTree, NDArray[np.int64]]:
    """Return a path tree with `files` files in nested directories, and each path's largest size.

    Directories hold 20 files and up to four directories on average, sizes are log-normal around
    4 kB, as in real repositories.
    """
    random = np.random.default_rng(seed)
    directories = max(1, files // 20)
    parent = np.zeros(1 + directories + files, np.int32)
    for i in range(1, 1 + directories):
        parent[i] = random.integers(0, i) if i < 4 else random.integers(max(0, i // 4 - 2), i // 2 + 1)
    parent[1 + directories:] = random.integers(0, 1 + directories, files)
    names = [b""] + [b"d%06d" % i for i in range(directories)] + [b"f%07d.py" % i for i in range(files)]
    offsets = np.concatenate(([0], np.cumsum([len(name) for name in names]))).astype(np.int64)
    sizes = np.full(len(parent), -1, np.int64)
    sizes[1 + directories:] = np.exp(random.normal(np.log(4000), 1.4, files)).astype(np.int64)
    return PathTree(parent, offsets, np.frombuffer(b"".join(names), np.uint8)), sizes
