"""The double driven by the real azure-mgmt-resource over plain http: operations, refusals, pages, retries, cuts."""

from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import HttpRequest
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.azure.double.double import Double
from tests.azure.double.tokens import ARM, ML, Credential, token
from tests.azure.double_tests.bodies import deployment, endpoint, furnished, model

VERSION = "2024-10-01"


class Bearer(SansIOHTTPPolicy[Any, Any]):
    def __init__(self, held: str) -> None:
        self._held = held

    def on_request(self, request: Any) -> None:
        request.context.options.pop("enforce_https", None)
        request.http_request.headers["Authorization"] = "Bearer " + self._held


def client(azure: Double, held: str | None = None, **options: Any) -> Any:
    made: Any = ResourceManagementClient(
        Credential(),  # type: ignore[arg-type]
        azure.subscription_id,
        base_url=azure.base_url,
        authentication_policy=Bearer(held or token(ARM)),
        polling_interval=0,
        retry_backoff_factor=0.01,
        **options,
    )
    return made.resources


def put(azure: Double, path: str, body: dict[str, Any]) -> Any:
    return client(azure).begin_create_or_update_by_id(azure.id_of(path), body, api_version=VERSION).result().as_dict()


def get(azure: Double, path: str) -> Any:
    return client(azure).get_by_id(azure.id_of(path), api_version=VERSION).as_dict()


def codes(error: HttpResponseError) -> list[str | None]:
    """The code of an error and those of its details."""
    assert error.error is not None
    return [error.error.code, *(each.code for each in error.error.details or ())]


def test_an_endpoint_is_made_polled_read_and_deleted(azure: Double) -> None:
    made = put(azure, "batchEndpoints/ep1", endpoint())
    assert made["properties"]["scoringUri"] == f"{azure.base_url}/scoring/ep1/jobs"
    assert made["properties"]["provisioningState"] == "Succeeded"
    polls = azure.log.requests("GET", "mfeOperationsStatus")
    assert len(polls) == azure.behaviours.polls
    client(azure).begin_delete_by_id(azure.id_of("batchEndpoints/ep1"), api_version=VERSION).result()
    with pytest.raises(ResourceNotFoundError) as refused:
        get(azure, "batchEndpoints/ep1")
    assert codes(refused.value) == ["NotFound", "NoSuchEndpoint"]
    client(azure).begin_delete_by_id(azure.id_of("batchEndpoints/ep1"), api_version=VERSION).result()


def test_a_token_goes_on_without_a_second_put(azure: Double) -> None:
    poller = client(azure).begin_create_or_update_by_id(
        azure.id_of("batchEndpoints/ep1"), endpoint(), api_version=VERSION
    )
    again = client(azure).begin_create_or_update_by_id(
        azure.id_of("batchEndpoints/ep1"),
        endpoint(),
        api_version=VERSION,
        continuation_token=poller.continuation_token(),
    )
    assert again.result().as_dict()["name"] == "ep1"
    assert len(azure.log.requests("PUT")) == 1


def test_a_deployment_comes_back_otherwise_than_it_was_sent(azure: Double) -> None:
    furnished(azure)
    sent = deployment(azure, retrySettings={"maxRetries": 1, "timeout": "PT120S"}, miniBatchSize="4")
    made = put(azure, "batchEndpoints/ep1/deployments/d1", sent)["properties"]
    assert made["loggingLevel"] == "Info"
    assert made["retrySettings"] == {"maxRetries": 1, "timeout": "PT2M"}
    assert made["miniBatchSize"] == 4
    assert made["resources"] == {"instanceCount": 1, "instanceType": None, "properties": None}
    assert made["outputFileName"] == "predictions.csv"
    assert made["compute"].lower() == azure.id_of("computes/cpu").lower()
    assert made["compute"] != azure.id_of("computes/cpu")
    assert azure.log.requests("PUT")[0].body == sent


def test_a_failed_operation_is_an_error_with_the_reason(azure: Double) -> None:
    azure.fail_provisioning("batchEndpoints/ep1", "QuotaExceeded", "There are too many endpoints.")
    with pytest.raises(HttpResponseError) as failed:
        put(azure, "batchEndpoints/ep1", endpoint())
    assert codes(failed.value) == ["QuotaExceeded"]
    assert failed.value.status_code == 200
    assert get(azure, "batchEndpoints/ep1")["properties"]["provisioningState"] == "Failed"


