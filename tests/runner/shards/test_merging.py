"""What shards have scored, merged: the bytes of a run here, whatever happened on the way; or the reason why not."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bep.runner.errors import JobBusy, ShareRefused
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Status, save
from bep.runner.shards import prepared
from bep.runner.shares.share import Share
from tests.runner.conftest import ECHO, Jobs
from tests.runner.shards.scored_shards import Scored, scored

SHAKY = """
    import os, pathlib
    def run(mini_batch):
        rows = []
        for path in mini_batch:
            number = int(pathlib.Path(path).stem)
            if number % 23 == 5:
                raise ValueError(f"item {number} is bad")
            seen = pathlib.Path(os.environ["SEEN"]) / str(number)
            if number % 17 == 3 and not seen.exists():
                seen.touch()
                raise OSError("once")
            if number % 29 != 11:
                rows.append(open(path).read())
        return rows
"""
TABLES = """
    import pathlib
    import pandas
    def run(mini_batch):
        number = int(pathlib.Path(mini_batch[0]).stem)
        names = ["a", "b"] if number % 3 else ["b", "a"]
        if number % 41 == 8:
            names = ["a", "c"]
        return pandas.DataFrame([[number, f"text {number}"] for path in mini_batch], columns=names)
"""


def same_as_here(found: Scored) -> None:
    """Merge it, and compare all that a run leaves."""
    record, here = found.merge(), found.here
    assert record.output_file is not None
    assert here.output_file is not None
    assert record.status is Status.COMPLETED, record.error
    assert record.output_file.read_bytes() == here.output_file.read_bytes()
    assert record.counts.model_copy(update={"workers_lost": here.counts.workers_lost}) == here.counts
    assert failed(record.folder) == failed(here.folder)
    assert {file.name for file in record.output_folder.iterdir()} == {record.output_file.name}
    assert not (record.folder / "merging").exists()


def failed(folder: object) -> list[tuple[object, ...]]:
    file = folder / "failed_items.jsonl"  # type: ignore[operator]
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else []
    return [(line["position"], line["item"], line["type"], line["attempts"]) for line in lines]


@pytest.mark.parametrize("form", ["azureml", "csv", "jsonl", "parquet"])
def test_failed_items_and_short_mini_batches_are_as_in_a_run_here(jobs: Jobs, form: str) -> None:
    (jobs.root / "seen").mkdir()
    request = jobs.request(SHAKY, items=197, mini_batch_size=5, max_retries=2, output_format=form,
                           variables={"SEEN": str(jobs.root / "seen")})  # fmt: skip
    found = scored(jobs, request)
    assert found.here.counts.failed > 8
    assert found.here.counts.retries
    found.cut(3, 4, 17, 39)
    same_as_here(found)


@pytest.mark.parametrize("form", ["azureml", "csv", "jsonl", "parquet"])
def test_tables_with_other_columns_are_as_in_a_run_here(jobs: Jobs, form: str) -> None:
    found = scored(jobs, jobs.request(TABLES, items=120, mini_batch_size=2, output_format=form))
    found.cut(1, 2, 21, 40)
    same_as_here(found)


def test_one_segment_is_enough(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=40))
    found.cut()
    same_as_here(found)


def test_sessions_that_cut_the_job_in_other_ways_overlap_without_harm(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=90, mini_batch_size=5))
    found.segment(0, 35, "aaaaaaaa")
    found.segment(20, 60, "bbbbbbbb")
    found.segment(50, 60, "cccccccc")
    found.segment(0, 5, "dddddddd")
    found.segment(55, 90, "dddddddd", 2)
    same_as_here(found)


def test_the_threshold_is_judged_over_all(jobs: Jobs) -> None:
    script = "def run(mini_batch):\n    return [path for path in mini_batch if not path.endswith('7.txt')]\n"
    found = scored(jobs, jobs.request(script, items=40, mini_batch_size=5))
    found.cut(2, 4, 6)  # one failed item in each
    save(found.record.model_copy(update={"settings": found.record.settings.model_copy(update={"error_threshold": 3})}))
    record = found.merge()
    assert record.error is not None
    assert (record.status, record.error.code, record.counts.failed) == (Status.FAILED, "ErrorThreshold", 4)
    assert record.output_file is not None
    assert not record.output_file.exists()


def test_keys_are_as_in_a_run_here(jobs: Jobs) -> None:
    for number in range(30):
        place = jobs.root / "inputs" / f"day={number % 4}" / f"{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(str(number))
    request = jobs.request(ECHO, inputs=(str(jobs.root / "inputs"),), partition_keys=["day"], output_format="csv")
    found = scored(jobs, request)
    found.cut(1, 3)
    same_as_here(found)


def test_a_second_merge_is_told_of_the_first(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=10))
    found.cut()
    with JobFolder(found.record.folder).held(), pytest.raises(JobBusy, match="is being run by process"):
        found.merge()
    same_as_here(found)
    before = found.now
    assert found.merge() == before


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "of no byte": lambda content: b"",
    "cut short": lambda content: content[:-1],
    "too long": lambda content: content + b"\0",
    "another row": lambda content: flipped(content, len(content) // 3),
    "another footer": lambda content: flipped(content, len(content) - 5),
    "another beginning": lambda content: flipped(content, 0),
    "another header": lambda content: flipped(content, 40),
    "of zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_segment_does_not_count_and_another_attempt_does(jobs: Jobs, damage: str) -> None:
    found = scored(jobs, jobs.request(ECHO, items=40, mini_batch_size=5))
    _, bad, _ = found.cut(2, 4)
    place = f"{found.record.name}/segments/{bad.text}"
    found.share.put(place, DAMAGES[damage](found.share.read(place)))
    refusal = str(found.refusal())
    assert "10 of 40 items are not scored" in refusal
    assert f"{bad.text} " in refusal
    is_torn = len(DAMAGES[damage](bytes(100))) != 100
    assert (
        bad.text in found.share.listed(f"{found.record.name}/segments")
    ) is is_torn  # who is to score it looks there
    assert found.now == found.record
    found.share.put(place, DAMAGES[damage](bytes(bad.size)))
    found.segment(bad.first, bad.end, bad.session, attempt=2)
    same_as_here(found)
    assert any(bad.text in warning for warning in found.now.warnings)


def test_a_segment_of_another_job_does_not_count_and_stays(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=40, mini_batch_size=5))
    found.cut(4)
    for name in found.share.listed("job/segments"):
        found.share.remove(f"job/segments/{name}")
    there = Scored(found.here.model_copy(update={"manifest_digest": "1" * 64}), found.record, found.share, found.root)
    names = [there.segment(0, 20).text, there.segment(20, 40).text]
    assert "it is of another job" in str(found.refusal())
    assert sorted(found.share.listed("job/segments")) == names


def test_another_prepared_job_of_that_name_is_refused(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=10))
    found.cut()
    document = found.shared.document().model_copy(update={"manifest_digest": "1" * 64})
    found.share.put("job/job.json", prepared.written(document))
    assert "is another one, of other inputs" in str(found.refusal())
    found.share.remove("job/job.json")
    assert "has no prepared job job" in str(found.refusal())
    assert found.now == found.record


@dataclass
class Failing:
    """A share that refuses after so many files."""

    share: Share
    left: int
    got: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.share.address

    def get(self, name: str, target: Path) -> None:
        if self.left <= 0:
            raise ShareRefused("the share is gone")
        self.left -= 1
        self.got.append(name)
        self.share.get(name, target)

    def __getattr__(self, name: str) -> object:
        return getattr(self.share, name)


def test_a_share_that_goes_away_halfway_is_gone_on_with(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=200, mini_batch_size=5))
    names = found.cut(*range(1, 40))
    real = found.share
    failing = Failing(real, 25)
    found.share = failing  # type: ignore[assignment]
    assert "the share is gone" in str(found.refusal())
    assert found.now == found.record
    again = Failing(real, 1000)
    found.share = again  # type: ignore[assignment]
    same_as_here(found)
    assert len(failing.got) == 25
    assert len(again.got) <= len(names) - 25 + 8  # those on their way when it went are fetched again


def test_the_scripts_own_files_and_its_logs_come_along(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=10))
    found.cut()
    found.share.put("job/output/a/one.bin", b"one")
    found.share.put("job/logs/node-1/error/process000.txt", b"it failed\n")
    assert found.record.output_file is not None
    (found.record.output_folder / "a").mkdir(parents=True)
    (found.record.output_folder / "a/one.bin").write_bytes(b"another")
    assert "a/one.bin exists already with other bytes" in str(found.refusal())
    assert not found.record.output_file.exists()
    (found.record.output_folder / "a/one.bin").write_bytes(b"one")
    assert found.merge().status is Status.COMPLETED
    assert (found.record.folder / "logs/user/error/node-1/process000.txt").read_text() == "it failed\n"
    assert sorted(file.name for file in found.record.output_folder.rglob("*")) == ["a", "one.bin", "predictions.csv"]


MERGER = """
import os, signal, sys
from pathlib import Path
from threading import Event
from bep.runner.shards.merging import Finishing, merge
from bep.runner.shards.seen import Shared
from bep.runner.shares.share import share_at
folder, share, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
count = 0
def seen(event, arguments):
    global count
    is_writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if is_writing or event in ("os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"):
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(seen)
merge(folder, Shared(share_at(share, folder), folder.name), Finishing(), report=lambda event: None, cancel=Event())
import resource
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def merged_apart(found: Scored, last: int = 0) -> tuple[int, int]:
    """Merge in a process of its own, killed before its `last` write: how many there were, and its peak memory in KB."""
    command = [sys.executable, "-c", MERGER, str(found.record.folder), found.record.share, str(last)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if last and done.returncode == -signal.SIGKILL:
        return 0, 0
    assert done.returncode == 0, done.stderr
    writes, peak = done.stdout.split()
    return int(writes), int(peak)


@pytest.mark.parametrize("share_of_the_way", range(4))
def test_a_merge_that_is_killed_at_any_write_is_merged_again(jobs: Jobs, share_of_the_way: int) -> None:
    found = scored(jobs, jobs.request(TABLES, items=60, mini_batch_size=2, output_format="csv"))
    found.cut(3, 11, 20)
    found.share.put("job/output/own.bin", b"own")
    found.share.put("job/logs/node-1/error/process000.txt", b"it failed\n")
    kept = jobs.root / "kept"
    shutil.copytree(found.record.folder, kept)
    writes, _ = merged_apart(found)
    assert found.here.output_file is not None
    whole = left_by(found)
    for last in range(1 + 6 * share_of_the_way, writes + 1, 24):
        for folder in (found.record.folder, found.record.output_folder):
            shutil.rmtree(folder)
        shutil.copytree(kept, found.record.folder)
        merged_apart(found, last)
        assert found.merge().status is Status.COMPLETED, last
        assert left_by(found) == whole, last
        assert found.record.output_file is not None
        assert found.record.output_file.read_bytes() == found.here.output_file.read_bytes(), last


def left_by(found: Scored) -> set[str]:
    """All files of the job and its output."""
    folders = (found.record.folder, found.record.output_folder)
    return {str(file) for folder in folders for file in folder.rglob("*") if file.is_file()}


def test_memory_does_not_grow_with_what_is_merged(jobs: Jobs) -> None:
    script = "def run(mini_batch):\n    return ['x' * 1_000_000 for _ in mini_batch]\n"
    peaks = []
    for items, root in ((4, "small"), (200, "large")):
        (jobs.root / root).mkdir()
        at = Jobs(jobs.root / root)
        found = scored(at, at.request(script, items=items, mini_batch_size=2))
        found.cut(*range(1, items // 2, 10))
        peaks.append(merged_apart(found)[1])
        shutil.rmtree(jobs.root / root)
    assert peaks[1] - peaks[0] < 48_000, peaks  # kilobytes; the output has 200 MB
