"""Controllers, hands and eyes: one action set, suggested to every profile, read once a frame."""

from __future__ import annotations

import ctypes
from typing import Any

from xrserver.input.profiles import FINGERS, HANDS, TRACKPADS, profiles
from xrserver.native.hands import Seen, pointing
from xrserver.native.openxr.api import raw, xr
from xrserver.native.openxr.joints import Joints
from xrserver.native.openxr.runtime import Runtime, check, name
from xrserver.native.openxr.session import Session
from xrserver.spaces import Pose

_Type = xr.ActionType
#: Part → type, and what systems that let people rebind call it.
_PARTS = {
    "aim": (_Type.POSE_INPUT, "Point"), "grip": (_Type.POSE_INPUT, "Hold"),
    "select": (_Type.FLOAT_INPUT, "Select"), "squeeze": (_Type.FLOAT_INPUT, "Take hold of the world"),
    "stick": (_Type.VECTOR2F_INPUT, "Fly, turn, teleport"), "stick-press": (_Type.BOOLEAN_INPUT, "Bookmark"),
    "primary": (_Type.BOOLEAN_INPUT, "Play or pause"), "secondary": (_Type.BOOLEAN_INPUT, "Menu"),
    "menu": (_Type.BOOLEAN_INPUT, "Menu button"), "haptic": (_Type.VIBRATION_OUTPUT, "Haptics"),
}
_BUTTONS = ("stick-press", "primary", "secondary", "menu")
#: Pulses: seconds (0: the shortest there is) and strength.
PULSES = {"hover": (0.0, 0.25), "select": (0.02, 0.6), "snap": (0.01, 0.4), "tick": (0.0, 0.3)}


