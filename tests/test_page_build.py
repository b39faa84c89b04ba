"""The page gets into wheels by itself: from a source distribution, with no Node.js on the machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from served import git

ROOT = Path(__file__).resolve().parent.parent


def hook() -> ModuleType:
    """The build hook, which lies outside every package."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_page_is_current_until_something_it_is_made_of_is_newer(tmp_path: Path) -> None:
    build = hook()
    page = tmp_path / "webxr_client" / "dist" / "index.html"
    sources = [tmp_path / "webxr_client/src/main.ts", tmp_path / "shaders/nodes.glsl",
               tmp_path / "webxr_client/index.html", tmp_path / "xrserver/__init__.py"]
    for name in build.SOURCES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if "." not in Path(name).name:
            (tmp_path / name).mkdir(exist_ok=True)
    for source in (*sources, *(tmp_path / name for name in build.SOURCES if "." in Path(name).name)):
        source.write_text("made")
        os.utime(source, (1000, 1000))
    assert not build._is_current(tmp_path, page)
    page.parent.mkdir(parents=True)
    page.write_text("page")
    os.utime(page, (2000, 2000))
    assert build._is_current(tmp_path, page)
    for source in sources:
        os.utime(source, (3000, 3000))
        assert not build._is_current(tmp_path, page), source
        os.utime(source, (1000, 1000))


def test_the_lockfile_names_no_place_to_download_from() -> None:
    text = (ROOT / "webxr_client" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert len(re.findall(r'"integrity": "sha512-', text)) > 50


@pytest.mark.slow
def test_a_wheel_made_from_the_source_distribution_holds_the_page(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in git(ROOT, "ls-files", "-z").decode().split("\0")[:-1]:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    # A machine whose PATH leads to no Node.js: only what npm's scripts themselves call.
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "env", "uname", "dirname", "sed"):
        if found := shutil.which(tool):
            (tools / tool).symlink_to(found)
    path = str(tools) if os.name == "posix" else os.environ["PATH"]
    environment = {**os.environ, "PATH": path}

    def build(target: str, where: Path) -> Path:
        made = tmp_path / target
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(made)],
                       cwd=where, env=environment, check=True, capture_output=True)
        return next(made.iterdir())

    with tarfile.open(build("sdist", source)) as archive:
        names = archive.getnames()
        assert not [name for name in names if "node_modules" in name or "/dist/" in name]
        safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11.4
        archive.extractall(tmp_path / "unpacked", **safely)
    unpacked = next((tmp_path / "unpacked").iterdir())
    with zipfile.ZipFile(build("wheel", unpacked)) as wheel:
        held = set(wheel.namelist())
        page = wheel.read("xrserver/page/index.html").decode()
    linked = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert any(name.endswith(".js") for name in linked)
    assert {f"xrserver/page/{name}" for name in linked} <= held
    assert {"xrserver/page/fonts/inter-OFL.txt", "xrserver/page/fonts/jetbrains-mono-OFL.txt",
            "xrserver/page/models/LICENSE.md", "xrserver/page/models/generic-hand/left.glb",
            "xrserver/page/models/meta-quest-touch-plus/right.glb",
            "xrserver/page/models/oculus-touch-v3/right.glb",
            "xrserver/shaders/nodes.glsl", "xrserver/scenes/city.toml"} <= held
    # Nothing that the policy forbids: no script or style within the page itself.
    assert not re.search(r"<script>|<style|style=|\son\w+=", page)
