"""Fingers that are seen: the joints of both hands, by XR_EXT_hand_tracking."""

from __future__ import annotations

import ctypes
from typing import Any

from xrserver.native.openxr.api import xr
from xrserver.native.openxr.runtime import Runtime, check
from xrserver.native.openxr.session import Session
from xrserver.native.openxr.views import KNOWN
from xrserver.spaces import Vector

_COUNT = 26


class Joints:
    """The joints of two hands."""

    def __init__(self, runtime: Runtime, session: Session) -> None:
        self._session = session
        self._locate = runtime.function("xrLocateHandJointsEXT", xr.PFN_xrLocateHandJointsEXT)
        self._trackers: list[Any] = []
        try:
            for hand in (xr.HandEXT.LEFT, xr.HandEXT.RIGHT):
                self._trackers.append(xr.create_hand_tracker_ext(session.handle, xr.HandTrackerCreateInfoEXT(
                    hand=hand, hand_joint_set=xr.HandJointSetEXT.DEFAULT)))
        except xr.exception.FeatureUnsupportedError:
            self._trackers.clear()  # the runtime knows of hands, this headset does not see them
        # pyopenxr's own call passes no joints to fill: made here, once.
        self._places = (xr.HandJointLocationEXT * _COUNT)()
        self._found = xr.HandJointLocationsEXT(joint_locations=self._places)
        self._info = xr.HandJointsLocateInfoEXT(base_space=session.space, time=0)

    def read(self, hand: int) -> list[Vector]:
        """Return where the joints of a hand (0 left, 1 right) are; none where they are not seen."""
        if not self._trackers:
            return []
        self._info.time = self._session.time
        check(self._locate(self._trackers[hand], ctypes.byref(self._info), ctypes.byref(self._found)))
        if not self._found.is_active:
            return []
        found: list[Vector] = []
        for place in self._places:
            if int(place._location_flags) & KNOWN != KNOWN:
                return []
            p = place.pose.position
            found.append((p.x, p.y, p.z))
        return found
