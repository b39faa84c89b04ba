"""Devices that were paired: remembered until they are revoked, and known by a secret only they hold.

One SQLite file in the user's config directory, shared by every server and by ``xrserver devices``:
what one of them revokes, the others refuse with their next look. Only the SHA-256 of a secret is
kept; it has 256 random bits, so nothing is gained by a slower hash.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from xrserver.directories import own_config_directory
from xrserver.errors import UsageError
from xrserver.server.lock import locked

_log = logging.getLogger(__name__)

FILE = "devices.sqlite"

#: A device not seen for this long is forgotten: about as long as browsers keep a cookie.
FORGOTTEN_SECONDS = 400 * 86400

#: A device's ``seen`` is written at most this often.
SEEN_SECONDS = 60.0

#: Most devices remembered; the one unseen longest goes first.
MOST = 256

#: Longest name of a device, in characters.
NAME_LIMIT = 64

_FORMAT = 1
_SCHEMA = f"""
CREATE TABLE devices (
    id TEXT PRIMARY KEY, secret BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
    paired INTEGER NOT NULL, seen INTEGER NOT NULL, address TEXT NOT NULL
);
PRAGMA user_version = {_FORMAT};
"""
_COLUMNS = "id, name, paired, seen, address"


@dataclass(frozen=True, slots=True)
class Device:
    """A device that may come in.

    Attributes
    ----------
    id : str
        Four letters and digits to name it by.
    name : str
        As its browser told it, or as it was renamed.
    paired, seen : datetime
        When it was paired and when it last asked for something (UTC; seen to the minute).
    address : str
        Where it last came from.
    """

    id: str
    name: str
    paired: datetime
    seen: datetime
    address: str


class Devices:
    """The paired devices of this user, on disk.

    Parameters
    ----------
    folder : Path, optional
        Where the file is; default: the user's config directory.
    now : callable
        Seconds since 1970 UTC.

    Raises
    ------
    UsageError
        The file cannot be read or made.
    """

    def __init__(self, folder: Path | None = None, now: Callable[[], float] = time.time) -> None:
        self._file = (folder or own_config_directory()) / FILE
        self._now = now
        self._known: dict[bytes, Device] = {}
        self._version = -1
        try:
            with locked(self._file.parent):
                self._database = self._open_or_remake()
        except (sqlite3.Error, OSError) as error:
            raise UsageError(f"The paired devices in {self._file} cannot be read: {error}.") from None

    def _open_or_remake(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.OperationalError:  # no rights, no room, locked: not the file's fault
            raise
        except sqlite3.DatabaseError as error:
            aside = self._file.with_suffix(".damaged.sqlite")
            _log.warning("%s is damaged (%s) and was moved to %s: devices must be paired again.",
                         self._file, error, aside.name)
            self._file.replace(aside)
            return self._open()

    def _open(self) -> sqlite3.Connection:
        with suppress(FileExistsError):  # SQLite itself would make it readable by everybody
            os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        # Opened in a thread, where another process may have to be waited for, and then used from the loop's.
        database = sqlite3.connect(self._file, timeout=5.0, isolation_level=None, check_same_thread=False)
        try:
            database.execute("BEGIN IMMEDIATE")
            version = int(database.execute("PRAGMA user_version").fetchone()[0])
            if version == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    database.execute(statement)
            elif version != _FORMAT:
                raise UsageError(f"{self._file} is of format {version}, which this version of xrserver does "
                                 "not read: use the newer version, or move the file away and pair again.")
            database.execute(f"SELECT {_COLUMNS} FROM devices").fetchall()
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Devices:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- for whoever lists them ---------------------------------------------------------------

    def all(self) -> tuple[Device, ...]:
        """Return every device, the one seen last first."""
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM devices ORDER BY seen DESC, paired DESC, id")
        return tuple(map(_device, rows))

    def revoke(self, id: str) -> Device:
        """Forget a device; every server refuses it from now on.

        Raises
        ------
        UsageError
            There is none with this id.
        """
        with self._writing() as database:
            device = self._get(database, id)
            database.execute("DELETE FROM devices WHERE id = ?", (device.id,))
        return device

    def rename(self, id: str, name: str) -> Device:
        """Give a device another name.

        Raises
        ------
        UsageError
            There is none with this id, or the name is empty.
        """
        if not (cleaned := clean_name(name)):
            raise UsageError(f"{name!r} is no name for a device: give one that can be read.")
        with self._writing() as database:
            device = self._get(database, id)
            database.execute("UPDATE devices SET name = ? WHERE id = ?", (cleaned, device.id))
        return replace(device, name=cleaned)

    def _get(self, database: sqlite3.Connection, id: str) -> Device:
        row = database.execute(f"SELECT {_COLUMNS} FROM devices WHERE id = ?", (id.lower(),)).fetchone()
        if row is None:
            raise UsageError(f"No paired device has the id {id!r}: `xrserver devices` lists those there are.")
        return _device(row)

    # --- for a server -------------------------------------------------------------------------

    def add(self, name: str, address: str) -> tuple[Device, str]:
        """Remember a new device; return it and its secret, which is kept nowhere."""
        secret = secrets.token_urlsafe(32)
        now = int(self._now())
        with self._writing() as database:
            database.execute("DELETE FROM devices WHERE seen < ?", (now - FORGOTTEN_SECONDS,))
            database.execute("DELETE FROM devices WHERE id IN (SELECT id FROM devices ORDER BY seen DESC "
                             "LIMIT -1 OFFSET ?)", (MOST - 1,))
            taken = {row[0] for row in database.execute("SELECT id FROM devices")}
            id = next(id for id in iter(_new_id, "") if id not in taken)
            database.execute("INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?)",
                             (id, _digest(secret), clean_name(name) or "A device", now, now, address))
        found = self.find(secret)
        assert found is not None
        return found, secret

    def find(self, secret: str) -> Device | None:
        """Return the device whose secret this is, or None."""
        self._refresh()
        return self._known.get(_digest(secret))

    def ids(self) -> frozenset[str]:
        """Return the ids of all devices there are now."""
        self._refresh()
        return frozenset(device.id for device in self._known.values())

    def saw(self, device: Device, address: str) -> None:
        """Remember that a device was here just now."""
        now = self._now()
        if now - device.seen.timestamp() < SEEN_SECONDS and device.address == address:
            return
        with suppress(sqlite3.OperationalError), self._writing() as database:  # locked: then next time
            database.execute("UPDATE devices SET seen = ?, address = ? WHERE id = ?",
                             (int(now), address, device.id))
            self._version = -1

    def stay(self, ids: frozenset[str]) -> None:
        """Remember that devices are here still, which ask for nothing while they are connected."""
        for device in tuple(self._known.values()):
            if device.id in ids:
                self.saw(device, device.address)

    def _refresh(self) -> None:
        """Read the file again where another connection has written to it."""
        version = int(self._database.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version:
            rows = self._database.execute(f"SELECT secret, {_COLUMNS} FROM devices")
            self._known = {row[0]: _device(row[1:]) for row in rows}
            self._version = version

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        self._version = -1  # data_version tells of other connections' writes only


def clean_name(name: str) -> str:
    """Return `name` as one line of at most `NAME_LIMIT` printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:NAME_LIMIT].strip()


