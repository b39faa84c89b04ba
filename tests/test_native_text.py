"""Text of any path: what belongs together stays so, letters join and run their way, all of it is drawn."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from bidi import get_display
from hypothesis import example, given
from hypothesis import strategies as st
from native_scene import environment, opengl
from PIL import Image

from xrserver.native import fonts
from xrserver.native.bidi import MIRRORED, levels, visual
from xrserver.native.fonts import Face
from xrserver.native.offscreen import create_context
from xrserver.native.overlay import Overlay
from xrserver.native.shaping import MISSING, clusters, runs
from xrserver.native.text import raster
from xrserver.native.wrapping import lines

ARABIC, CJK, EMOJI = "\u0645", "漢", "🦊"


def needs(character: str, picture: bool = False) -> Face:
    """Skip, visibly, where no font of this system has a character."""
    found = fonts.of(character, picture)
    if not isinstance(found, Face) or (picture and not found.coloured):
        pytest.skip(f"No font here has {character!r}{' in colour' if picture else ''}.")
    return found


def seen(text: str) -> str:
    """A line's characters from left to right, as they are drawn."""
    found = levels(text)
    turned = [MIRRORED.get(c, c) if level % 2 else c for c, level in zip(text, found, strict=True)]
    return "".join(turned[i] for i in visual(found))


# --- which way letters run ----------------------------------------------------------------------------


@given(st.text(st.sampled_from("aZ1٣ .,-+$א\u05d1بم_#"), max_size=14))
@example("1ב+2,3")
def test_lines_are_ordered_as_the_unicode_algorithm_orders_them(text):
    assert seen(text) == get_display(text, base_dir="L")


def test_both_brackets_of_a_pair_look_the_same_way():
    assert seen("קובץ (1).txt") == "(1) ץבוק.txt"
    assert seen("ab (אב) [א]") == "ab (בא) [א]"
    assert seen("א(b)ג") == "א(b)ג"


def test_directories_come_one_after_the_other_whatever_they_are_called():
    assert seen("אב/גד/x.py") == "בא/דג/x.py"
    assert seen("abc") == "abc" and levels("abc") == [0, 0, 0]


# --- what belongs together ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["é", "q\u0303\u0323", "👩\u200d👩\u200d👧", "🇩🇪", "👍🏽", "❤\ufe0f", "हि", "ที่"[:3]],
)
def test_marks_joiners_and_flags_stay_with_their_letter(text):
    assert len(clusters(f"x{text}y")) == 3


def test_flags_pair_up_and_decomposed_letters_are_composed():
    assert clusters("🇩🇪🇫🇷") == ["🇩🇪", "🇫🇷"]
    assert clusters("cafe\u0301") == ["c", "a", "f", "é"]


@pytest.mark.parametrize("hidden", ["\u202e", "\t", "\0", "\u2066", "\x1b", "\u00ad"])
def test_what_hides_or_turns_text_around_is_shown_as_a_mark(hidden):
    assert clusters(f"a{hidden}b") == ["a", MISSING, "b"]
    assert levels(f"a{MISSING}b") == [0, 0, 0]


# --- which font draws it ------------------------------------------------------------------------------


def test_letters_with_marks_that_no_single_letter_has_are_of_one_font():
    needs("q\u0303")
    (run,) = runs("q\u0303")
    assert run.text == "q\u0303" and isinstance(run.font, Face)


def test_words_of_two_scripts_are_shaped_apart():
    needs(ARABIC)
    parts = runs("abc \u0645\u0644\u0641 x")
    assert [(run.text.strip(), run.leftwards) for run in parts] == [
        ("abc", False), ("\u0645\u0644\u0641", True), ("x", False)]  # fmt: skip


def test_arabic_letters_join():
    needs(ARABIC)
    joined, apart = raster("\u0645\u0644\u0641", 32)[0], raster("\u0645 \u0644 \u0641", 32)[0]
    gap = raster(" ", 32)[0].shape[1]
    assert joined.shape[1] < apart.shape[1] - gap
    empty = np.flatnonzero(joined[:, 3:-5].max(axis=0) < 30)
    assert len(empty) == 0, "between joined letters nothing is empty"


def test_a_mark_stands_over_its_letter_and_takes_no_room():
    needs("x\u0304")
    plain, marked = raster("x", 40)[0], raster("x\u0304", 40)[0]
    assert abs(marked.shape[1] - plain.shape[1]) <= 4
    assert np.flatnonzero(marked.max(axis=1) > 60)[0] < np.flatnonzero(plain.max(axis=1) > 60)[0] - 2


