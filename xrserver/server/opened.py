"""One repository that is open: its history, its scenes, and the bytes of its tiles."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import numpy as np

from xrserver.errors import SceneError, UnknownMoment, UnknownPath, UnknownTile
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.repository import Repository, TreeEntry
from xrserver.history.shelf import Shelf
from xrserver.history.tree import path_row
from xrserver.scene.build import BuiltScene
from xrserver.scene.spans import names_of
from xrserver.server.moments import Moment, Moments
from xrserver.server.people import People
from xrserver.server.published import Published
from xrserver.stream import bodies
from xrserver.stream.deflated import deflate, inflate
from xrserver.stream.messages import Activity
from xrserver.stream.panels import Inspector

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: Encoded bodies kept for the next viewer, in bytes.
BODY_CACHE_BYTES = 256 << 20

#: Listings of trees kept for the next page of the same listing.
_LISTINGS = 4


class OpenRepository:
    """What the API and sessions need of one repository.

    Objects are read and scenes built in one thread of its own, in the order asked, tiles in another:
    libgit2's handles are not safe to share, and the event loop must not wait.

    Parameters
    ----------
    id : str
        How addresses name it: letters, digits, dots and dashes.
    name : str
        How people name it.
    build : callable
        Makes the scene called by a name (blocking); raises SceneError for an unknown one.
    scene_names : list of str
        The scenes that can be asked for, the default first.
    shelf : Shelf, optional
        Keeps tiles for another time.
    whole : bool
        The history begins where the repository's does; else older commits are still to be read.
    """

    def __init__(self, id: str, name: str, repository: Repository, index: HistoryIndex,
                 versions: FileVersions, build: Callable[[str], BuiltScene], scene_names: list[str],
                 shelf: Shelf | None = None, whole: bool = True) -> None:
        self.id = id
        self.name = name
        self.repository = repository
        self.index = index
        self.versions = versions
        self.scene_names = scene_names
        self.whole = whole
        self._read = asyncio.Event()
        if whole:
            self._read.set()
        self.moments = Moments(index)
        self.inspector = Inspector(repository, index, versions, self.elsewhere)
        #: All that are served, of which submodules may be.
        self.beside: Mapping[str, OpenRepository] = {}
        #: Sees to it that what changes of a tile is told, from how it was built on.
        self.follower: Callable[[BuiltScene, str], Awaitable[None]] | None = None
        #: What is not committed, as viewers were told last; None where nothing is told (yet).
        self.activity: Activity | None = None
        #: Looks for it now; None where that is not wanted.
        self.look: Callable[[], Awaitable[Activity]] | None = None
        #: Lays a scene out anew; None where nobody keeps it current.
        self.tidier: Callable[[str], Awaitable[bool]] | None = None
        #: Set when a scene was built that is to be kept current.
        self.built = asyncio.Event()
        self.build = build
        self._published: dict[str, Published] = {}
        self._closed = False
        self._scenes: dict[str, asyncio.Task[BuiltScene]] = {}
        self._bodies: OrderedDict[tuple[str, bool], asyncio.Task[bytes]] = OrderedDict()
        self._listings: OrderedDict[bytes, list[TreeEntry]] = OrderedDict()
        self._people: People | None = None
        self._shelf = shelf
        # Tiles have a thread of their own: who asks for a commit does not wait for them.
        self._builder = ThreadPoolExecutor(1, thread_name_prefix=f"build {id}")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"read {id}")

    async def run(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run a blocking function in the repository's thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: function(*args, **kwargs))

    def finish(self, whole: bool) -> None:
        """Say that no more of its history is going to be read, and whether it is `whole`."""
        self.whole = whole
        self._read.set()

    async def all_read(self) -> None:
        """Wait until all of its history is read, or was found to be unreadable."""
        await self._read.wait()

    async def scene(self, name: str = "") -> BuiltScene:
        """Return the scene called `name` ('' for the default), built once.

        Raises
        ------
        SceneError
            There is no such scene, or its file is wrong.
        """
        name = name or self.scene_names[0]
        if name not in self.scene_names:
            raise SceneError(f"There is no scene {name!r} here: choose one of {', '.join(self.scene_names)}.")
        task = self._scenes.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._scenes[name] = asyncio.create_task(self.run(self.build, name))
            task.add_done_callback(self._prepare)
            task.add_done_callback(lambda _: self.built.set())
        return await asyncio.shield(task)

    # --- what becomes of it -------------------------------------------------------------------

    @property
    def scenes(self) -> dict[str, BuiltScene]:
        """The scenes that are built, by name."""
        return {name: task.result() for name, task in self._scenes.items()
                if task.done() and not task.cancelled() and not task.exception()}

    async def rebuild(self, name: str) -> BuiltScene:
        """Build a scene anew and show it from now on.

        Raises
        ------
        SceneError
            Its file is wrong; the one there was stays.
        """
        task = asyncio.create_task(self.run(self.build, name))
        scene = await asyncio.shield(task)
        self._scenes[name] = task
        task.add_done_callback(self._prepare)
        self.built.set()
        return scene

    def _prepare(self, task: asyncio.Task[BuiltScene]) -> None:
        """Have a scene ready for tiles that are not kept, while those that are go out."""
        if not task.cancelled() and task.exception() is None and not self._closed:
            asyncio.get_running_loop().run_in_executor(None, task.result().prepare)

    def published(self, scene: BuiltScene) -> Published:
        """Return what was said of a scene since it was built."""
        known = self._published.get(scene.generation)
        if known is None:
            known = self._published[scene.generation] = Published(scene.generation, scene.table_id)
        return known

    async def current(self, scene: BuiltScene, tile: str) -> None:
        """Wait until what has changed of a tile that was asked for is known, and is told from now on."""
        told = self.published(scene).told
        if self.follower is not None and told is not None and tile not in told and tile in scene.open_tiles:
            await self.follower(scene, tile)

    async def tidy(self, scene: BuiltScene) -> bool:
        """Lay a scene out anew for all who look; return False where everything is in its place.

        Raises
        ------
        SceneError
            Its history is not followed: it is still being read, or cannot be.
        """
        if self.tidier is None:
            raise SceneError(f"{self.name} can be tidied up once all of its history is read: try again then.")
        return await self.tidier(scene.definition.name)

    def grow(self, index: HistoryIndex, moments: Moments) -> None:
        """Take a longer history: ranks mean what they did."""
        self.index, self.moments = index, moments

    def describe(self, index: HistoryIndex, versions: FileVersions) -> None:
        """Answer what is asked from now on by a history that has become known."""
        self.index, self.versions = index, versions
        self.inspector = Inspector(self.repository, index, versions, self.elsewhere)

    async def begin_again(self, index: HistoryIndex, versions: FileVersions, moments: Moments,
                          scenes: dict[str, BuiltScene]) -> None:
        """Show another generation, of which `scenes` are built; the others are when they are asked for."""
        self.grow(index, moments)
        self.describe(index, versions)
        self.activity = None  # its nodes are of the ranks there were
        self._published.clear()
        self._scenes.clear()
        for name, scene in scenes.items():
            await self.replace_scene(name, scene)

    async def replace_scene(self, name: str, scene: BuiltScene) -> None:
        """Show `scene` under a name."""
        async def built() -> BuiltScene:
            return scene

        self._scenes[name] = asyncio.create_task(built())
        await self._scenes[name]

    def elsewhere(self, path: bytes, oid: bytes) -> str:
        """Return the id of the repository served here that a submodule's plot leads to; '' where none is.

        It is one that has the commit which is pinned: if several have, the one that is checked out there.
        """
        place = self.repository.place.worktree
        there = None if place is None else place.joinpath(*os.fsdecode(path).split("/"))
        found = ""
        for other in self.beside.values():
            checked_out = there is not None and other.repository.place.worktree == there
            if other is not self and (other.moments.has(oid) or (checked_out and not other.whole)):
                if checked_out:
                    return other.id
                found = found or other.id
        return found

    def head_of(self, scene: BuiltScene) -> int:
        """Return the newest rank that viewers of a scene know."""
        known = self.published(scene).head_rank
        return self.index.head_rank if known < 0 else known

    def rank_near(self, oid: bytes) -> int:
        """Return the rank of a commit; the newest of the mainline where it has none (any more)."""
        try:
            return self.moments.find(oid.hex()).rank
        except UnknownMoment:
            return int(self.index.mainline[-1])

    def node_path(self, scene: BuiltScene, node: int) -> bytes:
        """Return the path of a node, as `BuiltScene.node_path` does, also where it came later.

        Raises
        ------
        UnknownPath
            There is no such node.
        """
        commit = scene.commit_of(node)
        if commit >= 0:
            return self.index.oids[commit].tobytes().hex().encode()
        if not 0 <= node >> 1 < len(self.versions.strata_offsets) - 1:
            raise UnknownPath(f"There is no node {node} here.")
        return names_of(self.index.paths, np.array([node >> 1]))[1].tobytes()

    def find(self, scene: BuiltScene, path: bytes, rank: int) -> int:
        """Return the node at a path, as `BuiltScene.find` does, also where it came later.

        Raises
        ------
        UnknownPath
            Nothing ever stood there on the mainline.
        """
        try:
            return scene.find(path, rank)
        except UnknownPath:
            row = path_row(self.index.paths, path.rstrip(b"/"))
            if row < 0:
                raise
            return 2 * row if row in self.versions.path else 2 * row + 1

    async def body(self, scene: BuiltScene, tile: str, *, deflated: bool) -> bytes:
        """Return the body of a tile (or of the table) of `scene`, made once for all who ask for it so.

        Raises
        ------
        UnknownTile
            The scene has no such tile.
        """
        if tile != scene.table_id and not scene.knows(tile):
            raise unknown_tile(tile)
        self.published(scene).asked.add(tile)
        task = self._bodies.pop((tile, deflated), None)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = asyncio.create_task(self._encoded(scene, tile, deflated))
        self._bodies[tile, deflated] = task
        body = await asyncio.shield(task)
        self._forget_bodies()
        return body

    async def _encoded(self, scene: BuiltScene, tile: str, deflated: bool) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._builder, self._encode, scene, tile, deflated)

    def _encode(self, scene: BuiltScene, tile: str, deflated: bool) -> bytes:
        """Return a body that was kept, or make and keep it; kept are deflated ones."""
        shelf = self._shelf if tile != scene.table_id else None
        if shelf is not None and (found := shelf.get(tile)) is not None:
            recipe, small = found
            scene.remember(tile, recipe)
            return small if deflated else inflate(small)
        body = bodies.encode_body(scene, tile)
        if shelf is None:
            return deflate(body) if deflated else body
        small = deflate(body)
        shelf.put(tile, scene.recipe(tile), small)
        return small if deflated else body

    def _forget_bodies(self) -> None:
        made = [(which, len(task.result())) for which, task in self._bodies.items()
                if task.done() and not task.cancelled() and not task.exception()]
        held = sum(size for _, size in made)
        for which, size in made[:-1]:
            if held <= BODY_CACHE_BYTES:
                break
            del self._bodies[which]
            held -= size

    def files_commit(self, moment: Moment) -> int:
        """Return the rank of the commit whose tree `moment` means.

        The commit itself where one is named, otherwise the newest of the mainline.
        """
        if moment.names_commit:
            return moment.rank
        mainline = self.index.mainline
        at = int(mainline.searchsorted(moment.rank, side="right")) - 1
        return int(mainline[max(at, 0)])

    async def files(self, rank: int) -> list[TreeEntry]:
        """Return the tree of the commit at `rank`, as `git ls-tree -r` lists it."""
        oid = self.index.oids[rank].tobytes()
        if oid not in self._listings:
            self._listings[oid] = await self.run(self.repository.files, oid)
        self._listings.move_to_end(oid)
        while len(self._listings) > _LISTINGS:
            self._listings.popitem(last=False)
        return self._listings[oid]

    async def people(self) -> People:
        """Return what each person did."""
        if self._people is None or self._people.index is not self.index:
            self._people = await self.run(People.of, self.index)
        return self._people

    async def close(self) -> None:
        """Wait for what runs, and let go of the repository."""
        self._closed = True
        for thread in (self._builder, self._thread):
            await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)
        self.repository.close()


def generation_of(index: HistoryIndex, layout_version: int, scene_digest: str) -> str:
    """Return the name of an order of ranks under one mainline, layout and scene: 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    # Strata name people by number: who is who is part of it.
    for part in (index.oids.tobytes(), index.author.tobytes(),
                 index.mainline_ref.encode("utf-8", "surrogateescape"), index.mainline.tobytes(),
                 str(layout_version).encode(), scene_digest.encode()):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def unknown_tile(tile: str) -> UnknownTile:
    """Return the error for a tile that no scene here has."""
    return UnknownTile(f"No scene here has the tile {tile!r}: ask for those that its root and headers name.")
