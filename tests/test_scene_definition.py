"""Scene files are read strictly: what is wrong is named with its file, line and remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xrserver.errors import SceneError
from xrserver.scene import definition
from xrserver.scene.definition import SceneDefinition, load_scene, parse_scene, scene_names
from xrserver.scene.schema import SCHEMAS

CITY = definition.resources.text("scenes", "city.toml")


def parse(text: str) -> SceneDefinition:
    return parse_scene(text, "mine.toml", "mine")


def test_the_city_says_what_the_defaults_are() -> None:
    city = load_scene("city")
    assert "city" in scene_names() and city.digest and city.title == "City"
    assert city == replace(parse('title = "City"'), name="city", digest=city.digest)


@pytest.mark.parametrize("name", scene_names())
def test_every_key_there_is_stands_in_the_scene_of_its_kind(name: str) -> None:
    section = ""
    seen: set[tuple[str, str]] = set()
    for line in definition.resources.text("scenes", f"{name}.toml").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            seen.add((section, line.split("=")[0].strip()))
    schema = SCHEMAS[load_scene(name).kind]
    assert seen == {(section, key) for section, keys in schema.items() for key in keys}


def test_a_scene_can_be_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "low.toml"
    file.write_text('[building]\nstorey = "80 cm"\n[time]\nglow = "500 ms"\n', encoding="utf-8")
    scene = load_scene(str(file))
    assert scene.name == scene.title == "low"
    assert scene.building.storey == pytest.approx(0.8) and scene.glow_seconds == 0.5
    assert scene.building.lowest == load_scene("city").building.lowest
    assert scene.digest != load_scene("city").digest


@pytest.mark.parametrize("text, line, sentence", [
    ("[layout]\n# wide\nstret = \"3 m\"\n", 3, "stret: unknown key: did you mean 'street'?"),
    ("[layot]\nkind = \"city\"\n", 1, "unknown section [layot]: did you mean 'layout'?"),
    ("[layout]\nstreet = 3\n", 2, "street: 3 is no quantity: write it with its unit, such as \"1 m\""),
    ("[layout]\nstreet = \"3 s\"\n", 2, "street: the unit 's' does not fit: use m, cm, mm or km"),
    ("[layout]\nstreet = \"wide\"\n", 2, "street: 'wide' is no quantity"),
    ("[layout]\nstreet = \"1.2.3 m\"\n", 2, "street: '1.2.3 m' is no quantity"),
    ("[layout]\nstreet = \"-1 m\"\n", 2, "street: '-1 m' is out of range: choose 0 to 1000 m"),
    ("[layout]\n\naspect = \"1 m\"\n", 3, "aspect: '1 m' must be a number without a unit"),
    ("[layout]\naspect = true\n", 2, "aspect: True must be a number without a unit"),
    ("[tiles]\ntile_spans = 1.5\n", 2, "tile_spans: 1.5 must be a whole number without a unit"),
    ("[metrics]\nheight = \"stratta\"\n", 2,
     "height: 'stratta' is none of those known: did you mean 'strata'?"),
    ("[metrics]\nheight = \"complexity\"\n", 2,
     "height: 'complexity' is none of those known: use strata or size"),
    ("title = 7\n", 1, "title: 7 must be text in quotes"),
    ("[palette]\npeople = [\"red\"]\n", 2, "people: 'red' is no colour: write it as \"#E69F00\""),
    ("[palette]\npeople = []\n", 2, "people: [] must be a list of 1 to 256"),
    ("[start]\ncentre = [\"1 m\", \"2 m\"]\n", 2, "centre: ['1 m', '2 m'] must be a list of 3"),
    ("layout.street = 3\n", 1, "street: 3 is no quantity"),
    ("[layout]\nkind = \"galaxi\"\n", 2, "kind: 'galaxi' is none of those known"),
])
def test_what_is_wrong_is_named_with_its_line_and_what_to_do(text: str, line: int, sentence: str) -> None:
    with pytest.raises(SceneError) as error:
        parse(text)
    message = str(error.value)
    assert message.startswith(f"mine.toml:{line}: {sentence}") and message.endswith(".")
    assert "\n" not in message


def test_what_is_not_toml_is_named_with_its_line() -> None:
    with pytest.raises(SceneError, match=r"mine\.toml: not TOML: .*line 2"):
        parse('title = "x"\nstreet = \n')


def test_an_unknown_scene_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"There is no scene 'town' .*: choose one of .*city"):
        load_scene("town")
    with pytest.raises(SceneError, match="There is no scene"):
        load_scene(str(tmp_path / "none.toml"))
