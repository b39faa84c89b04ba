"""A `HistoryIndex` and its `FileVersions` as columns of a file, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.history.index import MODE_SUBMODULE, FileVersions, HistoryIndex, PathTree

_TEXTS = ("person_names", "person_emails", "identity_names", "identity_emails")
_PLAIN = ("repository_format", "mainline_ref", "refs")
# Only whole histories are remembered: nothing of them is unread.
_INDEX = [field.name for field in fields(HistoryIndex)
          if field.name not in (*_TEXTS, *_PLAIN, "paths", "unread")]
_PATHS = [field.name for field in fields(PathTree)]
_VERSIONS = [field.name for field in fields(FileVersions)]


def to_columns(index: HistoryIndex, versions: FileVersions) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return what JSON can say of them, and the rest as columns."""
    columns: dict[str, NDArray[Any]] = {f"index.{name}": getattr(index, name) for name in _INDEX}
    columns |= {f"paths.{name}": getattr(index.paths, name) for name in _PATHS}
    columns |= {f"versions.{name}": getattr(versions, name) for name in _VERSIONS}
    for name in _TEXTS:
        texts: Sequence[bytes] = getattr(index, name)
        columns[f"{name}.offsets"] = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        columns[f"{name}.bytes"] = np.frombuffer(b"".join(texts), np.uint8)
    return {name: getattr(index, name) for name in _PLAIN}, columns


def from_columns(about: Mapping[str, Any], columns: Mapping[str, NDArray[Any]],
                 ) -> tuple[HistoryIndex, FileVersions]:
    """Return what `to_columns` was given."""
    texts: dict[str, Any] = {}
    for name in _TEXTS:
        raw, offsets = columns[f"{name}.bytes"].tobytes(), columns[f"{name}.offsets"].tolist()
        texts[name] = tuple(raw[first:last] for first, last in pairwise(offsets))
    plain = {**about, "refs": tuple((name, rank, kind) for name, rank, kind in about["refs"])}
    arrays: dict[str, Any] = {name: columns[f"index.{name}"] for name in _INDEX}
    paths = PathTree(**{name: columns[f"paths.{name}"] for name in _PATHS})
    index = HistoryIndex(**plain, **texts, **arrays, paths=paths)
    rows: dict[str, Any] = {name: columns[f"versions.{name}"] for name in _VERSIONS}
    return index, FileVersions(**rows)


def is_complete(index: HistoryIndex) -> bool:
    """Say whether every file's size is known: in a partial clone, more are once they were fetched."""
    files = (index.change_mode != 0) & (index.change_mode != MODE_SUBMODULE)
    return not np.any(index.blob_sizes[index.change_blob[files]] < 0)
