"""The whole life of a workspace of Azure's, on the double with all its habits, through the real commands."""

import shutil
from pathlib import Path

import pytest

from bep.planner.formats.statefile import decode
from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double.serving import serving
from tests.azure.double_tests import bodies
from tests.azure.workspace import EVERYTHING, SECRETS, SPECS, THREE_HUNDRED, Workspace

ALLOWED = ("--allow", "delete-many", "--allow", "active-deployment")


@pytest.fixture
def work(tmp_path: Path, azure: Double) -> Workspace:
    azure.seed("codes/code/versions/1", bodies.code(azure))
    return Workspace(tmp_path, azure)


def entries(work: Workspace) -> set[str]:
    return set(decode((work.folder / ".bep/state.json").read_text()).entries)


def test_from_nothing_to_nothing(work: Workspace, azure: Double) -> None:
    before = set(azure.paths())
    work.bep("plan", "--detailed-exitcode", expect=2)
    work.bep("apply", "-y")
    assert entries(work) == EVERYTHING
    assert work.is_settled()
    assert azure.resource("batchEndpoints/letters").body["properties"]["defaults"] == {"deploymentName": "blue"}
    assert not [secret for secret in SECRETS.values() if secret in work.written()]

    work.edit("max_instances: 2", "max_instances: 3")
    work.edit("mini_batch_size: 5", "mini_batch_size: 6")
    work.edit("tags: {a: b}", "tags: {c: d}")
    azure.log.clear()
    work.bep("apply", "-y")
    assert sorted(one.path.rpartition("/workspaces/ws/")[2] for one in azure.log.writes()) == [
        "batchEndpoints/letters/deployments/green",
        "computes/cpu",
        "data/d/versions/1",
    ]
    assert work.is_settled()

    work.edit("deployment_name: blue", "deployment_name: green")
    assert "blue 100 -> 0" in work.bep("plan")
    work.bep("apply", "-y")
    assert azure.resource("batchEndpoints/letters").body["properties"]["defaults"] == {"deploymentName": "green"}
    assert work.is_settled()
    work.bep("rollback", "-y")
    assert azure.resource("batchEndpoints/letters").body["properties"]["defaults"] == {"deploymentName": "blue"}
    work.edit("deployment_name: green", "deployment_name: blue")
    assert work.is_settled()

    work.bep("destroy", "-y", *ALLOWED)
    assert entries(work) == set()
    assert set(azure.paths()) - before <= {
        "components/line",
        "components/step",
        "data/d",
        "environments/env",
        "models/m",
    }


def test_what_somebody_changes_is_drift_and_is_set_right(work: Workspace, azure: Double) -> None:
    work.bep("apply", "-y")
    stranger = azure.resource("batchEndpoints/letters/deployments/blue").body
    azure.seed(
        "batchEndpoints/letters/deployments/blue",
        {**stranger, "properties": {**stranger["properties"], "miniBatchSize": 77}},
    )
    said = work.bep("plan", "--detailed-exitcode", expect=2)
    assert "77 -> 10" in said
    work.bep("apply", "-y")
    assert azure.resource("batchEndpoints/letters/deployments/blue").body["properties"]["miniBatchSize"] == 10
    assert work.is_settled()


def test_what_is_there_is_imported_and_nothing_is_changed(work: Workspace, azure: Double) -> None:
    work.bep("apply", "-y")
    shutil.rmtree(work.folder / ".bep")
    assert "already exists" in work.bep("plan", expect=3)
    azure.log.clear()
    work.bep("import", "--all")
    assert not azure.log.writes()
    assert entries(work) == EVERYTHING
    said = work.bep("plan", "--detailed-exitcode", expect=2)
    assert "credentials.account_key" in said  # which nobody can read back: the first apply writes it
    assert "1 to update. 11 resources match" in said


