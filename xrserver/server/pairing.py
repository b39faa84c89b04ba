"""Pairing: a code of six digits, shown where the server runs and typed on the device that wants in.

**The odds.** A code is one of a million, good once and for `CODE_SECONDS`. Wrong codes are counted for
each address (an IPv6 network of /64 counts as one) and for all together; after `FREE_TRIES` from one
address, or `FREE_TRIES_OF_ALL`, every further one must wait, twice as long each time, up to an hour.
One wrong code is forgiven an hour. So whoever guesses without pause, from as many addresses as they
like, gets about 50 tries on the first day and 24 on each later one: a chance of 1 in 20,000 for the day,
and of under 1 % for a whole year of it, while the terminal tells of every try. A wait can also hit a
person who has the code; they are told, and the link in the QR code, whose secret has 128 bits and
cannot be guessed, is taken all the same.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from xrserver.errors import XrserverError
from xrserver.server.devices import Device, Devices

#: How long a code is good, and how long one that is not good any more is known to have been.
CODE_SECONDS = 600.0
REMEMBERED_SECONDS = 3600.0

#: Wrong codes that need not wait: from one address, and from all together.
FREE_TRIES = 5
FREE_TRIES_OF_ALL = 20

#: The first wait and the longest, and how long until one wrong code is forgiven.
FIRST_WAIT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 3600.0
FORGIVEN_SECONDS = 3600.0

#: Most addresses whose wrong codes are counted; the one heard of longest ago is forgotten first.
_MOST_ADDRESSES = 4096

_Fate = Literal["expired", "used"]
Reason = Literal["wrong", "waiting"] | _Fate


class PairingRefused(XrserverError):
    """A code or link that does not pair.

    Attributes
    ----------
    reason : str
    wait : int
        Seconds until the next try.
    left : int
        Tries until there is a wait.
    """

    def __init__(self, text: str, reason: Reason, wait: int = 0, left: int = 0) -> None:
        super().__init__(text)
        self.reason: Reason = reason
        self.wait = wait
        self.left = left


@dataclass(frozen=True, slots=True)
class NewCode:
    """There is a new code (the old one was used or has expired), and a new secret for links."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A device was paired."""

    device: Device


@dataclass(frozen=True, slots=True)
class WrongCode:
    """Somebody typed a wrong code.

    Attributes
    ----------
    address : str
        Where it came from.
    count : int
        How many wrong codes are counted for that address.
    """

    address: str
    count: int


Event = NewCode | Paired | WrongCode


class Brake:
    """Counts wrong tries; after `free` of them each has to wait, twice as long as the one before."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._wrong = 0.0
        self._counted = self._until = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until the next try."""
        return max(self._until - now, 0.0)

    def wrong(self, now: float) -> None:
        """Count a wrong try."""
        self._wrong = self._left_of_wrong(now) + 1.0
        self._counted = now
        over = math.ceil(self._wrong) - self._free
        if over >= 0:
            wait = min(FIRST_WAIT_SECONDS * 2.0 ** min(over, 16), LONGEST_WAIT_SECONDS)
            self._until = now + wait

    def count(self, now: float) -> int:
        """Return how many wrong tries count now."""
        return math.ceil(self._left_of_wrong(now))

    def left(self, now: float) -> int:
        """Return how many wrong tries there may be until there is a wait."""
        return max(self._free - self.count(now), 0)

    def _left_of_wrong(self, now: float) -> float:
        return max(self._wrong - (now - self._counted) / FORGIVEN_SECONDS, 0.0)


