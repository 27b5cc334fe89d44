"""Digests with sizes, held in little room, are those of a dictionary."""

import tracemalloc
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.runner.shards.digests import Digests

# few bytes of few kinds: digests that stand in one bucket, and that are found across the border of two entries
ALIKE = st.builds(
    lambda tail: b"\0\0" + tail, st.binary(min_size=30, max_size=30).map(lambda b: bytes(x & 1 for x in b))
)
STEPS = st.lists(st.tuples(ALIKE, st.integers(0, 3), st.booleans()), max_size=30)


@given(STEPS)
def test_it_is_as_a_dictionary(steps: list[tuple[bytes, int, bool]]) -> None:
    here, model, marked = Digests(), dict[bytes, int](), set[bytes]()
    for digest, size, marks in steps:
        assert here.size(digest) == model.get(digest)
        here.add(digest, size)
        model[digest] = size
        if marks:
            assert here.mark(digest) == (digest not in marked)
            marked.add(digest)
        assert {one: here.size(one) for one in model} == model


def test_one_that_is_not_known_is_not_marked() -> None:
    with pytest.raises(KeyError):
        Digests().mark(sha256(b"").digest())


def test_a_digest_takes_less_than_64_bytes() -> None:
    """Of many: what the buckets themselves take is no part of it."""
    here, number = Digests(), 200_000
    tracemalloc.start()
    for one in range(number):
        here.add(sha256(one.to_bytes(4, "little")).digest(), one)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 64 * number
    assert all(here.size(sha256(one.to_bytes(4, "little")).digest()) == one for one in range(0, number, 97))
