"""What the published types take and refuse, by the double's own judge."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.azure.double.double import Double
from tests.azure.double_tests.bodies import code, compute, deployment, endpoint, environment, model
from tests.azure.facts import Types
from tests.azure.judge import Judge

Document = dict[str, Any]
JUDGE = Judge(Types())
AZURE = Double()

PIPELINE = {
    "deploymentConfigurationType": "PipelineComponent",
    "componentId": {"referenceType": "Id", "assetId": AZURE.id_of("components/p/versions/1")},
    "settings": {"default_compute": "cpu"},
}
STORE = {
    "properties": {
        "datastoreType": "AzureBlob",
        "accountName": "a",
        "containerName": "c",
        "credentials": {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": "k"}},
    }
}
TAKEN: dict[str, tuple[str, Document]] = {
    "endpoint": ("batchEndpoints", endpoint(defaults={"deploymentName": "d"})),
    "deployment": ("batchEndpoints/deployments", deployment(AZURE)),
    "text for a number": ("batchEndpoints/deployments", deployment(AZURE, miniBatchSize="4")),
    "null for what is optional": ("batchEndpoints/deployments", deployment(AZURE, description=None)),
    "any value of a resource": (
        "batchEndpoints/deployments",
        deployment(AZURE, resources={"properties": {"a": {"b": None}}}),
    ),
    "pipeline": ("batchEndpoints/deployments", {"location": "x", "properties": {"deploymentConfiguration": PIPELINE}}),
    "compute": ("computes", compute()),
    "another sort of compute": ("computes", {"properties": {"computeType": "kubernetes", "namespace": "n"}}),
    "environment": ("environments/versions", environment()),
    "model": ("models/versions", model(AZURE)),
    "code": ("codes/versions", code(AZURE)),
    "data": ("data/versions", {"properties": {"dataType": "uri_folder", "dataUri": "azureml://d"}}),
    "component": ("components/versions", {"properties": {"componentSpec": {"jobs": {"a": [1, None]}}}}),
    "datastore": ("datastores", STORE),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_right_is_taken(name: str) -> None:
    assert JUDGE.request(*TAKEN[name]) == []


def _set(path: str, value: object) -> Callable[[Document], None]:
    def change(body: Document) -> None:
        *above, last = path.split(".")
        for name in above:
            body = body[name]
        body[last] = value

    return change


def _drop(path: str) -> Callable[[Document], None]:
    def change(body: Document) -> None:
        *above, last = path.split(".")
        for name in above:
            body = body[name]
        del body[last]

    return change


REFUSED: list[tuple[str, Callable[[Document], None], str]] = [
    ("endpoint", _drop("location"), "$.location"),
    ("endpoint", _drop("properties"), "$.properties"),
    ("endpoint", _set("location", None), "$.location"),
    ("endpoint", _drop("properties.authMode"), "$.properties.authMode"),
    ("endpoint", _set("properties.authMode", "password"), "$.properties.authMode"),
    ("endpoint", _set("properties.scoringUri", "https://x"), "$.properties.scoringUri"),
    ("endpoint", _set("properties.provisioningState", "Succeeded"), "$.properties.provisioningState"),
    ("endpoint", _set("properties.traffic", {"d": 100}), "$.properties.traffic"),
    ("endpoint", _set("properties.defaults", "d"), "$.properties.defaults"),
    ("endpoint", _set("tags", {"a": None}), "$.tags.a"),
    ("endpoint", _set("tags", {"a": 1}), "$.tags.a"),
    ("endpoint", _set("tags", ["a"]), "$.tags"),
    ("endpoint", _set("id", "/x"), "$.id"),
    ("endpoint", _set("identity", {}), "$.identity.type"),
    ("endpoint", _set("sku", {"tier": "Free"}), "$.sku.name"),
    ("endpoint", _set("sku", {"name": "s", "capacity": True}), "$.sku.capacity"),
    ("deployment", _set("properties.miniBatchSize", 1.5), "$.properties.miniBatchSize"),
    ("deployment", _set("properties.miniBatchSize", "many"), "$.properties.miniBatchSize"),
    ("deployment", _set("properties.mini_batch_size", 1), "$.properties.mini_batch_size"),
    ("deployment", _set("properties.loggingLevel", "loud"), "$.properties.loggingLevel"),
    ("deployment", _set("properties.compute", {"target": "cpu"}), "$.properties.compute"),
    ("deployment", _drop("properties.codeConfiguration.scoringScript"), "$.properties.codeConfiguration.scoringScript"),
    (
        "deployment",
        _set("properties.codeConfiguration.scoringScript", "-"),
        "$.properties.codeConfiguration.scoringScript",
    ),
    ("deployment", _drop("properties.model.referenceType"), "$.properties.model.referenceType"),
    ("deployment", _set("properties.model.referenceType", "Name"), "$.properties.model.referenceType"),
    ("deployment", _set("properties.model.datastoreId", "x"), "$.properties.model.datastoreId"),
    ("deployment", _set("properties.environmentVariables", {"A": 1}), "$.properties.environmentVariables.A"),
    (
        "pipeline",
        _set("properties.deploymentConfiguration.settings", {"force_rerun": True}),
        "$.properties.deploymentConfiguration.settings.force_rerun",
    ),
    (
        "pipeline",
        _set("properties.deploymentConfiguration.deploymentConfigurationType", "Model"),
        "$.properties.deploymentConfiguration.deploymentConfigurationType",
    ),
    ("compute", _set("properties.computeType", "Mainframe"), "$.properties.computeType"),
    (
        "compute",
        _drop("properties.properties.scaleSettings.maxNodeCount"),
        "$.properties.properties.scaleSettings.maxNodeCount",
    ),
    ("compute", _set("properties.properties.enableNodePublicIp", "yes"), "$.properties.properties.enableNodePublicIp"),
    ("data", _set("properties.dataUri", ""), "$.properties.dataUri"),
    ("data", _drop("properties.dataType"), "$.properties.dataType"),
    ("datastore", _drop("properties.credentials.secrets"), "$.properties.credentials.secrets"),
    ("model", _set("properties.flavors", {"sklearn": "x"}), "$.properties.flavors.sklearn"),
]


@pytest.mark.parametrize(("name", "change", "where"), REFUSED, ids=[f"{name} {where}" for name, _, where in REFUSED])
def test_what_is_wrong_is_refused_where_it_is(name: str, change: Callable[[Document], None], where: str) -> None:
    kind, body = TAKEN[name]
    broken = copy.deepcopy(body)
    change(broken)
    assert [fault.where for fault in JUDGE.request(kind, broken)] == [where]


def test_an_answer_may_have_what_is_read_only_and_not_what_is_write_only() -> None:
    body = endpoint(provisioningState="Later", scoringUri=None)
    assert JUDGE.answer("batchEndpoints", {**body, "name": "e"}) == []
    body["properties"]["keys"] = {"primaryKey": "k"}
    assert [fault.where for fault in JUDGE.answer("batchEndpoints", body)] == ["$.properties.keys"]
