"""The outbox never grows, never reorders what must not be, and sends what matters first."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from xrserver.stream import codec, messages
from xrserver.stream.outbox import BODIES_AT_ONCE, PART_BYTES, Outbox


def notice(text: str) -> messages.Notice:
    return messages.Notice(text)


def nothing() -> list[Any]:
    return []


async def take(outbox: Outbox) -> Any:
    frame = await asyncio.wait_for(outbox.frame(), 5)
    assert frame is not None
    return codec.decode(frame, messages.FROM_SERVER)


async def test_messages_leave_in_the_order_they_came() -> None:
    outbox = Outbox(10_000, nothing)
    for number in range(9):
        outbox.put(notice(str(number)))
    assert [(await take(outbox)).text for _ in range(9)] == [str(n) for n in range(9)]
    assert outbox.waiting == 0


async def test_a_newer_message_takes_the_place_of_one_with_the_same_key() -> None:
    outbox = Outbox(10_000, nothing)
    outbox.put(notice("old"), key="presence")
    outbox.put(notice("other"))
    outbox.put(notice("new"), key="presence")
    assert [(await take(outbox)).text for _ in range(2)] == ["new", "other"]
    outbox.put(notice("next"), key="presence")
    assert (await take(outbox)).text == "next"
    assert outbox.waiting == 0


async def test_a_message_overtakes_the_parts_of_a_tile() -> None:
    outbox = Outbox(10_000, nothing)
    body = bytes(range(256)) * 4096
    outbox.put_body("a" * 32, body)
    assert (await take(outbox)).offset == 0
    outbox.put(notice("now"))
    assert (await take(outbox)).text == "now"
    assert (await take(outbox)).offset == PART_BYTES


async def test_the_parts_of_a_tile_add_up_to_its_body_and_fit_into_frames() -> None:
    outbox = Outbox(10_000, nothing)
    bodies = {"a" * 32: bytes(range(251)) * 5000, "b" * 32: b"x", "c" * 32: bytes(2 * PART_BYTES)}
    for tile, body in bodies.items():
        outbox.put_body(tile, body)
    got = dict.fromkeys(bodies, b"")
    while got != bodies:
        frame = await asyncio.wait_for(outbox.frame(), 5)
        assert frame is not None and len(frame) <= messages.FRAME_LIMIT
        part = codec.decode(frame, messages.FROM_SERVER)
        assert part.offset == len(got[part.id]) and part.total == len(bodies[part.id])
        got[part.id] += part.data


async def test_a_dropped_tile_sends_no_further_part() -> None:
    outbox = Outbox(10_000, nothing)
    outbox.put_body("a" * 32, bytes(3 * PART_BYTES))
    outbox.put_body("b" * 32, b"whole")
    assert (await take(outbox)).id == "a" * 32
    outbox.drop(["a" * 32])
    assert (await take(outbox)).id == "b" * 32
    outbox.put(notice("end"))
    assert (await take(outbox)).text == "end"


async def test_only_a_few_bodies_are_held_at_once() -> None:
    outbox = Outbox(10_000, nothing)
    for number in range(BODIES_AT_ONCE):
        await asyncio.wait_for(outbox.room(), 1)
        outbox.put_body(f"{number:032}", b"x")
    room = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not room.done()
    await take(outbox)
    await asyncio.wait_for(room, 1)


async def test_a_viewer_that_falls_behind_gets_a_fresh_snapshot_and_then_what_is_new() -> None:
    state = ["first"]
    outbox = Outbox(2_000, lambda: [notice(f"snapshot of {state[0]}")])
    outbox.put_body("a" * 32, bytes(3 * PART_BYTES))
    for number in range(1000):
        outbox.put(notice(f"patch {number}"))
        assert outbox.waiting <= 2_000
    state[0] = "now"
    assert (await take(outbox)).text == "snapshot of now"
    outbox.put(notice("patch after"))
    assert (await take(outbox)).text == "patch after"
    assert outbox.waiting == 0


async def test_a_closed_outbox_ends_whoever_waits() -> None:
    outbox = Outbox(2_000, nothing)
    waiting = asyncio.create_task(outbox.frame())
    await asyncio.sleep(0)
    outbox.close()
    assert await asyncio.wait_for(waiting, 1) is None
    outbox.put(notice("late"))
    assert await outbox.frame() is None and outbox.waiting == 0


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.one_of(st.tuples(st.just("put"), st.integers(0, 400), st.sampled_from(["", "k", "l"])),
                          st.tuples(st.just("body"), st.integers(0, 5), st.just("")),
                          st.tuples(st.just("drop"), st.integers(0, 5), st.just("")),
                          st.tuples(st.just("take"), st.just(0), st.just("")))))
def test_whatever_happens_what_waits_stays_within_the_limit(steps: list[tuple[str, int, str]]) -> None:
    async def play() -> None:
        outbox = Outbox(1_000, lambda: [notice("snapshot")])
        outbox.put(notice("start"))
        held = 1
        for step, number, key in steps:
            if step == "put":
                outbox.put(notice("x" * number), key)
            elif step == "body":
                outbox.put_body(f"{number:032}", bytes(number * 100_000))
            elif step == "drop":
                outbox.drop([f"{number:032}"])
            elif held:
                outbox.put(notice("something"))
                await take(outbox)
            assert 0 <= outbox.waiting <= 1_000

    asyncio.run(play())
