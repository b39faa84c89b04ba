"""What shows a repository on this machine: OpenGL with and without a window, and the OpenXR runtime."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from xrserver.doctor.child import EXTENSIONS, NoAnswer, ask
from xrserver.doctor.finding import Finding

_SECONDS = 12.0

#: Renderers that are programs and no graphics cards.
_SOFTWARE = re.compile("llvmpipe|softpipe|swiftshader|gdi generic|basic render", re.IGNORECASE)


def pictures() -> list[Finding]:
    """Make an OpenGL context without a window, as ``preview --screenshot`` does."""
    try:
        found = ask("pictures", _SECONDS)
    except NoAnswer as reason:
        return [Finding("OpenGL", "notice", f"no OpenGL 3.3 without a window: {reason}",
                        f"Only `xrserver preview --screenshot` needs it. {_driver()}")]
    software = bool(_SOFTWARE.search(found["renderer"]))
    told = f"{found['version'].split(' ')[0]} by {found['renderer']}"
    return [Finding("OpenGL", "notice" if software else "good",
                    told + (": drawn by the processor, which is slow" if software else ""),
                    "Only `xrserver preview` is slow by that: a headset's and any other browser draws for "
                    "itself. If there is a graphics card, install its driver." if software else "",
                    {**found, "software": software})]


def window() -> list[Finding]:
    """Make a window that is not shown, as ``preview`` does."""
    try:
        found = ask("window", _SECONDS)
    except NoAnswer as reason:
        return [Finding("window", "notice", f"no window with OpenGL 3.3: {reason}",
                        f"Only `xrserver preview` needs it. {_driver()}")]
    if why := found.get("why"):
        return [Finding("window", "notice", f"none can be opened here: {why}",
                        "`xrserver preview` needs a desktop; the page and --screenshot do not.", found)]
    shown = ", ".join(filter(None, (found["display"], found["renderer"])))
    return [Finding("window", "good", shown, "", found)]


def openxr() -> list[Finding]:
    """Look for an OpenXR runtime, and which of the extensions that matter it has; nothing is started."""
    manifest = active_runtime()
    name = runtime_name(manifest) if manifest else ""
    facts: dict[str, object] = {"manifest": str(manifest) if manifest else None, "name": name}
    try:
        found = ask("openxr", _SECONDS)
    except NoAnswer as reason:
        return [Finding("OpenXR", "notice", f"the runtime {name or manifest or 'here'}: {reason}",
                        "Start or repair it: SteamVR, Monado or the headset maker's own program.", facts)]
    if why := found.get("why"):
        where = f" (though {manifest} names one)" if manifest else ""
        return [Finding("OpenXR", "notice", f"{why}{where}", _runtime_remedy(), facts)]
    offered: list[str] = found["extensions"]
    usable = [each for each in EXTENSIONS if each in offered]
    short = ", ".join(each.split("_", 2)[2].replace("_", " ") for each in usable)
    facts |= {"extensions": offered, "used": usable, "absent": [e for e in EXTENSIONS if e not in offered]}
    return [Finding("OpenXR", "good", f"{name or 'a runtime'}, {len(offered)} extensions"
                    + (f", among them {short}" if short else ""), "", facts)]


def active_runtime() -> Path | None:
    """Return the manifest of the OpenXR runtime that programs of this user get."""
    if chosen := os.environ.get("XR_RUNTIME_JSON"):
        return Path(chosen)
    if sys.platform == "win32":
        return _registered()
    homes = [os.environ.get("XDG_CONFIG_HOME") or str(Path(os.environ.get("HOME", "/")) / ".config"),
             *os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"), "/usr/local/etc", "/etc",
             "/usr/local/share", "/usr/share"]
    files = (Path(home, "openxr", "1", "active_runtime.json") for home in homes if home)
    return next((file for file in files if file.is_file()), None)


def _registered() -> Path | None:
    """Return what Windows' registry names."""
    if sys.platform != "win32":
        return None
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Khronos\OpenXR\1") as key:
            return Path(str(winreg.QueryValueEx(key, "ActiveRuntime")[0]))
    except OSError:
        return None


def runtime_name(manifest: Path) -> str:
    """Return what a runtime calls itself; '' when its manifest cannot be read."""
    try:
        runtime = json.loads(manifest.read_text(encoding="utf-8"))["runtime"]
        return str(runtime.get("name") or Path(runtime["library_path"]).stem)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _runtime_remedy() -> str:
    if sys.platform == "darwin":
        return "macOS has none; use the page in a headset's browser."
    if sys.platform == "win32":
        return ("For a headset on this computer, install SteamVR or its maker's own program, and choose it "
                "there as the OpenXR runtime.")
    return "For a headset on this computer, install SteamVR or Monado, and choose it as the OpenXR runtime."


def _driver() -> str:
    if sys.platform.startswith("linux"):
        return "Install the graphics driver, or Mesa (Debian, Ubuntu: libegl1 libegl-mesa0 libgl1-mesa-dri)."
    return "Install the graphics card's driver."
