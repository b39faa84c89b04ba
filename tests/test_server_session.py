"""One viewer's socket: hostile or clumsy viewers are closed with a reason, and nobody else notices."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import msgpack
import pytest
from served import files_story, git, served, silent, tell
from stream_examples import names, packed

import xrserver
from xrserver import app
from xrserver.columns import NODES, SPANS, STRATA
from xrserver.config import Config
from xrserver.errors import UnreadableRepository
from xrserver.server import allowance, listening, session, sessions
from xrserver.stream import codec, messages, outbox, schema
from xrserver.stream.deflated import deflate
from xrserver.stream.messages import CLIENT_MESSAGE_LIMIT, FRAME_LIMIT
from xrserver.stream.outbox import PART_BYTES

HELLO = messages.Hello("desktop", "", "")
POSE = messages.Pose([1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 1.0], 0.5)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("session") / "story.git")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("session") / "many.git", files_story(9000))


@pytest.fixture
async def serving(repository: Path) -> AsyncIterator[app.Serving]:
    async with served(repository) as serving:
        yield serving


class Raw:
    """A viewer that sends what it likes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, *sent: Any) -> None:
        for message in sent:
            data = message if isinstance(message, bytes) else codec.encode(message)
            await self.socket.send_bytes(data)

    async def receive(self) -> Any:
        received = await asyncio.wait_for(self.socket.receive(), 20)
        if received.type is aiohttp.WSMsgType.BINARY:
            return codec.decode(received.data, messages.FROM_SERVER)
        return received

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        while not wanted(message := await self.receive()):
            assert not isinstance(message, aiohttp.WSMessage), message
        return message

    async def closed(self) -> tuple[int, str]:
        """Code and reason with which the server closes, whatever it says before."""
        while True:
            received = await asyncio.wait_for(self.socket.receive(), 20)
            if received.type is aiohttp.WSMsgType.CLOSE:
                return received.data, received.extra or ""
            assert received.type is aiohttp.WSMsgType.BINARY, received


@asynccontextmanager
async def raw(serving: app.Serving, *protocols: str) -> AsyncIterator[Raw]:
    base, _, token = serving.url.partition("?token=")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client, \
            client.ws_connect(base + "api/stream", protocols=protocols or (schema.subprotocol(),),
                              max_msg_size=1 << 26) as socket:
        yield Raw(socket)


@asynccontextmanager
async def greeted(serving: app.Serving) -> AsyncIterator[Raw]:
    async with raw(serving) as viewer:
        await viewer.send(HELLO)
        assert isinstance(await viewer.receive(), messages.Welcome)
        assert isinstance(await viewer.receive(), messages.Scene)
        yield viewer


async def everybody_left(serving: app.Serving) -> None:
    for _ in range(5000):
        if not serving.sessions.count:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("somebody stayed")


# --- who is let in ------------------------------------------------------------------------------


async def test_another_schema_is_refused_with_a_sentence(serving: app.Serving) -> None:
    async with raw(serving, "xrserver.0123456789abcdef") as viewer:
        code, reason = await viewer.closed()
    assert code == 4406 and "0123456789abcdef" in reason and schema.schema_hash() in reason


async def test_our_schema_is_chosen_among_several(serving: app.Serving) -> None:
    async with raw(serving, "xrserver.0123456789abcdef", schema.subprotocol()) as viewer:
        assert viewer.socket.protocol == schema.subprotocol()
        await viewer.send(HELLO)
        assert isinstance(await viewer.receive(), messages.Welcome)


