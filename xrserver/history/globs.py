"""Patterns of paths, as ``.gitignore`` and ``.gitattributes`` write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from xrserver.errors import UsageError

_CLASSES = {b"alnum": rb"A-Za-z0-9", b"alpha": rb"A-Za-z", b"blank": rb" \t", b"cntrl": rb"\x00-\x1f\x7f",
            b"digit": rb"0-9", b"graph": rb"!-~", b"lower": rb"a-z", b"print": rb" -~", b"space": rb"\s",
            b"punct": rb"!-/:-@\[-`{-~", b"upper": rb"A-Z", b"xdigit": rb"A-Fa-f0-9"}


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern.

    Attributes
    ----------
    text : str
        As it was written.
    negated : bool
        It takes back what others before it matched.
    only_directories : bool
        It ends with a slash.
    whole : bool
        It is held against whole paths, not against names.
    """

    text: str
    negated: bool
    only_directories: bool
    whole: bool
    _regex: re.Pattern[bytes]

    @classmethod
    def read(cls, text: str) -> Glob:
        """Read a pattern as a line of a ``.gitignore``.

        Raises
        ------
        UsageError
            There is nothing in it, or it never matches anything.
        """
        negated = text.startswith("!")
        pattern = text.removeprefix("!").removeprefix("\\" if text.startswith(("\\!", "\\#")) else "")
        only_directories = pattern.endswith("/") and not pattern.endswith("\\/")
        pattern = pattern.removesuffix("/")
        whole = "/" in pattern
        regex = _regex(pattern.removeprefix("/").encode("utf-8", "surrogateescape"))
        if not pattern.strip("/") or regex is None:
            raise UsageError(f"{text!r} is no pattern of paths: write it as in a .gitignore, such as vendor/ "
                             "or *.min.js.")
        return cls(text, negated, only_directories, whole, regex)

    def matches(self, path: bytes, name: bytes, is_directory: bool) -> bool:
        """Say whether it matches a path, relative to where it counts, whose last segment is `name`."""
        if self.only_directories and not is_directory:
            return False
        return self._regex.fullmatch(path if self.whole else name) is not None


def matched(globs: Sequence[Glob], path: bytes, name: bytes, is_directory: bool) -> bool | None:
    """Return what the last of `globs` that matches says of a path; None where none does."""
    for glob in reversed(globs):
        if glob.matches(path, name, is_directory):
            return not glob.negated
    return None


@cache
def _regex(pattern: bytes) -> re.Pattern[bytes] | None:
    """Return what git's wildmatch does with `pattern`, None for one that matches nothing."""
    made: list[bytes] = []
    at, end = 0, len(pattern)
    while at < end:
        character = pattern[at:at + 1]
        at += 1
        if character == b"*":
            first = at - 1
            while pattern[at:at + 1] == b"*":
                at += 1
            # git takes plain text off the front before it looks: what follows it is at the beginning.
            begins = pattern[first - 1:first] == b"/" or not re.search(rb"[*?\[\\]", pattern[:first])
            if at - first > 1 and begins and pattern[at:at + 1] in (b"", b"/"):
                if at == end:
                    made.append(rb".*")
                else:
                    at += 1
                    made.append(rb"(?:.*/)?")
            else:
                made.append(rb"[^/]*")
        elif character == b"?":
            made.append(rb"[^/]")
        elif character == b"[":
            found = _bracket(pattern, at)
            if found is None:
                return None
            made.append(found[0])
            at = found[1]
        else:
            if character == b"\\":
                character = pattern[at:at + 1]
                at += 1
                if not character:
                    return None
            made.append(re.escape(character))
    return re.compile(b"".join(made), re.DOTALL)


def _bracket(pattern: bytes, at: int) -> tuple[bytes, int] | None:
    """Read the set behind a ``[``; return its regular expression and where it ends."""
    negated = pattern[at:at + 1] in (b"!", b"^")
    at += negated
    inside: list[bytes] = []
    first = True
    while first or pattern[at:at + 1] != b"]":
        first = False
        if at >= len(pattern):
            return None
        if (match := re.compile(rb"\[:(\w+):\]").match(pattern, at)) is not None:
            if match[1] not in _CLASSES:
                return None
            inside.append(_CLASSES[match[1]])
            at = match.end()
            continue
        low, at = _one(pattern, at)
        high = low
        if pattern[at:at + 1] == b"-" and pattern[at + 1:at + 2] not in (b"]", b""):
            high, at = _one(pattern, at + 1)
        if low <= high and low and high:
            inside.append(b"\\x%02x-\\x%02x" % (low[0], high[0]))
    members = b"".join(inside)
    if not members:
        return (rb"[^/]" if negated else rb"(?!)"), at + 1
    return (rb"(?!/)[%s%s]" % (b"^" if negated else b"", members)), at + 1


def _one(pattern: bytes, at: int) -> tuple[bytes, int]:
    at += pattern[at:at + 1] == b"\\"
    return pattern[at:at + 1], at + 1
