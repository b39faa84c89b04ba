"""Categories follow from paths, colours from people and categories, the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from reference_scene import path_tree, whole_path

from xrserver.columns import Category
from xrserver.scene.category import categories, category_of
from xrserver.scene.palette import CATEGORY_COLOURS, CHROMA, LIGHTNESS, OKABE_ITO, people_colours


@pytest.mark.parametrize("path, category", [
    (b"src/app.py", Category.SOURCE), (b"lib/deep/er/thing.RS", Category.SOURCE),
    (b"src/license.py", Category.SOURCE), (b"html/index.html", Category.SOURCE),
    (b"tests/data/pic.png", Category.TEST), (b"t/t0001-init.sh", Category.TEST),
    (b"pkg/test_thing.py", Category.TEST), (b"pkg/thing_test.go", Category.TEST),
    (b"ui/button.spec.ts", Category.TEST), (b"latest.py", Category.SOURCE), (b"contest.c", Category.SOURCE),
    (b"README.md", Category.DOCUMENTATION), (b"LICENSE", Category.DOCUMENTATION),
    (b"COPYING.LESSER", Category.DOCUMENTATION), (b"docs/conf.py", Category.DOCUMENTATION),
    (b"docs/Makefile", Category.BUILD), (b"docs/logo.svg", Category.ASSET),
    (b".gitignore", Category.CONFIGURATION), (b".hidden", Category.CONFIGURATION),
    (b"pyproject.toml", Category.CONFIGURATION), (b"po/de.po", Category.DATA), (b"a.json", Category.DATA),
    (b"icon.PNG", Category.ASSET), (b"Makefile", Category.BUILD), (b"CMakeLists.txt", Category.BUILD),
    (b".github/workflows/ci.yml", Category.BUILD), (b"Cargo.lock", Category.VENDORED),
    (b"vendor/x/tests/a.go", Category.VENDORED), (b"node_modules/a/index.js", Category.VENDORED),
    (b"mystery", Category.OTHER), (b"caf\xe9.\xff", Category.OTHER), (b"new\nline.c", Category.SOURCE),
])
def test_a_path_tells_what_a_file_is(path: bytes, category: Category) -> None:
    assert category_of(path) is category


def test_a_whole_tree_is_told_as_each_of_its_paths() -> None:
    paths = [b"src/a.py", b"docs/b.png", b"tests/c/d.py", b"vendor/docs/e.md", b"f", b".github/docs/g",
             b"docs/h/i.c"]
    tree, ids = path_tree(paths)
    files = np.zeros(len(tree.parent), np.bool_)
    files[[ids[p] for p in paths]] = True
    told = categories(tree, files)
    for path in range(1, len(tree.parent)):
        expected = category_of(whole_path(tree, path)) if files[path] else Category.DISTRICT
        assert told[path] == expected, whole_path(tree, path)


def test_the_most_active_people_have_the_colours_of_okabe_and_ito() -> None:
    colours = people_colours(200)
    assert colours.dtype == np.uint32 and tuple(colours[:8].tolist()) == OKABE_ITO
    assert people_colours(3).tolist() == list(OKABE_ITO[:3]) and len(people_colours(0)) == 0
    assert np.array_equal(people_colours(5000)[:200], colours)


#: From the definition of OKLab: linear sRGB to cone responses, and their cube roots to OKLab.
CONES = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                  [0.2119034982, 0.6806995451, 0.1073969566],
                  [0.0883024619, 0.2817188376, 0.6299787005]])
LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660]])
#: Of Viénot, Brettel and Mollon (1999): linear RGB to LMS.
LMS = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])


def linear(colour: int) -> np.ndarray:
    """Return 0xRRGGBB as linear light, 0 … 1."""
    byte = np.array([colour >> 16, colour >> 8 & 255, colour & 255]) / 255
    return np.where(byte <= 0.04045, byte / 12.92, ((byte + 0.055) / 1.055) ** 2.4)


def lab(colour: int) -> np.ndarray:
    """Return OKLab of 0xRRGGBB."""
    return LAB @ np.cbrt(CONES @ linear(colour))


def test_everybody_else_is_as_light_and_as_colourful_as_the_next() -> None:
    values = np.array([lab(int(c)) for c in people_colours(400)[8:]])
    assert np.abs(values[:, 0] - LIGHTNESS).max() < 0.005
    assert np.abs(np.hypot(values[:, 1], values[:, 2]) - CHROMA).max() < 0.006
    # Neighbours in the list are far apart in hue.
    hue = np.arctan2(values[:, 2], values[:, 1])
    apart = np.abs((np.diff(hue) + np.pi) % (2 * np.pi) - np.pi)
    assert apart.min() > 2.0


def seen_without(cone: int, colour: int) -> np.ndarray:
    """Return OKLab of a colour as someone without the long (0) or middle (1) cones sees it."""
    cones = LMS @ linear(colour)
    if cone == 0:
        cones[0] = 2.02344 * cones[1] - 2.52581 * cones[2]
    else:
        cones[1] = 0.494207 * cones[0] + 1.24827 * cones[2]
    return LAB @ np.cbrt(CONES @ np.clip(np.linalg.solve(LMS, cones), 0, 1))


def test_categories_are_told_apart_with_and_without_all_cones() -> None:
    assert len(CATEGORY_COLOURS) == len(Category)
    for see in (lab, lambda c: seen_without(0, c), lambda c: seen_without(1, c)):
        values = [see(c) for c in CATEGORY_COLOURS]
        apart = [float(np.linalg.norm(a - b)) for i, a in enumerate(values) for b in values[:i]]
        assert min(apart) > 0.09
