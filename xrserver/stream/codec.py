"""Messages and bodies to bytes and back; nothing that breaks the protocol gets past `decode`.

Columns are written and read without a copy beyond the message itself: `encode` joins the arrays'
own memory into the message, `decode_body` returns arrays that look into the bytes they came in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, cast

import msgpack
import numpy as np

from xrserver.columns import ColumnSet
from xrserver.errors import WireError
from xrserver.stream import messages, schema, views

#: Every column starts at a multiple of this many bytes from the start of its message.
ALIGNMENT = 8

#: Records may hold records of their own class (a tile's children), but only so deep.
_DEEPEST = 48

#: Longer columns are cut for the join: of plain bytes alone it lets other threads go on meanwhile.
_PIECE = 1 << 20

#: What stands before a column's data: a bin 32 header.
_BIN32 = 5

_Check = Callable[[Any, int], Any]


# --- encode ---------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Turn what msgpack does not know into what it does: records into maps, numpy's scalars into ours."""
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot travel in a message.")


def encode(message: Any) -> bytes:
    """Return a message or body as bytes.

    Parameters
    ----------
    message : an instance of one of `messages.FROM_SERVER`, `FROM_VIEWER` or `BODIES`
        Columns must have the dtypes of their column set; packed sets the single column ``records``.
    """
    cls = type(message)
    pack = cast("Callable[[Any], bytes]", msgpack.Packer(default=_plain).pack)
    shapes = schema.record_fields(cls)
    parts: list[Any] = [msgpack.Packer().pack_map_header(len(shapes) + 1), pack("type"),
                        pack(schema.wire_name(cls))]
    position = sum(map(len, parts))
    for name, shape in shapes:
        value = getattr(message, name)
        parts.append(pack(name))
        position += len(parts[-1])
        if isinstance(shape, schema.ColumnsOf):
            position = _append_columns(parts, position, value, shape.columns)
        else:
            parts.append(pack(value))
            position += len(parts[-1])
    return b"".join(parts)


def _append_columns(parts: list[Any], position: int, value: messages.Columns, columns: ColumnSet) -> int:
    """Append a column set, its data where it lies, and return the position behind it."""
    dtypes = _dtypes(columns)
    if value.keys() != dtypes.keys():
        raise TypeError(f"{columns.name} needs the columns {list(dtypes)}, not {list(value)}.")
    packer = msgpack.Packer()
    parts.append(packer.pack_map_header(len(dtypes)))
    position += len(parts[-1])
    for name, dtype in dtypes.items():
        array = value[name]
        if array.dtype != dtype:
            raise TypeError(f"{columns.name}.{name} must be {dtype}, not {array.dtype}.")
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        head = packer.pack(name) + packer.pack_array_header(2)
        padding = -(position + len(head) + 2 + _BIN32) % ALIGNMENT
        head += bytes((0xC4, padding, *[0] * padding, 0xC6)) + data.nbytes.to_bytes(4, "big")
        parts.append(head)
        if data.nbytes <= _PIECE:
            parts.append(data)
        else:
            parts += (data[at:at + _PIECE].tobytes() for at in range(0, data.nbytes, _PIECE))
        position += len(head) + data.nbytes
    return position


@cache
def _dtypes(columns: ColumnSet) -> dict[str, np.dtype[Any]]:
    """Return what travels of a column set: column name → dtype of one value or record."""
    if columns.packed:
        return {"records": columns.dtype}
    return {column.name: np.dtype(column.dtype) for column in columns.columns}


# --- decode ---------------------------------------------------------------------------------


