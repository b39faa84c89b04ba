"""A small scripted repository, and a real server of it for tests of the server and its viewers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from repositories import git

from xrserver import app
from xrserver.config import Config

__all__ = ["STORY", "asking", "files_story", "git", "served", "silent", "tell"]

#: Two people, a side branch that is merged, a move, a removal, and every kind of file and name.
STORY = rb"""
blob
mark :1
data 6
hello

blob
mark :2
data 13
hello, world

blob
mark :3
data 9
README.md
commit refs/heads/main
mark :10
author Ada <ada@secret.example> 1000000000 +0200
committer Ada <ada@secret.example> 1000000000 +0200
data 32
Begin

With a reason in a body.
M 100644 :1 README.md
M 100755 :1 tools/run.sh
M 100644 :1 src/old.py
M 120000 :3 docs/link
M 160000 0123456789012345678901234567890123456789 vendor/module
M 100644 :1 "caf\351.txt"
M 100644 :1 "line\nbreak.txt"
M 100644 :1 "\346\274\242\345\255\227/\303\244.md"
commit refs/heads/side
mark :11
author Bob <bob@secret.example> 1000001000 -0530
committer Ada <ada@secret.example> 1000001500 +0000
data 8
Improve
from :10
M 100644 :2 src/old.py
commit refs/heads/main
mark :12
author Ada <ada@secret.example> 1000002000 +0000
committer Ada <ada@secret.example> 1000002000 +0000
data 7
Remove
from :10
D tools/run.sh
commit refs/heads/main
mark :13
author Ada <ada@secret.example> 1000003000 +0000
committer Ada <ada@secret.example> 1000003000 +0000
data 6
Merge
from :12
merge :11
M 100644 :2 src/old.py
commit refs/heads/main
mark :14
author Bob <bob@secret.example> 1000004000 +0000
committer Bob <bob@secret.example> 1000004000 +0000
data 5
Move
from :13
R src/old.py src/new.py
commit refs/heads/waiting
mark :15
author Bob <bob@secret.example> 1000005000 +0000
committer Bob <bob@secret.example> 1000005000 +0000
data 11
Not landed
from :14
M 100644 :1 src/waiting.py
tag v1.0
from :13
tagger Ada <ada@secret.example> 1000003500 +0000
data 4
One
reset refs/tags/begin
from :10
"""


def tell(folder: Path, story: bytes = STORY) -> Path:
    """Make a bare repository at `folder` out of a fast-import stream."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "-b", "main")
    git(folder, "fast-import", "--quiet", given=story.lstrip())
    return folder


def files_story(count: int) -> bytes:
    """One commit of `count` files, for tiles that do not fit into one frame."""
    head = b"""commit refs/heads/main
committer Ada <ada@secret.example> 1000000000 +0000
data 4
Many
"""
    return head + b"".join(b"M 100644 inline d%02d/f%05d.py\ndata 2\n%c\n" % (n % 40, n, 65 + n % 26)
                           for n in range(count))


def silent(phase: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@asynccontextmanager
async def served(*repositories: Path, **settings: Any) -> AsyncIterator[app.Serving]:
    """A server of `repositories` on a free port."""
    config = Config(repositories=repositories, **{"port": 0, "jobs": 1, "mdns": False, **settings})
    async with app.server(config, silent) as serving:
        await serving.opened()
        yield serving


@asynccontextmanager
async def asking(serving: app.Serving, **headers: str) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client of the server that carries its token."""
    base, _, token = serving.url.partition("?token=")
    authorization = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(base, headers={**authorization, **headers},
                                     cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield client
