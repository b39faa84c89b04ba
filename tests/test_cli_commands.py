"""The command line as a person uses it: its lines, its exit codes, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from served import git, tell

import xrserver
from xrserver import child, cli
from xrserver.config import Config
from xrserver.errors import NotARepository

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 120
#: What is printed before a repository is opened.
ADDRESS = r"story at http://127\.0\.0\.1:\d+/\?token=\S+\n"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("cli") / "story.git")


def environment(**more: str) -> dict[str, str]:
    """Ours, without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XRSERVER_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def xr(*arguments: str | Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "xrserver", *map(str, arguments)], cwd=cwd, timeout=SECONDS,
                          env=environment(**more), capture_output=True, text=True, encoding="utf-8")


@contextmanager
def running(*arguments: str | Path, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-m", "xrserver", *map(str, arguments)], cwd=cwd,
                          env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            yield process
        finally:
            process.kill()


# --- what cannot be shown is said in one line, exit code 2 ---------------------------------------------


def fails(capsys: pytest.CaptureFixture[str], *arguments: str | Path, after: str = "") -> str:
    """The one line of a command that cannot do what is asked, and has said nothing else but `after`."""
    code = cli.main([*map(str, arguments)])
    printed = capsys.readouterr()
    assert code == 2 and re.fullmatch(after, printed.out), printed
    lines = printed.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("xrserver: "), printed.err
    return lines[0]


def test_what_is_no_repository_is_said_in_one_line(tmp_path: Path) -> None:
    result = xr("index", tmp_path)
    assert result.returncode == 2 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and str(tmp_path) in result.stderr


def test_a_folder_that_does_not_exist_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere" in fails(capsys, "index", tmp_path / "nowhere")
    assert "nowhere" in fails(capsys, "serve", tmp_path / "nowhere", "--port", "0")


def test_a_repository_without_commits_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk")
    line = fails(capsys, tmp_path, "--port", "0")
    assert "trunk" in line and "commit" in line


def test_an_unknown_ref_is_said(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no-such-branch" in fails(capsys, repository, "--ref", "no-such-branch", "--port", "0")


def test_an_unknown_scene_is_said(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, repository, "--scene", "village", "--port", "0")
    assert "village" in line and "city" in line


def test_unreadable_objects_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tell(tmp_path / "story.git")
    tree = git(folder, "rev-parse", "main^{tree}").decode().strip()
    file = folder / "objects" / tree[:2] / tree[2:]
    file.chmod(0o600)
    file.write_bytes(b"damaged")
    fails(capsys, "index", folder)
    fails(capsys, folder, "--port", "0", after=ADDRESS)  # which is seen after it


def test_missing_objects_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tell(tmp_path / "story.git")
    commit = git(folder, "rev-parse", "main~1").decode().strip()
    (folder / "objects" / commit[:2] / commit[2:]).unlink()
    fails(capsys, "index", folder)


def test_a_port_in_use_is_said_before_history_is_read(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = fails(capsys, tmp_path, "--port", str(port))  # where there is no repository either
    assert f"127.0.0.1:{port}" in line and "--port" in line


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_this_machines_is_said(
        repository: Path, host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert host in fails(capsys, repository, "--host", host, "--port", "0")


@pytest.mark.parametrize("arguments", [
    ["--prot", "1"], ["--port", "x"], ["--port", "70000"], ["--port", "-1"], ["--jobs", "-1"],
    ["--jobs", "two"], ["index", "a", "b"], ["index", "--port", "1"], ["preview", "--size", "big"],
    ["preview", "--size", "0x5"],
    ["preview", "a", "b"], ["preview", "--screenshot"],
])
def test_bad_usage_is_said_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, *arguments)


def test_a_setting_in_the_environment_that_does_not_parse_is_said(
        repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XRSERVER_JOBS", "many")
    line = fails(capsys, "index", repository)
    assert "XRSERVER_JOBS" in line and "many" in line


def test_a_fault_of_our_own_is_one_line_and_a_traceback_only_on_demand(
        repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*arguments: object) -> int:
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setitem(cli.COMMANDS, "index", fail)
    monkeypatch.delenv("XRSERVER_DEBUG", raising=False)
    assert cli.main(["index"]) == 1
    first = capsys.readouterr().err
    assert len(first.splitlines()) == 1 and "ZeroDivisionError: oh" in first and "XRSERVER_DEBUG" in first
    monkeypatch.setenv("XRSERVER_DEBUG", "1")
    assert cli.main(["index"]) == 1
    assert "Traceback" in capsys.readouterr().err


# --- what is asked for is done ----------------------------------------------------------------------------


def test_the_version_is_the_packages() -> None:
    assert xr("--version").stdout.strip() == f"xrserver {xrserver.__version__}"


def test_help_names_every_command_and_every_flag_says_what_it_does() -> None:
    whole = xr("--help").stdout
    assert all(f"\n    {name}" in whole for name in cli.COMMANDS) and "exit codes" in whole
    of_repository = {"--scene", "--ref", "--jobs", "--exclude", "--people", "--no-activity"}
    offered = {
        "serve": {"--host", "--port", "--scene", "--ref", "--jobs", "--exclude", "--submodules", "--people",
                  "--lan", "--adb", "--behind-proxy", "--open", "--no-token", "--no-mdns", "--no-activity"},
        "preview": {"--at", "--screenshot", "--path", "--record", "--fps", "--size", *of_repository},
        "vr": {"--at", "--no-mirror", *of_repository},
        "index": {"--json", "--jobs", "--people", "--cache-bytes"},
        "cache": {"--clear"}, "devices": {"--json"}, "doctor": {"--json", "--port"}}
    for command, flags in offered.items():
        text = xr(command, "--help").stdout
        assert set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", text, re.M)) == {"--help", *flags}


def test_help_imports_nothing_heavy() -> None:
    code = ("import sys; from xrserver.cli import main\n"
            "try: main(['serve', '--help'])\n"
            "except SystemExit: pass\n"
            "heavy = {'numpy', 'numba', 'pygit2', 'aiohttp', 'moderngl', 'asyncio'}\n"
            "print(sorted(heavy & set(sys.modules)))")
    printed = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True,
                             timeout=SECONDS, check=True).stdout
    assert printed.splitlines()[-1] == "[]"


def test_index_prints_counts_that_git_confirms(repository: Path) -> None:
    result = xr("index", repository, "--json", "--jobs", "1")
    assert result.returncode == 0 and result.stderr == ""
    counts = json.loads(result.stdout)
    assert counts["repository"] == "story"
    assert counts["commits"] == int(git(repository, "rev-list", "--count", "--all"))
    assert counts["mainline commits"] == int(git(repository, "rev-list", "--count", "--first-parent", "main"))
    assert counts["files"] == len(git(repository, "ls-tree", "-r", "-z", "main").split(b"\0")) - 1
    assert counts["people"] == 2 and 0 < counts["seconds"] < SECONDS
    text = xr("index", repository).stdout
    assert f"{counts['commits']} commits" in text and " seconds" in text


def test_index_without_a_repository_takes_the_one_around(tmp_path: Path, repository: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "copy")
    inner = tmp_path / "copy" / "src"
    assert json.loads(xr("index", "--json", cwd=inner).stdout)["repository"] == "copy"
    assert xr("index", "--json", cwd=tmp_path).returncode == 2


def test_cache_lists_what_an_index_left_and_clears_it(repository: Path, tmp_path: Path) -> None:
    def cache(*arguments: str | Path) -> str:
        result = xr("cache", *arguments, XDG_CACHE_HOME=str(tmp_path))
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    assert cache() == "Nothing is kept.\n"
    counts = json.loads(xr("index", repository, "--json", XDG_CACHE_HOME=str(tmp_path)).stdout)
    line = cache(repository)
    assert f" {counts['commits']} commits" in line and str(repository) in line and "last used 20" in line
    assert "cleared" in cache("--clear") and cache() == "Nothing is kept.\n"
    again = json.loads(xr("index", repository, "--json", XDG_CACHE_HOME=str(tmp_path)).stdout)
    assert {**again, "seconds": 0} == {**counts, "seconds": 0}
    xr("index", repository, "--cache-bytes", "0", XDG_CACHE_HOME=str(tmp_path / "none"))
    assert not (tmp_path / "none" / "xrserver" / "history").exists()


def fetched(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=SECONDS) as response:
        return json.load(response)


@pytest.mark.parametrize("how", [[], ["serve"]], ids=["by default", "by name"])
def test_serve_prints_the_address_and_answers_there(repository: Path, how: list[str]) -> None:
    with running(*how, repository, "--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"story at (http://127\.0\.0\.1:\d+/)\?token=(\S{32})\n", line)
        assert found, line
        items = fetched(f"{found[1]}api/repositories?token={found[2]}")["items"]
        assert items == [{"id": "story", "name": "story", "commits": 6}]
        assert process.stdout.readline() == "story: 6 commits\n"


def test_serve_without_a_repository_takes_the_one_around(tmp_path: Path, repository: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "copy")
    with running("--port", "0", "--no-token", cwd=tmp_path / "copy" / "src") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"copy at http://127\.0\.0\.1:\d+/\n", line), line


def test_behind_a_proxy_it_says_what_the_proxy_has_to_do(repository: Path) -> None:
    with running(repository, "--behind-proxy", "--port", "0") as process:
        assert process.stdout is not None
        found = re.search(r" at (http://\S+/)\?(token=\S+)\n", process.stdout.readline())
        line = process.stdout.readline()
        assert found and f"lead to {found[1]} with X-Forwarded-Proto" in line
        assert f"?{found[2]} at its end" in line


def test_lan_prints_how_other_devices_come_in_and_ends_cleanly(repository: Path) -> None:
    with running(repository, "--lan", "--no-mdns", "--port", "0") as process:
        assert process.stdout is not None and process.stderr is not None
        assert re.match(r"story at http://127\.0\.0\.1:\d+/\?token=", process.stdout.readline())
        lines: list[str] = []
        while not lines or not lines[-1].startswith("Code: "):
            lines.append(process.stdout.readline().rstrip())
            assert lines[-1], "it ended"
        assert re.fullmatch(r"Code: \d{3} \d{3}, until \d\d:\d\d", lines[-1])
        assert lines[0].startswith("Other devices: ") and any(line.startswith("SHA-256: ") for line in lines)
        if sys.platform != "win32":
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 0
            assert process.stderr.read() == ""


def test_adb_that_is_missing_is_said_before_anything_else(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("PATH", "HOME", "USERPROFILE", "ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.setenv(name, str(tmp_path))
    line = fails(capsys, tmp_path, "--adb", "--port", "0")
    assert "adb is not installed" in line and "install" in line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends these signals to whole consoles only")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_serving_cleanly(repository: Path, number: signal.Signals) -> None:
    with running(repository, "--port", "0") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
        assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")
def test_a_signal_ends_reading_history_too(tmp_path: Path) -> None:
    story = b"".join(b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 2\nc\nM 100644 inline f%d\n"
                     b"data 1\nx\n" % (10**9 + n, n % 50) for n in range(500))
    folder = tell(tmp_path / "long.git", story)
    # Once: a second signal ends the process at once, as it should. Reading goes on when the first was taken.
    code = ("import sys, os, signal, time, xrserver.app as app, xrserver.cli as cli\n"
            "sent = []\n"
            "def progress(self, phase, done, total):\n"
            "    if phase != 'commits' or sent: return\n"
            "    sent.append(os.kill(os.getpid(), signal.SIGTERM))\n"
            "    while signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL: time.sleep(0.01)\n"
            "cli.Progress.__call__ = progress\n"
            f"sys.exit(cli.main([{str(folder)!r}, '--port', '0']))")
    ended = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True,
                           timeout=SECONDS)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"long at http://\S+\n", ended.stdout)  # and never that it was read


def test_preview_writes_a_picture_of_the_size_asked_for(repository: Path, tmp_path: Path) -> None:
    from PIL import Image

    file = tmp_path / "picture.png"
    result = xr("preview", repository, "--screenshot", file, "--size", "160x90", "--at", "v1.0")
    if result.returncode == 4 and os.environ.get("CI") != "true":
        pytest.skip(result.stderr)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    with Image.open(file) as picture:
        assert picture.size == (160, 90) and picture.getcolors(100) is None


def test_preview_opens_the_scene_asked_for(repository: Path, tmp_path: Path) -> None:
    from PIL import Image, ImageChops

    pictures: list[Image.Image] = []
    for scene in ("city", "river"):
        file = tmp_path / f"{scene}.png"
        result = xr("preview", repository, "--scene", scene, "--screenshot", file, "--size", "160x90")
        if result.returncode == 4 and os.environ.get("CI") != "true":
            pytest.skip(result.stderr)
        assert (result.returncode, result.stderr) == (0, "")
        pictures.append(Image.open(file).convert("L"))
    changed = ImageChops.difference(*pictures).point(lambda value: 255 * (value > 40))
    assert changed.histogram()[255] > 0.02 * 160 * 90


def test_a_scene_asked_of_a_server_that_runs_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["preview", "http://127.0.0.1:9/", "--scene", "river"]) == 2
    assert "`scene` is said of a repository" in capsys.readouterr().err


def test_preview_says_what_its_server_said(tmp_path: Path) -> None:
    result = xr("preview", tmp_path, "--screenshot", tmp_path / "picture.png")
    assert result.returncode == 2 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and str(tmp_path) in result.stderr


# --- a server as a child -----------------------------------------------------------------------------------


def test_a_child_server_serves_until_its_block_ends(repository: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with child.child_server(repository, Config(jobs=1)) as server:
        base, _, token = server.url.partition("?")
        assert fetched(f"{base}api/repositories?{token}")["items"] and server.ended() == ""
    with pytest.raises(OSError):
        fetched(f"{base}health")


def test_a_child_server_that_fails_raises_what_it_failed_with(tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with pytest.raises(NotARepository, match=re.escape(str(tmp_path))), \
            child.child_server(tmp_path, Config()):
        pass


def test_a_child_server_dies_with_its_parent_however_that_ends(repository: Path) -> None:
    code = ("import sys\nfrom pathlib import Path\nfrom xrserver import child\n"
            "from xrserver.config import Config\n"
            "with child.child_server(Path(sys.argv[1]), Config(jobs=1)) as server:\n"
            "    print(server.url, flush=True)\n    sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", code, str(repository)], env=environment(), text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        host, port = url.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=SECONDS) as witness:
            parent.kill()
            # The connection ends when the child does; until then nothing is ever sent on it.
            witness.settimeout(SECONDS)
            assert witness.recv(1) == b""


def test_an_announcing_server_tells_its_error_and_exits_with_its_code(tmp_path: Path) -> None:
    result = xr("serve", tmp_path, "--announce", "--port", "0")
    assert result.returncode == 2 and result.stderr == ""
    assert json.loads(result.stdout)["error"] == "NotARepository"
