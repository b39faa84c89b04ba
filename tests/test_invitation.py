"""What the terminal tells people with a headset, read off the screen of a terminal emulator."""

from __future__ import annotations

import asyncio
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
import segno

from xrserver.invitation import Invitation, big, qr
from xrserver.server import lan as network
from xrserver.server.addresses import Address
from xrserver.server.announce import Announced
from xrserver.server.lan import Lan
from xrserver.server.pairing import PairingRefused
from xrserver.terminal import LogLines, Terminal

HERE = (Address("192.168.1.20", "wlan0", "lan"), Address("10.0.0.5", "eth0", "lan"),
        Address("172.17.0.1", "docker0", "virtual"), Address("fd00::7", "wlan0", "lan"))


class Stream(io.TextIOWrapper):
    """Standard output on a terminal of some encoding, with pyte for its screen."""

    def __init__(self, encoding: str = "utf-8", tty: bool = True, size: tuple[int, int] = (80, 60)) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding=encoding, newline="\r\n" if tty else "\n", write_through=True)
        self._tty = tty
        self.screen = pyte.Screen(*size)
        self._emulator = pyte.Stream(self.screen)
        self._read = 0

    def isatty(self) -> bool:
        return self._tty

    def written(self) -> str:
        return self._bytes.getvalue().decode(self.encoding)

    def lines(self) -> list[str]:
        """What somebody sees, without empty lines at the end."""
        text = self.written()
        self._emulator.feed(text[self._read:])
        self._read = len(text)
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip().split("\n")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "60"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def lan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lan]:
    monkeypatch.setattr(network.addresses, "addresses", lambda: HERE)
    lan = Lan(tmp_path, 8443)
    try:
        yield lan
    finally:
        lan.close()


def windowed(monkeypatch: pytest.MonkeyPatch, columns: int, rows: int, encoding: str = "utf-8") -> Stream:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(rows))
    return Stream(encoding, size=(columns, rows))


def spaced(code: str) -> str:
    return f"{code[:3]} {code[3:]}"


def shown_code(lines: list[str]) -> str:
    """The code in big digits, read back by comparing with each digit."""
    ink = next(mark for mark in ("██", "##") if any(mark in line for line in lines))
    start = next(n for n, line in enumerate(lines) if line.count(ink) >= 6 and set(line) <= {" ", ink[0]})
    rows = [line.ljust(60)[4:] for line in lines[start:start + 5]]
    ascii_only = Terminal(Stream("ascii" if ink == "##" else "utf-8"))
    cells = [[row[n:n + 6] for row in rows] for n in (0, 8, 16, 28, 36, 44)]
    digits = {tuple(big(digit, ascii_only)): digit for digit in "0123456789"}
    return "".join(digits[tuple(cell)] for cell in cells)


# --- on a terminal --------------------------------------------------------------------------------------


def test_addresses_code_expiry_and_what_to_do_are_on_the_screen(lan: Lan) -> None:
    stream = Stream()
    Invitation(Terminal(stream), lan)
    lines = stream.lines()
    text = "\n".join(lines)
    assert "https://192.168.1.20:8443/" in text and "https://10.0.0.5:8443/" in text
    assert "172.17.0.1" not in text and "fd00" not in text  # nobody should have to type these
    assert shown_code(lines) == lan.pairing.code and spaced(lan.pairing.code) in text
    assert f"Good until {lan.pairing.expires.astimezone():%H:%M}" in text
    assert "warning" in text and "headset" in text
    assert lan.fingerprint in text.replace(":\n    ", ":").replace("\n    ", ":")


@pytest.mark.parametrize("window", [True, False], ids=["terminal", "pipe"])
def test_a_machine_that_moves_shows_its_new_addresses_at_once(
        lan: Lan, monkeypatch: pytest.MonkeyPatch, window: bool) -> None:
    stream = Stream() if window else io.StringIO()
    Invitation(Terminal(stream), lan)
    monkeypatch.setattr(network.addresses, "addresses", lambda: (Address("192.168.7.7", "wlan0", "lan"),))
    asyncio.run(lan._look())
    text = "\n".join(stream.lines()) if isinstance(stream, Stream) else stream.getvalue()
    assert "https://192.168.7.7:8443/" in text
    assert ("https://192.168.1.20:8443/" in text) is not window, "what was printed stays, a block does not"


def test_the_name_is_shown_once_it_is_known(lan: Lan) -> None:
    stream = Stream()
    invitation = Invitation(Terminal(stream), lan)
    assert "xrserver.local" not in "\n".join(stream.lines())
    invitation.named(Announced("xrserver.local"))
    lines = stream.lines()
    assert sum("https://xrserver.local:8443/" in line for line in lines) == 1
    assert sum("https://192.168.1.20:8443/" in line for line in lines) == 1  # in place, not once more


def test_why_there_is_no_name_is_said_above(lan: Lan) -> None:
    stream = Stream()
    Invitation(Terminal(stream), lan).named(Announced("", "No name is announced: no multicast."))
    assert stream.lines()[0] == "No name is announced: no multicast."


def test_when_a_device_pairs_it_is_named_and_the_new_code_takes_the_place_of_the_old(lan: Lan) -> None:
    stream = Stream()
    Invitation(Terminal(stream), lan)
    old = lan.pairing.code
    device, _ = lan.pairing.pair(old, "192.168.1.44", "Meta Quest 3")
    lines = stream.lines()
    text = "\n".join(lines)
    assert "Meta Quest 3 is paired, from 192.168.1.44" in text and f"revoke {device.id}" in text
    assert shown_code(lines) == lan.pairing.code != old
    assert spaced(old) not in text and text.count("https://192.168.1.20:8443/") == 1