class Pairing:
    """The code of one server, and what is tried.

    Parameters
    ----------
    devices : Devices
        Where a device that knows the code is remembered.
    now : callable
        Monotonic seconds.
    clock : callable
        Seconds since 1970 UTC.
    """

    def __init__(self, devices: Devices, now: Callable[[], float] = time.monotonic,
                 clock: Callable[[], float] = time.time) -> None:
        self._devices = devices
        self._now = now
        self._clock = clock
        self._listeners: list[Callable[[Event], None]] = []
        self._former: list[tuple[str, str, _Fate, float]] = []
        self._all = Brake(FREE_TRIES_OF_ALL)
        self._brakes: OrderedDict[str, Brake] = OrderedDict()
        self._code = self._secret = ""
        self._until = -math.inf
        self._renew("expired")

    # --- for the terminal ---------------------------------------------------------------------

    @property
    def code(self) -> str:
        """The six digits that pair now."""
        self.tick()
        return self._code

    @property
    def secret(self) -> str:
        """What a link carries (``#pair=…``) to pair without typing; good once, and as long as the code."""
        self.tick()
        return self._secret

    @property
    def expires(self) -> datetime:
        """When the code is good no more, UTC."""
        self.tick()
        return datetime.fromtimestamp(self._clock() + self._until - self._now(), UTC)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with what happens from now on, on the server's loop; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tick(self) -> float:
        """Make a new code where the present one has expired; return the seconds until the next does."""
        if self._now() >= self._until:
            self._renew("expired")
        return self._until - self._now()

    # --- for devices --------------------------------------------------------------------------

    def pair(self, code: str, address: str, name: str) -> tuple[Device, str]:
        """Pair a device at `address` that was told `code`; return it and the secret it is known by.

        Raises
        ------
        PairingRefused
            The code is wrong, was used or has expired, or too many wrong ones came before.
        """
        self.tick()
        now = self._now()
        brake = self._brake(address)
        if (wait := math.ceil(max(brake.wait(now), self._all.wait(now)))) > 0:
            whose = "this device" if brake.wait(now) >= self._all.wait(now) else "several devices"
            raise PairingRefused(f"Too many wrong codes came from {whose}: wait {spoken(wait)}, or open the "
                                 "link of the QR code, which needs no code.", "waiting", wait)
        if not hmac.compare_digest(code.encode(), self._code.encode()):
            brake.wrong(now)
            self._all.wrong(now)
            self._tell(WrongCode(address, brake.count(now)))
            raise self._refusal(code, math.ceil(max(brake.wait(now), self._all.wait(now))),
                                min(brake.left(now), self._all.left(now)))
        self._brakes.pop(_network(address), None)
        return self._paired(address, name)

    def pair_by_link(self, secret: str, address: str, name: str) -> tuple[Device, str]:
        """Pair a device that opened a link with `secret`; return it and the secret it is known by.

        Raises
        ------
        PairingRefused
            The link was used or has expired.
        """
        self.tick()
        if not hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), self._secret.encode()):
            how = self._fate(1, secret) or "expired"
            said = "has been used, and works once" if how == "used" else "has expired"
            raise PairingRefused(f"That link {said}: type the code that xrserver shows.", how)
        return self._paired(address, name)

    def _paired(self, address: str, name: str) -> tuple[Device, str]:
        device, secret = self._devices.add(name, address)
        self._renew("used")
        self._tell(Paired(device))
        return device, secret

    def _refusal(self, code: str, wait: int, left: int) -> PairingRefused:
        how = self._fate(0, code)
        then = (f" Wait {spoken(wait)}." if wait else
                f" {left} more {'try' if left == 1 else 'tries'} before there is a wait.")
        if how is not None:
            said = "was used already" if how == "used" else "has expired"
            return PairingRefused(f"That code {said}: xrserver shows a new one.", how, wait, left)
        return PairingRefused(f"That is not the code.{then}", "wrong", wait, left)

    def _fate(self, part: Literal[0, 1], given: str) -> _Fate | None:
        """Return what became of the code (0) or secret (1) `given`, or None when it never was one."""
        return next((former[2] for former in self._former if former[part] == given), None)

    def _brake(self, address: str) -> Brake:
        network = _network(address)
        brake = self._brakes.get(network) or Brake(FREE_TRIES)
        self._brakes[network] = brake
        self._brakes.move_to_end(network)
        while len(self._brakes) > _MOST_ADDRESSES:
            self._brakes.popitem(last=False)
        return brake

    def _renew(self, how: _Fate) -> None:
        now = self._now()
        self._former = [each for each in self._former if each[3] > now - REMEMBERED_SECONDS][-16:]
        if self._code:
            self._former.append((self._code, self._secret, how, now))
        former = {code for code, _, _, _ in self._former}
        self._code = next(code for code in iter(_new_code, "") if code not in former)
        self._secret = secrets.token_urlsafe(16)
        self._until = now + CODE_SECONDS
        self._tell(NewCode())

    def _tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)


def spoken(seconds: int) -> str:
    """Return a wait in words."""
    if seconds < 90:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{math.ceil(seconds / 60)} minutes"


def _new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def _network(address: str) -> str:
    """Return what counts as one guesser: an address, or the /64 that one IPv6 host can choose from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)
