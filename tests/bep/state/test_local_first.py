"""Another world than that of bep.yml: the specs of a service, planned, applied and scored on this machine."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bep import api
from bep.cli import run
from bep.providers.state.stores import PLACES
from bep.providers.worlds import WORLDS
from tests.bep.conftest import FILES, Workspace, write

AZURE = "provider: {azure: {subscription_id: s, resource_group: g, workspace_name: www}}\n"
BLOB = "state: {azure_blob: {account_url: https://account.blob.core.windows.net, container: states, blob: s.json}}\n"
BEP_YML = f"workspace: letters\n{AZURE}specs: [specs.yml]\n"
IMPORTS = "imports: [endpoint/letters]\n"

Bep = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of Azure with its state in a blob; who opens either fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("this was not to be opened")

    monkeypatch.setitem(WORLDS, "azure", refuse)
    monkeypatch.setitem(PLACES, "azure_blob", refuse)
    monkeypatch.chdir(tmp_path)
    for name in ("BEP_PROVIDER", "BEP_STAGE"):
        monkeypatch.setenv(name, "")
    write(tmp_path, {**FILES, "bep.yml": BEP_YML + BLOB + IMPORTS})
    return tmp_path


@pytest.fixture
def bep(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bep:
    """The command line in that folder: exit code, stdout, stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        with monkeypatch.context() as one:
            one.setenv("BEP_PROVIDER", os.environ["BEP_PROVIDER"])
            code = run(list(words))
        return code, *capsys.readouterr()

    return call


def test_a_whole_life_on_this_machine_opens_neither_the_service_nor_its_state(folder: Path, bep: Bep) -> None:
    def local(*words: str) -> str:
        code, out, said = bep(*words, "--provider", "local")
        assert code == 0, f"{words}: {code}\n{out}\n{said}"
        return out + said

    local("validate")
    assert "`bep --provider local apply plan.json` does exactly this" in local("plan", "-o", "plan.json")
    assert json.loads(local("job", "list", "-o", "json")) == []
    assert "No job has run here yet: bep --provider local run job.yml" in local("job", "list")
    local("apply", "plan.json")
    assert local("plan").startswith("Nothing to do.")
    assert "deployment/letters/blue" in local("state", "list")
    assert "in step" in local("show")
    assert "scoring_script: score.py" in local("show", "deployment/letters/blue")
    local("run", "job.yml", "--name", "first")
    assert json.loads(local("job", "show", "first", "-o", "json"))["status"] == "Completed"
    assert "provider local" in local("doctor")
    for words in (["job", "list"], ["env", "list"], ["output"], ["graph"], ["gc", "-y"], ["state", "pull"]):
        local(*words)
    (folder / "specs.yml").write_text(FILES["specs.yml"].replace("mini_batch_size: 2", "mini_batch_size: 3"))
    local("apply", "-y")
    local("rollback", "-y")
    local("destroy", "-y")
    assert sorted(one.name for one in (folder / ".bep").iterdir()) == [".gitignore", "local"]
    assert set(json.loads((folder / ".bep/local/state.json").read_text())["entries"]) == set()


