"""How `xrserver vr` ends, or goes on, where something that it needs is not there: in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import until

from xrserver.native.client import Back, Lost

LAYER = Path("/source/tests/openxr/layer")


def vr(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xrserver", "vr", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **environment})


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A runtime that lacks an extension: its manifest."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run(["tcc", "-shared", "-o", folder / "libbare.so", LAYER / "bare.c", "-ldl"], check=True)
    manifest = folder / "bare.json"
    manifest.write_text(json.dumps({"file_format_version": "1.0.0", "runtime": {
        "name": "Bare", "library_path": str(folder / "libbare.so")}}))
    return str(manifest)


def test_a_runtime_that_takes_no_opengl_is_told_of_in_a_sentence_and_ends_with_3(monado, url, bare):
    done = vr(url, XR_RUNTIME_JSON=bare, XRSERVER_HIDDEN="XR_KHR_opengl_enable")
    assert done.returncode == 3 and done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert "XR_KHR_opengl_enable" in line and "SteamVR or Monado" in line


def test_without_a_display_and_egl_a_sentence_says_so_and_ends_with_4(monado, url, bare):
    done = vr(url, XR_RUNTIME_JSON=bare, XRSERVER_HIDDEN="XR_MNDX_egl_enable", DISPLAY="")
    assert done.returncode == 4 and done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert "no X display" in line and "desktop session" in line


def test_a_runtime_that_lacks_what_is_not_required_shows_the_city_all_the_same(monado, url, bare):
    # Without hands it goes on; a server that nobody reaches ends it before anything is shown.
    done = vr("http://127.0.0.1:9/", XR_RUNTIME_JSON=bare, XRSERVER_HIDDEN="XR_EXT_hand_tracking")
    assert done.returncode == 1, done.stderr
    assert "Remote HMD by Monado" in done.stdout
    # Monado logs there as well.
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("xrserver: ")]
    assert "127.0.0.1:9" in line and "Traceback" not in done.stderr


def test_a_server_that_is_gone_is_said_in_the_view_and_once_in_the_terminal(worn, remote):
    until(lambda: worn.frame() and worn.drawn and worn.moving._entered, "the city is there")
    said = []
    worn.say = said.append
    text = "The server closed the connection: code 1006. Trying again until the server is back."
    drawn = worn.drawn
    worn._take(Lost(text))
    until(lambda: worn.frame() and worn.panels.notice.shown, "it is said")
    for _ in range(20):
        assert worn.frame()
    assert [row.text for row in worn.panels.notice.rows] == [text] and worn.drawn == drawn
    assert len(worn._headset.hung) >= 1
    worn._take(Back())
    until(lambda: worn.frame() and not worn.panels.notice.shown, "it is back")
    assert said == [text, "The server is back."]