#: What browsers call their device, in the order looked for.
_DEVICES = (("Quest 3S", "Meta Quest 3S"), ("Quest 3", "Meta Quest 3"), ("Quest 2", "Meta Quest 2"),
            ("Quest Pro", "Meta Quest Pro"), ("Quest", "Meta Quest"), ("Pico", "Pico headset"),
            ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android device"), ("CrOS", "Chromebook"),
            ("Windows", "Windows computer"), ("Macintosh", "Mac or Apple Vision Pro"),
            ("Linux", "Linux computer"), ("Python", "Python script"))
_BROWSERS = (("Firefox/", "Firefox"), ("Edg", "Edge"), ("OPR/", "Opera"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))


def name_from_agent(agent: str) -> str:
    """Return what to call a device whose browser sends `agent` as its ``User-Agent``."""
    folded = agent.casefold()
    device = next((name for sign, name in _DEVICES if sign.casefold() in folded), "A device")
    if device.startswith(("Meta", "Pico", "Python")) or device == "A device":
        return device  # they have one browser, or none
    browser = next((f", {name}" for sign, name in _BROWSERS if sign in agent), "")
    return device + browser


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _new_id() -> str:
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(4))


def _device(row: tuple[str, str, int, int, str]) -> Device:
    id, name, paired, seen, address = row
    return Device(id, name, datetime.fromtimestamp(paired, UTC), datetime.fromtimestamp(seen, UTC), address)