def test_a_kept_plan_is_for_its_world_alone(folder: Path, bep: Bep, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bep("plan", "--provider", "local", "-o", "here.json")[0] == 0
    code, _, said = bep("apply", "here.json")
    assert code == 4
    assert "here.json: it was made for the provider local, and this is azure" in said
    assert "bep --provider local apply here.json" in said
    monkeypatch.setitem(WORLDS, "azure", WORLDS["local"])
    (folder / "bep.yml").write_text(BEP_YML)
    assert bep("plan", "-o", "there.json")[0] == 0
    code, _, said = bep("apply", "there.json", "--provider=local")
    assert code == 4
    assert "there.json: it was made for the provider azure, and this is local" in said
    assert "bep --provider azure apply there.json" in said


@pytest.mark.parametrize(
    "words",
    [("--provider", "local", "plan", "--json"), ("plan", "--provider=local", "--json"), ("plan", "--json")],
)
def test_the_option_stands_anywhere_and_a_variable_does_the_same(
    bep: Bep, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEP_PROVIDER", "azure" if "--provider" in " ".join(words) else "local")
    code, out, _ = bep(*words)
    found = json.loads(out)
    assert (code, found["provider"], found["in_other_world"]) == (0, "local", True)


def test_a_stage_has_a_local_world_of_its_own(folder: Path, bep: Bep) -> None:
    (folder / "bep.yml").write_text(BEP_YML + "stages: {test: {}, production: {}}\n")
    assert bep("apply", "-y", "--stage", "test", "--provider", "local")[0] == 0
    assert (folder / ".bep/stages/test/local/state.json").exists()
    assert not (folder / ".bep/local").exists()
    code, out, _ = bep("plan", "--json", "--provider", "local", "--stage", "production")
    assert (code, json.loads(out)["unchanged"]) == (0, 0)


def test_what_bep_yml_says_of_a_provider_holds_where_a_stage_names_another(folder: Path, bep: Bep) -> None:
    own = "workspace: letters\nspecs: [specs.yml]\nprovider: {local: {share: link, path: cloud}}\n"
    (folder / "bep.yml").write_text(f"{own}stages:\n  production:\n    {AZURE}")
    assert bep("run", "job.yml", "--local", "--stage", "production")[0] == 0
    assert sorted(one.name for one in (folder / ".bep/stages/production/local").iterdir() if one.is_dir()) == [
        "cloud",
        "jobs",
        "queue",
        "state.json.applied",
        "state.json.backups",
    ]
    assert (folder / ".bep/stages/production/local/told-of-links").exists()
    assert not (folder / "cloud").exists()


def test_the_world_that_bep_yml_names_is_no_other(workspace: Workspace) -> None:
    workspace.bep("apply", "-y", "--provider", "local")
    assert "compute/cpu-cluster" in workspace.entries()
    assert not (workspace.folder / ".bep/local").exists()
    said = workspace.bep("run", "job.yml", "--local").stderr
    assert "the provider of this workspace is local: nothing is applied before the job" in said


@pytest.mark.parametrize(
    ("bep_yml", "choice", "message"),
    [
        (BEP_YML, "locl", "the provider 'locl' was chosen, and there is none of that name; there are: local, azure"),
        (
            "workspace: w\nspecs: []\n",
            "azure",
            "the provider 'azure' was chosen, and bep.yml does not say its subscription_id, resource_group,"
            " workspace_name",
        ),
        (
            BEP_YML + "state: {file: ./.bep/local/state.json}\n",
            "local",
            "bep.yml keeps the state of 'azure' at .bep/local/state.json, where that of 'local' would be",
        ),
    ],
)
def test_what_cannot_be_chosen_is_a_finding_and_no_state_is_looked_at(
    folder: Path, bep: Bep, bep_yml: str, choice: str, message: str
) -> None:
    (folder / "bep.yml").write_text(bep_yml)
    for words in (["plan"], ["state", "list"], ["job", "list"]):
        code, _, said = bep(*words, "--provider", choice)
        assert code == 3
        assert message in said
    assert not (folder / ".bep").exists()


def test_a_state_that_is_nowhere_else_is_not_moved(bep: Bep) -> None:
    code, _, said = bep("state", "migrate", "--provider", "local")
    assert code == 1
    assert "the state of local is kept in" in said


def test_a_job_with_local_applies_the_specs_here_first_and_says_so(folder: Path, bep: Bep) -> None:
    code, _, said = bep("run", "job.yml", "--local", "--dry-run")
    assert code == 5
    assert "6 changes in the local world below .bep/local would be made first, and are not" in said
    assert not (folder / ".bep").exists()
    code, _, said = bep("run", "job.yml", "--local", "--output-path", "scored", "--name", "one")
    assert code == 0
    assert "6 changes made in the local world below .bep/local: compute/cpu-cluster, " in said
    assert len((folder / "scored/predictions.csv").read_text().splitlines()) == 5
    code, _, said = bep("run", "job.yml", "--local", "--name", "two")
    assert (code, "changes made" in said) == (0, False)
    assert sorted(one.name for one in (folder / ".bep/local/jobs").iterdir()) == ["one", "two"]

    (folder / "specs.yml").write_text(FILES["specs.yml"].replace("blue", "green"))
    code, _, said = bep("run", "job.yml", "--local", "--name", "three")
    assert code == 1
    assert "the specs are not applied on this machine without being looked at:" in said
    assert "  deployment/letters/blue would be deleted\n" in said
    assert "fix: bep --provider local apply\n" in said


def test_what_is_in_the_service_alone_is_a_finding_or_another_here(folder: Path, bep: Bep) -> None:
    store = "---\n{kind: datastore, name: lake, type: azure_blob, account_name: account, container_name: box}\n"
    specs = FILES["specs.yml"].replace(
        "kind: compute\nname: cpu-cluster\ntype: amlcompute\nmax_instances: 2\n---\n", ""
    )
    write(
        folder, {"specs.yml": specs + store, "job.yml": FILES["job.yml"].replace("path: texts", "path: azureml:seen:1")}
    )
    (folder / "data.yml").write_text(
        "{kind: data, name: seen, version: 1, path: azureml://datastores/lake/paths/seen}\n"
    )
    (folder / "bep.yml").write_text(BEP_YML.replace("[specs.yml]", "[specs.yml, data.yml]"))
    code, out, _ = bep("validate", "--provider", "local")
    assert code == 3
    assert "compute 'azureml:cpu-cluster': there is no compute/cpu-cluster" in out
    assert "A file for this provider alone can declare it: {file: FILE, provider: local} in specs of bep.yml." in out
    assert "warning: datastore/lake: it is of type azure_blob; on this machine it is the folder .bep/local/cloud" in out

    (folder / "here.yml").write_text("{kind: compute, name: cpu-cluster, type: amlcompute, max_instances: 2}\n")
    (folder / "bep.yml").write_text(BEP_YML.replace("[specs.yml]", '["*.yml", {file: here.yml, provider: local}]'))
    lake = folder / ".bep/local/cloud/datastores/lake"
    code, _, said = bep("run", "job.yml", "--local")
    assert code == 3
    assert f"input azureml:seen:1: there is no {lake}/seen" in said
    write(lake, {"seen/a.txt": "aaa"})
    code, _, said = bep("run", "job.yml", "--local", "--output-path", "azureml://datastores/lake/paths/scored")
    assert code == 0, said
    assert (lake / "scored/predictions.csv").read_text() == "a.txt 3\n"

    file = folder / "specs.yml"
    stored = "{name: alphabet, version: 2, path: azureml://datastores/lake/paths/model}"
    file.write_text(file.read_text().replace("{name: alphabet, version: 1, path: model}", stored))
    code, _, said = bep("run", "job.yml", "--local")
    assert code == 5
    assert f"there is no {lake}/model: put there what a job is to score with" in said
    write(lake, {"model/letters.txt": "aa\n"})
    assert bep("run", "job.yml", "--local")[0] == 0


def test_a_file_for_one_provider_is_not_read_for_another(
    folder: Path, bep: Bep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WORLDS, "azure", WORLDS["local"])
    (folder / "here.yml").write_text("{kind: compute, name: only-here, type: amlcompute}\n")
    (folder / "bep.yml").write_text(BEP_YML.replace("[specs.yml]", '["*.yml", {file: "here*.yml", provider: local}]'))
    for words, is_there in ((("plan",), False), (("plan", "--provider", "local"), True)):
        code, out, _ = bep(*words)
        assert (code, "compute/only-here" in out) == (0, is_there)
    code, out, _ = bep("validate", "here.yml", "specs.yml")
    assert code == 0
    assert "here.yml is for the provider local, and this is azure: it was not read" in out
    assert "fix: Choose that one: `bep --provider local`." in out
    code, out, _ = bep("validate", "here.yml", "--provider", "local")
    assert (code, "warning" in out) == (0, False)
    (folder / "here.yml").write_text("type: amlcompute\nname: only-here\nkind: compute\n")
    assert bep("fmt")[0] == 0
    assert (folder / "here.yml").read_text().startswith("kind: compute\n")
    (folder / "bep.yml").write_text(BEP_YML.replace("[specs.yml]", "[{file: here.yml, provider: locl}]"))
    code, out, _ = bep("validate")
    assert code == 3
    assert "specs[0].provider cannot be 'locl'" in out


def test_from_python(folder: Path) -> None:
    here = api.Workspace.open(folder, provider="local")
    plan = here.plan()
    assert plan.provider == "local"
    here.apply(plan, confirm=api.approve).check()
    assert {row["status"] for row in here.show()} == {"in step"}
    said: list[object] = []
    job = api.Workspace.open(folder).jobs.run("job.yml", local=True, name="mine", on_event=said.append)
    assert job.check().status == "Completed"
    assert [one.name for one in here.jobs.list()] == ["mine"]
    with pytest.raises(api.SpecsInvalid, match="none of that name"):
        api.Workspace.open(folder, provider="nowhere")
