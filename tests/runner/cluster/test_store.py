"""Jobs whose share is a store: a client, a driver and real agents that see no folder together, and a real server.

That agents are placed by Ray is tried in `tests.cluster.test_ray_jobs`; here they are processes of this machine.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.runner.cluster import starting, ways_in
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord, Status
from bep.runner.request import JobRequest, RayCluster
from tests.runner.conftest import Jobs, output_of
from tests.runner.inputs.stores import PASSWORD, FtpStore, ftp_store, needs_fsspec

ROOT = Path(__file__).parents[3]
SCRIPT = """
    import os
    from pathlib import Path
    def run(mini_batch):
        found = [Path(path).read_text() for path in mini_batch]
        if "7" in found:
            raise ValueError("this one is bad")
        return [f"{os.path.basename(path)} {text}" for path, text in zip(mini_batch, found)]
"""


@pytest.fixture
def ftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FtpStore]:
    """A store whose login stands where the store's own client looks for it, and in no address."""
    login = {"username": "me", "password": PASSWORD}
    monkeypatch.setenv("FSSPEC_FTP", json.dumps(login))
    monkeypatch.setitem(needs_fsspec().config.conf, "ftp", login)
    with ftp_store(tmp_path / "served") as server:
        yield server


@pytest.fixture
def request_of(jobs: Jobs, ftp: FtpStore, monkeypatch: pytest.MonkeyPatch) -> JobRequest:
    """A job of 40 inputs that only this machine sees, for two nodes."""
    monkeypatch.setattr(ways_in, "has_ray", lambda: True)
    monkeypatch.setattr(starting, "MODULE", "tests.cluster.driver_here")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cluster = RayCluster(address="auto", share=f"ftp://127.0.0.1:{ftp.port}/shared")
    request = jobs.request(SCRIPT, name="there", items=40, mini_batch_size=2, instance_count=2)
    return request.model_copy(update={"engine": "ray", "cluster": cluster})


def same(there: JobRecord, here: JobRecord) -> None:
    assert (there.status, there.error) == (Status.COMPLETED, None)
    assert output_of(there) == output_of(here)
    assert (there.counts.scored, there.counts.failed) == (here.counts.scored, here.counts.failed) == (39, 1)
    failed = [JobFolder(one.folder).failed_items.read_text() for one in (there, here)]
    assert [json.loads(text)["position"] for text in failed] == [7, 7]


def test_a_job_has_the_bytes_of_one_scored_here(jobs: Jobs, ftp: FtpStore, request_of: JobRequest) -> None:
    here = jobs.run(jobs.request(SCRIPT, name="here", items=40, mini_batch_size=2))
    same(jobs.run(request_of), here)
    in_store = {path.name for path in (ftp.folder / "shared/there").iterdir()}
    assert {"orders", "segments", "commits", "content", "driving"} <= in_store
    assert not any(PASSWORD.encode() in path.read_bytes() for path in ftp.folder.rglob("*") if path.is_file())
