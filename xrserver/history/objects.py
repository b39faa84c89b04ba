"""git's objects as bytes, and what they say: commits, tags, trees. Nothing here opens a repository."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

#: Raw bytes in an object id, by repository format.
WIDTHS = {"sha1": 20, "sha256": 32}

_DATE = re.compile(rb" *(\d{1,18})(?!\d) *([-+]?\d{1,6})?")
#: Python's text codecs that are no encodings of text (or say things of their own).
_NOT_TEXT = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7", "mbcs", "oem"}


class ObjectStore(Protocol):
    """Where objects are read from, by raw object id."""

    def read(self, oid: bytes) -> tuple[str, bytes]:
        """Return kind (``commit tree blob tag``) and content; `UnreadableRepository` if it is missing."""
        ...

    def header(self, oid: bytes) -> tuple[str, int] | None:
        """Return kind and size in bytes, None if it is missing."""
        ...

    def close(self) -> None:
        """End what reads."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """Who made a commit, and when: seconds UTC, and minutes east of UTC."""

    name: str
    email: str
    time: int
    offset: int


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit says. Texts are decoded by its ``encoding`` header, wrong bytes replaced."""

    oid: bytes
    tree: bytes
    parents: tuple[bytes, ...]
    author: Person
    committer: Person
    message: str

    @property
    def summary(self) -> str:
        """The message's first line."""
        return self.message.lstrip("\n").split("\n", 1)[0]


def parse_commit(oid: bytes, raw: bytes) -> Commit:
    """Return what the commit object `raw` says.

    Raises
    ------
    ValueError
        `raw` is no commit.
    """
    header, _, message = raw.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in header.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key:  # an empty key continues the line before (signatures)
            fields.setdefault(key, []).append(value)
    if b"tree" not in fields or b"author" not in fields or b"committer" not in fields:
        raise ValueError(f"object {oid.hex()} is no commit")
    encoding = text_codec(fields.get(b"encoding", [b"utf-8"])[0])
    return Commit(
        oid, bytes.fromhex(fields[b"tree"][0].decode("ascii")),
        tuple(bytes.fromhex(parent.decode("ascii")) for parent in fields.get(b"parent", [])),
        _person(fields[b"author"][0], encoding), _person(fields[b"committer"][0], encoding),
        message.decode(encoding, "replace"),
    )


def text_codec(name: bytes) -> str:
    """Return the codec for a commit's ``encoding`` header, UTF-8 where Python has none."""
    try:
        codec = codecs.lookup(name.decode("ascii", "replace")).name
        b"".decode(codec)  # codecs that are none of text refuse here
        return "utf-8" if codec in _NOT_TEXT else codec
    except (LookupError, ValueError):
        return "utf-8"


def _person(line: bytes, encoding: str) -> Person:
    """Read ``NAME <EMAIL> TIME ZONE`` as `kernels.parse` does."""
    name, _, rest = line.partition(b"<")
    email, closed, _ = rest.partition(b">")
    date = _DATE.match(line.rpartition(b">")[2]) if closed else None
    time, zone = date.groups() if date else (None, None)
    number = int(zone or 0)
    minutes = abs(number) // 100 * 60 + abs(number) % 100
    return Person(name.rstrip(b" \t\n\r").decode(encoding, "replace"), email.decode(encoding, "replace"),
                  int(time or 0), minutes if number >= 0 else -minutes)


def parse_tag(raw: bytes) -> tuple[bytes, str]:
    """Return the object id and the kind of what the annotated tag `raw` names; ValueError if it is none."""
    match = re.match(rb"object ([0-9a-f]+)\ntype ([a-z]+)\n", raw)
    if match is None:
        raise ValueError("no tag")
    return bytes.fromhex(match[1].decode()), match[2].decode()


def canonical_mode(mode: int) -> int:
    """Return a tree entry's mode as git reads it: old trees hold others (100664)."""
    kind = mode & 0o170000
    if kind == 0o100000:
        return 0o100755 if mode & 0o100 else 0o100644
    return kind if kind in (0o120000, 0o040000) else 0o160000


def parse_tree(raw: bytes, width: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (canonical mode, name, object id) of each entry of the tree object `raw`.

    Raises
    ------
    ValueError
        `raw` is no tree.
    """
    at = 0
    while at < len(raw):
        blank = raw.index(b" ", at)
        nul = raw.index(b"\0", blank)
        yield canonical_mode(int(raw[at:blank], 8)), raw[blank + 1:nul], raw[nul + 1:nul + 1 + width]
        at = nul + 1 + width
