"""Controllers in hand: what they do to the city, to time and to what is chosen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import until
from PIL import Image

from xrserver import spaces
from xrserver.navigation.selection import NOTHING


def run(viewer, frames: int = 1) -> None:
    for _ in range(frames):
        assert viewer.frame()


@pytest.fixture
def person(worn, remote):
    """Somebody before a model of the city, who has let go of everything."""
    until(lambda: worn.frame() and worn.drawn and worn.moving._entered, "the city is there")
    until(lambda: worn.frame() and all(hand.tracked for hand in worn.hands), "hands are seen")
    worn.choose(NOTHING)
    worn.moving.recentre()
    until(lambda: worn.frame() and worn.moving._passage._glided < 0 and worn.moving.still, "it rests")
    return remote


def do(worn, remote, what: str, done) -> None:
    """Let the person do what was set, and run frames until it shows."""
    remote.send()
    until(lambda: worn.frame() and done(), what)


def test_a_squeeze_takes_the_city_along_and_undo_takes_that_back(worn, person):
    right = worn.hands[1]
    before = worn.journey.pose
    person.right.squeeze = 1.0
    do(worn, person, "the world is held", lambda: right.owner == "world")
    held = right.anchor
    x, y, z = person.right.position
    person.right.position = (x + 0.2, y + 0.1, z)
    do(worn, person, "the hand has moved", lambda: right.anchor[0] > held[0] + 0.199)
    moved = spaces.subtract(worn.journey.pose.position, before.position)
    assert moved == pytest.approx(spaces.subtract(right.anchor, held), abs=1e-3)
    assert worn.journey.pose.scale == before.scale
    person.right.squeeze = 0.0
    do(worn, person, "it is let go", lambda: right.owner == "")
    worn.moving.undo()
    until(lambda: worn.frame() and worn.journey.pose.position == pytest.approx(before.position), "undone")


def test_two_squeezes_scale_and_turn_it_about_their_middle(worn, person):
    left, right = worn.hands
    before = worn.journey.pose
    person.left.squeeze = person.right.squeeze = 1.0
    do(worn, person, "both hold", lambda: left.owner == right.owner == "world")
    run(worn, 3)
    apart = spaces.length(spaces.subtract(right.anchor, left.anchor))
    (x, y, z), (u, v, w) = person.left.position, person.right.position
    person.left.position, person.right.position = (x - 0.2, y, z), (u + 0.2, v, w)
    do(worn, person, "they are apart", lambda: right.anchor[0] - left.anchor[0] > apart + 0.399)
    run(worn, 2)
    factor = spaces.length(spaces.subtract(right.anchor, left.anchor)) / apart
    assert worn.journey.pose.scale == pytest.approx(before.scale * factor, rel=1e-3)
    person.left.squeeze = person.right.squeeze = 0.0
    do(worn, person, "both let go", lambda: left.owner == right.owner == "")


def test_the_left_stick_flies_and_the_right_one_turns_in_snaps(worn, person):
    before = worn.journey.pose
    person.left.stick = (0.0, 1.0)
    do(
        worn,
        person,
        "ahead: the city comes nearer",
        lambda: worn.journey.pose.position[2] > before.position[2] + 0.1,
    )
    assert worn.moving.closed > 0.0
    person.left.stick = (0.0, 0.0)
    do(worn, person, "it comes to rest", lambda: worn.moving._sticks._velocity == (0.0, 0.0, 0.0))
    yaw = spaces.yaw_pitch_of(worn.journey.pose.orientation)[0]
    person.right.stick = (1.0, 0.0)
    do(worn, person, "a turn", lambda: spaces.yaw_pitch_of(worn.journey.pose.orientation)[0] != yaw)
    run(worn, 20)
    turned = spaces.yaw_pitch_of(worn.journey.pose.orientation)[0] - yaw
    assert math.degrees(math.remainder(turned, 2 * math.pi)) == pytest.approx(30.0, abs=0.01)
    person.right.stick = (0.0, 0.0)
    person.send()
    run(worn, 5)


def test_a_throw_with_the_right_stick_leads_into_life_size(worn, person):
    right = worn.hands[1]
    aim_at(worn, person, worn.journey.pose.position)
    person.right.stick = (0.0, 1.0)
    do(worn, person, "somewhere to land", lambda: worn.moving.teleport.valid)
    landing = worn.moving.teleport.landing
    person.right.stick = (0.0, 0.0)
    do(worn, person, "in life size", lambda: worn.journey.pose.scale == 1.0)
    feet = spaces.apply(worn.journey.pose, landing)
    assert feet == pytest.approx(
        (worn.moving._head.position[0], 0.0, worn.moving._head.position[2]), abs=0.01
    )
    assert right.owner == ""


def aim_at(worn, person, point) -> None:
    """Turn the right controller until its ray goes through a point of the room."""
    right = worn.hands[1]
    for _ in range(4):
        aim = right.aim
        wanted = spaces.look_at(aim.position, point)
        turn = spaces.multiply(wanted, spaces.conjugate(aim.orientation))
        person.right.orientation = spaces.unit(spaces.multiply(turn, person.right.orientation))
        person.send()
        run(worn, 4)


def building(worn) -> int:
    """A building that nothing hides from the right hand: the tallest, aimed at by its top."""
    low, high, plates = worn.city.boxes(worn.drawn, worn.playback.rank)
    tallest = max((row for row in range(len(low)) if not plates[row]), key=lambda row: high[row, 1])
    return tallest, (low[tallest] + high[tallest]) / 2 * (1, 0, 1) + high[tallest] * (0, 1, 0)


def test_pointing_at_a_building_hovers_it_and_the_trigger_chooses_it(worn, person):
    _, top = building(worn)
    aim_at(worn, person, spaces.apply(worn.journey.pose, tuple(float(x) for x in top)))
    until(lambda: worn.frame() and worn.selection.hovered > 1, "a building is hovered")
    hovered = worn.selection.hovered
    assert not hovered & 1 and worn.aiming.pointed[1].kind == "thing"
    met = spaces.apply_inverse(worn.journey.pose, worn.aiming.pointed[1].point)
    span = worn.city.span(hovered, worn.playback.rank, worn.drawn)
    for axis in (0, 2):
        assert abs(met[axis] - span["position1"][axis]) <= span["size1"][axis] / 2 + 0.05
    person.right.trigger = 1.0
    do(worn, person, "pressed", lambda: worn.hands[1].owner == "thing")
    person.right.trigger = 0.0
    do(worn, person, "chosen", lambda: worn.selection.selected == hovered)
    until(lambda: worn.frame() and worn._panel is not None, "its panel is here")
    assert worn._panel.title == worn.city.path(hovered, worn.drawn)
    assert worn._panel.rows


def test_trigger_and_stick_of_the_left_hand_pull_time_and_a_button_plays(worn, person):
    before = worn.playback.rank
    person.left.trigger, person.left.stick = 1.0, (-1.0, 0.0)
    do(worn, person, "time goes back", lambda: worn.playback.rank < before - 5)
    person.left.trigger, person.left.stick = 0.0, (0.0, 0.0)
    do(worn, person, "let go", lambda: worn.hands[0].owner == "")
    assert not worn.playback.playing
    person.right.flags.add("a")
    do(worn, person, "it plays", lambda: worn.playback.playing)
    person.right.flags.discard("a")
    do(worn, person, "let go", lambda: not worn.hands[1].primary.pressed)
    person.right.flags.add("a")
    do(worn, person, "it pauses", lambda: not worn.playback.playing)
    person.right.flags.discard("a")


def test_a_hand_lost_from_sight_moves_nothing_and_takes_hold_anew(worn, person):
    right = worn.hands[1]
    person.right.squeeze = 1.0
    do(worn, person, "held", lambda: right.owner == "world")
    before = worn.journey.pose
    person.right.flags.discard("active")
    x, y, z = person.right.position
    person.right.position = (x + 0.5, y, z)
    do(worn, person, "lost", lambda: not right.tracked)
    person.right.flags.add("active")
    do(worn, person, "seen again", lambda: right.tracked)
    run(worn, 3)
    moved = spaces.length(spaces.subtract(worn.journey.pose.position, before.position))
    assert moved < 0.02
    person.right.squeeze = 0.0
    person.send()
    run(worn, 3)


def test_haptics_are_felt_by_the_runtime_without_complaint(worn, person):
    for side in ("left", "right"):
        for kind in ("hover", "select", "snap", "tick"):
            worn._headset.pulse(side, kind)
    assert worn.said == [] and NOTHING == -1


def button(board, text: str) -> tuple[float, float]:
    """The middle of what is written so on a board."""
    x, y, wide, tall = next(area.box for area in board.areas if area.row.text == text)
    return x + wide / 2, y + tall / 2


def click(worn, person, board, place) -> None:
    aim_at(worn, person, board.point(*place))
    until(lambda: worn.frame() and worn.aiming.pointed[1].kind == "panel", "the board is pointed at")
    person.right.trigger = 1.0
    do(worn, person, "pressed", lambda: worn.hands[1].owner == "panel")
    person.right.trigger = 0.0
    do(worn, person, "let go", lambda: worn.hands[1].owner == "")


def picture(worn, name: str) -> np.ndarray:
    sheet = worn._headset._sheets[name]
    data = sheet.target.read(components=3, alignment=1)
    image = Image.frombytes("RGB", sheet.size, data).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    image.save(f"/out/{name}.png")
    return np.asarray(image)


def test_the_menu_opens_before_the_head_and_its_buttons_do_what_they_say(worn, person):
    person.right.flags.add("b")
    do(worn, person, "the menu opens", lambda: worn.panels.menu.shown)
    person.right.flags.discard("b")
    until(lambda: worn.frame() and len(worn._headset.hung) == 2, "menu and time hang there")
    menu, time = worn.panels.menu, worn.panels.time
    away = spaces.length(spaces.subtract(menu.pose.position, worn.moving._head.position))
    assert 0.8 < away < 1.0
    assert math.degrees(26 * menu.pose.scale / away) >= 1.2  # a line is high enough to be read
    before = picture(worn, "menu").copy()
    click(worn, person, menu, button(menu, "Play"))
    assert worn.playback.playing
    run(worn, 2)
    click(worn, person, menu, button(menu, "Pause"))
    assert not worn.playback.playing
    click(worn, person, menu, button(menu, "Age"))
    assert worn.colouring == 1
    run(worn, 2)
    assert np.abs(picture(worn, "menu").astype(int) - before).mean() > 0.1
    click(worn, person, menu, button(menu, "Author"))
    x, y, wide, tall = time.areas[0].box
    click(worn, person, time, (x + 0.25 * wide, y + tall / 2))
    head = worn.city.scene.head_rank
    assert worn.playback.rank == pytest.approx(0.25 * head, abs=0.03 * head)
    picture(worn, "time")
    worn.press(("scrub",), 1.0)
    assert worn.playback.rank == head


def test_what_is_chosen_is_told_beside_the_menu_and_a_commit_of_it_leads_to_its_moment(worn, person):
    ids = worn.city._tiles[worn.drawn[0]].ids.tolist()
    node = next(n for n in ids if not n & 1 and worn.city.span(n, worn.playback.rank, worn.drawn) is not None)
    worn.choose(node)
    inspector = worn.panels.inspector
    hung = worn._headset
    until(lambda: worn.frame() and not inspector.stale and len(hung.hung) == 3, "its panel hangs there")
    told = picture(worn, "inspector")
    assert told.std() > 10
    head = worn.playback.rank
    click(worn, person, inspector, button(inspector, inspector.areas[-1].row.text))
    until(lambda: worn.frame() and worn.playback.rank < head, "it leads there")
    worn.press(("scrub",), 1.0)
    person.right.flags.add("b")
    do(worn, person, "closed", lambda: not worn.panels.menu.shown)
    person.right.flags.discard("b")
    person.send()
    run(worn, 2)
    assert worn._headset.hung == [] and worn._panel is None
