"""What the service makes of what it was sent, and that bep sees the same object in it. Each habit by name.

Recorded habits are those of Microsoft's recordings (azure-sdk-for-python, batch_services/e2etests), the others are of
threads that docs/azure.md names.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bep.planner.observed import Condition, Observed
from bep.planner.options import Options
from bep.planner.planning import diffing
from bep.planner.planning.planning import plan
from bep.planner.state import State
from bep.providers.azure.place import Place
from bep.providers.azure.translation import normalising
from bep.providers.azure.translation.bodies import body_for, traffic_body
from bep.providers.azure.translation.forms import Conda, Names, Seconds, Words, seconds_of
from bep.providers.azure.translation.normalising import observed_of
from bep.providers.azure.translation.published import faults
from bep.providers.azure.translation.shapes import shape_of
from bep.providers.azure.uris import Uris
from bep.schemas.address import Address
from bep.schemas.findings.finding import errors
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.resource import Resource
from tests.azure.workspace import COMPONENTS
from tests.schemas.conftest import Workbench

KEY = "a key for tests"
PLACE = Place("00000000-0000-0000-0000-000000000000", "rg", "ws")
SPECS = """\
{kind: compute, name: cpu, type: amlcompute, size: Standard_DS3_v2, location: East US 2, max_instances: 3,
 identity: {type: system_assigned}, tags: {team: a}}
---
{kind: environment, name: env, version: 1, image: i,
 conda_file: {channels: [c], dependencies: ["python=3.10", pip: [x]]}}
