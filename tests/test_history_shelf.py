"""The shelf: bodies come back as they were or not at all, and the least used go first."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from reference_scene import make_history

from xrserver.history.shelf import Shelf
from xrserver.scene import compose
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import Tiling, load_scene
from xrserver.scene.tiles import TileHeader
from xrserver.stream.bodies import encode_body

BODY = bytes(range(256)) * 40


def test_a_body_comes_back_with_what_was_said_of_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "tiles", 10**6)
    assert shelf.get("a") is None and shelf.about("a") is None
    shelf.put("a", {"of": [1, 2.5, None]}, BODY)
    assert shelf.get("a") == ({"of": [1, 2.5, None]}, BODY)
    assert Shelf(tmp_path / "tiles", 10**6).about("a") == {"of": [1, 2.5, None]}


@pytest.mark.parametrize("harm", ["cut off", "altered", "another"])
def test_what_is_not_as_it_was_written_is_not_used(tmp_path: Path, harm: str) -> None:
    shelf = Shelf(tmp_path / "tiles", 10**6)
    shelf.put("a", "first", BODY)
    shelf.put("b", "second", BODY[::-1])
    file = next((tmp_path / "tiles").glob("*/a"))
    content = file.read_bytes()
    if harm == "cut off":
        file.write_bytes(content[:-100])
    elif harm == "altered":
        file.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    else:
        (file.parent / "b").replace(file)
    assert shelf.get("a") is None
    assert not file.exists()
    shelf.put("a", "again", BODY)
    assert shelf.get("a") == ("again", BODY)


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "tiles", 60_000)
    for i in range(4):
        shelf.put(str(i), None, BODY)
        os.utime(next((tmp_path / "tiles").glob(f"*/{i}")), (i, i))
    assert shelf.get("0") is not None  # used just now
    shelf.put("4", None, BODY)
    shelf.put("5", None, BODY)
    assert [shelf.get(str(i)) is not None for i in range(6)] == [True, False, False, True, True, True]
    assert sum(file.stat().st_size for file in (tmp_path / "tiles").rglob("*") if file.is_file()) <= 60_000


def headers(scene: BuiltScene) -> list[TileHeader]:
    found = [scene.root]
    for header in found:
        found += [scene.header(child.id) for child in header.children]
    return found


def test_a_scene_whose_root_is_remembered_opens_without_laying_anything_out(
        monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_history(7, commits=120, names=60)
    definition = replace(load_scene("city"), tiling=Tiling(0, 0, 12, 40, 12, 14))
    first = build_scene(made.index, made.versions, definition, "g")
    recipes = {header.id: first.recipe(header.id) for header in headers(first)}
    bodies = {tile: encode_body(first, tile) for tile in recipes}

    def refuse(*_: object) -> None:
        raise AssertionError("it was laid out")

    with monkeypatch.context() as patched:
        patched.setattr(compose, "build_columns", refuse)
        again = build_scene(made.index, made.versions, definition, "g", None, recipes.get)
        assert again.root == first.root and again.start_pose == first.start_pose
        for tile, recipe in recipes.items():
            again.remember(tile, recipe)
        assert headers(again) == headers(first)
        with pytest.raises(AssertionError, match="laid out"):
            again.tile(again.root.id)
    # What is not remembered is made as it was.
    for tile, body in bodies.items():
        assert encode_body(again, tile) == body
