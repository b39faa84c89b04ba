"""From commits in the order they were read to a `HistoryIndex` by rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import UnreadableRepository
from xrserver.history.gather import Changes, Commits
from xrserver.history.identity import Identity
from xrserver.history.index import HistoryIndex, Ref
from xrserver.history.interning import Oids
from xrserver.history.objects import WIDTHS
from xrserver.history.people import Group
from xrserver.history.refs import RawRef
from xrserver.ragged import csr, permuted


def to_index(
    repository_format: str, commits: Commits, changes: Changes, sizes: NDArray[np.int64],
    mainline_ref: str, mainline_oid: bytes, refs: Sequence[RawRef], group: Group,
) -> HistoryIndex:
    """Put what was read into canonical order, leaving out what no ref reaches (any more).

    It depends on the commits alone, not on the order in which they were read, nor on what else was.

    Parameters
    ----------
    sizes : (n_blobs,) int64
        Of `changes.blobs`, in bytes; -1 when not known.
    refs
        Viewed refs and tags with the commits they name.
    group
        Says which identities are one person.
    """
    from xrserver.kernels.order import canonical_order, first_parent_chain, landing_ranks, reached
    from xrserver.kernels.trees import number_by_appearance

    width = WIDTHS[repository_format]
    (oids, counts, parent_oids, coauthor_counts, coauthors, author, committer, author_time, offset,
     commit_time) = commits.columns()
    table = Oids.of(oids)
    parents = table.find(parent_oids)
    parent_offsets = csr(counts)
    tips = np.frombuffer(mainline_oid + b"".join(ref.oid for ref in refs), np.uint8).reshape(-1, width)
    tip_rows = table.find(tips)
    for found, wanted in ((tip_rows, tips), (parents, parent_oids)):
        if len(found) and found.min() < 0:
            oid = wanted[int(np.argmin(found))].tobytes().hex()
            raise UnreadableRepository(f"commit {oid} is missing; `git fsck` there tells more.")
    order = canonical_order(parent_offsets, parents, precedence(oids, commit_time))
    if len(order) < len(oids):
        raise UnreadableRepository("commits are their own ancestors; `git fsck` there tells more.")
    # What no ref reaches is no parent of what one does: the others' order is the same without it.
    order = order[reached(parent_offsets, parents, tip_rows)[order]]
    rank = np.full(len(oids), -1, np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)

    ranked_offsets, gathered = permuted(parent_offsets, counts, order)
    ranked_parents = rank[parents[gathered]]
    mainline = first_parent_chain(ranked_offsets, ranked_parents, int(rank[tip_rows[0]]))
    named: tuple[Ref, ...] = tuple(
        (ref.name, int(rank[row]), ref.kind) for ref, row in zip(refs, tip_rows[1:].tolist(), strict=True))

    change_counts, path, blob, old_blob, mode, old_mode = changes.columns()
    change_offsets, gathered = permuted(csr(change_counts), change_counts, order)
    paths, change_path = changes.path_tree(path[gathered])
    both = np.stack((old_blob[gathered], blob[gathered]), axis=1)
    numbers = np.full(changes.blobs.count + 1, -1, np.int32)
    blob_rows = np.empty(number_by_appearance(both.reshape(-1), numbers), np.int64)
    used = np.flatnonzero(numbers >= 0)
    blob_rows[numbers[used]] = used
    both = numbers[both]  # -1 stays -1: it names the spare last number

    coauthor_offsets, gathered_coauthors = permuted(csr(coauthor_counts), coauthor_counts, order)
    identities, identity, people, person = _who(
        commits.identities(), [author[order], committer[order], coauthors[gathered_coauthors]], group)

    return HistoryIndex(
        repository_format=repository_format, oids=oids[order],
        parent_offsets=ranked_offsets, parents=ranked_parents,
        author=person[identity[author[order]]], committer=person[identity[committer[order]]],
        coauthor_offsets=coauthor_offsets, coauthors=person[identity[coauthors[gathered_coauthors]]],
        author_time=author_time[order], author_offset=offset[order], commit_time=commit_time[order],
        timeline=np.maximum.accumulate(commit_time[order]), mainline=mainline,
        landing=landing_ranks(ranked_offsets, ranked_parents, mainline),
        change_offsets=change_offsets, change_path=change_path,
        change_blob=np.ascontiguousarray(both[:, 1]), change_old_blob=np.ascontiguousarray(both[:, 0]),
        change_mode=mode[gathered], change_old_mode=old_mode[gathered],
        blob_oids=changes.blobs.rows[blob_rows], blob_sizes=sizes[blob_rows], paths=paths,
        person_names=tuple(name for name, _ in people), person_emails=tuple(email for _, email in people),
        identity_names=tuple(name for name, _ in identities),
        identity_emails=tuple(email for _, email in identities), identity_person=person,
        mainline_ref=mainline_ref, refs=named,
    )


def _who(known: Sequence[Identity], met: Sequence[NDArray[np.int32]], group: Group,
         ) -> tuple[list[Identity], NDArray[np.int32], list[Identity], NDArray[np.int32]]:
    """Return the identities met, which of them each of `known` is, the people they are, and which of those.

    All are in the order of commits authored (the first of `met`), most first, then of bytes.
    """
    authored = np.bincount(met[0], minlength=len(known))
    rows = np.flatnonzero(sum(np.bincount(part, minlength=len(known)) for part in met)).tolist()
    rows.sort(key=lambda row: (-authored[row], known[row]))
    identity = np.full(len(known), -1, np.int32)
    identity[rows] = np.arange(len(rows), dtype=np.int32)
    found = [known[row] for row in rows]
    grouped = group(found, authored[rows].tolist())
    person = np.array(grouped.person, np.int32)
    weight = np.bincount(person, weights=authored[rows], minlength=len(grouped.people)).astype(np.int64)
    order = sorted(range(len(grouped.people)), key=lambda row: (-weight[row], grouped.people[row]))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return found, identity, [grouped.people[row] for row in order], place[person]


def precedence(oids: NDArray[np.uint8], commit_time: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return each row's place when rows are sorted by (committer time, object id)."""
    words = np.zeros((len(oids), -(-oids.shape[1] // 8) * 8), np.uint8)
    words[:, :oids.shape[1]] = oids
    columns = words.view(">u8").astype(np.uint64)
    ordered = np.lexsort((*(columns[:, i] for i in range(columns.shape[1] - 1, -1, -1)), commit_time))
    precedence = np.empty(len(oids), np.int32)
    precedence[ordered] = np.arange(len(oids), dtype=np.int32)
    return precedence
