"""Questions that are asked in a process of their own: a driver that crashes or hangs there is an answer.

``python -m xrserver.doctor.child NAME`` prints what was found as JSON, or an error in the same form.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import xrserver

#: Extensions that xrserver uses where they are there, in the order of how much they give.
EXTENSIONS = (
    "XR_EXT_hand_tracking", "XR_EXT_hand_interaction", "XR_EXT_eye_gaze_interaction", "XR_EXT_user_presence",
    "XR_FB_display_refresh_rate", "XR_KHR_visibility_mask", "XR_KHR_composition_layer_depth",
    "XR_VARJO_quad_views")


class NoAnswer(Exception):
    """The child crashed, hung or failed; the message says which."""


def ask(name: str, seconds: float) -> dict[str, Any]:
    """Return what the question `name` finds in a child process.

    Raises
    ------
    NoAnswer
        It crashed, failed, or took longer than `seconds`.
    """
    command = [sys.executable, "-m", "xrserver.doctor.child", name]
    # The same xrserver, and nothing that lies in the current directory.
    paths = [str(Path(xrserver.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONSAFEPATH": "1"}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds,
            check=False, creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0)
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"gave no answer within {seconds:.0f} seconds") from None
    except OSError as error:
        raise NoAnswer(f"could not be asked: {error.strerror or error}") from None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    try:
        answer = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise NoAnswer(_ending(done.returncode)) from None
    if "error" in answer:
        raise NoAnswer(answer["error"])
    return answer


def _ending(code: int) -> str:
    import signal

    with contextlib.suppress(ValueError):
        return f"crashed ({signal.Signals(-code).name})"
    return f"crashed (exit code {code & 0xFFFFFFFF:#x})" if sys.platform == "win32" else f"ended with {code}"


# --- in the child ------------------------------------------------------------------------------------------


def _packages() -> dict[str, Any]:
    """Versions of what reading history and serving need, imported for real, and the kernels' state."""
    import numba
    import numpy

    from xrserver.history.repository import library_versions
    from xrserver.kernels.state import compiled

    found = {"NumPy": numpy.__version__, "Numba": numba.__version__, **library_versions()}
    for name in ("aiohttp", "cryptography", "msgpack"):
        importlib.import_module(name)
        found[name] = metadata.version(name)
    ready, total = compiled()
    return {"versions": found, "kernels": {"compiled": ready, "of": total}}


def _pictures() -> dict[str, Any]:
    """OpenGL without a window."""
    from xrserver.native.offscreen import create_context

    context = create_context()
    info = context.info
    return {"renderer": info["GL_RENDERER"], "version": info["GL_VERSION"], "vendor": info["GL_VENDOR"],
            "code": context.version_code, "texture": info["GL_MAX_TEXTURE_SIZE"]}


def _window() -> dict[str, Any]:
    """OpenGL 3.3 in a window, which is not shown."""
    import warnings

    import glfw
    import moderngl

    warnings.simplefilter("ignore")
    reasons: list[str] = []
    glfw.set_error_callback(lambda code, text: reasons.append(_text(text)))
    if not glfw.init():
        return {"why": reasons[-1] if reasons else "there is no display"}
    for hint, value in ((glfw.VISIBLE, False), (glfw.CONTEXT_VERSION_MAJOR, 3),
                        (glfw.CONTEXT_VERSION_MINOR, 3), (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE),
                        (glfw.OPENGL_FORWARD_COMPAT, True)):
        glfw.window_hint(hint, value)
    window = glfw.create_window(64, 64, "", None, None)
    if not window:
        return {"why": reasons[-1] if reasons else "no window could be made"}
    glfw.make_context_current(window)
    info = moderngl.create_context(require=330).info
    mode = glfw.get_video_mode(glfw.get_primary_monitor())
    return {"renderer": info["GL_RENDERER"], "version": info["GL_VERSION"],
            "display": f"{mode.size.width} × {mode.size.height}, {mode.refresh_rate} Hz" if mode else ""}


def _openxr() -> dict[str, Any]:
    """The OpenXR runtime and its extensions; nothing is started."""
    import xr

    try:
        offered = xr.enumerate_instance_extension_properties()
    except xr.exception.RuntimeUnavailableError:
        return {"why": "no runtime is installed"}
    return {"extensions": sorted(_text(each.extension_name) for each in offered)}


def _text(given: Any) -> str:
    """Return what a binding gives as text or as bytes, by its version."""
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)


_QUESTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "packages": _packages, "pictures": _pictures, "window": _window, "openxr": _openxr}


def main() -> None:
    """Answer the question named on the command line."""
    try:
        answer = _QUESTIONS[sys.argv[1]]()
    except BaseException as error:
        lines = str(error).strip().splitlines()
        answer = {"error": f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)  # a driver that crashes while it is unloaded has answered before


if __name__ == "__main__":
    main()
