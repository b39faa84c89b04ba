"""Moments: ``rank:N``, a hexadecimal object id of at least 7 digits, a ref name, or an ISO 8601 date."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.errors import UnknownMoment
from xrserver.history.index import HistoryIndex

#: How a short name is completed, in git's order.
_COMPLETIONS = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")


@dataclass(frozen=True, slots=True)
class Moment:
    """A rank, and whether a commit of its own was named (an id or a ref) rather than a time."""

    rank: int
    names_commit: bool


class Moments:
    """Finds moments in one index.

    Parameters
    ----------
    index : HistoryIndex
    before : Moments, optional
        Of an index whose commits are the first of this one's: they are not sorted again.
    """

    def __init__(self, index: HistoryIndex, before: Moments | None = None) -> None:
        self._index = index
        self._refs = {name: rank for name, rank, _ in index.refs}
        self._order: NDArray[np.int64]
        if before is not None:
            self._order, self._sorted = before._order, before._sorted
            added = index.oids[len(self._order):]
            self._added = sorted((oid.tobytes(), len(self._order) + at) for at, oid in enumerate(added))
            return
        self._added: list[tuple[bytes, int]] = []
        rows = np.ascontiguousarray(index.oids)
        keys: NDArray[np.bytes_] = rows.view(f"S{rows.shape[1]}").reshape(-1)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = rows[self._order]

    def find(self, text: str) -> Moment:
        """Return the moment that `text` names.

        A full object id comes before a ref of that name, a ref before an abbreviated id, as in git;
        dates come last. A date without a time is its first second, without an offset UTC.

        Raises
        ------
        UnknownMoment
            It names nothing here; the message says what it could have been.
        """
        text = text.strip()
        if text.startswith("rank:"):
            return self._rank(text)
        is_hex = re.fullmatch("[0-9a-fA-F]{7,64}", text) is not None
        width = self._index.oids.shape[1]
        if is_hex and len(text) == 2 * width:
            return Moment(self._by_id(text), True)
        if text in ("HEAD", "@"):
            return Moment(int(self._index.mainline[-1]), True)
        for form in _COMPLETIONS:
            rank = self._refs.get(form.format(text))
            if rank is not None:
                return Moment(rank, True)
        if is_hex and len(text) < 2 * width:
            return Moment(self._by_id(text), True)
        return Moment(self._by_date(text), False)

    def has(self, oid: bytes) -> bool:
        """Say whether there is a commit of this raw object id."""
        if len(oid) != self._index.oids.shape[1]:
            return False
        at = self._position(oid)
        if at < len(self._sorted) and self._sorted[at].tobytes() == oid:
            return True
        found = bisect_left(self._added, (oid, -1))
        return found < len(self._added) and self._added[found][0] == oid

    def _rank(self, text: str) -> Moment:
        digits = text.removeprefix("rank:")
        if not re.fullmatch("[0-9]{1,10}", digits) or int(digits) > self._index.head_rank:
            raise UnknownMoment(f"{text!r} names no commit: ranks here go from 0 to {self._index.head_rank}.")
        return Moment(int(digits), False)

    def _by_id(self, text: str) -> int:
        digits = text.lower()
        width = self._index.oids.shape[1]
        low = bytes.fromhex(digits.ljust(2 * width, "0"))
        high = bytes.fromhex(digits.ljust(2 * width, "f"))
        first, last = self._position(low), self._position(high)
        if last < len(self._sorted) and self._sorted[last].tobytes() == high:
            last += 1
        ranks = self._order[first:last].tolist()
        ranks += [rank for _, rank in self._added[bisect_left(self._added, (low, -1)):
                                                    bisect_left(self._added, (high, RANK_END))]]
        if len(ranks) > 1:
            raise UnknownMoment(f"{text!r} begins {len(ranks)} commit ids: give more digits.")
        if not ranks:
            raise UnknownMoment(f"{text!r} begins no commit id that the viewed refs reach.")
        return int(ranks[0])

    def _position(self, key: bytes) -> int:
        """Return how many ids are smaller than `key`."""
        return bisect_left(range(len(self._sorted)), key, key=lambda row: self._sorted[row].tobytes())

    def _by_date(self, text: str) -> int:
        try:
            date = datetime.fromisoformat(text)
        except ValueError:
            raise UnknownMoment(f"{text!r} is no moment here: give rank:N, a commit id of at least 7 digits, "
                                "a branch or tag, or a date such as 2024-05-31.") from None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        rank = int(np.searchsorted(self._index.timeline, seconds, side="right")) - 1
        if rank < 0:
            first = datetime.fromtimestamp(int(self._index.timeline[0]), UTC).date()
            raise UnknownMoment(f"{text!r} is before the first commit, of {first}.")
        return rank
