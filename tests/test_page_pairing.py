"""A browser that trusts our authority and nothing else: pairing on the page, by keys and by link."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import chromium
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright
from served import served, tell
from yarl import URL

from xrserver import app
from xrserver.server import authority as authorities
from xrserver.server.authority import Authority
from xrserver.server.devices import Devices
from xrserver.server.lan import Lan
from xrserver.server.pairing import CODE_SECONDS, FREE_TRIES_OF_ALL, Brake

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Names that lead to this machine: one that the authority may vouch for, others that it may not.
OURS, EVIL, EVIL_ADDRESS = "xrserver-test.local", "evil.example", "203.0.113.5"


@dataclass
class Home:
    """A server of the network and a browser whose user installed its certificate."""

    serving: app.Serving
    lan: Lan
    chrome: Browser
    port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/"

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[tuple[BrowserContext, Page]]:
        """A browser that was never here; what its page does wrong fails the test."""
        context = await self.chrome.new_context(viewport={"width": 480, "height": 320},
                                                reduced_motion="reduce")
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        # That something is refused or out of reach is what happens here; all else is out of order.
        usual = ("Failed to load resource", "The Cross-Origin-Opener-Policy header has been ignored")
        page.on("console", lambda said: None if said.text.startswith(usual) else wrong.append(said.text))
        try:
            yield context, page
            assert wrong == []
        finally:
            await context.close()


@asynccontextmanager
async def browser(home: Path, *, trusted: Path | None) -> AsyncIterator[Browser]:
    """A Chromium of a user at `home`, who installed the certificate `trusted`."""
    path = chromium.executable()
    if trusted is not None:
        certutil = shutil.which("certutil")
        if certutil is None and os.environ.get("CI") == "true":
            pytest.fail("no certutil here")
        if certutil is None:
            pytest.skip("no certutil here (Debian: libnss3-tools)")
        database = home / ".pki" / "nssdb"
        database.mkdir(parents=True)
        for command in (["-N", "--empty-password"], ["-A", "-n", "xrserver", "-t", "C", "-i", str(trusted)]):
            await _run(certutil, "-d", f"sql:{database}", *command)
    rules = ", ".join(f"MAP {name} 127.0.0.1" for name in (OURS, EVIL, EVIL_ADDRESS))
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=path, args=[*chromium.ARGUMENTS, f"--host-resolver-rules={rules}"],
            env={**os.environ, "HOME": str(home)})
        try:
            yield running
        finally:
            await running.close()


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0, command


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    repository = tell(tmp_path_factory.mktemp("pairing") / "story.git")
    async with served(repository, lan=True, mdns=False, names=OURS) as serving:
        assert serving.lan is not None
        async with browser(tmp_path_factory.mktemp("home"), trusted=serving.lan.ca) as chrome:
            yield Home(serving, serving.lan, chrome, URL(serving.url).port or 0)


@pytest.fixture(autouse=True)
def nothing_held_against_anybody(home: Home) -> None:
    home.lan.pairing._brakes.clear()
    home.lan.pairing._all = Brake(FREE_TRIES_OF_ALL)


async def shown(page: Page) -> None:
    """The keys are there."""
    await page.wait_for_selector(".pairing:not([hidden])")


async def inside(page: Page) -> None:
    """The server talks to the page, and the keys are gone."""
    await page.wait_for_selector(".pairing", state="hidden")
    await chromium.soon(lambda: page.evaluate("window.xrserver?.state().connected"))


async def drawn(page: Page) -> None:
    """The city is there."""
    await page.wait_for_selector(".loading.done", state="attached", timeout=60_000)


async def said(page: Page, words: str) -> None:
    line = page.locator(".pairing .line")

    async def there() -> bool:
        return words in await line.inner_text()

    await chromium.soon(there)


def wrong(home: Home) -> str:
    return f"{(int(home.lan.pairing.code) + 1) % 1_000_000:06d}"


# --- whom the browser believes --------------------------------------------------------------------------


async def test_a_browser_that_trusts_the_authority_opens_every_address_without_a_warning(home: Home) -> None:
    async with home.visitor() as (_, page):
        for host in ("localhost", "127.0.0.1", OURS):
            await page.goto(f"https://{host}:{home.port}/health")
            assert await page.evaluate("isSecureContext")


async def test_a_browser_that_does_not_trust_it_refuses(home: Home, tmp_path: Path) -> None:
    async with browser(tmp_path, trusted=None) as chrome:
        page = await chrome.new_page()
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto(home.url)


async def test_the_stolen_key_of_the_authority_makes_no_other_site(home: Home, tmp_path: Path) -> None:
    """Chromium holds an authority that a person installed to its name constraints, names and addresses."""

    class Thief(Authority):
        def permits(self, name: str) -> bool:
            return True

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        await writer.drain()
        writer.close()

    thief = Thief(home.lan.authority.key, home.lan.authority.certificate)
    page = await home.chrome.new_page()
    for name, error in ((OURS, ""), (EVIL, "ERR_CERT_"), (EVIL_ADDRESS, "ERR_CERT_")):
        file = tmp_path / "forged.pem"
        file.write_bytes(authorities.pem_of(*thief.issue([name], datetime.now(UTC))))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        serving = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        address = f"https://{name}:{serving.sockets[0].getsockname()[1]}/"
        if error:
            with pytest.raises(Error, match=error):
                await page.goto(address)
        else:
            await page.goto(address)
            assert await page.inner_text("body") == "hi"
        serving.close()
    await page.close()


# --- coming in ------------------------------------------------------------------------------------------


async def test_the_code_typed_with_the_keys_on_the_page_leads_to_where_the_link_pointed(home: Home) -> None:
    async with home.visitor() as (context, page):
        await page.goto(home.url + "#at=v1.0&select=README.md")
        await shown(page)
        for digit in home.lan.pairing.code:
            await page.get_by_role("button", name=digit, exact=True).click()
        await inside(page)
        await drawn(page)
        await chromium.soon(lambda: page.evaluate("xrserver.state().selected === 'README.md'"))
        assert await page.evaluate("xrserver.state().rank < xrserver.state().headRank")
        cookie, = await context.cookies()
        assert cookie["name"] == f"__Host-xrserver-{home.port}"
        assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Strict"
        assert await page.evaluate("document.cookie") == ""
        # Once paired, always: another tab asks for nothing.
        again = await context.new_page()
        await again.goto(home.url)
        await inside(again)


async def test_a_keyboard_types_deletes_and_pastes(home: Home) -> None:
    async with home.visitor() as (_, page):
        await page.goto(home.url)
        await shown(page)
        typed = page.locator(".pairing .code")
        await page.keyboard.type("12x 3")
        assert await typed.get_attribute("aria-label") == "3 of 6 digits typed"
        await page.keyboard.press("Backspace")
        await page.get_by_role("button", name="Delete the last digit").click()
        assert await typed.inner_text() == "1"
        # The keys that move the city, open the menu or the help mean nothing here.
        for key in ("Tab", "?", "KeyN", "Space"):
            await page.keyboard.press(key)
        assert await page.locator("dialog[open]").count() == 0
        code = home.lan.pairing.code
        await page.evaluate("""code => {
            const data = new DataTransfer();
            data.setData("text", code);
            const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
            document.activeElement.dispatchEvent(event);
        }""", f"{code[:3]} {code[3:]}\n")
        await inside(page)


async def test_touch_and_a_ray_of_a_headset_hit_keys_that_are_large(home: Home) -> None:
    """At the sizes of a headset's window, a phone upright and a phone on its side."""
    async with home.visitor() as (_, page):
        await page.goto(home.url)
        await shown(page)
        for width, height, least in ((1024, 640, 72), (390, 844, 72), (844, 390, 50), (320, 568, 52)):
            await page.set_viewport_size({"width": width, "height": height})
            for name in (*"0123456789", "Delete the last digit"):
                box = await page.get_by_role("button", name=name, exact=True).bounding_box()
                assert box is not None and min(box["width"], box["height"]) >= least, (width, name, box)
                assert min(box["x"], box["y"]) >= 0, (width, name, box)
                assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= height, (width, name)


