"""Codes are good once and for a while, guessing them is hopeless, and what was paired is remembered."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xrserver.errors import UsageError
from xrserver.server import devices, pairing
from xrserver.server.devices import Devices, clean_name, name_from_agent
from xrserver.server.pairing import CODE_SECONDS, Event, NewCode, Paired, Pairing, PairingRefused, WrongCode

HERE = "192.168.1.7"
DAY = 86400.0


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(tmp_path: Path, clock: Clock) -> Iterator[Devices]:
    with Devices(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def pair(known: Devices, clock: Clock) -> Pairing:
    return Pairing(known, clock, clock)


def wrong(pair: Pairing) -> str:
    return f"{(int(pair.code) + 1) % 1_000_000:06d}"


def refused(pair: Pairing, code: str, address: str = HERE) -> PairingRefused:
    with pytest.raises(PairingRefused) as caught:
        pair.pair(code, address, "")
    return caught.value


# --- codes ----------------------------------------------------------------------------------------------


def test_the_code_pairs_and_its_device_is_known_by_its_secret(pair: Pairing, known: Devices) -> None:
    assert len(pair.code) == 6 and pair.code.isdecimal()
    device, secret = pair.pair(pair.code, HERE, "Meta Quest 3")
    assert known.find(secret) == device and device.name == "Meta Quest 3" and device.address == HERE
    assert known.find(secret + "x") is None and known.find("") is None


def test_a_code_is_good_once(pair: Pairing) -> None:
    code = pair.code
    pair.pair(code, HERE, "")
    assert pair.code != code
    assert refused(pair, code).reason == "used"


def test_a_code_expires_and_says_so(pair: Pairing, clock: Clock) -> None:
    code = pair.code
    assert pair.expires == datetime.fromtimestamp(clock.now + CODE_SECONDS, UTC)
    clock.now += CODE_SECONDS - 1
    assert pair.code == code
    clock.now += 1
    assert pair.code != code
    error = refused(pair, code)
    assert error.reason == "expired" and "new one" in str(error)


def test_a_link_pairs_once_and_expires_with_its_code(pair: Pairing, clock: Clock) -> None:
    secret = pair.secret
    pair.pair_by_link(secret, HERE, "")
    with pytest.raises(PairingRefused, match="used") as caught:
        pair.pair_by_link(secret, HERE, "")
    assert caught.value.reason == "used"
    late = pair.secret
    clock.now += CODE_SECONDS
    with pytest.raises(PairingRefused, match="expired"):
        pair.pair_by_link(late, HERE, "")
    with pytest.raises(PairingRefused, match="expired"):
        pair.pair_by_link("", HERE, "")


def test_a_code_that_was_used_ends_the_link_that_goes_with_it(pair: Pairing) -> None:
    secret = pair.secret
    pair.pair(pair.code, HERE, "")
    with pytest.raises(PairingRefused, match="used"):
        pair.pair_by_link(secret, HERE, "")


def test_the_terminal_is_told_of_codes_devices_and_guesses(pair: Pairing, clock: Clock) -> None:
    heard: list[Event] = []
    stop = pair.listen(heard.append)
    refused(pair, wrong(pair))
    refused(pair, wrong(pair))
    device, _ = pair.pair(pair.code, HERE, "")
    clock.now += CODE_SECONDS
    pair.tick()
    assert heard == [WrongCode(HERE, 1), WrongCode(HERE, 2), NewCode(), Paired(device), NewCode()]
    stop()
    refused(pair, wrong(pair))
    assert len(heard) == 5


# --- guessing -------------------------------------------------------------------------------------------


def test_who_types_wrong_is_told_how_often_they_still_may_and_then_waits(pair: Pairing, clock: Clock) -> None:
    left = [refused(pair, wrong(pair)).left for _ in range(pairing.FREE_TRIES)]
    assert left == [4, 3, 2, 1, 0]
    error = refused(pair, pair.code)  # even the right one: the wait is for everything typed
    assert error.reason == "waiting" and error.wait == pairing.FIRST_WAIT_SECONDS and "QR" in str(error)
    clock.now += pairing.FIRST_WAIT_SECONDS
    pair.pair(pair.code, HERE, "")
    assert refused(pair, wrong(pair)).left == 4  # who was let in begins anew


def test_every_wait_is_twice_as_long_up_to_an_hour(pair: Pairing, clock: Clock) -> None:
    waits: list[int] = []
    for _ in range(pairing.FREE_TRIES + 9):
        waits.append(refused(pair, wrong(pair)).wait)
        clock.now += waits[-1]
    assert waits[:4] == [0, 0, 0, 0]
    assert waits[4:11] == [30, 60, 120, 240, 480, 960, 1920]
    # By now the first tries are forgiven as fast as new ones come.
    assert set(waits[11:]) <= {1920, 3600}


def test_others_are_not_made_to_wait_for_one_who_guesses(pair: Pairing) -> None:
    for _ in range(pairing.FREE_TRIES):
        refused(pair, wrong(pair))
    assert refused(pair, wrong(pair)).reason == "waiting"
    pair.pair(pair.code, "192.168.1.8", "")


def test_addresses_of_one_ipv6_network_count_as_one(pair: Pairing) -> None:
    for host in range(1, pairing.FREE_TRIES + 1):
        refused(pair, wrong(pair), f"fd00:1:2:3::{host:x}")
    assert refused(pair, wrong(pair), "fd00:1:2:3:ffff::1").reason == "waiting"
    assert refused(pair, wrong(pair), "fd00:1:2:4::1").reason == "wrong"
    for _ in range(pairing.FREE_TRIES):
        refused(pair, wrong(pair), "::ffff:10.0.0.1")
    assert refused(pair, wrong(pair), "10.0.0.1").reason == "waiting"


@pytest.mark.parametrize("patient", [False, True])
def test_guessing_from_everywhere_is_hopeless(pair: Pairing, clock: Clock, patient: bool) -> None:
    """What the module says of the odds, counted: tries on the first day, and in a month."""
    tries: list[float] = []
    start = clock.now
    host = 0
    while clock.now < start + 30 * DAY:
        host += 1  # an address that was never heard of
        address = f"10.{host >> 16 & 255}.{host >> 8 & 255}.{host & 255}"
        error = refused(pair, wrong(pair), address)
        if error.reason == "wrong":
            tries.append(clock.now - start)
        # A patient one lets wrong tries be forgiven first.
        clock.now += max(error.wait, 1) if not patient else max(error.wait, 4 * 3600)
    first = sum(when < DAY for when in tries)
    assert first <= 52
    assert len(tries) - first <= 29 * 24 + 1


def test_the_link_pairs_while_guesses_make_everybody_wait(pair: Pairing) -> None:
    for host in range(pairing.FREE_TRIES_OF_ALL):
        refused(pair, wrong(pair), f"10.0.0.{host}")
    error = refused(pair, pair.code, "10.0.1.1")
    assert error.reason == "waiting" and "several devices" in str(error)
    pair.pair_by_link(pair.secret, "10.0.1.1", "")


def test_guessers_that_are_remembered_are_bounded(pair: Pairing, clock: Clock) -> None:
    for host in range(pairing._MOST_ADDRESSES + 50):
        pair._brake(f"10.{host >> 16 & 255}.{host >> 8 & 255}.{host & 255}")
    assert len(pair._brakes) == pairing._MOST_ADDRESSES


# --- devices --------------------------------------------------------------------------------------------


def test_devices_survive_and_only_hashes_of_their_secrets_are_kept(tmp_path: Path) -> None:
    with Devices(tmp_path) as known:
        device, secret = known.add("Meta Quest 3", HERE)
    with Devices(tmp_path) as again:
        assert again.find(secret) == device and again.all() == (device,)
    content = (tmp_path / devices.FILE).read_bytes()
    assert device.name.encode() in content and secret.encode() not in content


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_nobody_else_may_read_the_devices(known: Devices, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / devices.FILE).stat().st_mode) == 0o600


def test_what_another_process_revokes_or_renames_is_known_at_once(known: Devices, tmp_path: Path) -> None:
    device, secret = known.add("a", HERE)
    other, kept = known.add("b", HERE)
    assert known.find(secret) and known.find(kept)
    script = ("import sys; from pathlib import Path; from xrserver.server.devices import Devices\n"
              "with Devices(Path(sys.argv[1])) as known:\n"
              "    known.revoke(sys.argv[2])\n    known.rename(sys.argv[3], 'c')")
    subprocess.run([sys.executable, "-c", script, str(tmp_path), device.id, other.id], check=True)
    assert known.find(secret) is None
    found = known.find(kept)
    assert found is not None and found.name == "c" and known.ids() == {other.id}


def test_a_device_is_seen_to_the_minute(known: Devices, clock: Clock) -> None:
    device, secret = known.add("a", HERE)
    clock.now += 59
    known.saw(device, HERE)
    assert known.find(secret) == device
    clock.now += 1
    known.saw(device, HERE)
    found = known.find(secret)
    assert found is not None and found.seen == datetime.fromtimestamp(clock.now, UTC)
    known.saw(found, "192.168.1.9")
    found = known.find(secret)
    assert found is not None and found.address == "192.168.1.9"


def test_a_device_that_stays_connected_is_seen(known: Devices, clock: Clock) -> None:
    device, secret = known.add("a", HERE)
    away, _ = known.add("b", HERE)
    clock.now += 3600
    known.stay(frozenset({device.id}))
    found = known.find(secret)
    assert found is not None and found.seen == datetime.fromtimestamp(clock.now, UTC)
    assert [each.seen < found.seen for each in known.all() if each.id == away.id] == [True]


def test_devices_not_seen_for_a_year_are_forgotten_and_the_rest_are_bounded(
        known: Devices, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MOST", 5)
    old, _ = known.add("old", HERE)
    clock.now += devices.FORGOTTEN_SECONDS + 1
    for n in range(8):
        clock.now += 1
        known.add(str(n), HERE)
    assert [device.name for device in known.all()] == ["7", "6", "5", "4", "3"]
    assert old.id not in known.ids()


def test_a_damaged_file_is_moved_away_with_a_sentence(tmp_path: Path,
                                                      caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / devices.FILE).write_bytes(b"no database at all, though long enough to be looked at " * 40)
    with Devices(tmp_path) as known:
        assert known.all() == ()
        known.add("a", HERE)
    assert "damaged" in caplog.text and "paired again" in caplog.text
    assert (tmp_path / "devices.damaged.sqlite").read_bytes().startswith(b"no database")


def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with Devices(tmp_path):
        pass
    with sqlite3.connect(tmp_path / devices.FILE) as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(UsageError, match="format 99"):
        Devices(tmp_path)


def test_an_unknown_device_cannot_be_revoked(known: Devices) -> None:
    for act in (known.revoke, lambda id: known.rename(id, "x")):
        with pytest.raises(UsageError, match="'none'"):
            act("none")
    device, _ = known.add("a", HERE)
    with pytest.raises(UsageError, match="no name"):
        known.rename(device.id, " \n\x1b")
    assert known.revoke(device.id.upper()) == device


@pytest.mark.parametrize(("agent", "name"), [
    ("Mozilla/5.0 (X11; Linux x86_64; Quest 3S) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/40.1 "
     "Chrome/136.0.0.0 VR Safari/537.36", "Meta Quest 3S"),
    ("Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 OculusBrowser/33.0 Chrome/126.0",
     "Meta Quest 3"),
    ("Mozilla/5.0 (Linux; Android 12; Quest 2) AppleWebKit/537.36 OculusBrowser/27.0", "Meta Quest 2"),
    ("Mozilla/5.0 (X11; Linux x86_64; Quest Pro) AppleWebKit/537.36 OculusBrowser/33.0", "Meta Quest Pro"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Safari/604.1",
     "iPhone, Safari"),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/124.0.0.0 Mobile Safari/537.36",
     "Android device, Chrome"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0",
     "Windows computer, Firefox"),
    ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/124.0 Safari/537.36 Edg/124.0",
     "Windows computer, Edge"),
    ("", "A device"), ("\x00\x1b[31m", "A device")])
def test_devices_are_called_by_what_their_browsers_say(agent: str, name: str) -> None:
    assert name_from_agent(agent) == name


def test_names_of_devices_are_one_short_line() -> None:
    assert clean_name("  a\n\tb \x1b[31m‮ c ") == "a b [31m c"
    assert len(clean_name("x" * 1000)) == devices.NAME_LIMIT