async def test_a_viewer_that_says_nothing_is_closed(serving: app.Serving,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HELLO_SECONDS", 0.05)
    async with raw(serving) as viewer:
        assert (await viewer.closed())[0] == 4400


async def test_the_first_message_must_be_hello_and_comes_once(serving: app.Serving) -> None:
    async with raw(serving) as viewer:
        await viewer.send(messages.Want(["0" * 32]))
        code, reason = await viewer.closed()
        assert code == 4400 and "hello" in reason and "want" in reason
    async with greeted(serving) as viewer:
        await viewer.send(HELLO)
        assert (await viewer.closed())[0] == 4400


async def test_more_viewers_than_fit_are_asked_to_come_later(serving: app.Serving,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 1)
    async with greeted(serving), raw(serving) as other:
        assert (await other.closed())[0] == 1013
    await everybody_left(serving)
    async with greeted(serving):
        pass


# --- what is malformed ends one session and no other ----------------------------------------------


async def sends(viewer: Raw, data: bytes) -> tuple[int, str]:
    await viewer.send(data)
    return await viewer.closed()


@pytest.mark.parametrize(("data", "code"), [
    pytest.param(b"", 4400, id="empty"),
    pytest.param(b"\xc1", 4400, id="no msgpack"),
    pytest.param(b"\x91" * 60_000, 4400, id="deep"),
    pytest.param(b"\xdf\xff\xff\xff\xff", 4400, id="vast map"),
    pytest.param(msgpack.packb({"type": "shutdown"}), 4400, id="unknown type"),
    pytest.param(msgpack.packb({"type": "welcome", "version": "", "resume": "", "resumed": True,
                                "repositories": [], "scenes": []}), 4400, id="a server's message"),
    pytest.param(msgpack.packb({"type": "select", "node": "1", "rank": 0}), 4400, id="wrong type"),
    pytest.param(msgpack.packb({"type": "select", "node": 2**40, "rank": 0}), 4400, id="out of range"),
    pytest.param(msgpack.packb({"type": "want", "tiles": ["0" * 32] * 513}), 4400, id="too many tiles"),
    pytest.param(msgpack.packb({"type": "want", "tiles": ["../../etc/passwd"]}), 4400, id="no tile id"),
    pytest.param(bytes(CLIENT_MESSAGE_LIMIT + 1), 4413, id="oversized"),
    pytest.param(bytes(1 << 20), 1009, id="vastly oversized"),
])
async def test_what_breaks_the_protocol_closes_its_session_with_a_reason_and_no_other(
        serving: app.Serving, data: bytes, code: int) -> None:
    async with xrserver.connect(serving.url) as bystander:
        async with greeted(serving) as viewer:
            got, reason = await sends(viewer, data)
        assert got == code and (reason or code == 1009)  # aiohttp's own limit gives no sentence
        assert (await bystander.query("moment", "HEAD")).rank >= 0


async def test_a_text_message_is_refused(serving: app.Serving) -> None:
    async with greeted(serving) as viewer:
        await viewer.socket.send_str("hello")
        assert (await viewer.closed())[0] == 4400


async def test_a_flood_is_closed_and_a_bystander_is_answered(serving: app.Serving) -> None:
    async with xrserver.connect(serving.url) as bystander:
        async with greeted(serving) as viewer:
            clock = codec.encode(messages.Clock(0, 0.0, False, POSE, ""))
            await viewer.send(*[clock] * int(3 * allowance.BURST))
            code, reason = await viewer.closed()
            assert code == 4429 and reason.endswith(".")
        assert (await bystander.query("moment", "HEAD")).rank >= 0


async def test_wanting_tiles_without_end_is_closed(serving: app.Serving,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_WANTED", 600)
    async with greeted(serving) as viewer:
        for block in range(3):
            await viewer.send(messages.Want([f"{block:016x}{number:016x}" for number in range(512)]))
        assert (await viewer.closed())[0] == 4429


async def test_a_viewer_that_no_longer_answers_is_let_go(serving: app.Serving,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "HEARTBEAT_SECONDS", 0.2)
    base, _, token = serving.url.partition("?token=")
    headers, ours = {"Authorization": f"Bearer {token}"}, (schema.subprotocol(),)
    async with aiohttp.ClientSession(headers=headers) as client, \
            client.ws_connect(base + "api/stream", protocols=ours, autoping=False) as socket:
        await socket.send_bytes(codec.encode(HELLO))
        await socket.receive()
        assert serving.sessions.count == 1
        await everybody_left(serving)


async def test_a_viewer_that_vanishes_harms_nobody(serving: app.Serving) -> None:
    async with xrserver.connect(serving.url) as bystander:
        async with greeted(serving) as viewer:
            await viewer.send(messages.Want([bystander.scene.root.id]))
            assert viewer.socket._response.connection is not None
            viewer.socket._response.connection.transport.abort()  # type: ignore[union-attr]
        assert (await bystander.query("moment", "HEAD")).rank >= 0
        assert len((await bystander.tile()).nodes["records"]) > 0


# --- what is asked is answered ----------------------------------------------------------------------


async def test_an_unknown_tile_gets_an_error_and_the_session_lives_on(serving: app.Serving) -> None:
    async with greeted(serving) as viewer:
        await viewer.send(messages.Want(["0" * 32]))
        error = await viewer.receive()
        assert isinstance(error, messages.Error)
        assert (error.code, error.subject) == ("unknown-tile", "0" * 32) and error.text.endswith(".")
        await viewer.send(messages.Query(1, "moment", "HEAD", 0, 0, 0))
        assert isinstance(await viewer.receive(), messages.Result)


async def test_questions_are_answered_under_their_number(serving: app.Serving, repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD").decode().strip()
    async with greeted(serving) as viewer:
        await viewer.send(messages.Query(7, "moment", head[:8], 0, 0, 0))
        answer = await viewer.receive()
        assert (answer.number, answer.text, answer.rows[0].text) == (7, "Move", head)
        await viewer.send(messages.Query(8, "find", "src/new.py", 0, 0, answer.rank))
        found = await viewer.receive()
        assert (found.number, found.text, found.rank) == (8, "src/new.py", answer.rank)
        await viewer.send(messages.Query(9, "stratum", "", found.node, 0, 0))
        assert (await viewer.receive()).text == "Begin"
        await viewer.send(messages.Query(10, "commit", "", 0, 0, answer.rank))
        assert (await viewer.receive()).text == "Move"
        await viewer.send(messages.Query(11, "directory", "", 1, 0, answer.rank))
        whole = await viewer.receive()
        listed = git(repository, "ls-tree", "-r", "--name-only", head).decode().split()
        assert {row.label: row.text for row in whole.rows}["files"] == str(len(listed))


async def test_a_path_that_is_gone_is_found_where_it_last_stood(serving: app.Serving) -> None:
    async with xrserver.connect(serving.url) as viewer:
        found = await viewer.query("find", "tools/run.sh", rank=viewer.scene.head_rank)
        panel = await viewer.select(found.node, found.rank)
        assert panel.title == "tools/run.sh" and panel.rows[0].text == "executable file"
        after = await viewer.select(found.node, found.rank + 1)
        assert (after.rows[0].label, after.rows[0].text) == ("state", "removed")


@pytest.mark.parametrize(("question", "code"), [
    (messages.Query(3, "moment", "nothing", 0, 0, 0), "unknown-moment"),
    (messages.Query(3, "moment", "rank:999", 0, 0, 0), "unknown-moment"),
    (messages.Query(3, "commit", "", 0, 0, 999), "unknown-moment"),
    (messages.Query(3, "find", "no/such/file", 0, 0, 0), "unknown-path"),
    (messages.Query(3, "find", "\0", 0, 0, 0), "unknown-path"),
    (messages.Query(3, "stratum", "", 2**32 - 1, 0, 0), "unknown-path"),
    (messages.Query(3, "stratum", "", 1, 0, 0), "unknown-path"),
    (messages.Query(3, "stratum", "", 2, 2**31, 0), "unknown-path"),
    (messages.Query(3, "directory", "", 2, 0, 0), "unknown-path"),
], ids=["nothing", "a rank beyond", "a commit beyond", "no file", "no name", "no node", "a district's floor",
        "no floor", "no directory"])
async def test_a_question_without_answer_gets_an_error_under_its_number(
        serving: app.Serving, question: messages.Query, code: str) -> None:
    async with greeted(serving) as viewer:
        await viewer.send(question)
        error = await viewer.receive()
        assert (type(error), error.code, error.subject) == (messages.Error, code, "3")


async def test_an_unknown_scene_is_said_and_the_default_is_shown(serving: app.Serving) -> None:
    for asked in ("village", "nobody/city", "story/village"):
        async with raw(serving) as viewer:
            await viewer.send(messages.Hello("desktop", "", asked))
            assert isinstance(await viewer.receive(), messages.Welcome)
            error = await viewer.receive()
            assert (error.code, error.subject) == ("unknown-scene", asked)
            assert (await viewer.receive()).scene == "city"


# --- tiles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("here", [True, False], ids=["as it is, from here", "deflated, from a network"])
async def test_a_large_tile_comes_in_frames_that_add_up_to_it(
        here: bool, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PART_BYTES", 32 << 10)
    monkeypatch.setattr(listening, "is_here", lambda peer: here)
    async with served(many) as serving, greeted(serving) as viewer:
        async with xrserver.connect(serving.url) as other:
            root, whole = other.scene.root.id, codec.encode(await other.tile())
        whole = whole if here else deflate(whole)
        assert len(whole) > 3 * outbox.PART_BYTES
        await viewer.send(messages.Want([root]))
        got = b""
        while len(got) < len(whole):
            received = await asyncio.wait_for(viewer.socket.receive(), 20)
            assert len(received.data) <= outbox.PART_BYTES + FRAME_LIMIT - PART_BYTES
            part = codec.decode(received.data, messages.FROM_SERVER)
            assert (part.id, part.offset, part.total) == (root, len(got), len(whole))
            assert part.deflated is not here
            got += part.data
        assert got == whole


async def test_a_tile_dropped_while_it_is_built_never_comes(serving: app.Serving,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    opened = serving.sessions.repositories["story"]
    may_build, building = asyncio.Event(), opened.body

    async def slowly(scene: Any, tile: str, *, deflated: bool) -> bytes:
        await may_build.wait()
        return await building(scene, tile, deflated=deflated)

    monkeypatch.setattr(opened, "body", slowly)
    async with xrserver.connect(serving.url) as other, greeted(serving) as viewer:
        await viewer.send(messages.Want([other.scene.root.id]), messages.Query(1, "moment", "HEAD", 0, 0, 0))
        assert isinstance(await viewer.receive(), messages.Result)
        await viewer.send(messages.Drop([other.scene.root.id]), messages.Query(2, "moment", "HEAD", 0, 0, 0))
        assert isinstance(await viewer.receive(), messages.Result)
        may_build.set()
        await viewer.send(messages.Want([other.scene.table]))
        assert (await viewer.receive()).id == other.scene.table


async def test_tiles_wanted_twice_come_once(serving: app.Serving) -> None:
    async with greeted(serving) as viewer, xrserver.connect(serving.url) as other:
        root, table = other.scene.root.id, other.scene.table
        await viewer.send(messages.Want([table, root, table]), messages.Want([root]))
        await viewer.send(messages.Query(1, "moment", "HEAD", 0, 0, 0))
        parts = [await viewer.receive() for _ in range(3)]
        assert sorted(part.id for part in parts if isinstance(part, messages.Tile)) == sorted([table, root])


# --- coming back --------------------------------------------------------------------------------------


async def test_a_viewer_that_comes_back_is_where_it_was(serving: app.Serving) -> None:
    async with xrserver.connect(serving.url) as viewer:
        await viewer.clock(1, 0.25, True, POSE)
        await viewer.query("moment", "HEAD")  # the clock has arrived before its answer
        token = viewer.welcome.resume
        assert not viewer.welcome.resumed
    await everybody_left(serving)
    async with xrserver.connect(serving.url, resume=token) as viewer:
        assert viewer.welcome.resumed and viewer.welcome.resume == token
        assert (viewer.scene.rank, viewer.scene.fraction, viewer.scene.pose) == (1, 0.25, POSE)


async def test_a_rank_of_another_generation_is_not_where_a_viewer_is(serving: app.Serving) -> None:
    """It crossed a longer history on its way: there the same rank is an older commit."""
    async with xrserver.connect(serving.url) as viewer:
        head, token = viewer.scene.rank, viewer.welcome.resume
        assert head > 0
        await viewer.clock(0, generation="0" * 32)
        await viewer.query("moment", "HEAD")  # answered in order
    async with xrserver.connect(serving.url, resume=token) as viewer:
        assert viewer.welcome.resumed and viewer.scene.rank == head


async def test_a_token_nobody_was_given_resumes_nothing(serving: app.Serving) -> None:
    async with xrserver.connect(serving.url, resume="guessed") as viewer:
        assert not viewer.welcome.resumed and viewer.welcome.resume != "guessed"
        assert viewer.scene.rank == viewer.scene.head_rank


async def test_two_viewers_with_one_token_get_tokens_of_their_own(serving: app.Serving) -> None:
    async with xrserver.connect(serving.url) as first:
        await first.clock(2, 0.0, False, POSE)
        await first.query("moment", "HEAD")
        async with xrserver.connect(serving.url, resume=first.welcome.resume) as second:
            assert second.welcome.resumed and second.scene.rank == 2
            assert second.welcome.resume != first.welcome.resume


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are Unicode")
async def test_a_repository_in_a_folder_that_is_not_utf8_is_served(tmp_path: Path) -> None:
    folder = tell(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.git")))
    async with served(folder) as serving, xrserver.connect(serving.url) as viewer:
        assert viewer.welcome.repositories[0].name == "caf\ufffd"
        assert viewer.scene.repository == "caf"
        shutil.rmtree(folder / "objects")
        with pytest.raises(UnreadableRepository):
            await viewer.query("commit", rank=2)


# --- what is published ----------------------------------------------------------------------------------


def patch_of(viewer: Any, sequence: int) -> messages.Patch:
    scene = viewer.scene
    return messages.Patch(scene.root.id, scene.generation, sequence, [],
                          packed(SPANS, 1, sequence), packed(NODES, 1, 2), packed(STRATA, 1, 3),
                          names(b"new.py"))


async def test_a_patch_reaches_every_viewer_of_its_generation_and_no_other(serving: app.Serving) -> None:
    async with xrserver.connect(serving.url) as one, xrserver.connect(serving.url) as two:
        await asyncio.gather(one.tile(), two.tile())
        for sequence, generation in ((1, one.scene.generation), (1, "another"), (2, one.scene.generation)):
            frame = codec.encode(replace(patch_of(one, sequence), generation=generation))
            serving.sessions.publish(generation, one.scene.root.id, frame)
        for viewer in (one, two):
            heard = aiter(viewer)
            for sequence in (1, 2):
                message = await asyncio.wait_for(anext(heard), 10)
                assert isinstance(message, messages.Patch) and message.sequence == sequence


async def test_a_viewer_that_does_not_read_gets_a_fresh_scene_and_the_server_does_not_grow(
        repository: Path) -> None:
    async with served(repository, outbox_bytes=100_000) as serving, xrserver.connect(serving.url) as other, \
            greeted(serving) as viewer:
        large = codec.encode(replace(patch_of(other, 1), spans=packed(SPANS, 800, 1)))
        for _ in range(1000):
            serving.sessions.tell_frame(large, other.scene.repository)
        scene = await viewer.until(lambda message: isinstance(message, messages.Scene))
        assert scene.generation == other.scene.generation


async def test_when_the_server_stops_every_socket_is_told(repository: Path) -> None:
    closed: list[tuple[int, str]] = []

    async def stay(serving: app.Serving, here: asyncio.Event) -> None:
        async with greeted(serving) as viewer:
            here.set()
            closed.append(await viewer.closed())

    async with served(repository) as serving:
        here = asyncio.Event()
        staying = asyncio.create_task(stay(serving, here))
        await here.wait()
    await asyncio.wait_for(staying, 10)
    assert closed == [(1001, "The server stops.")]


async def test_a_server_that_stops_while_nobody_answers_its_close_ends_all_the_same(repository: Path) -> None:
    config = Config(repositories=(repository,), port=0, jobs=1)
    async with aiohttp.ClientSession() as client:
        async with asyncio.timeout(30):
            async with app.server(config, silent) as serving:
                base, _, token = serving.url.partition("?token=")
                socket = await client.ws_connect(base + "api/stream", protocols=(schema.subprotocol(),),
                                                 headers={"Authorization": f"Bearer {token}"})
                await socket.send_bytes(codec.encode(HELLO))
                await socket.receive()
        await socket.close()
