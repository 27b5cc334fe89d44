"""Secrets that are written where everybody reads them: told, and from then on kept and shown nowhere."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, Workspace, write
from tests.fixtures.commit_2e74deb import lay_out

TAG, VARIABLE, CONN = "canary-tag-5", "canary-env-6", "canary-job-7"
LITERAL = (
    FILES["specs.yml"]
    .replace("auth_mode: aad_token", f"tags: {{api_token: {TAG}, team: words}}")
    .replace(
        "settings: {mini_batch_size: 2}",
        f"settings: {{mini_batch_size: 2, environment_variables: {{API_TOKEN: {VARIABLE}, PLAIN: shown}}}}",
    )
)
SCRIPT = "import os\ndef run(mini_batch): return [os.environ['API_TOKEN'][::-1] for _ in mini_batch]\n"


@pytest.fixture
def literal(tmp_path: Path) -> Workspace:
    write(tmp_path, {**FILES, "specs.yml": LITERAL, "code/score.py": SCRIPT})
    return Workspace(tmp_path)


def holding(folder: Path, text: str) -> list[str]:
    return sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and text.encode() in file.read_bytes()
    )


def test_a_literal_under_a_secrets_name_is_told_and_kept_and_shown_nowhere(literal: Workspace) -> None:
    found = literal.bep("validate").stdout
    assert found.count("looks like a secret that is written in the spec") == 2
    assert "Write ${{ env.NAME }}" in found
    said = [found]
    write(literal.folder, {"job.yml": FILES["job.yml"] + f"environment_variables: {{MY_PASSWORD: {CONN}}}\n"})
    for arguments in (
        ["plan"], ["plan", "--json"], ["plan", "--markdown"], ["plan", "-o", "plan.json"], ["apply", "plan.json"],
        ["show", "endpoint/letters"], ["show", "blue", "-o", "json"], ["state", "show", "blue"], ["show", "plan.json"],
        ["run", "job.yml", "--name", "first"], ["job", "show", "first"], ["graph"], ["state", "pull"], ["plan"],
    ):  # fmt: skip
        done = literal.bep(*arguments)
        said.append(done.stdout + done.stderr)
    assert any("looks like a secret that is written in the job file" in text for text in said)
    for canary in (TAG, VARIABLE, CONN):
        assert not [text for text in said if canary in text]
        assert holding(literal.folder, canary) == ["job.yml" if canary == CONN else "specs.yml"]
    assert said[-1].startswith("Nothing to do.") or "Nothing to do." in said[-1]
    rows = literal.folder / ".bep/cloud/datastores/workspaceblobstore/azureml/first/score/predictions.csv"
    assert rows.read_text().split() == [VARIABLE[::-1]] * 5
    literal.edit("specs.yml", f"API_TOKEN: {VARIABLE}", f"API_TOKEN: {VARIABLE}-rotated")
    assert "API_TOKEN  (sensitive) -> (sensitive)" in " ".join(literal.bep("plan").stdout.split("    "))


SHAPES = {
    "an account key": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=canary7canary7==",
    "a user and a password": "https://canary:canary7@host/x",
    "a signature": "https://host/x?sv=1&sig=canary7canary7",
    "a private key": "-----BEGIN PRIVATE KEY-----canary7",
    "an access token": "ghp_canary7canary7canary7canary7canary77",
    "a storage account key": "canary7canary7" + "A" * 72 + "==",
}


@pytest.mark.parametrize("what", SHAPES)
def test_what_is_certainly_a_secret_is_refused_wherever_it_stands(literal: Workspace, what: str) -> None:
    value = json.dumps(SHAPES[what])
    write(literal.folder, {"specs.yml": LITERAL.replace("PLAIN: shown", f"PLAIN: {value}")})
    for command in (["validate"], ["plan"], ["apply", "-y"], ["plan", "--json"]):
        done = literal.bep(*command, expect=3)
        assert what in done.stdout + done.stderr
        assert "canary7" not in done.stdout + done.stderr
    write(literal.folder, {"specs.yml": FILES["specs.yml"] + f"description: {value}\n"})
    refused = literal.bep("validate", expect=3).stdout
    assert f"description has {what}" in refused
    assert "canary7" not in refused


def test_what_is_said_to_be_none_is_kept_and_shown(literal: Workspace) -> None:
    excused = "x-bep: {not_secret: [environment_variables.API_TOKEN]}\n"
    write(literal.folder, {"specs.yml": LITERAL.replace(f"api_token: {TAG}, ", "") + excused})
    assert "secret" not in literal.bep("validate").stdout
    assert VARIABLE in literal.bep("plan").stdout


@pytest.mark.parametrize(
    "written",
    [
        "KEY: country", "TOKENIZER: bert-base", "TOKEN_LIMIT: '4096'", "EOS_TOKEN: </s>", "SECRET_NAME: mine",
        "PASSWORD: <your-password>", "API_KEY: ''", "API_KEY: XXXXXXXX", "PASSWORD: $(cat file)",
        "HOST: 'https://host:8080/a@b'", "DIGEST: 'sha256:0123456789abcdef0123456789abcdef'", "MAIL: 'a@b.org'",
    ],
)  # fmt: skip
def test_what_only_looks_a_little_like_one_is_none(literal: Workspace, written: str) -> None:
    specs = LITERAL.replace(f"api_token: {TAG}, ", "").replace(f"API_TOKEN: {VARIABLE}", written)
    write(literal.folder, {"specs.yml": specs})
    assert "secret" not in literal.bep("validate").stdout


def test_a_credential_in_a_conda_file_is_refused_at_its_line(literal: Workspace) -> None:
    conda = "dependencies:\n- pip:\n  - --extra-index-url https://canary:canary7@host/simple\n  - idna\n"
    specs = FILES["specs.yml"].replace("image: python}", "conda_file: conda.yml}")
    write(literal.folder, {"specs.yml": specs, "conda.yml": conda})
    refused = literal.bep("validate", expect=3).stdout
    assert "conda.yml:3:5: error: environment/plain/1" in refused
    assert "a user and a password in an address" in refused
    assert "canary7" not in refused


def test_what_was_kept_in_clear_is_sealed_by_the_next_write(tmp_path: Path) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    state = kept.folder / ".bep/state.json"
    assert "in-clear-in-2e74deb" in state.read_text()
    assert "api_token looks like a secret" in kept.bep("plan", "--detailed-exitcode").stdout
    kept.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    kept.bep("apply", "-y")
    assert "in-clear-in-2e74deb" not in state.read_text()
    kept.bep("plan", "--detailed-exitcode")
    for name in ("catalog.sqlite", "catalog.sqlite.format-1"):
        with sqlite3.connect(kept.folder / ".bep/cloud" / name) as catalog:
            assert catalog.execute("SELECT count(*) FROM objects").fetchone() == (10,)


def still_clear(folder: Path) -> list[str]:
    """The files that hold what commit 2e74deb kept in clear."""
    return holding(folder, "in-clear-in-2e74deb")


def test_what_was_kept_in_clear_is_shown_nowhere_after_it_left_the_specs(tmp_path: Path) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    kept.edit("specs.yml", ", api_token: in-clear-in-2e74deb", "")
    (kept.folder / "plan.json").unlink()
    for arguments in (
        ["plan"], ["plan", "--json"], ["plan", "--markdown"], ["show"], ["show", "endpoint/letters", "-o", "json"],
        ["state", "show", "endpoint/letters"], ["state", "pull"], ["apply", "-y"], ["plan", "--detailed-exitcode"],
    ):  # fmt: skip
        done = kept.bep(*arguments)
        assert "in-clear-in-2e74deb" not in done.stdout + done.stderr
    assert still_clear(kept.folder) == []


def test_an_earlier_plan_is_shown_without_what_it_has_in_clear(tmp_path: Path) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    plan = ".bep/state.json.plan"
    assert "in-clear-in-2e74deb" in (kept.folder / plan).read_text()
    for arguments in (["show", plan], ["show", plan, "-o", "json"], ["show", plan, "--markdown"]):
        done = kept.bep(*arguments)
        assert "in-clear-in-2e74deb" not in done.stdout + done.stderr
        assert "endpoint/letters" in done.stdout
        assert f"delete it: rm {plan}" in done.stderr


def test_an_apply_without_changes_seals_what_was_kept_in_clear(tmp_path: Path) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    (kept.folder / "plan.json").unlink()
    assert "kept secrets of endpoint/letters in clear" in kept.bep("plan").stdout
    kept.bep("apply", "-y")
    assert still_clear(kept.folder) == ["specs.yml"]
    assert "in clear" not in kept.bep("plan", "--detailed-exitcode").stdout


def test_a_variable_that_was_sealed_and_is_said_to_be_none_reaches_a_job(literal: Workspace) -> None:
    literal.bep("apply", "-y")
    with (literal.folder / "specs.yml").open("a") as specs:
        specs.write("x-bep: {not_secret: [environment_variables.API_TOKEN]}\n")
    assert "Plan: 1 to adopt." in literal.bep("plan").stdout
    literal.bep("run", "job.yml", "--name", "first")
    rows = literal.folder / ".bep/cloud/datastores/workspaceblobstore/azureml/first/score/predictions.csv"
    assert rows.read_text().split() == [VARIABLE[::-1]] * 5


def test_what_is_said_to_be_none_stays_so_when_its_spec_is_gone(literal: Workspace) -> None:
    excused = "x-bep: {not_secret: [environment_variables.API_TOKEN]}\n"
    write(literal.folder, {"specs.yml": LITERAL + excused})
    literal.bep("apply", "-y")
    write(literal.folder, {"specs.yml": FILES["specs.yml"].split("name: blue")[0].rstrip("-\n") + "\n"})
    assert VARIABLE in literal.bep("show", "blue", "-o", "json").stdout


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("bep.yml", "variables: {api_token: {default: canary-8}}\n"),
        ("bep.yml", "variables: {place: {default: 'https://me:canary-8@host/x'}}\n"),
        ("job.yml", "tags: {api_token: canary-8}\n"),
        ("job.yml", "description: 'AccountKey=canary-8canary-8=='\n"),
    ],
)
def test_a_literal_in_a_document_that_is_no_resource_is_told_without_it(
    applied: Workspace, place: str, text: str
) -> None:
    write(applied.folder, {place: FILES[place] + text})
    done = applied.bep(*(["validate"] if place == "bep.yml" else ["run", place]), expect=None)
    told = done.stdout + done.stderr
    assert "looks like a secret" in told or (done.returncode == 3 and " has a" in told)
    assert "canary-8" not in done.stdout + done.stderr
    assert holding(applied.folder, "canary-8") == [place]
