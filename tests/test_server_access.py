"""Strangers, other sites and other names are refused; who has the token gets in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from served import asking, served, tell
from yarl import URL

from xrserver import app, resources
from xrserver.server.access import Access
from xrserver.stream import schema


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("access") / "story.git")


@pytest.fixture
async def serving(repository: Path) -> AsyncIterator[app.Serving]:
    async with served(repository) as serving:
        yield serving


def parts(serving: app.Serving) -> tuple[str, str]:
    base, _, token = serving.url.partition("?token=")
    return base.rstrip("/"), token


async def status(serving: app.Serving, path: str = "/api/repositories", *, token: bool = True,
                 **headers: str) -> int:
    base, secret = parts(serving)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        given["Authorization"] = f"Bearer {secret}"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client, \
            client.get(base + path, headers=given, allow_redirects=False) as response:
        return response.status


async def upgrade(serving: app.Serving, **headers: str) -> int:
    base, _ = parts(serving)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as client:
        try:
            async with client.ws_connect(base + "/api/stream", headers=given,
                                         protocols=(schema.subprotocol(),)):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


async def test_everything_under_api_needs_the_token(serving: app.Serving) -> None:
    for path in ("/api/repositories", "/api/openapi.json", "/api/repositories/story/files", "/api/nothing"):
        assert await status(serving, path, token=False) == 401
        assert await status(serving, path, token=False, Authorization="Bearer wrong") == 401
        assert await status(serving, path + "?token=wrong", token=False) == 401
        assert await status(serving, path, token=False, Cookie="xrserver-8080=wrong") == 401
    assert await upgrade(serving) == 401
    assert await upgrade(serving, Authorization="Bearer wrong") == 401


async def test_the_token_is_taken_as_bearer_query_or_cookie(serving: app.Serving) -> None:
    base, token = parts(serving)
    assert await status(serving, token=False, Authorization=f"Bearer {token}") == 200
    assert await status(serving, f"/api/repositories?token={token}", token=False) == 200
    assert await status(serving, token=False, Cookie=f"xrserver-{URL(base).port}={token}") == 200
    assert await upgrade(serving, Authorization=f"Bearer {token}") == 101


async def test_liveness_and_the_pages_files_need_no_token(serving: app.Serving, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "main-1a2b.js").write_text("0")
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path)
    for path in ("/health", "/", "/index.html", "/assets/main-1a2b.js"):
        assert await status(serving, path, token=False) == 200


async def test_the_printed_address_sets_a_cookie_and_leaves_no_token_in_the_address(
        serving: app.Serving) -> None:
    base, token = parts(serving)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(f"{base}/?token={token}&at=v1.0", allow_redirects=False) as response:
            assert response.status == 303 and response.headers["Location"] == "/?at=v1.0"
            cookie = response.headers["Set-Cookie"]
            assert cookie.startswith(f"xrserver-{URL(base).port}={token};")
            assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        async with browser.get(f"{base}/api/repositories") as response:
            assert response.status == 200


async def test_an_address_with_an_old_token_says_so(serving: app.Serving) -> None:
    base, _ = parts(serving)
    async with aiohttp.ClientSession() as browser, browser.get(f"{base}/?token=old") as response:
        assert response.status == 401 and "Set-Cookie" not in response.headers
        assert "another run" in (await response.json(content_type="application/problem+json"))["detail"]


async def test_two_servers_of_one_host_have_cookies_of_their_own(repository: Path) -> None:
    async with served(repository) as one, served(repository) as other, \
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        for serving in (one, other):
            async with browser.get(serving.url):
                pass
        for serving in (one, other):
            async with browser.get(parts(serving)[0] + "/api/repositories") as response:
                assert response.status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example",
                                  "localhost.evil", "", "[", "a b"])
async def test_a_name_that_is_not_this_servers_is_refused(serving: app.Serving, host: str) -> None:
    assert await raw_status(serving, f"GET /api/repositories HTTP/1.1\r\nHost: {host}\r\n") in (400, 421)
    assert await raw_status(serving, f"GET /health HTTP/1.1\r\nHost: {host}\r\n") in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1:99", "[::1]:8080", "192.168.1.7"])
async def test_addresses_and_localhost_are_this_servers(serving: app.Serving, host: str) -> None:
    assert await raw_status(serving, f"GET /health HTTP/1.1\r\nHost: {host}\r\n") == 200


async def test_a_request_without_a_host_is_refused(serving: app.Serving) -> None:
    assert await raw_status(serving, "GET /health HTTP/1.0\r\n") in (400, 421)


async def raw_status(serving: app.Serving, head: str) -> int:
    url = URL(serving.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write((head + "Connection: close\r\n\r\n").encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "http://localhost", "null",
                                    "", "http://evil.example/127.0.0.1", "http://["])
async def test_other_sites_are_refused_even_with_the_token(serving: app.Serving, origin: str) -> None:
    _, token = parts(serving)
    assert await status(serving, Origin=origin) == 403
    assert await upgrade(serving, Origin=origin, Authorization=f"Bearer {token}") == 403


async def test_the_servers_own_page_may_open_the_stream(serving: app.Serving) -> None:
    base, token = parts(serving)
    assert await upgrade(serving, Origin=base, Authorization=f"Bearer {token}") == 101
    assert await status(serving, Origin=base) == 200


async def test_without_tokens_host_and_origin_are_still_checked(repository: Path) -> None:
    async with served(repository, token=False) as serving:
        assert "token" not in serving.url
        assert await status(serving, token=False) == 200
        assert await upgrade(serving) == 101
        assert await upgrade(serving, Origin="https://evil.example") == 403
        assert await raw_status(serving, "GET /health HTTP/1.1\r\nHost: evil.example\r\n") == 421


async def test_every_answer_carries_the_headers_that_keep_sites_apart(serving: app.Serving) -> None:
    async with asking(serving) as client:
        for path in ("/health", "/api/repositories", "/api/nothing", "/nothing", "/?token=x"):
            async with client.get(path, allow_redirects=False) as response:
                headers = response.headers
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert headers["X-Frame-Options"] == "DENY"
                assert headers["Referrer-Policy"] == "no-referrer"
                assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
                assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
                policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
                assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
                assert policy["script-src"] == policy["style-src"] == "'self'"
                assert "unsafe" not in headers["Content-Security-Policy"]
                assert "Access-Control-Allow-Origin" not in headers


async def test_a_host_header_cannot_write_into_the_policy(serving: app.Serving) -> None:
    url = URL(serving.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: localhost; script-src *\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert b"script-src *" not in answer


async def test_files_outside_the_page_cannot_be_reached(serving: app.Serving, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<!doctype html>")
    (tmp_path / "secret.txt").write_text("secret")
    (page / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setattr(resources, "folder", lambda name: page)
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/link.txt", "/%00",
                 "/" + str(tmp_path / "secret.txt"), "/x/../../secret.txt"):
        assert await raw_status(serving, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n") in (400, 404)


async def test_the_pages_files_have_their_types_and_are_cached_by_their_names(
        serving: app.Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assets").mkdir()
    types = {"index.html": "text/html", "assets/a-1.js": "text/javascript", "assets/a-1.css": "text/css",
             "fonts/Inter.woff2": "font/woff2", "models/hand.glb": "model/gltf-binary"}
    for name in types:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path)
    async with asking(serving) as client:
        for name, kind in types.items():
            async with client.get(f"/{name}") as response:
                assert response.status == 200 and response.content_type == kind
                caching = response.headers["Cache-Control"]
                assert ("immutable" in caching) == name.startswith("assets/")
                etag = response.headers["ETag"]
            async with client.get(f"/{name}", headers={"If-None-Match": etag}) as response:
                assert response.status == 304


async def test_a_page_that_is_not_built_is_said_to_be_so(serving: app.Serving, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path / "none")
    assert await status(serving, "/", token=False) == 503


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {Access.new_token() for _ in range(100)}
    assert len(tokens) == 100 and min(map(len, tokens)) >= 32
