"""What the terminal tells people with a headset: addresses, the code, a QR code, and what to do."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from xrserver.server.announce import Announced
from xrserver.server.lan import Lan
from xrserver.server.pairing import Event, NewCode, Paired, WrongCode
from xrserver.terminal import Terminal, width

#: Most addresses in numbers shown: with several networks the first is right nearly always.
_NUMBERS = 2

#: Rows of a digit's pixels, three bits each.
_DIGITS = ((7, 5, 5, 5, 7), (2, 6, 2, 2, 7), (7, 1, 7, 4, 7), (7, 1, 7, 1, 7), (5, 5, 7, 1, 1),
           (7, 4, 7, 1, 7), (7, 4, 7, 5, 7), (7, 1, 1, 1, 1), (7, 5, 7, 5, 7), (7, 5, 7, 1, 7))

#: Light modules of a QR code around it, where four are asked for and two are enough to read it.
_QUIET = 2


class Invitation:
    """Shows how to come in, anew whenever the code changes, and tells who does.

    Parameters
    ----------
    terminal : Terminal
    lan : Lan
    """

    def __init__(self, terminal: Terminal, lan: Lan) -> None:
        self._terminal = terminal
        self._lan = lan
        self._name = ""
        if not terminal.rewrites:
            for line in self._plain():
                terminal.say(line)
        self._show()
        lan.pairing.listen(self._heard)
        lan.on_moved(self._moved)

    def _moved(self) -> None:
        """This machine has other addresses: show them at once."""
        if self._terminal.rewrites:
            self._show()
            return
        for address in self._addresses():
            self._terminal.say(f"Other devices: {address}")

    def named(self, announced: Announced) -> None:
        """Show the name by which other devices find this machine, or why it has none."""
        self._name = announced.name
        if announced.notice:
            self._terminal.say(announced.notice)
        elif not self._terminal.rewrites:
            self._terminal.say(f"Other devices: {self._addresses()[-1]}")
        else:
            self._show()

    def _heard(self, event: Event) -> None:
        match event:
            case NewCode():
                self._show()
            case Paired(device):
                self._terminal.say(f"{device.name} is paired, from {device.address}. "
                                   f"`xrserver devices revoke {device.id}` undoes that.")
            case WrongCode(address, count):
                self._terminal.say(f"A wrong code came from {address}"
                                   + (f", the {_nth(count)} lately." if count > 1 else "."))

    def _show(self) -> None:
        """Show the richest form that the terminal has room for."""
        pairing = self._lan.pairing
        code, until = f"{pairing.code[:3]} {pairing.code[3:]}", _clock(pairing.expires)
        if not self._terminal.rewrites:
            self._terminal.say(f"Code: {code}, until {until}")
            return
        for lines in self._forms(code, until):
            if self._terminal.fits(lines):
                self._terminal.keep(lines)
                return
        self._terminal.say(f"{self._addresses()[0]}  code {code}, until {until}")  # a window of a few lines

    def _addresses(self) -> list[str]:
        """Return the addresses worth showing: those that can be typed, then the name."""
        found = [(address, urlsplit(address).hostname or "") for address in self._lan.addresses]
        named = [address for address, host in found if not _is_number(host)]
        if self._name and found:
            named = [f"https://{self._name}:{urlsplit(found[0][0]).port}/"]
        numbers = [address for address, host in found if _is_number(host)]
        short = [address for address in numbers if "[" not in address] or numbers[:1]
        return [*short[:_NUMBERS], *named[:1]] or ["(this machine is in no network)"]

    def _plain(self) -> list[str]:
        return [*(f"Other devices: {address}" for address in self._addresses()),
                f"Certificate: {self._lan.ca}", f"SHA-256: {self._lan.fingerprint}"]

    def _forms(self, code: str, until: str) -> list[list[str]]:
        """Return the forms from the richest to the shortest."""
        terminal = self._terminal
        addresses = [f"    {terminal.bold(address)}" for address in self._addresses()]
        fingerprint = [f"    {self._lan.fingerprint[:48].rstrip(':')}", f"    {self._lan.fingerprint[48:]}"]
        first = ["", "  On a headset, phone or another computer of this network, open", "", *addresses, "",
                 f"  tell its browser to go on past the warning, and type {terminal.bold(code)}", ""]
        digits = [f"    {row}" for row in big(code, terminal)]
        last = ["", f"  Good until {until}, for one device; then a new one is here."]
        trust = ["  Without the warning: install /ca.crt there, whose SHA-256 is", *fingerprint]
        picture = qr(self._lan.invitation, terminal)
        scan = "  Or scan this, without a code:"
        text = [*first, *digits, *last]
        return [
            *([_beside([*text, "", *trust], ["", scan, *picture])] if picture else []),
            *([[*text, "", scan, *(f"    {row}" for row in picture), *trust]] if picture else []),
            *([[*text, "", scan, *(f"    {row}" for row in picture)]] if picture else []),
            [*text, "", *trust], text, [*first[1:], *last[1:]],
            [*addresses[:1], f"    code {terminal.bold(code)}, until {until}"],
        ]


def big(code: str, terminal: Terminal) -> list[str]:
    """Return the code in digits five rows high, which can be read from where a headset is worn."""
    ink = "██" if terminal.can("█") else "##"
    return ["  ".join("  " if letter == " " else "".join(
        ink if _DIGITS[int(letter)][row] >> bit & 1 else "  " for bit in (2, 1, 0)) for letter in code)
        for row in range(5)]


def qr(address: str, terminal: Terminal) -> list[str]:
    """Return a QR code in half blocks, two rows of modules a line; nothing where they cannot be shown."""
    import segno

    if not (terminal.rewrites and terminal.can("▀▄█")):
        return []
    code = segno.make_qr(address, error="l", boost_error=False)
    modules = [[0] * _QUIET + [*row] + [0] * _QUIET for row in code.matrix]
    empty = [0] * len(modules[0])
    modules = [empty] * _QUIET + modules + [empty] * (_QUIET + len(modules) % 2)
    # Black on white by name where there are colours; else light is drawn, as terminals mostly are dark.
    glyphs = " ▄▀█" if terminal.coloured else "█▀▄ "
    start, end = ("\x1b[30;107m", "\x1b[39;49m") if terminal.coloured else ("", "")
    return [start + "".join(glyphs[2 * upper + lower] for upper, lower in zip(*pair, strict=True)) + end
            for pair in zip(modules[::2], modules[1::2], strict=True)]


def _beside(left: Sequence[str], right: Sequence[str]) -> list[str]:
    """Return two columns of lines side by side."""
    gap = max(map(width, left)) + 3
    height = max(len(left), len(right))
    filled = [*left, *[""] * (height - len(left))], [*right, *[""] * (height - len(right))]
    return [(one + " " * (gap - width(one)) + other).rstrip() for one, other in zip(*filled, strict=True)]


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _clock(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M")


def _nth(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
