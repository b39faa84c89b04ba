"""The HTTP application: the page's files, the API, the stream, and the headers that keep them apart."""

from __future__ import annotations

import mimetypes
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from xrserver import resources
from xrserver.errors import XrserverError
from xrserver.server import api, entrance
from xrserver.server.access import ACCESS, Access, guard
from xrserver.server.opening import OPENING, Opening
from xrserver.server.problems import Problem, problems

if TYPE_CHECKING:
    from xrserver.server.lan import Lan

#: Fixed here because what `mimetypes` says depends on the machine (Windows reads its registry).
_TYPES = {
    ".css": "text/css; charset=utf-8", ".glb": "model/gltf-binary", ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon", ".jpg": "image/jpeg", ".js": "text/javascript; charset=utf-8",
    ".json": "application/json", ".map": "application/json", ".png": "image/png", ".svg": "image/svg+xml",
    ".ttf": "font/ttf", ".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json", ".webp": "image/webp", ".woff2": "font/woff2",
}

#: Where the build puts files whose names carry a hash of their content.
_HASHED = "assets"

_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), xr-spatial-tracking=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_app(opening: Opening, access: Access, lan: Lan | None = None) -> web.Application:
    """Return the application that serves what is being opened to whom `access` lets in.

    `lan` is what devices of the network pair with, where they may.
    """
    app = web.Application(middlewares=[problems, guard], client_max_size=64 * 1024)
    app[OPENING] = opening
    app[ACCESS] = access
    if lan is not None:
        app[entrance.LAN] = lan
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(_close_sessions)
    api.add_routes(app.router, _stream)
    entrance.add_routes(app.router)
    app.router.add_get("/{file:.*}", _page, name="page")
    return app


def _policy(host: str) -> str:
    # 'self' does not cover WebSockets in every browser, so the address asked for is named as well;
    # a policy has no way to name an IPv6 address.
    sockets = "" if host.startswith("[") else f" ws://{host} wss://{host}"
    return "; ".join((
        "default-src 'none'", "base-uri 'none'", f"connect-src 'self'{sockets}",
        "font-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "img-src 'self' data: blob:",
        "manifest-src 'self'", "script-src 'self'", "style-src 'self'", "worker-src 'self' blob:"))


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers[hdrs.SERVER] = "xrserver"  # in place of aiohttp's, which tells its version to strangers
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    access = request.app[ACCESS]
    host = access.seen(request).host
    named = access.knows_host(host)
    headers.setdefault("Content-Security-Policy", _policy(host) if named else "default-src 'none'")
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


async def _close_sessions(app: web.Application) -> None:
    await app[OPENING].close()


async def _stream(request: web.Request) -> web.StreamResponse:
    """Hold a viewer's socket, once what talks to it is loaded."""
    try:
        sessions = await request.app[OPENING].sessions()
    except XrserverError as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None
    return await sessions.serve(request)


async def _page(request: web.Request) -> web.StreamResponse:
    """Answer with a file of the built page."""
    name = request.match_info["file"]
    if request.path.startswith("/api/") or name == "api":
        raise web.HTTPNotFound
    if not name and "token" in request.query:
        return request.app[ACCESS].let_in(request)
    root = resources.folder("page")
    file = _file(root, name or "index.html")
    if file is None:
        if not (root / "index.html").is_file():
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE,
                          "The page is not built yet: run `make run`, or install xrserver from a wheel.")
        raise web.HTTPNotFound
    hashed = name.split("/", 1)[0] == _HASHED
    caching = "public, max-age=31536000, immutable" if hashed else "no-cache"
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return web.FileResponse(file, headers={
        hdrs.CONTENT_TYPE: _TYPES.get(file.suffix.lower(), guessed), hdrs.CACHE_CONTROL: caching})


def _file(root: Path, name: str) -> Path | None:
    """Return the file called `name` under `root`, or None when there is none, or it lies elsewhere."""
    try:
        file = (root / name).resolve()
        return file if file.is_relative_to(root.resolve()) and file.is_file() else None
    except (OSError, ValueError):
        return None