def test_what_azure_has_none_of_is_found_before_anything_is_asked(tmp_path: Path, azure: Double) -> None:
    specs = SPECS + "---\n{kind: compute, name: here, type: local}\n---\n{kind: compute, name: many, type: ray,"
    specs += " address: auto, share: s}\n---\n{kind: environment, name: e, version: 1,"
    specs += " requirements: [x], tags: {a: ''}}\n---\n{kind: deployment, name: nightly, endpoint_name: letters,"
    work = Workspace(tmp_path, azure, specs + " type: pipeline, job_definition: azureml:nightly}\n")
    said = work.bep("plan", expect=3)
    assert "Declare the job as a component of type pipeline" in said
    assert said.count("deployment/letters/nightly") == 1
    assert "type local is on this machine, and Azure has none" in said
    assert "type ray is a cluster that jobs of this machine run on, and Azure ML runs none there" in said
    assert "list its file for this machine alone in bep.yml: {file: FILE, provider: local}" in said
    assert "Azure builds an environment from an image or a build context" in said
    assert "the tag a is empty, which Azure refuses" in said
    assert not azure.log.requests()


def test_a_failed_operation_is_a_failed_change_with_the_reason(work: Workspace, azure: Double) -> None:
    azure.fail_provisioning("batchEndpoints/letters/deployments/green", "QuotaExceeded", "no cores are left", count=1)
    said = work.bep("apply", "-y", expect=5)
    assert "deployment/letters/green: FAILED: QuotaExceeded: no cores are left" in said
    assert "deployment/letters/green" in work.bep("plan", "--detailed-exitcode", expect=2)
    work.bep("apply", "-y", *ALLOWED)
    assert work.is_settled()


def test_a_service_that_throttles_and_lags_is_waited_for(work: Workspace, azure: Double) -> None:
    azure.behaviours.unseen_references = 1
    azure.faults.inject(429, method="PUT", path="batchEndpoints", count=2, retry_after="0")
    azure.faults.inject(503, method="GET", path="computes", count=1, retry_after="0")
    work.bep("apply", "-y")
    assert work.is_settled()


def test_an_error_has_all_that_the_service_says(work: Workspace, azure: Double) -> None:
    azure.behaviours.taken_names.add("letters")
    said = work.bep("apply", "-y", expect=5)
    assert "endpoint/letters: FAILED: UserError (400): The specified endpoint name" in said
    assert "[request " in said


def test_a_plan_of_what_is_as_it_should_be_asks_each_question_once(work: Workspace, azure: Double) -> None:
    work.bep("apply", "-y")
    azure.log.clear()
    assert work.is_settled()
    assert set(azure.log.counted().values()) == {1}


def test_three_hundred_resources_are_read_with_one_question_for_each_collection(tmp_path: Path) -> None:
    """How long that takes is printed by `python -m tests.benchmarks.latency`."""
    with serving(Behaviours(polls=0, page_size=50)) as azure:
        work = Workspace(tmp_path, azure, THREE_HUNDRED)
        work.bep("apply", "-y")
        azure.log.clear()
        assert "301 resources match their specs" in work.bep("plan", "--detailed-exitcode")
        lists = {one.short.partition("?")[0] for one in azure.log.requests()}
        assert len(lists) == 8
        assert set(azure.log.counted().values()) == {1}
        assert len(azure.log.requests()) == 1 + 5 + 2 + 1
        assert azure.log.most_at_once <= 10


def test_the_latest_version_is_asked_for_by_one_question(tmp_path: Path, azure: Double) -> None:
    bodies.furnished(azure)
    for version in map(str, range(2, 20)):
        azure.seed(f"models/m/versions/{version}", bodies.model(azure, f"LocalUpload/{version}/model"))
    work = Workspace(
        tmp_path,
        azure,
        "{kind: endpoint, name: letters}\n---\n{kind: deployment, name: blue, endpoint_name: letters,"
        " model: azureml:m@latest, compute: azureml:cpu, environment: azureml:e@latest,"
        " code_configuration: {code: 'azureml:c:1', scoring_script: score.py}}\n",
    )
    said = work.bep("plan")
    assert "model/m/19" in said
    asked = {one.path.rpartition("/workspaces/ws/")[2] for one in azure.log.requests()}
    assert {one for one in asked if one.startswith(("environments", "models"))} == {"environments/e", "models/m"}
