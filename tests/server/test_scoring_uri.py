"""Jobs by REST: started, followed and cancelled at the scoring URI of an endpoint, by `curl` as the samples have it."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.bep.conftest import FILES, Workspace, write
from tests.server.serving import Running, serving

STORE = "azureml://datastores/workspaceblobstore/paths"
FOLDER = {"InputData": {"texts": {"JobInputType": "UriFolder", "Uri": f"{STORE}/texts"}}}
DATA = "---\nkind: data\nname: texts\nversion: 1\ntype: uri_folder\npath: texts\n"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over the small workspace, its texts registered and in its datastore, with a second deployment."""
    folder = tmp_path_factory.mktemp("stored")
    green = FILES["specs.yml"].split("---\n")[2].replace("name: blue", "name: green")
    slow = green.replace("name: green", "name: slow").replace("code: code", "code: slow")
    never = "import time\n\ndef init():\n    pass\n\ndef run(mini_batch):\n    time.sleep(600)\n"
    specs = f"{FILES['specs.yml']}---\n{green}---\n{slow}{DATA}"
    write(folder, {**FILES, "specs.yml": specs, "slow/score.py": never})
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    shutil.copytree(folder / "texts", folder / ".bep/cloud/datastores/workspaceblobstore/texts")
    with serving(workspace) as found:
        yield found


