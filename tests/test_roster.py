"""`xrserver devices`: the list that people see, and taking one back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xrserver import cli, roster
from xrserver.errors import UsageError
from xrserver.server.devices import Device, Devices

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def config_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def paired(*names: str) -> list[Device]:
    with Devices() as known:
        return [known.add(name, "192.168.1.44")[0] for name in names]


def test_without_devices_it_says_how_to_pair_one(config_home: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices"]) == 0
    assert "--lan" in capsys.readouterr().out
    assert cli.main(["devices", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"items": []}


def test_devices_are_listed_for_people_and_for_programs(config_home: Path,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    quest, phone = paired("Meta Quest 3", "iPhone, Safari")
    assert cli.main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ID", "NAME", "SEEN", "PAIRED", "FROM"] and len(lines) == 3
    assert all(any(one.id in line and one.name in line and "192.168.1.44" in line for line in lines)
               for one in (quest, phone))
    assert cli.main(["devices", "--json"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert {item["id"]: item["name"] for item in items} == {one.id: one.name for one in (quest, phone)}
    assert all(datetime.fromisoformat(item[key]).utcoffset() == timedelta(0)
               for item in items for key in ("paired", "seen"))


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_device_is_revoked_by_id_or_name(config_home: Path, by: str,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    quest, phone = paired("Meta Quest 3", "iPhone")
    assert cli.main(["devices", "revoke", quest.id.upper() if by == "id" else "meta quest 3"]) == 0
    assert "Meta Quest 3" in capsys.readouterr().out
    with Devices() as known:
        assert [one.id for one in known.all()] == [phone.id]


def test_a_device_is_renamed(config_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paired("Meta Quest 3")
    assert cli.main(["devices", "rename", "Meta Quest 3", "  Ada's   Quest "]) == 0
    assert "Ada's Quest" in capsys.readouterr().out
    with Devices() as known:
        assert [one.name for one in known.all()] == ["Ada's Quest"]


@pytest.mark.parametrize("arguments", [
    ["devices", "revoke", "nobody"], ["devices", "rename", "nobody", "x"], ["devices", "revoke"],
    ["devices", "rename", "Quest"], ["devices", "rename", "Quest", " \t "], ["devices", "forget", "Quest"],
    ["devices", "revoke", "Twin"]])
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
        config_home: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = paired("Quest", "Twin", "Twin")
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.splitlines()) == 1
    with Devices() as known:
        assert {one.id for one in known.all()} == {one.id for one in before}


def test_a_name_that_several_have_is_refused_with_their_ids() -> None:
    twins = [Device(id, "Twin", NOW, NOW, "10.0.0.1") for id in ("aa22", "bb33")]
    with pytest.raises(UsageError, match="aa22 or bb33"):
        roster.meant(twins, "twin")
    assert roster.meant(twins, "BB33") is twins[1]


@pytest.mark.parametrize(("seconds", "words"), [
    (0, "just now"), (59, "just now"), (60, "1 minute ago"), (3599, "59 minutes ago"), (7200, "2 hours ago"),
    (86400, "1 day ago"), (40 * 86400, "40 days ago"), (-5, "just now")])
def test_how_long_ago_is_said_in_words(seconds: int, words: str) -> None:
    device = Device("aa22", "Quest", NOW, NOW - timedelta(seconds=seconds), "10.0.0.1")
    assert words in roster.table([device], NOW)[1] and roster.ago(seconds) == words
