"""Whatever is encoded is decoded again; whatever is not the protocol is refused with a sentence."""

from __future__ import annotations

import string
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stream_examples import EXAMPLES, VECTORS, vectors

from xrserver.columns import ColumnSet
from xrserver.errors import WireError
from xrserver.stream import codec, messages, schema, views

ALL = (*messages.FROM_SERVER, *messages.FROM_VIEWER, *messages.BODIES)


def columns_of(columns: ColumnSet) -> st.SearchStrategy[messages.Columns]:
    def arrays(rows: int, seed: int) -> messages.Columns:
        random = np.random.default_rng(seed)

        def filled(dtype: np.dtype[Any], count: int) -> np.ndarray:
            return np.frombuffer(random.bytes(count * dtype.itemsize), dtype)

        if columns.packed:
            return {"records": filled(columns.dtype, rows)}
        found = {c.name: filled(np.dtype(c.dtype), c.width * rows + (3 * i if columns.ragged else 0))
                 for i, c in enumerate(columns.columns)}
        return {c.name: found[c.name].reshape(-1, c.width) if c.width > 1 else found[c.name]
                for c in columns.columns}

    return st.builds(arrays, st.integers(0, 9), st.integers(0, 2**32))


def values_of(shape: schema.Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    match shape:
        case schema.Number(True, low, high):
            return st.integers(int(low), int(high))
        case schema.Number(False, low, high):
            finite = {"allow_nan": False, "allow_infinity": False}
            return st.floats(**finite) if low == float("-inf") else st.floats(low, high, **finite)
        case schema.Bool():
            return st.booleans()
        case schema.Text(_, _, choices) if choices:
            return st.sampled_from(choices)
        case schema.Text(low, high):
            return st.text(string.printable + "äé漢👩", min_size=int(low), max_size=min(int(high), 40))
        case schema.Bytes():
            return st.binary(max_size=600)
        case schema.ListOf(item, low, high):
            if isinstance(item, schema.RecordOf) and depth > 2:  # a header's children hold headers
                return st.just([])
            return st.lists(values_of(item, depth + 1), min_size=int(low), max_size=int(min(high, low + 2)))
        case schema.OptionalOf(item):
            return st.none() | values_of(item, depth)
        case schema.RecordOf(cls):
            return instances_of(cls, depth + 1)
        case schema.ColumnsOf(columns):
            return columns_of(columns)


def instances_of(cls: type, depth: int = 0) -> st.SearchStrategy[Any]:
    return st.builds(cls, **{name: values_of(shape, depth) for name, shape in schema.record_fields(cls)})


def address(data: bytes | memoryview) -> int:
    return np.frombuffer(data, "|u1").__array_interface__["data"][0]


def same(one: Any, other: Any) -> bool:
    assert type(one) is type(other)
    for name, shape in schema.record_fields(type(one)):
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(shape, schema.ColumnsOf):
            assert mine.keys() == theirs.keys()
            for column in mine:
                assert mine[column].dtype == theirs[column].dtype
                assert mine[column].tobytes() == theirs[column].tobytes()
        elif isinstance(shape, schema.Bytes):
            assert bytes(mine) == bytes(theirs)
        else:
            assert mine == theirs
    return True


@pytest.mark.parametrize("cls", ALL, ids=schema.wire_name)
def test_every_message_comes_back_as_it_was_sent(cls: type) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    @given(instances_of(cls))
    def round_trip(message: Any) -> None:
        data = codec.encode(message)
        decoded = codec.decode_body(data) if cls in messages.BODIES else codec.decode(data, (cls,))
        assert same(message, decoded)

    round_trip()


@pytest.mark.parametrize("cls", [cls for cls in ALL if any(
    isinstance(shape, schema.ColumnsOf) for _, shape in schema.record_fields(cls))], ids=schema.wire_name)
def test_every_column_starts_at_a_multiple_of_eight(cls: type) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    @given(instances_of(cls))
    def aligned(message: Any) -> None:
        data = codec.encode(message)
        base = address(data)
        read = views.unpack(memoryview(data))
        for name, shape in schema.record_fields(cls):
            if isinstance(shape, schema.ColumnsOf):
                for padding, column in read[name].values():
                    assert len(column) == 0 or (address(column) - base) % 8 == 0
                    assert len(padding) < 8

    aligned()


def test_a_decoded_body_looks_into_the_bytes_it_came_in() -> None:
    body = next(e for e in EXAMPLES if isinstance(e, messages.TileBody))
    data = bytearray(codec.encode(body))
    decoded = codec.decode_body(data)
    assert isinstance(decoded, messages.TileBody)
    before = decoded.spans["records"]["birth"][0]
    start = data.find(int(before).to_bytes(4, "little"))
    data[start] ^= 0xFF
    assert decoded.spans["records"]["birth"][0] == before ^ 0xFF


def test_columns_are_valid_plain_msgpack() -> None:
    patch = next(e for e in EXAMPLES if isinstance(e, messages.Patch))
    data = msgpack.unpackb(codec.encode(patch))
    assert next(iter(data)) == "type"
    assert data["spans"]["records"][1] == patch.spans["records"].tobytes()


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.recursive(st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | st.floats(allow_nan=False)
                    | st.text(max_size=300) | st.binary(max_size=300),
                    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=9), inner)))
