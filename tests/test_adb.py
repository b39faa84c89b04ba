"""`--adb`: the real adb program and server, with a device that speaks their protocol (see `android`)."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from android import Android, adb, adb_server, answering, needs_adb, plugged_in
from chromium import soon
from served import served, tell
from yarl import URL

from xrserver.errors import UsageError
from xrserver.server import adb as bridge
from xrserver.server.adb import Device, find_adb, parse_devices, required_adb, tethered

SECONDS = 30.0
PAGE = "http://localhost:{port}/?token=a'b;touch x&c"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An adb server of our own."""
    with adb_server(tmp_path) as environment:
        monkeypatch.delenv("ANDROID_SERIAL", raising=False)
        for name in ("ANDROID_ADB_SERVER_PORT", "HOME", "USERPROFILE"):
            monkeypatch.setenv(name, environment[name])
        yield environment


class Heard:
    """What people are told."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self._more.set()

    async def until(self, words: str) -> str:
        async with asyncio.timeout(SECONDS):
            while True:
                for sentence in self.sentences:
                    if words in sentence:
                        return sentence
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def page() -> AsyncIterator[int]:
    """A server on the loopback interface that answers with what it was asked."""
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + (await reader.readline()).split()[1] * 1000)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


# --- with the real adb ------------------------------------------------------------------------------------


@needs_adb
async def test_the_page_opens_on_the_headset_and_comes_through_the_cable(environment: dict[str, str]) -> None:
    heard = Heard()
    async with page() as port, plugged_in(environment, Android("Quest 3")) as headset:
        url = PAGE.format(port=port)
        async with tethered(required_adb(), port, url, heard):
            assert "Quest 3" in await heard.until("opens in its browser")
            (command,) = headset.commands
            # The headset's shell reads the command: the address arrives whole, and nothing else runs.
            assert shlex.split(command) == ["am", "start", "-a", "android.intent.action.VIEW", "-d", url]
            answer = await headset.fetch(port, b"GET /?token=secret HTTP/1.0\r\n\r\n")
            assert answer == b"HTTP/1.0 200 OK\r\n\r\n" + b"/?token=secret" * 1000
        assert headset.reversed == {}


@needs_adb
async def test_a_headset_plugged_in_later_is_noticed(environment: dict[str, str]) -> None:
    heard = Heard()
    async with page() as port, tethered(required_adb(), port, PAGE.format(port=port), heard):
        await heard.until("No headset is plugged in")
        async with plugged_in(environment, Android("Quest 2")) as headset:
            await heard.until("Quest 2: the page opens")
            assert headset.reversed == {port: port}


@needs_adb
async def test_a_headset_that_comes_back_is_led_again_but_no_second_page_opens(
        environment: dict[str, str]) -> None:
    heard = Heard()
    headset = Android("Quest Pro")
    server = await asyncio.start_server(headset.serve, "127.0.0.1", 0)
    serial = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, page() as port, tethered(required_adb(), port, PAGE.format(port=port), heard):
        await heard.until("No headset is plugged in")  # by now adb's server runs: two must not start it
        heard.sentences.clear()
        await adb(environment, "connect", serial)
        await heard.until("opens in its browser")
        await adb(environment, "disconnect", serial)
        headset.reversed.clear()  # what is unplugged forgets
        await heard.until("No headset is plugged in")
        await adb(environment, "connect", serial)
        await heard.until("Quest Pro is back")
        assert headset.reversed == {port: port} and len(headset.commands) == 1
        await adb(environment, "disconnect", serial)


@needs_adb
async def test_a_headset_waits_until_its_wearer_allows_debugging(environment: dict[str, str]) -> None:
    heard = Heard()
    async with (page() as port, plugged_in(environment, Android("Quest 3", allowed=False)) as headset,
                tethered(required_adb(), port, PAGE.format(port=port), heard)):
        assert "put it on and choose Allow" in await heard.until("has not allowed USB debugging")
        assert headset.commands == [] and headset.reversed == {}
        headset.allow()
        await heard.until("Quest 3: the page opens")


@needs_adb
async def test_several_headsets_are_all_led_here(environment: dict[str, str]) -> None:
    heard = Heard()
    async with (page() as port, plugged_in(environment, Android("Quest 2")) as one,
                plugged_in(environment, Android("Quest 3")) as other):
        async with tethered(required_adb(), port, PAGE.format(port=port), heard):
            await heard.until("Quest 2: the page opens")
            await heard.until("Quest 3: the page opens")
            assert one.reversed == other.reversed == {port: port}
        assert one.reversed == other.reversed == {}


@needs_adb
async def test_android_serial_chooses_one_of_several(environment: dict[str, str],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()
    async with (page() as port, plugged_in(environment, Android("Quest 2")) as one,
                plugged_in(environment, Android("Quest 3")) as other):
        monkeypatch.setenv("ANDROID_SERIAL", other.serial)
        async with tethered(required_adb(), port, PAGE.format(port=port), heard):
            await heard.until("Quest 3: the page opens")
        assert one.commands == [] and one.reversed == {}


@needs_adb
async def test_a_page_that_cannot_open_is_told_and_tried_again(environment: dict[str, str],
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_AGAIN", 0.05)
    heard = Heard()
    headset = Android("Quest 3")
    headset.answer = "Error: Activity not started, unable to resolve Intent\n"  # it is still starting
    async with (page() as port, plugged_in(environment, headset),
                tethered(required_adb(), port, PAGE.format(port=port), heard)):
        assert "Activity not started" in await heard.until("Quest 3: Error")
        headset.answer = "Starting: Intent\n"
        await heard.until("opens in its browser")
    assert len([one for one in heard.sentences if "Activity not started" in one]) == 1


@needs_adb
async def test_when_adbs_server_is_stopped_the_headset_is_led_again(environment: dict[str, str],
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_AGAIN", 0.05)
    heard = Heard()
    async with page() as port, tethered(required_adb(), port, PAGE.format(port=port), heard):
        await heard.until("No headset is plugged in")
        await adb(environment, "kill-server")
        await answering(environment)
        async with plugged_in(environment, Android("Quest 3")) as headset:
            await heard.until("opens in its browser")
            assert headset.reversed == {port: port}


@needs_adb
@pytest.mark.parametrize("lan", [False, True], ids=["alone", "with --lan"])
async def test_a_headset_on_a_cable_gets_the_real_page_and_its_api(
        environment: dict[str, str], tmp_path: Path, lan: bool) -> None:
    repository = tell(tmp_path / "story.git")
    async with (plugged_in(environment, Android("Quest 3")) as headset,
                served(repository, adb=True, lan=lan) as serving):
        await headset.until("self.commands")
        url = URL(shlex.split(headset.commands[0])[-1])
        assert (url.scheme, url.host) == ("http", "localhost") and str(url.query_string) in serving.url
        answer = await headset.fetch(url.port or 0, (
            f"GET /api/repositories?{url.query_string} HTTP/1.0\r\nHost: {url.authority}\r\n\r\n").encode())
        assert answer.startswith(b"HTTP/1.0 200") and b'"story"' in answer


async def test_adb_with_a_host_it_cannot_reach_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--adb leads a headset"):
        async with served(tmp_path, adb=True, host="192.168.1.20"):
            pass


# --- what adb says, and adb that is not there -------------------------------------------------------------


def test_what_adb_lists_is_understood() -> None:
    listing = """* daemon not running; starting now at tcp:5037
