"""Findings as lines of a terminal, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from xrserver import __version__
from xrserver.doctor.finding import Finding
from xrserver.terminal import Terminal

_SIGNS = {"good": "✓", "notice": "!", "missing": "✗"}
_ASCII = {"good": "+", "notice": "!", "missing": "x"}

Found = Mapping[str, Sequence[Finding]]


def missing(found: Found) -> list[str]:
    """Return the topics of what is missing without which nothing can be shown."""
    return [finding.topic for findings in found.values() for finding in findings
            if finding.state == "missing"]


def as_json(found: Found) -> dict[str, Any]:
    """Return what was found for programs."""
    return {"version": __version__, "missing": missing(found),
            "findings": [{"section": section, **asdict(finding)}
                         for section, findings in found.items() for finding in findings]}


def lines(found: Found, terminal: Terminal) -> Iterator[str]:
    """Yield the report's lines, wrapped to the terminal's width."""
    fancy = terminal.can("✓✗→")
    signs, arrow = (_SIGNS, "→") if fancy else (_ASCII, "->")
    indent = 5 + max(len(finding.topic) for findings in found.values() for finding in findings)
    columns = max(min(terminal.size[0], 110) - 1, indent + 20) if terminal.watched else 1000

    def wrapped(text: str, first: str, rest: str) -> list[str]:
        return textwrap.wrap(text, columns, initial_indent=first, subsequent_indent=rest,
                             break_long_words=False, break_on_hyphens=False)

    for section, findings in found.items():
        yield terminal.bold(section)
        for finding in findings:
            head = f"  {signs[finding.state]} {finding.topic}".ljust(indent)
            yield from wrapped(finding.what, head, " " * indent)
            if finding.remedy:
                yield from map(terminal.dim, wrapped(
                    f"{arrow} {finding.remedy}", " " * indent, " " * (indent + len(arrow) + 1)))
        yield ""
    lacking = missing(found)
    yield ("What is needed is here." if not lacking else
           f"Nothing can be shown until this is mended: {', '.join(lacking)}.")
