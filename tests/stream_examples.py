"""One example of every message and body, and the vectors that TypeScript's half is held to.

``python tests/stream_examples.py`` writes ``tests/vectors/stream/*.json`` anew.
"""

from __future__ import annotations

import base64
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xrserver.columns import NODES, RANK_END, SPANS, STRATA
from xrserver.scene.tiles import TileHeader
from xrserver.stream import codec, messages, schema

VECTORS = Path(__file__).parent / "vectors" / "stream"


def names(*strings: bytes) -> messages.Columns:
    ends = np.cumsum([0, *map(len, strings)])
    return {"offsets": ends.astype("<u4"), "bytes": np.frombuffer(b"".join(strings), "|u1")}


def packed(columns: Any, rows: int, seed: int) -> messages.Columns:
    """Records with every byte set, as finite floats where floats are."""
    random = np.random.default_rng(seed)
    records = columns.empty(rows)
    for column in columns.columns:
        shape = (rows, column.width) if column.width > 1 else rows
        records[column.name] = (random.uniform(-99, 99, shape) if column.dtype == "<f4"
                                else random.integers(0, 2**32, shape))
    return {"records": records}


POSE = messages.Pose([0.0, 1.5, -2.25], [0.0, 0.0, 0.0, 1.0], 0.001)
CHILD = TileHeader("c" * 32, 1, [-1.0, 0.0, -1.0, 1.0, 2.0, 1.0], 0, 7, 0.25, 1, 2, 3, 400, [])
HEADER = TileHeader("a" * 32, 0, [-1.5, 0.0, -1.5, 1.5, 2.5, 1.5], 0, RANK_END, 0.5, 3, 5, 4, 960, [CHILD])

EXAMPLES: tuple[Any, ...] = (
    messages.Welcome("0.1.0", "token", False, [messages.Repository("flask", "flask", 5500)], ["city"]),
    messages.Progress("commits", 1000, 5500),
    messages.Scene("flask", "city", "f" * 16, "refs/heads/main", 5499, HEADER, "b" * 32, 12345, POSE, 5499,
                   0.0, 1.5, [messages.Person(0, "Ada Löwe 👩‍💻", 17, 0xE69F00)], 12, True),
    messages.Tile("a" * 32, 512, 960, True, bytes(range(256))),
    messages.Patch("a" * 32, "f" * 16, 3, [[4, 5500, 0], [2, 0, 0]], packed(SPANS, 2, 1),
                   packed(NODES, 1, 2), packed(STRATA, 1, 3), names(b"new.py")),
    messages.Commits("f" * 16, 5500, 5500, {"time": np.array([2**33], "<i8"), "author": np.array([2], "<u4"),
                                            "mainline": np.array([1], "|u1")}, 2,
                     {"commits": np.array([1], "<u4"), "colour": np.array([0x009E73], "<u4")}, names(b"Cy"),
                     True, {"rank": np.array([5500], "<u4")}, names(b"v2"),
                     [messages.Person(2, "Cy", 1, 0x009E73)],
                     {"rank": np.array([5500], "<u4"), "position": np.array([[1.5, 2.0, -3.0]], "<f4"),
                      "across": np.array([[0.0, 0.5, 4.0]], "<f4")}),
    messages.Result(7, 12, 34, "src/app.py", [messages.Row("author", "Ada", "", "")]),
    messages.Panel("inspector", "src/app.py", [messages.Row("pinned commit", "Start", "rank:3", "module")],
                   [4, 12]),
    messages.Activity([messages.Worktree("linked", "refs/heads/side", 0xE69F00, 3, False, [
        messages.Change(b"src/\xe9.py", "modified", 12), messages.Change(b"new/", "untracked", -1)], "")]),
    messages.Notice("The repository was reopened."),
    messages.Error("unknown-tile", "No scene has this tile.", "d" * 32),
    messages.Hello("quest3", "", "city"),
    messages.Want(["a" * 32, "b" * 32]),
    messages.Drop(["a" * 32]),
    messages.Clock(41, 0.5, True, POSE, "c" * 16),
    messages.Query(3, "find", "src/app.py", 0, 0, 41),
    messages.Select(-1, 41),
    messages.Tidy(),
    messages.TileBody(HEADER, packed(SPANS, 5, 4), packed(NODES, 3, 5), packed(STRATA, 4, 6),
                      names(b"", b"src", b"caf\xe9\n.py")),
    messages.TableBody("b" * 32,
                       {"time": np.array([-5, 0, 2**40], "<i8"), "author": np.array([0, 1, 0], "<u4"),
                        "mainline": np.array([1, 0, 1], "|u1")},
                       {"commits": np.array([2, 1], "<u4"), "colour": np.array([0xE69F00, 0x56B4E9], "<u4")},
                       names(b"Ada", b"Bob"), {"rank": np.zeros(0, "<u4")}, names(),
                       {"rank": np.array([0, 2], "<u4"),
                        "position": np.array([[0, 2, 1], [8, 2.5, 1]], "<f4"),
                        "across": np.array([[0, 0, -3], [0, 0, -4]], "<f4")}),
)


def plain(value: Any) -> Any:
    """The value as JSON: bytes in base64, columns as numbers, packed records and int64 as hexadecimal."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {name: plain(column) for name, column in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "i" and value.dtype.itemsize == 8:
            return [str(number) for number in value]
        return (value.view("<u4") if value.dtype.names else value.reshape(-1)).tolist()
    return value


def vectors() -> dict[str, str]:
    """File name → text of every vector file."""
    def case(example: Any) -> dict[str, Any]:
        name = schema.wire_name(type(example))
        return {"name": name, "args": [base64.b64encode(codec.encode(example)).decode()],
                "expected": {"type": name, **plain(example)}}

    def broken(name: str, data: bytes) -> dict[str, Any]:
        return {"name": name, "args": [base64.b64encode(data).decode()], "expected": None}

    body = codec.encode(EXAMPLES[-2])
    groups = {
        "decodeMessage": [case(e) for e in EXAMPLES if isinstance(e, messages.FROM_SERVER)],
        "decodeBody": [case(e) for e in EXAMPLES if isinstance(e, messages.BODIES)],
        "encodeMessage": [case(e) for e in EXAMPLES if isinstance(e, messages.FROM_VIEWER)],
        "refuseBody": [broken("cut off", body[:-1]), broken("goes on", body + b"\0"),
                       broken("a message", codec.encode(EXAMPLES[0])),
                       broken("a column of 79 bytes", body.replace(_bin(400), _bin(399), 1)[:-1])],
    }
    return {f"{function}.json": json.dumps({"function": function, "cases": cases}, indent=1) + "\n"
            for function, cases in groups.items()}


def _bin(length: int) -> bytes:
    return b"\xc6" + length.to_bytes(4, "big")


if __name__ == "__main__":
    VECTORS.mkdir(parents=True, exist_ok=True)
    for file, text in vectors().items():
        (VECTORS / file).write_text(text, encoding="utf-8", newline="\n")
