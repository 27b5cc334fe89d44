"""Each habit of the double makes a difference that can be seen: with all others as they are, on and off."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.azure.double.behaviours import RECORDED, Behaviours
from tests.azure.double.double import Double
from tests.azure.double_tests.asking import BASE, ask, code, made
from tests.azure.double_tests.bodies import compute, deployment, endpoint, environment, furnished, model

Document = dict[str, Any]
D1 = "batchEndpoints/ep1/deployments/d1"


def endpoint_of(azure: Double, **properties: Any) -> Document:
    """What is answered about an endpoint."""
    return dict(made(azure, "batchEndpoints/ep", endpoint(**properties)))


def deployment_of(azure: Double, **properties: Any) -> Document:
    """The properties answered of a deployment."""
    return dict(made(azure, D1, deployment(azure, **properties))["properties"])


def compute_of(azure: Double) -> Document:
    """The inner properties answered of a cluster."""
    return dict(made(azure, "computes/two", compute())["properties"]["properties"])


def first(azure: Double, path: str, body: Document) -> Document:
    """The properties in the answer to a PUT, before its operation has ended."""
    return dict(ask(azure, "PUT", path, body).body["properties"])


def busy(azure: Double, method: str = "PUT") -> int:
    """The status of a write beside another one."""
    ask(azure, "PUT", D1, deployment(azure))
    return ask(azure, method, "batchEndpoints/ep1/deployments/d2", deployment(azure)).status


def listed(azure: Double) -> Document:
    """The status of an operation that runs."""
    put = ask(azure, "PUT", "batchEndpoints/ep", endpoint())
    return dict(ask(azure, "GET", put.headers["Azure-AsyncOperation"]).body)


def again(azure: Double, folder: str) -> int:
    """The status of a second PUT of a model's version."""
    made(azure, "models/n/versions/1", model(azure))
    return ask(azure, "PUT", "models/n/versions/1", model(azure, folder)).status


def removed(azure: Double, path: str) -> int:
    """The status of a DELETE, where a deployment is."""
    azure.seed(D1, deployment(azure))
    return ask(azure, "DELETE", path).status


def component(azure: Double) -> Document:
    """The spec answered of a component."""
    return dict(
        made(azure, "components/p/versions/1", {"properties": {"componentSpec": {"jobs": {}}}})["properties"][
            "componentSpec"
        ]
    )


def with_properties(azure: Double) -> Document:
    """The endpoint's own properties, after one was altered and one was left out."""
    made(azure, "batchEndpoints/ep", endpoint(properties={"a": "1", "b": "2"}))
    azure.behaviours.service_properties = False
    return dict(made(azure, "batchEndpoints/ep", endpoint(properties={"a": "3", "c": "4"}))["properties"]["properties"])


def casing(azure: Double) -> str:
    """An id that a deployment refers to."""
    return str(deployment_of(azure)["compute"]).removeprefix(f"/subscriptions/{azure.subscription_id}/")[:14]


def secret(azure: Double) -> list[str]:
    """The members answered of a datastore's credentials."""
    secrets = {"secretsType": "AccountKey", "key": "k"}
    properties = {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "AccountKey", "secrets": secrets}}
    made(azure, "datastores/own", {"properties": {**properties, "accountName": "a", "containerName": "c"}})
    return sorted(ask(azure, "GET", "datastores/own").body["properties"]["credentials"])


def located(azure: Double) -> str:
    """The region answered of an endpoint."""
    return str(made(azure, "batchEndpoints/ep", {**endpoint(), "location": "East US 2"})["location"])


def put_status(path: str, body: Callable[[Double], Document]) -> Callable[[Double], int]:
    """The status of a PUT."""
    return lambda azure: ask(azure, "PUT", path, body(azure)).status


