"""What Azure Resource Manager's routes answer: every kind in the published shape, versions, pages, refusals."""

import json

import httpx
import pytest

from tests.azure.facts import Types
from tests.azure.judge import Judge
from tests.server.control_plane.asking import BELOW, VERSION, WORKSPACE, Asking
from tests.server.control_plane.conftest import SECRETS
from tests.server.serving import Running

COLLECTIONS = ("batchEndpoints", "computes", "datastores", "models", "environments", "data", "components")
VERSIONED = ("models", "environments", "data", "components")


def test_every_object_is_as_the_published_types_have_it(served: Running) -> None:
    asking, judge = Asking(served), Judge(Types())
    found = 0
    for collection in COLLECTIONS:
        for one in asking.get(f"/{collection}")["value"]:
            assert judge.answer(collection, one) == []
            assert asking.get(f"/{collection}/{one['name']}") == one
            below = f"/{collection}/{one['name']}/versions"
            for version in asking.get(below)["value"] if collection in VERSIONED else ():
                assert judge.answer(f"{collection}/versions", version) == []
                assert asking.get(f"{below}/{version['name']}") == version
                found += 1
    for one in asking.get("/batchEndpoints/letters/deployments")["value"]:
        assert judge.answer("batchEndpoints/deployments", one) == []
        assert asking.get(f"/batchEndpoints/letters/deployments/{one['name']}") == one
    assert found == 6


def test_an_endpoint_says_where_its_jobs_are_sent_and_who_runs_them(served: Running) -> None:
    told = Asking(served).get("/batchEndpoints/letters")
    assert told["id"] == f"{WORKSPACE}/batchEndpoints/letters"
    assert told["properties"]["scoringUri"] == f"{served.address}/endpoints/letters/jobs"
    assert told["properties"]["defaults"] == {"deploymentName": "blue"}
    assert told["properties"]["provisioningState"] == "Succeeded"
    assert told["systemData"]["lastModifiedBy"] == "bep"


def test_no_secret_is_in_any_answer(served: Running) -> None:
    asking = Asking(served)
    told = asking.get("/batchEndpoints/letters/deployments/green")
    assert told["properties"]["environmentVariables"] == {"PLAIN": "seen", "TOKEN": "********"}
    every = [asking.answer("GET", f"/{collection}").text for collection in COLLECTIONS]
    every += [asking.answer("GET", "/datastores/elsewhere").text, json.dumps(told)]
    for text in every:
        assert not any(secret in text for secret in SECRETS.values())
        assert "x-bep-sealed" not in text


def test_a_name_says_which_of_its_versions_is_the_latest(served: Running) -> None:
    asking = Asking(served)
    versions = [one["name"] for one in asking.get("/data/words/versions")["value"]]
    backwards = asking.get("/data/words/versions", **{"$orderBy": "createdtime desc", "$top": "1"})
    assert sorted(versions) == ["1", "2"]
    assert asking.get("/data/words")["properties"]["latestVersion"] == versions[-1]
    assert asking.get("/data/words")["properties"]["nextVersion"] == "3"
    assert [one["name"] for one in backwards["value"]] == [versions[-1]]
    assert asking.get("/data/words/labels/latest")["name"] == versions[-1]


def test_lists_are_paged(served: Running) -> None:
    asking = Asking(served)
    page = asking.get("/datastores", count="2")
    rest = asking.client.get(page["nextLink"]).json()
    names = [one["name"] for one in page["value"] + rest["value"]]
    assert sorted(names) == ["elsewhere", "shelf", "workspaceblobstore"]
    assert rest["nextLink"] is None
    default = asking.get("/datastores", isDefault="true", count="30", orderByAsc="false")
    assert [one["name"] for one in default["value"]] == ["workspaceblobstore"]


@pytest.mark.parametrize("size", ["-1", "many", "9" * 40, "\u0661"])
def test_a_page_that_no_link_gave_is_refused(served: Running, size: str) -> None:
    assert Asking(served).refusal("GET", "/computes", params={"$skiptoken": size})[:2] == (400, "InvalidRequest")


