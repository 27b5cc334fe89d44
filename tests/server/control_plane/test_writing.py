"""Writes over Azure Resource Manager's routes: one object each, guarded and recorded, drift for the next plan."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.azure.facts import Types
from tests.azure.judge import Judge
from tests.bep.conftest import Workspace, until
from tests.server.control_plane.asking import WORKSPACE, Asking
from tests.server.serving import Running

BLUE = "/batchEndpoints/letters/deployments/blue"
GREEN = "/batchEndpoints/letters/deployments/green"
EVERY = (
    "/batchEndpoints/letters", BLUE, GREEN, "/computes/cpu-cluster", "/datastores/elsewhere", "/datastores/shelf",
    "/models/alphabet/versions/1", "/data/words/versions/2", "/environments/pinned/versions/3",
)  # fmt: skip
CLUSTER: dict[str, Any] = {
    "location": "local",
    "properties": {
        "computeType": "AmlCompute",
        "properties": {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"maxNodeCount": 3}},
    },
}


def plan(workspace: Workspace, *options: str) -> Any:
    done = workspace.bep("plan", "-o", "kept.json", *options, expect=None)
    assert done.returncode in (0, 3), done.stderr
    return json.loads((workspace.folder / "kept.json").read_text())


def drift(workspace: Workspace) -> dict[str, Any]:
    return {one["address"]: one for one in plan(workspace)["drift"]}


def put(asking: Asking, below: str, change: Callable[[Any], None], status: int = 200) -> Any:
    """Get, change, put, as clients do."""
    body = asking.get(below)
    change(body["properties"])
    answer = asking.answer("PUT", below, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_what_is_put_as_it_was_got_changes_nothing(served: Running) -> None:
    asking = Asking(served)
    for below in EVERY:
        body = asking.get(below)
        answer = asking.answer("PUT", below, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json() == body
    made = plan(served.workspace)
    assert made["changes"] == made["drift"] == []


def test_a_change_is_drift_of_whoever_made_it_until_it_is_adopted(served: Running) -> None:
    asking = Asking(served)
    answer = put(asking, BLUE, lambda it: it.update(errorThreshold=5))
    assert answer["properties"]["errorThreshold"] == 5
    assert answer["systemData"]["lastModifiedBy"] == "admin"
    assert Judge(Types()).answer("batchEndpoints/deployments", answer) == []
    [found] = drift(served.workspace).values()
    assert found["address"] == "deployment/letters/blue"
    assert found["changed_by"] == "admin through the server"
    assert found["changed_at"]
    assert [one["path"] for one in found["diffs"]] == [["settings", "error_threshold"]]
    shown = json.loads(served.workspace.bep("show", "deployment/letters/blue", "-o", "json").stdout)
    assert shown["beside"] == {"by": "admin", "at": found["changed_at"], "made": False}
    told = served.workspace.bep("plan").stdout
    assert "changed by admin through the server on " in told
    served.workspace.bep("adopt", "deployment/letters/blue")
    assert "error_threshold: 5" in (served.workspace.folder / "specs.yml").read_text()
    made = plan(served.workspace)
    assert made["changes"] == made["drift"] == []


def test_an_apply_makes_it_what_the_specs_ask_again(served: Running) -> None:
    asking = Asking(served)
    put(asking, "/computes/cpu-cluster", lambda it: it["properties"]["scaleSettings"].update(maxNodeCount=4))
    assert asking.get("/computes/cpu-cluster")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 4
    served.workspace.bep("apply", "-y")
    assert asking.get("/computes/cpu-cluster")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 2
    assert asking.get("/computes/cpu-cluster")["systemData"]["lastModifiedBy"] == "bep"
    assert drift(served.workspace) == {}
    state = (served.workspace.folder / ".bep/state.json").read_text()
    assert '"beside"' not in state


def test_what_no_spec_declares_is_told_and_stays(served: Running) -> None:
    asking, workspace = Asking(served), served.workspace
    answer = asking.answer("PUT", "/computes/second", json=CLUSTER)
    assert answer.status_code == 201, answer.text
    assert Judge(Types()).answer("computes", answer.json()) == []
    made = plan(workspace)
    assert made["changes"] == []
    [found] = made["drift"]
    assert (found["address"], found["answer"]) == ("compute/second", "kept: no spec declares it")
    workspace.bep("apply", "-y")
    assert asking.get("/computes/second")["name"] == "second"
    refused = workspace.bep("adopt", "compute/second", expect=1)
    assert "bep import compute/second" in refused.stderr
    workspace.bep("import", "compute/second", "--out", "second.yml")
    workspace.edit("bep.yml", "specs: [specs.yml]", "specs: [specs.yml, second.yml]")
    workspace.bep("apply", "-y")
    made = plan(workspace)
    assert made["changes"] == made["drift"] == []


def test_what_was_made_through_the_server_is_taken_over_once_a_spec_declares_it(served: Running) -> None:
    asking, workspace = Asking(served), served.workspace
    asking.answer("PUT", "/computes/second", json=CLUSTER)
    specs = workspace.folder / "specs.yml"
    specs.write_text(specs.read_text() + "---\nkind: compute\nname: second\ntype: amlcompute\nmax_instances: 7\n")
    actions = [(one["action"], one["address"]) for one in plan(workspace)["changes"]]
    assert actions == [("adopt", "compute/second"), ("update", "compute/second")]
    workspace.bep("apply", "-y")
    assert asking.get("/computes/second")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 7
    assert plan(workspace)["changes"] == []


def test_a_ray_cluster_is_answered_as_a_cluster_and_stays_what_it_is(served: Running) -> None:
    asking, workspace = Asking(served), served.workspace
    specs = workspace.folder / "specs.yml"
    ray = "---\nkind: compute\nname: many\ntype: ray\naddress: auto\nshare: /mnt/share\nresources: {a: 1}\n"
    specs.write_text(specs.read_text() + ray)
    workspace.bep("apply", "-y")
    body = asking.get("/computes/many")
    assert (body["properties"]["computeType"], body["tags"]) == ("AmlCompute", {"bep.type": "ray"})
    assert "/mnt/share" not in json.dumps(body)
    assert asking.answer("PUT", "/computes/many", json=body).json() == body
    assert plan(workspace)["drift"] == []
    put(asking, "/computes/many", lambda told: told["properties"]["scaleSettings"].update(maxNodeCount=9))
    [found] = plan(workspace)["drift"]
    assert [one["path"] for one in found["diffs"]] == [["max_instances"]]


def test_destroying_everything_takes_what_was_made_through_the_server_along(served: Running) -> None:
    asking, workspace = Asking(served), served.workspace
    asking.answer("PUT", "/computes/second", json=CLUSTER)
    body = asking.get(BLUE)
    body["properties"]["compute"] = body["properties"]["compute"].replace("cpu-cluster", "second")
    assert asking.answer("PUT", "/batchEndpoints/letters/deployments/red", json=body).status_code == 201
    workspace.bep("destroy", "-y")
    assert workspace.entries() == set()
    assert [one["name"] for one in asking.get("/computes")["value"]] == ["local"]


def test_what_something_made_through_the_server_needs_is_not_deleted(served: Running) -> None:
    asking, workspace = Asking(served), served.workspace
    asking.answer("PUT", "/batchEndpoints/letters/deployments/red", json=asking.get(BLUE))
    specs = (workspace.folder / "specs.yml").read_text().split("---\n")
    left = [one for one in specs if "endpoint_name: letters" not in one and "auth_mode" not in one]
    (workspace.folder / "specs.yml").write_text("---\n".join(left))
    refused = workspace.bep("apply", "-y", "--allow", "delete-active", "--allow", "delete-many", expect=None)
    assert refused.returncode != 0
    assert "deployment/letters/red still refers to it" in refused.stdout + refused.stderr
    assert asking.get("/batchEndpoints/letters")["name"] == "letters"


def test_traffic_moves_with_the_default_deployment(served: Running) -> None:
    asking = Asking(served)
    put(asking, "/batchEndpoints/letters", lambda it: it.update(defaults={"deploymentName": "green"}))
    assert asking.get("/batchEndpoints/letters")["properties"]["defaults"] == {"deploymentName": "green"}
    assert set(drift(served.workspace)) == {"traffic/letters"}
    assert asking.answer("DELETE", BLUE).status_code == 200
    put(asking, "/batchEndpoints/letters", lambda it: it.update(defaults={"deploymentName": None}))
    assert asking.answer("DELETE", GREEN).status_code == 200
    assert asking.answer("DELETE", "/batchEndpoints/letters").status_code == 200
    assert asking.get("/batchEndpoints")["value"] == []
    gone = drift(served.workspace)
    assert all(one["gone"] and one["changed_by"] == "admin through the server" for one in gone.values())
    assert set(gone) == {
        "deployment/letters/blue", "deployment/letters/green", "endpoint/letters", "traffic/letters"
    }  # fmt: skip
    served.workspace.bep("apply", "-y")
    assert asking.get("/batchEndpoints/letters")["properties"]["defaults"] == {"deploymentName": "blue"}


def test_what_would_do_harm_is_refused_as_an_apply_would(served: Running) -> None:
    asking, workspace = Asking(served), served.workspace
    status, code, message = asking.refusal("DELETE", BLUE)
    assert (status, code) == (409, "Conflict")
    assert "it has the traffic of traffic/letters" in message
    assert asking.refusal("DELETE", "/batchEndpoints/letters")[0] == 409
    assert asking.refusal("DELETE", "/computes/cpu-cluster")[0] == 409
    assert "always exists" in asking.refusal("DELETE", "/computes/local")[2]
    workspace.edit("specs.yml", "name: shelf\n", "name: shelf\nx-bep: {lifecycle: {prevent_destroy: true}}\n")
    assert "protected by prevent_destroy" in asking.refusal("DELETE", "/datastores/shelf")[2]
    body = asking.get("/computes/cpu-cluster")
    body["properties"]["properties"]["vmSize"] = "STANDARD_D2_V2"
    assert "size cannot be changed in place" in asking.refusal("PUT", "/computes/cpu-cluster", json=body)[2]
    body = asking.get("/models/alphabet/versions/1")
    body["properties"]["modelUri"] = "azureml://datastores/workspaceblobstore/paths/other"
    assert "bump the version" in json.dumps(asking.answer("PUT", "/models/alphabet/versions/1", json=body).json()) or (
        asking.refusal("PUT", "/models/alphabet/versions/1", json=body)[0] == 409
    )
    assert drift(workspace) == {}


WAITING = """\
import os, time

