"""Paired devices as people see them: a table, and the one that somebody means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from xrserver.errors import UsageError
from xrserver.server.devices import Device


def table(devices: Sequence[Device], now: datetime | None = None) -> list[str]:
    """Return one line for each device, under a heading."""
    now = now or datetime.now(UTC)
    rows = [("ID", "NAME", "SEEN", "PAIRED", "FROM"),
            *((each.id, each.name, ago((now - each.seen).total_seconds()),
               f"{each.paired.astimezone():%Y-%m-%d}", each.address) for each in devices)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]


def as_json(device: Device) -> dict[str, str]:
    """Return a device for programs; times are ISO 8601 UTC."""
    return {"id": device.id, "name": device.name, "paired": _iso(device.paired), "seen": _iso(device.seen),
            "address": device.address}


def meant(devices: Sequence[Device], text: str) -> Device:
    """Return the one device with the id or name `text`, in capitals or not.

    Raises
    ------
    UsageError
        There is none, or several have that name.
    """
    wanted = text.strip().casefold()
    found = ([each for each in devices if each.id == wanted]
             or [each for each in devices if each.name.casefold() == wanted])
    if not found:
        raise UsageError(f"No paired device has the name or id {text!r}: `xrserver devices` lists them.")
    if len(found) > 1:
        raise UsageError(f"{len(found)} devices have the name {text!r}: give the id of one, "
                         f"{' or '.join(each.id for each in found)}.")
    return found[0]


def ago(seconds: float) -> str:
    """Return how long ago something was, in words."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
