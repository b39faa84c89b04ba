"""Numbers, sizes and times as people read them; the page says them alike (`webxr_client/src/ui/words.ts`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BYTES = re.compile(r"(\d+) B")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def day_of(seconds: int) -> str:
    """Return the day of a Unix time: 4 Mar 2026."""
    day = _EPOCH + timedelta(seconds=seconds)  # before 1970 too, on every system
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def minute_of(seconds: int) -> str:
    """Return the minute of a Unix time: 4 Mar 2026, 15:36."""
    return f"{day_of(seconds)}, {_EPOCH + timedelta(seconds=seconds):%H:%M}"


def grouped(number: int) -> str:
    """Return a number with narrow spaces: 12 345."""
    return f"{number:,}".replace(",", "\u202f")


def bytes_of(number: int) -> str:
    """Return a size: 812 B, 4.2 KiB, 37 MiB."""
    if number < 1024:
        return f"{number} B"
    unit, size = ("KiB", 1 << 10) if number < 1 << 20 else ("MiB", 1 << 20)
    value = number / size
    # To the nearest, halves up, as JavaScript does it.
    return f"{int(value * 10 + 0.5) / 10:.1f} {unit}" if value < 10 else f"{int(value + 0.5)} {unit}"


def fact(label: str, text: str) -> str:
    """Return what a row of the inspector says: sizes, counts and times in words, all else as it is."""
    if label == "size" and (size := _BYTES.fullmatch(text)):
        return bytes_of(int(size[1]))
    if label == "date":
        return _of_iso(text, minute_of)
    return grouped(int(text)) if text.isdecimal() and label not in ("mode", "message", "author") else text


def term(label: str) -> str:
    """Return what a row of the inspector is called: earlier changes by their day."""
    return _of_iso(label, day_of) if _DATE.fullmatch(label) else label


def _of_iso(text: str, say: Callable[[int], str]) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # a time that no calendar has, as git has it
        return text
    return say(int((moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH).total_seconds()))
