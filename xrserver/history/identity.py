"""Who is who: what a ``.mailmap`` says, exactly as git reads it.

A commit names people as its author's settings said that day. An *identity* is such a pair of name and
e-mail address in git's bytes; a mailmap says which name and address to use for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

#: What git takes for a blank.
_BLANKS = b" \t\n\r"


class Identity(NamedTuple):
    """A name and an e-mail address as git's bytes."""

    name: bytes
    email: bytes


def display_name(name: bytes) -> str:
    """Return a name as text for people; of one that is an e-mail address, what stands before the ``@``."""
    text = name.decode("utf-8", "replace").strip()
    local, at, domain = text.partition("@")
    return local if at and local and domain and " " not in text else text


@dataclass(slots=True)
class _Entry:
    """What an address maps to: by itself, and together with a name."""

    name: bytes | None = None
    email: bytes | None = None
    by_name: dict[bytes, tuple[bytes | None, bytes | None]] = field(default_factory=dict)


class Mailmap:
    """The mappings of a ``.mailmap``.

    Parameters
    ----------
    text : bytes
        The file; what is no mapping in it is passed over, as git does.

    Notes
    -----
    Addresses and names are compared without regard to the case of ASCII letters. Of several lines for the
    same, the last counts, and of plain ones each part by itself.
    """

    def __init__(self, text: bytes = b"") -> None:
        self._entries: dict[bytes, _Entry] = {}
        for line in text.partition(b"\0")[0].split(b"\n"):
            if not line.startswith(b"#"):
                self._add(line)

    def __len__(self) -> int:
        return len(self._entries)

    def map(self, identity: Identity) -> Identity:
        """Return the name and address to use for `identity`."""
        entry = self._entries.get(identity.email.lower())
        if entry is None:
            return identity
        name, email = entry.by_name.get(identity.name.lower(), (entry.name, entry.email))
        return Identity(identity.name if name is None else name,
                        identity.email if email is None else email)

    def _add(self, line: bytes) -> None:
        new_name, new_email, rest = _name_and_email(line)
        if not new_email:  # none, or an empty one
            return
        old_name, old_email, _ = _name_and_email(rest) if rest else (None, None, b"")
        if old_email is None:
            old_email, new_email = new_email, None
        entry = self._entries.setdefault(old_email.lower(), _Entry())
        if old_name is not None:
            entry.by_name[old_name.lower()] = (new_name, new_email)
            return
        entry.name = entry.name if new_name is None else new_name
        entry.email = entry.email if new_email is None else new_email


def _name_and_email(text: bytes) -> tuple[bytes | None, bytes | None, bytes]:
    """Read ``NAME <EMAIL>``; return name (None: empty), e-mail (None: there is none) and what follows."""
    name, opened, rest = text.partition(b"<")
    email, closed, rest = rest.partition(b">")
    if not (opened and closed):
        return None, None, b""
    return name.strip(_BLANKS) or None, email, rest
