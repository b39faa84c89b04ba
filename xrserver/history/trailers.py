"""The trailers at the end of a commit's message, as `git interpret-trailers` finds them."""

from __future__ import annotations

import re

from xrserver.history.identity import Identity

#: What git takes for a blank.
_BLANKS = b" \t\n\r"
#: The key of a line that could be a trailer.
_KEY = re.compile(rb"([A-Za-z0-9-]+)[ \t]*:")
#: Lines that git itself writes: one of them makes trailers of a paragraph that holds prose besides.
_GIT_WRITES = (b"Signed-off-by: ", b"(cherry picked from commit ")
_COAUTHOR = b"co-authored-by"


def co_authors(message: bytes) -> list[Identity]:
    """Return who a commit's message names as ``Co-authored-by: NAME <EMAIL>``, in order, each once."""
    found: dict[Identity, None] = {}
    for key, value in trailers(message):
        identity = split_identity(value) if key.lower() == _COAUTHOR else None
        if identity is not None:
            found[identity] = None
    return list(found)


def split_identity(text: bytes) -> Identity | None:
    """Return what ``NAME <EMAIL>`` says, None where it is no such thing."""
    name, opened, rest = text.partition(b"<")
    email, closed, _ = rest.partition(b">")
    return Identity(name.rstrip(_BLANKS), email) if opened and closed else None


def trailers(message: bytes) -> list[tuple[bytes, bytes]]:
    """Return key and value of each trailer; a value that goes on over more lines is put into one.

    They are in the last paragraph that is not the first: all its lines are trailers, or a quarter of them
    and one that git writes. Comments and what git said of conflicts at the end are passed over.
    """
    lines = _without_tail(message.lstrip(b"\n").split(b"\n"))
    first = next((at for at, line in enumerate(lines) if _is_blank(line)), len(lines))
    found = bad = waiting = 0
    by_git = False
    at = len(lines) - 1
    while at >= first and _is_blank(lines[at]):
        at -= 1
    last = at
    while at >= first and not _is_blank(lines[at]):
        line = lines[at]
        if line.startswith(b"#"):
            bad, waiting = bad + waiting, 0
        elif line.startswith(_GIT_WRITES):
            found, waiting, by_git = found + 1, 0, True
        elif line[:1] in (b" ", b"\t", b"\r"):
            waiting += 1
        elif _KEY.match(line):
            found, waiting = found + 1, 0
        else:
            bad, waiting = bad + 1 + waiting, 0
        at -= 1
    bad += waiting
    if at < first or not (found * 3 >= bad if by_git else found and not bad):
        return []
    return _unfolded(lines[at + 1:last + 1])


def _unfolded(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    goes_on = False
    for line in lines:
        if line[:1] in (b" ", b"\t", b"\r"):
            if goes_on:
                key, value = found[-1]
                found[-1] = key, b" ".join((value, line.strip(_BLANKS))).strip(_BLANKS)
            continue
        match = _KEY.match(line)
        goes_on = match is not None
        if match is not None:
            found.append((match[1], line[match.end():].strip(_BLANKS)))
    return found


def _without_tail(lines: list[bytes]) -> list[bytes]:
    """Return `lines` without the comments, blank lines and list of conflicts at their end."""
    if lines and not lines[-1]:  # the message's last line ended
        lines = lines[:-1]
    end = 0
    in_conflicts = False
    for at, line in enumerate(lines):
        if not line or line.startswith(b"#"):
            continue
        if line == b"Conflicts:":
            in_conflicts = True
        elif not (in_conflicts and line.startswith(b"\t")):
            end, in_conflicts = at + 1, False
    return lines[:end]


def _is_blank(line: bytes) -> bool:
    return not line.strip(_BLANKS)
