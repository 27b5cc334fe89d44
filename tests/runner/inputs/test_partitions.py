"""partition_keys: which files go to one run(), what the script is told of them, and what survives a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bep.runner.errors import InputsInvalid
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Status
from bep.runner.inputs import partitions
from bep.runner.inputs.partitions import grouped
from bep.runner.jobs import sampling
from bep.runner.span import holes
from tests.runner.conftest import RUNNER, Jobs, output_of

TELL = """
    import os

    def run(mini_batch, mini_batch_context):
        keys = mini_batch_context.partition_key_value
        return [
            "%d %s %s" % (mini_batch_context.minibatch_index, " ".join(keys.values()), os.path.basename(path))
            for path in mini_batch
        ]
"""


def songs(root: Path, paths: str) -> tuple[str]:
    folder = root / "songs"
    for path in paths.split():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return (str(folder),)


BY_FOLDER = "user=a/year=1/1 user=a/year=1/2 user=a/year=2/3 user=b/year=1/4 user=b/year=3/5"


def test_files_of_the_same_keys_go_to_one_call_and_the_script_is_told_which(jobs: Jobs) -> None:
    record, said = jobs.score(
        TELL, inputs=songs(jobs.root, BY_FOLDER), partition_keys=("user", "year"), mini_batch_size=1
    )
    assert said.splitlines() == ["0 a 1 1", "0 a 1 2", "1 a 2 3", "2 b 1 4", "3 b 3 5"]
    assert (record.counts.items, record.counts.mini_batches) == (5, 4)


def test_some_of_the_keys_gather_files_of_several_folders(jobs: Jobs) -> None:
    _, said = jobs.score(TELL, inputs=songs(jobs.root, BY_FOLDER), partition_keys=("year",))
    assert said.splitlines() == ["0 1 1", "0 1 2", "0 1 4", "1 2 3", "2 3 5"]


def test_a_format_says_where_the_keys_stand(jobs: Jobs) -> None:
    inputs = songs(jobs.root, "ann/rock/x.mp3 ann/jazz/y.mp3 bob/rock/z.mp3")
    request = jobs.request(TELL, inputs=inputs, partition_keys=("genre",)).model_copy(
        update={"partition_format": "/{user}/{genre}/*.mp3"}
    )
    assert output_of(jobs.run(request)).splitlines() == ["0 jazz y.mp3", "1 rock x.mp3", "1 rock z.mp3"]


def test_files_without_the_keys_stop_the_job_before_it_begins_and_are_named(jobs: Jobs) -> None:
    inputs = songs(jobs.root, "user=a/1 2 year=2/3")
    request = jobs.request(TELL, inputs=inputs, partition_keys=("user",))
    with pytest.raises(InputsInvalid) as refused:
        jobs.run(request)
    assert "partition_keys user, and 2 of the input files lie in no folders named user=...:" in str(refused.value)
    assert f"{inputs[0]}/2\n" in str(refused.value)
    assert not request.output_folder.exists()
    assert not request.folder.exists()


@pytest.mark.parametrize(
    ("partition_format", "told"),
    [("{user}/*", "has no {genre}"), ("{genre}/{genre}/*", "a name twice"), ("{genre}/*.wav", "do not end as")],
)
def test_a_format_that_does_not_fit_is_refused(partition_format: str, told: str) -> None:
    with pytest.raises(InputsInvalid, match=told):
        grouped([b"/songs/ann/rock/x.mp3"], ["genre"], partition_format)


def test_names_that_are_no_text_and_characters_of_patterns_are_names(tmp_path: Path) -> None:
    names = [b"/in/k=\xff/a", b"/in/k=(/b", b"/in/k=\xff/c", b"/in/k=a=b/d"]
    found = grouped(names, ["k"], "")
    assert found.files == {("\udcff",): [names[0], names[2]], ("(",): [names[1]], ("a=b",): [names[3]]}
    assert grouped(names[1:2], ["v"], "k={v}/*").files == {("(",): [names[1]]}
    assert grouped([b"/a.b/x"], ["n"], "{n}.b/*").files == {("a",): [b"/a.b/x"]}
    written = partitions.write(tmp_path / "partitions", found)
    assert list(written.starts) == [0, 2, 3]
    assert partitions.read(tmp_path / "partitions") == written
    assert [written.number_of(item) for item in range(4)] == [0, 0, 1, 2]


def test_what_is_left_of_partitions_crosses_none_of_them() -> None:
    spans = holes([(1, 1), (4, 2)], 9, [0, 3, 4, 8])
    assert [(span.first, span.count, span.size) for span in spans] == [
        (0, 1, 1),
        (2, 1, 1),
        (3, 1, 1),
        (6, 2, 2),
        (8, 1, 1),
    ]


def test_a_partition_with_a_bad_file_fails_whole_for_none_is_scored_in_parts(jobs: Jobs) -> None:
    script = """
        import os

        def run(mini_batch, mini_batch_context):
            if any(path.endswith("2") for path in mini_batch):
                raise ValueError(f"{len(mini_batch)} of " + mini_batch_context.partition_key_value["user"])
            return [os.path.basename(path) for path in mini_batch]
    """
    record, said = jobs.score(script, inputs=songs(jobs.root, BY_FOLDER), partition_keys=("user",), max_retries=1)
    assert said.split() == ["4", "5"]
    assert record.counts.failed == 3
    failed = [json.loads(line) for line in JobFolder(record.folder).failed_items.read_text().splitlines()]
    assert [(one["message"], one["position"], one["attempts"]) for one in failed] == [
        ("3 of a", n, 2) for n in range(3)
    ]
    assert failed[1]["item"].endswith("user=a/year=1/2")
    report = (record.folder / "logs/sys/job_report/processed_mini-batches.csv").read_text()
    assert sorted({line.split(",")[0] for line in report.splitlines()[1:]}) == ["0", "1"]


def test_a_killed_job_goes_on_with_the_partitions_it_began_with(jobs: Jobs) -> None:
    slow = TELL.replace("keys =", "import time; time.sleep(0.02); keys =")
    paths = " ".join(f"user={number % 40}/f{number:03d}" for number in range(120))
    whole = jobs.run(jobs.request(slow, name="whole", inputs=songs(jobs.root, paths), partition_keys=("user",)))
    request = jobs.request(slow, inputs=songs(jobs.root, paths), partition_keys=("user",))
    asked = jobs.root / "request.json"
    asked.write_text(request.model_dump_json())
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(asked)], stdout=subprocess.PIPE)
    journals = request.folder / "parts"
    while not any(file.stat().st_size for file in journals.glob("*.journal")):
        time.sleep(0.005)
    os.kill(runner.pid, signal.SIGKILL)
    runner.communicate()
    (Path(request.inputs[0]) / "user=new").mkdir()
    (Path(request.inputs[0]) / "user=new" / "late").write_text("")
    ended = jobs.resume(request, accept=True)
    assert ended.status is Status.COMPLETED
    assert ended.runs == 2
    assert output_of(ended) == output_of(whole)
    assert len(output_of(ended).splitlines()) == 120


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        ("mini_batch, mini_batch_context", True),
        ("mini_batch, mini_batch_context=None", True),
        ("mini_batch, verbose=False", False),
        ("mini_batch, *more", False),
        ("mini_batch, *, verbose=False", False),
    ],
)
def test_who_asks_for_a_context_gets_it_without_partition_keys_too(jobs: Jobs, signature: str, told: bool) -> None:
    name = signature.split(", ")[1].split("=")[0].lstrip("*") or "verbose"
    script = f"""
        def run({signature}):
            index = getattr({name}, "minibatch_index", None)
            return [str((index, getattr({name}, "partition_key_value", None)))] * len(mini_batch)
    """
    _, said = jobs.score(script, items=3, mini_batch_size=2, workers=1)
    expected = ["(0, {})", "(0, {})", "(1, {})"] if told else ["(None, None)"] * 3
    assert said.splitlines() == expected


def test_decorated_and_bound_runs_are_seen_through(jobs: Jobs) -> None:
    script = """
        import functools

        def timed(function):
            @functools.wraps(function)
            def wrapper(*arguments, **keywords):
                return function(*arguments, **keywords)
            return wrapper

        class Model:
            @timed
            def score(self, mini_batch, mini_batch_context):
                return [str(mini_batch_context.minibatch_index) for _ in mini_batch]

        run = Model().score
    """
    _, said = jobs.score(script, items=4, mini_batch_size=2)
    assert said.split() == ["0", "0", "1", "1"]


def test_a_sample_takes_whole_partitions(jobs: Jobs, capfd: pytest.CaptureFixture[str]) -> None:
    request = jobs.request(TELL, inputs=songs(jobs.root, BY_FOLDER), partition_keys=("user",))
    done = sampling.sample(request, 1, debug=False)
    assert done.code == 0
    assert capfd.readouterr().out.splitlines() == ["0 a 1", "0 a 2", "0 a 3"]
