"""Somebody works in a repository that the native viewer shows: its history grows."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from native_scene import opengl
from served import served
from test_history_live import Work
from test_native_viewer import SIZE, beside, pixels

from xrserver import clock
from xrserver.columns import NODES, SPANS, STRATA, Flag
from xrserver.native.arrival import Arrival
from xrserver.native.desktop import DesktopViewer
from xrserver.native.offscreen import Offscreen
from xrserver.native.tile import Tile

SECONDS = 1 / 64


@pytest.fixture
def work(tmp_path: Path) -> Work:
    work = Work(tmp_path / "work")
    work.commit({f"src/f{n}.py": "x\n" * 60 * (n + 1) for n in range(4)})
    work.commit({"src/f1.py": "y\n"})
    return work


async def test_a_commit_that_lands_is_seen_arriving_and_the_timeline_has_it(work: Work) -> None:
    opengl()
    backend = await beside(Offscreen, SIZE, SECONDS)

    def frames(viewer: DesktopViewer, head: int) -> list[float]:
        """Draw until the playhead rests at `head`; return where it was on the way."""
        seen: list[float] = []
        for _ in range(4000):
            viewer.frame()
            if viewer.city is not None and viewer.city.scene.head_rank == head:
                seen.append(viewer.playback.rank + viewer.playback.fraction)
                if viewer.still():
                    return seen
        raise AssertionError(f"{head} never came to rest")

    async with served(work.folder) as serving:
        viewer = await beside(DesktopViewer, backend, serving.url, True)
        try:
            await beside(viewer.settle)
            await beside(viewer.frame)
            before = await beside(pixels, backend)
            async with asyncio.timeout(60):
                await asyncio.gather(*(each.current.wait() for each in serving.following))
            changed = {"new/tower.py": "x\n" * 4000, "src/f2.py": None}
            await asyncio.to_thread(work.commit, changed, who="Grace")
            seen = await beside(frames, viewer, 2)
            assert seen == sorted(seen) and seen[0] < 2 and seen[-1] == 2
            assert len(seen) >= clock.EASE_SECONDS / SECONDS
            city = viewer.city
            assert city is not None and len(city.timeline) == 3 and city.date(2) == city.date(1)
            assert "Grace" in city.people and [person.name for person in city.scene.people][-1] == "Grace"
            after = await beside(pixels, backend)
            assert (np.abs(after - before).max(axis=2) > 40).mean() > 0.002

            def again() -> bool:
                with DesktopViewer(backend, serving.url, True) as late:
                    late.settle()
                    late.journey = viewer.journey
                    for _ in range(400):  # what changed follows the tile
                        late.frame()
                        if np.abs(pixels(backend) - after).mean() < 0.3:
                            return True
                    return False

            assert await beside(again), "who comes later sees the same"

            # Who looks at the past stays there.
            viewer.playback = clock.seek(viewer.playback, 2, 0)
            await asyncio.to_thread(work.commit, {"src/f3.py": "z\n"})
            assert set(await beside(frames, viewer, 3)) == {0.0}
        finally:
            await beside(viewer.__exit__, None, None, None)


@pytest.mark.parametrize("scene", ["river", "both"])
async def test_a_river_goes_on_and_the_gate_with_it(work: Work, scene: str) -> None:
    opengl()
    backend = await beside(Offscreen, SIZE, SECONDS)

    def until(viewer: DesktopViewer, head: int) -> np.ndarray:
        for _ in range(4000):
            viewer.frame()
            city = viewer.city
            if city is not None and city.scene.head_rank == head and viewer.still():
                return pixels(backend)
        raise AssertionError(f"{head} never came")

    async with served(work.folder, scene=scene) as serving:
        viewer = await beside(DesktopViewer, backend, serving.url, True)
        try:
            await beside(viewer.settle)
            async with asyncio.timeout(60):
                await asyncio.gather(*(each.current.wait() for each in serving.following))
            generation, course = viewer.city.scene.generation, len(viewer.city.course[0])
            whole, reach = viewer.journey.home, viewer.city.box
            assert viewer.journey.pose == whole
            await asyncio.to_thread(work.commit, {"src/f2.py": "z\n" * 3000})
            after = await beside(until, viewer, 2)
            assert viewer.city.scene.generation == generation
            assert viewer.city.course[0].tolist()[course:] == [2]
            assert viewer.city.box != reach
            assert viewer.journey.pose == viewer.journey.home != whole, "who looked at the whole still does"

            def again() -> bool:
                with DesktopViewer(backend, serving.url, True) as late:
                    late.settle()
                    late.journey = viewer.journey
                    for _ in range(400):
                        late.frame()
                        if np.abs(pixels(backend) - after).mean() < 0.3:
                            return True
                    return False

            assert await beside(again), "who comes later sees the same"
        finally:
            await beside(viewer.__exit__, None, None, None)


async def test_what_is_tidied_up_goes_from_its_plot_to_its_place_before_ones_eyes(work: Work) -> None:
    opengl()
    backend = await beside(Offscreen, SIZE, SECONDS)

    def rested(viewer: DesktopViewer, done: Callable[[DesktopViewer], bool]) -> np.ndarray:
        for _ in range(4000):
            viewer.frame()
            if done(viewer) and viewer.still():
                return pixels(backend)
        raise AssertionError("it never came to rest")

    async with served(work.folder) as serving:
        viewer = await beside(DesktopViewer, backend, serving.url, True)
        try:
            await beside(viewer.settle)
            async with asyncio.timeout(60):
                await asyncio.gather(*(each.current.wait() for each in serving.following))
            # Free plots hold the first few only, which stand where others belong.
            for n in range(3):
                await asyncio.to_thread(work.commit, {f"src/later{n}{k}.py": "x\n" * 4000 for k in range(4)})
            await beside(rested, viewer, lambda viewer: viewer.city.scene.head_rank == 4)
            rank = viewer.playback.rank
            for _ in range(40):
                await beside(viewer.frame)
            before, generation = await beside(pixels, backend), viewer.city.scene.generation
            viewer.press(("tidy",))

            def film() -> list[np.ndarray]:
                """Every frame from the first of the new layout to the last that moves."""
                found: list[np.ndarray] = []
                for _ in range(4000):
                    viewer.frame()
                    if viewer.city.scene.generation == generation:
                        continue
                    found.append(pixels(backend))
                    if viewer.still():
                        return found
                raise AssertionError("it never came to rest")

            frames = await beside(film)
            assert 0.7 < len(frames) * SECONDS < 1.0 and viewer.playback.rank == rank
            steps = [np.abs(b - a).mean() for a, b in pairwise([before, *frames])]
            whole = np.abs(frames[-1] - before).mean()
            assert whole > 1.0 and max(steps) < 0.4 * whole, "nothing jumps"
        finally:
            await beside(viewer.__exit__, None, None, None)


def test_an_arrival_ends_where_the_playhead_is_moved_and_takes_up_what_comes_meanwhile() -> None:
    rest = clock.Playback(4)
    arrival = Arrival()
    state = arrival.begin(rest, 4, 6)
    assert (state.rank, state.fraction) == (5, 0.0)
    state = arrival.step(state, 6, clock.EASE_SECONDS / 2)
    assert arrival.showing and (state.rank, state.fraction) == (5, clock.arriving(0.5))
    state = arrival.begin(state, 6, 7)
    assert arrival.step(state, 7, 1.0) == dataclasses.replace(rest, rank=7) and not arrival.showing
    state = arrival.begin(rest, 4, 5)
    assert arrival.step(clock.seek(state, 5, 1), 5, 0.1).rank == 1 and not arrival.showing
    playing = clock.play(rest, 2.0)
    assert arrival.begin(playing, 4, 5) == playing and not arrival.showing
    early = clock.seek(rest, 4, 2)
    assert arrival.begin(early, 4, 5) == early and not arrival.showing


def test_blocks_of_a_directory_are_told_apart_from_it_and_from_each_other() -> None:
    block = int(Flag.AGGREGATE) << 8
    spans, nodes = SPANS.empty(6), NODES.empty(6)
    nodes["first_span"], nodes["span_count"] = np.arange(6), 1
    names = [b"docs", b"docs", b"docs/a", b"docs", b"src", b"src"]
    nodes["node"], spans["traits"] = [3, 3, 4, 3, 7, 7], [0, block, 0, block, 0, block]
    offsets = np.cumsum([0, *map(len, names)]).astype(np.uint32)
    nothing = np.empty(0, np.int64)
    tile = Tile(None, spans, nodes, STRATA.empty(0), offsets, b"".join(names), *[nothing] * 4,
                frozenset())
    keys = tile.keys()
    assert len(np.unique(keys)) == 6 and keys.all()
    # Another generation numbers them otherwise.
    nodes["node"] = [9, 9, 2, 9, 5, 5]
    assert (tile.keys() == keys).all()
