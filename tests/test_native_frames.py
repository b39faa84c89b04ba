from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from xrserver.native import frames


@pytest.fixture
def interval() -> Iterator[float]:
    """Python's own switch interval, whatever ran in this process before."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield sys.getswitchinterval()
    sys.setswitchinterval(before)


def test_while_frames_are_shown_nothing_is_collected_amid_one_and_threads_give_way_soon(interval: float):
    with pytest.raises(KeyboardInterrupt), frames.calm():
        assert not gc.isenabled() and gc.get_freeze_count() > 0
        assert sys.getswitchinterval() == pytest.approx(frames.GIVE_WAY_SECONDS) and interval > 0.001
        raise KeyboardInterrupt
    assert gc.isenabled() and gc.get_freeze_count() == 0 and sys.getswitchinterval() == interval
