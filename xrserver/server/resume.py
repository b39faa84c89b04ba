"""Where viewers were when they went away, so that a headset that slept comes back there."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from xrserver.stream.messages import Pose

#: Most viewers remembered; the one gone longest is forgotten first.
MOST = 1024


@dataclass(slots=True)
class Whereabouts:
    """Where a viewer stands: the playhead by object id (ranks may change), and its world."""

    repository: str
    scene: str
    oid: bytes
    fraction: float
    pose: Pose | None = None


class Resumes:
    """Tokens for whereabouts; a token is a secret of the viewer that was given it.

    Parameters
    ----------
    seconds : float
        How long after its last use a token is good.
    now : callable
        Monotonic seconds.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._kept: OrderedDict[str, tuple[float, Whereabouts]] = OrderedDict()

    def keep(self, token: str, where: Whereabouts) -> None:
        """Remember where the viewer with `token` is."""
        self._kept.pop(token, None)
        self._kept[token] = (self._now(), where)
        while len(self._kept) > MOST or self._oldest() < self._now() - self._seconds:
            self._kept.popitem(last=False)

    def take(self, token: str) -> Whereabouts | None:
        """Return where the viewer with `token` was, or None when that is not known (any more)."""
        kept, where = self._kept.get(token, (float("-inf"), None))
        return where if kept >= self._now() - self._seconds else None

    def _oldest(self) -> float:
        return next(iter(self._kept.values()))[0] if self._kept else float("inf")

    @staticmethod
    def new_token() -> str:
        """Return a token nobody can guess."""
        return secrets.token_urlsafe(18)
