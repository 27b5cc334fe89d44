"""Shards killed, frozen and starved at random moments; `python -m tests.faults shards` has the long version."""

from pathlib import Path

import pytest

from tests.faults.sharding import shards_at_random
from tests.runner.inputs.stores import needs_fsspec


def test_whatever_befalls_shards_their_output_is_that_of_one_machine(tmp_path: Path) -> None:
    needs_fsspec()
    pytest.importorskip("pyftpdlib", reason="the environment has no pyftpdlib")
    # with this seed, every sort of fault there is has its turn
    seen = shards_at_random(tmp_path / "world", rounds=3, seed=8812)
    assert seen.rounds == 3
    assert (seen.counts["rounds, folder"], seen.counts["rounds, ftp"]) == (2, 1)
    assert seen.counts["sessions"] > 3 * 8
