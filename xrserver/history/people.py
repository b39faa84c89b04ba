"""Which identities are one person: by the mailmap, and by guessing where that was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from xrserver.errors import UnreadableRepository
from xrserver.history.identity import Identity, Mailmap
from xrserver.history.repository import Repository

_MAILMAP = b".mailmap"
#: A larger one is not read.
_LARGEST_MAILMAP = 8 << 20
#: Addresses that forges give to people who hide theirs: the account's name is in them.
_NOREPLY = re.compile(rb"(?:\d+[+-])?([^@]+)@users\.noreply\.(?:github|gitlab)\.com\Z")


class Grouping(NamedTuple):
    """Identities as people.

    Attributes
    ----------
    people : list of Identity
        The name and address to use for each.
    person : list of int
        Row of `people` of each identity.
    """

    people: list[Identity]
    person: list[int]


#: Takes identities and how many commits each authored.
Group = Callable[[Sequence[Identity], Sequence[int]], Grouping]


def grouping(how: str, mailmap: Mailmap) -> Group:
    """Return what groups identities.

    Parameters
    ----------
    how : str
        ``"none"``: each is a person of its own. ``"mailmap"``: those that `mailmap` gives the same name and
        address, as `git shortlog -se` does. ``"heuristic"``: these, and what `same_people` says besides.
    """
    def group(identities: Sequence[Identity], weights: Sequence[int]) -> Grouping:
        mapped = list(identities) if how == "none" else [mailmap.map(identity) for identity in identities]
        people = list(dict.fromkeys(mapped))
        row = {identity: number for number, identity in enumerate(people)}
        person = [row[identity] for identity in mapped]
        if how != "heuristic":
            return Grouping(people, person)
        weight = [0] * len(people)
        for number, authored in zip(person, weights, strict=True):
            weight[number] += authored
        leader = same_people(people, weight)
        leaders = sorted(set(leader))
        row_of = {number: row for row, number in enumerate(leaders)}
        return Grouping([people[number] for number in leaders], [row_of[leader[number]] for number in person])

    return group


def same_people(identities: Sequence[Identity], weights: Sequence[int]) -> list[int]:
    """Guess which identities are the same person; return the row of the most active one for each.

    They are, where

    - their addresses are equal but for case, and of the public net (a domain with a dot);
    - their addresses are equal but for case, of whatever domain, and so are their names;
    - both are a forge's no-reply addresses of the same account;
    - their names are equal but for case and blanks, and either what stands before the ``@`` of their
      addresses is, or one of the addresses is a forge's no-reply one and the name has two words or more.

    Parameters
    ----------
    weights : sequence of int
        Commits of each; among equals the smaller bytes come first.
    """
    leader = list(range(len(identities)))

    def find(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = leader[row]
        return row

    seen: dict[tuple[str | bytes, ...], int] = {}
    hidden: dict[bytes, int] = {}
    named: dict[bytes, list[int]] = {}
    order = sorted(range(len(identities)), key=lambda row: (-weights[row], identities[row]))
    for row in order:
        name = b" ".join(identities[row].name.lower().split())
        email = identities[row].email.strip().lower()
        local, at, domain = email.rpartition(b"@")
        keys: list[tuple[str | bytes, ...]] = [("both", name, email)]
        if at and b"." in domain.strip(b"."):
            keys.append(("address", email))
        noreply = _NOREPLY.match(email)
        if noreply is not None:
            keys.append(("account", domain, noreply[1]))
        elif at and local and name:
            keys.append(("local", name, local))
        for key in keys:
            leader[find(row)] = find(seen.setdefault(key, row))
        if b" " in name:
            named.setdefault(name, []).append(row)
            if noreply is not None:
                hidden.setdefault(name, row)
    for name, row in hidden.items():
        for other in named[name]:
            leader[find(other)] = find(row)
    best: dict[int, int] = {}
    for row in order:
        best.setdefault(find(row), row)
    return [best[find(row)] for row in range(len(identities))]


def read_mailmap(repository: Repository, commit: bytes) -> Mailmap:
    """Return the mailmap in the tree of `commit` (git's ``mailmap.blob``); an empty one where there is none.

    It must be a plain file, and it must be here: nothing is fetched.
    """
    oid = mailmap_oid(repository, commit)
    header = None if oid is None else repository.objects.header(oid)
    if oid is None or header is None or header[0] != "blob" or header[1] > _LARGEST_MAILMAP:
        return Mailmap()
    try:
        return Mailmap(repository.objects.read(oid)[1])
    except UnreadableRepository:
        return Mailmap()


def mailmap_oid(repository: Repository, commit: bytes) -> bytes | None:
    """Return the id of the plain file that is the mailmap of `commit`, None where there is none."""
    return next((oid for mode, name, oid in repository.tree(repository.commit(commit).tree)
                 if name == _MAILMAP and mode & 0o170000 == 0o100000), None)
