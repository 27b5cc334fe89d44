"""What is taken for a spec, and what is not: nothing that another tool reads, nothing that bep has no kind for."""

# ruff: noqa: E501, PT018

import pytest

from bep.schemas.findings.finding import Finding, Severity
from tests.schemas.conftest import Workbench

AZURE = "$schema: https://azuremlschemas.azureedge.net/latest/{}.schema.json\n"
OTHERS = {
    "conda.yml": ("name: e\nchannels: [conda-forge]\ndependencies: [python=3.10, {pip: [numpy]}]\n", "a conda environment file"),
    "least.yml": ("dependencies:\n  - python=3.8\n", "a conda environment file"),
    "python_env.yaml": ("python: 3.8.13\nbuild_dependencies: [pip]\ndependencies: [-r requirements.txt]\n", "python_env.yaml"),
    "MLmodel": ("artifact_path: model\nflavors:\n  python_function: {env: conda.yaml}\nmodel_uuid: 1\n", "the MLmodel"),
    "ci.yml": ("name: ci\non: [push]\ndefaults: {run: {shell: bash}}\njobs: {a: {runs-on: x, steps: []}}\n", "a GitHub workflow"),
    "action.yml": ("name: x\ndescription: y\ninputs: {}\nruns: {using: composite, steps: []}\n", "a GitHub action"),
    "azure-pipelines.yml": ("trigger: [main]\npool: {vmImage: ubuntu-latest}\nsteps:\n- script: make\n", "an Azure pipeline"),
    "template.yml": ("parameters: []\nsteps:\n- task: AzureCLI@2\n  inputs: {a: b}\n", "an Azure pipeline"),
    ".gitlab-ci.yml": ("stages: [test]\ntest:\n  stage: test\n  script: [make]\n", "a GitLab pipeline"),
    "compose.yml": ("services:\n  web: {image: nginx}\n", "a Docker Compose file"),
    "k8s.yml": ("apiVersion: v1\nkind: Service\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Pod\n", "a Kubernetes manifest"),
    "Chart.yaml": ("apiVersion: v2\nname: x\nversion: 1.0.0\n", "a Helm chart"),
    "helm.yml": ("apiVersion: v1\nkind: Pod\nmetadata:\n  {{- include labels . }}\n", "a Kubernetes manifest"),
    "mkdocs.yml": ("site_name: x\nmarkdown_extensions: [{a: !!python/name:x.y }]\n", "a configuration of MkDocs"),
    "pre-commit.yaml": ("repos:\n- repo: https://x\n  rev: v1\n  hooks: [{id: ruff}]\n", "a configuration of pre-commit"),
    "play.yml": ("- hosts: all\n  tasks: []\n", "an Ansible playbook"),
    "train.yml": ("learning_rate: 0.1\nlayers: 3\nmodel: resnet\n", "no kind of bep's has"),
    "labels.yml": ("- {name: bug, color: red}\n", "a list"),
}  # fmt: skip
NOT_SUPPORTED = {
    "online endpoint": (AZURE.format("managedOnlineEndpoint") + "name: my-online\nauth_mode: aad_token\n", "an online endpoint"),
    "kubernetes endpoint": (AZURE.format("kubernetesOnlineEndpoint") + "name: my-online\ncompute: azureml:k\n", "an online endpoint"),
    "online deployment": (AZURE.format("managedOnlineDeployment") + "name: b\nendpoint_name: e\nmodel: azureml:m:1\n", "an online deployment"),
    "online by fields": ("name: b\nendpoint_name: e\nmodel: azureml:m:1\nliveness_probe: {}\n", "an online deployment"),
    "online by instance": ("name: b\nendpoint_name: e\nmodel: azureml:m:1\ninstance_type: x\ninstance_count: 1\n", "an online deployment"),
    "command job": (AZURE.format("commandJob") + "command: x\nenvironment: azureml:e:1\ncompute: azureml:c\n", "a command job"),
    "job without a schema": ("command: x\nenvironment: azureml:e:1\ncompute: azureml:c\n", "a command job"),
    "sweep": (AZURE.format("sweepJob") + "trial: {}\nobjective: {}\n", "a sweep job"),
    "schedule of a pipeline": (AZURE.format("schedule") + "name: x\ntrigger: {}\ncreate_job: ./pipeline.yml\n", "a schedule of another job"),
    "schedule of a job": ("name: x\ntrigger: {}\ncreate_job: {type: command, job: ./job.yml}\n", "a schedule of another job"),
    "schedule of an import": (AZURE.format("schedule") + "name: x\ntrigger: {}\nimport_data: ./i.yml\n", "a schedule of a data import"),
    "monitor": (AZURE.format("schedule") + "name: x\ntrigger: {}\ncreate_monitor: {}\n", "a monitor"),
    "file name alone": ("$schema: Registry.json\nname: x\n", "a registry"),
    "workspace": (AZURE.format("workspace") + "name: x\n", "a workspace of Azure ML"),
    "workspace by fields": ("name: x\ndisplay_name: y\nlocation: z\n", "a workspace of Azure ML"),
    "instance": (AZURE.format("computeInstance") + "name: x\ntype: computeinstance\n", "a compute instance"),
    "instance by type": ("name: x\ntype: computeinstance\nsize: y\n", "a compute instance"),
    "kubernetes": ("name: x\ntype: kubernetes\nresource_id: y\n", "a Kubernetes compute"),
    "connection": ("name: x\ntype: git\ntarget: y\ncredentials: {}\n", "a connection"),
    "feature store": (AZURE.format("FeatureStore") + "name: x\n", "a feature store"),
    "online, unfilled": (AZURE.format("managedOnlineDeployment") + "name: b\nenvironment: \n  image: {{image}}:latest\n", "an online deployment"),
}  # fmt: skip


