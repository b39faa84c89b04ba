"""A session in a headset: its states from IDLE to EXITING, its frames, and what happens meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Any

import moderngl

from xrserver.native.openxr.api import raw, xr
from xrserver.native.openxr.binding import Surface
from xrserver.native.openxr.runtime import Runtime, check
from xrserver.native.openxr.views import KNOWN, Views, pose_of
from xrserver.spaces import Pose

_Kind = xr.StructureType
_State = xr.SessionState
#: Where the runtime knows no floor: eyes of somebody who stands are so far above it, metres.
_EYES = 1.6
_EVENT_UNAVAILABLE = int(xr.Result.EVENT_UNAVAILABLE)
#: What is seen through where nothing is drawn, the best first.
_THROUGH = (xr.EnvironmentBlendMode.ALPHA_BLEND, xr.EnvironmentBlendMode.ADDITIVE)
_OPAQUE = xr.EnvironmentBlendMode.OPAQUE


class Session:
    """A session of a runtime, drawn into from a surface.

    Attributes
    ----------
    state : xr.SessionState
    running : bool
        Frames may be asked for.
    lost : bool
        The runtime is going, or has gone: nothing more can be done with this session.
    present : bool
        Somebody wears the headset, as far as is known.
    shifted : bool
        The room's origin moved (somebody recentred); whoever acts on it clears it.
    passthrough : bool
        Show the room behind what is drawn; only where `sees_through`.
    missed : int
        Frames that came too late to be shown.
    time : int
        When what is drawn now will be seen; the runtime's nanoseconds.
    """

    def __init__(self, runtime: Runtime, surface: Surface, samples: int) -> None:
        self.runtime = runtime
        self._context: moderngl.Context = surface.context
        self._require_opengl()
        self.handle: Any = xr.create_session(runtime.instance, xr.SessionCreateInfo(
            system_id=runtime.system, next=ctypes.cast(ctypes.pointer(surface.binding), ctypes.c_void_p)))
        self.state: Any = _State.UNKNOWN
        self.running = self.lost = self.ended = self.shifted = self.passthrough = False
        self.present = True
        self.missed = 0
        self.space: Any = self._room()
        self.view_space: Any = xr.create_reference_space(self.handle, xr.ReferenceSpaceCreateInfo(
            reference_space_type=xr.ReferenceSpaceType.VIEW))
        self.views = Views(runtime, self.handle, self._context, self.space, samples)
        modes: Any = xr.enumerate_environment_blend_modes(
            runtime.instance, runtime.system, self.views.configuration)
        offered = [int(mode) for mode in modes]
        self._through: Any = next((mode for mode in _THROUGH if int(mode) in offered), None)
        self._opaque: Any = _OPAQUE if int(_OPAQUE) in offered else self._through
        self.refresh = self._refresh_rate()
        self.time = 0
        self._period = 0
        self._frame = xr.FrameState()
        self._event = xr.EventDataBuffer()
        self._end = xr.FrameEndInfo(environment_blend_mode=self._opaque)
        self._header: Any = ctypes.POINTER(xr.CompositionLayerBaseHeader)
        self._layers = (self._header * 16)()
        self._head = xr.SpaceLocation()

    # --- making -------------------------------------------------------------------------------

    def _require_opengl(self) -> None:
        """Ask which versions the runtime takes, as it wants to be asked before a session is made."""
        requirements = xr.GraphicsRequirementsOpenGLKHR()
        ask = self.runtime.function("xrGetOpenGLGraphicsRequirementsKHR",
                                    xr.PFN_xrGetOpenGLGraphicsRequirementsKHR)
        check(ask(self.runtime.instance, self.runtime.system, ctypes.byref(requirements)))

    def _room(self) -> Any:
        """Return the space whose floor is at y = 0 and whose origin is where the person began."""
        kinds = {int(kind) for kind in xr.enumerate_reference_spaces(self.handle)}
        kind, height = xr.ReferenceSpaceType.LOCAL, -_EYES
        for floor in (xr.ReferenceSpaceType.LOCAL_FLOOR, xr.ReferenceSpaceType.STAGE):
            if int(floor) in kinds:
                kind, height = floor, 0.0
                break
        pose = xr.Posef(xr.Quaternionf(0, 0, 0, 1), xr.Vector3f(0, height, 0))
        return xr.create_reference_space(self.handle, xr.ReferenceSpaceCreateInfo(
            reference_space_type=kind, pose_in_reference_space=pose))

    def _refresh_rate(self) -> float:
        """Ask for the highest refresh rate; return it, 0 where the runtime does not say."""
        if not self.runtime.has("XR_FB_display_refresh_rate"):
            return 0.0
        runtime, count = self.runtime, ctypes.c_uint32()
        rates = runtime.function("xrEnumerateDisplayRefreshRatesFB", xr.PFN_xrEnumerateDisplayRefreshRatesFB)
        check(rates(self.handle, 0, ctypes.byref(count), None))
        found = (ctypes.c_float * max(count.value, 1))()
        check(rates(self.handle, count.value, ctypes.byref(count), found))
        if not count.value:
            return 0.0
        highest = max(found[:count.value])
        check(runtime.function("xrRequestDisplayRefreshRateFB", xr.PFN_xrRequestDisplayRefreshRateFB)(
            self.handle, highest))
        return float(highest)

    # --- what happens -------------------------------------------------------------------------

    def poll(self) -> list[str]:
        """Take up what happened since the last call; return what others have to act on.

        These are ``profile`` (another device is in hand) and ``state``.
        """
        happened: list[str] = []
        while not self.lost:
            self._event._type, self._event._next = _Kind.EVENT_DATA_BUFFER.value, None
            if check(raw.xrPollEvent(self.runtime.instance, ctypes.byref(self._event))) == (
                    _EVENT_UNAVAILABLE):
                break
            kind = int(self._event._type)
            if kind == _Kind.EVENT_DATA_SESSION_STATE_CHANGED:
                self._change(self._as(xr.EventDataSessionStateChanged))
                happened.append("state")
            elif kind == _Kind.EVENT_DATA_INSTANCE_LOSS_PENDING:
                self.lost = True
            elif kind == _Kind.EVENT_DATA_USER_PRESENCE_CHANGED_EXT:
                self.present = bool(self._as(xr.EventDataUserPresenceChangedEXT).is_user_present)
            elif kind == _Kind.EVENT_DATA_REFERENCE_SPACE_CHANGE_PENDING:
                self.shifted = True
            elif kind == _Kind.EVENT_DATA_VISIBILITY_MASK_CHANGED_KHR:
                self.views.load_mask()
            elif kind == _Kind.EVENT_DATA_DISPLAY_REFRESH_RATE_CHANGED_FB:
                rates = self._as(xr.EventDataDisplayRefreshRateChangedFB)
                self.refresh = float(rates.to_display_refresh_rate)
            elif kind == _Kind.EVENT_DATA_INTERACTION_PROFILE_CHANGED:
                happened.append("profile")
        return happened

    def _as(self, kind: Any) -> Any:
        return ctypes.cast(ctypes.byref(self._event), ctypes.POINTER(kind)).contents

    def _change(self, event: Any) -> None:
        self.state = _State(int(event._state))
        if self.state == _State.READY:
            xr.begin_session(self.handle, xr.SessionBeginInfo(self.views.configuration))
            self.running, self._period = True, 0
        elif self.state == _State.STOPPING:
            self.running = False
            xr.end_session(self.handle)
        elif self.state == _State.LOSS_PENDING:
            self.running, self.lost = False, True
        elif self.state == _State.EXITING:
            self.running, self.ended = False, True

    @property
    def focused(self) -> bool:
        """Whether hands are ours: no other application, and no system menu, has them."""
        return self.state == _State.FOCUSED

    @property
    def visible(self) -> bool:
        """Whether what is drawn is seen."""
        return self.state in (_State.VISIBLE, _State.FOCUSED)

    @property
    def sees_through(self) -> bool:
        """Whether the room can be shown behind what is drawn."""
        return self._through is not None

    @property
    def shadows(self) -> bool:
        """Whether black can be shown over passthrough: not where light is only added."""
        return self._through == xr.EnvironmentBlendMode.ALPHA_BLEND

    def leave(self) -> None:
        """Ask the runtime to end the session; it goes on until that has come about."""
        if self.running and not self.lost:
            xr.request_exit_session(self.handle)

    # --- frames -------------------------------------------------------------------------------

    def begin(self) -> tuple[float, bool]:
        """Wait for the next frame.

        Returns
        -------
        seconds : float
            Between when this frame will be seen and the one before was; 0 for the first.
        seen : bool
            It will be seen, and is to be drawn.
        """
        frame = self._frame
        check(raw.xrWaitFrame(self.handle, None, ctypes.byref(frame)))
        check(raw.xrBeginFrame(self.handle, None))
        before, self.time = self.time, int(frame.predicted_display_time)
        elapsed = self.time - before if self._period else 0
        self._period = int(frame.predicted_display_period)
        if elapsed and self.visible and self._period:
            self.missed += max(0, round(elapsed / self._period) - 1)
        return elapsed * 1e-9, bool(frame.should_render)

    def end(self, layers: list[Any]) -> None:
        """Hand the frame to the runtime: these layers, the farthest first."""
        mode: Any = self._through if self.passthrough and self._through is not None else self._opaque
        for i, layer in enumerate(layers):
            self._layers[i] = ctypes.cast(ctypes.pointer(layer), self._header)
        end = self._end
        end.display_time, end.layer_count = self.time, len(layers)
        end._environment_blend_mode = int(mode)
        end._layers = ctypes.cast(self._layers, ctypes.POINTER(self._header)) if layers else None
        check(raw.xrEndFrame(self.handle, ctypes.byref(end)))

    def locate(self, space: Any, location: Any) -> Pose | None:
        """Return where a space will be when this frame is seen; None where it is not known."""
        check(raw.xrLocateSpace(space, self.space, self.time, ctypes.byref(location)))
        return pose_of(location.pose) if int(location._location_flags) & KNOWN == KNOWN else None

    def head(self) -> Pose | None:
        """Return the middle between the eyes when this frame is seen; None where it is not known."""
        return self.locate(self.view_space, self._head)

    def close(self) -> None:
        """Give everything back, whether or not the runtime is still there."""
        self.views.close()
        with contextlib.suppress(xr.exception.XrException):  # it has gone with the runtime
            xr.destroy_session(self.handle)
