"""Bodies as they travel over a network: a quarter of what they are, by zlib (RFC 1950).

Columns repeat themselves: where a network takes them to a headset, fewer bytes are there sooner, inflating
included. Within a machine they are not.
"""

from __future__ import annotations

import zlib

from xrserver.errors import WireError

#: The fastest: higher ones take three times as long for a tenth less.
_LEVEL = 1

#: Bytes of the largest body taken.
_LARGEST = 1 << 31


def deflate(body: bytes) -> bytes:
    """Return a body's zlib stream, which HTTP knows as the content coding ``deflate``."""
    return zlib.compress(body, _LEVEL)


def inflate(data: bytes | bytearray | memoryview) -> bytes:
    """Return the body in `data`.

    Raises
    ------
    WireError
        It is none, or not all of one, or too large.
    """
    inflating = zlib.decompressobj()
    try:
        body = inflating.decompress(data, _LARGEST)
    except zlib.error as error:
        raise WireError(f"A body cannot be inflated: {error}.") from None
    if inflating.unconsumed_tail:
        raise WireError(f"A body is larger than {_LARGEST} bytes.")
    if not inflating.eof or inflating.unused_data:
        raise WireError("A body ends too early, or too late.")
    return body
