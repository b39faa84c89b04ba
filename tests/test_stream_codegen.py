"""The TypeScript half of the protocol is generated, and current."""

from __future__ import annotations

import re

import numpy as np

from xrserver.columns import COLUMN_SETS
from xrserver.stream import codegen, messages, schema


def test_the_generated_protocol_is_current() -> None:
    assert codegen.main(["--check"]) == 0


def test_every_message_is_in_the_generated_protocol_under_its_wire_name() -> None:
    text = codegen.generate()
    for cls in (*messages.FROM_SERVER, *messages.FROM_VIEWER, *messages.BODIES):
        assert f'interface {cls.__name__} {{\n  readonly type: "{cls.__name__.lower()}";' in text


def test_word_offsets_of_packed_records_are_numpys() -> None:
    text = codegen.generate()
    for columns, constant in ((s, c) for s in COLUMN_SETS for c in ("SPAN", "NODE", "STRATUM")
                              if s.packed and s.name.startswith(c.lower()[:4])):
        body = re.search(rf"export const {constant} = \{{(.*?)\n\}} as const", text, re.S)
        assert body is not None
        offsets = {name: int(word) for name, word in re.findall(r"^  (\w+): (\d+),", body.group(1), re.M)}
        for column in columns.columns:
            field = columns.empty(1)[column.name]
            start = field.__array_interface__["data"][0] - _base_address(field)
            assert offsets[column.name] * 4 == start
        assert offsets["bytes"] == columns.dtype.itemsize


def _base_address(field: np.ndarray) -> int:
    assert field.base is not None
    return field.base.__array_interface__["data"][0]


def test_what_a_viewer_sends_is_bounded_in_every_list_and_string() -> None:
    def check(shape: schema.Shape, where: str) -> None:
        match shape:
            case schema.RecordOf(cls):
                for name, inner in schema.record_fields(cls):
                    check(inner, f"{where}.{name}")
            case schema.ListOf(item, _, high):
                assert high <= 4096, where
                check(item, where)
            case schema.Text(_, high) | schema.Bytes(_, high):
                assert high <= 65536, where
            case schema.OptionalOf(item):
                check(item, where)
            case schema.ColumnsOf():
                raise AssertionError(f"{where}: viewers send no columns")
            case schema.Number(_, low, high):
                assert low > float("-inf") and high < float("inf"), where
            case schema.Bool():
                pass

    for cls in messages.FROM_VIEWER:
        for name, shape in schema.record_fields(cls):
            check(shape, f"{cls.__name__}.{name}")