def test_wrong_codes_are_told_with_where_they_come_from(lan: Lan) -> None:
    stream = Stream()
    Invitation(Terminal(stream), lan)
    wrong = "000000" if lan.pairing.code != "000000" else "000001"
    for _ in range(2):
        with pytest.raises(PairingRefused):
            lan.pairing.pair(wrong, "192.168.1.66", "Quest")
    lines = stream.lines()
    assert lines[:2] == ["A wrong code came from 192.168.1.66.",
                         "A wrong code came from 192.168.1.66, the 2nd lately."]


def test_log_messages_stay_above_what_is_kept(lan: Lan) -> None:
    stream = Stream()
    terminal = Terminal(stream)
    Invitation(terminal, lan)
    handler = LogLines(terminal)
    handler.setFormatter(logging.Formatter("xrserver: %(message)s"))
    handler.emit(logging.LogRecord("x", logging.WARNING, "", 0, "the disk is full", (), None))
    lines = stream.lines()
    assert lines[0] == "xrserver: the disk is full" and shown_code(lines) == lan.pairing.code


# --- QR code ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coloured", [True, False])
def test_the_qr_code_is_the_link_that_needs_no_code(lan: Lan, coloured: bool,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    if not coloured:
        monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal(Stream())
    rows = [re.sub(r"\x1b\[[0-9;]*m", "", row) for row in qr(lan.invitation, terminal)]
    # Black on white where there are colours; otherwise what is drawn is light, on a dark terminal.
    halves = {" ": (0, 0), "▄": (0, 1), "▀": (1, 0), "█": (1, 1)}
    modules = [[halves[glyph][half] ^ (not coloured) for glyph in row] for row in rows for half in (0, 1)]
    matrix = segno.make_qr(lan.invitation, error="l", boost_error=False).matrix
    side = len(matrix)
    assert [row[2:2 + side] for row in modules[2:2 + side]] == [[*row] for row in matrix]
    assert not any(any(row) for row in (*modules[:2], *modules[2 + side:]))  # the quiet zone
    assert not any(row[n] for row in modules for n in (0, 1, side + 2, side + 3))


def test_a_wide_window_has_the_qr_code_beside_the_text(lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = windowed(monkeypatch, 110, 30)
    Invitation(Terminal(stream), lan)
    lines = stream.lines()
    assert any("https://192.168.1.20:8443/" in line and "█" in line for line in lines)
    assert "scan this" in "\n".join(lines) and len(lines) < 30


@pytest.mark.parametrize(("columns", "rows"), [(80, 60), (80, 24), (60, 15), (40, 10), (130, 30), (100, 50)])
def test_every_size_of_window_shows_address_and_code_without_wrapping(
        lan: Lan, columns: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = windowed(monkeypatch, columns, rows)
    Invitation(Terminal(stream), lan)
    assert len(stream.lines()) < rows
    assert "https://192.168.1.20:8443/" in "\n".join(stream.lines())
    lan.pairing.pair(lan.pairing.code, "192.168.1.44", "Meta Quest 3")
    text = "\n".join(stream.lines())
    assert spaced(lan.pairing.code) in text and text.count("https://192.168.1.20:8443/") == 1


def test_a_window_of_three_lines_gets_one_line(lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = windowed(monkeypatch, 80, 2)
    Invitation(Terminal(stream), lan)
    assert "https://192.168.1.20:8443/" in stream.written() and spaced(lan.pairing.code) in stream.written()


# --- where less can be shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp1252", "utf-8"])
def test_every_encoding_shows_digits_that_can_be_read(lan: Lan, encoding: str,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    stream = windowed(monkeypatch, 80, 24, encoding)
    terminal = Terminal(stream)
    Invitation(terminal, lan)
    assert shown_code(stream.lines()) == lan.pairing.code
    assert bool(qr(lan.invitation, terminal)) == (encoding in ("cp437", "utf-8"))


def test_a_dumb_terminal_gets_lines_without_escapes(lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Stream()
    Invitation(Terminal(stream), lan)
    assert "\x1b" not in stream.written() and f"Code: {spaced(lan.pairing.code)}" in stream.written()


def test_a_file_gets_plain_lines_and_each_new_code(lan: Lan) -> None:
    stream = Stream(tty=False)
    invitation = Invitation(Terminal(stream), lan)
    invitation.named(Announced("xrserver.local"))
    old = lan.pairing.code
    lan.pairing.pair(old, "192.168.1.44", "Meta Quest 3")
    lines = stream.written().splitlines()
    until = f"{lan.pairing.expires.astimezone():%H:%M}"
    assert lines[:2] == ["Other devices: https://192.168.1.20:8443/", "Other devices: https://10.0.0.5:8443/"]
    assert f"SHA-256: {lan.fingerprint}" in lines and f"Certificate: {lan.ca}" in lines
    assert "Other devices: https://xrserver.local:8443/" in lines
    assert [line for line in lines if line.startswith("Code: ")] == [
        f"Code: {spaced(old)}, until {until}", f"Code: {spaced(lan.pairing.code)}, until {until}"]


def test_a_machine_in_no_network_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network.addresses, "addresses", lambda: ())
    monkeypatch.setattr(network.addresses, "names", lambda: ())
    lan = Lan(tmp_path, 8443)
    try:
        stream = Stream()
        Invitation(Terminal(stream), lan)
        assert "no network" in "\n".join(stream.lines())
    finally:
        lan.close()
