"""What is around the double's resources: the workspace, quotas, rights, secrets, places for uploads, wrong paths."""

import pytest

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import SUBSCRIPTION, Double
from tests.azure.double_tests.asking import BASE, ask, code
from tests.azure.double_tests.bodies import compute

REGION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/eastus2"


def test_the_workspace_leads_to_run_history_and_its_storage() -> None:
    azure = Double()
    told = ask(azure, "GET", azure.workspace).body
    assert told["location"] == "eastus2"
    assert told["properties"]["storageAccount"].endswith("/storageAccounts/account")
    assert ask(azure, "GET", told["properties"]["discoveryUrl"]).body == {"api": BASE}


def test_quotas_sizes_and_rights_are_told() -> None:
    azure = Double()
    azure.seed("computes/cpu", compute(minNodeCount=2))
    (usage,) = ask(azure, "GET", f"{REGION}/usages").body["value"]
    assert (usage["currentValue"], usage["limit"]) == (8, 8 + azure.cores_left)
    assert {each["name"] for each in ask(azure, "GET", f"{REGION}/vmSizes").body["value"]} == set(azure.vm_sizes)
    azure.denied_actions = ["Microsoft.MachineLearningServices/workspaces/batchEndpoints/write"]
    rights = ask(azure, "GET", f"{azure.workspace}/providers/Microsoft.Authorization/permissions").body["value"]
    assert rights[0]["notActions"] == azure.denied_actions


def test_every_upload_has_a_place_of_its_own() -> None:
    azure = Double()
    asked = [
        ask(azure, "POST", "codes/c/versions/1/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"})
    ]
    asked.append(ask(azure, "POST", "codes/c/versions/1/startPendingUpload", {}))
    places = [each.body["blobReferenceForConsumption"] for each in asked]
    assert len({each["blobUri"] for each in places}) == 2
    for place in places:
        assert place["blobUri"].startswith(f"{azure.blob.url}/")
        assert place["credential"]["sasUri"].startswith(place["blobUri"] + "?")
    assert "codes/c" not in azure.paths()
    assert ask(azure, "POST", "codes/c/versions/1/startPendingUpload", {"kind": "x"}).status == 400


def test_secrets_are_told_on_request_alone() -> None:
    azure = Double()
    azure.keep_blobs_at("http://127.0.0.1:9/one", "one", "a2V5")
    store = ask(azure, "GET", "datastores/workspaceblobstore").body["properties"]
    assert (store["accountName"], store["protocol"], store["endpoint"]) == ("one", "http", "127.0.0.1:9")
    assert "a2V5" not in str(store)
    assert ask(azure, "POST", "datastores/workspaceblobstore/listSecrets", {}).body["key"] == "a2V5"
    (default,) = ask(azure, "GET", "datastores", query="isDefault=true").body["value"]
    assert default["name"] == "workspaceblobstore"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.MachineLearningServices/workspaces/ws",
            404,
            "ResourceGroupNotFound",
        ),
        (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG/providers/microsoft.machinelearningservices/workspaces/other",
            404,
            "ResourceNotFound",
        ),
        ("/subscriptions/other", 404, "SubscriptionNotFound"),
        (f"/subscriptions/{SUBSCRIPTION}/nothing", 404, "InvalidResourceType"),
        ("onlineEndpoints/ep", 404, "InvalidResourceType"),
        ("models/m/versions/1", 404, "ModelNotFound"),
        ("batchEndpoints/ep/deployments/d", 404, "NoSuchEndpoint"),
        ("batchEndpoints/ep/deployments", 404, "NoSuchEndpoint"),
        (f"{REGION}/mfeOperationsStatus/be:W:OP9", 404, "NotFound"),
    ],
)
def test_what_is_not_there_is_said_in_the_service_s_words(path: str, status: int, said: str) -> None:
    answer = ask(Double(), "GET", path)
    assert (answer.status, code(answer)) == (status, said)


def test_any_well_formed_api_version_is_taken() -> None:
    azure = Double(Behaviours())
    for version, status in (("2031-01-01-preview", 200), ("latest", 400), ("", 400)):
        assert ask(azure, "GET", f"{BASE}{azure.workspace}?api-version={version}").status == status
