"""Inputs and outputs elsewhere, through the real command: what is said, what is kept, what is not."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, surroundings
from tests.forking import commands
from tests.forking.commands import Started
from tests.runner.inputs.servers import Server, served
from tests.runner.inputs.stores import PASSWORD, FtpStore, ftp_store

CANARY = "canary-of-the-signature"


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as state:
        yield state


@pytest.fixture
def ftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpStore]:
    with ftp_store(tmp_path_factory.mktemp("ftp") / "served") as store:
        yield store


def job(workspace: Workspace, path: str, more: str = "") -> None:
    text = f"kind: job\nendpoint: letters\ninputs:\n  texts: {{path: {json.dumps(path)}}}\n{more}"
    (workspace.folder / "job.yml").write_text(text)


def started(workspace: Workspace, *arguments: str) -> Started:
    return commands.started(arguments, workspace.folder, surroundings())


def test_secrets_of_addresses_are_kept_and_shown_nowhere(applied: Workspace, server: Server, ftp: FtpStore) -> None:
    url = server.put("/a.txt", b"aaa", etag='"1"')
    job(
        applied,
        f"{url}?sv=2024&sig={CANARY}",
        f"outputs: {{score: {{path: {json.dumps(ftp.url + '/out')}}}}}\n",
    )
    said = []
    for arguments, code in (
        (("run", "job.yml", "--dry-run"), 0),
        (("run", "job.yml", "--dry-run", "--json"), 0),
        (("run", "job.yml", "--sample", "1"), 0),
        (("run", "job.yml", "--name", "one", "--json"), 0),
        (("run", "job.yml", "--name", "two"), 1),
        (("run", "job.yml", "--name", "three", "--input", f"{url}x?sig={CANARY}", "--output-path", "o"), 1),
        (("run", "job.yml", "--set", "nonsense=1"), 3),
        (("job", "show", "one", "-o", "json"), 0),
        (("job", "show", "one"), 0),
        (("job", "download", "one", "--path", "here", "--all"), 0),
    ):
        done = applied.bep(*arguments, expect=code)
        said.append(done.stdout + done.stderr)
    assert (ftp.folder / "out/predictions.csv").read_text() == "a.txt 3\n"
    assert (applied.folder / "here/predictions.csv").read_text() == "a.txt 3\n"
    assert f"ftp://***@127.0.0.1:{ftp.port}/out/predictions.csv exists already" in said[4]
    assert "/a.txtx?***: cannot be fetched: the server answers 404" in said[5]
    files = [path for path in applied.folder.rglob("*") if path.is_file() and path.name != "job.yml"]
    for canary in (CANARY, PASSWORD):
        assert not [text for text in said if canary in text]
        assert not [path for path in files if canary in str(path) or canary.encode() in path.read_bytes()]


def test_an_interrupt_while_inputs_come_ends_it_at_once_and_resume_goes_on(applied: Workspace, server: Server) -> None:
    url = server.put("/a.txt", b"aaa" * 1000, etag='"1"', gate=threading.Event())
    job(applied, url)
    with started(applied, "run", "job.yml", "--name", "mine") as process:
        assert server.waiting.wait(60)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "job mine Canceled: 0 scored" in out
    assert list((applied.folder / ".bep/cache").rglob("*.part")) == []
    server.put("/a.txt", b"aaa", etag='"2"')
    assert "Completed: 1 scored" in applied.bep("job", "resume", "mine").stdout


def test_a_job_that_was_killed_before_its_inputs_came_needs_a_secret_again(applied: Workspace, server: Server) -> None:
    url = server.put("/a.txt", b"aaa" * 1000, etag='"1"', gate=threading.Event())
    job(applied, f"{url}?sig={CANARY}")
    with started(applied, "run", "job.yml", "--name", "mine") as process:
        assert server.waiting.wait(60)
        process.kill()
        process.communicate(timeout=60)
    server.put("/a.txt", b"aaa", etag='"1"')
    told = applied.bep("job", "resume", "mine", expect=1)
    assert f"{url}?***: the job's record keeps no secret of an address" in told.stdout + told.stderr
    assert "run the job anew; nothing was scored" in told.stdout + told.stderr
    assert "Completed: 1 scored" in applied.bep("run", "job.yml", "--name", "again").stdout


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_every_input_that_is_not_there_is_told_at_its_place(applied: Workspace, dry: tuple[str, ...]) -> None:
    (applied.folder / "job.yml").write_text(
        "kind: job\nendpoint: letters\ninputs:\n  texts:\n    path:\n      - texts/a.txt\n      - nowhere/x.csv\n"
        f"      - azureml:mnist:1\n      - azureml://datastores/mime/paths/x\n      - https://h/x?sig={CANARY}\n"
    )
    told = applied.bep("run", "job.yml", *dry, expect=3).stderr
    assert "job.yml:7:9: error: job: input nowhere/x.csv: there is no " in told
    assert "job.yml:8:9: error: job: input azureml:mnist:1: there is no data asset data/mnist/1" in told
    assert "job.yml:9:9: error: job: input azureml://datastores/mime/paths/x: there is no datastore mime" in told
    assert CANARY not in told
    assert not (applied.folder / ".bep/jobs").exists()


def test_a_workspace_may_have_brackets_in_its_name(applied: Workspace) -> None:
    odd = applied.folder.parent / (applied.folder.name + " [v1]")
    Path(applied.folder).rename(odd)
    done = Workspace(odd).bep("run", "-e", "letters", "-i", "texts/[ab].txt")
    assert "Completed: 2 scored" in done.stdout


def test_a_datastore_of_fsspec_is_read_and_written(applied: Workspace, ftp: FtpStore) -> None:
    for name in ("in/a.txt", "in/deep/b.txt"):
        (ftp.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (ftp.folder / name).write_text("ab")
    specs = applied.folder / "specs.yml"
    kept = f"---\nkind: datastore\nname: far\ntype: fsspec\nurl: ftp://127.0.0.1:{ftp.port}\n"
    specs.write_text(specs.read_text() + kept)

    def bep(*arguments: str, expect: int = 0) -> "subprocess.CompletedProcess[str]":
        return applied.bep(*arguments, expect=expect, FSSPEC_FTP_USERNAME="me", FSSPEC_FTP_PASSWORD=PASSWORD)

    applied.bep("apply", "-y")
    where = ("-i", "azureml://datastores/far/paths/in", "--output-path", "azureml://datastores/far/paths/out")
    bep("run", "-e", "letters", *where, "--name", "one")
    assert (ftp.folder / "out/predictions.csv").read_text() == "a.txt 2\nb.txt 2\n"
    refused = bep("run", "-e", "letters", *where, "--name", "two", expect=1)
    assert "out/predictions.csv exists already and is never overwritten" in refused.stdout + refused.stderr
    shown = json.loads(applied.bep("job", "show", "one", "-o", "json").stdout)
    assert shown["outputs"]["score"]["file"] == f"ftp://127.0.0.1:{ftp.port}/out/predictions.csv"


def test_a_secret_in_an_address_that_would_be_kept_is_refused(applied: Workspace) -> None:
    specs = applied.folder / "specs.yml"
    specs.write_text(
        specs.read_text()
        + f"---\nkind: datastore\nname: far\ntype: fsspec\nurl: ftp://me:{CANARY}@host/x\n"
        + f"---\nkind: data\nname: d\nversion: 1\npath: https://host/x?sv=1&sig={CANARY}\n"
    )
    told = applied.bep("validate", expect=3)
    assert (told.stdout + told.stderr).count("has a password or a signature in it") == 2
    assert CANARY not in told.stdout + told.stderr


def test_a_table_is_refused_at_its_place(applied: Workspace) -> None:
    (applied.folder / "job.yml").write_text("endpoint: letters\ninputs: {t: {type: mltable, path: texts}}\n")
    assert "job.yml:2:20: error: job: a batch endpoint scores files" in applied.bep("run", "job.yml", expect=3).stderr
