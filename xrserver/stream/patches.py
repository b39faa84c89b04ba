"""A tile after a patch: spans closed, nodes, spans, strata and names appended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xrserver.errors import WireError
from xrserver.stream.messages import Columns, Patch, TileBody


def apply_patch(body: TileBody, patch: Patch) -> TileBody:
    """Return `body` as it stands after `patch`; `body` itself is not changed.

    Raises
    ------
    WireError
        The patch is of another tile, or closes a span that is not there.
    """
    if patch.tile != body.header.id:
        raise WireError(f"A patch of the tile {patch.tile} does not fit the tile {body.header.id}.")
    spans = np.concatenate((body.spans["records"], patch.spans["records"]))
    for closed in patch.closed:
        if len(closed) != 2 or not 0 <= closed[0] < len(body.spans["records"]):
            raise WireError(f"A patch closes {closed}, which names no span of its tile.")
        spans["death"][closed[0]] = closed[1]
    nodes = np.concatenate((body.nodes["records"], patch.nodes["records"]))
    strata = np.concatenate((body.strata["records"], patch.strata["records"]))
    header = replace(body.header, nodes=len(nodes), spans=len(spans), strata=len(strata))
    return TileBody(header, {"records": spans}, {"records": nodes}, {"records": strata},
                    _names(body.names, patch.names))


def _names(before: Columns, after: Columns) -> Columns:
    shifted = after["offsets"][1:] + np.uint32(len(before["bytes"]))
    return {"offsets": np.concatenate((before["offsets"], shifted)),
            "bytes": np.concatenate((before["bytes"], after["bytes"]))}
