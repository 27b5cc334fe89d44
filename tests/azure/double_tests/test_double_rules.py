"""What the double takes and refuses over time: what is new, what is gone, what is in use, many at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double_tests.asking import ask, made
from tests.azure.double_tests.bodies import compute, deployment, endpoint, furnished, model

D1 = "batchEndpoints/ep1/deployments/d1"


@pytest.mark.parametrize("reads", [0, 2])
def test_what_is_new_is_not_to_be_seen_for_a_while(reads: int) -> None:
    azure = furnished(Double(Behaviours(unseen_references=2, unseen_reads=reads)))
    ask(azure, "PUT", "models/n/versions/1", model(azure))
    assert [ask(azure, "GET", "models/n/versions/1").status for _ in range(3)] == [404] * reads + [200] * (3 - reads)
    sent = deployment(azure, model={"referenceType": "Id", "assetId": azure.id_of("models/n/versions/1")})
    assert [ask(azure, "PUT", D1, sent).status for _ in range(3)] == [400, 400, 201]


def test_a_name_of_the_region_is_taken() -> None:
    azure = Double(Behaviours(taken_names={"ep"}))
    refused = ask(azure, "PUT", "batchEndpoints/EP", endpoint())
    assert (refused.status, "is not available" in refused.body["error"]["message"]) == (400, True)


def test_what_is_gone_takes_what_is_below_it_and_its_name_is_free() -> None:
    azure = furnished(Double(Behaviours(polls=0)))
    azure.seed(D1, deployment(azure))
    assert ask(azure, "DELETE", "batchEndpoints/ep1").status == 202
    assert azure.paths("batchEndpoints", "batchEndpoints/deployments") == []
    assert ask(azure, "DELETE", "batchEndpoints/ep1").status == 204
    assert ask(azure, "DELETE", "models/m/versions/1").status == 200
    assert "models/m" not in azure.paths()
    assert ask(azure, "PUT", "batchEndpoints/ep1", endpoint()).status == 201


def test_the_default_is_let_go_before_it_is_deleted() -> None:
    azure = furnished(Double(Behaviours(polls=0)))
    made(azure, D1, deployment(azure))
    made(azure, "batchEndpoints/ep1", endpoint(defaults={"deploymentName": "d1"}))
    assert ask(azure, "DELETE", D1).status == 409
    made(azure, "batchEndpoints/ep1", endpoint())
    assert ask(azure, "DELETE", D1).status == 202


def test_the_newest_version_is_asked_for_first() -> None:
    azure = Double(Behaviours(page_size=1))
    for number in ("1", "2", "3"):
        made(azure, f"models/m/versions/{number}", model(azure, number))
    newest = ask(azure, "GET", "models/m/versions", query="$orderBy=createdtime%20desc&$top=1")
    assert [each["name"] for each in newest.body["value"]] == ["3"]
    assert ask(azure, "GET", "models/m").body["properties"]["nextVersion"] == "4"


def test_a_failed_cluster_says_why_and_is_mended_by_another_put() -> None:
    azure = Double()
    azure.fail_provisioning("computes/cpu", "ClusterCoreQuotaReached", "no cores are left")
    failed = made(azure, "computes/cpu", compute())["properties"]
    assert failed["provisioningState"] == "Failed"
    assert failed["provisioningErrors"][0]["error"]["code"] == "ClusterCoreQuotaReached"
    mended = made(azure, "computes/cpu", compute())["properties"]
    assert (mended["provisioningState"], mended["provisioningErrors"]) == ("Succeeded", None)


def test_many_clients_at_once_find_it_consistent(azure: Double) -> None:
    azure.behaviours.page_size = 50

    def life(number: int) -> list[int]:
        path = f"batchEndpoints/ep{number}"
        made(azure, path, endpoint())
        return [
            ask(azure, "PUT", path, endpoint(description="again")).status,
            ask(azure, "PUT", path, endpoint()).status,
        ]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(life, range(32))) == [[200, 409]] * 32
    assert len(ask(azure, "GET", "batchEndpoints").body["value"]) == 32
    assert len(azure.store.operations) == 64


def test_who_has_no_right_is_told_which(azure: Double) -> None:
    azure.denied_actions = [
        "Microsoft.MachineLearningServices/workspaces/batchEndpoints/*/write",
        "*/listSecrets/action",
    ]
    furnished(azure)
    refused = ask(azure, "PUT", D1, deployment(azure))
    needed = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments/write"
    assert (refused.status, needed in refused.body["error"]["message"]) == (403, True)
    assert ask(azure, "POST", "datastores/workspaceblobstore/listSecrets", {}).status == 403
    assert ask(azure, "PUT", "batchEndpoints/ep1", endpoint()).status == 200


def test_no_write_is_taken_when_none_is_left() -> None:
    azure = Double(Behaviours(writes_left=1))
    first, second = (ask(azure, "PUT", f"batchEndpoints/ep{number}", endpoint()) for number in range(2))
    assert first.headers["x-ms-ratelimit-remaining-subscription-writes"] == "0"
    assert (second.status, second.headers["Retry-After"]) == (429, "1")
    assert ask(azure, "GET", "batchEndpoints/ep0").status == 200


def test_numbers_and_booleans_become_text_where_that_is_asked_for() -> None:
    azure = Double()
    body = {"properties": {"codeUri": "https://c", "properties": {"hash_version": 202208, "is_small": False}}}
    assert ask(azure, "PUT", "codes/c/versions/1", body).status == 400
    azure.behaviours.lenient_text = True
    answered = made(azure, "codes/c/versions/1", body)["properties"]["properties"]
    assert answered == {"hash_version": "202208", "is_small": "false"}