def init():
    while not os.path.exists({go!r}):
        time.sleep(0.05)

def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""


def test_what_has_unfinished_jobs_is_not_deleted(served: Running, tmp_path: Path) -> None:
    asking, workspace, go = Asking(served), served.workspace, tmp_path / "go"
    (workspace.folder / "code/score.py").write_text(WAITING.format(go=str(go)))
    workspace.bep("apply", "-y")
    sent = {"JobInputType": "UriFolder", "Uri": f"{WORKSPACE}/data/words/versions/1"}
    body = {"properties": {"InputData": {"texts": sent}}}
    headers = {"azureml-model-deployment": "green"}
    job = asking.client.post(f"{served.address}/endpoints/letters/jobs", json=body, headers=headers)
    assert job.status_code == 201, job.text
    name = job.json()["name"]
    try:
        status, _, message = asking.refusal("DELETE", GREEN)
        assert status == 409
        assert "delete-with-jobs" in message
        assert name in message
        put(asking, GREEN, lambda it: it.update(errorThreshold=5))
    finally:
        go.touch()
    until(lambda: asking.get(f"/jobs/{name}")["properties"]["status"] == "Completed")
    assert asking.answer("DELETE", GREEN).status_code == 200


def test_policies_judge_what_is_asked_for(served: Running) -> None:
    workspace = served.workspace
    rules = "kind: policies\npolicies:\n  - {name: small, rule: {max_instances: 2}}\n"
    (workspace.folder / "policies.yml").write_text(rules)
    workspace.edit("bep.yml", "specs: [specs.yml]", "specs: [specs.yml]\npolicies: [policies.yml]")
    status, code, message = Asking(served).refusal("PUT", "/computes/second", json=CLUSTER)
    assert (status, code) == (403, "PolicyDenied")
    assert "small" in message


