"""A tile's records as a viewer reads them, and in what it is another after a patch.

All of this is made beside the frame loop (`client`), which only takes it up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import COMMIT_NODES, NODES, SPANS, STRATA, Flag
from xrserver.stream.messages import Columns, TileBody

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A tile's records, rows as it numbers them.

    Attributes
    ----------
    body : TileBody
        As it came.
    offsets : (n + 1,) uint32
        Where in `text` the path of each node lies.
    order, ids : (n,) int64
        Rows by node, and their nodes: ascending.
    births : int64
        Row of the node, then birth, of every span: ascending, so that one search finds many.
    starts : (n,) int64
        Where in `births` each node's begin.
    categories : frozenset of int
        Of its nodes.
    """

    body: TileBody
    spans: NDArray[np.void]
    nodes: NDArray[np.void]
    strata: NDArray[np.void]
    offsets: NDArray[np.uint32]
    text: bytes
    order: Rows
    ids: Rows
    births: Rows
    starts: Rows
    categories: frozenset[int]

    def name(self, row: int) -> str:
        """Return the last part of a node's path."""
        path = self.text[self.offsets[row]:self.offsets[row + 1]]
        return path.rsplit(b"/", 1)[-1].decode("utf-8", "replace")

    def standing(self, rank: int) -> tuple[Rows, NDArray[np.bool_]]:
        """Return the row of each node's span at a rank, and which nodes stand then."""
        rows = np.arange(len(self.nodes), dtype=np.int64)
        # Among its node's spans, the last born by now.
        latest = np.searchsorted(self.births, (rows << 32) + rank, side="right") - 1
        at = self.nodes["first_span"].astype(np.int64) + np.maximum(latest - self.starts, 0)
        return at, (latest >= self.starts) & (self.spans["death"][at] > rank)

    def keys(self) -> NDArray[np.uint64]:
        """Return by row what tells paths apart, whatever their numbers; 0 for commits and ribbons.

        That is a hash of each node's path, files' unlike districts' and blocks'. Of the blocks that a
        district has in a tile, each is told by which it is of them.
        """
        nodes = self.nodes
        data = np.frombuffer(self.text, np.uint8)
        starts = self.offsets[:-1].astype(np.int64)
        lengths = np.diff(self.offsets.astype(np.int64))
        within = np.arange(len(data)) - np.repeat(starts, lengths)
        power = np.cumprod(np.full(int(lengths.max(initial=0)) + 1, 0x9E3779B97F4A7C15, np.uint64))
        sums = np.zeros(len(data) + 1, np.uint64)
        np.cumsum((data.astype(np.uint64) + np.uint64(1)) * power[within], out=sums[1:])
        found = sums[self.offsets[1:]] - sums[self.offsets[:-1]]
        found = (found << np.uint64(1) | (nodes["node"] & 1).astype(np.uint64)) + np.uint64(1)
        flags = self.spans["traits"][np.minimum(nodes["first_span"], max(len(self.spans) - 1, 0))] >> 8
        blocks = np.flatnonzero(flags & int(Flag.AGGREGATE))
        order = blocks[np.argsort(nodes["node"][blocks], kind="stable")]
        first = np.diff(nodes["node"][order].astype(np.int64), prepend=-1) != 0
        at = np.arange(len(order))
        which = at - np.maximum.accumulate(np.where(first, at, 0)) + 1 if len(order) else at
        found[order] += which.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        return np.where(nodes["node"] < COMMIT_NODES, found, np.uint64(0))


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """In what a tile is another than it was: rows that are new or were otherwise, ascending.

    Attributes
    ----------
    since : Tile
        What it was.
    """

    since: Tile
    spans: Rows
    nodes: Rows
    strata: Rows


def read(body: TileBody) -> Tile:
    """Return what came as a viewer reads it; records are not copied."""
    nodes, spans = _records(body.nodes, NODES.dtype), _records(body.spans, SPANS.dtype)
    ids = nodes["node"].astype(np.int64)
    order = np.argsort(ids, kind="stable")
    counts = nodes["span_count"].astype(np.int64)
    births = np.repeat(np.arange(len(nodes), dtype=np.int64) << 32, counts) + spans["birth"][
        _ragged(nodes["first_span"].astype(np.int64), counts)]
    return Tile(body, spans, nodes, _records(body.strata, STRATA.dtype), body.names["offsets"],
                body.names["bytes"].tobytes(), order, ids[order], births, np.cumsum(counts) - counts,
                frozenset(np.unique(spans["traits"][nodes["first_span"]] >> 16).tolist()))


def change(since: Tile, now: Tile) -> Change:
    """Return in what a tile is another: what it had keeps its row, whatever it says now."""
    return Change(since, _other(since.spans, now.spans), _other(since.nodes, now.nodes),
                  _other(since.strata, now.strata))


def _other(before: NDArray[np.void], now: NDArray[np.void]) -> Rows:
    """Return the rows of `now` that `before` does not have, or has otherwise."""
    old, new = (each.view(np.uint64).reshape(len(each), each.itemsize // 8) for each in (before, now))
    differs = (old != new[:len(old)]).any(axis=1)
    return np.concatenate([np.flatnonzero(differs), np.arange(len(before), len(now))])


def _ragged(starts: Rows, counts: Rows) -> Rows:
    """Return the rows [start, start + count) of every pair, one after the other."""
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(starts - before, counts)


def _records(columns: Columns, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    records = columns["records"]
    return np.ascontiguousarray(records).view(dtype).reshape(-1)
