"""What viewers are streamed is git's own truth, at every moment of every kind of history."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench.streamed import differences, files_drawn
from xrserver.columns import NODES, RANK_END, SPANS
from xrserver.scene.tiles import TileHeader
from xrserver.stream.messages import TileBody


@pytest.mark.slow
async def test_files_standing_in_the_stream_are_those_of_git_ls_tree(everything_repository: Path) -> None:
    ranks, files, wrong = await differences(everything_repository, 10_000)

    assert not wrong
    assert ranks > 80 and files > 400


def test_the_comparison_sees_a_file_that_is_drawn_twice() -> None:
    spans, nodes = SPANS.empty(2), NODES.empty(2)
    spans["death"] = RANK_END
    nodes["first_span"], nodes["span_count"], nodes["node"] = [0, 1], 1, [2, 2]
    names = {"offsets": np.array([0, 1, 2], np.uint32), "bytes": np.frombuffer(b"aa", np.uint8)}
    header = TileHeader("0" * 32, 0, [0.0] * 6, 0, RANK_END, 0.0, 2, 2, 0, 0, [])
    tile = TileBody(header, {"records": spans}, {"records": nodes}, {"records": spans[:0]}, names)

    assert files_drawn(tile, 0) == [b"a", b"a"]
    assert files_drawn(dataclasses.replace(tile, nodes={"records": nodes[:1]}), 0) == [b"a"]
