"""Holds what xrserver computed of a real repository against git itself.

    python bench/oracle.py REPO [--ranks 50] [--files 30] [--minutes 60]

At ranks spread over the whole history the files standing must be exactly what `git ls-tree -r -l`
lists of the newest mainline commit, sizes included; for a number of files and moments the strata
must be exactly the commits that `git log --full-history --no-merges COMMIT -- PATH` lists (with
those of the path it moved from, where it moved). The commits, those on the mainline, its people and their
commits must be those of `git rev-list`, `git rev-list --first-parent` and `git shortlog -se`, with co-authors
too. What the river draws at those ranks, read from the columns that viewers get, must be exactly the
commits up to there and the edges that `git rev-list --parents` lists between them. Ends with 1 if
anything differs. git answers about paths from a commit-graph of its own making, in a scratch repository: of
80 000 commits one such question takes half a minute without.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions
from xrserver.layout.river import lay_out_river
from xrserver.scene.definition import load_scene
from xrserver.scene.river import river_columns


def git(repository: Path, *arguments: str | bytes) -> bytes:
    command = ["git", "-C", str(repository), "--no-replace-objects", "--literal-pathspecs", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def with_graph(repository: Path, folder: Path, commits: list[str]) -> Path:
    """Return a bare repository of the same objects, in which git knows what paths each commit changed."""
    common = Path(git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").decode().strip())
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    (folder / "objects/info/alternates").write_text(f"{common / 'objects'}\n")
    subprocess.run(["git", "-C", str(folder), "-c", "core.commitGraph=true", "commit-graph", "write",
                    "--stdin-commits", "--changed-paths", "--no-progress"],
                   input="".join(f"{commit}\n" for commit in commits), text=True, check=True)
    return folder


def paths_of(index: HistoryIndex) -> list[bytes]:
    tree, paths = index.paths, [b""]
    for path in range(1, len(tree.parent)):
        segment = tree.bytes[tree.offsets[path]:tree.offsets[path + 1]].tobytes()
        around = paths[tree.parent[path]]
        paths.append(around + b"/" + segment if around else segment)
    return paths


def mainline_at(index: HistoryIndex, rank: int) -> int:
    """Return the rank of the newest mainline commit at `rank`, -1 before the first."""
    at = int(np.searchsorted(index.mainline, rank, side="right")) - 1
    return int(index.mainline[at]) if at >= 0 else -1


def standing(versions: FileVersions, rank: int) -> np.ndarray:
    return np.flatnonzero((versions.birth <= rank) & (rank < versions.death))


def tree_difference(repository: Path, index: HistoryIndex, versions: FileVersions, paths: list[bytes],
                    rank: int) -> tuple[int, int]:
    """Return how many files stand at `rank`, and how many of them (or of git's) differ."""
    ours = {(paths[versions.path[row]], int(versions.mode[row]),
             index.blob_oids[versions.blob[row]].tobytes(), int(index.blob_sizes[versions.blob[row]]))
            for row in standing(versions, rank)}
    theirs: set[tuple[bytes, int, bytes, int]] = set()
    if (commit := mainline_at(index, rank)) >= 0:
        listed = git(repository, "ls-tree", "-r", "-l", "-z", index.oids[commit].tobytes().hex())
        for line in listed.split(b"\0")[:-1]:
            words, _, path = line.partition(b"\t")
            mode, _, oid, size = words.split()
            theirs.add((path, int(mode, 8), bytes.fromhex(oid.decode()), int(size) if size.isdigit() else -1))
    return len(ours), len(ours ^ theirs)


def spread(rows: np.ndarray, count: int) -> np.ndarray:
    """Return `count` of `rows`, evenly spread (all where there are fewer)."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int))]


class StrataOracle:
    """git's own answer to which commits built a path, moves included."""

    def __init__(self, repository: Path, graph: Path, index: HistoryIndex, versions: FileVersions,
                 paths: list[bytes]) -> None:
        self.repository, self.graph = repository, graph
        self.index, self.versions, self.paths = index, versions, paths
        self.logs: dict[tuple[bytes, int], set[int]] = {}
        self.rank_of = {oid.tobytes(): rank for rank, oid in enumerate(index.oids)}
        self.rows_of = np.searchsorted(versions.path, np.arange(len(paths) + 1))
        self.renames: dict[bytes, set[bytes]] | None = None

    def log(self, path: bytes, commit: int) -> set[int]:
        if (path, commit) not in self.logs:
            listed = git(self.graph, "log", "--format=%H", "--full-history", "--no-merges",
                         self.index.oids[commit].tobytes().hex(), "--", path)
            ranks = {self.rank_of[bytes.fromhex(line.decode())] for line in listed.split()}
            # A path that is a directory at other times is asked for as one, too: keep what names itself.
            self.logs[path, commit] = {rank for rank in ranks if self.changes(rank, path)}
        return self.logs[path, commit]

    def changes(self, rank: int, path: bytes) -> bool:
        rows = self.index.change_path[self.index.change_offsets[rank]:self.index.change_offsets[rank + 1]]
        return any(self.paths[row] == path for row in rows)

    def merges(self, path: int, upto: int) -> set[int]:
        """Merges on the mainline that changed `path` where nothing that landed with them did."""
        index, found = self.index, set()
        for rank in index.mainline[:np.searchsorted(index.mainline, upto, side="right")]:
            if index.parent_offsets[rank + 1] - index.parent_offsets[rank] > 1 \
                    and path in index.change_path[index.change_offsets[rank]:index.change_offsets[rank + 1]]:
                landed = np.flatnonzero(index.landing[:rank] == rank)
                if not any(path in index.change_path[index.change_offsets[c]:index.change_offsets[c + 1]]
                           for c in landed if index.parent_offsets[c + 1] - index.parent_offsets[c] < 2):
                    found.add(int(rank))
        return found

    def sources(self, path: bytes) -> set[bytes]:
        """Return every name that exact renames, in any commit, lead to `path` from."""
        if self.renames is None:
            self.renames = {}
            listed = git(self.repository, "log", "-z", "--format=", "--name-status", "-M100%", "-l0",
                         "--diff-filter=R", "--diff-merges=first-parent", "--all").split(b"\0")
            for status, old, new in zip(listed, listed[1:], listed[2:], strict=False):
                if status.startswith(b"R100"):
                    self.renames.setdefault(new, set()).add(old)
        found, waiting = {path}, [path]
        while waiting:
            for old in self.renames.get(waiting.pop(), ()):
                if old not in found:
                    found.add(old)
                    waiting.append(old)
        return found

    def difference(self, row: int) -> tuple[int, str]:
        """Return how many strata a version has, and what is wrong with them ('' if nothing is)."""
        versions, path = self.versions, int(self.versions.path[row])
        commit = mainline_at(self.index, int(versions.birth[row]))
        first = versions.strata_offsets[path]
        ours = versions.strata_rank[first:first + versions.strata[row]].tolist()
        least = self.log(self.paths[path], commit) | self.merges(path, commit)
        rows = range(self.rows_of[path], row + 1)
        moved = [int(versions.moved_from[r]) for r in rows if versions.moved_from[r] >= 0]
        most = set(least)
        if moved:
            for name in self.sources(self.paths[path]) | {self.paths[source] for source in moved}:
                most |= self.log(name, commit)
            most |= {rank for source in moved for rank in self.merges(source, commit)}
            for r in rows:
                if versions.moved_from[r] >= 0:
                    # Everything its source had when it moved has come along.
                    source, birth = int(versions.moved_from[r]), int(versions.birth[r])
                    least |= self.log(self.paths[source], mainline_at(self.index, birth))
        if len(set(ours)) != len(ours):
            return len(ours), "a stratum twice"
        missing, extra = sorted(least - set(ours)), sorted(set(ours) - most)
        if missing or extra:
            return len(ours), f"missing {missing[:5]}, too many {extra[:5]}"
        landings = self.index.landing[ours]
        if not moved and np.any(np.diff(landings.astype(np.int64) * len(self.rank_of) + ours) <= 0):
            return len(ours), "not in the order of landing"
        return len(ours), ""


def commits_difference(repository: Path, index: HistoryIndex) -> str:
    """Say what differs in commits and mainline ('' if nothing does)."""
    listed = git(repository, "rev-list", "--branches", "--remotes", "--tags", "HEAD").decode().split()
    if sorted(oid.tobytes().hex() for oid in index.oids) != sorted(listed):
        return f"{len(index.oids)} commits, git lists {len(listed)}"
    tip = index.oids[index.mainline[-1]].tobytes().hex()
    chain = git(repository, "rev-list", "--first-parent", "--reverse", tip).decode().split()
    if [index.oids[rank].tobytes().hex() for rank in index.mainline] != chain:
        return f"{len(index.mainline)} commits on the mainline, git lists {len(chain)}"
    return ""


def people_difference(repository: Path, index: HistoryIndex, together: bool) -> int:
    """Return how many people differ from `git shortlog -se` of the mainline (`together`: with co-authors)."""
    tip = int(index.mainline[-1])
    reached = np.zeros(len(index.oids), np.bool_)
    reached[tip] = True
    for rank in range(tip, -1, -1):
        if reached[rank]:
            reached[index.parents[index.parent_offsets[rank]:index.parent_offsets[rank + 1]]] = True
    commits, people = np.flatnonzero(reached), index.author[reached]
    if together:
        beside = np.repeat(np.arange(len(index.oids)), np.diff(index.coauthor_offsets))
        commits = np.concatenate([commits, beside[reached[beside]]])
        people = np.concatenate([people, index.coauthors[reached[beside]]])
    people = np.unique(np.stack([commits, people]), axis=1)[1]
    counts = np.bincount(people, minlength=len(index.person_names)).tolist()
    ours = {(count, b"%s <%s>" % (name, email)) for count, name, email in
            zip(counts, index.person_names, index.person_emails, strict=True) if count}
    groups = ["--group=author", "--group=trailer:co-authored-by"] if together else []
    name = index.oids[tip].tobytes().hex()
    printed = git(repository, "-c", f"mailmap.blob={name}:.mailmap", "-c", "mailmap.file=", "shortlog", "-se",
                  *groups, name)
    lines = (line.partition(b"\t") for line in printed.split(b"\n") if line)
    # A trailer without brackets names nobody; git counts its text.
    return len(ours ^ {(int(count), who) for count, _, who in lines if who.endswith(b">")})


class Graph:
    """The river as its columns hold it, against the graph as git lists it."""

    def __init__(self, repository: Path, index: HistoryIndex, versions: FileVersions) -> None:
        listed = git(repository, "rev-list", "--parents", *(name for name, _, _ in index.refs))
        ranks = {oid.tobytes(): rank for rank, oid in enumerate(index.oids)}
        self._edges = np.array([(ranks[bytes.fromhex(words[0])], ranks[bytes.fromhex(parent)])
                                for line in listed.decode().splitlines()
                                for words in [line.split()] for parent in words[1:]], np.int64).reshape(-1, 2)
        tile = river_columns(index, lay_out_river(index, load_scene("river").river), "files")
        first = tile.nodes["first_stratum"]
        count = tile.nodes["stratum_count"]
        self._beads = tile.strata["rank"][first[count == 1]].astype(np.int64)
        self._birth = tile.spans["birth"][tile.nodes["first_span"]].astype(np.int64)
        self._of_bead, self._of_edge = self._birth[count == 1], self._birth[count == 2]
        ends = first[count == 2]
        rank = tile.strata["rank"].astype(np.int64)
        self._joined = np.stack([rank[ends + 1], rank[ends]], axis=1)

    def difference(self, rank: int) -> tuple[int, int]:
        """Return how many edges stand at `rank`, and how many commits and edges (ours or git's) differ."""
        commits = set(self._beads[self._of_bead <= rank].tolist()) ^ set(range(rank + 1))
        ours = np.unique(self._joined[self._of_edge <= rank] @ np.array([1 << 32, 1]))
        theirs = np.unique(self._edges[self._edges[:, 0] <= rank] @ np.array([1 << 32, 1]))
        return len(ours), len(commits) + len(np.setxor1d(ours, theirs))


def main() -> int:
    parser = argparse.ArgumentParser(description="hold a repository's versions and strata against git")
    parser.add_argument("repository", type=Path)
    parser.add_argument("--ranks", type=int, default=50, help="moments at which to compare the tree")
    parser.add_argument("--files", type=int, default=30, help="versions whose strata to compare")
    parser.add_argument("--minutes", type=float, default=60, help="compare no more strata after these")
    parser.add_argument("--jobs", type=int, default=0, help="processes that read history")
    options = parser.parse_args()

    began = time.perf_counter()
    with Repository.open(options.repository) as repository:
        index = read_index(repository, jobs=options.jobs)
    read = time.perf_counter()
    versions = file_versions(index)
    built = time.perf_counter()
    paths = paths_of(index)

    wrong = files = 0
    ranks = np.unique(np.linspace(0, index.head_rank, options.ranks).astype(int)).tolist()
    for rank in ranks:
        count, differs = tree_difference(options.repository, index, versions, paths, rank)
        files += count
        if differs:
            wrong += 1
            print(f"rank {rank}: {differs} of {count} files differ from git ls-tree -r -l")

    if what := commits_difference(options.repository, index):
        wrong += 1
        print(what)
    for together in (False, True):
        if differ := people_difference(options.repository, index, together):
            wrong += 1
            print(f"{differ} people differ from git shortlog" + (" with co-authors" if together else ""))

    # Spread over all versions, and half of them over those with a move behind them.
    scratch = tempfile.TemporaryDirectory()
    graph = with_graph(options.repository, Path(scratch.name, "graph.git"),
                       [index.oids[rank].tobytes().hex() for _, rank, _ in index.refs])
    oracle, strata, compared = StrataOracle(options.repository, graph, index, versions, paths), 0, 0
    moved = np.flatnonzero(versions.moved_from >= 0)
    last_rows = np.flatnonzero(np.diff(np.append(versions.path, -1)) != 0)
    third = options.files // 3
    rows = np.unique(np.concatenate([
        spread(moved, third), spread(last_rows, third),
        spread(np.arange(len(versions.path)), options.files - 2 * third)]))
    # In an order that is spread as well, so that less time means fewer files, not older ones.
    for row in np.random.default_rng(1).permutation(rows).tolist():
        if time.perf_counter() - began > options.minutes * 60:
            break
        compared += 1
        count, what = oracle.difference(row)
        strata += count
        if what:
            wrong += 1
            print(f"{paths[versions.path[row]]!r} at rank {versions.birth[row]}: {what}")

    scratch.cleanup()
    edges = 0
    river = Graph(options.repository, index, versions)
    for rank in ranks:
        count, differs = river.difference(rank)
        edges += count
        if differs:
            wrong += 1
            print(f"rank {rank}: {differs} commits or edges of the river differ from git rev-list --parents")

    print(f"{options.repository}: {len(index.oids)} commits ({len(index.mainline)} on {index.mainline_ref}), "
          f"{len(versions.path)} versions, {len(moved)} moves; index {read - began:.2f} s, "
          f"versions {built - read:.2f} s")
    print(f"{len(index.person_names)} people of {len(index.identity_names)} identities, "
          f"{len(index.coauthors)} co-authors")
    print(f"{'WRONG' if wrong else 'equal'}: {len(ranks)} ranks ({files} files), "
          f"{compared} of {len(rows)} files' strata ({strata} commits), the river ({edges} edges), "
          f"{wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
