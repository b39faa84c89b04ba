"""Both languages move, play and point alike: what TypeScript is held to is what Python does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from xrserver.input import codegen as bindings_codegen

sys.path.insert(0, str(Path(__file__).parent))
from vectors import make


def close(a: object, b: object) -> bool:
    """Equal within 1e-9 relative (transcendental functions differ in their last bit between machines)."""
    if isinstance(a, float | int) and isinstance(b, float | int) and not isinstance(a, bool):
        return a == pytest.approx(b, rel=1e-9, abs=1e-9)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    return a == b


@pytest.mark.parametrize("path, text", [pytest.param(*file, id=file[0].name) for file in make.files()])
def test_the_vectors_for_typescript_are_current(path: Path, text: str) -> None:
    assert close(json.loads(path.read_text(encoding="utf-8")), json.loads(text)), (
        f"{path.name} is not what Python does: python -m tests.vectors.make"
    )


def test_no_vectors_are_left_over() -> None:
    made = {path for path, _ in make.files()}
    here = {p for room in ("clock", "navigation", "words") for p in (make.HERE / room).glob("*.json")}
    assert here == made


def test_the_bindings_of_the_page_are_current() -> None:
    assert bindings_codegen.TARGET.read_text(encoding="utf-8") == bindings_codegen.generate()
