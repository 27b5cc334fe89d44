"""`bep run --shard` as it is typed, where there is no workspace: the bytes that all shards come to, whatever befalls
their processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, Workspace, surroundings, until, write
from tests.runner.conftest import processes_with
from tests.runner.inputs.stores import ftp_store

SLOW = """\
import os, time
def init(): pass
def run(mini_batch):
    time.sleep(0.2)
    return [os.path.basename(path) for path in mini_batch]
"""


@dataclass
class Farm:
    """A workspace that prepares, a share, and a machine that has bep and nothing else."""

    workspace: Workspace
    share: str
    machine: Workspace
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def prepare(self, *options: str) -> None:
        self.workspace.bep("apply", "-y")
        self.workspace.bep("run", "job.yml", "--prepare", "--share", self.share, "--name", "night", *options)

    def local(self) -> bytes:
        """The bytes of a run on the preparing machine."""
        self.workspace.bep("run", "job.yml", "--name", "here", "--output-path", "here")
        return (self.workspace.folder / "here/predictions.csv").read_bytes()

    def merged(self) -> bytes:
        said = self.workspace.bep("job", "merge", "night", "--share", self.share, "-o", "json").stdout
        return Path(json.loads(said)["outputs"]["score"]["file"]).read_bytes()

    def shard(self, which: str, *more: str, expect: int | None = 0, **env: str) -> "subprocess.CompletedProcess[str]":
        return self.machine.bep("run", "--shard", which, "--share", self.share, *more, expect=expect, **env)

    def start(self, which: str, *more: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "bep", "run", "--shard", which, "--share", self.share, *more]
        environment = {**surroundings(), **self.machine.given}
        process = subprocess.Popen(
            command, cwd=self.machine.folder, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.started.append(process)
        return process

    @property
    def segments(self) -> list[str]:
        return sorted(path.name for path in Path(self.share, "night/segments").glob("*.segment"))

    def statuses(self) -> list[dict[str, object]]:
        return [json.loads(path.read_bytes()) for path in sorted(Path(self.share, "night/shards").glob("*.json"))]

    @property
    def scratch(self) -> list[Path]:
        return [path for path in (self.machine.folder / "cache").glob("bep/shards/*/*") if path.is_dir()]


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    write(tmp_path / "ws", FILES)
    for name in ("machine", "share"):
        (tmp_path / name).mkdir()
    machine = Workspace(tmp_path / "machine", {"XDG_CACHE_HOME": str(tmp_path / "machine/cache")})
    made = Farm(Workspace(tmp_path / "ws"), str(tmp_path / "share"), machine)
    yield made
    for process in made.started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def texts(farm: Farm, count: int) -> None:
    write(farm.workspace.folder, {f"texts/{number:03d}.txt": "abc" * number for number in range(count)})


def slowly(farm: Farm) -> None:
    write(farm.workspace.folder, {"code/score.py": SLOW})
    texts(farm, 40)
    farm.prepare()


def test_all_shards_together_are_the_run_of_one_machine(farm: Farm) -> None:
    odd = [b"new\nline", b"\xff\xfe", "\u00e4 \u2028b".encode(), b"two  spaces", b"-dash", b"a,b\"c'd"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(farm.workspace.folder) + b"/texts/" + name)).write_text("abc")
    farm.prepare()
    for shard in range(8):  # of six mini-batches: two are empty
        done = farm.shard("auto/8", JOB_COMPLETION_INDEX=str(shard))
        assert done.stdout == ""
        assert f"shard {shard}/8" in done.stderr
    assert sum("has no items" in farm.shard(f"{shard}/8").stderr for shard in range(8)) == 2
    assert {status["state"] for status in farm.statuses()} == {"done"}
    assert farm.merged() == farm.local()
    assert farm.scratch == []
    assert [path.name for path in farm.machine.folder.iterdir()] == ["cache"]


def test_what_is_scored_is_said_as_a_value_and_as_events(farm: Farm) -> None:
    farm.prepare()
    told = json.loads(farm.shard("1/2", "night", "-o", "json").stdout)
    assert (told["shard"], told["state"], told["counts"]["scored"], told["before"]) == ("1/2", "done", 3, 0)
    assert farm.shard("1/2", "--name", "night", "--query", "before", "-o", "tsv").stdout == "3\n"
    events = [json.loads(line) for line in farm.shard("0/2", "--json").stdout.splitlines()]
    assert events[-1]["type"] == "shard_finished"
    assert {event["job"] for event in events} == {"night"}
    assert events[-1]["session"]["counts"]["scored"] == 2


def test_killed_twice_at_once_and_cut_otherwise_every_row_is_there_once(farm: Farm) -> None:
    slowly(farm)
    killed, other = farm.start("0/2"), farm.start("0/2")
    until(lambda: len(farm.segments) > 3)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert other.wait() == 0
    assert len(farm.scratch) == 1
    for shard in range(3):
        farm.shard(f"{shard}/3", "--workers", "2")
    assert farm.scratch == []
    assert farm.merged() == farm.local()
    assert [number for number in processes_with(str(farm.machine.folder)) if number != os.getpid()] == []


def test_sigterm_publishes_what_is_settled_and_the_next_goes_on_there(farm: Farm) -> None:
    slowly(farm)
    shard = farm.start("0/1")
    until(lambda: len(farm.segments) > 1)
    shard.terminate()
    assert shard.wait() == 130
    (status,) = farm.statuses()
    assert status["state"] == "cancelled"
    counts = status["counts"]
    assert isinstance(counts, dict)
    assert 0 < counts["scored"] < 45
    told = json.loads(farm.shard("0/1", "-o", "json").stdout)
    assert (told["before"], told["counts"]["items"]) == (counts["scored"], 45 - counts["scored"])
    assert farm.merged() == farm.local()


def test_of_a_grant_that_does_not_end_what_is_done_is_scored_once(farm: Farm) -> None:
    """The last call of a grant hangs when the session is to stop: the others of that grant are in the share then."""
    calls, hangs = farm.machine.folder.parent / "calls", farm.machine.folder.parent / "hangs"
    calls.mkdir()
    hangs.touch()
    script = (
        "import os, time, uuid\ndef init(): pass\ndef run(batch):\n"
        "    name = os.path.basename(batch[0])\n"
        f"    open(os.path.join({str(calls)!r}, name + '.' + uuid.uuid4().hex), 'w').close()\n"
        f"    while name == '030.txt' and os.path.exists({str(hangs)!r}):\n"
        "        time.sleep(0.05)\n"
        "    time.sleep(0.02)  # what took longer than some milliseconds is written before the next call\n"
        "    return [os.path.basename(path) for path in batch]\n"
    )
    write(farm.workspace.folder, {"code/score.py": script})
    texts(farm, 40)
    farm.prepare()
    shard = farm.start("0/1", "--workers", "1")
    until(lambda: any(path.name.startswith("030.txt") for path in calls.iterdir()))
    shard.terminate()
    assert shard.wait() == 130
    (status,) = farm.statuses()
    done = [path.name.partition(".txt")[0] for path in calls.iterdir() if not path.name.startswith("030.txt")]
    counts = status["counts"]
    assert isinstance(counts, dict)
    assert counts["scored"] == 2 * len(done) == 30
    hangs.unlink()
    farm.shard("0/1")
    for first in range(0, 40, 2):
        assert len(list(calls.glob(f"{first:03d}.txt.*"))) == (2 if first == 30 else 1)
    assert farm.merged() == farm.local()


def test_a_script_is_told_of_as_many_nodes_as_a_run_of_the_whole_job(farm: Farm) -> None:
    script = "import os\ndef init(): pass\ndef run(batch): return [os.environ['AZUREML_NODE_COUNT']] * len(batch)\n"
    write(farm.workspace.folder, {"code/score.py": script})
    farm.prepare()
    for shard in range(3):
        farm.shard(f"{shard}/3")
    assert farm.merged() == farm.local() == b"2\n" * 5


def test_a_session_that_was_frozen_does_no_harm_when_it_goes_on(farm: Farm) -> None:
    slowly(farm)
    frozen = farm.start("0/1")
    until(lambda: len(farm.segments) > 1)
    os.killpg(frozen.pid, signal.SIGSTOP)
    farm.shard("0/1", "--workers", "4")
    os.killpg(frozen.pid, signal.SIGCONT)
    assert frozen.wait() == 0
    assert farm.merged() == farm.local()


def test_secret_variables_come_from_each_machine_and_reach_nothing_that_is_shared(farm: Farm) -> None:
    canary, second = "canary-of-a-secret-4711", "other-canary-0815"
    script = "import os\ndef init(): print(os.environ['API_TOKEN'])\ndef run(batch): return ['row'] * len(batch)\n"
    write(farm.workspace.folder, {"code/score.py": script})
    variables = "environment_variables: {API_TOKEN: '${{ env.A }}', DB_PASSWORD: '${{ env.B }}'}"
    settings = "settings: {mini_batch_size: 2}"
    farm.workspace.edit("specs.yml", settings, f"{settings}\n{variables}")
    ours = Workspace(farm.workspace.folder, {"A": canary, "B": second})
    farm.workspace = ours
    farm.prepare()
    said = farm.shard("0/1", expect=3).stderr
    assert "API_TOKEN" in said
    assert "DB_PASSWORD" in said
    done = farm.shard("0/1", "--env", f"DB_PASSWORD={second}", API_TOKEN=canary)
    (log,) = [file.read_text() for file in Path(farm.share).rglob("process000.stdout.txt")]
    assert log.strip()
    for file in Path(farm.share).rglob("*"):
        if file.is_file():
            assert canary.encode() not in file.read_bytes()
            assert second.encode() not in file.read_bytes()
    assert canary not in done.stderr
    assert farm.merged() == farm.local()


def test_too_many_failed_items_of_the_range_end_a_shard_again_and_again(farm: Farm) -> None:
    script = "def init(): pass\ndef run(batch):\n    raise ValueError('bad')\n"
    write(farm.workspace.folder, {"code/score.py": script})
    farm.workspace.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, error_threshold: 1}")
    farm.prepare()
    for _ in range(2):
        assert "error threshold 1" in farm.shard("0/1", expect=1).stderr
    assert {status["state"] for status in farm.statuses()} == {"failed"}


def test_a_range_with_too_many_failed_items_is_no_success_when_nothing_of_it_is_left(farm: Farm) -> None:
    script = "def init(): pass\ndef run(batch):\n    raise ValueError('bad')\n"
    write(farm.workspace.folder, {"code/score.py": script})
    farm.workspace.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 5, error_threshold: 1}")
    farm.prepare()
    for _ in range(2):
        assert "error threshold 1" in farm.shard("0/1", expect=1).stderr
    assert not [status for status in farm.statuses() if status["state"] != "failed"]


def test_files_of_the_script_go_where_all_see_them_and_are_refused_on_a_store(farm: Farm, tmp_path: Path) -> None:
    script = (
        "import os\ndef init(): pass\ndef run(batch):\n"
        "    for path in batch:\n"
        "        open(os.path.join(os.environ['AZUREML_BI_OUTPUT_PATH'], os.path.basename(path)), 'w').close()\n"
        "    return batch\n"
    )
    write(farm.workspace.folder, {"code/score.py": script})
    farm.prepare()
    farm.shard("0/1")
    assert len(list(Path(farm.share, "night/output").iterdir())) == 5
    with ftp_store(tmp_path / "ftp") as store:
        farm.share = store.url
        farm.workspace.bep("job", "delete", "night", "--yes")
        farm.prepare()
        said = farm.shard("0/1", expect=1).stderr
        assert "AZUREML_BI_OUTPUT_PATH, which is a folder of this machine alone" in said
        assert "canary" not in said


def test_a_store_that_goes_away_and_comes_back_costs_nothing(farm: Farm, tmp_path: Path) -> None:
    with ftp_store(tmp_path / "ftp") as store:
        farm.share = store.url
        slowly(farm)
        shard = farm.start("0/2", "--workers", "2")
        there = tmp_path / "ftp/night/segments"
        until(lambda: there.is_dir() and len(list(there.iterdir())) > 1)
        store.stop()
        assert shard.stderr is not None
        until_said(shard.stderr, "cannot be")
        store.start()
        said = shard.stderr.read()
        assert shard.wait() == 0, said
        farm.shard("1/2", "--workers", "4")
        assert farm.merged() == farm.local()


def until_said(stream: Iterator[str], words: str) -> None:
    assert any(words in line for line in stream)


def test_files_of_a_key_stay_together_and_know_their_number(farm: Farm) -> None:
    script = (
        "def init(): pass\ndef run(batch, mini_batch_context):\n"
        "    told = mini_batch_context\n"
        "    return [f'{told.minibatch_index} {told.partition_key_value[\"day\"]} {len(batch)}'] * len(batch)\n"
    )
    write(farm.workspace.folder, {"code/score.py": script})
    for day, count in enumerate([3, 1, 4, 1, 5]):
        write(farm.workspace.folder, {f"texts/day={day}/{number}.txt": "a" for number in range(count)})
    for name in "abcde":
        (farm.workspace.folder / f"texts/{name}.txt").unlink()
    farm.workspace.edit("specs.yml", "settings: {mini_batch_size: 2}", "partition_keys: [day]")
    farm.prepare()
    for shard in range(3):
        farm.shard(f"{shard}/3")
    assert farm.merged() == farm.local()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--shard", "8/8", "--share", "."), "the shards of 8 are 0 to 7"),
        (("--shard", "auto/8", "--share", "."), "JOB_COMPLETION_INDEX"),
        (("--shard", "0/8"), "--share WHERE"),
        (("--shard", "0/8", "--share", "."), "bep run job.yml --prepare --share"),
        (("--shard", "0/8", "--share", ".", "--dry-run"), "heeds no --dry-run"),
        (("--shard", "0/8", "--share", ".", "--prepare"), "heeds no --prepare"),
        (("--shard", "0/8", "--share", ".", "-m", "3", "--set", "a=b"), "heeds no --mini-batch-size and --set"),
        (("--shard", "0/8", "--share", ".", "--name", "day"), "has no prepared job day"),
        (("--shard", "0/8", "--share", "nowhere"), "there is no such folder"),
        (("--workers", "3"), "--shard I/N"),
        (("--shard", "0/8", "--share", ".", "--env", "A"), "NAME=VALUE"),
        (("--shard", "0/8", "--share", ".", "--workers", "0"), "1 to"),
    ],
)
def test_what_cannot_be_is_said_in_words(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    said = Workspace(tmp_path, {"XDG_CACHE_HOME": str(tmp_path / "cache")}).bep("run", *arguments, expect=1).stderr
    assert words in " ".join(said.split())
    assert not list(tmp_path.glob("cache/bep/shards/*/*"))


def test_of_several_prepared_jobs_one_has_to_be_named(farm: Farm) -> None:
    farm.prepare()
    farm.workspace.bep("run", "job.yml", "--prepare", "--share", farm.share, "--name", "day")
    said = farm.shard("0/1", expect=1).stderr
    assert "day" in said
    assert "night" in said
    farm.shard("0/1", "--name", "day")