def test_ideographs_fill_their_squares():
    needs(CJK)
    coverage, pictures = raster("漢字", 32)
    assert pictures is None and coverage.shape[1] == pytest.approx(64 + 3, abs=2)
    assert 0.12 < (coverage > 128).mean() < 0.6


def test_emoji_have_their_own_colours_beside_letters_that_have_not():
    needs(EMOJI, picture=True)
    coverage, pictures = raster("a🦊b", 32)
    assert pictures is not None and pictures.shape[:2] == coverage.shape
    solid = pictures[pictures[..., 3] > 200][:, :3].astype(int)
    assert len(solid) > 300 and (solid.max(axis=1) - solid.min(axis=1)).mean() > 40
    where = np.flatnonzero(pictures[..., 3].max(axis=0) > 128)
    assert coverage[:, where[2:-2]].max() == 0  # no letter lies under it
    assert coverage[:, : where[0]].max() > 200 and coverage[:, where[-1] + 1 :].max() > 200


def test_one_emoji_of_several_characters_is_one_picture():
    needs(EMOJI, picture=True)
    one = raster("👍", 32)[0].shape[1]
    for text in ("👍🏽", "🇩🇪", "👩\u200d👩\u200d👧"):
        assert raster(text, 32)[0].shape[1] == pytest.approx(one, abs=2), text


def test_every_line_of_a_size_has_one_height_and_what_no_font_has_leaves_a_mark():
    latin = ("src/app.py", "naïve café", "tab\there", "nul\0")
    for text in (*latin, "Ω", "файл.md", "emoji 🦊", "漢字", "\U000e9999"):
        coverage, pictures = raster(text, 16)
        assert coverage.shape[0] == int(16 * 1.4) + 1
        assert max(coverage.max(), pictures.max() if pictures is not None else 0) > 100, text
    assert raster("wider and wider", 16)[0].shape[1] > raster("wider", 16)[0].shape[1]


def test_damaged_fonts_are_passed_over(tmp_path):
    folder = tmp_path / "fonts"
    folder.mkdir()
    (folder / "notosans.ttf").write_bytes(b"no font at all")
    (folder / "empty.otf").touch()
    program = "from xrserver.native.text import raster; print(raster('\\u0645x', 16)[0].max() > 100)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(XDG_DATA_DIRS=str(tmp_path), XDG_DATA_HOME=str(tmp_path / "none")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True" and done.stderr == ""


def test_an_overlay_tints_letters_and_leaves_pictures_as_they_are():
    opengl()
    needs(EMOJI, picture=True)
    context = create_context()
    overlay = Overlay(context)
    target = context.framebuffer([context.renderbuffer((200, 60), 4)], context.depth_renderbuffer((200, 60)))
    target.use()
    target.clear(0.0, 0.0, 0.0, 1.0)
    overlay.begin(1.0)
    overlay.text(0, 0, "███🦊", 32, (1.0, 0.0, 0.0, 1.0))
    overlay.draw(target)
    picture = Image.frombytes("RGB", (200, 60), target.read(components=3, alignment=1))
    drawn = np.asarray(picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)).astype(int)
    letters = raster("███", 32)[0].shape[1] - 3
    assert drawn[20, letters // 2].tolist() == [255, 0, 0]
    fox = drawn[:, letters + 4 : letters + 40].reshape(-1, 3)
    fox = fox[fox.max(axis=1) > 60]
    assert (fox[:, 1] > 60).mean() > 0.5  # not red alone
    context.release()


def test_lines_are_broken_where_their_script_may_be_and_never_before_what_closes():
    def broken(text: str, width: float) -> list[str]:
        return lines(text, width, lambda part: float(len(part)), lambda part: part[: int(width)])

    assert broken("one two three", 7) == ["one two", "three"]
    assert broken("src/native/panels.py", 12) == ["src/native/", "panels.py"]
    assert broken("https://example.org/x", 14) == ["https://", "example.org/x"]
    assert broken("修正「窓」の大きさ。次の行", 5) == ["修正「窓」", "の大きさ。", "次の行"]
    assert broken("キャッシュ", 3) == ["キャッ", "シュ"]
    assert broken("a_long_name_of_a_test.py", 10) == ["a_long_", "name_of_a_", "test.py"]
    assert broken("x" * 20, 8) == ["x" * 8]
    for text in ("漢字" * 40, "สวัสดี" * 20, "word " * 30 + "漢" * 30):
        found = broken(text, 9)
        assert "".join(found).replace(" ", "") == text.replace(" ", "")
        assert all(len(line) <= 9 for line in found)