def test_assets_are_registered_of_what_a_datastore_has(served: Running) -> None:
    asking, workspace = Asking(served), served.workspace
    uri = "azureml://datastores/workspaceblobstore/paths/sent/model"
    folder = workspace.folder / ".bep/cloud/datastores/workspaceblobstore/sent/model"
    folder.mkdir(parents=True)
    (folder / "letters.txt").write_text("abc\n")
    for collection, properties in (
        ("models/alphabet", {"modelUri": uri, "modelType": "custom_model"}),
        ("data/sent", {"dataUri": uri, "dataType": "uri_folder"}),
        ("environments/sent", {"image": "python"}),
    ):
        below = f"/{collection}/versions/2"
        answer = asking.answer("PUT", below, json={"properties": properties})
        assert answer.status_code == 201, answer.text
        assert asking.get(below) == answer.json()
    body = asking.get(BLUE)
    body["properties"]["model"]["assetId"] = f"{WORKSPACE}/models/alphabet/versions/2"
    assert asking.answer("PUT", "/batchEndpoints/letters/deployments/red", json=body).status_code == 201
    done = workspace.bep("run", "job.yml", "--deployment", "red", "--name", "with-sent")
    assert "Completed" in done.stdout + done.stderr


def test_nothing_of_this_machine_is_looked_up_for_whoever_asks(served: Running) -> None:
    asking, folder = Asking(served), served.workspace.folder
    model = {"modelType": "custom_model"}
    refused = [
        ("/models/m/versions/1", {**model, "modelUri": str(folder / "model")}),
        ("/models/m/versions/1", {**model, "modelUri": "model"}),
        ("/models/m/versions/1", {**model, "modelUri": "file:///etc/passwd"}),
        ("/models/m/versions/1", {**model, "modelUri": "azureml://datastores/workspaceblobstore/paths/../../x"}),
        ("/data/d/versions/1", {"dataUri": "/etc", "dataType": "uri_folder"}),
        ("/data/d/versions/1", {"dataUri": "http://169.254.169.254/latest", "dataType": "uri_folder"}),
        ("/environments/e/versions/1", {"image": "python", "condaFile": "dependencies: [{pip: [-r /etc/passwd]}]"}),
        ("/environments/e/versions/1", {"image": "python", "condaFile": "dependencies: [{pip: [./here]}]"}),
        ("/environments/e/versions/1", {"image": "python", "condaFile": "conda.yml"}),
        ("/environments/e/versions/1", {"image": "python", "condaFile": "dependencies: [{pip: ['a @ file:///x']}]"}),
        ("/environments/e/versions/1", {"image": "python", "condaFile": "dependencies: [&a [b], *a]"}),
        ("/environments/e/versions/1", {"image": "python", "condaFile": "dependencies: ["}),
        ("/environments/e/versions/1", {"image": "python", "description": "${{ env.SCORE_TOKEN }}"}),
        ("/environments/e/versions/1", {"image": "python", "tags": {"a": "${{ var.x }}"}}),
    ]
    for below, properties in refused:
        status, _, message = asking.refusal("PUT", below, json={"properties": properties})
        assert status == 400, (properties, message)
    for member, value in (
        ("environmentId", "environment.yml"),
        ("environmentId", "./environment.yml"),
        ("environmentId", "code"),
        ("model", {"referenceType": "Id", "assetId": "../model"}),
        ("model", {"referenceType": "Id", "assetId": "model/letters.txt"}),
        ("compute", "/etc/passwd"),
    ):
        body = asking.get(BLUE)
        body["properties"][member] = value
        status, _, message = asking.refusal("PUT", BLUE, json=body)
        assert status == 400, (member, value, message)
    body = asking.get(BLUE)
    body["properties"]["codeConfiguration"]["scoringScript"] = "../model/letters.txt"
    assert "is no file of the code" in asking.refusal("PUT", BLUE, json=body)[2]
    body = asking.get(GREEN)
    body["properties"]["codeConfiguration"]["codeId"] = f"{WORKSPACE}/codes/bep-{'0' * 64}/versions/1"
    assert "nothing here has these bytes" in asking.refusal("PUT", GREEN, json=body)[2]
    key = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": "k"}}
    store = {"datastoreType": "AzureBlob", "accountName": "a", "containerName": "c", "credentials": key}
    assert asking.refusal("PUT", "/datastores/new", json={"properties": store})[:2] == (400, "ValidationError")
    assert drift(served.workspace) == {}