class _Misfit(Exception):
    """What is wrong with a value; `path` grows while it is passed outwards."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self.path: list[str] = []

    @classmethod
    def of(cls, value: Any, expected: str) -> _Misfit:
        return cls(f"is {_brief(value)}, but must be {expected}")


def decode(data: bytes, accepts: tuple[type[Any], ...]) -> Any:
    """Return the message in `data`, checked in full.

    Parameters
    ----------
    data : bytes
        One message, nothing behind it.
    accepts : tuple of message classes
        What may arrive here: `messages.FROM_VIEWER` at a server, `messages.FROM_SERVER` at a viewer.

    Raises
    ------
    WireError
        Not msgpack, an unknown ``type``, or a field missing, unknown, of the wrong type or out of range.
    """
    try:
        value: Any = msgpack.unpackb(data, object_pairs_hook=_distinct, strict_map_key=True)
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError(f"The message is not well-formed msgpack: {_brief(str(error))}.") from None
    return _message(value, accepts)


def decode_body(data: bytes | bytearray | memoryview) -> messages.TileBody | messages.TableBody:
    """Return the tile or table in `data`; its arrays look into `data`.

    Raises
    ------
    WireError
        The bytes are not a whole body as `messages` describes it.
    """
    return _message(views.unpack(memoryview(data)), messages.BODIES)


def _distinct(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one map")
    return found


def _message(value: Any, accepts: tuple[type[Any], ...]) -> Any:
    if type(value) is not dict or next(iter(cast("dict[Any, Any]", value)), None) != "type":
        raise WireError("A message must be a map whose first key is 'type'.")
    held = cast("dict[Any, Any]", value)
    name = held.pop("type")
    cls = next((cls for cls in accepts if schema.wire_name(cls) == name), None)
    if cls is None:
        known = ", ".join(map(schema.wire_name, accepts))
        raise WireError(f"The message type {_brief(name)} is not one of {known}.")
    try:
        return _record_check(cls)(held, 0)
    except _Misfit as misfit:
        where = ".".join((schema.wire_name(cls), *reversed(misfit.path))).replace(".[", "[")
        raise WireError(f"{where} {misfit.problem}.") from None


def _brief(value: Any) -> str:
    """Return `value` as a person can read it in a sentence: never long, never deep."""
    if isinstance(value, dict | list):
        return f"a {'map' if isinstance(value, dict) else 'list'} of {len(cast('list[Any]', value))}"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    text = value if isinstance(value, str) and " " in value else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


@cache
def _record_check(cls: type) -> _Check:
    checks: dict[str, _Check] = {}

    def check(value: Any, depth: int) -> Any:
        if type(value) is not dict:
            raise _Misfit.of(value, "a map")
        if depth > _DEEPEST:
            raise _Misfit(f"is nested deeper than {_DEEPEST} records")
        if not checks:  # not earlier: a record may hold records of its own class
            checks.update((name, _check(shape)) for name, shape in schema.record_fields(cls))
        held = cast("dict[Any, Any]", value)
        if held.keys() != checks.keys():
            for name in checks.keys() - held.keys():
                raise _Misfit(f"has no field {name!r}")
            for name in held.keys() - checks.keys():
                raise _Misfit(f"has the unknown field {_brief(name)}")
        values: dict[str, Any] = {}
        name = ""
        try:
            for name, inner in checks.items():
                values[name] = inner(held[name], depth + 1)
        except _Misfit as misfit:
            misfit.path.append(name)
            raise
        return cls(**values)

    return check


def _check(shape: schema.Shape) -> _Check:
    """Return the function that checks a value of `shape` and returns what stands for it."""
    match shape:
        case schema.Number():
            return _number_check(shape)
        case schema.Bool():
            return _bool_check
        case schema.Text():
            return _text_check(shape)
        case schema.Bytes():
            return _bytes_check(shape)
        case schema.ListOf():
            return _list_check(shape)
        case schema.OptionalOf(item):
            inner = _check(item)
            return lambda value, depth: None if value is None else inner(value, depth)
        case schema.RecordOf(cls):
            return _record_check(cls)
        case schema.ColumnsOf(columns):
            return _columns_check(columns)


def _number_check(shape: schema.Number) -> _Check:
    integer, low, high = shape.integer, shape.low, shape.high
    expected = "a whole number" if integer else "a finite number"
    if math.isfinite(low):
        expected += f" from {low} to {high}"

    def check(value: Any, depth: int) -> Any:
        # JavaScript packs the float 1.0 as the integer 1; a bool is neither.
        right = type(value) is int or (type(value) is float and not integer and math.isfinite(value))
        if not right or not low <= value <= high:
            raise _Misfit.of(value, expected)
        return value if integer else float(value)

    return check


def _bool_check(value: Any, depth: int) -> Any:
    if type(value) is not bool:
        raise _Misfit.of(value, "true or false")
    return value


def _text_check(shape: schema.Text) -> _Check:
    low, high, choices = shape.low, shape.high, shape.choices
    length = f"{low}" if low == high else f"at most {high}"
    expected = f"one of {', '.join(choices)}" if choices else f"text of {length} characters"

    def check(value: Any, depth: int) -> Any:
        if type(value) is not str or not low <= len(value) <= high or (choices and value not in choices):
            raise _Misfit.of(value, expected)
        return value

    return check


def _bytes_check(shape: schema.Bytes) -> _Check:
    low, high = shape.low, shape.high

    def check(value: Any, depth: int) -> Any:
        if not isinstance(value, bytes | memoryview) or not low <= len(value) <= high:
            raise _Misfit.of(value, "bytes" if math.isinf(high) else f"at most {high} bytes")
        return value

    return check


def _list_check(shape: schema.ListOf) -> _Check:
    inner, low, high = _check(shape.item), shape.low, shape.high
    length = "" if math.isinf(high) else f" of {low}" if low == high else f" of at most {high}"

    def check(value: Any, depth: int) -> Any:
        if type(value) is not list:
            raise _Misfit.of(value, f"a list{length}")
        items = cast("list[Any]", value)
        if not low <= len(items) <= high:
            raise _Misfit.of(items, f"a list{length}")
        checked: list[Any] = []
        try:
            for item in items:
                checked.append(inner(item, depth))
        except _Misfit as misfit:
            misfit.path.append(f"[{len(checked)}]")
            raise
        return checked

    return check


def _columns_check(columns: ColumnSet) -> _Check:
    dtypes = _dtypes(columns)
    widths = {} if columns.packed else {c.name: c.width for c in columns.columns if c.width > 1}

    def column(name: str, value: Any) -> Any:
        match value:
            case [bytes() | memoryview(), bytes() | memoryview() as data]:
                if len(data) % dtypes[name].itemsize:
                    raise _Misfit(f"has a column {name!r} of {len(data)} bytes, which is no whole number "
                                  f"of {dtypes[name].itemsize} bytes")
                array = np.frombuffer(data, dtypes[name])
                return array.reshape(-1, widths[name]) if name in widths else array
            case _:
                raise _Misfit(f"has a column {name!r} that is not [padding, data]")

    def check(value: Any, depth: int) -> Any:
        if type(value) is not dict or cast("dict[Any, Any]", value).keys() != dtypes.keys():
            raise _Misfit.of(value, f"a map of the columns {', '.join(dtypes)}")
        arrays = {name: column(name, cast("dict[Any, Any]", value)[name]) for name in dtypes}
        if not columns.ragged and len({len(array) for array in arrays.values()}) > 1:
            raise _Misfit("has columns of different lengths")
        return arrays

    return check
