"""What clients ask to follow a job and to fetch its output: discovery, run history, the data of runs."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from bep.app.errors import Refused
from bep.app.jobs.following import job_here
from tests.bep.conftest import Workspace, write
from tests.server.serving import Running, serving

WS = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.MachineLearningServices/workspaces/letters"
HISTORY = f"/history/v1.0{WS}"
DATA = f"/data/v1.0{WS}/dataversion/batchGetResolvedUris"
FAILING = {
    "code/score.py": "def init():\n    print('ready')\n\ndef run(mini_batch):\n    raise ValueError('no letters')\n"
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, applied_once: Path) -> Iterator[Running]:
    """A server over a workspace with a job that is complete, one that failed, and one that wrote to a folder."""
    import shutil

    folder = tmp_path_factory.mktemp("known")
    shutil.copytree(applied_once, folder, dirs_exist_ok=True)
    workspace = Workspace(folder)
    workspace.bep("run", "job.yml", "--name", "good")
    workspace.bep("run", "job.yml", "--name", "aside", "--output-path", "results")
    write(folder, FAILING)
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "bad", expect=1)
    with serving(workspace) as found:
        yield found


@pytest.fixture
def client(known: Running) -> Iterator[httpx.Client]:
    """Who starts jobs and follows them."""
    with known.client("invoke") as found:
        yield found


def test_a_job_is_a_run_with_one_step_whose_output_is_the_jobs(known: Running, client: httpx.Client) -> None:
    children = client.get(f"{HISTORY}/runs/good/children").json()["value"]
    assert [child["properties"]["azureml.moduleName"] for child in children] == ["batchscoring"]
    step = children[0]["runId"]
    assert client.get(f"{HISTORY}/runs/{step}/children").json()["value"] == []

    data = client.post(f"{HISTORY}/rundata", json={"runId": step, "selectRunMetadata": True}).json()
    asset = data["runMetadata"]["outputs"]["score"]["assetId"]
    found = client.post(DATA, json={"values": [asset]}).json()["values"]

    place = "azureml://subscriptions/S/resourcegroups/RG/workspaces/letters/datastores/workspaceblobstore"
    assert found == {asset: {"uri": f"{place}/paths/azureml/good/score/", "type": "uri_folder"}}


def test_each_run_says_how_it_went(client: httpx.Client) -> None:
    good, bad = (client.get(f"{HISTORY}/runs/{name}/details").json() for name in ("good", "bad"))

    assert (good["status"], good["error"]) == ("Completed", None)
    assert good["createdTimeUtc"] <= good["startTimeUtc"] <= good["endTimeUtc"]
    assert good["tags"]["azureml.batchrun"] == "true"
    assert bad["status"] == "Failed"
    assert "ValueError: no letters" in bad["error"]["error"]["message"], bad["error"]


def test_logs_are_opened_by_the_addresses_that_were_given(known: Running, client: httpx.Client) -> None:
    logs = client.get(f"{HISTORY}/runs/bad/details").json()["logFiles"]
    streamed = httpx.get(logs["user_logs/std_log.txt"])

    assert "ready" in streamed.text
    assert "ValueError: no letters" in streamed.text
    assert streamed.headers["content-type"] == "text/plain; charset=utf-8"
    assert " of 5 items" in httpx.get(logs["logs/azureml/executionlogs.txt"]).text  # how far it was, it gave up
    own = next(url for name, url in logs.items() if name.startswith("logs/user/stdout/"))
    assert httpx.get(own).text == "ready\n"


def test_an_address_of_logs_opens_those_of_one_job(known: Running, client: httpx.Client) -> None:
    logs = client.get(f"{HISTORY}/runs/bad/details").json()["logFiles"]
    url = logs["user_logs/std_log.txt"]

    assert httpx.get(url.replace("/runs/bad/", "/runs/good/")).status_code == 403
    assert httpx.get(url[:-6]).status_code == 403
    assert httpx.get(url.partition("?")[0]).status_code == 401


def test_no_name_of_a_log_leads_out_of_them(known: Running, client: httpx.Client) -> None:
    for name in ("logs/..%2f..%2fjob.json", "..%2fjob.json", "logs/%2fetc%2fpasswd", "job.json", "logs/", "logs/a%00"):
        answer = client.get(f"{HISTORY}/runs/good/logs/{name}")
        assert answer.status_code == 404, name
        assert answer.json()["error"]["code"] == "NotFound"


def test_what_is_not_there_is_told(client: httpx.Client) -> None:
    asset = "azureml://locations/local/workspaces/letters/data/azureml_aside~batchscoring_output_data_score/versions/1"
    for asked in ("none", "goo", "bad~other", "none~batchscoring"):
        for what in ("", "/details", "/children"):
            assert client.get(f"{HISTORY}/runs/{asked}{what}").status_code == 404
    assert client.get(f"{HISTORY.replace('letters', 'other')}/runs/good").status_code == 404
    assert client.post(DATA, json={"values": ["azureml:letters:1"]}).status_code == 404
    aside = client.post(DATA, json={"values": [asset]})
    assert aside.status_code == 400
    assert "results" in aside.json()["error"]["message"]


def test_jobs_of_an_endpoint_and_of_a_deployment_are_listed(client: httpx.Client) -> None:
    listed = f"/mferp/managementfrontend{WS}/batchEndpoints/letters"
    for path in (f"{listed}/jobs", f"{listed}/deployments/blue/jobs"):
        found = client.get(path, params={"api-version": "2020-09-01-dataplanepreview"}).json()
        assert [one["name"] for one in found["value"]] == ["bad", "aside", "good"]
        assert found["value"][0]["id"].startswith(f"{WS}/batchEndpoints/letters/jobs/")
        good, aside = found["value"][2]["properties"], found["value"][1]["properties"]
        place = "azureml://datastores/workspaceblobstore/paths/azureml/good/score"
        assert good["outputData"]["score"]["uri"] == place
        assert good["output"]["path"] == "azureml/good/score"
        assert aside["output"] is None
    assert client.get(listed.replace("Endpoints/letters", "Endpoints/none") + "/jobs").status_code == 404


def test_everything_needs_a_token(known: Running) -> None:
    with httpx.Client(base_url=known.address) as nobody:
        for path in (
            "/discovery",
            f"{HISTORY}/runs/good",
            f"{HISTORY}/runs/good/details",
            f"{HISTORY}/runs/good/children",
        ):
            assert nobody.get(path).status_code == 401
        assert nobody.post(f"{HISTORY}/rundata", json={"runId": "good"}).status_code == 401
        assert nobody.post(DATA, json={"values": []}).status_code == 401


def test_discovery_tells_the_address_of_this_server(known: Running, client: httpx.Client) -> None:
    assert client.get("/discovery").json()["api"] == known.address


def test_jobs_that_a_service_runs_are_not_followed_here() -> None:
    elsewhere: Any = SimpleNamespace(world=SimpleNamespace(jobs=object()))

    with pytest.raises(Refused, match="ask it for good"):
        job_here(elsewhere, "good")
