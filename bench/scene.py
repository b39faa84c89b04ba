"""Laying out a city and a river, and building their spans."""

from __future__ import annotations

import argparse

import numpy as np

from bench.cities import paths_and_sizes
from bench.graphs import busy_graph
from bench.measure import Figure, seconds


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Time the treemap of 100 000 files, and the whole scene of the real repository."""
    from xrserver.history.index import HistoryIndex
    from xrserver.history.log import read_index
    from xrserver.history.repository import Repository
    from xrserver.history.versions import file_versions
    from xrserver.layout.city import CityParameters, lay_out_city
    from xrserver.layout.river import RiverParameters, lay_out_river
    from xrserver.scene.build import build_scene
    from xrserver.scene.definition import load_scene

    paths, sizes = paths_and_sizes(100_000)

    def river(graph: HistoryIndex) -> None:
        layout = lay_out_river(graph, RiverParameters())
        layout.ribbons(np.arange(len(graph.parents)))

    def city() -> None:
        lay_out_city(paths, sizes, CityParameters())

    city()
    layout = [1e3 * seconds(city) for _ in range(4 * arguments.runs)]

    rivers: list[Figure] = []
    for commits in (1_000, 10_000, 100_000, 1_000_000):
        graph = busy_graph(commits)
        river(graph)
        taken = [seconds(lambda graph=graph: river(graph)) for _ in range(arguments.runs)]
        rivers.append(Figure(f"river of {commits} commits: chains, lanes, course and ribbons", "s", taken,
                             "≤ 1.5 s after warm-up" if commits == 1_000_000 else ""))

    with Repository.open(arguments.repo) as repository:
        index = read_index(repository)
    definition = load_scene("city")
    versions = file_versions(index)
    built = build_scene(index, versions, definition, "bench")
    spans = len(built.columns.spans)
    strata = [1e3 * seconds(lambda: file_versions(index)) for _ in range(arguments.runs)]
    scene = [1e3 * seconds(lambda: build_scene(index, versions, definition, "bench"))
             for _ in range(arguments.runs)]
    return [
        *rivers,
        Figure("layout of 100 000 files", "ms", layout, "≤ 30 ms after warm-up"),
        Figure(f"versions and strata of {len(index.oids)} commits", "ms", strata),
        Figure(f"scene of {spans} spans", "ms", scene),
    ]
