"""docs/scenes.md names every key of a scene file, with what fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xrserver.scene.schema import SCHEMAS, Choice, ListOf, Quantity

DOCS = Path(__file__).resolve().parents[1] / "docs" / "scenes.md"


def fits(schema: Any) -> str:
    """What fits a key, in words."""
    match schema:
        case Quantity(unit, low, high, whole):
            return f"{'whole number ' if whole else ''}{low:g} … {high:g} {unit}".strip()
        case Choice(words):
            return " · ".join(words)
        case ListOf(of, least, most):
            return f"{least if least == most else f'{least} to {most}'} × {fits(of)}"
        case _:
            return str(schema)


def rows() -> list[str]:
    """A line for each key there is, sections in the order of the schema."""
    lines: list[str] = []
    for kind, sections in SCHEMAS.items():
        for section, keys in sections.items():
            lines += [f"| {kind} | `{f'[{section}]' if section else 'top'}` | `{key}` | {fits(schema)} |"
                      for key, schema in keys.items()]
    return lines


@pytest.mark.skipif(not DOCS.is_file(), reason="there are no docs beside the tests")
def test_every_key_is_documented_with_what_fits() -> None:
    assert [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
            and not line.startswith(("| kind", "| -"))] == rows()
