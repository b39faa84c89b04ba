"""The REST API: one table says what there is; routes and ``/api/openapi.json`` are made from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from xrserver import __version__
from xrserver.errors import UnknownMoment, XrserverError
from xrserver.server import paging, shapes
from xrserver.server.access import PAIR_PATH
from xrserver.server.opening import OPENING
from xrserver.server.problems import Problem

if TYPE_CHECKING:
    import numpy as np

    from xrserver.history.index import HistoryIndex
    from xrserver.server.opened import OpenRepository

# What needs numpy is imported where it is needed: by then `app` has loaded it, off the event loop.
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: What a tile's or table's body is sent as.
MSGPACK = "application/vnd.msgpack"

_FOREVER = "private, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for.

    Attributes
    ----------
    answers : dict
        JSON schema of the answer, of `shapes`; empty for bytes (`media` says of what kind).
    query : tuple of str
        Names of query parameters, described in `shapes.PARAMETERS`.
    """

    path: str
    name: str
    summary: str
    handler: Handler
    answers: dict[str, Any]
    query: tuple[str, ...] = ()
    media: str = "application/json"
    open: bool = False
    method: str = hdrs.METH_GET


def _json(value: object) -> web.Response:
    return web.json_response(value, dumps=shapes.dumps)


async def _open(request: web.Request) -> Mapping[str, OpenRepository]:
    """Return what is served, once it is open."""
    try:
        return await request.app[OPENING].repositories()
    except XrserverError as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None


async def _opened(request: web.Request) -> OpenRepository:
    name = request.match_info["repo"]
    try:
        return (await _open(request))[name]
    except KeyError:
        raise Problem(HTTPStatus.NOT_FOUND, f"No repository called {name!r} is open here.") from None


async def _all_of(request: web.Request) -> OpenRepository:
    """Return the repository that is asked about, once its whole history is known."""
    opened = await _opened(request)
    await opened.all_read()
    if not opened.whole:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE,
                      f"The older history of {opened.name} cannot be read; the server's terminal says why.")
    return opened


async def _health(request: web.Request) -> web.Response:
    hash = await asyncio.to_thread(_schema_hash)
    return _json({"status": "ok", "version": __version__, "schema": hash})


def _schema_hash() -> str:
    from xrserver.stream import schema

    return schema.schema_hash()


async def _openapi(request: web.Request) -> web.Response:
    await _open(request)
    return _json(openapi())


async def _repositories(request: web.Request) -> web.Response:
    repositories = await _open(request)
    from xrserver.server import views

    items = [views.repository_summary(opened) for opened in repositories.values()]
    return _json({"items": items, "next": None})


async def _repository(request: web.Request) -> web.Response:
    opened = await _opened(request)
    from xrserver.server import views

    return _json(views.repository(opened))


async def _commit(request: web.Request) -> web.Response:
    opened, oid = await _all_of(request), request.match_info["oid"]
    from xrserver.server import views

    moment = opened.moments.find(oid)
    if not moment.names_commit:
        raise UnknownMoment(f"{oid!r} is no commit: give an object id of at least 7 digits, or a ref.")
    index = opened.index
    said = await opened.run(opened.repository.commit, index.oids[moment.rank].tobytes())
    first, last = (int(bound) for bound in index.change_offsets[moment.rank:moment.rank + 2])
    start, _ = paging.position_of(request)
    end = min(first + start + paging.limit_of(request), last)
    rows = range(min(first + start, last), end)
    paths = await opened.run(_paths, index, index.change_path[rows.start:rows.stop])
    following = paging.cursor_of(end - first) if end < last else None
    return _json({**views.commit(index, moment.rank, said),
                  "files": {"items": views.changes(index, paths, rows), "next": following}})


def _paths(index: HistoryIndex, rows: np.ndarray) -> list[bytes]:
    """Return the full paths of rows of the path tree."""
    tree, text = index.paths, index.paths.bytes.tobytes()
    found: list[bytes] = []
    for row in rows.tolist():
        segments: list[bytes] = []
        while row:
            segments.append(text[tree.offsets[row]:tree.offsets[row + 1]])
            row = int(tree.parent[row])
        found.append(b"/".join(reversed(segments)))
    return found


async def _files(request: web.Request) -> web.Response:
    opened = await _all_of(request)
    from xrserver.server import views

    start, pin = paging.position_of(request)
    limit = paging.limit_of(request)
    # A page belongs to the listing that the first one began, wherever its ref points by now.
    rank = opened.files_commit(opened.moments.find(pin or request.query.get("at", "HEAD")))
    entries = await opened.files(rank)
    end = min(start + limit, len(entries))
    commit = views.at_rank(opened.index, rank)
    following = paging.cursor_of(end, commit["id"]) if end < len(entries) else None
    return _json({"commit": commit, "items": [views.file(opened, entry) for entry in entries[start:end]],
                  "next": following})


async def _authors(request: web.Request) -> web.Response:
    opened = await _all_of(request)
    start, _ = paging.position_of(request)
    people = await opened.people()
    count = len(opened.index.person_names)
    end = min(start + paging.limit_of(request), count)
    rows = await opened.run(lambda: [people.row(person) for person in range(min(start, end), end)])
    return _json({"items": rows,
                  "next": paging.cursor_of(end) if end < count else None})


async def _activity(request: web.Request) -> web.Response:
    opened = await _opened(request)
    if opened.look is None:
        raise Problem(HTTPStatus.NOT_FOUND, "Uncommitted changes are not told here: the server was started "
                                            "with --no-activity.")
    from xrserver.server import views

    return _json({"items": views.worktrees(await opened.look()), "next": None})


