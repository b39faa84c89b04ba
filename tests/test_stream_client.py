"""Scripts get the same stream, and a sentence when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from served import files_story, git, served, tell
from stream_examples import EXAMPLES, names

import xrserver
from xrserver.columns import NODES, RANK_END, SPANS, STRATA
from xrserver.errors import (
    ConnectionLost,
    SchemaMismatch,
    UnknownMoment,
    UnknownPath,
    UnknownTile,
    UsageError,
    WireError,
)
from xrserver.stream import bodies, codec, messages, outbox, schema
from xrserver.stream.deflated import deflate
from xrserver.stream.outbox import Outbox
from xrserver.stream.patches import apply_patch


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("client") / "story.git")


@asynccontextmanager
async def pretended(act: Callable[[web.WebSocketResponse], Awaitable[None]]) -> AsyncIterator[str]:
    """A server of the right address that does as it likes with its sockets."""

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=(schema.subprotocol(),))
        await socket.prepare(request)
        await act(socket)
        return socket

    app = web.Application()
    app.router.add_get("/api/stream", stream)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def connects(url: str, **options: object) -> None:
    async with xrserver.connect(url, **options):  # type: ignore[arg-type]
        raise AssertionError("this should not have been let in")


async def test_at_every_rank_the_files_of_git_ls_tree_stand_in_the_streamed_spans(
        everything_repository: Path) -> None:
    async with served(everything_repository) as serving, xrserver.connect(serving.url) as session:
        tile, table = await session.tile(), await session.table()
    nodes, spans = tile.nodes["records"], tile.spans["records"]
    named = zip(nodes["node"].tolist(), bodies.strings(tile.names), strict=True)
    files = {node: name for node, name in named if not node & 1}
    mainline = git(everything_repository, "rev-list", "--first-parent", "--reverse", "main").decode().split()
    newest = -1
    for rank in range(session.scene.head_rank + 1):
        newest += int(table.timeline["mainline"][rank])
        alive = (spans["birth"] <= rank) & (rank < spans["death"])
        standing = [files[node] for node in spans["node"][alive].tolist() if node in files]
        listed = b"" if newest < 0 else git(everything_repository, "ls-tree", "-r", "-z", "--name-only",
                                            mainline[newest])
        assert sorted(standing) == sorted(listed.split(b"\0")[:-1]), rank


async def test_the_table_holds_every_rank_person_and_tag(repository: Path) -> None:
    async with served(repository) as serving, xrserver.connect(serving.url) as session:
        table = await session.table()
    assert len(table.timeline["time"]) == session.scene.head_rank + 1 == 6
    assert (np.diff(table.timeline["time"]) >= 0).all()
    assert sorted(bodies.strings(table.people_names)) == [b"Ada", b"Bob"]
    assert sorted(bodies.strings(table.landmark_names)) == [b"begin", b"v1.0"]


async def test_a_tile_of_many_frames_is_put_together_while_questions_are_answered(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PART_BYTES", 32 << 10)
    repository = tell(tmp_path / "many.git", files_story(9000))
    async with served(repository) as serving, xrserver.connect(serving.url) as session:
        tile, answer, table = await asyncio.gather(
            session.tile(), session.query("moment", "HEAD"), session.table())
        assert len(tile.nodes["records"]) > 9000 and answer.rank == 0
        assert table.id == session.scene.table
        assert session.bytes_received > 3 * outbox.PART_BYTES
        assert await session.tile() is tile


async def test_what_is_not_there_is_an_error_of_its_own(repository: Path) -> None:
    async with served(repository) as serving, xrserver.connect(serving.url) as session:
        with pytest.raises(UnknownTile):
            await session.tile("0" * 32)
        with pytest.raises(UnknownMoment):
            await session.query("moment", "nothing")
        with pytest.raises(UnknownPath):
            await session.query("find", "no/such/file")
        with pytest.raises(UnknownPath):
            await session.select(2**32 - 1, 0)
        assert (await session.select(-1, 0)).rows == []


async def test_many_questions_at_once_get_their_own_answers(repository: Path) -> None:
    async with served(repository) as serving, xrserver.connect(serving.url) as session:
        ranks = [n % 6 for n in range(60)]
        answers = await asyncio.gather(*(session.query("moment", f"rank:{rank}") for rank in ranks))
        assert [answer.rank for answer in answers] == ranks


async def test_a_dropped_tile_is_fetched_anew(repository: Path) -> None:
    async with served(repository) as serving, xrserver.connect(serving.url) as session:
        first = await session.tile()
        await session.drop(session.scene.root.id)
        again = await session.tile()
        assert again is not first and again.header == first.header


async def test_every_selection_is_answered_however_fast_they_come(repository: Path) -> None:
    async with served(repository) as serving, xrserver.connect(serving.url) as session:
        panels = await asyncio.gather(*(session.select(1, rank % 6) for rank in range(40)))
        assert [panel.rows for panel in panels[:6]] == [panel.rows for panel in panels[6:12]]
        assert len({str(panel.rows) for panel in panels}) > 1


async def test_after_a_fresh_scene_tiles_are_fetched_anew_and_those_on_the_way_still_come() -> None:
    scene = next(example for example in EXAMPLES if isinstance(example, messages.Scene))
    whole = deflate(codec.encode(BASE))

    async def act(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        for message in (EXAMPLES[0], scene):
            await socket.send_bytes(codec.encode(message))
        await socket.receive()  # want
        half = len(whole) // 2
        part = messages.Tile(BASE.header.id, 0, len(whole), True, whole[:half])
        await socket.send_bytes(codec.encode(part))
        await socket.send_bytes(codec.encode(replace(scene, rank=7)))
        for attempt in range(2):  # wanted again, by itself and then by whoever asks after the scene
            asked = codec.decode((await socket.receive()).data, messages.FROM_VIEWER)
            assert asked == messages.Want([BASE.header.id])
            await socket.send_bytes(codec.encode(messages.Tile(BASE.header.id, 0, len(whole), True, whole)))
            if attempt == 0:
                await socket.send_bytes(codec.encode(scene))
        await socket.receive()

    async with pretended(act) as url, xrserver.connect(url) as session:
        heard = aiter(session)
        first = await asyncio.wait_for(session.tile(BASE.header.id), 10)
        assert isinstance(await anext(heard), messages.Scene)
        assert isinstance(await asyncio.wait_for(anext(heard), 10), messages.Scene)
        assert await asyncio.wait_for(session.tile(BASE.header.id), 10) is not first


# --- when there is no server, or a strange one ---------------------------------------------------------


@pytest.mark.parametrize("url", ["", "localhost", "ftp://localhost/", "http://", "not a url", "http://[/"])
async def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        await connects(url)


async def test_nobody_listening_is_a_lost_connection(unused_port: int) -> None:
    with pytest.raises(ConnectionLost, match=f"127.0.0.1:{unused_port}"):
        await connects(f"http://127.0.0.1:{unused_port}/")


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def test_a_wrong_or_missing_token_is_said(repository: Path) -> None:
    async with served(repository) as serving:
        bare = serving.url.partition("?")[0]
        for url in (bare, f"{bare}?token=wrong"):
            with pytest.raises(ConnectionLost, match="token"):
                await connects(url)
        token = serving.url.partition("token=")[2]
        async with xrserver.connect(bare, token) as session:
            assert session.scene.repository == "story"


async def test_a_server_of_something_else_is_said() -> None:
    async def greet(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/api/stream", greet)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    with pytest.raises(ConnectionLost, match="refuses"):
        await connects(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    await runner.cleanup()


async def test_another_schema_is_a_mismatch_with_the_servers_sentence() -> None:
    async def refuse(socket: web.WebSocketResponse) -> None:
        await socket.close(code=4406, message=b"Reload.")

    async with pretended(refuse) as url:
        with pytest.raises(SchemaMismatch, match="Reload"):
            await connects(url)


async def test_a_server_that_never_greets_is_given_up() -> None:
    async def wait(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.receive()

    async with pretended(wait) as url:
        with pytest.raises(ConnectionLost, match="did not answer in"):
            await connects(url, patience=0.1)


async def test_a_server_that_talks_nonsense_is_refused() -> None:
    async def babble(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"\xc1")
        await socket.receive()
        await socket.receive()

    async with pretended(babble) as url:
        with pytest.raises(WireError):
            await connects(url)


async def test_when_the_server_goes_everybody_who_waits_is_told(repository: Path) -> None:
    async def greet_and_go(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        for example in EXAMPLES:
            if isinstance(example, messages.Welcome | messages.Scene | messages.Notice):
                await socket.send_bytes(codec.encode(example))
        await socket.receive()
        await socket.receive()
        await socket.close(code=1001, message=b"The server stops.")

    async with pretended(greet_and_go) as url, xrserver.connect(url) as session:
        heard = []

        async def listen() -> None:
            async for message in session:
                heard.append(message)

        listening = asyncio.create_task(listen())
        waiting = [asyncio.create_task(session.tile()), asyncio.create_task(session.query("moment", "HEAD"))]
        for task in (*waiting, listening):
            with pytest.raises(ConnectionLost, match="The server stops"):
                await asyncio.wait_for(task, 10)
        assert [type(message) for message in heard] == [messages.Notice]
        with pytest.raises(ConnectionLost):
            await session.select(1, 0)


# --- patches ----------------------------------------------------------------------------------------------


BASE = next(example for example in EXAMPLES if isinstance(example, messages.TileBody))


def held() -> messages.TileBody:
    """A tile of two nodes, with two versions and one, and a floor each."""
    spans, nodes, strata = SPANS.empty(3), NODES.empty(2), STRATA.empty(2)
    spans["node"], spans["birth"], spans["death"] = (2, 2, 4), (0, 3, 1), (3, RANK_END, RANK_END)
    nodes["node"], nodes["first_span"], nodes["span_count"] = (2, 4), (0, 2), (2, 1)
    nodes["first_stratum"], nodes["stratum_count"] = (0, 1), 1
    strata["rank"] = (3, 1)
    header = replace(BASE.header, nodes=2, spans=3, strata=2)
    return messages.TileBody(header, {"records": spans}, {"records": nodes}, {"records": strata},
                             names(b"a", b"b"))


def patch(sequence: int = 1, *closed: tuple[int, int, int], node: int = 2, rank: int = 5) -> messages.Patch:
    spans, nodes, strata = SPANS.empty(1), NODES.empty(1), STRATA.empty(1)
    spans["node"], spans["birth"], spans["death"] = node, rank, RANK_END
    nodes["node"], nodes["span_count"], nodes["stratum_count"], strata["rank"] = node, 1, 1, rank
    return messages.Patch(BASE.header.id, "f" * 16, sequence, [[*each, 0] for each in closed],
                          {"records": spans}, {"records": nodes}, {"records": strata}, names(b"new"))


def lives(body: messages.TileBody, node: int) -> list[tuple[int, int]]:
    (row,) = np.flatnonzero(body.nodes["records"]["node"] == node)
    record = body.nodes["records"][row]
    spans = body.spans["records"][int(record["first_span"]):][:int(record["span_count"])]
    return list(zip(spans["birth"].tolist(), spans["death"].tolist(), strict=True))


def test_a_patch_closes_the_last_span_of_a_node_and_puts_the_next_behind_it() -> None:
    before = held()
    after = apply_patch(before, patch(1, (2, 5, 9)))
    assert lives(after, 2) == [(0, 3), (3, 5), (5, RANK_END)] and lives(after, 4) == [(1, RANK_END)]
    assert lives(before, 2) == [(0, 3), (3, RANK_END)]
    new = apply_patch(after, patch(2, node=8))
    assert lives(new, 8) == [(5, RANK_END)] and bodies.strings(new.names) == [b"a", b"b", b"new"]
    assert codec.decode_body(codec.encode(new)).header == new.header  # type: ignore[union-attr]


def test_a_span_that_is_taken_back_is_never_drawn() -> None:
    after = apply_patch(apply_patch(held(), patch(1, (2, 5, 0))), patch(2, (2, 0, 0), (2, 4, 0), rank=4))
    assert lives(after, 2) == [(0, 3), (3, 4), (4, RANK_END)]
    alive = after.spans["records"]["birth"] < after.spans["records"]["death"]
    assert sorted(after.spans["records"]["birth"][alive].tolist()) == [0, 1, 3, 4]


@pytest.mark.parametrize("wrong", [patch(1, (6, 1, 0)), patch(1, (2, 5, 32 << 8)),
                                   replace(patch(), closed=[[1]]), replace(patch(), tile="e" * 32)])
def test_a_patch_that_does_not_fit_is_refused(wrong: messages.Patch) -> None:
    with pytest.raises(WireError):
        apply_patch(held(), wrong)


@pytest.mark.parametrize("deflated", [True, False], ids=["deflated", "as it is"])
@pytest.mark.parametrize("early", [True, False], ids=["before the tile is whole", "after it is whole"])
async def test_a_held_tile_is_patched_whenever_the_patch_comes(early: bool, deflated: bool) -> None:
    scene = next(example for example in EXAMPLES if isinstance(example, messages.Scene))
    whole = codec.encode(held())

    async def act(socket: web.WebSocketResponse) -> None:
        outbox = Outbox(1 << 20, list, deflated=deflated)
        await socket.receive()
        outbox.put(EXAMPLES[0])
        outbox.put(scene)
        outbox.put_body(BASE.header.id, deflate(whole) if deflated else whole)
        frames = [await outbox.frame() for _ in range(3)]
        outbox.put(patch(1, (2, 5, 0)))
        frames.insert(2 if early else 3, await outbox.frame())
        for frame in frames[:2]:
            await socket.send_bytes(frame or b"")
        await socket.receive()  # want
        for frame in frames[2:]:
            await socket.send_bytes(frame or b"")
        await socket.receive()

    async with pretended(act) as url, xrserver.connect(url) as session:
        tile = await session.tile(BASE.header.id)
        assert isinstance(await asyncio.wait_for(anext(aiter(session)), 10), messages.Patch)
        tile = await session.tile(BASE.header.id)
        assert lives(tile, 2) == [(0, 3), (3, 5), (5, RANK_END)]
