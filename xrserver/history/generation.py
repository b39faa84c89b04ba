"""The name of a generation: equal where every rank means the same, different elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from xrserver.history.index import HistoryIndex

_BYTES = 16


def generation(index: HistoryIndex, shallow: Iterable[bytes], *parts: str) -> str:
    """Return a hash, 32 hexadecimal digits, of all that a rank depends on.

    Parameters
    ----------
    shallow : iterable of bytes
        Object ids of the shallow boundary.
    parts : str
        What else makes a difference: layout version, scene name, filter.
    """
    digest = hashlib.blake2b(digest_size=_BYTES)
    # Lengths go in before contents, so that no two lists of parts look the same.
    texts = (text.encode() for text in (index.mainline_ref, *parts))
    for part in (index.oids.tobytes(), b"".join(sorted(shallow)), *texts):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
