"""Templates that bep writes: equal to what an apply makes, with no secret, and readable by those who read such."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tree_sitter_bicep
import yaml
from tree_sitter import Language, Node, Parser

from bep import api
from bep.providers.azure.exporting.arm import rendered as as_arm
from bep.providers.azure.exporting.bicep import rendered as as_bicep
from bep.providers.azure.exporting.composing import template_of
from bep.providers.azure.exporting.judging import MOST_RESOURCES, unfit_of
from bep.providers.azure.exporting.template import Template
from bep.providers.azure.place import Place
from bep.providers.azure.translation.bodies import body_for, traffic_body
from bep.providers.world import Setup
from bep.providers.worlds import EXPORTS, WORLDS
from bep.schemas.address import Address
from bep.schemas.findings.finding import errors
from bep.schemas.kinds.kind import load_kind
from bep.schemas.resource import Resource
from tests.azure.double.double import Double
from tests.azure.double_tests import bodies
from tests.azure.double_tests.asking import made
from tests.azure.expressions import Expressions
from tests.azure.templates import DEPLOYMENTS, NAMESPACE, healthy, resources_of
from tests.azure.workspace import EVERYTHING, SECRETS, SPECS, Workspace
from tests.bep.command_line.test_startup import PACKAGES, PRINT_MODULES
from tests.bep.conftest import surroundings, write
from tests.forking.commands import run
from tests.schemas.conftest import Workbench

HOSTILE = "it's '${x}' \\ \"q\" [parameters('p')] \u0085\u001b\ttab\nline é \U0001f600"
BRACKETS = "[concat('a', 'b')]"


SUBSCRIPTION, LOCATION = "00000000-0000-0000-0000-000000000000", "eastus2"
PLACE = Place(SUBSCRIPTION, "rg", "ws")


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def loaded(bench: Workbench, specs: str) -> Sequence[Resource]:
    bench.write("bep.yml", "workspace: w\nspecs: [s.yml]\n")
    bench.write("s.yml", specs)
    found = bench.load(environment=SECRETS)
    assert not errors(found.findings), found.findings
    return found.resources


def composed(bench: Workbench, specs: str = SPECS) -> Template:
    return template_of(loaded(bench, specs), "ws", "2024-10-01")


def given(template: dict[str, Any]) -> dict[str, str]:
    """A value for each parameter that has no default; the double's for the others."""
    values = {"account_key": SECRETS["STORE_KEY"], "S": SECRETS["S"]}
    names = [name for name, each in template["parameters"].items() if each["type"] == "securestring"]
    return {name: next(value for end, value in values.items() if name.endswith(end)) for name in names}


def deploy(template: dict[str, Any], azure: Double) -> None:
    """What Azure Resource Manager would do: each resource once all that it depends on is there."""
    parameters = {**given(template), "workspaceName": azure.workspace_name, "location": azure.location}
    reading = Expressions(
        parameters, subscription=azure.subscription_id, group=azure.resource_group, location=azure.location
    )
    done: set[str] = set()
    left = reading.read(template["resources"])
    while left:
        ready = [one for one in left if done.issuperset(one.get("dependsOn", ()))]
        assert ready, f"these wait for each other: {[one['name'] for one in left]}"
        for one in reversed(ready):  # any order that the dependencies leave open is as good
            left.remove(one)
            inner = one["properties"]["template"]["resources"] if one["type"] == DEPLOYMENTS else [one]
            for each in inner:
                made(azure, _path(each), {k: v for k, v in each.items() if k not in NOT_SENT})
            done.add(_id(one, azure))


NOT_SENT = ("type", "apiVersion", "name", "dependsOn")


def _path(resource: dict[str, Any]) -> str:
    types = resource["type"].removeprefix(NAMESPACE).split("/")[1:]
    names = resource["name"].split("/")[1:]
    return "/".join(f"{each}/{name}" for each, name in zip(types, names, strict=True))


def _id(resource: dict[str, Any], azure: Double) -> str:
    if resource["type"] == DEPLOYMENTS:
        group = azure.workspace.partition("/providers/")[0]
        return f"{group}/providers/{DEPLOYMENTS}/{resource['name']}"
    return azure.id_of(_path(resource))


def test_a_deployed_template_is_what_an_apply_would_have_made(tmp_path: Path, azure: Double) -> None:
    azure.seed("codes/code/versions/1", bodies.code(azure))
    work = Workspace(tmp_path, azure)
    work.bep("export", "arm", "-o", "template.json")
    assert not azure.log.requests()
    text = (tmp_path / "template.json").read_text()
    assert work.bep("export", "arm") == text
    deploy(json.loads(text), azure)
    work.bep("import", "--all")
    # a datastore gives its key back to nobody, so the first apply after an import writes it once
    said = work.bep("plan", "--detailed-exitcode", expect=2)
    assert re.search(r"~ update  datastore/store +credentials.account_key changed\n", said)
    assert "Plan: 1 to update. 11 resources match their specs.\n" in said


