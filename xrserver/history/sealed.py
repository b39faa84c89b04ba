"""Files of named columns that are whole or are not used: each carries a hash of all it holds.

A file is written beside its place and renamed, and never changed after that. There is no waiting for
the disk: what a crash left half-written does not match its hash, and is computed again.

Layout: 64 bytes of head (magic, version, length of the description, length of the file, BLAKE2b of
everything else), the description as JSON, then the columns, each at a multiple of 64 bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import struct
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import xrserver.kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Of the layout of files.
VERSION = 1

_MAGIC = b"xrserver columns"
_HEAD = struct.Struct("<16sIIQ32s")
_COVERED = _HEAD.size - 32
_ALIGNMENT = 64


class Damaged(Exception):
    """A file is not what was written: cut off, altered, or another version's."""


class Sealed(NamedTuple):
    """What a file holds: a description, and columns mapped from it (writing to them changes no file)."""

    about: dict[str, Any]
    columns: dict[str, NDArray[Any]]


@cache
def code() -> str:
    """Return a hash of the source that decides what columns hold: other code may read, or mean, others."""
    digest = hashlib.blake2b(digest_size=16)
    for folder in (Path(__file__).parent, *map(Path, xrserver.kernels.__path__)):
        for file in sorted(folder.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def write_sealed(path: Path, about: Mapping[str, Any], columns: Mapping[str, NDArray[Any]] | None = None,
                 ) -> None:
    """Write `about` (as JSON) and `columns` to `path`, in one step for all who look.

    Raises
    ------
    OSError
        It cannot be written; nothing is left behind.
    """
    columns = columns or {}
    listed: list[tuple[str, str, list[int]]] = [
        (name, column.dtype.str, list(column.shape)) for name, column in columns.items()]
    text = json.dumps({"code": code(), "about": about, "columns": listed}).encode()
    blocks: list[Any] = [text, bytes(-len(text) % _ALIGNMENT)]
    for column in columns.values():
        raw = column.reshape(-1).view("u1")
        blocks += (raw, bytes(-len(raw) % _ALIGNMENT))
    length = _HEAD.size + sum(len(block) for block in blocks)
    head = _HEAD.pack(_MAGIC, VERSION, len(text), length, bytes(32))[:_COVERED]
    digest = hashlib.blake2b(head, digest_size=32)
    for block in blocks:
        digest.update(block)
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with part.open("wb") as file:
            file.write(head + digest.digest())
            for block in blocks:
                file.write(block)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def read_sealed(path: Path) -> Sealed:
    """Return what `path` holds, once all of it was seen to be what was written.

    Raises
    ------
    OSError
        There is none, or it cannot be opened.
    Damaged
        It is not whole, or not of this version.
    """
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except ValueError:
        raise Damaged(f"{path} is empty") from None
    if len(content) < _HEAD.size:
        raise Damaged(f"{path} is cut off")
    magic, version, text_length, length, sealed = _HEAD.unpack_from(content)
    if magic != _MAGIC or version != VERSION:
        raise Damaged(f"{path} is of another version")
    with memoryview(content) as view:
        digest = hashlib.blake2b(view[:_COVERED], digest_size=32)
        digest.update(view[_HEAD.size:])
    if length != len(content) or digest.digest() != sealed:
        raise Damaged(f"{path} is damaged")
    description = json.loads(content[_HEAD.size:_HEAD.size + text_length])
    if description["code"] != code():
        raise Damaged(f"{path} is of another version")
    return Sealed(description["about"], _columns(content, description["columns"], _HEAD.size + text_length))


def _columns(content: mmap.mmap, listed: list[tuple[str, str, list[int]]], at: int,
             ) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    if listed:
        import numpy as np

        for name, code, shape in listed:
            at += -at % _ALIGNMENT
            dtype = np.dtype(code)
            count = int(np.prod(shape, dtype=np.int64))
            columns[name] = np.frombuffer(content, dtype, count, at).reshape(shape) if count \
                else np.empty(shape, dtype)
            at += count * dtype.itemsize
    return columns
