"""`bep run --prepare` as a user types it: what it says, what it uploads, and what may be done with such a job here."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bep import api
from bep.runner.shards import prepared
from bep.runner.shards.prepared import Prepared
from tests.bep.conftest import FILES, Workspace, until
from tests.runner.inputs.stores import PASSWORD, ftp_store

CANARY = "canary-of-a-variable-7f3a"


@pytest.fixture
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("share")


def _document(share: Path, name: str = "nightly") -> Prepared:
    return prepared.read((share / name / "job.json").read_bytes(), name, str(share))


def _prepare(ours: Workspace, share: Path, *more: str, expect: int = 0) -> "subprocess.CompletedProcess[str]":
    return ours.bep("run", "job.yml", "--prepare", "--share", str(share), "--name", "nightly", *more, expect=expect)


def test_it_says_what_went_and_what_to_do_next(applied: Workspace, share: Path) -> None:
    done = _prepare(applied, share)
    assert done.stdout == "nightly\n"
    said = [re.sub(r"[0-9.]+ kB", "N kB", line) for line in done.stderr.splitlines()[1:]]
    assert said == [
        f"job nightly: 5 files in 3 mini-batches, prepared in {share}",
        "  uploaded: model, code and 5 inputs; 7 files of N kB",
        "  score shard I of N, with I from 0 to N-1, on any machine that has bep: "
        f"bep run --shard I/N --share {share} --name nightly",
        f"  when all are scored: bep job merge nightly --share {share}",
    ]
    assert "every machine scores with the interpreter that its own bep runs with" in done.stderr
    (row,) = json.loads(applied.bep("job", "list", "-o", "json").stdout)
    assert (row["status"], row["counts"]["items"], row["counts"]["scored"]) == ("NotStarted", 5, 0)
    assert str(share) in applied.bep("job", "show", "nightly").stdout


def test_what_every_machine_sees_is_not_uploaded_and_the_values_say_so(applied: Workspace, share: Path) -> None:
    done = _prepare(applied, share, "--shared", "texts", "-o", "json")
    assert (
        f"  not uploaded: 5 inputs, which every machine sees below {share}, {applied.folder / 'texts'}" in done.stderr
    )
    told = json.loads(done.stdout)
    assert (told["name"], told["share"], told["uploads"]["in_place"], told["uploads"]["items"]) == (
        "nightly", str(share), 5, 0,
    )  # fmt: skip


def test_events_end_with_the_prepared_job(applied: Workspace, share: Path) -> None:
    events = [json.loads(line) for line in _prepare(applied, share, "--json").stdout.splitlines()]
    assert events[-1]["type"] == "job_prepared"
    assert (events[-1]["job"], events[-1]["record"]["status"]) == ("nightly", "NotStarted")


@pytest.mark.parametrize("command", ["resume", "retry", "cancel", "stream", "download"])
def test_nothing_of_it_runs_here(applied: Workspace, share: Path, command: str) -> None:
    _prepare(applied, share)
    refused = applied.bep("job", command, "nightly", expect=1).stderr
    assert f"nightly is prepared in {share} for other machines to score: nothing of it runs here" in refused
    assert "`bep job show nightly` says how far they are" in refused
    assert f"bep job merge nightly --share {share}" in refused


def test_it_is_removed_here_and_stays_in_the_share(applied: Workspace, share: Path) -> None:
    _prepare(applied, share)
    assert f"{share}/nightly stays" in applied.bep("job", "delete", "nightly", "--yes").stderr
    assert _document(share).name == "nightly"
    refused = _prepare(applied, share, expect=1).stderr
    assert "has a prepared job nightly already, which is not this workspace's" in refused


def test_the_same_goes_on_and_another_is_refused(applied: Workspace, share: Path) -> None:
    _prepare(applied, share)
    before = (share / "nightly/job.json").read_bytes()
    _prepare(applied, share)
    assert "settings differ" in _prepare(applied, share, "--mini-batch-size", "4", expect=1).stderr.replace(
        "overrides, ", ""
    )
    assert (share / "nightly/job.json").read_bytes() == before


def test_a_name_of_a_job_that_was_run_is_taken(applied: Workspace, share: Path) -> None:
    applied.bep("run", "job.yml", "--name", "nightly")
    assert "there is a job nightly already, which is Completed" in _prepare(applied, share, expect=1).stderr
    assert list(share.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--share", "x"], "give --prepare, too; or --shard I/N"),
        (["--shared", "x"], "give --prepare, too"),
        (["--prepare"], "say where with --share"),
        (["--prepare", "--share", "x", "--dry-run"], "--prepare runs nothing"),
        (["--prepare", "--share", "x", "--no-wait"], "--prepare runs nothing"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(applied: Workspace, flags: list[str], said: str) -> None:
    assert said in applied.bep("run", "job.yml", *flags, expect=1).stderr


def test_an_output_that_is_there_is_refused_now(applied: Workspace, share: Path) -> None:
    (applied.folder / "here").mkdir()
    (applied.folder / "here/predictions.csv").write_text("mine")
    refused = _prepare(applied, share, "--output-path", "here", expect=1)
    assert "never overwritten" in refused.stderr
    assert list(share.iterdir()) == []


def test_no_value_of_a_secret_variable_gets_there(make_workspace: object, share: Path, tmp_path: Path) -> None:
    variables = (
        "settings: {mini_batch_size: 2, environment_variables: {GREETING: hello, API_TOKEN: '${{ env.GIVEN }}'}}"
    )
    files: Mapping[str, str] = {
        **FILES,
        "specs.yml": FILES["specs.yml"].replace("settings: {mini_batch_size: 2}", variables),
    }
    ours: Workspace = make_workspace(files)  # type: ignore[operator]
    ours.bep("apply", "-y", GIVEN=CANARY)
    done = ours.bep(
        "run", "job.yml", "--prepare", "--share", str(share), "--name", "nightly", GIVEN=CANARY,
    )  # fmt: skip
    assert "not uploaded: the values of the secret variables API_TOKEN; each machine needs them" in done.stderr
    target = _document(share).target
    assert (target.variables, target.secret_variables) == ({"GREETING": "hello"}, ("API_TOKEN",))
    for file in (*share.rglob("*"), *(tmp_path / ".bep/jobs").rglob("*")):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file


def test_from_python_it_is_the_same_job(applied: Workspace, share: Path) -> None:
    ours = api.Workspace.open(applied.folder)
    job = ours.jobs.prepare("job.yml", share=share, name="nightly")
    assert (job.name, job.status, job.items) == ("nightly", "NotStarted", 5)
    assert _document(share).counts.items == 5


def test_an_environment_is_described_so_that_another_machine_can_build_it(make_workspace: object, share: Path) -> None:
    conda = f"conda_file: {{dependencies: [python={sys.version_info[0]}.{sys.version_info[1]}]}}"
    specs = FILES["specs.yml"].replace("image: python", conda)
    ours: Workspace = make_workspace({**FILES, "specs.yml": specs})  # type: ignore[operator]
    ours.bep("apply", "-y")
    done = _prepare(ours, share)
    assert "every machine scores with the interpreter" not in done.stderr
    environment = _document(share).target.environment
    assert environment.world == "local"
    assert environment.asks is not None
    assert environment.asks["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_a_store_is_a_share_and_its_login_gets_nowhere(
    applied: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with ftp_store(tmp_path_factory.mktemp("ftp") / "served") as server:
        arguments = ("run", "job.yml", "--prepare", "--share", f"{server.url}/shared", "--name", "nightly")
        done = applied.bep(*arguments)
        assert applied.bep(*arguments).stdout == "nightly\n"
        found = prepared.read((server.folder / "shared/nightly/job.json").read_bytes(), "nightly", "")
        assert (found.uploads.items, found.uploads.in_place) == (5, 0)
        said = [done.stdout, done.stderr, applied.bep("job", "show", "nightly", "-o", "json").stdout]
        kept = [file for folder in (applied.folder / ".bep", server.folder) for file in folder.rglob("*")]
        said += [file.read_bytes().decode(errors="replace") for file in kept if file.is_file()]
        assert not [text for text in said if PASSWORD in text]


def test_killed_it_is_shown_as_cut_short_and_the_same_goes_on(applied: Workspace, share: Path) -> None:
    for number in range(3000):
        (applied.folder / f"texts/{number:04}.txt").write_text(str(number))
    command = [sys.executable, "-m", "bep", "run", "job.yml", "--prepare", "--share", str(share), "--name", "nightly"]
    process = subprocess.Popen(command, cwd=applied.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: process.poll() is not None or list(share.rglob("content/*/*")) != [])
    process.kill()
    process.wait()
    if not (share / "nightly/job.json").exists():  # else it was faster than the kill
        refused = applied.bep("job", "resume", "nightly", expect=1).stderr
        assert f"nightly is not prepared in {share} yet" in refused
        assert f"bep run --prepare --share {share} --name nightly" in refused
    _prepare(applied, share)
    assert _document(share).counts.items == 3005
    assert json.loads(applied.bep("job", "show", "nightly", "-o", "json").stdout)["status"] == "NotStarted"
