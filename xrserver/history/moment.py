"""A moment in words, and the rank it means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from xrserver.errors import UnknownMoment
from xrserver.history.index import HistoryIndex
from xrserver.history.repository import Repository

_RANK = re.compile(r"rank:(\d{1,10})\Z")
_HEX = re.compile(r"[0-9a-fA-F]{7,64}\Z")
_REMEDY = "give rank:N, an object id of 7 digits or more, a branch or tag, or a date as 2024-05-01T12:00:00Z"


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in time something is.

    Attributes
    ----------
    rank : int
    oid : bytes or None
        The commit that was named, by id or ref; None when a rank or a date was.
    """

    rank: int
    oid: bytes | None


def resolve(repository: Repository, index: HistoryIndex, text: str) -> Moment:
    """Return the moment that `text` names.

    ``rank:N``, a ref name, a hexadecimal commit id of at least 7 digits, or an ISO 8601 date or date
    and time (UTC where no zone is given; a date alone is its midnight): the newest rank whose timeline
    is not after it.

    Raises
    ------
    UnknownMoment
        It names nothing here, or more than one commit.
    """
    text = text.strip()
    if match := _RANK.match(text):
        rank = int(match[1])
        if rank > index.head_rank:
            raise UnknownMoment(f"{text} is beyond the newest: give a rank from 0 to {index.head_rank}.")
        return Moment(rank, None)
    whole_id = len(text) == 2 * index.oids.shape[1] and _HEX.match(text)
    named = repository.find_ref(text) if text and not whole_id else None
    if named is not None:
        rank = _rank_of(index, named[1])
        if rank < 0:
            raise UnknownMoment(f"{text} names commit {named[1].hex()[:12]}, which is not shown here: "
                                "choose a branch or tag, or start again to see what is new.")
        return Moment(rank, named[1])
    if _HEX.match(text):
        found = _with_prefix(index, text.lower())
        if len(found) == 1:
            return Moment(int(found[0]), index.oids[found[0]].tobytes())
        if len(found) > 1:
            raise UnknownMoment(f"{text} begins {len(found)} commit ids: give more digits.")
    seconds = _seconds(text)
    if seconds is None:
        raise UnknownMoment(f"{text[:80]!r} names no moment of this history: {_REMEDY}.")
    rank = int(np.searchsorted(index.timeline, seconds, side="right")) - 1
    if rank < 0:
        first = np.datetime64(int(index.timeline[0]), "s")
        raise UnknownMoment(f"{text} is before the first commit: give a date from {first}Z on.")
    return Moment(rank, None)


def _rank_of(index: HistoryIndex, oid: bytes) -> int:
    found = np.flatnonzero(index.oids[:, 0] == oid[0])
    matches = found[(index.oids[found] == np.frombuffer(oid, np.uint8)).all(axis=1)]
    return int(matches[0]) if len(matches) else -1


def _with_prefix(index: HistoryIndex, digits: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the ranks of the commits whose id begins with `digits`."""
    if len(digits) > 2 * index.oids.shape[1]:
        return np.empty(0, np.intp)
    whole = np.frombuffer(bytes.fromhex(digits[:len(digits) // 2 * 2]), np.uint8)
    found = np.flatnonzero(index.oids[:, 0] == whole[0])
    same = (index.oids[found, :len(whole)] == whole).all(axis=1)
    if len(digits) % 2:
        same &= index.oids[found, len(whole)] >> 4 == int(digits[-1], 16)
    return found[same]


def _seconds(text: str) -> int | None:
    """Return the UTC second that an ISO 8601 date, or date and time, means; None if it is none."""
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}|$)", text):
        return None
    try:
        when = datetime.fromisoformat(text)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() // 1)
    except (ValueError, OverflowError):
        return None