@pytest.fixture
def site(stored: Running) -> Iterator[str]:
    """Another server, which has the texts at addresses of its own."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(stored.workspace.folder / "texts"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def curl(running: Running, body: str, *options: str) -> Any:
    """Post a body as the service's own script does, and read the answer."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not here: make services")
    token = running.client("invoke").headers["Authorization"]
    done = subprocess.run(
        [
            *(program, "--silent", "--show-error", "--location", "--request", "POST"),
            *(f"{running.address}/endpoints/letters/jobs", "--header", f"Authorization: {token}"),
            *("--header", "Content-Type: application/json", *options, "--data-raw", body),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def ended(running: Running, job: str) -> dict[str, Any]:
    """The job's properties when it is over, asked for by the last part of its id, as the service's script does."""
    found: dict[str, Any] = {}
    with running.client("invoke") as client:
        for _ in range(1200):
            found = client.get(f"/endpoints/letters/jobs/{job.rpartition('/')[2]}").json()["properties"]
            if found["status"] in ("Completed", "Failed", "Canceled"):
                return found
            time.sleep(0.1)
    raise AssertionError(found)


def rows(running: Running, name: str, file: str = "predictions.csv") -> list[str]:
    """What a job has written."""
    found = json.loads(running.workspace.bep("job", "show", name, "-o", "json").stdout)["outputs"]["score"]["file"]
    assert Path(found).name == file
    return Path(found).read_text().split("\n")


def test_the_body_of_2021_starts_a_job_on_an_address(stored: Running, site: str) -> None:
    answer = curl(
        stored,
        f"""{{
      "properties": {{
        "dataset": {{
          "dataInputType": "DataUrl",
          "Path": "{site}/a.txt"
        }}
      }}
    }}""",
    )

    assert answer["properties"]["status"] in ("NotStarted", "Queued", "Preparing", "Running")
    assert ended(stored, answer["id"])["status"] == "Completed"
    assert rows(stored, answer["name"])[0].startswith("a.txt ")


def test_the_body_of_2021_names_registered_data_and_its_output(stored: Running) -> None:
    answer = curl(
        stored,
        json.dumps(
            {
                "properties": {
                    "dataset": {"dataInputType": "DatasetVersion", "datasetName": "texts", "datasetVersion": "1"},
                    "outputDataset": {
                        "datastoreId": "/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices"
                        "/workspaces/letters/datastores/workspaceblobstore",
                        "path": "myout",
                    },
                    "outputFileName": "mypredictions.csv",
                }
            }
        ),
    )

    done = ended(stored, answer["id"])
    assert done["status"] == "Completed"
    assert done["output"]["path"] == "myout"
    assert done["output"]["datastoreId"].endswith("/datastores/workspaceblobstore")
    assert len([row for row in rows(stored, answer["name"], "mypredictions.csv") if row]) == 5
    assert done["interactionEndpoints"]["Studio"]["endpoint"].startswith(stored.address)


@pytest.mark.parametrize(
    "uri",
    [
        f"{STORE}/texts",
        "azureml://locations/here/workspaces/letters/data/texts/versions/1",
        "azureml://locations/here/workspaces/letters/data/texts/versions/labels/latest",
        "azureml:texts:1",
        "/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/letters/data/texts"
        "/versions/1",
    ],
)
def test_the_body_of_today_names_inputs_in_every_way(stored: Running, uri: str) -> None:
    answer = curl(
        stored,
        f"""{{
        "properties": {{
            "InputData": {{
                "mnistinput": {{
                    "JobInputType": "UriFolder",
                    "Uri": "{uri}",
                }}
            }}
        }}
    }}""",
    )

    assert "id" in answer, answer
    assert ended(stored, answer["id"])["status"] == "Completed"
    assert len([row for row in rows(stored, answer["name"]) if row]) == 5


def test_what_a_job_says_otherwise_is_what_it_runs_with(stored: Running) -> None:
    asked = {
        "inputData": FOLDER["InputData"],
        "compute": {"isLocal": True, "instanceCount": 1},
        "retrySettings": {"maxRetries": 1, "timeout": "PT40S"},
        "errorThreshold": 0,
        "miniBatchSize": 5,
        "outputFileName": "p.csv",
        "name": "otherwise",
        "properties": {"experimentName": "exp"},
    }
    done = ended(stored, curl(stored, json.dumps({"properties": asked}))["id"])

    assert done["compute"] == {"instanceCount": 1}
    assert done["retrySettings"] == {"maxRetries": 1, "timeout": "PT40S"}
    assert (done["errorThreshold"], done["miniBatchSize"], done["outputFileName"]) == (0, 5, "p.csv")
    assert done["name"] == "otherwise"


def test_a_deployment_is_named_in_a_header(stored: Running) -> None:
    answer = curl(stored, json.dumps({"properties": FOLDER}), "--header", "azureml-model-deployment: green")

    assert answer["properties"]["tags"]["azureml.deploymentname"] == "green"
    assert ended(stored, answer["id"])["status"] == "Completed"


def test_the_same_request_is_the_same_job_after_a_restart_too(stored: Running) -> None:
    header = {"repeatability_request-id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
    with stored.client("invoke") as client:
        first = client.post("/endpoints/letters/jobs", json={"properties": FOLDER}, headers=header)
        again = client.post("/endpoints/letters/jobs", json={"properties": FOLDER}, headers=header)
        other = client.post(
            "/endpoints/letters/jobs", json={"properties": {**FOLDER, "miniBatchSize": 1}}, headers=header
        )
    assert first.status_code == 201
    assert again.json()["name"] == first.json()["name"]
    assert other.status_code == 409
    ended(stored, first.json()["id"])
    with serving(stored.workspace) as restarted, stored.client("invoke") as client:
        late = client.post(f"{restarted.address}/endpoints/letters/jobs", json={"properties": FOLDER}, headers=header)
    assert late.json()["name"] == first.json()["name"]


def test_a_job_is_cancelled(stored: Running) -> None:
    with stored.client("invoke") as client:
        asked = {"properties": {**FOLDER, "name": "slow", "retrySettings": {"timeout": "PT1H"}}}
        client.post("/endpoints/letters/jobs", json=asked, headers={"azureml-model-deployment": "slow"})
        for _ in range(600):
            if client.get("/endpoints/letters/jobs/slow").json()["properties"]["status"] == "Running":
                break
            time.sleep(0.1)
        answer = client.post("/endpoints/letters/jobs/slow/cancel")
        assert answer.status_code == 200, answer.text
        assert ended(stored, "slow")["status"] == "Canceled"
        assert client.post("/endpoints/letters/jobs/slow/cancel").status_code == 200


def test_the_jobs_of_an_endpoint_are_listed_newest_first(stored: Running) -> None:
    green = {"azureml-model-deployment": "green"}
    with stored.client("invoke") as client:
        for name, headers in (("older", green), ("newer", {})):
            client.post("/endpoints/letters/jobs", json={"properties": {**FOLDER, "name": name}}, headers=headers)
        found = client.get("/endpoints/letters/jobs").json()
        of_green = client.get("/endpoints/letters/deployments/green/jobs").json()
    names = [one["name"] for one in found["value"]]
    assert names[:2] == ["newer", "older"]
    assert found["nextLink"] is None
    assert {one["properties"]["tags"]["azureml.deploymentname"] for one in of_green["value"]} == {"green"}


@pytest.mark.parametrize(
    ("endpoint", "properties", "headers", "status", "said"),
    [
        ("leters", FOLDER, {}, 404, "did you mean letters?"),
        ("letters", FOLDER, {"azureml-model-deployment": "blu"}, 404, "blue"),
        ("letters", {}, {}, 400, "inputs"),
        ("letters", {**FOLDER, "miniBatchSize": 0}, {}, 400, "mini_batch_size"),
        ("letters", {**FOLDER, "maxConcurrencyPerInstance": 1e26}, {}, 400, "18 digits"),
        ("letters", {**FOLDER, "compute": {"instanceCount": 3}}, {}, 400, "max_instances"),
        ("letters", {**FOLDER, "outputFileName": "../x"}, {}, 400, "output_file_name"),
        ("letters", {**FOLDER, "name": "../x"}, {}, 400, "name"),
        ("letters", {"InputData": {"a": {"JobInputType": "Literal", "Value": 3}}}, {}, 400, "value"),
        ("letters", {"InputData": {"a": {"Uri": f"{STORE}/../../../specs.yml"}}}, {}, 400, "input"),
        ("letters", {"InputData": {"a": {"Uri": f"{STORE}/nothing"}}}, {}, 400, "nothing"),
        ("letters", {"InputData": {"a": {"Uri": "azureml:absent:1"}}}, {}, 400, "absent"),
        ("letters", {"InputData": {"a": {"Uri": f"{STORE}/\ud800"}}}, {}, 400, "\\ud800, which is half of a character"),
        ("letters", {"InputData": {"a\udfff": {"Uri": f"{STORE}/texts"}}}, {}, 400, "\\udfff"),
        ("letters", {**FOLDER, "outputFileName": "\ud800"}, {}, 400, "\\ud800"),
        ("letters", {**FOLDER, "retrySettings": {"timeout": f"PT{'9' * 400}S"}}, {}, 400, "timeout"),
    ],
)
def test_what_cannot_be_is_said_in_the_shape_of_the_service(
    stored: Running, endpoint: str, properties: Any, headers: dict[str, str], status: int, said: str
) -> None:
    with stored.client("invoke") as client:
        body = json.dumps({"properties": properties})  # with the escapes that no client of Python's would send
        answer = client.post(f"/endpoints/{endpoint}/jobs", content=body, headers=headers)
    assert (answer.status_code, set(answer.json())) == (status, {"error"}), answer.text
    assert said in answer.json()["error"]["message"]


def test_no_variable_of_the_server_is_told_to_whoever_asks(stored: Running) -> None:
    with stored.client("invoke") as client:
        asked = {"InputData": {"a": {"Uri": f"{STORE}/${{{{ env.PATH }}}}"}}}
        answer = client.post("/endpoints/letters/jobs", json={"properties": asked})
    assert answer.status_code == 400
    assert "env.PATH" in answer.text
