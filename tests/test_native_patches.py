"""What a patch changes is written where the tile lies: the picture is that of a viewer who comes later."""

from __future__ import annotations

import numpy as np
import pytest
from native_scene import opengl, random_nodes

from xrserver import spaces
from xrserver.columns import NODES, RANK_END, SPANS, STRATA
from xrserver.native import tile as records
from xrserver.native.moment import Moment
from xrserver.native.offscreen import create_context
from xrserver.native.pools import WIDTH, Pool
from xrserver.native.renderer import Renderer
from xrserver.scene.tiles import TileHeader
from xrserver.spaces import Pose
from xrserver.stream.messages import Patch, TileBody
from xrserver.stream.patches import apply_patch

HEAD = 40
SIZE = 144
DISTRICT = 1  # odd nodes are districts


class Town:
    """A tile that grows by patches."""

    def __init__(self, files: int) -> None:
        nodes, spans, strata = random_nodes(files, HEAD)
        header = TileHeader("t" * 32, 0, [0.0] * 6, 0, RANK_END, 0.0, files, len(spans), len(strata), 0, [])
        names = {"offsets": np.zeros(files + 1, np.uint32), "bytes": np.empty(0, np.uint8)}
        self.body = TileBody(header, {"records": spans}, {"records": nodes}, {"records": strata}, names)
        self.chance = np.random.default_rng(2)
        self.rank = HEAD

    def span(self, node: int, place: np.ndarray) -> np.ndarray:
        span = SPANS.empty(1)
        span["birth"], span["death"], span["node"] = self.rank, RANK_END, node
        span["traits"] = 0 if node & DISTRICT else int(self.chance.integers(1, 12)) << 16
        span["position1"], span["size1"] = place, self.chance.uniform(1, 6, 3)
        span["value1"], span["author"] = 1, self.chance.integers(0, 5)
        return span

    def patch(self, changed: int, gone: int, new: int) -> None:
        """Let a commit change some files, take some away and bring some, a few of them districts."""
        self.rank += 1
        nodes, spans = self.body.nodes["records"], self.body.spans["records"]
        last = spans[nodes["first_span"] + nodes["span_count"] - 1]
        stands = np.flatnonzero(last["death"] == RANK_END)
        met = self.chance.permutation(stands)[: changed + gone]
        closed = [[int(nodes["node"][row]), self.rank, int(last["traits"][row]), 0] for row in met]
        added, tall = [], []
        fresh = 2 * (len(nodes) + np.arange(new)) + (np.arange(new) % 7 == 3)
        for k, node in enumerate([*nodes["node"][met[:changed]].tolist(), *fresh.tolist()]):
            record = NODES.empty(1)
            record["first_span"], record["span_count"], record["node"] = k, 1, node
            record["first_stratum"], record["stratum_count"], record["parent"] = k, 1, 1
            added.append(record)
            place = (
                last["position1"][met[k]] if k < changed else self.chance.uniform((0, 0, 0), (150, 1, 150))
            )
            tall.append(self.span(node, place))
        strata = np.array([(self.rank, 1)] * len(added), STRATA.dtype)
        names = {"offsets": np.zeros(len(added) + 1, np.uint32), "bytes": np.empty(0, np.uint8)}
        self.body = apply_patch(
            self.body,
            Patch(
                "t" * 32,
                "",
                self.rank,
                closed,
                {"records": np.concatenate([SPANS.empty(0), *tall])},
                {"records": np.concatenate([NODES.empty(0), *added])},
                {"records": strata},
                names,
            ),
        )


