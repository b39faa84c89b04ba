"""`xrserver vr` against a real OpenXR runtime: Monado, in a Debian root of its own.

What is tested is in ``tests/openxr/inside``: it runs inside the root, where a service of the runtime,
an X display and a person whose head and hands are injected are; each of its tests is one here.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from native_scene import CHROMIUM_FLAGS, chromium, environment, town
from PIL import Image
from served import served
from test_renderers_agree import CANVAS_ONLY, NO_TEXT, Page, difference

from xrserver import resources, spaces

FOLDER = Path(__file__).with_name("openxr")
SOURCE = FOLDER.parents[1]


def _inner() -> list[tuple[str, str]]:
    """Every test inside, by its file and name."""
    found = []
    for file in sorted((FOLDER / "inside").glob("check_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [
            (file.name, node.name)
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
    return found


#: What came of the tests inside, once they ran: name → reason, empty for passed; all that was printed; and
#: the folder of what they left.
_OUTCOMES: list[tuple[dict[str, str], str, Path]] = []


async def _outcomes(root: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], str, Path]:
    if not _OUTCOMES:
        out = tmp_path_factory.mktemp("openxr")
        repository = town().write(out / "town", bare=True)
        _OUTCOMES.append((*await _run(root, out, repository), out))
    return _OUTCOMES[0]


@pytest.fixture(scope="session")
def root() -> str:
    """The root; skips, visibly, where there can be none."""
    home = os.environ.get("HOME", "/root")
    done = subprocess.run(
        ["sh", str(FOLDER / "root.sh")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": home, "PYTHON": sys.executable},
    )
    if done.returncode:
        pytest.skip((done.stdout.strip().splitlines() or ["root.sh failed"])[-1])
    return done.stdout.strip().splitlines()[-1]


async def _run(root: str, out: Path, repository: Path) -> tuple[dict[str, str], str]:
    """Run the tests inside the root, beside a server out here."""
    async with served(repository) as serving:
        address = urlsplit(serving.url)

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", address.port)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))

        door = await asyncio.start_unix_server(relay, out / "server.sock")
        async with door:
            process = await asyncio.create_subprocess_exec(
                "sh",
                str(FOLDER / "enter.sh"),
                root,
                str(SOURCE),
                str(out),
                "python3",
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                "-q",
                "--rootdir=/source/tests/openxr/inside",
                "--confcutdir=/source/tests/openxr/inside",
                "-c",
                "/dev/null",
                "-o",
                "python_files=check_*.py",
                "--junitxml=/out/report.xml",
                "/source/tests/openxr/inside",
                env={**os.environ, "XRSERVER_TEST_URL": serving.url},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            told = (await process.communicate())[0].decode("utf-8", "replace")
    report = out / "report.xml"
    outcomes: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase") if report.is_file() else ():
        wrong = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        key = f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name', '')}"
        outcomes[key] = "" if wrong is None else f"{wrong.tag}: {wrong.text}"
    return outcomes, told


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def test_without_a_runtime_the_command_ends_with_a_sentence_and_code_3(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("Only on Linux can a runtime be taken away.")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "xrserver", "vr", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(XR_RUNTIME_JSON=str(tmp_path / "none.json")),
    )
    assert done.returncode == 3 and done.stdout == ""
    told = done.stderr
    assert len(told.strip().splitlines()) == 1
    assert "No OpenXR runtime" in told and "SteamVR or Monado" in told and "doctor" in told


@pytest.mark.slow
@pytest.mark.parametrize(("file", "name"), _inner(), ids=lambda part: part.removesuffix(".py"))
async def test_in_a_headset(root, file, name, tmp_path_factory):
    outcomes, told, _ = await _outcomes(root, tmp_path_factory)
    key = f"{file.removesuffix('.py')}.{name}"
    assert key in outcomes, told
    assert not outcomes[key], outcomes[key]


@pytest.mark.slow
async def test_what_an_eye_sees_in_the_headset_is_what_the_page_shows(root, tmp_path_factory):
    browser_path = chromium()
    if not (resources.folder("page") / "index.html").is_file():
        pytest.skip("The page is not built: make page.")
    from playwright.async_api import async_playwright

    _, printed, out = await _outcomes(root, tmp_path_factory)
    assert (out / "eye.json").is_file(), printed
    told = json.loads((out / "eye.json").read_text())
    with Image.open(out / "eye.png") as picture:
        eye, size = np.asarray(picture.convert("RGB")).astype(int), picture.size
    async with served(out / "town") as serving, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        tab = await browser.new_page(
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", bypass_csp=True
        )
        await tab.add_init_script(NO_TEXT + 'localStorage.setItem("xrserver.light", "night");')
        await tab.goto(serving.url)
        await tab.wait_for_function("window.xrserver?.state().nodesDrawn > 0", timeout=60_000)
        await tab.add_style_tag(content=CANVAS_ONLY)
        page = await Page(tab).picture(told["rank"], spaces.Pose(**told["pose"]), "author")
        await browser.close()
    hidden = eye.max(axis=2) == 0  # by the lenses
    assert hidden.mean() < 0.2 and eye.std() > 8
    page[hidden] = 0
    mean, within = difference(eye, page)
    assert mean <= 2.0 and within >= 0.99, (mean, within)
