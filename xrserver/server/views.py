"""What the API says of commits, files, repositories and scenes, as JSON values.

Times are ISO 8601 UTC. Paths are text for display in ``path``; where git's bytes are no UTF-8,
``pathBytes`` holds them in base64. E-mail addresses are not told.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

import numpy as np

from xrserver.columns import RANK_END
from xrserver.history.index import HistoryIndex
from xrserver.history.objects import Commit
from xrserver.history.repository import TreeEntry
from xrserver.scene.build import BuiltScene
from xrserver.server.opened import OpenRepository
from xrserver.stream import bodies
from xrserver.stream.messages import Activity
from xrserver.stream.panels import co_author_names, display, iso_time, person_name

Json = dict[str, Any]


def named(path: bytes) -> Json:
    """Return how a path stands in JSON."""
    text = {"path": display(path)}
    try:
        path.decode()
    except UnicodeDecodeError:
        return {**text, "pathBytes": base64.b64encode(path).decode()}
    return text


def mode_type(mode: int) -> str:
    """Return git's type of what has a mode in a tree."""
    return "commit" if mode & 0o170000 == 0o160000 else "blob"


def size_of(size: int) -> int | None:
    """Return a size in bytes, None when it is not known."""
    return size if size >= 0 else None


def file(opened: OpenRepository, entry: TreeEntry) -> Json:
    """Return a line of `git ls-tree -r -l`; of a submodule, with the repository that its plot leads to."""
    line = {**named(entry.path), "mode": f"{entry.mode:06o}", "type": mode_type(entry.mode),
            "id": entry.oid.hex(), "size": size_of(entry.size)}
    if line["type"] == "commit" and (there := opened.elsewhere(entry.path, entry.oid)):
        line["repository"] = there
    return line


def worktrees(activity: Activity) -> list[Json]:
    """Return what is not committed, by worktree."""
    return [{"name": each.name, "branch": each.branch, "files": each.files, "more": each.more,
             "problem": each.problem,
             "changes": [{**named(change.path), "kind": change.kind} for change in each.changes]}
            for each in activity.worktrees]


def repository_summary(opened: OpenRepository) -> Json:
    """Return a repository's line in the list of those open."""
    return {"id": opened.id, "name": opened.name, "commits": len(opened.index.oids)}


def repository(opened: OpenRepository) -> Json:
    """Return what is known of a repository at a glance."""
    index, versions = opened.index, opened.versions
    head = int(index.mainline[-1])
    standing = (versions.birth <= index.head_rank) & (versions.death == RANK_END)
    return {
        **repository_summary(opened),
        "format": index.repository_format,
        "people": len(index.person_names),
        "files": int(np.count_nonzero(standing)),
        "paths": len(index.paths.parent),
        "mainline": {"ref": bodies.ref_name(index.mainline_ref), "commits": len(index.mainline),
                     "head": at_rank(index, head)},
        "headRank": index.head_rank,
        "span": {"from": iso_time(int(index.timeline[0])), "to": iso_time(int(index.timeline[-1]))},
        "refs": [{"name": bodies.ref_name(name), "kind": kind, **at_rank(index, rank)}
                 for name, rank, kind in index.refs],
        "scenes": opened.scene_names,
    }


def at_rank(index: HistoryIndex, rank: int) -> Json:
    """Return how a commit is pointed at."""
    return {"id": index.oids[rank].tobytes().hex(), "rank": rank}


def commit(index: HistoryIndex, rank: int, said: Commit) -> Json:
    """Return a commit without its files."""
    landing = int(index.landing[rank])
    author, committer = int(index.author[rank]), int(index.committer[rank])
    first, last = index.parent_offsets[rank:rank + 2]
    return {
        **at_rank(index, rank),
        "parents": [at_rank(index, parent) for parent in index.parents[first:last].tolist()],
        "author": {"name": person_name(index, author), "time": iso_time(said.author.time)},
        "committer": {"name": person_name(index, committer), "time": iso_time(said.committer.time)},
        "coAuthors": co_author_names(index, rank),
        "summary": said.summary,
        "message": said.message,
        "landed": at_rank(index, landing) if landing >= 0 else None,
    }


def changes(index: HistoryIndex, paths: list[bytes], rows: range) -> list[Json]:
    """Return rows of the index's changes, whose paths are `paths`."""
    return [_change(index, path, row) for path, row in zip(paths, rows, strict=True)]


def _change(index: HistoryIndex, path: bytes, row: int) -> Json:
    mode, old_mode = int(index.change_mode[row]), int(index.change_old_mode[row])
    status = "added" if not old_mode else "deleted" if not mode else "modified"

    def side(mode: int, blob: int) -> Json | None:
        if not mode:
            return None
        return {"mode": f"{mode:06o}", "id": index.blob_oids[blob].tobytes().hex(),
                "size": size_of(int(index.blob_sizes[blob]))}

    return {**named(path), "status": status, "old": side(old_mode, int(index.change_old_blob[row])),
            "new": side(mode, int(index.change_blob[row]))}


def scene_summary(opened: OpenRepository, name: str) -> Json:
    """Return a scene's line in the list of scenes."""
    return {"name": name, "default": name == opened.scene_names[0]}


def scene(opened: OpenRepository, built: BuiltScene) -> Json:
    """Return a scene's manifest: what a viewer needs before its first tile."""
    message = bodies.scene_message(opened.id, built, opened.index)
    return {
        "name": message.scene,
        "title": built.definition.title,
        "generation": message.generation,
        "mainlineRef": message.mainline_ref,
        "headRank": message.head_rank,
        "root": asdict(message.root),
        "table": message.table,
        "tableBytes": message.table_bytes,
        "pose": asdict(message.pose),
        "glowSeconds": message.glow_seconds,
        "people": [asdict(person) for person in message.people],
        "excluded": message.excluded,
    }