---
{kind: model, name: m, version: 1, type: custom_model, path: azureml://datastores/workspaceblobstore/paths/m}
---
{kind: data, name: d, version: 1, path: azureml://datastores/workspaceblobstore/paths/d}
---
{kind: datastore, name: store, type: azure_blob, account_name: account, container_name: box}
---
{kind: endpoint, name: ep-one, auth_mode: aad_token, properties: {p1: v1}, defaults: {deployment_name: dep}}
---
{kind: deployment, name: dep, endpoint_name: ep-one, model: azureml:m:1, compute: azureml:cpu,
 environment: azureml:env:1,
 code_configuration: {code: "azureml:code:1", scoring_script: score.py},
 settings: {retry_settings: {timeout: 120}, environment_variables: {A: b}, logging_level: info}}
"""
PIPELINES = (
    COMPONENTS
    + """\
{kind: environment, name: env, version: 1, image: i}
---
{kind: compute, name: cpu, type: amlcompute}
---
{kind: endpoint, name: ep-one}
---
{kind: deployment, name: dep, endpoint_name: ep-one, type: pipeline, component: azureml:line:1,
 settings: {default_compute: cpu, continue_on_step_failure: false}}
"""
)
Body = dict[str, Any]


@pytest.fixture
def resources(tmp_path: Path) -> dict[Address, Resource]:
    bench = Workbench(tmp_path)
    bench.write("bep.yml", "workspace: w\nspecs: [specs.yml]\n")
    bench.write("specs.yml", SPECS)
    loaded = bench.load()
    assert not errors(loaded.findings)
    return {one.address: one for one in loaded.resources}


def sent(resource: Resource) -> Body:
    return body_for(resource, PLACE, "eastus2", "op-1")


def seen(address: str, body: Mapping[str, Any]) -> Observed:
    found = observed_of(Address(address), body, PLACE, KEY)
    assert found is not None
    return found


def changes(resource: Resource, body: Mapping[str, Any]) -> list[str]:
    """What a plan says of an object that is imported: nothing, if the service's form of it is the spec's."""
    state = State(lineage="l", secret_key=KEY)
    options = Options(imports=(resource.address,))
    alone = plan([resource], state, {resource.address: seen(resource.address, body)}, load_kinds(), options)
    return [found.message for found in alone.blocking] + [
        str(diff.path) for change in alone.changes for diff in change.diffs
    ]


def put(body: Body, path: str, value: Any) -> None:
    *above, last = path.split(".")
    for name in above:
        body = body.setdefault(name, {})
    body[last] = value


def set_to(path: str, value: Any) -> Callable[[Body], None]:
    return lambda body: put(body, path, value)


def conda_as_json(body: Body) -> None:
    text = body["properties"]["condaFile"]
    body["properties"]["condaFile"] = json.dumps(yaml.safe_load(text), indent=2)


def ids_in_another_case(body: Body) -> None:
    inner = body["properties"]
    for holder, name in ((inner, "compute"), (inner, "environmentId"), (inner["model"], "assetId")):
        holder[name] = holder[name].replace("resourceGroups", "resourcegroups").replace("Microsoft.M", "microsoft.m")


def uri_in_another_case(body: Body) -> None:
    uri = body["properties"]["modelUri"]
    assert "/resourcegroups/" in uri
    body["properties"]["modelUri"] = uri.replace("/resourcegroups/", "/resourceGroups/")


def members_not_sent(body: Body) -> None:
    put(body, "identity", {"type": "None", "principalId": "p", "tenantId": "t"})
    put(body, "properties.scoringUri", "https://ep.region.inference.ml.azure.com/jobs")
    put(body, "properties.swaggerUri", None)
    put(body, "properties.description", None)
    put(body, "systemData", {"createdAt": "2023-04-09T00:26:46Z"})


def keys_added(body: Body) -> None:
    put(body, "properties.properties.BatchEndpointCreationApiVersion", "2022-05-01")
    put(body, "properties.properties.azureml.onlineendpointid".replace("azureml.", "azureml_"), "x")
    body["properties"]["properties"]["azureml.onlineendpointid"] = body["properties"]["properties"].pop(
        "azureml_onlineendpointid"
    )
    put(body, "properties.properties.AzureAsyncOperationUri", "https://management.azure.com/op1")


HABITS: dict[str, tuple[str, Callable[[Body], None]]] = {
    "words come back in the published casing (recorded)": (
        "endpoint/ep-one",
        set_to("properties.authMode", "aadtoken"),
    ),
    "logging levels do, too (recorded)": ("deployment/ep-one/dep", set_to("properties.loggingLevel", "INFO")),
    "a size comes back in capitals (issue 20216)": (
        "compute/cpu",
        set_to("properties.properties.vmSize", "STANDARD_DS3_V2"),
    ),
    "a region without spaces": ("compute/cpu", set_to("location", "eastus2")),
    "a URI in another casing (recorded)": ("model/m/1", uri_in_another_case),
    "ids in another casing (issue 8323)": ("deployment/ep-one/dep", ids_in_another_case),
    "conda YAML as JSON (recorded)": ("environment/env/1", conda_as_json),
    "keys of its own among the properties (recorded)": ("endpoint/ep-one", keys_added),
    "members nobody sent (recorded)": ("endpoint/ep-one", members_not_sent),
    "an empty mapping as null (recorded)": ("deployment/ep-one/dep", set_to("properties.resources.properties", None)),
    "an instance type of null (recorded)": ("deployment/ep-one/dep", set_to("properties.resources.instanceType", None)),
    "flavors that nobody named (recorded)": ("model/m/1", set_to("properties.flavors", {})),
    "an environment's type (recorded)": ("environment/env/1", set_to("properties.environmentType", "UserCreated")),
    "a duration in another unit": ("deployment/ep-one/dep", set_to("properties.retrySettings.timeout", "PT0H2M0S")),
    "a duration of a cluster": (
        "compute/cpu",
        set_to("properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown", "PT2M"),
    ),
    "a default deployment (recorded)": ("endpoint/ep-one", set_to("properties.defaults", {"deploymentName": "dep"})),
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_of_the_service_is_no_change(habit: str, resources: dict[Address, Resource]) -> None:
    address, change = HABITS[habit]
    resource = resources[Address(address)]
    plain, changed = sent(resource), sent(resource)
    change(changed)
    assert changed != plain, "the habit does something"
    assert changes(resource, changed) == []
    if "size" not in habit:
        assert seen(address, changed) == seen(address, plain)


def unchanged(self: Any, value: Any, place: Place) -> Any:
    return value


FORGOTTEN: dict[str, tuple[Any, str, Any]] = {
    "words come back in the published casing (recorded)": (Words, "here", unchanged),
    "logging levels do, too (recorded)": (Words, "here", unchanged),
    "a size comes back in capitals (issue 20216)": (diffing, "matches", lambda path, patterns: False),
    "a region without spaces": (diffing, "matches", lambda path, patterns: False),
    "a URI in another casing (recorded)": (Uris, "here", unchanged),
    "ids in another casing (issue 8323)": (Names, "here", unchanged),
    "conda YAML as JSON (recorded)": (Conda, "here", unchanged),
    "keys of its own among the properties (recorded)": (normalising, "is_server_key", lambda name: False),
    "flavors that nobody named (recorded)": (normalising, "LEFT_OUT", ()),
    "a duration in another unit": (Seconds, "here", unchanged),
    "a duration of a cluster": (Seconds, "here", unchanged),
}
"""What makes the normaliser forget a habit."""


@pytest.mark.parametrize("habit", FORGOTTEN)
def test_a_habit_that_is_forgotten_is_a_change(
    habit: str, resources: dict[Address, Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, change = HABITS[habit]
    resource = resources[Address(address)]
    plain, changed = sent(resource), sent(resource)
    change(changed)
    monkeypatch.setattr(*FORGOTTEN[habit])
    assert changes(resource, changed) or seen(address, changed).etag != seen(address, plain).etag


def test_an_operation_that_is_not_known_to_go_on_is_taken_for_done(
    resources: dict[Address, Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = sent(resources[Address("deployment/ep-one/dep")])
    put(body, "properties.provisioningState", "Updating")  # recorded of one that is being made
    monkeypatch.setattr(normalising, "WORKING", frozenset())
    assert seen("deployment/ep-one/dep", body).condition is Condition.READY


def test_recorded_answers_are_judged_by_a_command(tmp_path: Path, resources: dict[Address, Resource]) -> None:
    from tests.azure.recorded_reading import judged

    id = PLACE.id_of(Address("endpoint/ep-one"))
    asked = sent(resources[Address("endpoint/ep-one")])
    answer = {"id": id, **json.loads(json.dumps(asked).replace("AADToken", "aadtoken"))}
    other = {**answer, "properties": {**answer["properties"], "properties": {"p1": "v2"}}}
    exchanges = [("PUT", asked, answer), ("GET", None, {"value": [answer]}), ("GET", None, other)]
    lines = [json.dumps({"method": how, "request": sent, "response": found}) for how, sent, found in exchanges]
    assert [found for _, found in judged(iter(lines))] == [[], [], ["properties.p1"]]


@pytest.mark.parametrize("address", ["compute/cpu", "environment/env/1", "model/m/1", "data/d/1", "datastore/store"])
def test_what_is_sent_is_what_is_read_and_azure_takes_it(address: str, resources: dict[Address, Resource]) -> None:
    resource = resources[Address(address)]
    body = sent(resource)
    assert list(faults(shape_of(resource.kind).type, body)) == []
    assert changes(resource, body) == []
    assert seen(address, body).operation == "op-1"


def test_an_endpoint_and_its_deployment_are_sent_whole_and_their_traffic_beside_it(
    resources: dict[Address, Resource],
) -> None:
    endpoint, deployment = resources[Address("endpoint/ep-one")], resources[Address("deployment/ep-one/dep")]
    for one in (endpoint, deployment):
        assert list(faults(shape_of(one.kind).type, sent(one))) == []
        assert changes(one, sent(one)) == []
    there = {**sent(endpoint), "sku": None, "kind": "k"}
    assert observed_of(Address("traffic/ep-one"), there, PLACE, KEY) is None
    shifted = traffic_body(there, "dep", "op-2")
    assert shifted["kind"] == "k"
    traffic = seen("traffic/ep-one", shifted)
    assert (traffic.attributes["split"], traffic.operation) == ({"dep": 100}, "op-2")
    assert changes(resources[Address("traffic/ep-one")], shifted) == []
    assert seen("endpoint/ep-one", shifted) == seen("endpoint/ep-one", there)
    again = body_for(endpoint, PLACE, "", "op-3", there=shifted)
    assert again["properties"]["defaults"] == {"deploymentName": "dep"}
    assert seen("traffic/ep-one", again).operation == "op-2"


@pytest.mark.parametrize(
    ("state", "condition"),
    [("Updating", Condition.PROGRESSING), ("Failed", Condition.FAILED), ("Succeeded", Condition.READY)],
)
def test_an_object_says_how_it_is(state: str, condition: Condition, resources: dict[Address, Resource]) -> None:
    body = sent(resources[Address("deployment/ep-one/dep")])
    put(body, "properties.provisioningState", state)
    assert seen("deployment/ep-one/dep", body).condition is condition


def test_an_object_says_who_wrote_it_last_where_the_service_does() -> None:
    body = {"systemData": {"lastModifiedAt": "2026-01-02T01:00:00.1Z", "lastModifiedBy": "ops@example.com"}}
    found = seen("endpoint/ep-one", body)
    assert (found.changed_at, found.changed_by) == ("2026-01-02T01:00:00.1Z", "ops@example.com")
    silent = seen("endpoint/ep-one", {})
    assert (silent.changed_at, silent.changed_by, silent == found) == ("", "", True)


def test_the_reason_of_a_failed_compute_is_its_own() -> None:
    wrong = {"properties": {"provisioningState": "Failed", "provisioningErrors": [{"error": {"message": "no quota"}}]}}
    assert seen("compute/cpu", wrong).why == "no quota"


def test_a_secret_variable_comes_back_in_clear_and_is_not_kept_so(tmp_path: Path) -> None:
    from bep.schemas.secrets.secret import Secret

    attributes = {"settings": {"environment_variables": {"S": Secret("hush"), "P": "plain"}}, "model": "model/m/1"}
    resource = Resource(Address("deployment/e/d"), attributes, mark=None)  # type: ignore[arg-type]
    body = sent(resource)
    assert body["properties"]["environmentVariables"] == {"S": "hush", "P": "plain"}
    variables = seen("deployment/e/d", body).attributes["settings"]["environment_variables"]
    assert variables == {"S": Secret("hush").sealed(KEY), "P": "plain"}
    assert "tags" not in seen("deployment/e/d", body).attributes


def test_a_content_is_known_by_the_place_it_is_stored_at() -> None:
    digest = "ab" * 32
    asked = {"path": {"local": "models/digits", "sha256": digest}, "type": "custom_model"}
    model = sent(Resource(Address("model/m/1"), asked, mark=None))  # type: ignore[arg-type]
    assert model["properties"]["modelUri"].endswith(f"/datastores/workspaceblobstore/paths/bep/{digest}/digits")
    found = seen("model/m/1", model)
    assert found.attributes["path"] == {"local": "digits", "sha256": digest}
    assert found.contents["path"].sha256 == digest
    code = {"code_configuration": {"code": {"local": "src", "sha256": digest}, "scoring_script": "s.py"}}
    deployment = sent(Resource(Address("deployment/e/d"), code, mark=None))  # type: ignore[arg-type]
    assert deployment["properties"]["codeConfiguration"]["codeId"] == PLACE.code_id(f"bep-{digest}")
    assert seen("deployment/e/d", deployment).attributes["code_configuration"]["code"]["sha256"] == digest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT30S", 30), ("PT2M", 120), ("P1DT1H1M1S", 90061), ("pt5m", 300), ("PT0S", 0), ("P1M", None), ("", None)],
)
def test_durations(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


def test_what_the_service_added_stays_and_what_somebody_added_goes(resources: dict[Address, Resource]) -> None:
    from bep.planner.state import Entry

    resource = resources[Address("compute/cpu")]
    body = sent(resource)
    put(body, "tags.policy", "by Azure")
    put(body, "properties.properties.enableNodePublicIp", True)
    returned = seen("compute/cpu", body).attributes
    entry = Entry(address=resource.address, attributes=dict(resource.attributes), observed=returned, etag="e")
    put(body, "tags.stranger", "x")
    put(body, "sku", {"name": "kept"})
    again = body_for(resource, PLACE, "", "op-2", there=body, entry=entry)
    assert again["tags"] == {"team": "a", "policy": "by Azure", "bep.operation": "op-2"}
    assert again["properties"]["properties"]["enableNodePublicIp"] is True
    assert again["sku"] == {"name": "kept"}
    assert "provisioningState" not in again["properties"]


def test_a_pipeline_and_its_components_are_seen_as_they_were_asked_for(tmp_path: Path) -> None:
    """The answer is that of the sample which ansible-collections/azure has of the service."""
    bench = Workbench(tmp_path)
    bench.write("bep.yml", "workspace: w\nspecs: [specs.yml]\n")
    bench.write("specs.yml", PIPELINES)
    found = {one.address: one for one in bench.load().resources}
    for address in ("component/step/1", "component/line/1", "deployment/ep-one/dep"):
        resource = found[Address(address)]
        body = sent(resource)
        assert list(faults(shape_of(resource.kind).type, body)) == []
        assert changes(resource, body) == [], address
    spec = sent(found[Address("component/line/1")])["properties"]["componentSpec"]
    assert spec["jobs"]["one"]["component"] == "azureml:" + PLACE.id_of(Address("component/step/1"))

    deployment = found[Address("deployment/ep-one/dep")]
    told = sent(deployment)["properties"]["deploymentConfiguration"]
    assert told["settings"] == {"default_compute": "cpu", "continue_on_step_failure": "false"}
    answered = sent(deployment)
    del answered["properties"]["deploymentConfiguration"]
    put(answered, "properties.miniBatchSize", 0)
    put(answered, "properties.outputAction", "SummaryOnly")
    put(answered, "tags.PipelineDeployment_ComponentId", PLACE.id_of(Address("component/line/1")))
    answered["tags"]["PipelineDeployment.ComponentId"] = answered["tags"].pop("PipelineDeployment_ComponentId")
    answered["properties"]["properties"] = {
        "deployment_configuration_type": "PipelineComponent",
        "default_compute": PLACE.id_of(Address("compute/cpu")),
        "componentDeployment.Settings.continue_on_step_failure": "False",
    }
    assert changes(deployment, answered) == []
    assert seen("deployment/ep-one/dep", answered) == seen("deployment/ep-one/dep", sent(deployment))