class Inputs:
    """What people have in hand, and where they look.

    Attributes
    ----------
    profiles : list of str
        The interaction profile of the left and the right hand; empty where there is none.
    """

    def __init__(self, runtime: Runtime, session: Session) -> None:
        self._runtime, self._session = runtime, session
        instance = runtime.instance
        self._set: Any = xr.create_action_set(instance, xr.ActionSetCreateInfo("city", "In the city", 0))
        self._hands = [runtime.path(f"/user/hand/{hand}") for hand in HANDS]
        self._actions = {part: self._action(part, kind, words, self._hands)
                         for part, (kind, words) in _PARTS.items()}
        self._gaze: Any = self._action("gaze", _Type.POSE_INPUT, "Look", []) if runtime.eyes_tracked else None
        self._suggest()
        xr.attach_session_action_sets(session.handle, xr.SessionActionSetsAttachInfo(action_sets=[self._set]))
        self._spaces = [[self._space(self._actions[part], hand) for part in ("aim", "grip")]
                        for hand in self._hands]
        self._gaze_space: Any = self._space(self._gaze, xr.NULL_PATH) if self._gaze is not None else None
        self._joints = Joints(runtime, session) if runtime.has("XR_EXT_hand_tracking") else None
        self.profiles = ["", ""]
        self._location = xr.SpaceLocation()
        self._active = (xr.ActiveActionSet * 1)(xr.ActiveActionSet(self._set, xr.NULL_PATH))
        self._sync = xr.ActionsSyncInfo(active_action_sets=self._active)
        self._infos = {(part, i): xr.ActionStateGetInfo(self._actions[part], hand)
                       for part in _PARTS for i, hand in enumerate(self._hands)}
        self._gaze_info: Any = xr.ActionStateGetInfo(self._gaze) if self._gaze is not None else None
        self._float, self._bool = xr.ActionStateFloat(), xr.ActionStateBoolean()
        self._vector, self._pose = xr.ActionStateVector2f(), xr.ActionStatePose()

    def _action(self, part: str, kind: Any, words: str, hands: list[Any]) -> Any:
        return xr.create_action(self._set, xr.ActionCreateInfo(
            action_name=part.replace("-", "_"), action_type=kind, subaction_paths=hands,
            localized_action_name=words))

    def _space(self, action: Any, hand: Any) -> Any:
        return xr.create_action_space(self._session.handle, xr.ActionSpaceCreateInfo(action, hand))

    def _suggest(self) -> None:
        for profile in profiles():
            if profile.extension and profile.extension not in self._runtime.extensions:
                continue
            actions = {**self._actions, **({"gaze": self._gaze} if self._gaze is not None else {})}
            bindings = [xr.ActionSuggestedBinding(actions[part], self._runtime.path(component))
                        for part, component in profile.parts if part in actions]
            if bindings:
                xr.suggest_interaction_profile_bindings(
                    self._runtime.instance, xr.InteractionProfileSuggestedBinding(
                        interaction_profile=self._runtime.path(profile.path), suggested_bindings=bindings))

    def look_up(self) -> None:
        """Ask which devices are in hand, after the runtime said that this changed."""
        for i, hand in enumerate(self._hands):
            state: Any = xr.get_current_interaction_profile(self._session.handle, hand)
            path = state.interaction_profile
            self.profiles[i] = name(xr.path_to_string(self._runtime.instance, path)) if path else ""

    def read(self, head: Pose) -> tuple[Seen, Seen, Pose | None]:
        """Return the hands in this frame, and where the eyes look."""
        check(raw.xrSyncActions(self._session.handle, ctypes.byref(self._sync)))
        return self._hand(0, head), self._hand(1, head), self._look()

    def _hand(self, i: int, head: Pose) -> Seen:
        joints = self._joints.read(i) if self._joints is not None else []
        profile = self.profiles[i]
        if not profile:
            if not joints:
                return Seen()
            return Seen("fingers", pointing(joints, head, HANDS[i]), None, None, joints=joints)
        aim, grip = (self._session.locate(space, self._location) for space in self._spaces[i])
        if profile == FINGERS:
            aim = aim or (pointing(joints, head, HANDS[i]) if joints else None)
            return Seen("fingers", aim, grip, self._value("select", i), joints=joints)
        press, primary, secondary, menu = (self._pressed(part, i) for part in _BUTTONS)
        stick = self._stick(i)
        if profile == TRACKPADS:
            # A thumb rests on a trackpad: it counts as a stick only while it presses, and as no button.
            stick, press = stick if press else (0.0, 0.0), False
        select, squeeze = (self._value(part, i) or 0.0 for part in ("select", "squeeze"))
        return Seen("controller", aim, grip, select, squeeze, stick, press, primary, secondary, menu, joints)

    def _value(self, part: str, i: int) -> float | None:
        """Return how far something is pressed; None where the device cannot say."""
        state = self._float
        check(raw.xrGetActionStateFloat(
            self._session.handle, ctypes.byref(self._infos[part, i]), ctypes.byref(state)))
        return float(state.current_state) if state.is_active else None

    def _pressed(self, part: str, i: int) -> bool:
        state = self._bool
        check(raw.xrGetActionStateBoolean(
            self._session.handle, ctypes.byref(self._infos[part, i]), ctypes.byref(state)))
        return bool(state.is_active and state.current_state)

    def _stick(self, i: int) -> tuple[float, float]:
        state = self._vector
        check(raw.xrGetActionStateVector2f(
            self._session.handle, ctypes.byref(self._infos["stick", i]), ctypes.byref(state)))
        return (float(state.current_state.x), float(state.current_state.y)) if state.is_active else (0.0, 0.0)

    def _look(self) -> Pose | None:
        if self._gaze is None:
            return None
        check(raw.xrGetActionStatePose(
            self._session.handle, ctypes.byref(self._gaze_info), ctypes.byref(self._pose)))
        return self._session.locate(self._gaze_space, self._location) if self._pose.is_active else None

    def pulse(self, side: str, kind: str) -> None:
        """Let a hand feel something: one of `PULSES`."""
        seconds, strength = PULSES[kind]
        duration = int(seconds * 1e9) if seconds else xr.MIN_HAPTIC_DURATION
        hand = self._hands[HANDS.index(side)]
        xr.apply_haptic_feedback(
            self._session.handle, xr.HapticActionInfo(self._actions["haptic"], hand),
            xr.HapticVibration(duration=duration, frequency=0.0, amplitude=strength))
