"""Bare hands: joints that our API layer injects, and what their gestures do."""

from __future__ import annotations

import math

import pytest
from check_hands import building, run
from check_person import person, worn  # noqa: F401  (fixtures)
from conftest import until
from person import fingers

from xrserver import spaces
from xrserver.navigation.selection import NOTHING

DOWN = (0.0, 0.0, 0.0, 1.0)
#: At rest: low, palms down, fingers ahead.
REST = {"left": (-0.25, 0.9, -0.2), "right": (0.25, 0.9, -0.2)}


def rest(side: str):
    return fingers(side, REST[side])


@pytest.fixture
def hands(worn, person, remote):  # noqa: F811
    """Somebody with bare hands before a model of the city."""
    person.hold(rest("left"), rest("right"))
    until(lambda: worn.frame() and all(hand.kind == "fingers" for hand in worn.hands), "fingers are seen")
    worn.moving.recentre()
    until(lambda: worn.frame() and worn.moving._passage._glided < 0 and worn.moving.still, "it rests")
    yield worn
    person.hold()
    until(lambda: worn.frame() and all(hand.kind == "controller" for hand in worn.hands), "controllers again")


def do(worn, person, what, done, left=None, right=None) -> None:  # noqa: F811
    """Hold hands so, and run frames until it shows."""
    person.hold(left or rest("left"), right or rest("right"))
    until(lambda: worn.frame() and done(), what)


def test_fingers_are_seen_and_drawn_where_they_are(hands, person):  # noqa: F811
    run(hands, 2)
    for hand, side in zip(hands.hands, ("left", "right"), strict=True):
        assert hand.tracked and hand.joints == [pytest.approx(joint, abs=1e-4) for joint in rest(side)]
        assert not hand.select.pressed
    assert hands._strokes.count > 40


def test_a_pinch_on_nothing_takes_hold_of_the_world_and_carries_it(hands, person):  # noqa: F811
    up = spaces.about((1.0, 0.0, 0.0), 1.2)  # it points at the sky
    at, right = (0.25, 1.2, -0.3), hands.hands[1]
    do(hands, person, "it points up", lambda: right.aim.position[1] > 1.1, right=fingers("right", at, up))
    before = hands.journey.pose.position
    do(hands, person, "the world is held", lambda: right.owner == "world",
       right=fingers("right", at, up, pinch=1.0))  # fmt: skip
    run(hands, 3)
    held = right.anchor
    moved = spaces.add(at, (0.12, 0.05, 0.0))
    do(hands, person, "it has moved", lambda: right.anchor[0] > held[0] + 0.119,
       right=fingers("right", moved, up, pinch=1.0))  # fmt: skip
    went = spaces.subtract(hands.journey.pose.position, before)
    assert went == pytest.approx((0.12, 0.05, 0.0), abs=2e-3)
    do(hands, person, "let go", lambda: right.owner == "", right=fingers("right", moved, up))
    hands.moving.undo()
    until(lambda: hands.frame() and hands.journey.pose.position == pytest.approx(before), "undone")


def test_a_pinch_on_a_thing_chooses_it(hands, person):  # noqa: F811
    hands.choose(NOTHING)
    right = hands.hands[1]
    _, top = building(hands)
    wanted = spaces.apply(hands.journey.pose, tuple(float(x) for x in top))
    # The ray leaves the index finger's knuckle away from the shoulder: the hand goes where that meets it.
    wrist = REST["right"]
    for _ in range(30):
        person.hold(rest("left"), fingers("right", wrist))
        run(hands, 3)
        ray = spaces.rotate(right.aim.orientation, (0.0, 0.0, -1.0))
        to = spaces.subtract(wanted, right.aim.position)
        off = spaces.subtract(spaces.scaled(to, 1.0 / spaces.length(to)), ray)
        if spaces.length(off) < 0.004:
            break
        wrist = spaces.add(wrist, spaces.scaled(off, 0.35))
    until(lambda: hands.frame() and hands.selection.hovered > 1, "it is hovered")
    hovered = hands.selection.hovered
    do(hands, person, "pinched", lambda: right.owner == "thing", right=fingers("right", wrist, pinch=1.0))
    do(hands, person, "chosen", lambda: hands.selection.selected == hovered, right=fingers("right", wrist))
    hands.choose(NOTHING)


def test_a_palm_that_is_held_up_opens_the_menu_and_again_closes_it(hands, person):  # noqa: F811
    turned = spaces.about((0.0, 0.0, 1.0), math.pi)
    for shown in (True, False):
        do(hands, person, "the menu", lambda shown=shown: hands.panels.menu.shown == shown,
           right=fingers("right", (0.2, 1.2, -0.35), turned))  # fmt: skip
        do(hands, person, "lowered", lambda: hands._lifted._up == 0.0 and not hands._lifted._spent)


def test_a_wrist_that_is_turned_to_the_face_wears_time_which_the_other_hand_pulls(hands, person, remote):  # noqa: F811
    remote.head_orientation = spaces.about((1.0, 0.0, 0.0), -0.5)
    remote.send()
    head, wrist = (0.0, 1.6, 0.0), (-0.08, 1.42, -0.36)
    # From palm down to palm towards the face.
    to = spaces.subtract(head, wrist)
    turn = spaces.multiply(spaces.look_at(head, wrist), spaces.about((1.0, 0.0, 0.0), math.pi / 2))
    inside = spaces.rotate(turn, (0.0, -1.0, 0.0))
    if spaces.dot(inside, to) < 0:
        turn = spaces.multiply(turn, spaces.about((0.0, 0.0, 1.0), math.pi))
    board = hands.panels.wrist
    worn_so = fingers("left", wrist, turn)
    seen = hands._headset
    do(hands, person, "time is worn", lambda: board.shown and board.areas and seen.hung, left=worn_so)
    assert spaces.length(spaces.subtract(board.pose.position, wrist)) == pytest.approx(0.06, abs=0.01)
    assert board in hands.panels.boards and len(hands._headset.hung) == 1
    area = next(area.box for area in board.areas if area.row.kind == "track")
    before = hands.playback.rank
    hands.press(("scrub",), 0.25)
    assert hands.playback.rank < before and area[2] > 300
    hands.press(("scrub",), 1.0)
    do(hands, person, "lowered", lambda: not board.shown)


def test_a_tap_on_the_other_wrist_plays_and_pauses(hands, person):  # noqa: F811
    wrist = REST["left"]
    do(hands, person, "apart", lambda: not hands._tap._tapped)
    near = spaces.subtract(wrist, (-0.025, 0.0, -0.17))
    for playing in (True, False):
        do(hands, person, "tapped", lambda playing=playing: hands.playback.playing == playing,
           right=fingers("right", near))  # fmt: skip
        do(hands, person, "away", lambda: not hands._tap._tapped)


def test_hands_lost_from_sight_let_go_after_a_while(hands, person):  # noqa: F811
    right = hands.hands[1]
    up = spaces.about((1.0, 0.0, 0.0), 1.2)
    do(hands, person, "held", lambda: right.owner == "world",
       right=fingers("right", (0.25, 1.2, -0.3), up, pinch=1.0))  # fmt: skip
    person.hold(rest("left"), None)
    until(lambda: hands.frame() and not right.tracked, "lost")
    assert right.owner == "world"  # for a moment
    until(lambda: hands.frame() and right.kind == "absent", "given up")
    until(lambda: hands.frame() and right.owner == "", "let go")
