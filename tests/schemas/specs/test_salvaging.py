"""A document whose structure is wrong is looked at all the same; what was said once is not said in other words."""

# ruff: noqa: E501

import pytest

from tests.schemas.conftest import Workbench

ENDPOINT = "kind: endpoint\nname: mybatchedp\n"
COMPUTE = "name: cpu-cluster\ntype: amlcompute\nmax_instances: 2\n"
MODEL = "kind: model\nname: digits\nversion: 1\npath: mnist/models\n"
ENVIRONMENT = "kind: environment\nname: e\nversion: 1\nimage: x\n"
DEPLOYMENT = (
    "name: blue\nendpoint_name: mybatchedp\nmodel: azureml:digits:1\ncompute: azureml:cpu-cluster\n"
    "code_configuration: {code: mnist/code, scoring_script: digit_identification.py}\nenvironment: azureml:e:1\n"
    "resources: {instance_count: 1}\nsettings: {mini_batch_size: 10}\n"
)
ENTIRE = {
    "endpoint.yml": ENDPOINT,
    "compute.yml": COMPUTE,
    "model.yml": MODEL,
    "environment.yml": ENVIRONMENT,
    "deployment.yml": DEPLOYMENT,
}


def codes(bench: Workbench, edits: list[tuple[str, str, str]], bep: str = "workspace: taxi\n") -> list[str]:
    """The codes of what is found once some texts in the five files are replaced."""
    bench.write("bep.yml", bep)
    texts = dict(ENTIRE)
    for file, old, new in edits:
        assert old in texts[file]
        texts[file] = texts[file].replace(old, new)
    for file, text in texts.items():
        bench.write(file, text)
    return sorted(f.code for f in bench.load().findings)


def test_the_five_files_are_right(article: Workbench) -> None:
    assert codes(article, []) == []