def seen(renderer: Renderer, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of all at a moment of easing, and who is where in it."""
    context = renderer.context
    moment = Moment(Pose((0, 0, 0)), rank, 0.7, 0.5, 0.1, rank, selected=4)
    eye = Pose((75.0, 130.0, 190.0), spaces.about((1.0, 0.0, 0.0), -0.75))
    projection = spaces.perspective(1.0, 1.0, 1.0, 500.0)
    target = context.framebuffer(
        [context.renderbuffer((SIZE, SIZE), 4)], context.depth_renderbuffer((SIZE, SIZE))
    )
    target.use()
    target.clear()
    renderer.draw(moment, eye, projection)
    picture = np.frombuffer(target.read(components=3, alignment=1), np.uint8).astype(int)
    picks = context.framebuffer(
        [context.texture((SIZE, SIZE), 2, dtype="u4")], context.depth_texture((SIZE, SIZE))
    )
    renderer.draw_pick(picks, moment, eye, projection)
    return picture, np.frombuffer(picks.read(components=2, dtype="u4"), np.uint32)


def colours(renderer: Renderer) -> Renderer:
    renderer.set_bounds((0, 0, 0, 150, 60, 150))
    people = np.array([0xFF0000, 0x00FF00, 0x2060FF, 0xFFFFFF, 0xFFCC00], np.uint32)
    renderer.set_people(people, (0x808080,) * 12)
    return renderer


@pytest.mark.parametrize("files", (60, 300))
def test_after_any_patches_the_picture_is_that_of_a_tile_that_came_whole(files):
    opengl()
    context = create_context()
    town = Town(files)
    tile = records.read(town.body)
    grown = colours(Renderer(context))
    grown.add("t", tile.spans, tile.nodes, tile.strata)
    # Another tile lies behind it, which nothing may touch.
    other = random_nodes(40, HEAD, 9)
    grown.add("other", other[1], other[0], other[2])
    grown.show(("t", "other"))
    outgrown = listed = 0
    # The last few have no room where the tile lies.
    for changed, gone, new in ((3, 0, 0), (2, 1, 1), (0, 2, 0), (9, 3, 40), (0, 0, 90), (5, 0, 3),
                               (20, 9, 1200), (1, 1, 1), (4, 2, 2500), (3, 0, 2)):  # fmt: skip
        town.patch(changed, gone, new)
        now = records.read(town.body)
        change = records.change(tile, now)
        rows = grown.drawn
        if not grown.change("t", now, change):
            outgrown += 1
            grown.remove("t")
            grown.add("t", now.spans, now.nodes, now.strata, 0.25)
        grown.show(("t", "other"))
        listed += grown.drawn != rows
        tile = now
        fresh = colours(Renderer(context))
        fresh.add("t", now.spans, now.nodes, now.strata)
        fresh.add("other", other[1], other[0], other[2])
        fresh.show(("t", "other"))
        for a, b in zip(seen(grown, town.rank - 1), seen(fresh, town.rank - 1), strict=True):
            # Nothing but which of two things at one depth comes first may differ.
            assert (a != b).mean() < 0.002
        assert grown.resident_spans == fresh.resident_spans
        node = int(now.nodes["node"][-1])
        assert len(grown._pages.find([node])) == len(fresh._pages.find([node])) == 1
    assert outgrown and listed > outgrown
    context.release()


def test_a_patch_of_a_few_files_writes_a_few_rows_and_leaves_the_list_alone(monkeypatch):
    opengl()
    context = create_context()
    town = Town(2000)
    tile = records.read(town.body)
    renderer = Renderer(context)
    renderer.add("t", tile.spans, tile.nodes, tile.strata)
    renderer.show(("t",))
    town.patch(4, 0, 1)
    now = records.read(town.body)
    change = records.change(tile, now)
    written, shown = [], []
    upload = Pool._upload

    def counted(pool, at, words):
        written.append(words.size)
        upload(pool, at, words)

    monkeypatch.setattr(Pool, "_upload", counted)
    monkeypatch.setattr(renderer._programs, "grow", shown.append)
    assert renderer.change("t", now, change)
    renderer.show(("t",))
    assert not shown and sum(written) < 3000 and len(change.nodes) == 5
    assert len(change.spans) < 100
    context.release()


def test_records_are_written_where_they_lie_across_lines_of_the_texture():
    opengl()
    context = create_context()
    chance = np.random.default_rng(4)
    pool = Pool(context, 4, 5)
    held = chance.integers(0, 2**32, (1500, 20), dtype=np.uint32)
    record = [("record", "<u4", 20)]
    number = pool.add(held.view(record)[:, 0], 100)
    behind = pool.add(held.view(record)[:, 0])
    assert pool.holds(number) >= 1600
    for rows in (np.arange(400, 1300), np.array([0, 1, 409, 410, 900]), np.arange(1490, 1600)):
        some = chance.integers(0, 2**32, (len(rows), 20), dtype=np.uint32)
        pool.write(number, rows, some.view(record)[:, 0])
        held = np.concatenate([held, np.zeros((max(0, rows[-1] + 1 - len(held)), 20), np.uint32)])
        held[rows] = some
        texels = np.frombuffer(pool.texture.read(), np.uint32).reshape(-1, 4)
        assert np.array_equal(texels[5 * number : 5 * (number + len(held))].reshape(-1, 20), held)
        assert behind * 5 % WIDTH == 0 and texels[5 * behind : 5 * behind + 5].any()
    context.release()
