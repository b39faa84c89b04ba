"""The OpenXR runtime: whether there is one, what it offers, and the sentences where it does not."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable
from typing import Any

from xrserver.errors import NoRuntime
from xrserver.native.openxr.api import raw, xr

#: Without these nothing can be shown: any one of them binds OpenGL.
OPENGL, EGL = "XR_KHR_opengl_enable", "XR_MNDX_egl_enable"
#: Used where the runtime has them, never required.
OPTIONAL = (
    "XR_EXT_hand_tracking", "XR_EXT_hand_interaction", "XR_EXT_eye_gaze_interaction",
    "XR_EXT_user_presence", "XR_EXT_local_floor", "XR_FB_display_refresh_rate",
    "XR_KHR_visibility_mask", "XR_KHR_composition_layer_depth", "XR_VARJO_quad_views",
    "XR_VARJO_foveated_rendering",
)
#: What a lost runtime answers to every call.
GONE = (xr.exception.InstanceLostError, xr.exception.SessionLostError, xr.exception.RuntimeUnavailableError,
        xr.exception.RuntimeFailureError)

#: Newest version of OpenXR whose core this is written for; 1.0 runtimes know all of it.
_API = xr.Version(1, 0, 34)


def name(text: bytes | str) -> str:
    """Return a name that OpenXR gave as text."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def offered() -> frozenset[str]:
    """Return the extensions of the runtime on this computer.

    Raises
    ------
    NoRuntime
        None is installed, or it does not start.
    """
    try:
        found: Any = xr.enumerate_instance_extension_properties()
    except xr.exception.XrException as reason:
        raise NoRuntime(f"No OpenXR runtime answers on this computer ({_reason(reason)}). Install SteamVR or "
                        "Monado, or start the headset's own program, and choose it as the OpenXR runtime; "
                        "`xrserver doctor` shows which one is.") from None
    return frozenset(name(each.extension_name) for each in found)


class Runtime:
    """One connection to the runtime (its instance), and the headset it has found (its system).

    Parameters
    ----------
    extensions : frozenset of str
        What to switch on; all must be `offered`.

    Attributes
    ----------
    name : str
        The runtime's, with its version.
    headset : str
        The headset's.
    eyes_tracked, presence, foveated : bool
        The headset says where the eyes look, and whether it is worn; its quad views can follow the eyes.

    Raises
    ------
    NoRuntime
        The runtime does not start, or finds no headset.
    """

    def __init__(self, extensions: frozenset[str]) -> None:
        self.extensions = extensions
        info = xr.ApplicationInfo("xrserver", xr.Version(1), "xrserver", xr.Version(1), _API)
        try:
            self.instance: Any = xr.create_instance(xr.InstanceCreateInfo(
                application_info=info, enabled_extension_names=sorted(extensions)))
        except xr.exception.XrException as reason:
            raise NoRuntime(f"The OpenXR runtime does not start ({_reason(reason)}). Start SteamVR, Monado "
                            "or the headset's own program, and try again.") from None
        try:
            properties: Any = xr.get_instance_properties(self.instance)
            version = xr.Version(int(properties.runtime_version))
            self.name = f"{name(properties.runtime_name)} {version.major}.{version.minor}.{version.patch}"
            self.system: Any = xr.get_system(
                self.instance, xr.SystemGetInfo(xr.FormFactor.HEAD_MOUNTED_DISPLAY))
        except xr.exception.XrException as reason:
            self.close()
            raise NoRuntime(f"The OpenXR runtime finds no headset ({_reason(reason)}). Connect one, switch "
                            "it on, and try again.") from None
        self.headset, self.eyes_tracked, self.presence, self.foveated = self._system()

    def _system(self) -> tuple[str, bool, bool, bool]:
        """Return the headset's name, whether it tracks eyes, knows that it is worn, and follows eyes."""
        presence, eyes = xr.SystemUserPresencePropertiesEXT(), xr.SystemEyeGazeInteractionPropertiesEXT()
        follows = xr.SystemFoveatedRenderingPropertiesVARJO()
        chain: Any = None
        for extension, link in (("XR_EXT_user_presence", presence), ("XR_EXT_eye_gaze_interaction", eyes),
                                ("XR_VARJO_foveated_rendering", follows)):
            if extension in self.extensions:
                link.next = chain
                chain = ctypes.cast(ctypes.pointer(link), ctypes.c_void_p)
        properties = xr.SystemProperties()
        properties.next = chain
        # xr.get_system_properties takes no chain.
        check(raw.xrGetSystemProperties(self.instance, self.system, ctypes.byref(properties)))
        return (name(properties.system_name), bool(eyes.supports_eye_gaze_interaction),
                bool(presence.supports_user_presence), bool(follows.supports_foveated_rendering))

    def has(self, extension: str) -> bool:
        """Return whether an extension is on."""
        return extension in self.extensions

    def function(self, called: str, kind: Any) -> Callable[..., Any]:
        """Return a function of an extension, by its name and ctypes prototype."""
        return ctypes.cast(xr.get_instance_proc_addr(self.instance, called), kind)  # type: ignore[return-value]

    def path(self, text: str) -> Any:
        """Return the number of a path."""
        return xr.string_to_path(self.instance, text)

    def close(self) -> None:
        """End the connection; a runtime that has gone already is no error."""
        with contextlib.suppress(xr.exception.XrException):
            xr.destroy_instance(self.instance)


def check(result: int) -> int:
    """Return what a raw function returned; raise the exception of its name if that is an error."""
    if result < 0:
        raise xr.exception.check_result(xr.Result(result))
    return result


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
