"""Bodies as they travel."""

import zlib

import numpy as np
import pytest
from stream_examples import EXAMPLES

from xrserver.errors import WireError
from xrserver.stream import codec, deflated, messages
from xrserver.stream.deflated import deflate, inflate

BODIES = [codec.encode(example) for example in EXAMPLES if isinstance(example, messages.BODIES)]


@pytest.mark.parametrize("body", [*BODIES, b"", np.random.default_rng(5).bytes(100_000)])
def test_what_travels_is_inflated_to_what_it_was(body: bytes) -> None:
    assert inflate(deflate(body)) == body == zlib.decompress(deflate(body))


@pytest.mark.parametrize("wrong", [b"", b"nothing of the kind", deflate(b"a body")[:-1],
                                   deflate(b"one") + b"!", deflate(b"one") + deflate(b"two")])
def test_what_is_no_body_or_not_all_of_one_is_refused(wrong: bytes) -> None:
    with pytest.raises(WireError, match="body"):
        inflate(wrong)


def test_a_body_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflated, "_LARGEST", 1 << 20)
    assert len(inflate(deflate(bytes(1 << 20)))) == 1 << 20
    with pytest.raises(WireError, match="larger"):
        inflate(deflate(bytes((1 << 20) + 1)))
