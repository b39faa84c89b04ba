"""Refs kept as reftables are those that git lists: of tables that git 2.47 wrote, of its own where it can."""

from __future__ import annotations

import base64
import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from repositories import Script, git
from test_history_index import assert_same

from xrserver.errors import UnreadableRepository
from xrserver.history.glance import glance
from xrserver.history.log import read_index
from xrserver.history.reftable import Reftables
from xrserver.history.repository import Repository

VECTOR = Path(__file__).parent / "vectors" / "history" / "reftable.json"


def script(object_format: str) -> Script:
    made = Script(object_format)
    for number in range(4):
        made.commit({"file": b"%d\n" % number})
    return made


@pytest.fixture(params=["sha1", "sha256"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path, dict[str, Any]]:
    """The same repository with refs as files and as the tables, and what git listed of those."""
    vector = json.loads(VECTOR.read_text())[request.param]
    files = script(request.param).write(tmp_path / "files", bare=True)
    folder = shutil.copytree(files, tmp_path / "tables")
    for name in ("refs", "packed-refs"):
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "heads").write_text("this repository uses the reftable format\n")
    (folder / "HEAD").write_text("ref: refs/heads/.invalid\n")
    config = (folder / "config").read_text()
    (folder / "config").write_text(f"{config}[extensions]\n\trefStorage = reftable\n")
    (folder / "reftable").mkdir()
    for name, content in vector["tables"].items():
        (folder / "reftable" / name).write_bytes(base64.b64decode(content))
    return files, folder, vector


def test_tables_that_git_wrote_say_what_git_listed(kept: tuple[Path, Path, dict[str, Any]]) -> None:
    files, folder, vector = kept
    assert glance(folder) == "tables"
    with Repository.open(folder) as repository:
        found = {ref.name: ref.oid.hex() for ref in repository.refs.all() if ref.kind != "worktree"}
        assert found == vector["refs"] and len(found) > 200  # of several blocks
        assert not [name for name in found if "gone" in name]
        assert repository.refs.head() == ("refs/heads/main", bytes.fromhex(vector["refs"]["refs/heads/main"]))
        assert repository.refs.resolve("refs/remotes/origin/HEAD") == bytes.fromhex(
            vector["refs"]["refs/remotes/origin/main"])
        with Repository.open(files) as plain:
            assert repository.mainline_oid == plain.mainline_oid
            ours, theirs = read_index(repository, jobs=1), read_index(plain, jobs=1)
    assert len(ours.refs) > len(theirs.refs)
    assert [oid.tobytes() for oid in ours.oids] == [oid.tobytes() for oid in theirs.oids]


def test_whatever_is_wrong_with_a_table_is_a_sentence_or_other_refs_and_nothing_else(
        kept: tuple[Path, Path, dict[str, Any]]) -> None:
    folder = kept[1]
    rng = random.Random(3)
    tables = {path: path.read_bytes() for path in (folder / "reftable").glob("*.ref")}
    refused = 0
    for number in range(300):
        path = rng.choice(sorted(tables))
        content = bytearray(tables[path])
        if number % 5:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        else:
            del content[rng.randrange(len(content)):]
        path.write_bytes(content)
        try:
            Reftables(folder, folder).all()
        except UnreadableRepository as error:
            refused += 1
            assert str(folder) in str(error) and "\n" not in str(error)
        path.write_bytes(tables[path])
    assert refused > 20
    (folder / "reftable" / "tables.list").write_text("../../elsewhere.ref\n")
    with pytest.raises(UnreadableRepository, match="is no table"):
        Reftables(folder, folder).all()


def _version() -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)", git(Path(), "version").decode())
    return tuple(map(int, found.groups())) if found else (0, 0)


@pytest.mark.skipif(_version() < (2, 46), reason="this git cannot convert refs to reftables")
def test_a_repository_that_git_converts_stays_the_same(tmp_path: Path) -> None:
    folder = script("sha1").write(tmp_path / "repository", bare=True)
    with Repository.open(folder) as repository:
        before = read_index(repository, jobs=1)
    git(folder, "refs", "migrate", "--ref-format=reftable")
    with Repository.open(folder) as repository:
        assert isinstance(repository.refs, Reftables)
        assert_same(read_index(repository, jobs=1), before)
