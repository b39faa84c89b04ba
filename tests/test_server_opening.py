"""The address answers before anything is read; whoever asks for more waits, and is told how far that is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import chromium
import pytest
from playwright.async_api import Browser
from repositories import git
from served import silent, tell
from test_cli_commands import SECONDS, environment

import xrserver
from xrserver import app, pipeline
from xrserver.config import Config
from xrserver.errors import UnreadableRepository
from xrserver.stream import codec, messages, schema
from xrserver.stream.messages import Hello, Progress, Welcome


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tell(tmp_path / "story.git")


def lose_objects(repository: Path) -> None:
    """Leave refs that name nothing."""
    for file in (repository / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.unlink()


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Opening goes no further than a word about its progress until the event is set."""
    go = threading.Event()
    genuine = pipeline.open_newest

    def waiting(path: Path, **settings: object) -> object:
        progress = settings["progress"]
        assert callable(progress)
        progress("commits", 3, 7)
        while not go.wait(0.01):
            progress("commits", 3, 7)
        return genuine(path, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "open_newest", waiting)
    try:
        yield go
    finally:
        go.set()


@asynccontextmanager
async def client_of(serving: app.Serving) -> AsyncIterator[aiohttp.ClientSession]:
    base, _, token = serving.url.partition("?token=")
    async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


async def greeted(client: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """Return a socket on which hello was said."""
    socket = await client.ws_connect("api/stream", protocols=(schema.subprotocol(),))
    await socket.send_bytes(codec.encode(Hello("desktop", "", "")))
    return socket


async def heard(socket: aiohttp.ClientWebSocketResponse) -> object:
    received = await socket.receive()
    assert received.type is aiohttp.WSMsgType.BINARY, received
    return codec.decode(received.data, messages.FROM_SERVER)


async def test_the_page_and_health_answer_while_a_repository_is_opened_and_the_rest_waits(
        repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        async with app.server(Config(repositories=(repository,), port=0, jobs=1), silent) as serving, \
                client_of(serving) as client:
            assert serving.names == ("story",)
            async with client.get("health") as response:
                assert (await response.json())["schema"] == schema.schema_hash()
            asking = asyncio.create_task(client.get("api/repositories").__aenter__())
            socket = await greeted(client)
            async with asyncio.timeout(SECONDS):
                word = await heard(socket)
            assert word == Progress("commits", 3, 7)
            assert not asking.done() and not serving.opening.opened
            go.set()
            async with asyncio.timeout(SECONDS):
                while not isinstance(word, Welcome):
                    word = await heard(socket)
                assert [each.name for each in word.repositories] == ["story"]
                answer = await asking
                assert [each["commits"] for each in (await answer.json())["items"]] == [6]
            await socket.close()


async def test_what_is_said_before_the_welcome_is_heard_after_it(repository: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        async with app.server(Config(repositories=(repository,), port=0, jobs=1), silent) as serving, \
                client_of(serving) as client:
            socket = await greeted(client)
            await socket.send_bytes(codec.encode(messages.Query(5, "moment", "v1.0", 0, 0, 0)))
            async with asyncio.timeout(SECONDS):
                await heard(socket)  # a word about progress: the question has been read meanwhile
                go.set()
                answer: object = None
                while not isinstance(answer, messages.Result):
                    answer = await heard(socket)
            assert answer.number == 5
            await socket.close()


async def test_a_repository_that_turns_out_unreadable_is_told_to_all_who_wait(
        repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        async with app.server(Config(repositories=(repository,), port=0, jobs=1), silent) as serving, \
                client_of(serving) as client:
            socket = await greeted(client)
            asking = asyncio.create_task(client.get("api/repositories").__aenter__())
            async with asyncio.timeout(SECONDS):
                await heard(socket)
                lose_objects(repository)
                go.set()
                with pytest.raises(UnreadableRepository) as error:
                    await serving.opened()
                while (received := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
                    pass
                assert received.type is aiohttp.WSMsgType.CLOSE
                assert received.extra and str(error.value).startswith(received.extra[:60])
                answer = await asking
                assert answer.status == 503 and (await answer.json(
                    content_type="application/problem+json"))["detail"] == str(error.value)


def test_the_address_is_printed_before_numpy_or_git_are_loaded(repository: Path) -> None:
    code = ("import sys, os, signal, xrserver.serving as serving, xrserver.cli as cli\n"
            "def load():\n"
            "    print([name for name in ('numpy', 'pygit2', 'msgpack', 'numba', 'cryptography')\n"
            "           if name in sys.modules])\n"
            "    os.kill(os.getpid(), signal.SIGTERM)\n"
            "    raise SystemExit\n"
            "serving._load = load\n"
            f"sys.exit(cli.main([{str(repository)!r}, '--port', '0']))")
    ended = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True,
                           timeout=SECONDS, check=False)
    lines = ended.stdout.splitlines()
    assert "[]" in lines and any(line.startswith("story at http://") for line in lines), ended.stderr


def test_what_shows_a_remembered_history_needs_no_compiler() -> None:
    code = "import sys, xrserver.serving as serving; serving._load(); print('numba' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True,
                         timeout=SECONDS, check=True)
    assert ran.stdout == "False\n"


async def test_a_session_for_scripts_waits_too(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        async with app.server(Config(repositories=(repository,), port=0, jobs=1), silent) as serving:
            asyncio.get_running_loop().call_later(0.3, go.set)
            async with asyncio.timeout(SECONDS), xrserver.connect(serving.url) as session:
                assert session.scene.head_rank == 5
    assert git(repository, "rev-list", "--count", "--all").strip() == b"6"


@pytest.mark.asyncio(loop_scope="session")
async def test_the_page_says_how_far_opening_is_and_shows_the_city_once_it_is_there(
        chrome: Browser, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        async with app.server(Config(repositories=(repository,), port=0, jobs=1), silent) as serving, \
                chromium.visit(chrome, serving.url, drawn=False) as visit:
            words = visit.page.locator(".loading p")
            await words.filter(has_text="Reading commits, 3 of 7 …").wait_for()
            go.set()
            await visit.page.wait_for_selector(".loading.done", state="attached")
            await visit.until("state.headRank === 5 && state.nodesDrawn > 0")
