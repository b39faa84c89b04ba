"""What a terminal can show, and lines on it: ones that stay, and a block below them that is rewritten."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, TextIO

#: Where nobody says how large the terminal is.
_SIZE = (80, 24)


class Terminal:
    """One output stream, and what can be shown there.

    Parameters
    ----------
    stream : TextIO
        Standard output or standard error.
    environ : mapping
        ``TERM=dumb`` means no rewriting and no colour; ``NO_COLOR`` no colour.

    Attributes
    ----------
    watched : bool
        Somebody looks at it: it is no file and no pipe.
    rewrites : bool
        Lines can be taken back.
    coloured : bool
        Text can be bold, dim, and black on white.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self._environ = environ
        self.watched = stream.isatty()
        self.rewrites = self.watched and environ.get("TERM") != "dumb" and _understands_escapes(stream)
        self.coloured = self.rewrites and not environ.get("NO_COLOR")
        self._block: tuple[str, ...] = ()
        self._drawn = (0, 0)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows at the moment."""
        return shutil.get_terminal_size(_SIZE) if self.watched else _SIZE

    def can(self, text: str) -> bool:
        """Return whether the stream's encoding has every character of `text`."""
        try:
            text.encode(self._stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def bold(self, text: str) -> str:
        """Return `text` to stand out, where that can be shown."""
        return f"\x1b[1m{text}\x1b[22m" if self.coloured else text

    def dim(self, text: str) -> str:
        """Return `text` to stand back, where that can be shown."""
        return f"\x1b[2m{text}\x1b[22m" if self.coloured else text

    def say(self, text: str) -> None:
        """Write a line (or several) that stays, above the block."""
        block = self._block
        self._take_back()
        self._write(text + "\n")
        if block:
            self.keep(block)
        self._stream.flush()

    def keep(self, lines: Sequence[str]) -> None:
        """Have `lines`, each narrower than the terminal, at the bottom, in place of those kept before."""
        self._take_back()
        self._write("".join(line + "\n" for line in lines))
        self._block, self._drawn = tuple(lines), self.size
        self._stream.flush()

    def fits(self, lines: Sequence[str]) -> bool:
        """Return whether `lines` can be kept here: none is wrapped, and all can be taken back."""
        columns, rows = self.size
        return self.rewrites and len(lines) < rows and all(width(line) < columns for line in lines)

    def _take_back(self) -> None:
        # After a change of size nobody knows where the block's lines are now: they stay.
        if self._block and self.rewrites and self._drawn == self.size:
            self._write(f"\x1b[{len(self._block)}F\x1b[J")
        self._block = ()

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "ascii"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))


def width(line: str) -> int:
    """Return the columns that `line` takes, whose escapes take none (no wide characters are used here)."""
    columns, escaped = 0, False
    for character in line:
        if character == "\x1b":
            escaped = True
        elif escaped:
            escaped = not character.isalpha()
        else:
            columns += 1
    return columns


def _understands_escapes(stream: TextIO) -> bool:
    """Return whether the terminal takes escape sequences; Windows' older consoles must be asked to."""
    if sys.platform != "win32":
        return True
    import ctypes
    import msvcrt

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    try:
        handle = msvcrt.get_osfhandle(stream.fileno())
    except (OSError, ValueError):
        return False
    mode = ctypes.c_ulong()
    if not kernel.GetConsoleMode(ctypes.c_void_p(handle), ctypes.byref(mode)):
        return False
    processed, escapes = 0x1, 0x4
    return bool(kernel.SetConsoleMode(ctypes.c_void_p(handle), mode.value | processed | escapes))


class LogLines(logging.Handler):
    """Shows log records as lines of a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.WARNING)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        try:
            self._terminal.say(self.format(record))
        except Exception:
            self.handleError(record)


class Progress:
    """One line on a terminal that is rewritten; silent where nobody watches."""

    _SECONDS = 0.1
    _PHASES: ClassVar = {"commits": "Reading commits", "sizes": "Reading sizes", "order": "Ordering commits",
                         "versions": "Following files", "scene": "Building the scene",
                         "kernels": "Preparing kernels (once per installation)"}

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._last = 0.0
        self._phase = ""
        self._width = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Show how far `phase` is."""
        now = time.monotonic()
        if not self._shown or (phase == self._phase and now - self._last < self._SECONDS and done != total):
            return
        self._last, self._phase = now, phase
        amount = f" {done:,}" if done else ""
        of = f" of {total:,}" if total else ""
        self._write(f"{self._PHASES.get(phase, phase)}{amount}{of} …")

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width) + ("" if text else "\r"))
        sys.stderr.flush()
        self._width = len(text)