async def test_a_link_pairs_at_once_and_leaves_no_secret_in_the_address(home: Home) -> None:
    invitation = home.url + home.lan.invitation.partition("/#")[2].join(("#", "&at=v1.0"))
    async with home.visitor() as (_, page):
        await page.goto(invitation)
        await inside(page)
        assert "pair" not in page.url
    async with home.visitor() as (_, page):  # somebody else, with the same link
        await page.goto(invitation)
        await shown(page)
        await said(page, "has been used")
        await page.keyboard.type(home.lan.pairing.code)
        await inside(page)


# --- what goes wrong ------------------------------------------------------------------------------------


async def test_wrong_used_and_expired_codes_say_what_they_are(home: Home,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    pairing = home.lan.pairing
    async with home.visitor() as (_, page):
        await page.goto(home.url)
        await shown(page)
        await page.keyboard.type(wrong(home))
        await said(page, "4 more tries")
        assert await page.locator(".pairing .code").get_attribute("aria-label") == "0 of 6 digits typed"
        used = pairing.code
        pairing.pair(used, "192.168.1.9", "another")
        await page.keyboard.type(used)
        await said(page, "used already")
        late, now = pairing.code, pairing._now
        monkeypatch.setattr(pairing, "_now", lambda: now() + CODE_SECONDS)
        await page.keyboard.type(late)
        await said(page, "has expired")
        await page.keyboard.type(pairing.code)
        await inside(page)


async def test_after_too_many_wrong_codes_the_page_counts_down(home: Home,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    from xrserver.server import pairing

    monkeypatch.setattr(pairing, "FIRST_WAIT_SECONDS", 6.0)
    async with home.visitor() as (_, page):
        await page.goto(home.url)
        await shown(page)
        for left in (4, 3, 2, 1):
            await page.keyboard.type(wrong(home))
            await said(page, f"{left} more tr")
        await page.keyboard.type(wrong(home))
        await said(page, "in 0:0")
        assert await page.get_by_role("button", name="1", exact=True).is_disabled()
        await page.keyboard.type("1")
        assert await page.locator(".pairing .code").inner_text() == ""
        await said(page, "shows now")
        await page.keyboard.type(home.lan.pairing.code)
        await inside(page)


async def test_a_server_that_is_away_is_asked_again_with_what_was_typed(home: Home) -> None:
    async with home.visitor() as (context, page):
        await page.goto(home.url)
        await shown(page)
        await context.set_offline(True)
        await page.keyboard.type(home.lan.pairing.code)
        await said(page, "does not answer")
        await context.set_offline(False)
        await inside(page)


async def test_a_browser_that_keeps_no_cookies_is_told(home: Home) -> None:
    async with home.visitor() as (_, page):
        await page.goto(home.url)
        await shown(page)
        # The server's own answer, but for the cookie.
        await page.route("**/api/pair", lambda route: route.fulfill(json={"id": "x234", "name": "x"}))
        await page.keyboard.type(home.lan.pairing.code)
        await said(page, "allow cookies")
        await page.unroute("**/api/pair")
        await page.keyboard.type(home.lan.pairing.code)
        await inside(page)


async def test_a_device_that_is_revoked_sees_the_keys_again_and_comes_back_where_it_was(home: Home) -> None:
    before = home.lan.devices.ids()
    async with home.visitor() as (_, page):
        await page.goto(home.url)
        await shown(page)
        await page.keyboard.type(home.lan.pairing.code)
        await inside(page)
        await drawn(page)
        await page.evaluate("xrserver.seek('v1.0')")
        rank = await page.evaluate("xrserver.state().rank")
        await page.keyboard.press("?")  # a sheet lies above everything, but not above the keys
        new, = home.lan.devices.ids() - before
        with Devices() as devices:
            devices.revoke(new)
        await shown(page)
        await said(page, "This device was unpaired.")
        assert not await page.evaluate("window.xrserver?.state().connected")
        await page.keyboard.type(home.lan.pairing.code)
        await inside(page)
        assert await page.evaluate("xrserver.state().rank") == rank


# --- other sites, in a browser that is paired -----------------------------------------------------------


async def test_another_site_can_do_nothing_with_the_cookie_of_a_paired_browser(home: Home) -> None:
    """From another site, and from another port of the same host, where even strict cookies travel."""
    async def page_of_evil(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<!doctype html><link rel=icon href=data:,><title>evil</title>"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n"
                     b"Connection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    evil = await asyncio.start_server(page_of_evil, "127.0.0.1", 0, ssl=home.lan.certificate.context)
    port = evil.sockets[0].getsockname()[1]
    async with evil, home.visitor() as (context, page):
        await page.goto(home.url)
        await shown(page)
        await page.keyboard.type(home.lan.pairing.code)
        await inside(page)
        for origin in (f"https://localhost:{port}/", f"https://{OURS}:{port}/"):
            other = await context.new_page()
            await other.goto(origin)
            outcome = await other.evaluate("""async base => {
                const refused = () => "refused";
                const method = "POST", mode = "no-cors";
                const ask = (path, options) => fetch(base + path, {credentials: "include", ...options})
                    .then(answer => answer.type, refused);
                const socket = new WebSocket(base.replace("https", "wss") + "api/stream");
                const image = new Image();
                const opened = new Promise((yes, no) => Object.assign(socket, {onopen: yes, onerror: no}));
                const loaded = new Promise((yes, no) => Object.assign(image, {onload: yes, onerror: no}));
                image.src = base + "favicon.svg";
                return {
                    socket: await opened.catch(refused),
                    image: await loaded.catch(refused),
                    read: await ask("api/repositories", {}),
                    blind: await ask("api/repositories", {mode}),
                    code: await ask("api/pair", {method, mode, body: '{"code": "000000"}'}),
                };
            }""", home.url)
            assert outcome == dict.fromkeys(outcome, "refused") and len(outcome) == 5, outcome
            await other.close()
        assert home.lan.pairing._brake("127.0.0.1").left(home.lan.pairing._now()) == 5


async def test_a_name_that_was_rebound_to_this_machine_reads_nothing(home: Home) -> None:
    page = await home.chrome.new_page()
    answer = await page.goto(f"http://{EVIL}:{home.port}/")
    assert answer is not None and answer.status == 421
    await page.close()


# --- without TLS ----------------------------------------------------------------------------------------


async def test_plain_http_off_this_machine_says_why_there_is_no_headset(home: Home, tmp_path: Path) -> None:
    async with served(tell(tmp_path / "story.git"), names=OURS) as serving, home.visitor() as (_, page):
        for host, words in (("127.0.0.1", "No headset"), (OURS, "VR needs HTTPS: start xrserver with --lan")):
            await page.goto(serving.url.replace("127.0.0.1", host))
            await inside(page)
            await page.get_by_role("button", name="VR?").click()
            await page.get_by_text(words).wait_for()
