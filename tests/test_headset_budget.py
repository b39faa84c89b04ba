"""What a frame in a headset may cost, on a short tour of what its wearer does; no time is asserted."""

from __future__ import annotations

from pathlib import Path

import chromium
import pytest
from served import files_story, served, tell

from bench import headset

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_tour_keeps_to_the_budgets_of_a_quest_3_and_leaves_nothing_behind(
        tmp_path: Path) -> None:
    if headset.emulator() is None:
        pytest.skip("the emulated headset is not installed (run `make check`)")
    repository = tell(tmp_path / "many.git", files_story(1500))
    # A browser of its own: what other tests left in theirs is no part of this page's heap.
    async with chromium.browser() as chrome, served(repository) as serving, \
            headset.worn(chrome, serving.url) as page:
        found = await headset.tour(page, 2.5, tours=5)
    parts = {frame[0] for frame in found.frames}
    assert parts == {"look", "point", "grab", "scale", "walk", "scrub", "play", "menu", "wrist",
                     "hands"}
    assert max(found.of(2)) <= 60
    # Twelve triangles a node would be all of it, for both eyes; half of them face away.
    assert max(found.of(3)) <= 1_200_000 * found.state["nodesDrawn"] / 80_000 + 20_000
    # No tile: at most the words for a commit at which a slow machine seemed to rest.
    assert found.bytes_scrubbed < 4_000
    # Caches have their size after the first: from then on nothing is added. (V8 goes on compiling.)
    data = [heap.data for heap in found.heaps]
    assert data[-1] < data[1] + 50_000
    # Where frames allocate, collecting it interrupts them.
    assert sum(size for _, size in found.allocated) < 60_000
