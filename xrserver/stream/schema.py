"""What a message looks like, read once from its dataclass.

`codec` checks what arrives against these shapes and `codegen` writes them down in TypeScript,
so the annotations in `messages` are the only place where the protocol is said.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from xrserver.columns import COLUMN_SETS, RANK_END, Category, ColumnSet, Flag, Kind, Range
from xrserver.stream import messages

#: Integers wider than this do not survive JavaScript's numbers.
SAFE_INTEGER = 2**53

#: How columns are laid out in a message; part of the schema hash, changed with the layout.
_ENCODING = "columns: [padding, data] at multiples of 8, little-endian, packed sets as records"


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or a finite float within [low, high]."""

    integer: bool
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bool:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of `low` to `high` characters, one of `choices` where there are any."""

    low: float
    high: float
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bytes:
    """A run of `low` to `high` bytes."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ListOf:
    """`low` to `high` items of one shape."""

    item: Shape
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OptionalOf:
    """A value of one shape, or nil."""

    item: Shape


@dataclass(frozen=True, slots=True)
class RecordOf:
    """A nested dataclass; its fields are found by `record_fields` (a record may hold itself)."""

    cls: type


@dataclass(frozen=True, slots=True)
class ColumnsOf:
    """The arrays of a column set."""

    columns: ColumnSet


Shape = Number | Bool | Text | Bytes | ListOf | OptionalOf | RecordOf | ColumnsOf

_UNBOUNDED = Range(0, float("inf"))


def wire_name(cls: type) -> str:
    """Return what stands under ``type`` in a message of class `cls`."""
    return cls.__name__.lower()


@cache
def record_fields(cls: type) -> tuple[tuple[str, Shape], ...]:
    """Return the (name, shape) of every field of the dataclass `cls`, in order."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple((f.name, shape_of(hints[f.name], f"{cls.__name__}.{f.name}")) for f in fields(cls))


def shape_of(annotation: Any, where: str) -> Shape:
    """Return the shape that `annotation`, found at `where`, describes.

    Raises
    ------
    TypeError
        The annotation is none that the wire knows: a mistake in `messages`.
    """
    limits: Range | None = None
    while get_origin(annotation) is typing.Annotated:
        annotation, *extras = get_args(annotation)
        for extra in extras:
            if isinstance(extra, ColumnSet):
                return ColumnsOf(extra)
            if isinstance(extra, Range):
                limits = extra
    origin = get_origin(annotation)
    if origin is Literal:
        choices = tuple(str(choice) for choice in get_args(annotation))
        return Text(0, max(map(len, choices)), choices)
    if origin is list:
        limits = limits or _UNBOUNDED
        return ListOf(shape_of(get_args(annotation)[0], f"{where}[]"), limits.low, limits.high)
    if origin in (Union, types.UnionType):
        inner = [a for a in get_args(annotation) if a is not type(None)]
        if len(inner) == 1:
            return OptionalOf(shape_of(inner[0], where))
    return _leaf_shape(annotation, limits, where)


def _leaf_shape(annotation: Any, limits: Range | None, where: str) -> Shape:
    if annotation is bool:
        return Bool()
    if annotation is int:
        limits = limits or Range(-SAFE_INTEGER, SAFE_INTEGER)
        return Number(True, limits.low, limits.high)
    if annotation is float:
        limits = limits or Range(float("-inf"), float("inf"))
        return Number(False, limits.low, limits.high)
    if annotation is str:
        return Text((limits or _UNBOUNDED).low, (limits or _UNBOUNDED).high)
    if annotation is bytes:
        return Bytes((limits or _UNBOUNDED).low, (limits or _UNBOUNDED).high)
    if isinstance(annotation, type) and is_dataclass(annotation):
        return RecordOf(annotation)
    raise TypeError(f"{where} has the annotation {annotation!r}, which the wire does not know.")


def records() -> tuple[type, ...]:
    """Return every record nested in messages and bodies, each once, innermost first."""
    found: dict[type, None] = {}
    entered: set[type] = set()

    def visit(shape: Shape) -> None:
        if isinstance(shape, ListOf | OptionalOf):
            visit(shape.item)
        elif isinstance(shape, RecordOf) and shape.cls not in entered:
            entered.add(shape.cls)
            for _, inner in record_fields(shape.cls):
                visit(inner)
            found[shape.cls] = None

    for cls in (*messages.FROM_SERVER, *messages.FROM_VIEWER, *messages.BODIES):
        for _, shape in record_fields(cls):
            visit(shape)
    return tuple(found)


def _describe(shape: Shape) -> Any:
    match shape:
        case RecordOf(cls):
            return ["record", cls.__name__]
        case ColumnsOf(columns):
            return ["columns", columns.name]
        case ListOf(item, low, high):
            return ["list", _describe(item), low, high]
        case OptionalOf(item):
            return ["optional", _describe(item)]
        case Number(integer, low, high):
            return ["int" if integer else "float", low, high]
        case Text(low, high, choices):
            return ["str", low, high, *choices]
        case Bytes(low, high):
            return ["bytes", low, high]
        case Bool():
            return ["bool"]


@cache
def schema_hash() -> str:
    """Return 16 hexadecimal digits that change whenever the two sides would misunderstand each other."""

    def describe(cls: type) -> Any:
        return [wire_name(cls), [[name, _describe(shape)] for name, shape in record_fields(cls)]]

    description = {
        "encoding": _ENCODING,
        "from_server": [describe(cls) for cls in messages.FROM_SERVER],
        "from_viewer": [describe(cls) for cls in messages.FROM_VIEWER],
        "bodies": [describe(cls) for cls in messages.BODIES],
        "records": [describe(cls) for cls in records()],
        "columns": [[s.name, s.packed, s.ragged, [[c.name, c.dtype, c.width] for c in s.columns]]
                    for s in COLUMN_SETS],
        "enumerations": [[e.__name__, {member.name: int(member) for member in e}]
                         for e in (Kind, Flag, Category)],
        "limits": [RANK_END, messages.CLIENT_MESSAGE_LIMIT, messages.FRAME_LIMIT],
    }
    canonical = json.dumps(description, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def subprotocol() -> str:
    """Return the WebSocket subprotocol that both sides must name: ``xrserver.<schema hash>``."""
    return f"xrserver.{schema_hash()}"
