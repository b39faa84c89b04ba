"""What was said of a generation since it was built: what a viewer that comes later has to hear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Published:
    """The frames that bring a generation from how it was built to how it is.

    Attributes
    ----------
    table : str
        Id of the generation's table.
    patches : dict of str to list of bytes
        Of each tile, in order.
    commits : bytes
        The one that brings the table up to date; empty where nothing came.
    head_rank : int
        The newest rank that viewers know; -1 for that of the generation.
    """

    table: str
    patches: dict[str, list[bytes]] = field(default_factory=dict)
    commits: bytes = b""
    head_rank: int = -1

    def after(self, body: str) -> Sequence[bytes]:
        """Return the frames that follow a tile, or the table."""
        if body == self.table:
            return (self.commits,) if self.commits else ()
        return self.patches.get(body, ())