def test_a_datastore_that_is_made_is_a_folder_of_this_machine(served: Running) -> None:
    asking = Asking(served)
    store = {"datastoreType": "AzureBlob", "accountName": "a", "containerName": "c"}
    body = {"properties": {**store, "credentials": {"credentialsType": "None"}}}
    assert asking.answer("PUT", "/datastores/new", json=body).status_code == 201
    assert asking.get("/datastores/new")["properties"]["containerName"] == "new"
    assert asking.answer("DELETE", "/datastores/new").status_code == 200


def test_secrets_that_nobody_was_told_stay_as_they_are(served: Running) -> None:
    asking = Asking(served)
    put(asking, GREEN, lambda it: it["environmentVariables"].update(PLAIN="other"))
    [found] = drift(served.workspace).values()
    assert [one["path"] for one in found["diffs"]] == [["settings", "environment_variables", "PLAIN"]]
    body = asking.get(GREEN)
    body["properties"]["environmentVariables"]["NEW"] = "********"
    assert "its value is not known here" in asking.refusal("PUT", GREEN, json=body)[2]


@pytest.mark.parametrize(
    ("name", "value"), [("API_KEY", "abcdefghij"), ("A", "AccountKey=" + "abcdefgh" * 10 + "abcdef==")]
)
def test_no_secret_is_taken(served: Running, name: str, value: str) -> None:
    asking = Asking(served)
    body = asking.get(BLUE)
    body["properties"]["environmentVariables"] = {name: value}
    answer = asking.answer("PUT", BLUE, json=body)
    assert answer.status_code == 400
    assert f"settings.environment_variables.{name}" in answer.text
    assert value not in answer.text
    assert drift(served.workspace) == {}


