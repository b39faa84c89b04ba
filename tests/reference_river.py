"""The river's chains and lanes, slowly and plainly: dicts, lists and what the words say."""

from __future__ import annotations


def chains(parents: list[list[int]], mainline: list[int]) -> tuple[list[int], dict[int, tuple[int, int]]]:
    """Return each commit's chain, and the ranks between which each chain needs a lane, neither included."""
    n = len(parents)
    chain = dict.fromkeys(mainline, 0)
    count = 1
    for tip in reversed(range(n)):
        at: int | None = tip
        if tip in chain:
            continue
        while at is not None and at not in chain:
            chain[at] = count
            at = parents[at][0] if parents[at] else None
        count += 1
    members: dict[int, list[int]] = {}
    for rank in range(n):
        members.setdefault(chain[rank], []).append(rank)
    spans: dict[int, tuple[int, int]] = {}
    for number, own in members.items():
        first, last = own[0], own[-1]
        start = parents[first][0] if parents[first] else first - 1
        end = last + 1
        for rank in range(n):
            for parent in parents[rank][1:]:
                later = [other for other in own if other > parent]
                if chain[parent] == number != chain[rank] and (not later or later[0] > rank):
                    end = max(end, rank)
        spans[number] = (start, end)
    if mainline:
        spans[0] = (-1, n)
    return [chain[rank] for rank in range(n)], spans


def lanes(spans: dict[int, tuple[int, int]]) -> dict[int, int]:
    """Return the smallest free lane of each chain, in the order in which they begin."""
    given: dict[int, int] = {0: 0}
    for number in sorted((k for k in spans if k), key=lambda k: (spans[k], k)):
        start, end = spans[number]
        taken = {given[other] for other in given
                 if other == 0 or (spans[other][0] < end and start < spans[other][1])}
        given[number] = next(lane for lane in range(len(spans) + 1) if lane not in taken)
    return given


def widest(spans: dict[int, tuple[int, int]], given: dict[int, int], n: int) -> list[int]:
    """Return the largest lane needed at each rank, both ends included."""
    return [max((given[k] for k, (start, end) in spans.items() if start <= rank <= end), default=0)
            for rank in range(n)]
