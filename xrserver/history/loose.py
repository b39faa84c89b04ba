"""Loose objects, and where else objects are: one file each, and ``objects/info/alternates``."""

from __future__ import annotations

import contextlib
import hashlib
import re
import zlib
from pathlib import Path

from xrserver.errors import UnreadableRepository

#: How many repositories deep alternates are followed, as in git.
_DEPTH = 5
_HEADER = re.compile(rb"(commit|tree|blob|tag) (\d{1,18})\0")
#: Longer than any header that git writes.
_HEADER_BYTES = 64
_FIRST_BYTES = 512


def missing(oid: bytes) -> str:
    """Return the sentence that says an object is missing or damaged."""
    return (f"object {oid.hex()} is missing from the repository or damaged: `git fsck` there tells more, "
            "`git fetch --refetch` gets it again.")


def read_loose(file: Path, oid: bytes) -> tuple[str, bytes]:
    """Return kind and content of the SHA-1 object in `file`.

    Raises
    ------
    UnreadableRepository
        The file is cut off, or holds something else than what its name says.
    """
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(file.read_bytes())
        match = _HEADER.match(raw)
        if match is None or not inflater.eof or len(raw) - match.end() != int(match[2]) \
                or hashlib.sha1(raw, usedforsecurity=False).digest() != oid:
            raise ValueError
    except (OSError, ValueError, zlib.error):
        raise UnreadableRepository(missing(oid)) from None
    return match[1].decode(), raw[match.end():]


def loose_header(file: Path, oid: bytes) -> tuple[str, int]:
    """Return kind and size in bytes of the object in `file`, reading no more than its beginning."""
    try:
        with file.open("rb") as opened:
            match = _HEADER.match(zlib.decompressobj().decompress(opened.read(_FIRST_BYTES), _HEADER_BYTES))
        if match is None:
            raise ValueError
    except (OSError, ValueError, zlib.error):
        raise UnreadableRepository(missing(oid)) from None
    return match[1].decode(), int(match[2])


def alternates(objects: Path) -> list[Path]:
    """Return the other object directories that `objects` borrows from, nearest first.

    Raises
    ------
    UnreadableRepository
        Where they are named is no regular file.
    """
    found: list[Path] = []
    waiting = [objects]
    for _ in range(_DEPTH):
        named = [folder for directory in waiting for folder in _named(directory)]
        waiting = list(dict.fromkeys(folder for folder in named if folder != objects and folder not in found))
        found += waiting
    return found


def stock(objects: Path) -> str:
    """Return a name for which packs there are, and when loose objects last came or went."""
    digest = hashlib.blake2b(digest_size=16)
    for directory in (objects, *alternates(objects)):
        for folder in sorted(directory.glob("[0-9a-f][0-9a-f]")):
            with contextlib.suppress(FileNotFoundError):  # emptied by a gc meanwhile
                digest.update(f"{folder}\0{folder.stat().st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        for pack in sorted(directory.glob("pack/*.pack")):
            digest.update(f"{pack}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _named(objects: Path) -> list[Path]:
    file = objects / "info/alternates"
    if not file.is_file():
        if file.exists():  # a pipe, say, on which git would wait for ever
            raise UnreadableRepository(f"{file} is no regular file: remove it, or replace it by one.")
        return []
    lines = [line for line in file.read_bytes().split(b"\n") if line and not line.startswith(b"#")]
    # A path that is not absolute starts at the directory that names it.
    folders = [objects / _unquoted(line).decode("utf-8", "surrogateescape") for line in lines]
    return [folder.resolve() for folder in folders if folder.is_dir()]


def _unquoted(line: bytes) -> bytes:
    """Return what a line in C quotes means; others mean themselves."""
    if not (line.startswith(b'"') and line.endswith(b'"') and len(line) > 1):
        return line
    named = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

    def plain(match: re.Match[bytes]) -> bytes:
        octal, letter = match.groups()
        return bytes([int(octal, 8) & 255]) if octal else named.get(letter, letter)

    return re.sub(rb"\\(?:([0-7]{3})|(.))", plain, line[1:-1], flags=re.DOTALL)
