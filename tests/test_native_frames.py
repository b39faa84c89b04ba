from __future__ import annotations

import gc
import sys

import pytest

from xrserver.native import frames


def test_while_frames_are_shown_nothing_is_collected_amid_one_and_threads_give_way_soon():
    before = sys.getswitchinterval()
    with pytest.raises(KeyboardInterrupt), frames.calm():
        assert not gc.isenabled() and gc.get_freeze_count() > 0
        assert sys.getswitchinterval() == pytest.approx(frames.GIVE_WAY_SECONDS) and before > 0.001
        raise KeyboardInterrupt
    assert gc.isenabled() and gc.get_freeze_count() == 0 and sys.getswitchinterval() == before