async def _scenes(request: web.Request) -> web.Response:
    opened = await _opened(request)
    from xrserver.server import views

    return _json({"items": [views.scene_summary(opened, name) for name in opened.scene_names], "next": None})


async def _scene(request: web.Request) -> web.Response:
    opened = await _opened(request)
    from xrserver.server import views

    return _json(views.scene(opened, await opened.scene(request.match_info["scene"])))


async def _tile(request: web.Request) -> web.Response:
    opened, tile = await _opened(request), request.match_info["tile"]
    deflated = "deflate" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
    body = await opened.body(await opened.scene(request.match_info["scene"]), tile, deflated=deflated)
    # A tile's id is the hash of its recipe: what has this id never changes.
    etag = f'"{tile}-deflate"' if deflated else f'"{tile}"'
    headers = {hdrs.CACHE_CONTROL: _FOREVER, hdrs.VARY: hdrs.ACCEPT_ENCODING, hdrs.ETAG: etag}
    if deflated:
        headers[hdrs.CONTENT_ENCODING] = "deflate"
    if request.headers.get(hdrs.IF_NONE_MATCH) == etag:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=body, content_type=MSGPACK, headers=headers)


async def _tidy(request: web.Request) -> web.Response:
    opened = await _all_of(request)
    scene = await opened.scene(request.match_info["scene"])
    tidied = await opened.tidy(scene)
    return _json({"tidied": tidied, "generation": (await opened.scene(scene.definition.name)).generation})


OPERATIONS: tuple[Operation, ...] = (
    Operation("/health", "health", "Whether the server lives", _health, shapes.HEALTH, open=True),
    Operation("/api/openapi.json", "openapi", "This description", _openapi, shapes.ANYTHING),
    Operation("/api/repositories", "repositories", "What is open", _repositories,
              shapes.page(shapes.REPOSITORY_SUMMARY)),
    Operation("/api/repositories/{repo}", "repository", "Counts, refs and span of time", _repository,
              shapes.REPOSITORY),
    Operation("/api/repositories/{repo}/commits/{oid}", "commit",
              "Message, people, parents and changed files of a commit, by object id or ref",
              _commit, shapes.COMMIT, ("limit", "cursor")),
    Operation("/api/repositories/{repo}/files", "files",
              "The tree at a moment, as git ls-tree -r lists it. A commit id or ref means that commit's own "
              "tree, a date or rank:N that of the newest mainline commit then", _files,
              shapes.FILES, ("at", "limit", "cursor")),
    Operation("/api/repositories/{repo}/authors", "authors",
              "Who made this, most commits first: people as the mailmap, or the setting `people`, has them. "
              "E-mail addresses are not told", _authors, shapes.page(shapes.AUTHOR), ("limit", "cursor")),
    Operation("/api/repositories/{repo}/activity", "activity",
              "What is changed and not committed now, in every worktree: paths and kinds; `files` counts "
              "them, of which the first are listed", _activity, shapes.page(shapes.WORKTREE)),
    Operation("/api/repositories/{repo}/scenes", "scenes", "The scenes there are", _scenes,
              shapes.page(shapes.SCENE_SUMMARY)),
    Operation("/api/repositories/{repo}/scenes/{scene}", "scene", "A scene's manifest", _scene, shapes.SCENE),
    Operation("/api/repositories/{repo}/scenes/{scene}/tiles/{tile}", "tile",
              "The body of a tile or of the table; never changes", _tile, {}, media=MSGPACK),
    Operation("/api/repositories/{repo}/scenes/{scene}/tidy", "tidy",
              "Lay a scene out anew, as it would be on opening: what came to free plots and annexes goes to "
              "its own place, before the eyes of everybody who looks. Says whether anything had come", _tidy,
              shapes.TIDIED, method=hdrs.METH_POST),
)


def add_routes(router: web.UrlDispatcher, stream: Handler) -> None:
    """Add a route for every operation, and the stream."""
    for operation in OPERATIONS:
        add = router.add_get if operation.method == hdrs.METH_GET else router.add_post
        add(operation.path, operation.handler, name=operation.name)
    router.add_get(shapes.STREAM_PATH, stream, name="stream", allow_head=False)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI description of all operations."""
    from xrserver.stream import schema

    paths = {operation.path: {operation.method.lower(): _described(operation)} for operation in OPERATIONS}
    paths[PAIR_PATH] = {"post": shapes.pair()}
    paths[shapes.STREAM_PATH] = {"get": shapes.stream(schema.subprotocol())}
    return {
        "openapi": "3.1.0",
        "info": {"title": "xrserver", "version": __version__,
                 "description": "A git history to stand in. Times are ISO 8601 UTC, lists have an opaque "
                                "cursor, errors are RFC 9457 problem documents.",
                 "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {"securitySchemes": shapes.SECURITY, "schemas": {"Problem": shapes.PROBLEM}},
        "security": [{name: []} for name in shapes.SECURITY],
    }


def _described(operation: Operation) -> dict[str, Any]:
    in_path = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    content = {"schema": operation.answers} if operation.answers else {
        "schema": {"type": "string", "format": "binary"}}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [shapes.parameter(name, "path") for name in in_path]
                      + [shapes.parameter(name, "query") for name in operation.query],
        "responses": {"200": {"description": operation.summary, "content": {operation.media: content}},
                      "default": shapes.PROBLEM_RESPONSE},
    }
    if operation.open:
        described["security"] = []
    return described
