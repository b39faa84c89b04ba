"""What a page holds in memory, told apart: its own data, and what the browser made of its code."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

#: Kinds of nodes of a heap snapshot (V8's names) that a page's script brings about and can let go of.
_DATA = frozenset(("object", "closure", "array", "string", "concatenated string", "sliced string", "regexp",
                   "number", "symbol", "bigint"))
_BUFFERS = "system / JSArrayBufferData"


class Heap(NamedTuple):
    """Bytes after all garbage is collected.

    Attributes
    ----------
    used : int
        All of V8's heap, compiled code and what it learned of types with it: without buffers.
    data : int
        The page's own: objects, strings, closures and the contents of buffers.
    """

    used: int
    data: int


async def measured(devtools: Any) -> Heap:
    """Measure the heap of the page that a session of the DevTools protocol belongs to."""
    for _ in range(2):
        await devtools.send("HeapProfiler.collectGarbage")
    used = int((await devtools.send("Runtime.getHeapUsage"))["usedSize"])
    chunks: list[str] = []

    def take(event: dict[str, str]) -> None:
        chunks.append(event["chunk"])

    devtools.on("HeapProfiler.addHeapSnapshotChunk", take)
    await devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    devtools.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    return Heap(used, _data(json.loads("".join(chunks))))


def _data(snapshot: dict[str, Any]) -> int:
    meta, nodes, names = snapshot["snapshot"]["meta"], snapshot["nodes"], snapshot["strings"]
    fields: list[str] = meta["node_fields"]
    kinds: list[str] = meta["node_types"][0]
    kind, name, size = (fields.index(field) for field in ("type", "name", "self_size"))
    return sum(nodes[at + size] for at in range(0, len(nodes), len(fields))
               if kinds[nodes[at + kind]] in _DATA or names[nodes[at + name]] == _BUFFERS)
