"""Columns that become longer: what they held stays, for everybody who holds them."""

import numpy as np

from xrserver.room import Room


def test_a_column_that_becomes_longer_is_the_one_before_with_more_behind_it():
    room, chance = Room(), np.random.default_rng(7)
    column, wanted = np.arange(10, dtype=np.int32), list(range(10))
    for _ in range(300):
        more = chance.integers(0, 1000, chance.integers(0, 9))
        column, wanted = room.joined("column", column, more), [*wanted, *more.tolist()]
        assert column.dtype == np.int32
        assert column.tolist() == wanted


def test_what_two_have_put_behind_one_column_stays_apart():
    room = Room()
    column = room.joined("column", np.arange(3), np.arange(2))
    one = room.joined("column", column, np.array([7]))
    other = room.joined("column", column, np.array([8, 9]))
    again = room.joined("column", other, np.array([10]))
    assert one.tolist() == [0, 1, 2, 0, 1, 7]
    assert other.tolist() == [0, 1, 2, 0, 1, 8, 9]
    assert again.tolist() == [0, 1, 2, 0, 1, 8, 9, 10]


def test_what_is_put_behind_a_column_moves_nothing_while_there_is_room():
    room = Room()
    column = room.joined("column", np.zeros((1_000, 20), np.uint8), np.ones((1, 20), np.uint8))
    longer = room.joined("column", column, np.ones((5, 20), np.uint8))
    assert np.shares_memory(column, longer)


def test_columns_by_other_names_are_others():
    room = Room()
    one = room.joined("one", np.arange(3), np.arange(1))
    other = room.joined("other", np.arange(2), np.arange(2))
    assert room.joined("one", one, np.array([5])).tolist() == [0, 1, 2, 0, 5]
    assert room.joined("other", other, np.array([6])).tolist() == [0, 1, 0, 1, 6]
