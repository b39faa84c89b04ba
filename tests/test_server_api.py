"""The API says what git says, in the shapes its own description promises."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from served import asking, git, served, tell

import xrserver
from xrserver.server import api, http, shapes
from xrserver.server.access import Access
from xrserver.server.opening import Opening
from xrserver.stream import codec, messages


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("api") / "story.git")


async def get(client: aiohttp.ClientSession, path: str, status: int = 200) -> Any:
    async with client.get(path) as response:
        assert response.status == status, await response.text()
        kind = "application/json" if status == 200 else "application/problem+json"
        assert response.content_type == kind
        return await response.json(content_type=kind)


def fits(value: Any, shape: dict[str, Any], where: str = "answer") -> None:
    """Hold a value against the part of JSON Schema that `shapes` uses."""
    if "anyOf" in shape:
        if value is not None:
            fits(value, shape["anyOf"][0], where)
        return
    if "const" in shape:
        assert value == shape["const"], where
    if "enum" in shape:
        assert value in shape["enum"], where
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
             "integer": int, "number": (int, float)}
    names = shape.get("type", [])
    allowed = [names] if isinstance(names, str) else names
    assert not allowed or any(isinstance(value, kinds[name]) for name in allowed), f"{where}: {value!r}"
    if isinstance(value, str) and "pattern" in shape:
        assert re.search(shape["pattern"], value), f"{where}: {value!r}"
    if isinstance(value, int) and "minimum" in shape:
        assert value >= shape["minimum"], where
    if isinstance(value, list):
        assert shape.get("minItems", 0) <= len(value) <= shape.get("maxItems", 10**9), where
        for number, item in enumerate(value):
            fits(item, shape["items"], f"{where}[{number}]")
    if isinstance(value, dict) and "properties" in shape:
        assert set(shape["required"]) <= set(value) <= set(shape["properties"]), f"{where}: {sorted(value)}"
        for name, inner in value.items():
            fits(inner, shape["properties"][name], f"{where}.{name}")


def listed(repository: Path, commit: str) -> list[tuple[bytes, bytes, bytes]]:
    """(mode, id, path) of every line of `git ls-tree -r`."""
    lines = git(repository, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]
    return [(line[:6], line[line.index(b"\t") - 40:line.index(b"\t")], line[line.index(b"\t") + 1:])
            for line in lines]


def path_of(item: dict[str, Any]) -> bytes:
    return base64.b64decode(item["pathBytes"]) if "pathBytes" in item else item["path"].encode()


async def every_item(client: aiohttp.ClientSession, path: str) -> list[Any]:
    items: list[Any] = []
    page = await get(client, path)
    while True:
        items += page["items"]
        if page["next"] is None:
            return items
        page = await get(client, f"{path}&cursor={page['next']}")


async def test_the_tree_at_every_commit_and_ref_equals_git_ls_tree(repository: Path) -> None:
    ids = git(repository, "rev-list", "--all").decode().split()
    async with served(repository) as serving, asking(serving) as client:
        for at in (*ids, *(i[:10] for i in ids), "main", "side", "v1.0", "begin", "refs/heads/waiting"):
            items = await every_item(client, f"/api/repositories/story/files?at={at}&limit=3")
            told = [(i["mode"].encode(), i["id"].encode(), path_of(i)) for i in items]
            assert told == listed(repository, at)


async def test_the_tree_of_strange_histories_equals_git_ls_tree(everything_repository: Path) -> None:
    async with served(everything_repository) as serving, asking(serving) as client:
        for at in git(everything_repository, "rev-list", "--all").decode().split()[::4]:
            items = await every_item(client, f"/api/repositories/everything/files?at={at}")
            told = [(i["mode"].encode(), i["id"].encode(), path_of(i)) for i in items]
            assert told == listed(everything_repository, at)


async def test_a_rank_or_date_means_the_newest_mainline_commit(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        waiting = await get(client, "/api/repositories/story/commits/waiting")
        at_rank = await get(client, f"/api/repositories/story/files?at=rank:{waiting['rank']}")
        assert at_rank["commit"]["id"] == git(repository, "rev-parse", "main").decode().strip()
        day = await get(client, "/api/repositories/story/files?at=2001-09-09T02:13:20Z")
        first = await get(client, "/api/repositories/story/files?at=2001-09-09T01:46:40%2B00:00")
        assert day["commit"]["id"] == git(repository, "rev-parse", "begin").decode().strip()
        assert first["commit"]["id"] == day["commit"]["id"]
        assert (await get(client, "/api/repositories/story/files"))["commit"]["id"] == at_rank["commit"]["id"]


async def test_paths_that_are_not_utf8_come_with_their_bytes_and_others_without(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        items = (await get(client, "/api/repositories/story/files?at=main"))["items"]
        with_bytes = [i for i in items if "pathBytes" in i]
        assert [path_of(i) for i in with_bytes] == [b"caf\xe9.txt"]
        assert with_bytes[0]["path"] == "caf\ufffd.txt"
        assert {"line\nbreak.txt", "漢字/ä.md"} <= {i["path"] for i in items}


async def test_sizes_are_the_blobs_and_a_submodule_has_none(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        for item in (await get(client, "/api/repositories/story/files?at=main"))["items"]:
            if item["type"] == "commit":
                assert (item["mode"], item["size"]) == ("160000", None)
            else:
                assert item["size"] == int(git(repository, "cat-file", "-s", item["id"]))


async def test_a_commit_says_what_git_says_of_it(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        for oid in git(repository, "rev-list", "--all").decode().split():
            told = await get(client, f"/api/repositories/story/commits/{oid}")
            form = "%P%x00%an%x00%at%x00%cn%x00%s%x00%B"
            said = git(repository, "show", "-s", f"--format={form}", oid).decode()
            parents, author, _, committer, subject, body = said.split("\0")
            assert [p["id"] for p in told["parents"]] == parents.split()
            assert (told["author"]["name"], told["committer"]["name"]) == (author, committer)
            assert told["summary"] == subject and told["message"].rstrip() == body.rstrip()
            against = parents.split()[:1] or ["4b825dc642cb6eb9a060e54bf8d69288fbee4904"]
            raw = git(repository, "diff-tree", "-r", "-z", "--no-renames", "--name-status", *against, oid)
            fields = raw.split(b"\0")[:-1]
            names = {b"A": "added", b"D": "deleted", b"M": "modified", b"T": "modified"}
            assert sorted((i["status"], path_of(i)) for i in told["files"]["items"]) == sorted(
                (names[s], p) for s, p in zip(fields[::2], fields[1::2], strict=True))


async def test_a_side_commit_says_where_it_landed(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        side = await get(client, "/api/repositories/story/commits/side")
        merge = git(repository, "rev-parse", "v1.0^{commit}").decode().strip()
        assert side["landed"]["id"] == merge
        assert (await get(client, "/api/repositories/story/commits/waiting"))["landed"] is None


async def test_times_are_iso_8601_utc(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        assert (await get(client, "/api/repositories/story/commits/begin"))["author"]["time"] == \
            "2001-09-09T01:46:40Z"
        assert (await get(client, "/api/repositories/story"))["span"] == {
            "from": "2001-09-09T01:46:40Z", "to": "2001-09-09T03:10:00Z"}


async def test_every_answer_has_the_shape_its_description_promises(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        described = await get(client, "/api/openapi.json")
        names = {"{repo}": "story", "{oid}": "main", "{scene}": "city"}
        for path, methods in described["paths"].items():
            if "get" not in methods:
                continue
            content = methods["get"]["responses"].get("200", {}).get("content", {})
            shape = content.get("application/json", {}).get("schema")
            if shape is None:
                continue
            for placeholder, value in names.items():
                path = path.replace(placeholder, value)
            fits(await get(client, path), shape)


async def test_problems_have_the_shape_their_description_promises(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        story = "/api/repositories/story"
        for path, status in {
            "/api/repositories/other": 404, f"{story}/commits/0000000": 404,
            f"{story}/commits/2001-09-09": 404,
            f"{story}/files?at=nothing": 404, f"{story}/files?at=rank:99": 404,
            f"{story}/files?at=1999-01-01": 404, f"{story}/files?limit=0": 400,
            f"{story}/files?limit=99999": 400, f"{story}/files?limit=x": 400, f"{story}/files?cursor=x": 400,
            f"{story}/files?cursor=WzFd": 400, f"{story}/scenes/village": 404,
            f"{story}/scenes/city/tiles/{'0' * 32}": 404, f"{story}/commits/main/": 404,
            "/api/stream": 400, "/api/nothing": 404, "/api/": 404, "/api": 404, "/nothing": 404,
        }.items():
            problem = await get(client, path, status)
            fits(problem, shapes.PROBLEM)
            assert problem["status"] == status and problem["detail"].endswith("."), problem


async def test_other_methods_are_refused_and_those_allowed_are_named(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            async with client.request(method, "/api/repositories") as response:
                assert response.status == 405 and "GET" in response.headers["Allow"]
                fits(await response.json(content_type="application/problem+json"), shapes.PROBLEM)


async def test_routes_and_description_are_the_same_set(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        described = await get(client, "/api/openapi.json")
    router = http.create_app(Opening(), Access("127.0.0.1", 1, "")).router
    routed = {(route.resource.canonical, route.method) for route in router.routes() if route.resource}
    ours = {(path, method) for path, method in routed if path.startswith(("/api", "/health"))}
    said = {(path, method.upper()) for path, methods in described["paths"].items() for method in methods}
    assert said == {(path, method) for path, method in ours if method != "HEAD"}
    for operation in api.OPERATIONS:
        said_of_it = described["paths"][operation.path][operation.method.lower()]
        parameters = {p["name"]: p for p in said_of_it["parameters"]}
        in_path = set(re.findall(r"\{(\w+)\}", operation.path))
        assert {name for name, p in parameters.items() if p["in"] == "path"} == in_path
        assert all(parameters[name]["required"] for name in in_path)


async def test_no_email_address_is_told_anywhere(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        for path in ("", "/commits/main", "/commits/side", "/files", "/scenes/city"):
            async with client.get(f"/api/repositories/story{path}") as response:
                assert "secret.example" not in await response.text()
        async with xrserver.connect(serving.url) as session:
            assert b"secret.example" not in codec.encode(await session.table())
            assert "secret.example" not in str(await session.select(1, 3))


async def test_a_tile_over_http_is_the_tile_of_the_stream_and_never_changes(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        scene = await get(client, "/api/repositories/story/scenes/city")
        async with xrserver.connect(serving.url) as session:
            assert session.scene.root.id == scene["root"]["id"] and session.scene.table == scene["table"]
            for name, streamed in ((scene["root"]["id"], await session.tile()),
                                   (scene["table"], await session.table())):
                path = f"/api/repositories/story/scenes/city/tiles/{name}"
                async with client.get(path) as response:
                    assert response.content_type == "application/vnd.msgpack"
                    assert "immutable" in response.headers["Cache-Control"]
                    body, etag = await response.read(), response.headers["ETag"]
                assert body == codec.encode(streamed)
                async with client.get(path, headers={"Accept-Encoding": "identity"}) as response:
                    assert "Content-Encoding" not in response.headers
                    assert response.headers["ETag"] != etag and await response.read() == body
                assert isinstance(codec.decode_body(body), messages.BODIES)
                async with client.get(path, headers={"If-None-Match": etag}) as response:
                    assert response.status == 304 and await response.read() == b""


async def test_a_head_request_has_the_headers_and_no_body(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client, client.head("/health") as response:
        assert response.status == 200 and await response.read() == b""


async def test_two_repositories_of_one_name_have_different_ids(repository: Path, tmp_path: Path) -> None:
    other = tell(tmp_path / "story.git")
    async with served(repository, other) as serving, asking(serving) as client:
        items = (await get(client, "/api/repositories"))["items"]
        assert [(i["id"], i["name"]) for i in items] == [("story", "story"), ("story-2", "story")]
        async with xrserver.connect(serving.url, scene="story-2/city") as session:
            assert session.scene.repository == "story-2"


async def test_a_repository_whose_objects_vanish_answers_with_a_problem(tmp_path: Path) -> None:
    repository = tell(tmp_path / "story.git")
    async with served(repository) as serving, asking(serving) as client:
        for pack in (repository / "objects" / "pack").iterdir():
            pack.rename(pack.with_suffix(".gone"))
        for file in (repository / "objects").rglob("*"):
            if file.is_file() and len(file.parent.name) == 2:
                file.unlink()
        for rank in range(4):
            problem = await get(client, f"/api/repositories/story/files?at=rank:{rank}", 503)
            assert "missing" in problem["detail"]
        assert (await get(client, "/health"))["status"] == "ok"


async def test_authors_are_people_and_their_addresses_stay_here(tmp_path: Path) -> None:
    story = b"".join(
        b"commit refs/heads/main\nauthor %s %d +0000\ncommitter Cay <cay@secret.example> %d +0000\n"
        b"data <<.\n%s\n.\n\n" % (who, 10**9 + n, 10**9 + 1000 + n, text) for n, (who, text) in enumerate([
            (b"Ada <ada@secret.example>", b"one"), (b"ada@secret.example <ada@secret.example>", b"two"),
            (b"Bob <bob@secret.example>", b"three\n\nCo-authored-by: Ada <ada@secret.example>"),
            (b"Ada <ADA@secret.example>", b"four\n\nCo-authored-by: ada <ada@secret.example>")]))
    story += b"M 100644 inline .mailmap\ndata 48\nAda L <ada@secret.example> <ada@secret.example>\n"
    folder = tell(tmp_path / "people.git", story)
    before = git(folder, "rev-parse", "main~1").decode().strip()
    async with served(folder) as serving, asking(serving) as client:
        first = await get(client, "/api/repositories/people/authors?limit=2")
        rest = await get(client, f"/api/repositories/people/authors?cursor={first['next']}")
        assert "secret" not in str(first) + str(rest)
        assert first["items"] == [
            {"id": 0, "name": "Ada L", "alsoAs": ["Ada", "ada"], "commits": 3, "committed": 0,
             "coAuthored": 1, "first": "2001-09-09T01:46:40Z", "last": "2001-09-09T01:46:43Z"},
            {"id": 1, "name": "Bob", "alsoAs": [], "commits": 1, "committed": 0, "coAuthored": 0,
             "first": "2001-09-09T01:46:42Z", "last": "2001-09-09T01:46:42Z"}]
        assert [(i["name"], i["committed"]) for i in rest["items"]] == [("Cay", 4)] and rest["next"] is None
        for name, others in (("main", []), (before, ["Ada L"])):
            told = await get(client, f"/api/repositories/people/commits/{name}")
            assert (told["committer"]["name"], told["coAuthors"]) == ("Cay", others)
