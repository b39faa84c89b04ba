"""The page shows what is changed and not committed: which files, where, and in which worktree."""

from __future__ import annotations

from pathlib import Path

import chromium
import numpy as np
import pytest
from playwright.async_api import Browser
from repositories import git
from served import served
from test_history_live import Work

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_worktree_lists_what_is_not_committed_and_leads_there(
        chrome: Browser, tmp_path: Path) -> None:
    work = Work(tmp_path / "work")
    work.commit({"src/a.py": "x\n" * 90, "src/b.py": "x\n", "docs/c.md": "x\n"})
    linked = tmp_path / "linked"
    git(work.folder, "worktree", "add", "-q", str(linked), "-b", "side")
    async with (served(work.folder) as serving,
                chromium.visit(chrome, serving.url, viewport=(1000, 600)) as visit):
        section = visit.page.get_by_label("Uncommitted changes")
        assert not await section.is_visible()
        before = await visit.picture()
        (linked / "src/a.py").write_text("at work\n")
        (linked / "src/new.py").write_text("new\n")
        await section.wait_for(state="visible")
        assert (await section.inner_text()).split("\n") == ["Uncommitted", "linked", "2 files"]
        # Its building and the district of what has none are marked.
        after = await visit.picture()
        colours = np.asarray(after, np.int16)
        warm = np.count_nonzero(colours[..., 0] > colours[..., 2] + 40)
        assert after.tobytes() != before.tobytes() and warm > 0
        await section.locator("summary").click()
        assert await section.get_by_role("button").all_inner_texts() == ["M\nsrc/a.py", "?\nsrc/new.py"]
        await section.get_by_text("src/a.py").click()
        await visit.until("state.selected === 'src/a.py'")
        (linked / "src/new.py").unlink()
        await section.get_by_text("src/new.py").wait_for(state="detached")
        assert await section.get_by_text("src/a.py").is_visible()  # it stays open
        git(linked, "checkout", "-q", "src/a.py")
        await section.wait_for(state="hidden")
