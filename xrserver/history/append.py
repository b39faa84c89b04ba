"""Commits that came later, behind those an index holds: what has a rank keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.history.gather import Changes, Commits
from xrserver.history.index import HistoryIndex
from xrserver.history.interning import Oids
from xrserver.history.numbers import Numbers
from xrserver.history.ranking import precedence
from xrserver.ragged import csr, permuted
from xrserver.room import Room

#: Columns of an index that have a value for each commit, each parent, each change or each blob.
_COLUMNS = ("oids", "parent_offsets", "parents", "author", "committer", "coauthor_offsets", "coauthors",
            "author_time", "author_offset", "commit_time", "timeline", "landing", "change_offsets",
            "change_path", "change_blob", "change_old_blob", "change_mode", "change_old_mode", "blob_oids",
            "blob_sizes", "mainline")


def with_room(index: HistoryIndex, room: Room) -> HistoryIndex:
    """Return `index` where there is room behind it: its first commit takes no longer than the second."""
    return _joined(index, room, {name: getattr(index, name)[:0] for name in _COLUMNS})


def append(index: HistoryIndex, numbers: Numbers, commits: Commits, changes: Changes,
           sizes: NDArray[np.int64], room: Room) -> HistoryIndex:
    """Return `index` with commits behind its newest; its mainline and refs are those it had.

    They take the next ranks in canonical order among themselves: parents first, among ready ones the
    smallest (committer time, object id).

    Parameters
    ----------
    numbers : Numbers
        Of `index`; what is new is numbered.
    commits, changes
        None of them in `index`; their parents are in either.
    sizes : (n_blobs,) int64
        Of `changes.blobs`, in bytes; -1 when not known.
    room : Room
        Of the history that `index` is of.
    """
    from xrserver.kernels.order import canonical_order

    (oids, counts, parent_oids, coauthor_counts, coauthors, author, committer, author_time, offset,
     commit_time) = commits.columns()
    among = Oids.of(oids).find(parent_oids)
    new = among >= 0
    owner = np.repeat(np.arange(len(oids)), counts)
    within = np.bincount(owner[new], minlength=len(oids)).astype(np.int32)
    order = canonical_order(csr(within), among[new], precedence(oids, commit_time))
    for row in order.tolist():
        numbers.commits.number(oids[row].tobytes())

    offsets, gathered = permuted(csr(counts), counts, order)
    parents = np.array([numbers.commits.find(oid.tobytes()) for oid in parent_oids[gathered]], np.int32)
    coauthor_offsets, gathered_coauthors = permuted(csr(coauthor_counts), coauthor_counts, order)
    coauthors = coauthors[gathered_coauthors]
    identities = commits.identities()
    met = np.concatenate([author[order], committer[order], coauthors])
    person = _numbered(identities, met, numbers.people.number)

    change_counts, path, blob, old_blob, mode, old_mode = changes.columns()
    change_offsets, gathered = permuted(csr(change_counts), change_counts, order)
    path_of = _numbered([changes.paths[row] for row in range(changes.paths.count)], path[gathered],
                        numbers.paths.number)
    both = np.stack((old_blob[gathered], blob[gathered]), axis=1)
    known = len(index.blob_oids)
    blob_rows = changes.blobs.rows[:changes.blobs.count]
    blob_of = np.append(_numbered([row.tobytes() for row in blob_rows], both.reshape(-1),
                                  numbers.blobs.number), np.int32(-1))  # -1 stays -1: the spare last
    both = blob_of[both]
    added = np.flatnonzero(blob_of[:-1] >= known)
    added = added[np.argsort(blob_of[added])]

    known_as, people = list(numbers.people.identities), list(numbers.people.people)
    timeline = np.maximum.accumulate(np.append(index.timeline[-1:], commit_time[order]))
    more: dict[str, NDArray[Any]] = {
        "oids": oids[order], "parents": parents, "author": person[author[order]],
        "parent_offsets": index.parent_offsets[-1] + offsets[1:],
        "coauthor_offsets": index.coauthor_offsets[-1] + coauthor_offsets[1:],
        "change_offsets": index.change_offsets[-1] + change_offsets[1:],
        "committer": person[committer[order]], "coauthors": person[coauthors],
        "author_time": author_time[order], "author_offset": offset[order],
        "commit_time": commit_time[order], "timeline": timeline[1:],
        "landing": np.full(len(oids), -1, np.int32), "change_path": path_of[path[gathered]],
        "change_blob": both[:, 1], "change_old_blob": both[:, 0], "change_mode": mode[gathered],
        "change_old_mode": old_mode[gathered], "blob_oids": blob_rows[added], "blob_sizes": sizes[added]}
    return replace(
        _joined(index, room, more), paths=numbers.paths.extend(index.paths),
        person_names=tuple(name for name, _ in people), person_emails=tuple(email for _, email in people),
        identity_names=tuple(name for name, _ in known_as),
        identity_emails=tuple(email for _, email in known_as),
        identity_person=np.array(list(numbers.people.identities.values()), np.int32))


def advance(index: HistoryIndex, chain: Sequence[int], room: Room) -> HistoryIndex:
    """Return `index` with its mainline gone on by `chain`, ascending ranks, and what lands with it."""
    if not chain:
        return index
    landing = index.landing.copy()
    offsets, parents = index.parent_offsets, index.parents
    for rank in chain:
        landing[rank] = rank
        waiting = [rank]
        while waiting:
            at = waiting.pop()
            for parent in parents[offsets[at]:offsets[at + 1]].tolist():
                if landing[parent] < 0:
                    landing[parent] = rank
                    waiting.append(parent)
    return replace(_joined(index, room, {"mainline": np.array(chain)}), landing=landing)


def _joined(index: HistoryIndex, room: Room, more: dict[str, NDArray[Any]]) -> HistoryIndex:
    """Return `index` with more behind some of its columns."""
    longer: dict[str, Any] = {name: room.joined(name, getattr(index, name), values)
                              for name, values in more.items()}
    return replace(index, **longer)


def _numbered(keys: Sequence[Any], used: NDArray[np.int32], number: Any) -> NDArray[np.int32]:
    """Return numbers of `keys`, given in the order in which `used` first names them; -1 elsewhere."""
    found = np.full(len(keys), -1, np.int32)
    for row in dict.fromkeys(used.tolist()):
        if row >= 0:
            found[row] = number(keys[row])
    return found
