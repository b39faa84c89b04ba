"""Where every path stands: what the layout gave it, and the room that was found for those that came later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.history.index import PathTree
from xrserver.layout.city import CityLayout


@dataclass(slots=True)
class Placement:
    """Rectangles (centre x, centre z, width, depth) in metres, scene space, one row a path.

    Attributes
    ----------
    plot : (n_paths, 4) float64
        What a file may be built on; zero where none was given.
    ground : (n_paths,) float64, metres
        On what height a file or a district's plate stands.
    ever : (n_paths,) float64, bytes
        The size at which a file fills its plot; -1 where none was given.
    district : (n_paths, 4) float64
        A district's plate; zero where there is none.
    rise : (n_paths,) float64, metres
        Thickness of the plate.
    depth : (n_paths,) int32
        Districts around the path; the root's is 0.
    """

    plot: NDArray[np.float64]
    ground: NDArray[np.float64]
    ever: NDArray[np.float64]
    district: NDArray[np.float64]
    rise: NDArray[np.float64]
    depth: NDArray[np.int32]

    @staticmethod
    def of(layout: CityLayout, ever: NDArray[np.int64]) -> Placement:
        """Return the placement of a layout; `ever` is the largest size of each file, -1 where none stood."""
        district = np.zeros((len(layout.depth), 4))
        district[layout.district_path] = layout.district
        return Placement(layout.plot.copy(), layout.plate * layout.depth.astype(np.float64),
                         ever.astype(np.float64), district, np.full(len(layout.depth), layout.plate),
                         layout.depth.copy())

    def extend(self, paths: PathTree, plate: float) -> None:
        """Take up the paths that were added to a tree: without a place yet."""
        known, count = len(self.depth), len(paths.parent)
        if count == known:
            return
        more = count - known
        depth = np.concatenate([self.depth, np.zeros(more, np.int32)])
        for path in range(known, count):
            depth[path] = depth[paths.parent[path]] + 1
        self.depth = depth
        self.plot = np.concatenate([self.plot, np.zeros((more, 4))])
        self.district = np.concatenate([self.district, np.zeros((more, 4))])
        self.ever = np.concatenate([self.ever, np.full(more, -1.0)])
        self.ground = np.concatenate([self.ground, plate * depth[known:].astype(np.float64)])
        self.rise = np.concatenate([self.rise, np.full(more, plate)])