def test_a_part_is_changed_and_null_takes_a_member_away(served: Running) -> None:
    asking = Asking(served)
    answer = asking.answer("PATCH", "/batchEndpoints/letters", json={"tags": {"season": "autumn"}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["tags"] == {"season": "autumn"}
    assert answer.json()["properties"]["defaults"] == {"deploymentName": "blue"}
    told = asking.answer("PATCH", "/batchEndpoints/letters", json={"tags": {"season": None}}).json()
    assert told["tags"] == {}
    assert asking.refusal("PATCH", "/computes/none", json={})[0] == 404


def test_a_write_may_be_bound_to_a_version(served: Running) -> None:
    asking = Asking(served)
    etag = asking.answer("GET", "/computes/cpu-cluster").headers["ETag"]
    body = asking.get("/computes/cpu-cluster")
    body["properties"]["properties"]["scaleSettings"]["maxNodeCount"] = 4
    once = asking.answer("PUT", "/computes/cpu-cluster", json=body, headers={"If-Match": etag})
    assert once.status_code == 200
    assert once.headers["ETag"] != etag
    again = asking.refusal("PUT", "/computes/cpu-cluster", json=body, headers={"If-Match": etag})
    assert again[:2] == (412, "PreconditionFailed")
    assert asking.refusal("DELETE", "/datastores/shelf", headers={"If-Match": '"0"'})[0] == 412
    new = asking.refusal("PUT", "/computes/cpu-cluster", json=body, headers={"If-None-Match": "*"})
    assert new[0] == 412


def test_what_is_no_body_of_its_kind_is_told_member_by_member(served: Running) -> None:
    asking = Asking(served)
    status, code, message = asking.refusal(
        "PUT", "/computes/second", json={"properties": {"computeType": "AmlCompute", "colour": "red"}}
    )
    assert (status, code) == (400, "ValidationError")
    assert "properties.colour: there is no such member" in message
    assert asking.refusal("PUT", "/computes/x", json={**CLUSTER, "tags": {"a": "\\ud800"}})[0] == 400
    assert asking.refusal("PUT", "/batchEndpoints/nobody/deployments/d", json={})[0] == 404
    status, _, message = asking.refusal("PUT", "/components/step/versions/2", json={})
    assert status == 405
    assert "`bep apply`" in message
    assert asking.refusal("PUT", "/models/alphabet", json={})[:2] == (405, "MethodNotAllowed")
    assert asking.answer("DELETE", "/computes/second").status_code == 204


def test_only_who_may_change_writes(served: Running) -> None:
    for role in ("read", "invoke"):
        assert Asking(served, role).refusal("PUT", "/computes/second", json=CLUSTER)[:2] == (403, "Forbidden")
        assert Asking(served, role).refusal("DELETE", "/computes/cpu-cluster")[:2] == (403, "Forbidden")


def test_the_last_plan_can_still_be_taken_back(served: Running) -> None:
    workspace = served.workspace
    workspace.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    workspace.bep("apply", "-y")
    Asking(served).answer("PUT", "/computes/second", json=CLUSTER)
    workspace.bep("rollback", "-y")
    asked = Asking(served)
    assert asked.get("/computes/cpu-cluster")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 2
    assert asked.get("/computes/second")["name"] == "second"


def test_writes_at_the_same_time_wait_for_each_other(served: Running) -> None:
    from concurrent.futures import ThreadPoolExecutor

    asking = Asking(served)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: asking.answer("PUT", f"/computes/c-{n}x", json=CLUSTER), range(8)))
    assert [one.status_code for one in answers] == [201] * 8, [one.text for one in answers]
    assert len(drift(served.workspace)) == 8