* daemon started successfully
List of devices attached
1WMHH000X00000         device usb:1-1 product:eureka model:Quest_3 device:eureka transport_id:1
1WMHH000X00001         unauthorized usb:1-2 transport_id:2
1WMHH000X00002         offline
????????????           no permissions (user in plugdev group); see [http://x.example] usb:1-3 transport_id:3
192.168.1.5:5555       device product:hollywood model:Quest_2 device:hollywood transport_id:5

"""
    found = parse_devices(listing)
    assert [(one.serial, one.state.split(" (")[0], one.model) for one in found] == [
        ("1WMHH000X00000", "device", "Quest 3"), ("1WMHH000X00001", "unauthorized", ""),
        ("1WMHH000X00002", "offline", ""), ("????????????", "no permissions", ""),
        ("192.168.1.5:5555", "device", "Quest 2")]
    assert parse_devices("List of devices attached\n\n") == ()


@pytest.mark.parametrize(("state", "words"), [
    ("unauthorized", "choose Allow"), ("offline", "plug it in again"), ("no permissions (user x)", "udev"),
    ("recovery", "restart it"), ("sideload", "restart it"), ("device", ""), ("authorizing", ""),
    ("connecting", "")])
def test_every_state_says_what_to_do(state: str, words: str) -> None:
    trouble = Device("1WMHH", state).trouble()
    assert words in trouble and bool(trouble) == bool(words)
    assert not trouble or "1WMHH" in trouble
    assert not trouble or Device("1WMHH", state, "Quest 3").trouble().startswith("Quest 3 ")


def program(folder: Path, script: str) -> Path:
    """A program called adb that is none."""
    file = folder / "adb"
    file.write_text(f"#!{sys.executable}\nopen({str(folder / 'calls')!r}, 'a').write('x')\n{script}")
    file.chmod(0o755)
    return file


def test_without_adb_one_sentence_says_what_to_install(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATH", "HOME", "USERPROFILE", "ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(UsageError, match=r"adb is not installed.*\. .*(apt|brew|winget) install"):
        required_adb()


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are no programs there")
def test_adb_is_never_taken_from_the_current_directory(tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    assert find_adb({"PATH": ".::bin"}) is None
    kit = tmp_path / "Android" / "Sdk" / "platform-tools"
    kit.mkdir(parents=True)
    assert find_adb({"PATH": ".", "HOME": str(tmp_path)}) is None
    assert find_adb({"PATH": ".", "HOME": str(tmp_path), "ANDROID_HOME": str(tmp_path)}) is None
    installed = program(kit, "")
    assert find_adb({"PATH": ".", "HOME": str(tmp_path)}) == installed
    assert find_adb({"PATH": ".", "ANDROID_SDK_ROOT": str(tmp_path / "Android" / "Sdk")}) == installed


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are no programs there")
@pytest.mark.parametrize(("script", "words"), [
    ("import sys; sys.exit('adb: cannot bind listener: Operation not permitted')", "cannot bind listener"),
    ("import time; time.sleep(60)", "adb kill-server"), ("import os; os._exit(7)", "ended with 7")])
async def test_an_adb_that_does_not_work_is_told_once_and_the_server_goes_on(
        tmp_path: Path, script: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = program(tmp_path, script).with_name("calls")

    async def tried(times: int) -> bool:
        return len(calls.read_text()) >= times

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bridge, "_AGAIN", 0.05)
    monkeypatch.setattr(bridge, "_SECONDS", 0.5)
    heard = Heard()
    async with tethered(required_adb(), 1, "http://localhost:1/", heard):
        await heard.until(words)
        told = len(calls.read_text())
        await soon(lambda: tried(told + 4))
    assert len(heard.sentences) == 1 and words in heard.sentences[0]
