"""The window, under a real X server, with real keys and a real mouse."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from native_scene import environment, town
from PIL import Image, ImageGrab, features
from served import served

SIZE = (480, 300)
TITLE = "town — "
PROGRAM = f"import sys; from xrserver.native.preview import run; run(sys.argv[1], sys.argv[2], {SIZE}, print)"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing or not features.check("xcb"):
        pytest.skip(f"Not here: {', '.join(missing) or 'screenshots of X by Pillow'}.")
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdout is not None
        yield f":{server.stdout.readline().decode().strip()}"
        server.terminate()


class Hand:
    """Keys and mouse of one window, and what is seen of it."""

    def __init__(self, display: str, window: str) -> None:
        self.display, self.window = display, window

    async def tool(self, *arguments: object) -> str:
        process = await asyncio.create_subprocess_exec(
            "xdotool",
            *map(str, arguments),
            env=environment(DISPLAY=self.display, WAYLAND_DISPLAY=""),
            stdout=subprocess.PIPE,
        )
        return (await process.communicate())[0].decode().strip()

    async def title(self) -> str:
        return await self.tool("getwindowname", self.window)

    async def until(self, wanted, what: str) -> str:
        """Return the title once it is as `wanted`."""
        title = ""
        for _ in range(400):
            title = await self.title()
            if wanted(title):
                return title
            await asyncio.sleep(0.05)
        raise AssertionError(f"{what}; the title is {title!r}")

    async def to(self, x: int, y: int) -> None:
        await self.tool("mousemove", "--window", self.window, x, y)

    async def picture(self) -> np.ndarray:
        grabbed = await asyncio.to_thread(ImageGrab.grab, xdisplay=self.display)
        return np.asarray(grabbed.convert("RGB")).astype(int)[: SIZE[1] - 90, : SIZE[0]]

    async def until_changed(self, before: np.ndarray, what: str) -> np.ndarray:
        """Return the picture once it differs from `before` and has come to rest."""
        last = before
        for _ in range(200):
            now = await self.picture()
            if np.abs(now - before).mean() > 0.5 and np.array_equal(now, last):
                return now
            last = now
            await asyncio.sleep(0.1)
        raise AssertionError(f"{what}: the picture stays the same, or never rests")


def day(title: str) -> str:
    return title.split(" — ")[1]


def covered(now: np.ndarray, before: np.ndarray) -> float:
    """Return the share of pixels that another picture has others of."""
    return float((np.abs(now - before).max(axis=2) > 4).mean())


async def find_building(hand: Hand) -> tuple[str, tuple[int, int]]:
    """Move the mouse over the picture until it points at a building; return its path and place."""
    for y in range(90, SIZE[1] - 100, 14):
        for x in range(60, SIZE[0] - 60, 28):
            await hand.to(x, y)
            await asyncio.sleep(0.06)
            parts = (await hand.title()).split(" — ")
            if len(parts) == 3 and not parts[2].endswith("/"):
                await asyncio.sleep(0.3)
                if (await hand.title()).split(" — ") == parts:
                    return parts[2], (x, y)
    raise AssertionError("nothing in the window can be pointed at")


@pytest.mark.slow
async def test_the_window_does_what_keys_and_mouse_ask_for(display, tmp_path):
    repository = town().write(tmp_path / "town", bare=True)
    async with served(repository) as serving:
        viewer = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM,
            serving.url,
            "rank:60",
            env=environment(DISPLAY=display, WAYLAND_DISPLAY=""),
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )
        try:
            window = ""
            for _ in range(300):
                window = await Hand(display, "").tool("search", "--name", "^town — ")
                if window:
                    break
                await asyncio.sleep(0.1)
            assert window, "no window appeared"
            hand = Hand(display, window.splitlines()[0])
            await hand.tool("windowfocus", hand.window)
            await drive(hand, tmp_path)
        finally:
            viewer.terminate()
            errors = (await viewer.communicate())[1].decode()
        assert "Traceback" not in errors, errors


async def drive(hand: Hand, folder: Path) -> None:
    title = await hand.until(lambda t: t.startswith(TITLE), "the window opens")
    assert day(title) == "2017-09-12"  # 60 days after the first commit

    await hand.tool("key", "comma")
    await hand.until(lambda t: day(t) == "2017-09-11", "a comma steps back")
    await hand.tool("key", "period", "period")
    await hand.until(lambda t: day(t) == "2017-09-13", "full stops step on")

    await hand.tool("key", "space")
    await hand.until(lambda t: day(t) > "2017-09-14", "space plays")
    await hand.tool("key", "space")
    await asyncio.sleep(0.3)
    title = await hand.title()
    await asyncio.sleep(0.7)
    assert await hand.title() == title, "space pauses"

    # The timeline, pressed at its middle and dragged to its beginning.
    await hand.to(SIZE[0] // 2, SIZE[1] - 40)
    await hand.tool("mousedown", 1)
    await hand.until(lambda t: "2017-08-24" <= day(t) <= "2017-08-31", "a press on the timeline seeks")
    await hand.to(4, SIZE[1] - 40)
    await hand.until(lambda t: day(t) == "2017-07-14", "dragging it scrubs")
    await hand.to(SIZE[0] - 4, SIZE[1] - 40)
    await hand.until(lambda t: day(t) == "2017-10-11", "to both ends")
    await hand.tool("mouseup", 1)

    await hand.tool("key", "F12")
    pictures: list[Path] = []
    for _ in range(200):
        pictures = await asyncio.to_thread(lambda: list(folder.glob("*.png")))
        if pictures:
            break
        await asyncio.sleep(0.05)
    with Image.open(pictures[0]) as kept:
        assert kept.size == SIZE and np.asarray(kept).std() > 5

    path, place = await find_building(hand)
    before = await hand.picture()
    await hand.tool("click", 1)
    opened = await hand.until_changed(before, f"a click on {path} opens its panel")
    assert covered(opened, before) < 0.75, "a panel leaves part of a small window to the city"
    await hand.tool("key", "Escape")
    await hand.until_changed(opened, "Escape closes it")
    await hand.to(8, 150)  # off the city: what follows is seen without a hover

    async def home(now: np.ndarray, key: str) -> np.ndarray:
        await hand.tool("key", key)
        return await hand.until_changed(now, f"{key} goes back")

    async def drag(button: int) -> None:
        await hand.to(*place)
        await hand.tool("mousedown", button)
        for step in range(1, 9):
            await hand.to(place[0] + 6 * step, place[1] - 3 * step)
        await hand.tool("mouseup", button)
        await hand.to(8, 150)

    still = await hand.until_changed(np.zeros_like(before), "the picture comes to rest")
    await drag(3)
    still = await home(await hand.until_changed(still, "a right drag goes around"), "u")
    await drag(1)
    still = await home(await hand.until_changed(still, "a left drag moves the world"), "r")
    await hand.to(*place)
    await hand.tool("click", "--repeat", 4, "--delay", 60, 4)
    await hand.to(8, 150)
    still = await home(await hand.until_changed(still, "the wheel zooms"), "u")
    await hand.tool("keydown", "w")
    await asyncio.sleep(0.5)
    await hand.tool("keyup", "w")
    await home(await hand.until_changed(still, "W flies"), "r")

    # Resized, it is laid out anew: the playhead stands where the timeline ends now.
    size = 600, 420
    await hand.tool("windowsize", hand.window, *size)
    await hand.to(size[0] - 4, size[1] - 40)
    await hand.until(lambda t: day(t) == "2017-10-11", "the timeline is where it was drawn")
    accent: list[int] = []
    for _ in range(100):
        await hand.tool("click", 1)
        whole = np.asarray((await asyncio.to_thread(ImageGrab.grab, xdisplay=hand.display)).convert("RGB"))
        red, green, blue = np.moveaxis(whole[size[1] - 60 : size[1] - 40, : size[0]].astype(int), 2, 0)
        accent = np.flatnonzero(((red > 230) & (green > 150) & (blue < 130)).all(axis=0)).tolist()
        if accent and all(abs(x - (size[0] - 30)) <= 3 for x in accent):
            break
        await asyncio.sleep(0.1)
    assert accent and all(abs(x - (size[0] - 30)) <= 3 for x in accent), accent


async def test_without_a_display_the_command_ends_with_a_sentence_and_code_4():
    if not sys.platform.startswith("linux"):
        pytest.skip("Only on Linux can a display be taken away.")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "xrserver", "preview", "http://127.0.0.1:9/"],
        env=environment(DISPLAY="", WAYLAND_DISPLAY=""),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert done.stdout == "" and len(done.stderr.strip().splitlines()) == 1
    assert "no display" in done.stderr and "--screenshot" in done.stderr