MISSPELT = ("deployment.yml", "mini_batch_size", "mini_bach_size")
ELSEWHERE = {
    "reference": (("deployment.yml", "azureml:cpu-cluster", "azureml:cpu-clutser"), "unresolved-reference"),
    "endpoint": (("deployment.yml", "endpoint_name: mybatchedp", "endpoint_name: mybatchdp"), "unresolved-reference"),
    "form": (("deployment.yml", "azureml:e:1", "curated"), "reference-form"),
    "label": (("deployment.yml", "azureml:digits:1", "azureml:digits@stable"), "unknown-label"),
    "path": (("deployment.yml", "mnist/code", "mnist/cod"), "path-not-found"),
    "script": (("deployment.yml", "digit_identification.py", "digits.py"), "script-not-found"),
    "instances": (("deployment.yml", "instance_count: 1", "instance_count: 3"), "too-many-instances"),
    "range": (("deployment.yml", "instance_count: 1", "instance_count: 0"), "out-of-range"),
    "file name": (("deployment.yml", "settings: {", "settings: {output_file_name: a/b, "), "output-file-name"),
    "partitions": (
        ("deployment.yml", "settings: {", "settings: {partition_keys: [year], mini_batch_size: 2, "),
        "partition-keys",
    ),
    "memory": (
        ("deployment.yml", "instance_count: 1", "instance_count: 1, properties: {worker_memory: lots}"),
        "bad-name",
    ),
    "code": (("deployment.yml", DEPLOYMENT.splitlines()[4], "description: none"), "missing-code"),
    "environment": (("deployment.yml", "environment: azureml:e:1", "description: none"), "missing-environment"),
    "missing": (("deployment.yml", "model: azureml:digits:1", "description: none"), "missing-field"),
    "name": (("deployment.yml", "name: blue", "name: b"), "bad-length"),
    "depends_on": (
        ("deployment.yml", "settings", "x-bep: {depends_on: [compute/gpu]}\nsettings"),
        "unresolved-reference",
    ),
    "unclosed": (("deployment.yml", "name: blue", "name: blue\ndescription: ${{ var.who }}"), "unknown-variable"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_misspelt_key_hides_nothing(name: str, article: Workbench) -> None:
    edit, code = ELSEWHERE[name]
    assert codes(article, [MISSPELT, edit]) == sorted([code, "unknown-field"])


ONCE = {
    "a compute whose most instances are wrong": [
        ("compute.yml", "max_instances: 2", "max_instnces: 9"),
        ("deployment.yml", "instance_count: 1", "instance_count: 7"),
    ],
    "a compute whose name is wrong": [("compute.yml", "cpu-cluster", "cpu-1"), ("deployment.yml", "cpu-cluster", "cpu-1")],
    "a compute whose name is a number": [("compute.yml", "cpu-cluster", "7"), ("deployment.yml", "azureml:cpu-cluster", "azureml:7")],
    "a compute whose name is misspelt": [("compute.yml", "name:", "nmae:")],
    "a compute of an unknown kind": [("compute.yml", "name: cpu", "kind: compte\nname: cpu")],
    "a model of an unknown kind": [("model.yml", "kind: model", "kind: modle")],
    "a model whose type is wrong": [("model.yml", "path", "type: mlflow\npath"), ("deployment.yml", "environment: azureml:e:1\n", "")],
    "a model whose path is misspelt": [("model.yml", "path:", "pth:"), ("deployment.yml", "environment: azureml:e:1\n", "")],
    "a model whose folder is not there": [("model.yml", "mnist/models", "mnist/model"), ("deployment.yml", "environment: azureml:e:1\n", "")],
    "a model without a version, misspelt": [("model.yml", "version", "vresion")],
    "a misspelt model": [("deployment.yml", "model:", "modle:")],
    "a model that is no reference": [("deployment.yml", "azureml:digits:1", "[digits]")],
    "a misspelt compute": [("deployment.yml", "compute:", "compte:")],
    "a misspelt target": [("deployment.yml", "compute: azureml:cpu-cluster", "compute: {tarqet: azureml:cpu-cluster}")],
    "a misspelt endpoint": [("deployment.yml", "endpoint_name", "endpoint_nam")],
    "misspelt code": [("deployment.yml", "{code:", "{cod:")],
    "misspelt code_configuration": [("deployment.yml", "code_configuration", "code_configration")],
    "a misspelt environment": [("deployment.yml", "environment:", "enviroment:")],
    "an environment with a misspelt image": [("deployment.yml", "azureml:e:1", "{name: f, imge: x}")],
    "an environment with an image that is no text": [("environment.yml", "image: x", "image: 7")],
    "no settings but a list": [("deployment.yml", "{mini_batch_size: 10}", "[mini_batch_size]")],
    "a secret under a misspelt key": [("deployment.yml", "settings:", "settngs: {environment_variables: {a: '${{ env.A }}'}}\nsettings:")],
    "a default that is misspelt": [("endpoint.yml", "name: mybatchedp", "name: mybatchedp\ndefaults: {deployment: red}")],
}  # fmt: skip


@pytest.mark.parametrize("name", ONCE)
def test_one_mistake_is_one_finding(name: str, article: Workbench) -> None:
    found = codes(article, ONCE[name])
    assert len(found) == 1, found


def test_one_broken_deployment_in_an_endpoint_hides_no_other(article: Workbench) -> None:
    article.write("bep.yml", "workspace: taxi\n")
    (article.root / "compute.yml").unlink()
    article.write(
        "endpoint.yml",
        "name: mybatchedp\ntraffic: {blue: 100, white: 0}\ndeployments:\n  - no\n"
        "  - {name: blue, model: {path: autolog_nyc_taxi, nmae: x}, compute: {target: azureml:cpu-clustr}}\n"
        "  - {name: green, model: {path: nowhere}, compute: {target: local}, mini_batch_size: few}\n",
    )
    found = {(f.mark.line if f.mark else 0, f.code) for f in article.load().findings}
    assert found == {
        (2, "traffic-deployment"),
        (4, "wrong-type"),
        (5, "unknown-field"),
        (5, "unresolved-reference"),
        (6, "path-not-found"),
        (6, "wrong-type"),
    }


BEP = {
    "misspelt variables": "workspace: taxi\nvarables: {n: {type: integer, default: 1}}\n",
    "a variable of no type": "workspace: taxi\nvariables: {n: {type: int, default: 1}}\n",
    "a variable that is no mapping": "workspace: taxi\nvariables: {n: 1}\n",
    "misspelt provider": "workspace: taxi\nprovder: {local: {}}\nvariables: {n: {type: integer, default: 1}}\n",
    "a variable of no such name": "workspace: taxi\nvariables: {n: {type: integer, default: 1}, 2n: {}}\n",
    "misspelt default_stage": "workspace: taxi\ndefault_stge: dev\nstages: {dev: {}}\nvariables: {n: {}}\n",
    "no yaml": "workspace: taxi\nvariables: {n: {type: integer, default: 1}\n",
    "empty": "# taxi\n",
}


@pytest.mark.parametrize("name", BEP)
def test_what_is_wrong_in_bep_yml_is_said_there_alone(name: str, article: Workbench) -> None:
    edit = ("compute.yml", "max_instances: 2", "max_instances: ${{ var.n }}")
    found = codes(article, [edit], BEP[name])
    assert len(found) == 1, found


def test_misspelt_specs_are_not_all_files(article: Workbench) -> None:
    assert codes(article, [MISSPELT], "workspace: taxi\nspces: [deployment.yml]\n") == ["unknown-field"]


def of_bep_yml(article: Workbench, stage: str = "") -> list[str]:
    """What is found in bep.yml when one file is named; the rest of the workspace is read as well."""
    environment = {"BEP_STAGE": stage} if stage else {}
    found = article.load("endpoint.yml", environment=environment).findings
    return [finding.code for finding in found if finding.mark is not None and finding.mark.file == "bep.yml"]


def test_what_this_bep_does_not_have_yet(article: Workbench) -> None:
    azure = "{azure: {subscription_id: s, resource_group: r, workspace_name: www}}"
    edit = ("deployment.yml", "azureml:e:1", "azureml:there-already:1")
    bep = f"workspace: taxi\nprovider: {azure}\n"
    assert codes(article, [MISSPELT, edit], bep) == ["not-available", "unknown-field"]
    (placed,) = [f for f in article.load().findings if f.code == "not-available"]
    assert str(placed.mark) == "bep.yml:2:12"
    assert "only the local provider" in placed.message
    assert of_bep_yml(article) == ["not-available"]
    article.write("bep.yml", f"workspace: taxi\nstages: {{dev: {{}}, prod: {{provider: {azure}}}}}\n")
    assert of_bep_yml(article, "dev") == []
    assert of_bep_yml(article, "prod") == ["not-available"]
    found = [
        f for f in article.load("endpoint.yml", environment={"BEP_STAGE": "prod"}).findings if "bep" in str(f.mark)
    ]
    assert [(f.code, str(f.mark)) for f in found] == [("not-available", "bep.yml:2:37")]