SEEN: dict[str, tuple[Callable[[Double], object], object, object]] = {
    "words_in_published_casing": (lambda azure: endpoint_of(azure)["properties"]["authMode"], "AADToken", "aadToken"),
    "vm_size_upper_case": (lambda azure: compute_of(azure)["vmSize"], "STANDARD_DS3_V2", "Standard_DS3_v2"),
    "uri_casing": (
        lambda azure: "/resourceGroups/" in made(azure, "models/n/versions/1", model(azure))["properties"]["modelUri"],
        True,
        False,
    ),
    "reference_casing": (casing, "resourcegroups", "resourceGroups"),
    "conda_as_json": (
        lambda azure: made(azure, "environments/n/versions/1", environment())["properties"]["condaFile"][0],
        "{",
        "n",
    ),
    "service_properties": (
        lambda azure: sorted(endpoint_of(azure, properties={"a": "b"})["properties"]["properties"]),
        ["AzureAsyncOperationUri", "BatchEndpointCreationApiVersion", "a", "azureml.onlineendpointid"],
        ["a"],
    ),
    "unsent_members": (lambda azure: endpoint_of(azure).get("tags", "absent"), {}, "absent"),
    "empty_becomes_null": (lambda azure: deployment_of(azure)["resources"]["properties"], None, {}),
    "late_scoring_uri": (
        lambda azure: first(azure, "batchEndpoints/ep", endpoint())["scoringUri"],
        None,
        f"{BASE}/scoring/ep/jobs",
    ),
    "updating_on_create": (
        lambda azure: first(azure, D1, deployment(azure))["provisioningState"],
        "Updating",
        "Creating",
    ),
    "durations_respelled": (
        lambda azure: compute_of(azure)["scaleSettings"]["nodeIdleTimeBeforeScaleDown"],
        "PT2M",
        "PT120S",
    ),
    "numbers_from_text": (put_status(D1, lambda azure: deployment(azure, miniBatchSize="4")), 201, 400),
    "component_filled": (
        lambda azure: sorted(component(azure)),
        ["is_deterministic", "jobs", "name", "version"],
        ["jobs"],
    ),
    "location_folded": (located, "eastus2", "East US 2"),
    "secrets_hidden": (secret, ["credentialsType"], ["credentialsType", "secrets"]),
    "updating_as_status": (lambda azure: listed(azure)["status"], "Updating", "InProgress"),
    "no_retry_after": (
        lambda azure: "Retry-After" in ask(azure, "PUT", "batchEndpoints/ep", endpoint()).headers,
        False,
        True,
    ),
    "null_after_delete": (lambda azure: ask(azure, "DELETE", "batchEndpoints/ep1").content(), b"null", b""),
    "details_of_not_found": (lambda azure: code(ask(azure, "GET", "batchEndpoints/no")), "NoSuchEndpoint", "NotFound"),
    "busy": (busy, 409, 201),
    "immutable_versions": (lambda azure: again(azure, "other"), 409, 200),
    "kept_properties": (with_properties, {"a": "1", "b": "2", "c": "4"}, {"a": "3", "c": "4"}),
    "unknown_references": (
        put_status(D1, lambda azure: deployment(azure, environmentId=azure.id_of("environments/no/versions/1"))),
        400,
        201,
    ),
    "guarded_dependents": (lambda azure: removed(azure, "models/m/versions/1"), 409, 200),
    "default_must_exist": (
        put_status("batchEndpoints/ep1", lambda _: endpoint(defaults={"deploymentName": "no"})),
        400,
        200,
    ),
    "underlying_action": (lambda azure: ask(azure, "DELETE", "computes/cpu").status, 400, 202),
    "endpoint_takes_deployments": (lambda azure: removed(azure, "batchEndpoints/ep1"), 202, 409),
    "published_types": (put_status(D1, lambda azure: deployment(azure, mini_batch_size=1)), 400, 201),
    "listed_words_alone": (put_status(D1, lambda azure: deployment(azure, loggingLevel="loud")), 400, 201),
    "published_patch": (
        lambda azure: ask(azure, "PATCH", "batchEndpoints/ep1", {"properties": {"description": "d"}}).status,
        400,
        200,
    ),
    "filled_tags": (put_status("batchEndpoints/ep", lambda _: {**endpoint(), "tags": {"a": ""}}), 400, 201),
    "authenticated": (
        lambda azure: ask(azure, "GET", "batchEndpoints/ep1", headers={"Authorization": "none"}).status,
        401,
        200,
    ),
    "quota_headers": (
        lambda azure: ask(azure, "PUT", D1, deployment(azure)).headers.get(
            "x-ms-ratelimit-remaining-subscription-resource-requests"
        ),
        "24",
        None,
    ),
}


def test_every_switch_is_tried() -> None:
    assert sorted(SEEN) == sorted(Behaviours.switches())
    assert set(SEEN) >= RECORDED


@pytest.mark.parametrize("name", SEEN)
def test_a_habit_is_seen_and_its_switch_ends_it(name: str) -> None:
    seen, on, off = SEEN[name]
    assert {name: seen(furnished(Double()))} == {name: on}
    without = furnished(Double())
    setattr(without.behaviours, name, False)
    assert {name: seen(without)} == {name: off}


ECHOED = set(SEEN) - {"numbers_from_text", "listed_words_alone", "endpoint_takes_deployments", "updating_on_create"}
"""All but those that are a habit only beside another one."""


@pytest.mark.parametrize("name", sorted(ECHOED))
def test_a_habit_alone_is_the_same(name: str) -> None:
    seen, on, _ = SEEN[name]
    plain = furnished(Double(Behaviours.only(name, "endpoint_takes_deployments")))
    assert {name: seen(plain)} == {name: on}


def test_a_plain_server_echoes() -> None:
    plain = furnished(Double(Behaviours.plain(endpoint_takes_deployments=True)))
    sent = deployment(plain)
    answered = made(plain, D1, sent)
    assert {**answered["properties"], "provisioningState": "gone"} == {
        **sent["properties"],
        "provisioningState": "gone",
    }
    assert made(plain, "computes/two", compute())["properties"]["properties"] == compute()["properties"]["properties"]