def only(bench: Workbench, text: str, file: str, specs: str) -> Finding:
    """The one finding of a workspace that has nothing but one file."""
    bench.write("bep.yml", f"workspace: taxi\nspecs: [{specs}]\n")
    bench.write(file, text)
    loaded = bench.load()
    assert loaded.resources == ()
    (found,) = loaded.findings
    return found


@pytest.mark.parametrize("file", OTHERS)
def test_another_tools_file_that_a_pattern_finds_is_skipped_with_one_warning(bench: Workbench, file: str) -> None:
    text, what = OTHERS[file]
    found = only(bench, text, file, f"'{file[:-1]}?'")
    assert found.severity is Severity.WARNING and found.code == "not-a-spec"
    assert found.message.startswith("skipped: ") and what in found.message


@pytest.mark.parametrize("file", OTHERS)
def test_another_tools_file_that_is_named_is_an_error_that_says_what_it_is(bench: Workbench, file: str) -> None:
    text, what = OTHERS[file]
    bench.write("bep.yml", f"workspace: taxi\nspecs: [{file}]\n")
    bench.write(file, text)
    loaded = bench.load()
    assert loaded.resources == () and loaded.findings
    assert {(f.severity, f.code) for f in loaded.findings} == {(Severity.ERROR, "not-a-spec")}
    assert all(what in f.message for f in loaded.findings)


@pytest.mark.parametrize("case", NOT_SUPPORTED)
def test_what_azure_ml_has_and_bep_has_not_is_told_by_its_name(bench: Workbench, case: str) -> None:
    text, what = NOT_SUPPORTED[case]
    found = only(bench, text, "on.yml", "'*.yml'")
    assert (found.severity, found.code) == (Severity.ERROR, "not-supported") and what in found.message


@pytest.mark.parametrize("text", ["name: x\n", "name: x\ndescription: y\ntags: {a: b}\n", "name: x\nversion: 1\n"])
def test_a_name_alone_tells_no_kind(bench: Workbench, text: str) -> None:
    found = only(bench, text, "x.yml", "'*.yml'")
    assert (found.severity, found.code) == (Severity.ERROR, "kind-unclear")
    assert "has only" in found.message and "$schema" in found.fix and "type" in found.fix


def test_a_name_alone_is_the_endpoint_that_a_deployment_calls_so(article: Workbench) -> None:
    article.write("compute.yml", "name: cpu\ntype: amlcompute\n")
    article.write("a.yml", "name: letters\ndescription: of the alphabet\n")
    article.write(
        "d.yml", "name: blue\nendpoint_name: letters\ncompute: azureml:cpu\nmodel: {path: autolog_nyc_taxi}\n"
    )
    loaded = article.load("compute.yml", "a.yml", "d.yml")
    assert loaded.findings == ()
    assert "endpoint/letters" in [resource.address for resource in loaded.resources]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (AZURE.format("batchEndpoint") + "name: letters\n", "endpoint"),
        ("name: letters\ntype: batch\n", "endpoint"),
        ("kind: endpoint\nname: letters\n", "endpoint"),
        (AZURE.format("managedOnlineEndpoint") + "kind: endpoint\nname: letters\n", "endpoint"),
        (AZURE.format("amlCompute") + "name: cpu\ntype: amlcompute\n", "compute"),
        (
            "$schema: azureBlob.schema.json\nname: b\ntype: azure_blob\naccount_name: a\ncontainer_name: c\n",
            "datastore",
        ),
        (AZURE.format("environment") + "name: e\nversion: 1\nimage: x\n", "environment"),
        (AZURE.format("dataset") + "name: d\nversion: 1\nlocal_path: there\n", "data"),
    ],
)
def test_what_says_that_it_is_a_spec_is_one(bench: Workbench, text: str, kind: str) -> None:
    bench.write("there/x", "x")
    bench.write("x.yml", text)
    loaded = bench.load("x.yml")
    assert [(f.code, f.message) for f in loaded.findings] == []
    assert [resource.kind for resource in loaded.resources] == [kind]


def test_a_spec_with_mistakes_is_never_skipped(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: taxi\n")
    bench.write("d.yml", "nmae: blue\nendpoint_nmae: letters\nmodle: azureml:m:1\ncompute: azureml:c\nstrange: 1\n")
    assert "error" in {finding.severity for finding in bench.load().findings}


def test_the_name_of_a_skipped_file_stands_for_nothing(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: taxi\n")
    bench.write("conda.yml", OTHERS["conda.yml"][0])
    bench.write("endpoint.yml", "kind: endpoint\nname: letters\n")
    bench.write("model.yml", "kind: model\nname: m\nversion: 1\npath: conda.yml\n")
    bench.write("compute.yml", "name: cpu\ntype: amlcompute\n")
    bench.write("d.yml", "name: blue\nendpoint_name: letters\nmodel: azureml:m:1\ncompute: azureml:cpu\nenvironment: azureml:e:1\ncode_configuration: {code: c, scoring_script: s.py}\n")  # fmt: skip
    bench.write("c/s.py", "def run(mini_batch):\n    return mini_batch\n")
    assert sorted(finding.code for finding in bench.load().findings) == ["not-a-spec", "unresolved-reference"]