def test_a_write_beside_a_running_operation_is_refused_until_that_has_ended(azure: Double) -> None:
    furnished(azure)
    resources = client(azure)
    first = azure.id_of("batchEndpoints/ep1/deployments/d1")
    resources.begin_create_or_update_by_id(first, deployment(azure), api_version=VERSION, polling=False)
    for _ in range(azure.behaviours.polls):
        with pytest.raises(ResourceExistsError) as busy:
            put(azure, "batchEndpoints/ep1/deployments/d2", deployment(azure))
        assert codes(busy.value) == ["Conflict"]
    assert put(azure, "batchEndpoints/ep1/deployments/d2", deployment(azure))["name"] == "d2"


def test_lists_come_in_pages(azure: Double) -> None:
    for number in range(12):
        azure.seed(f"batchEndpoints/ep{number:02d}", endpoint())
    pipeline, found, address = (
        client(azure),
        [],
        f"{azure.base_url}{azure.id_of('batchEndpoints')}?api-version={VERSION}",
    )
    while address:
        answer = pipeline._client.send_request(HttpRequest("GET", address)).json()
        found += [each["name"] for each in answer["value"]]
        assert len(answer["value"]) <= azure.behaviours.page_size
        address = answer.get("nextLink")
    assert found == [f"ep{number:02d}" for number in range(12)]


def test_an_immutable_version_is_the_same_or_refused(azure: Double) -> None:
    first = put(azure, "models/m/versions/1", model(azure))
    assert "/resourceGroups/" in first["properties"]["modelUri"]
    put(azure, "models/m/versions/1", model(azure))
    changed = model(azure)
    changed["properties"]["description"] = "other words"
    assert put(azure, "models/m/versions/1", changed)["properties"]["description"] == "other words"
    with pytest.raises(ResourceExistsError, match="Asset paths cannot be updated"):
        put(azure, "models/m/versions/1", model(azure, "LocalUpload/1/model"))
    assert [each.status for each in azure.log.requests("PUT")] == [201, 200, 200, 409]
    assert get(azure, "models/m")["properties"]["latestVersion"] == "1"


def test_throttling_is_waited_for_or_raised(azure: Double) -> None:
    azure.faults.inject(429, method="PUT", count=2, retry_after="0")
    put(azure, "batchEndpoints/ep1", endpoint())
    assert [each.status for each in azure.log.requests("PUT")] == [429, 429, 201]
    azure.log.clear()
    azure.faults.inject(503, method="GET", path="batchEndpoints/ep1", count=4)
    with pytest.raises(HttpResponseError) as refused:
        get(azure, "batchEndpoints/ep1")
    assert refused.value.status_code == 503
    assert get(azure, "batchEndpoints/ep1")["name"] == "ep1"


def test_a_request_is_cut_before_or_after_its_effect(azure: Double) -> None:
    once = client(azure, retry_total=0)
    address = azure.id_of("batchEndpoints/ep1")
    azure.faults.cut_at(1, "before")
    with pytest.raises(ServiceResponseError):
        once.begin_create_or_update_by_id(address, endpoint(), api_version=VERSION)
    assert azure.paths("batchEndpoints") == []
    azure.faults.cut_at(1, "after")
    with pytest.raises(ServiceResponseError):
        once.begin_create_or_update_by_id(address, endpoint(), api_version=VERSION)
    assert azure.paths("batchEndpoints") == ["batchEndpoints/ep1"]
    assert [each.status for each in azure.log.requests("PUT")] == [0, 0]


def test_a_stopped_server_starts_again_with_what_it_had(azure: Double) -> None:
    resources = client(azure, retry_total=0)
    azure.faults.cut_at(1, "after", azure.server.stop)
    with pytest.raises(ServiceResponseError):
        resources.begin_create_or_update_by_id(azure.id_of("batchEndpoints/ep1"), endpoint(), api_version=VERSION)
    with pytest.raises(ServiceRequestError):
        resources.get_by_id(azure.id_of("batchEndpoints/ep1"), api_version=VERSION)
    azure.server.start()
    assert get(azure, "batchEndpoints/ep1")["name"] == "ep1"


def test_a_token_for_another_audience_is_refused(azure: Double) -> None:
    for held in (token(ML), token(ARM, expires_in=-1), "nonsense"):
        with pytest.raises(ClientAuthenticationError):
            client(azure, held).get_by_id(azure.id_of("batchEndpoints/ep1"), api_version=VERSION)
    assert [each.status for each in azure.log.requests()] == [401] * 3
