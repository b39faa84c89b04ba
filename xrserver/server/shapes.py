"""The API's JSON schemas and parameters, as data for its OpenAPI description."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from xrserver.server.paging import LARGEST_PAGE, PAGE

Shape = dict[str, Any]

STREAM_PATH = "/api/stream"

#: JSON as the API writes it.
dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

ANYTHING: Shape = {"type": "object"}
_TEXT: Shape = {"type": "string"}
_COUNT: Shape = {"type": "integer", "minimum": 0}
_NUMBER: Shape = {"type": "number"}
_TIME: Shape = {"type": "string", "description": "ISO 8601, UTC"}
_OID: Shape = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"}
_TILE: Shape = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_MODE: Shape = {"type": "string", "pattern": "^[0-7]{6}$"}
_SIZE: Shape = {"type": ["integer", "null"], "description": "bytes; null when not known"}


def record(**properties: Shape) -> Shape:
    """Return the schema of an object that has all of `properties` and no others."""
    return {"type": "object", "properties": properties, "required": sorted(properties),
            "additionalProperties": False}


def items(shape: Shape, count: int | None = None) -> Shape:
    """Return the schema of a list."""
    bounds = {} if count is None else {"minItems": count, "maxItems": count}
    return {"type": "array", "items": shape, **bounds}


def nullable(shape: Shape) -> Shape:
    """Return the schema of something or null."""
    return {"anyOf": [shape, {"type": "null"}]}


def page(shape: Shape, **more: Shape) -> Shape:
    """Return the schema of a page of a list."""
    return record(items=items(shape), next={
        "type": ["string", "null"], "description": "cursor of the next page; null on the last"}, **more)


def _with_path(**properties: Shape) -> Shape:
    shape = record(path={"type": "string", "description": "for display"}, **properties)
    shape["properties"]["pathBytes"] = {
        "type": "string", "contentEncoding": "base64", "description": "only where the path is not UTF-8"}
    return shape


AT_RANK = record(id=_OID, rank=_COUNT)
HEALTH = record(status={"const": "ok"}, version=_TEXT, schema=_TEXT)
REPOSITORY_SUMMARY = record(id=_TEXT, name=_TEXT, commits=_COUNT)
REPOSITORY = record(
    **REPOSITORY_SUMMARY["properties"], format={"enum": ["sha1", "sha256"]}, people=_COUNT, files=_COUNT,
    paths=_COUNT, mainline=record(ref=_TEXT, commits=_COUNT, head=AT_RANK), headRank=_COUNT,
    span=record(**{"from": _TIME, "to": _TIME}),
    refs=items(record(name=_TEXT, kind={"enum": ["head", "remote", "worktree", "tag"]}, id=_OID,
                      rank=_COUNT)),
    scenes=items(_TEXT))
_PERSON = record(name=_TEXT, time=_TIME)
_SIDE = nullable(record(mode=_MODE, id=_OID, size=_SIZE))
COMMIT = record(
    id=_OID, rank=_COUNT, parents=items(AT_RANK), author=_PERSON, committer=_PERSON,
    coAuthors=items(_TEXT), summary=_TEXT, message=_TEXT, landed=nullable(AT_RANK),
    files=page(_with_path(status={"enum": ["added", "deleted", "modified"]}, old=_SIDE, new=_SIDE)))
AUTHOR = record(id=_COUNT, name=_TEXT, alsoAs=items(_TEXT), commits=_COUNT, committed=_COUNT,
                coAuthored=_COUNT, first=_TIME, last=_TIME)
_FILE = _with_path(mode=_MODE, type={"enum": ["blob", "commit"]}, id=_OID, size=_SIZE)
_FILE["properties"]["repository"] = {
    "type": "string", "description": "of a submodule whose commit is served here: the id of that repository"}
FILES = page(_FILE, commit=AT_RANK)
WORKTREE = record(
    name=_TEXT, branch=_TEXT, files=_COUNT, more={"type": "boolean"}, problem=_TEXT,
    changes=items(_with_path(kind={"enum": ["added", "modified", "deleted", "untracked"]})))
SCENE_SUMMARY = record(name=_TEXT, default={"type": "boolean"})
_HEADER = record(
    id=_TILE, level=_COUNT, box=items(_NUMBER, 6), lo=_COUNT, hi=_COUNT, error=_NUMBER, nodes=_COUNT,
    spans=_COUNT, strata=_COUNT, bytes=_COUNT, children=items({"type": "object"}))
SCENE = record(
    name=_TEXT, title=_TEXT, generation=_TEXT, mainlineRef=_TEXT, headRank=_COUNT, root=_HEADER, table=_TILE,
    tableBytes=_COUNT,
    pose=record(position=items(_NUMBER, 3), orientation=items(_NUMBER, 4), scale=_NUMBER),
    glowSeconds=_NUMBER,
    people=items(record(id=_COUNT, name=_TEXT, commits=_COUNT, colour=_COUNT)), excluded=_COUNT)
TIDIED = record(tidied={"type": "boolean"}, generation=_TEXT)
PROBLEM = record(type=_TEXT, title=_TEXT, status={"type": "integer"}, detail=_TEXT)
PROBLEM["properties"] |= {
    "pairing": {"type": "string", "description": "where a code pairs a stranger's device"},
    "reason": {"enum": ["wrong", "expired", "used", "waiting"], "description": "why a code does not pair"},
    "wait": {"type": "integer", "minimum": 0, "description": "seconds until the next code may be tried"},
    "left": {"type": "integer", "minimum": 0, "description": "wrong codes until there is a wait"},
}
PAIRED = record(id=_TEXT, name=_TEXT)
_CODE: Shape = {"type": "string", "pattern": "^[0-9]{6}$", "description": "as xrserver shows it"}
_SECRET: Shape = {"type": "string", "description": "what an address carries as #pair="}
PROBLEM_RESPONSE: Shape = {
    "description": "What went wrong, in a sentence",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}

SECURITY: Shape = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "query": {"type": "apiKey", "in": "query", "name": "token"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "xrserver-{port}",
               "description": "set when the printed address is opened, and when a device is paired; over "
                              "HTTPS its name begins with __Host-"},
}

PARAMETERS: dict[str, tuple[str, Shape]] = {
    "repo": ("id of an open repository", _TEXT),
    "oid": ("object id of a commit, at least 7 digits, or a ref", _TEXT),
    "scene": ("name of a scene", _TEXT),
    "tile": ("id of a tile or of the table", _TILE),
    "at": ("a moment: rank:N, a commit id of at least 7 digits, a ref, or an ISO 8601 date; default HEAD",
           _TEXT),
    "limit": ("most items in the page", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE,
                                         "default": PAGE}),
    "cursor": ("`next` of the page before", _TEXT),
}


def parameter(name: str, place: str) -> Shape:
    """Return the description of a parameter in the path or the query."""
    description, shape = PARAMETERS[name]
    return {"name": name, "in": place, "required": place == "path", "description": description,
            "schema": shape}


def pair() -> Shape:
    """Return the description of pairing."""
    ways = [record(code=_CODE), record(secret=_SECRET)]
    for way in ways:
        way["properties"]["name"] = {"type": "string", "description": "of the device, for people"}
    return {
        "operationId": "pair",
        "summary": "Pair a device by the code that xrserver shows, or by a link's secret",
        "parameters": [],
        "security": [],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": ways}}}},
        "responses": {"200": {"description": "Paired; the cookie that is set lets the device in",
                              "content": {"application/json": {"schema": PAIRED}}},
                      "default": PROBLEM_RESPONSE},
    }


def stream(subprotocol: str) -> Shape:
    """Return the description of the WebSocket."""
    return {
        "operationId": "stream",
        "summary": f"The stream: a WebSocket of the subprotocol {subprotocol}",
        "parameters": [],
        "responses": {"101": {"description": "The WebSocket is open"}, "default": PROBLEM_RESPONSE},
    }
