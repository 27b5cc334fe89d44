"""Jobs of the double: started once, their life, their logs and errors, where their output lies."""

from typing import Any

import pytest

from tests.azure.double.answering.jobs import Course
from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double.tokens import ARM, token
from tests.azure.double_tests.asking import BASE, ask, code
from tests.azure.double_tests.bodies import deployment, endpoint, furnished

INPUT = {
    "properties": {"inputData": {"images": {"jobInputType": "UriFolder", "uri": "azureml://datastores/d/paths/x"}}}
}
SCORE = f"{BASE}/scoring/ep1/jobs"


@pytest.fixture
def ready() -> Double:
    azure = furnished(Double(Behaviours(job_polls=1)))
    azure.seed("batchEndpoints/ep1/deployments/d1", deployment(azure))
    azure.seed("batchEndpoints/ep1", endpoint(defaults={"deploymentName": "d1"}))
    return azure


def start(azure: Double, **headers: str) -> Any:
    return ask(azure, "POST", SCORE, INPUT, headers=headers).body


def test_a_repetition_starts_no_second_job(ready: Double) -> None:
    first = start(ready, **{"repeatability_request-id": "one"})
    assert start(ready, **{"repeatability_request-id": "one"})["name"] == first["name"]
    assert start(ready, **{"repeatability_request-id": "two"})["name"] != first["name"]
    assert len(ready.jobs.all) == 2
    start(ready)
    start(ready)
    assert len(ready.jobs.all) == 4


def test_a_job_has_two_names_and_a_life(ready: Double) -> None:
    job = start(ready)
    names = job["name"], job["properties"]["name"]
    assert names[0].startswith("batchjob-")
    statuses = [ask(ready, "GET", f"jobs/{names[number % 2]}").body["properties"]["status"] for number in range(3)]
    assert statuses == ["Running", "Completed", "Completed"]
    (child,) = ask(ready, "GET", f"{BASE}/history/v1.0{ready.workspace}/runs/{names[0]}/children").body["value"]
    output = child["outputs"]["score"]["assetId"]
    resolved = f"{BASE}/data/v1.0{ready.workspace}/dataversion/batchGetResolvedUris"
    found = ask(ready, "POST", resolved, {"values": [output]}).body["values"][output]
    assert found["uri"].endswith(f"/datastores/workspaceblobstore/paths/azureml/{child['runId']}/score/")


def test_a_failed_job_says_why_and_its_logs_are_read_without_a_token(ready: Double) -> None:
    ended: list[str] = []
    course = Course(
        "Failed", ("UserError", "boom"), {"user_logs/std_log_0.txt": "line"}, lambda job: ended.append(job.name)
    )
    ready.jobs.course = course
    job = start(ready)
    details = f"{BASE}/history/v1.0{ready.workspace}/runs/{job['name']}/details"
    told = [ask(ready, "GET", details).body for _ in range(2)]
    assert [each["status"] for each in told] == ["Running", "Failed"]
    assert told[1]["error"]["error"] == {"code": "UserError", "message": "boom", "messageFormat": None, "details": []}
    log = told[0]["logFiles"]["user_logs/std_log_0.txt"]
    assert ask(ready, "GET", log, headers={"Authorization": ""}).text == "line"
    assert ended == [job["name"]]


def test_a_cancelled_job_ends_canceled(ready: Double) -> None:
    job = start(ready)
    assert ask(ready, "POST", f"jobs/{job['name']}/cancel").status == 200
    assert ask(ready, "GET", f"jobs/{job['name']}").body["properties"]["status"] == "Canceled"
    assert [each["name"] for each in ask(ready, "GET", "jobs").body["value"]] == [job["name"]]


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    [
        ({"Authorization": f"Bearer {token(ARM)}"}, INPUT, "InvalidAuthenticationTokenAudience"),
        ({"azureml-model-deployment": "no"}, INPUT, "NoSuchDeployment"),
    ],
)
def test_an_invocation_is_refused(ready: Double, headers: dict[str, str], body: object, said: str) -> None:
    assert code(ask(ready, "POST", SCORE, body, headers=headers)) == said
    assert ready.jobs.all == []


def test_an_endpoint_without_a_default_has_nowhere_to_route_to(ready: Double) -> None:
    ready.seed("batchEndpoints/ep1", endpoint())
    assert "No valid deployments" in ask(ready, "POST", SCORE, INPUT).body["error"]["message"]
    named = {"azureml-model-deployment": "d1"}
    assert start(ready, **named)["name"]
    unknown = {"properties": {"inputData": {"a": {"jobInputType": "Tape", "uri": "x"}}}}
    assert "inputData.a.jobInputType" in ask(ready, "POST", SCORE, unknown, headers=named).body["errors"]