def test_paths_are_the_same_in_any_casing(served: Running) -> None:
    client, as_asked = Asking(served).client, f"{WORKSPACE}/batchEndpoints/letters/deployments/blue"
    again = client.get(as_asked.lower().replace("letters", "LETTERS"), params=VERSION)
    assert again.status_code == 200
    assert again.json()["properties"] == client.get(as_asked, params=VERSION).json()["properties"] | {
        name: again.json()["properties"][name] for name in ("model", "compute", "environmentId", "codeConfiguration")
    }


def test_the_one_workspace_is_listed(served: Running) -> None:
    client, above = Asking(served).client, WORKSPACE.rpartition("/")[0]
    subscription = above.partition("/resourceGroups/")[0]
    for place in (above, f"{subscription}/providers/Microsoft.MachineLearningServices/workspaces"):
        [told] = client.get(place, params=VERSION).json()["value"]
        assert told["name"] == "letters"
        assert client.get(told["id"], params=VERSION).json()["id"] == told["id"]


def test_another_workspace_is_not_here(served: Running) -> None:
    client = Asking(served).client
    answer = client.get(BELOW.format("any", "group", "others"), params=VERSION)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "ResourceNotFound"
    assert "letters" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", "MissingApiVersionParameter"),
        ("yesterday", "InvalidApiVersionParameter"),
        ("2024-13-01", "InvalidApiVersionParameter"),
        ("2024-10-01-preview/../x", "InvalidApiVersionParameter"),
        ("2024-10-01-preview", ""),
        ("2020-09-01-dataplanepreview", ""),
        ("2031-01-01", ""),
    ],
)
def test_any_api_version_that_is_well_formed_is_taken(served: Running, said: str, code: str) -> None:
    answer = Asking(served).client.get(f"{WORKSPACE}/computes", params={"api-version": said} if said else {})
    assert answer.status_code == (400 if code else 200)
    assert answer.json().get("error", {}).get("code", "") == code


def test_what_is_not_there_is_told_with_the_nearest_name(served: Running) -> None:
    asking = Asking(served)
    status, code, message = asking.refusal("GET", "/computes/cpu-clust")
    assert (status, code) == (404, "NotFound")
    assert "Did you mean 'cpu-cluster'?" in message
    assert asking.refusal("GET", "/batchEndpoints/leters/deployments")[0] == 404
    assert asking.refusal("GET", "/batchEndpoints/letters/deployments/bleu")[0] == 404
    assert asking.refusal("GET", "/models/alphabet/versions/2")[0] == 404
    assert asking.refusal("GET", "/blurbs")[:2] == (404, "InvalidResourceType")
    assert asking.refusal("GET", "/computes/cpu-cluster/versions")[:2] == (404, "InvalidResourceType")


def test_what_is_not_done_here_names_what_does_it(served: Running) -> None:
    asking = Asking(served)
    status, _, message = asking.refusal("PUT", "/jobs/one", json={})
    assert status == 405
    assert "bep run" in message
    assert asking.refusal("POST", "/onlineEndpoints/x/score", json={})[0] == 501
    assert "bep.yml" in asking.refusal("PATCH", "", json={})[2]


def test_jobs_are_listed_looked_at_and_cancelled(served: Running) -> None:
    served.workspace.bep("run", "job.yml", "--name", "first")
    asking, judge = Asking(served), Judge(Types())
    [told] = asking.get("/jobs", listViewType="ActiveOnly")["value"]
    assert judge.answer("jobs", told) == []
    assert asking.get("/jobs/first") == told
    assert told["properties"]["status"] == "Completed"
    assert told["properties"]["tags"]["azureml.deploymentname"] == "blue"
    assert asking.get("/jobs", listViewType="ArchivedOnly")["value"] == []
    assert asking.answer("POST", "/jobs/first/cancel").status_code == 200
    assert asking.get("/jobs/first")["properties"]["status"] == "Completed"
    assert asking.refusal("GET", "/jobs/fir")[0] == 404


def test_who_may_start_jobs_sees_what_that_takes_and_no_more(served: Running) -> None:
    asking = Asking(served, "invoke")
    for below in ("", "/batchEndpoints/letters", "/batchEndpoints/letters/deployments", "/datastores", "/jobs"):
        asking.get(below)
    assert asking.refusal("GET", "/computes")[:2] == (403, "Forbidden")
    nobody = httpx.get(served.address + WORKSPACE, params=VERSION)
    assert nobody.status_code == 401