def test_every_body_is_the_one_that_an_apply_sends(bench: Workbench) -> None:
    resources = {one.address: one for one in loaded(bench, SPECS)}
    template = composed(bench)
    whole = json.loads(as_arm(template))
    reading = Expressions({**given(whole), **GIVEN}, subscription=SUBSCRIPTION, group="rg", location=LOCATION)
    endpoint = body_for(resources[Address("endpoint/letters")], PLACE, LOCATION, "o")
    wanted = {
        address: body_for(one, PLACE, LOCATION, "o") for address, one in resources.items() if one.kind != "traffic"
    }
    wanted[Address("traffic/letters")] = traffic_body(endpoint, "blue", "o")
    assert {item.address for item in template.items} == wanted.keys() == EVERYTHING
    for item, resource in zip(template.items, whole["resources"], strict=True):
        (each,) = reading.read(list(resources_of({"resources": [resource]})))
        sent = {name: value for name, value in each.items() if name not in NOT_SENT}
        assert sent == _untagged(wanted[item.address])
        assert f"{PLACE.root}/{_path(each)}" == PLACE.id_of(item.address)
        assert each["apiVersion"] == "2024-10-01"


BEP_YML = """\
workspace: w
provider: {azure: {subscription_id: s, resource_group: g, workspace_name: www}}
specs: [specs.yml]
"""
GIVEN = {"workspaceName": "ws", "location": LOCATION}


