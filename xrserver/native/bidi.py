"""Which way letters run: the Unicode Bidirectional Algorithm (UAX #9) for one line, without explicit marks.

Marks that force a direction are for prose; in a path they deceive, and are shown as what is missing.
A slash keeps its sides apart, so that directories come one after the other from left to right.
"""

from __future__ import annotations

import unicodedata

#: What is seen the other way round where letters run to the left.
MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))
_STRONG = ("L", "R", "AL")
#: What takes the direction of its surroundings.
_NEUTRAL = ("B", "S", "WS", "ON")


def levels(text: str) -> list[int]:
    """Return the embedding level of every character: odd ones run from right to left."""
    kinds = ["S" if character == "/" else unicodedata.bidirectional(character) or "L" for character in text]
    given = list(kinds)
    if not any(kind in ("R", "AL", "AN") for kind in kinds):
        return [0] * len(text)
    start = 0
    for end in (*(i for i, kind in enumerate(given) if kind == "S"), len(kinds)):
        _weak(kinds, start, end)
        _brackets(text, kinds, start, end)
        _neutral(kinds, start, end)
        start = end + 1
    found = [{"R": 1, "AN": 2, "EN": 2}.get(kind, 0) for kind in kinds]
    # Separators, and spaces before them or at the end, are the line's own (L1).
    trailing = True
    for i in range(len(text) - 1, -1, -1):
        if given[i] in ("S", "B"):
            found[i], trailing = 0, True
        elif trailing and given[i] in ("WS", "BN"):
            found[i] = 0
        else:
            trailing = False
    return found


def _weak(kinds: list[str], start: int, end: int) -> None:
    """Resolve numbers and marks (W1 … W7)."""
    before = strong = "L"
    for i in range(start, end):
        kind = kinds[i]
        if kind in ("NSM", "BN"):  # marks belong to what they stand on
            kind = before
        if kind == "EN" and strong == "AL":
            kind = "AN"
        if kind in _STRONG:
            strong = kind
        kinds[i] = before = kind
    for i in range(start, end):
        if kinds[i] == "AL":
            kinds[i] = "R"
        between = start < i < end - 1 and kinds[i - 1] == kinds[i + 1]
        if between and ((kinds[i] == "ES" and kinds[i - 1] == "EN")
                        or (kinds[i] == "CS" and kinds[i - 1] in ("EN", "AN"))):
            kinds[i] = kinds[i - 1]
    i = start
    while i < end:
        if kinds[i] != "ET":
            i += 1
            continue
        last = i
        while last < end and kinds[last] == "ET":
            last += 1
        number = (i > start and kinds[i - 1] == "EN") or (last < end and kinds[last] == "EN")
        kinds[i:last] = ["EN" if number else "ON"] * (last - i)
        i = last
    strong = "L"
    for i in range(start, end):
        if kinds[i] in ("ES", "CS"):
            kinds[i] = "ON"
        elif kinds[i] in ("L", "R"):
            strong = kinds[i]
        elif kinds[i] == "EN" and strong == "L":
            kinds[i] = "L"


def _brackets(text: str, kinds: list[str], start: int, end: int) -> None:
    """Give both brackets of a pair one direction: the line's if that is within, else what is before (N0)."""
    open_at: list[int] = []
    pairs: list[tuple[int, int]] = []
    for i in range(start, end):
        if kinds[i] != "ON" or text[i] not in MIRRORED:
            continue
        if unicodedata.category(text[i]) == "Ps":
            open_at.append(i)
        elif any(text[j] == MIRRORED[text[i]] for j in open_at):
            while text[open_at[-1]] != MIRRORED[text[i]]:
                open_at.pop()
            pairs.append((open_at.pop(), i))
    for first, last in sorted(pairs):
        within = {_side(kinds[i]) for i in range(first + 1, last)} - {""}
        if not within:
            continue
        before = next((side for i in range(first - 1, start - 1, -1) if (side := _side(kinds[i]))), "L")
        kinds[first] = kinds[last] = "L" if "L" in within else before


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R" if kind in ("R", "EN", "AN") else ""


def _neutral(kinds: list[str], start: int, end: int) -> None:
    """Give what is neutral the direction of both its sides, or the line's (N1, N2)."""
    i = start
    while i < end:
        if kinds[i] not in _NEUTRAL:
            i += 1
            continue
        last = i
        while last < end and kinds[last] in _NEUTRAL:
            last += 1
        sides = {"L" if at < start or at >= end else _side(kinds[at]) for at in (i - 1, last)}
        kinds[i:last] = [sides.pop() if len(sides) == 1 else "L"] * (last - i)
        i = last


def visual(runs: list[int]) -> list[int]:
    """Return the order in which runs of these levels stand from left to right (L2)."""
    order = list(range(len(runs)))
    for level in range(max(runs, default=0), 0, -1):
        i = 0
        while i < len(order):
            if runs[order[i]] < level:
                i += 1
                continue
            last = i
            while last < len(order) and runs[order[last]] >= level:
                last += 1
            order[i:last] = reversed(order[i:last])
            i = last
    return order