def test_reading_views_agrees_with_msgpack(value: Any) -> None:
    def copied(read: Any) -> Any:
        if isinstance(read, memoryview):
            return bytes(read)
        if isinstance(read, list):
            return [copied(item) for item in read]
        return {k: copied(v) for k, v in read.items()} if isinstance(read, dict) else read

    assert copied(views.unpack(memoryview(msgpack.packb(value)))) == value


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(WireError):
        codec.decode(data, messages.FROM_VIEWER)
    with pytest.raises(WireError):
        codec.decode_body(data)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(EXAMPLES), st.integers(0, 2**32), st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_gives_a_valid_message(message: Any, position: int, byte: int) -> None:
    data = bytearray(codec.encode(message))
    data[position % len(data)] = byte
    try:
        if isinstance(message, messages.BODIES):
            codec.decode_body(data)
        else:
            decoded = codec.decode(bytes(data), (type(message),))
            assert codec.decode(codec.encode(decoded), (type(message),)) is not None
    except WireError:
        pass


HELLO = {"type": "hello", "tier": "desktop", "resume": "", "scene": "city"}
CLOCK = {"type": "clock", "rank": 1, "fraction": 0, "playing": True,
         "pose": {"position": [0, 0, 0], "orientation": [0, 0, 0, 1], "scale": 1}, "generation": "c"}


@pytest.mark.parametrize(("value", "sentence"), [
    ([], "A message must be a map whose first key is 'type'."),
    ({"tier": "desktop", "type": "hello"}, "A message must be a map whose first key is 'type'."),
    ({"type": "shutdown"}, "The message type 'shutdown' is not one of hello, want, drop, clock,"),
    ({"type": ["hello"]}, "The message type a list of 1 is not one of"),
    ({**HELLO, "tier": "toaster"}, "hello.tier is 'toaster', but must be one of quest2, quest3,"),
    ({**HELLO, "resume": 5}, "hello.resume is 5, but must be text of at most 256 characters."),
    ({**HELLO, "resume": "x" * 257}, "hello.resume is 'xxx"),
    ({**HELLO, "admin": True}, "hello has the unknown field 'admin'."),
    ({k: v for k, v in HELLO.items() if k != "tier"}, "hello has no field 'tier'."),
    ({"type": "want", "tiles": ["a" * 32, "short"]}, "want.tiles[1] is 'short', but must be text of 32"),
    ({"type": "want", "tiles": ["a" * 32] * 513}, "want.tiles is a list of 513, but must be a list of"),
    ({"type": "want", "tiles": {"0": "a" * 32}}, "want.tiles is a map of 1, but must be a list of"),
    ({**CLOCK, "rank": -1}, "clock.rank is -1, but must be a whole number from 0 to 2147483647."),
    ({**CLOCK, "rank": 1.0}, "clock.rank is 1.0, but must be a whole number from 0 to 2147483647."),
    ({**CLOCK, "rank": True}, "clock.rank is True, but must be a whole number"),
    ({**CLOCK, "playing": 1}, "clock.playing is 1, but must be true or false."),
    ({**CLOCK, "fraction": float("nan")}, "clock.fraction is nan, but must be a finite"),
    ({**CLOCK, "pose": {**CLOCK["pose"], "position": [0, float("inf"), 0]}}, "clock.pose.position[1] is inf"),
    ({**CLOCK, "pose": {**CLOCK["pose"], "position": [0, 0]}}, "clock.pose.position is a list of 2"),
    ({**CLOCK, "pose": None}, "clock.pose is None, but must be a map."),
])
def test_a_misfit_is_refused_with_a_sentence_that_names_the_field(value: Any, sentence: str) -> None:
    with pytest.raises(WireError) as refused:
        codec.decode(msgpack.packb(value), messages.FROM_VIEWER)
    assert str(refused.value).startswith(sentence) and str(refused.value).endswith(".")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("data", [
    pytest.param(b"", id="nothing"),
    pytest.param(b"\xc1", id="no type"),
    pytest.param(b"\x91" * 60_000, id="deep lists"),
    pytest.param(b"\x81\xa4type" * 5000, id="deep maps"),
    pytest.param(b"\xdf\xff\xff\xff\xff", id="vast map"),
    pytest.param(b"\xc6\xff\xff\xff\xff", id="vast bin"),
    pytest.param(b"\x82\xa4type\xa5hello\xa4type\xa5hello", id="a key twice"),
    pytest.param(b"\x81\x91\x01\x01", id="a list as key"),
    pytest.param(b"\x81\xa1\xff\x01", id="no utf-8"),
    pytest.param(msgpack.packb(HELLO) + b"\0", id="trailing"),
])
def test_malformed_msgpack_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        codec.decode(data, messages.FROM_VIEWER)
    with pytest.raises(WireError):
        codec.decode_body(data)


def test_a_header_nested_without_end_is_refused() -> None:
    scene = next(e for e in EXAMPLES if isinstance(e, messages.Scene))
    value = msgpack.unpackb(codec.encode(scene))
    for _ in range(200):
        value["root"] = {**value["root"], "children": [value["root"]]}
    with pytest.raises(WireError, match="deeper than"):
        codec.decode(msgpack.packb(value), messages.FROM_SERVER)


def test_the_vectors_for_typescript_are_current() -> None:
    for file, text in vectors().items():
        assert (VECTORS / file).read_text(encoding="utf-8") == text, "run python tests/stream_examples.py"
