"""Environments that Azure ML keeps, and what bep.yml says stands for them on this machine."""

from collections.abc import Callable

import pytest

from bep.command_words import findings_said
from bep.schemas.findings.finding import Severity, errors
from bep.schemas.findings.rendering import findings_text
from bep.schemas.specs.loading import Loaded
from tests.schemas.conftest import Workbench

SPECS = """\
kind: compute
name: cpu
type: amlcompute
---
kind: endpoint
name: letters
---
name: blue
endpoint_name: letters
compute: azureml:cpu
model: {name: m, version: 1, path: m}
code_configuration: {code: c, scoring_script: s.py}
environment: REFERENCE
"""
REGISTRY = "azureml://registries/azureml/environments/sklearn-1.5"
OTHER = "azureml://registries/ours/environments/sklearn-1.5"


@pytest.fixture
def specs(bench: Workbench) -> Workbench:
    """A deployment with a script and a model."""
    bench.write("m/a", "a")
    bench.write("c/s.py", "def run(mini_batch): return list(mini_batch)\n")
    bench.write("conda.yml", "name: x\ndependencies: [python=3.11]\n")
    bench.write("env.yml", "kind: environment\nname: mine\nversion: 2\nimage: python\n")
    return bench


def loaded(specs: Workbench, reference: str, entries: str, *, more: str = "", provider: str = "local: {}") -> Loaded:
    specs.write("specs.yml", SPECS.replace("REFERENCE", reference) + more)
    settings = f"provider: {{{provider}}}\n" + (f"environments:\n{entries}" if entries else "")
    specs.write("bep.yml", f"workspace: w\nspecs: [specs.yml]\n{settings}")
    return specs.load()


def environment_of(found: Loaded) -> str:
    assert not errors(found.findings), found.findings
    return str(next(r.attributes for r in found.resources if r.kind == "deployment")["environment"])


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("azureml:AzureML-sklearn:3", "AzureML-sklearn"),
        ("azureml:AzureML-sklearn:3", "AzureML-sklearn:3"),
        ("azureml:AzureML-sklearn@latest", "azureml:AzureML-sklearn"),
        ("azureml:AzureML-sklearn@latest", "AzureML-sklearn@latest"),
        ("azureml: AzureML-sklearn:3", "AzureML-sklearn"),
        ("azureml:theirs:1", "theirs"),
        (f"{REGISTRY}/labels/latest", REGISTRY),
        (f"{REGISTRY}/versions/4", f"{REGISTRY}/versions/4"),
        (f"{REGISTRY}/versions/4", "sklearn-1.5"),
        ("azureml:sklearn-1.5:4", REGISTRY),
        (f"{OTHER}/versions/1", OTHER),
        (
            "azureml:/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/environments/AzureML-sklearn/versions/3",
            "AzureML-sklearn",
        ),
    ],
)
def test_what_stands_for_an_environment(specs: Workbench, reference: str, key: str) -> None:
    found = loaded(specs, f'"{reference}"', f"  {key}: {{name: here, version: 1, image: python}}\n")
    assert environment_of(found) == "environment/here/1"
    assert found.findings == ()


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("azureml:AzureML-sklearn:3", "AzureML-sklearn:4"),
        (f"{OTHER}/versions/1", "sklearn-1.5"),
        (f"{OTHER}/versions/1", REGISTRY),
        (f"{REGISTRY}/versions/4", f"{REGISTRY}/versions/5"),
    ],
)
def test_what_does_not_stand_for_it(specs: Workbench, reference: str, key: str) -> None:
    found = loaded(specs, reference, f"  {key}: {{image: python}}\n")
    assert [(f.code, f.severity) for f in found.findings] == [("environment-elsewhere", Severity.WARNING)]
    assert environment_of(found) == reference


@pytest.mark.parametrize("entry", ["conda.yml", "{conda_file: conda.yml}"])
def test_a_conda_file_stands_under_the_name_that_it_stands_for(specs: Workbench, entry: str) -> None:
    found = loaded(specs, "azureml:AzureML-sklearn:3", f"  AzureML-sklearn: {entry}\n")
    address = environment_of(found)
    assert address.startswith("environment/AzureML-sklearn/")
    (made,) = [r for r in found.resources if r.kind == "environment"]
    assert made.attributes["conda_file"]["dependencies"] == ["python=3.11"]
    specs.write("conda.yml", "name: x\ndependencies: [python=3.12]\n")
    assert environment_of(specs.load()) != address


def test_a_file_of_an_environment_stands_under_its_own_name(specs: Workbench) -> None:
    found = loaded(specs, "azureml:AzureML-sklearn:3", "  AzureML-sklearn: env.yml\n")
    assert environment_of(found) == "environment/mine/2"


def test_one_entry_stands_for_several_deployments(specs: Workbench) -> None:
    more = "---\n" + SPECS.split("---\n")[2].replace("blue", "green").replace("REFERENCE", "azureml:AzureML-sklearn:4")
    found = loaded(specs, "azureml:AzureML-sklearn:3", "  AzureML-sklearn: conda.yml\n", more=more)
    assert not found.findings
    assert sum(r.kind == "environment" for r in found.resources) == 1


def test_what_a_spec_declares_goes_before(specs: Workbench) -> None:
    more = "---\nkind: environment\nname: theirs\nversion: 1\nimage: x\n"
    found = loaded(specs, "azureml:theirs:1", "  theirs: {image: y}\n", more=more)
    assert environment_of(found) == "environment/theirs/1"
    assert sum(r.kind == "environment" for r in found.resources) == 1


def test_another_world_has_its_own(specs: Workbench) -> None:
    azure = "azure: {subscription_id: s, resource_group: r, workspace_name: www}"
    found = loaded(specs, "azureml:AzureML-sklearn:3", "  AzureML-sklearn: {image: y}\n", provider=azure)
    assert not any(finding.code == "environment-elsewhere" for finding in found.findings)
    assert not any(resource.kind == "environment" for resource in found.resources)


@pytest.mark.parametrize(
    ("name", "reference", "entries"),
    [
        ("missing", "azureml:AzureML-sklearn:3", ""),
        ("near", f"{REGISTRY}/labels/latest", "  sklearn-1.4: {image: python}\n"),
        (
            "broken",
            "azureml:AzureML-sklearn:3",
            "  AzureML-sklearn: {imag: python}\n  AzureML-empty: {description: x}\n  a b: {image: x}\n"
            "  AzureML-lost: cond.yml\n  AzureML-image: python:3.11\n  AzureML-two: two.yml\n  AzureML-list: [a]\n"
            "  AzureML-conda: wrong.yml\n",
        ),
    ],
)
def test_what_is_said(
    specs: Workbench, golden: Callable[[str, str], None], name: str, reference: str, entries: str
) -> None:
    specs.write("two.yml", "image: a\n---\nimage: b\n")
    specs.write("wrong.yml", "dependencies: [pip: [a=1]]\n")
    found = loaded(specs, reference, entries)
    golden(f"schemas/equivalents-{name}.txt", findings_text(findings_said(found.findings), found.sources))