KILLED = """
import os, signal, sys
from bep.providers.local.provider import LocalProvider
moment, verb = sys.argv[1], sys.argv[2]
whole = getattr(LocalProvider, verb)
def cut(*arguments, **named):
    if moment == "after":
        whole(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(LocalProvider, verb, cut)
sys.argv = ["bep", "serve", "--port", "0", "--json"]
from bep.cli import main
main()
"""


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_server_that_is_killed_while_it_writes_is_recovered_from(
    every_kind: Workspace, moment: str, verb: str
) -> None:
    import signal
    import sys

    import httpx

    from tests.bep.conftest import surroundings

    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, moment, verb],
        cwd=every_kind.folder,
        env={**surroundings(), **every_kind.given},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())["address"]
    running = Running(every_kind, process, address, int(address.rpartition(":")[2]))
    asking = Asking(running)
    body = asking.get("/computes/cpu-cluster")
    body["properties"]["properties"]["scaleSettings"]["maxNodeCount"] = 4
    method, below, sent = {
        "create": ("PUT", "/computes/second", CLUSTER),
        "update": ("PUT", "/computes/cpu-cluster", body),
        "delete": ("DELETE", GREEN, None),
    }[verb]
    with pytest.raises(httpx.TransportError):
        asking.answer(method, below, json=sent)
    asking.client.close()
    assert process.wait(60) == -signal.SIGKILL
    process.stdout.close()
    made = plan(every_kind)
    [note] = [one for one in made["notes"] if "interrupted" in one]
    assert "admin had asked for it through the server" in note
    addresses = {"create": "compute/second", "update": "compute/cpu-cluster", "delete": "deployment/letters/green"}
    found = {one["address"]: one["changed_by"] for one in made["drift"]}
    assert found == ({addresses[verb]: "admin through the server"} if moment == "after" else {})
    every_kind.bep("apply", "-y")
    assert not [one for one in plan(every_kind)["notes"] if "interrupted" in one]
