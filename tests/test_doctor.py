"""`xrserver doctor` on machines that lack this and that: a line each, and never a traceback."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from android import Android, adb_server, needs_adb, plugged_in
from served import served, tell

from xrserver import resources
from xrserver.config import Config
from xrserver.doctor import child, graphics, network, reading, report
from xrserver.doctor.child import NoAnswer, ask
from xrserver.doctor.examine import examine, probes
from xrserver.doctor.finding import Finding
from xrserver.server import addresses
from xrserver.server.addresses import Address
from xrserver.server.lan import Lan
from xrserver.terminal import Terminal

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 120
TOPICS = {"git", "packages", "kernels", "files", "cache", "network", "port", "firewall", "certificate",
          "devices", "adb", "OpenGL", "window", "OpenXR"}


def doctor(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XRSERVER_")}
    return subprocess.run([sys.executable, "-m", "xrserver", "doctor", *arguments], timeout=SECONDS,
                          env={**kept, "PYTHONPATH": str(ROOT), **environ}, capture_output=True, text=True,
                          encoding="utf-8")


def states(result: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert result.stderr == "" and "Traceback" not in result.stdout
    findings = json.loads(result.stdout)["findings"]
    return {finding["topic"]: finding for finding in findings if finding["topic"]}


@pytest.fixture
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's config directory, which is not there yet."""
    for name in ("XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    return network.config_directory()


# --- as a person runs it --------------------------------------------------------------------------


def test_a_machine_with_what_is_needed_is_told_so_and_nothing_is_made(tmp_path: Path) -> None:
    places = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    result = doctor("--json", **places)
    found = states(result)
    assert result.returncode == 0 and set(found) == TOPICS
    assert all(finding["what"] for finding in found.values())
    assert found["packages"]["facts"]["Numba"] and found["git"]["facts"]["path"]
    assert json.loads(result.stdout)["missing"] == []
    assert not (tmp_path / "xrserver").exists()


def test_a_machine_without_git_adb_opengl_and_runtime_gets_lines_with_remedies(tmp_path: Path) -> None:
    result = doctor("--json", PATH=str(tmp_path), HOME=str(tmp_path), USERPROFILE=str(tmp_path),
                    XR_RUNTIME_JSON=str(tmp_path / "none.json"), DISPLAY="", WAYLAND_DISPLAY="",
                    __EGL_VENDOR_LIBRARY_DIRS=str(tmp_path), LIBGL_DRIVERS_PATH=str(tmp_path))
    found = states(result)
    assert result.returncode == 0
    for topic, words in {"git": "not found", "adb": "not installed", "OpenXR": "no runtime"}.items():
        assert words in found[topic]["what"] and found[topic]["remedy"], found[topic]
    if sys.platform.startswith("linux"):
        assert "no OpenGL 3.3" in found["OpenGL"]["what"] and "libegl" in found["OpenGL"]["remedy"]
        assert "none can be opened" in found["window"]["what"]


def test_a_package_that_cannot_be_imported_is_missing_and_the_exit_code_says_so(tmp_path: Path) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('libllvm.so: cannot open')")
    result = doctor(PYTHONPATH=os.pathsep.join((str(ROOT), str(tmp_path))))
    assert result.returncode == 1 and result.stderr == ""
    assert "libllvm.so: cannot open" in result.stdout and "pip install" in result.stdout
    assert result.stdout.rstrip().endswith("Nothing can be shown until this is mended: packages.")


def test_where_signs_cannot_be_shown_there_are_letters(tmp_path: Path) -> None:
    result = doctor(PYTHONIOENCODING="ascii:strict", PATH=str(tmp_path), PYTHONUTF8="0")
    assert result.returncode == 0 and result.stderr == ""
    lines = result.stdout.splitlines()
    for start in ("  ! git ", "  + files ", "                -> "):
        assert any(line.startswith(start) for line in lines), start


# --- whoever does not answer ----------------------------------------------------------------------


def test_a_probe_that_hangs_or_fails_is_a_line_and_the_others_answer() -> None:
    release = threading.Event()

    def hang() -> list[Finding]:
        release.wait(SECONDS)
        return []

    def fail() -> list[Finding]:
        raise ZeroDivisionError("oh\nno")

    found = examine({"one": {"slow": hang, "bad": fail},
                     "two": {"good": lambda: [Finding("good", "good", "yes")]}}, limit=0.2)
    release.set()
    told = {finding.topic: finding.what for findings in found.values() for finding in findings}
    assert "no answer within" in told["slow"] and told["good"] == "yes"
    assert "ZeroDivisionError, oh" in told["bad"] and "no" not in told["bad"].split("oh")[1]
    assert report.missing(found) == []


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are no programs there")
@pytest.mark.parametrize(("script", "words"), [
    ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ("import os; print('half an ans', flush=True); os.abort()", "SIGABRT"),
    ("import time; time.sleep(60)", "no answer within"), ("print('noise')", "ended with 0"),
    ("print('{\"error\": \"OSError: libGL\"}')", "OSError: libGL"), ("raise SystemExit(3)", "ended with 3")])
def test_a_driver_that_crashes_hangs_or_fails_is_an_answer(
        tmp_path: Path, script: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable} -I\n{script}")
    python.chmod(0o755)
    monkeypatch.setattr(child.sys, "executable", str(python))
    with pytest.raises(NoAnswer, match=words):
        ask("pictures", 1.0 if "sleep" in script else SECONDS)
    monkeypatch.setattr(graphics, "_SECONDS", 1.0 if "sleep" in script else SECONDS)
    (finding,) = graphics.pictures()
    assert finding.state == "notice" and words in finding.what and finding.remedy


def test_what_a_driver_writes_beside_the_answer_is_passed_over(tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("scripts are no programs there")
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable} -I\nprint('MESA: warning')\nprint('{{\"why\": \"no\"}}')")
    python.chmod(0o755)
    monkeypatch.setattr(child.sys, "executable", str(python))
    assert ask("window", SECONDS) == {"why": "no"}


# --- reading and serving --------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are no programs there")
@pytest.mark.parametrize(("script", "words"), [
    ("echo git version 2.17.1", "older"), ("exit 3", "does not run"),
    ("echo git version 2.50.0.windows.1", "2.50.0")])
def test_a_git_that_is_old_or_broken_is_told(tmp_path: Path, script: str, words: str,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (finding,) = reading.git()
    assert words in finding.what and (finding.state == "good") == ("2.50" in words)


def test_a_page_that_is_not_built_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page").mkdir()
    real = resources.folder
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path / name if name == "page" else real(name))
    (finding,) = reading.files()
    assert finding.state == "missing" and "not built" in finding.what and "make run" in finding.remedy
    (tmp_path / "page" / "index.html").write_text("<!doctype html>")
    assert reading.files()[0].state == "good"


def test_the_cache_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = reading.cache_directory()
    assert folder is not None
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_bytes(b"x" * 12_345)
    (finding,) = reading.cache()
    assert finding.facts["bytes"] == 12_345 and "12 kB" in finding.what and str(folder) in finding.what


# --- network --------------------------------------------------------------------------------------


def test_what_a_headset_will_see_is_told_with_the_port_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (Address("192.168.1.20", "wlan0", "lan"), Address("172.17.0.1", "docker0", "virtual"),
             Address("fd00::7", "wlan0", "lan"))
    monkeypatch.setattr(addresses, "addresses", lambda: found)
    (finding,) = network.addresses(Config(port=8443))
    assert finding.state == "good" and "https://192.168.1.20:8443/" in finding.what
    assert "https://xrserver.local:8443/" in finding.what and "172.17" not in finding.what
    assert [one["kind"] for one in finding.facts["addresses"]] == ["lan", "virtual", "lan"]
    monkeypatch.setattr(addresses, "addresses", lambda: found[1:2])
    (finding,) = network.addresses(Config(port=8443))
    assert finding.state == "notice" and "--adb" in finding.remedy
    monkeypatch.setattr(addresses, "addresses", lambda: (Address("8.8.8.8", "eth0", "public"),))
    (finding,) = network.addresses(Config())
    assert finding.state == "notice" and "whole internet" in finding.remedy


async def test_a_port_in_use_is_told_and_by_whom(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (finding,) = await asyncio.to_thread(network.port, Config(port=port))
        assert finding.state == "notice" and "another program" in finding.what and "--port" in finding.remedy
    async with served(tell(tmp_path / "story.git")) as serving:
        port = int(serving.url.split(":")[2].split("/")[0])
        (finding,) = await asyncio.to_thread(network.port, Config(port=port))
        assert "an xrserver runs there" in finding.what
    assert network.port(Config(port=0))[0].state == "good"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the firewalls of Linux")
@pytest.mark.parametrize(("ufw", "firewalld", "words"), [
    ("# on\nENABLED=yes\nLOGLEVEL=low\n", False, "sudo ufw allow 8443/tcp"), ("ENABLED=no\n", False, ""),
    (None, True, "firewall-cmd --add-port=8443/tcp"), (None, False, "")])
def test_a_firewall_that_is_on_is_told_with_the_command_that_lets_headsets_in(
        tmp_path: Path, ufw: str | None, firewalld: bool, words: str,
        monkeypatch: pytest.MonkeyPatch) -> None:
    if ufw is not None:
        (tmp_path / "ufw.conf").write_text(ufw)
    if firewalld:
        (tmp_path / "firewalld.service").mkdir()
    monkeypatch.setattr(network, "_UFW", tmp_path / "ufw.conf")
    monkeypatch.setattr(network, "_FIREWALLD", tmp_path / "firewalld.service")
    (finding,) = network.firewall(Config(port=8443))
    assert words in finding.remedy and (finding.state == "good") == (not words)


def test_certificate_and_devices_are_read_once_they_are_there(config_folder: Path) -> None:
    assert "none yet" in network.certificate(Config())[0].what
    assert "none is paired yet" in network.devices(Config())[0].what
    assert not config_folder.exists()
    config_folder.mkdir(parents=True, mode=0o700)
    lan = Lan(config_folder, 8443)
    try:
        authority, server = network.certificate(Config())
        assert authority.state == "good"
        assert lan.fingerprint in authority.what and str(lan.ca) in authority.what
        assert {"localhost", "xrserver.local"} <= set(server.facts["names"])
        assert server.facts["expires"].startswith(f"{lan.certificate.expires:%Y-%m-%d}")
        lan.pairing.pair(lan.pairing.code, "192.168.1.44", "Meta Quest 3")
        (paired,) = network.devices(Config())
        assert paired.facts == {"paired": 1} and "Meta Quest 3" in paired.what
    finally:
        lan.close()


def test_a_certificate_that_is_damaged_or_open_to_others_is_told(config_folder: Path) -> None:
    config_folder.mkdir(parents=True, mode=0o700)
    Lan(config_folder, 8443).close()
    key = config_folder / "authority.pem"
    if sys.platform != "win32":
        key.chmod(0o644)
        assert any("other users" in one.what and f"chmod 600 {key}" == one.remedy
                   for one in network.certificate(Config()))
    key.write_text("damaged")
    (finding,) = network.certificate(Config())
    assert finding.state == "notice" and str(key) in finding.what and "--lan makes new ones" in finding.remedy


@needs_adb
async def test_a_headset_that_waits_for_permission_is_told(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with adb_server(tmp_path) as environment:
        monkeypatch.delenv("ANDROID_SERIAL", raising=False)
        for name in ("ANDROID_ADB_SERVER_PORT", "HOME", "USERPROFILE"):
            monkeypatch.setenv(name, environment[name])
        async with plugged_in(environment, Android("Quest 3", allowed=False)) as headset:
            (finding,) = await asyncio.to_thread(network.adb)
            assert finding.state == "notice" and "choose Allow" in finding.remedy
            assert [one["serial"] for one in finding.facts["devices"]] == [headset.serial]


# --- OpenXR ---------------------------------------------------------------------------------------


def test_the_active_runtime_is_named_by_its_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tmp_path / "runtime.json"
    manifest.write_text(json.dumps({"runtime": {"library_path": "../lib/libopenxr_monado.so"}}))
    monkeypatch.setenv("XR_RUNTIME_JSON", str(manifest))
    assert graphics.active_runtime() == manifest and graphics.runtime_name(manifest) == "libopenxr_monado"
    (finding,) = graphics.openxr()  # its library is not there
    assert finding.state == "notice" and str(manifest) in finding.what and finding.remedy
    manifest.write_text(json.dumps({"runtime": {"library_path": "x.so", "name": "SteamVR"}}))
    assert graphics.runtime_name(manifest) == "SteamVR"
    for text in ("", "[]", '{"runtime": 1}', "{}"):
        manifest.write_text(text)
        assert graphics.runtime_name(manifest) == ""


def test_extensions_that_matter_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphics, "ask", lambda name, seconds: {"extensions": [
        "XR_EXT_hand_tracking", "XR_KHR_opengl_enable", "XR_MND_headless"]})
    (finding,) = graphics.openxr()
    assert finding.state == "good" and "3 extensions, among them hand tracking" in finding.what
    assert "XR_EXT_eye_gaze_interaction" in finding.facts["absent"]


# --- the report -----------------------------------------------------------------------------------


def test_long_lines_are_wrapped_beside_their_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Terminal, "size", property(lambda terminal: (60, 24)))
    terminal = Terminal(sys.stdout)
    terminal.watched = True
    found = {"Here": [Finding("git", "notice", "word " * 30, "do " * 40), Finding("adb", "good", "yes")]}
    lines = list(report.lines(found, terminal))
    assert max(map(len, lines)) < 60
    assert lines[1].startswith("  ! git word") and lines[2].startswith(" " * 8 + "word")
    assert any(line.strip().startswith(("→ do", "-> do")) for line in lines)


def test_every_probe_is_asked_about_its_own_topic() -> None:
    asked = {topic for topics in probes(Config()).values() for topic in topics}
    assert asked | {"kernels"} == TOPICS
