"""A scene file that is edited while it is served: viewers go on in it, or are told what is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeVar

from served import served, tell

from xrserver.stream import client
from xrserver.stream.messages import Notice, Scene

T = TypeVar("T")


async def heard(session: client.Session, kind: type[T]) -> T:
    async for message in session:
        if isinstance(message, kind):
            return message
    raise AssertionError("the server said no more")


async def test_an_edited_scene_is_shown_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    repository = tell(tmp_path / "story")
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\n', encoding="utf-8")
    async with served(repository, scene=str(file)) as serving, client.connect(serving.url) as session:
        first = session.scene.generation
        assert session.scene.scene == "mine"
        file.write_text('title = "Mine"\n[layout]\nstreet = "12 s"\n', encoding="utf-8")
        async with asyncio.timeout(20):
            notice = await heard(session, Notice)
        assert "mine.toml:3: street: the unit 's' does not fit" in notice.text
        assert session.scene.generation == first, "the old one stays"
        file.write_text('title = "Mine"\n[layout]\nstreet = "12 m"\n', encoding="utf-8")
        async with asyncio.timeout(20):
            scene = await heard(session, Scene)
        assert scene.scene == "mine" and scene.generation != first
        assert (await session.tile(scene.root.id)).header.id == scene.root.id
