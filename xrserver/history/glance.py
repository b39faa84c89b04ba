"""Whether there is a history to show, told from its refs alone, before what reads objects is loaded."""

from __future__ import annotations

import os
import re
from pathlib import Path

from xrserver.errors import EmptyRepository, UnknownMoment
from xrserver.history.place import Place, discover, formats
from xrserver.history.refs import Refs
from xrserver.history.reftable import Reftables

#: How `git rev-parse` completes a short ref name, in its order.
COMPLETIONS = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")


def glance(path: Path, ref: str = "") -> str:
    """Return what people call the repository at or around `path`.

    Parameters
    ----------
    path : Path
    ref : str
        What is to be the mainline; '' for HEAD's branch.

    Raises
    ------
    NotARepository, EmptyRepository, UnknownMoment, UnreadableRepository
        There is nothing to show, as far as this can be told without reading an object.
    """
    place = discover(path)
    refs = refs_of(place)
    if not ref:
        name, oid = refs.head()
        if oid is None:
            raise no_commits(path, name, refs)
    elif not any(refs.resolve(name) for name in completed(ref)) \
            and re.fullmatch("(?:[0-9a-f]{40}|[0-9a-f]{64})", ref) is None:
        raise no_such_ref(path, ref)
    return repository_name(place)


def refs_of(place: Place) -> Refs | Reftables:
    """Return the refs of a repository, however it keeps them.

    Raises
    ------
    UnreadableRepository
        In a way that is not known here.
    """
    kept = Reftables if formats(place.common_dir).refs == "reftable" else Refs
    return kept(place.git_dir, place.common_dir)


def completed(text: str) -> list[str]:
    """Return the full names that `text` may stand for, in `git rev-parse`'s order."""
    names = [form.format(text) for form in COMPLETIONS]
    return [name for name in names if name == "HEAD" or name.startswith("refs/")]


def no_commits(path: Path, name: str, refs: Refs | Reftables) -> EmptyRepository:
    """Return the error for a branch without commits, with what could be shown instead."""
    heads = [ref.name.removeprefix("refs/heads/") for ref in refs.all() if ref.kind == "head"]
    remedy = (f"choose a branch that has some, as --ref {heads[0]}" if heads
              else "make a first commit, then try again")
    return EmptyRepository(f"{path} has no commits on {name.removeprefix('refs/heads/')}: {remedy}.")


def no_such_ref(path: Path, ref: str) -> UnknownMoment:
    """Return the error for a mainline that nothing is called by."""
    return UnknownMoment(f"{ref!r} names no branch, tag or commit of {path}: "
                         f"`git -C {path} branch --all` lists the branches.")


def repository_name(place: Place) -> str:
    """Return what people call a repository: the name of its folder."""
    folder = (place.worktree or place.git_dir).resolve()
    name = folder.name.removesuffix(".git") or folder.parent.name or "repository"
    return os.fsencode(name).decode("utf-8", "replace")
