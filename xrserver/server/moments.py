"""Moments: ``rank:N``, a hexadecimal object id of at least 7 digits, a ref name, or an ISO 8601 date."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

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
    """Finds moments in one index."""

    def __init__(self, index: HistoryIndex) -> None:
        self._index = index
        self._refs = {name: rank for name, rank, _ in index.refs}
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
        if last - first > 1:
            raise UnknownMoment(f"{text!r} begins {last - first} commit ids: give more digits.")
        if last == first:
            raise UnknownMoment(f"{text!r} begins no commit id that the viewed refs reach.")
        return int(self._order[first])

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