def _untagged(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what an apply leaves to know an object again."""
    found = {name: _untagged(value) if isinstance(value, dict) else value for name, value in body.items()}
    if "tags" in found:
        found["tags"] = {name: value for name, value in found["tags"].items() if name[:7] not in ("bep.ope", "bep.tra")}
    return {name: value for name, value in found.items() if name != "tags" or value}


def test_the_texts_are_those_of_the_golden_files(bench: Workbench, golden: Any) -> None:
    for name, render in (("template.json", as_arm), ("template.bicep", as_bicep)):
        text = render(composed(bench))
        golden(f"azure/{name}", text)
        assert not [secret for secret in SECRETS.values() if secret in text]


def errors_in(text: str) -> list[str]:
    """What the grammar of Bicep has no rule for."""
    source = text.encode()

    def wrong(node: Node) -> list[str]:
        here = [source[node.start_byte : node.end_byte].decode()] if node.is_error or node.is_missing else []
        return here + [each for child in node.children for each in wrong(child)]

    return wrong(Parser(Language(tree_sitter_bicep.language())).parse(source).root_node)


def test_bicep_parses_and_has_the_same_resources(bench: Workbench) -> None:
    template = composed(bench)
    text = as_bicep(template)
    assert errors_in(text) == []
    assert errors_in(text.replace("location: location", "location: = ", 1))
    assert "// No Bicep compiler has seen this file" in text
    assert text.count("\nresource ") == len(template.items)
    defaults = {"workspaceName": " = 'ws'", "location": " = resourceGroup().location"}
    assert [line for line in text.splitlines() if line.startswith("param ")] == [
        f"param {name} string{defaults.get(name, '')}" for name in json.loads(as_arm(template))["parameters"]
    ]


def test_a_bicep_resource_comes_after_all_that_it_names(bench: Workbench) -> None:
    seen: set[str] = set()
    for block in as_bicep(composed(bench)).split("\nresource ")[1:]:
        symbol = block.partition(" ")[0]
        named = {*re.findall(r"\b(\w+)\.id\b", block), *re.findall(r"^    (\w+)$", block, re.MULTILINE)}
        assert named <= seen, symbol
        seen.add(symbol)


def test_a_chain_of_any_length_is_put_in_order(bench: Workbench) -> None:
    count = 1500
    told = "\n---\n".join(
        f"{{kind: data, name: d{number:04}, version: 1, type: uri_folder, path: azureml://datastores/workspaceblobstore/paths/x"
        f"{f', x-bep: {{depends_on: [data/d{number + 1:04}/1]}}' if number + 1 < count else ''}}}"
        for number in range(count)
    )
    assert [item.names[0] for item in composed(bench, told).items] == [f"d{n:04}" for n in reversed(range(count))]


def test_texts_of_any_kind_come_back_as_they_were(bench: Workbench) -> None:
    told = yaml.safe_dump({"kind": "endpoint", "name": "ep-one", "tags": {HOSTILE: HOSTILE, "b": BRACKETS}})
    template = composed(bench, told)
    arm = as_arm(template)
    assert arm.isascii()
    reading = Expressions(GIVEN, subscription=SUBSCRIPTION, group="rg", location=LOCATION)
    assert reading.read(json.loads(arm)["resources"])[0]["tags"] == {HOSTILE: HOSTILE, "b": BRACKETS}
    bicep = as_bicep(template)
    assert errors_in(bicep) == []
    assert "it\\'s \\'\\${x}\\' \\\\ \"q\" [parameters(\\'p\\')] \\u{85}\\u{1b}\\ttab\\nline é \U0001f600'" in bicep


def test_a_number_that_is_not_whole_is_written_as_bicep_can(bench: Workbench) -> None:
    told = """\
{kind: environment, name: e, version: 1, image: i}
---
{kind: component, name: step, version: 1, type: command, command: c, environment: azureml:e:1,
 inputs: {a: {type: number}}}
---
{kind: component, name: line, version: 1, type: pipeline,
 jobs: {one: {type: command, component: azureml:step:1, inputs: {a: 0.5}}}}
"""
    template = composed(bench, told)
    assert "a: json('0.5')\n" in as_bicep(template)
    assert errors_in(as_bicep(template)) == []
    assert '"a": 0.5\n' in as_arm(template)


def test_names_that_look_alike_are_kept_apart(bench: Workbench) -> None:
    stores = ["a-b", "a_b", "A_B"]
    told = "\n---\n".join(
        f"{{kind: datastore, name: {name}, type: azure_blob, account_name: a, container_name: box, "
        f'credentials: {{account_key: "${{{{ env.S }}}}"}}}}'
        for name in stores
    )
    template = composed(bench, told)
    names = [secret.name for secret in template.secrets] + [item.symbol for item in template.items]
    assert len({name.casefold() for name in names}) == len(stores) * 2
    assert errors_in(as_bicep(template)) == []


def test_bytes_are_named_by_where_an_apply_puts_them(bench: Workbench) -> None:
    bench.write("src/score.py", "def init(): ...\ndef run(batch): return batch\n")
    bench.write("model/weights", "1")
    told = """\
{kind: model, name: m, version: 1, type: custom_model, path: ./model}
---
{kind: compute, name: cpu, type: amlcompute, size: Standard_DS3_v2}
---
{kind: environment, name: env, version: 1, image: i}
---
{kind: endpoint, name: letters}
---
{kind: deployment, name: blue, endpoint_name: letters, model: azureml:m:1, compute: azureml:cpu,
 environment: azureml:env:1,
 code_configuration: {code: ./src, scoring_script: score.py}}
"""
    template = composed(bench, told)
    model, code = template.uploads
    assert re.fullmatch(r"azureml://datastores/workspaceblobstore/paths/bep/[0-9a-f]{64}/model", model.place)
    assert re.fullmatch(r"codes/bep-[0-9a-f]{64}/versions/1", code.place)
    whole = json.loads(as_arm(template))
    assert [each["place"] for each in whole["metadata"]["bytes"]["places"]] == [model.place, code.place]
    reading = Expressions(GIVEN, subscription=SUBSCRIPTION, group="rg", location=LOCATION)
    made_of = {one["name"]: one["properties"] for one in reading.read(whole["resources"])}
    assert made_of["ws/m/1"]["modelUri"] == PLACE.long_uri(model.place)
    assert made_of["ws/letters/blue"]["codeConfiguration"]["codeId"] == f"{PLACE.root}/{code.place}"
    assert f"//   {model.address}: {model.place}\n" in as_bicep(template)
    told_of = [(one.address, one.path, one.is_error) for one in unfit_of(template)]
    assert told_of == [(model.address, model.path, False), (code.address, code.path, False)]


def test_what_a_template_cannot_say_is_found(bench: Workbench) -> None:
    in_brackets = SPECS.replace("description: of letters", f'description: "{BRACKETS}"')
    assert [one.address for one in unfit_of(composed(bench, in_brackets))] == ["traffic/letters"]
    without_traffic = in_brackets.replace(",\n defaults: {deployment_name: blue}", "")
    assert not list(unfit_of(composed(bench, without_traffic)))
    many = "\n---\n".join(f"{{kind: endpoint, name: ep-{number}}}" for number in range(MOST_RESOURCES + 1))
    assert [one.message for one in unfit_of(composed(bench, many))] == [
        f"it would have {MOST_RESOURCES + 1} resources, and a template has {MOST_RESOURCES} at most"
    ]


def test_an_endpoint_which_is_written_in_a_template_in_a_template_has_no_secret_field() -> None:
    assert "x-bep-sensitive" not in json.dumps(load_kind("endpoint").schema)


def test_the_languages_of_each_world_are_known_without_opening_it(tmp_path: Path) -> None:
    settings = {"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}
    for name, opened in WORLDS.items():
        setup = Setup(tmp_path, tmp_path, settings if name == "azure" else {}, "", str, {}, {}, Path)
        assert tuple(opened(setup).exports or ()) == EXPORTS.get(name, ())


def test_the_command_writes_what_the_call_returns_and_imports_little(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a").write_text("")
    data = "{kind: data, name: d, version: 1, path: ./src}"
    write(tmp_path, {"bep.yml": BEP_YML, "specs.yml": data})
    done = started(tmp_path, "-c", PRINT_MODULES, "export", "arm", "-o", "template.json")
    modules = {name.partition(".")[0] for name in done.stderr.partition("\0")[2].split()}
    assert done.returncode == 0, done.stderr
    assert not modules & {*PACKAGES, "azure", "msrest", "requests"}
    ours = api.Workspace.open(tmp_path)
    assert (tmp_path / "template.json").read_text() == ours.export("arm")
    assert ours.export("bicep").startswith("// The same resources")
    assert not (tmp_path / ".bep").exists()
    with pytest.raises(api.NotFound, match="'brm'; there are: arm, bicep") as found:
        ours.export("brm")
    assert found.value.nearest == ("arm",)
    assert (
        "`bep export arm` prints that; a file of this name is ./json"
        in bep_in(tmp_path, "export", "arm", "-o", "json").stderr
    )
    in_process = bep_in(tmp_path, "export", "arm")
    assert in_process.stdout == ours.export("arm")
    assert "warning: data/d/1: a template has no bytes: they must be at azureml://datastores/" in in_process.stderr


def test_no_secret_has_to_be_set(tmp_path: Path, bench: Workbench) -> None:
    write(tmp_path, {"bep.yml": BEP_YML, "specs.yml": SPECS})
    text = api.Workspace.open(tmp_path).export("arm")
    assert text == as_arm(composed(bench)).replace('"defaultValue": "ws"', '"defaultValue": "www"')
    with pytest.raises(api.SpecsInvalid, match="the environment has no STORE_KEY"):
        api.Workspace.open(tmp_path).plan()


def test_what_the_specs_do_not_declare_is_named_without_asking(tmp_path: Path) -> None:
    told = """\
{kind: endpoint, name: letters}
---
{kind: deployment, name: blue, endpoint_name: letters, model: azureml:m:3, compute: azureml:cpu}
"""
    write(tmp_path, {"bep.yml": BEP_YML, "specs.yml": told})
    ours = api.Workspace.open(tmp_path)
    (_, deployment) = json.loads(ours.export("arm"))["resources"]
    assert len(deployment["dependsOn"]) == 1
    assert (
        "workspaces/models/versions', parameters('workspaceName'), 'm', '3')"
        in deployment["properties"]["model"]["assetId"]
    )
    assert "resourceId('Microsoft.MachineLearningServices/workspaces/computes'," in ours.export("bicep")
    assert errors_in(ours.export("bicep")) == []
    write(tmp_path, {"specs.yml": told.replace("m:3", "m@latest")})
    with pytest.raises(api.SpecsInvalid) as found:
        ours.export("arm")
    assert [one.fix for one in found.value.findings] == [
        "Write its version, or declare it: nobody was asked which there are."
    ]


def test_a_world_without_templates_says_what_to_write(tmp_path: Path) -> None:
    write(tmp_path, {"bep.yml": "workspace: w\nspecs: [s.yml]\n", "s.yml": "{kind: endpoint, name: ep-one}"})
    done = bep_in(tmp_path, "export", "arm")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the world local of this workspace has no templates to hand over" in done.stderr
    assert "write `provider: {azure: ...}` in bep.yml" in done.stderr


def bep_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(arguments, folder, surroundings())


def started(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=surroundings(), capture_output=True, text=True, check=False
    )


def test_the_flaws_of_the_published_schema_are_mended() -> None:
    base = {"additionalProperties": False, "properties": {"referenceType": {"type": "string"}}}
    variant = {"properties": {"assetId": {"type": "string"}}, "required": ["assetId"]}
    flawed = {"allOf": [base, {"oneOf": [variant]}]}
    body = {"referenceType": "Id", "assetId": "x"}
    assert not jsonschema.Draft7Validator(flawed).is_valid(body)
    assert jsonschema.Draft7Validator(healthy(flawed)).is_valid(body)
    assert not jsonschema.Draft7Validator(healthy(flawed)).is_valid({"referenceType": "Id"})
    expression = {"$ref": "#/definitions/expression"}
    text = {"oneOf": [{"type": "string"}, expression], "definitions": {"expression": {"type": "string"}}}
    assert not jsonschema.Draft7Validator(text).is_valid("[x]")
    assert jsonschema.Draft7Validator(healthy(text)).is_valid("[x]")
