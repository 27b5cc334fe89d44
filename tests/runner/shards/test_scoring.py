"""A shard scored in this process: a store without folders, and a share that has no room for a while, or for good."""

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from errno import ENOSPC
from pathlib import Path

import pytest

from bep.runner.folder.folder import JobFolder
from bep.runner.request import JobRequest
from bep.runner.shards import scoring
from bep.runner.shards.prepared import DIGEST, SOURCES
from bep.runner.shards.scoring import How
from bep.runner.shards.session import Session, look
from bep.runner.shards.status import ShardStatus, State
from bep.runner.shards.taking import starts_of
from bep.runner.shards.telling import Teller, status_of
from tests.runner.conftest import Jobs
from tests.runner.shards.scored_shards import MOMENT, Scored, scored


@dataclass
class Sessions:
    """Sessions of a prepared job, of which the same was run here. `heard` gets each line that a session says."""

    job: Scored
    request: JobRequest
    place: Path
    heard: list[str] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        items = self.job.here.counts.items
        self.job.share.put(f"{self.job.record.name}/{SOURCES}", bytes(DIGEST * items))

    def score(self, shard: int, shards: int, patience: float = 600) -> ShardStatus:
        """One session, and what became of it."""
        self.number += 1
        share, prepared = self.job.share, self.job.shared.document()
        folder = JobFolder(self.place / f"session{self.number}")
        folder.make()
        session = Session(share, prepared, shard, shards, f"{self.number:08x}", starts_of(share, prepared, folder))
        found = look(session)
        teller = Teller(share, status_of(session, found, "here", os.getpid(), 2, MOMENT))
        if not found.missing:
            return teller.end(State.DONE)
        output = folder.path / "output"
        output.mkdir()
        request = self.request.model_copy(update={"folder": folder.path, "output_folder": output})
        how = How(lambda event: None, threading.Event(), patience, self.hear)
        state = scoring.score(session, found, request, folder, teller, how)
        return teller.end(state, teller.status.error)

    def hear(self, line: str) -> None:
        self.heard.append(line)

    @property
    def is_as_here(self) -> bool:
        """Whether what is merged has the bytes of the run."""
        merged = self.job.merge()
        assert merged.output_file is not None
        assert self.job.here.output_file is not None
        return merged.output_file.read_bytes() == self.job.here.output_file.read_bytes()


def sessions(jobs: Jobs, share: str) -> Sessions:
    request = jobs.request(mini_batch_size=3)
    return Sessions(scored(jobs, request, share), request, jobs.root)


def test_shards_in_a_store_without_folders(jobs: Jobs) -> None:
    farm = sessions(jobs, "memory://a-team/jobs")
    told = [farm.score(shard, 3) for shard in range(3)]
    assert [one.state for one in told] == [State.DONE] * 3
    assert sum(one.counts.scored for one in told) == 40
    assert farm.score(0, 1).before == 40
    assert farm.is_as_here


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here: mount refuses")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            if error.errno != ENOSPC:
                raise
    return filler


def test_a_share_that_gets_room_in_time_costs_nothing(jobs: Jobs, small: Path) -> None:
    farm = sessions(jobs, str(small))
    filler = fill(small)
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        filler.unlink(missing_ok=True)

    farm.hear = hear  # type: ignore[method-assign]
    told = farm.score(0, 1)
    assert (told.state, told.counts.scored, told.error) == (State.DONE, 40, None)
    assert any("room" in line for line in heard)
    assert farm.is_as_here


def test_a_share_that_stays_full_ends_a_session_in_words_and_keeps_what_it_has(jobs: Jobs, small: Path) -> None:
    farm = sessions(jobs, str(small))
    assert farm.score(0, 2).state is State.DONE
    before = sorted(farm.job.share.listed(farm.job.record.name + "/segments"))
    filler = fill(small)
    told = farm.score(0, 1, patience=0)
    assert told.state is State.FAILED
    assert told.error is not None
    assert told.error.code == "ShareRefused"
    assert "room" in told.error.fix
    assert sorted(farm.job.share.listed(farm.job.record.name + "/segments")) == before
    filler.unlink()
    again = farm.score(0, 1)
    assert (again.state, again.before + again.counts.scored) == (State.DONE, 40)
    assert farm.is_as_here
