"""Some files of a workspace, checked as a part of it: they know the others, and only they are told of."""

import pytest

from bep.schemas.findings.finding import Severity
from bep.schemas.specs.loading import Loaded, load
from tests.schemas.conftest import Workbench

COMPUTE = "name: cpu\ntype: amlcompute\nmax_instances: 2\n"
ENDPOINT = "name: letters\nauth_mode: aad_token\ndefaults: {deployment_name: blue}\n"
DEPLOYMENT = (
    "name: blue\nendpoint_name: letters\ncompute: azureml:cpu\nmodel: azureml:m:1\nx-bep: {depends_on: [compute/cpu]}\n"
)
MODEL = "kind: model\nname: m\nversion: 1\ntype: mlflow_model\npath: autolog_nyc_taxi\n"
FILES = {"compute.yml": COMPUTE, "endpoint.yml": ENDPOINT, "deployment.yml": DEPLOYMENT, "model.yml": MODEL}


def checked(bench: Workbench, *paths: str) -> Loaded:
    """The files, as `bep validate` looks at them."""
    return load(bench.files, paths=paths, variables={}, environment={}, known=lambda kind: (), as_part=True)


@pytest.fixture
def parts(article: Workbench) -> Workbench:
    """Four files that refer to each other, and no bep.yml."""
    for file, text in FILES.items():
        article.write(file, text)
    return article


@pytest.mark.parametrize("file", FILES)
def test_each_file_of_a_workspace_is_right_by_itself(parts: Workbench, file: str) -> None:
    parts.write("bep.yml", "workspace: taxi\n")
    loaded = checked(parts, file)
    assert loaded.findings == ()
    assert {resource.mark.file for resource in loaded.resources} == {file}


@pytest.mark.parametrize("file", FILES)
def test_without_a_workspace_what_is_elsewhere_is_only_doubtful(parts: Workbench, file: str) -> None:
    findings = checked(parts, file).findings
    assert {finding.severity for finding in findings} <= {Severity.WARNING}
    codes = {"compute.yml": [], "endpoint.yml": ["traffic-deployment"], "model.yml": []}
    there_is_no = ["unresolved-reference"] * 3  # endpoint, model, compute
    assert sorted(f.code for f in findings) == codes.get(file, there_is_no)


def test_without_a_workspace_a_plan_needs_all(parts: Workbench) -> None:
    assert {finding.severity for finding in parts.load("deployment.yml").findings} == {Severity.ERROR}


def test_of_another_file_nothing_is_said(parts: Workbench) -> None:
    parts.write("bep.yml", "workspace: taxi\n")
    parts.write("compute.yml", COMPUTE + "strange: 1\n")
    assert checked(parts, "endpoint.yml").findings == ()
    assert [finding.code for finding in checked(parts, "compute.yml").findings] == ["unknown-field"]


def test_what_a_file_names_is_told_of_with_it(parts: Workbench) -> None:
    parts.write("bep.yml", "workspace: taxi\n")
    parts.write("other.yml", DEPLOYMENT.replace("blue", "other") + "environment: {image: x}\ncode_configuration: {code: c, scoring_script: s.py}\n")  # fmt: skip  # noqa: E501
    parts.write("c/s.py", "def run(:\n")
    (found,) = checked(parts, "other.yml").findings
    assert found.code == "script-syntax"
    assert found.mark is not None
    assert found.mark.file == "c/s.py"
    assert checked(parts, "deployment.yml").findings == ()


def test_a_bep_yml_that_is_wrong_is_told_of_whatever_was_named(parts: Workbench) -> None:
    parts.write("bep.yml", "workspace: taxi\nspecs: [compute.yml, none.yml]\n")
    assert [finding.code for finding in checked(parts, "compute.yml").findings] == ["file-not-found"]
    assert [finding.code for finding in checked(parts, "bep.yml").findings] == ["file-not-found"]


def test_a_file_that_bep_yml_does_not_list_is_checked_with_it(parts: Workbench) -> None:
    parts.write("bep.yml", "workspace: taxi\nspecs: [compute.yml, endpoint.yml, model.yml]\n")
    (found,) = checked(parts, "deployment.yml").findings
    assert (found.severity, found.code) == (Severity.WARNING, "not-listed")
    parts.write("conda.yml", "dependencies: [python=3.11]\n")
    (found,) = [f for f in checked(parts, "conda.yml").findings if f.mark is not None and f.mark.file == "conda.yml"]
    assert (found.severity, found.code) == (Severity.ERROR, "not-a-spec")


def test_a_plan_of_one_file_knows_the_others_and_is_about_it_alone(parts: Workbench) -> None:
    parts.write("bep.yml", "workspace: taxi\n")
    loaded = parts.load("deployment.yml")
    assert loaded.findings == ()
    assert len(loaded.resources) == 5
    assert loaded.named == ("deployment/letters/blue",)


def test_without_a_workspace_the_endpoint_may_be_said_elsewhere(parts: Workbench) -> None:
    text = DEPLOYMENT.replace("endpoint_name: letters\n", "").replace("compute: azureml:cpu", "compute: local")
    parts.write("deployment.yml", text + "strange: 1\n")
    findings = checked(parts, "deployment.yml").findings
    assert {(f.code, f.severity) for f in findings if f.severity is Severity.ERROR} == {
        ("unknown-field", Severity.ERROR)
    }
    parts.write("deployment.yml", text)
    findings = checked(parts, "deployment.yml").findings
    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert "no-endpoint" in {finding.code for finding in findings}
    parts.write("bep.yml", "workspace: taxi\n")
    assert [f.code for f in checked(parts, "deployment.yml").findings if f.severity is Severity.ERROR] == [
        "no-endpoint"
    ]


@pytest.mark.parametrize(
    ("specs", "found"),
    [
        ('["*.yml", "!e*.yml"]', {"compute.yml"}),
        ('["!e*.yml", "*.yml"]', {"compute.yml"}),
        ('["!e*.yml"]', {"compute.yml", "more.yaml"}),
        ('["*.yml", "!compute.yml", "!endpoint.yml", "compute.yml"]', {"compute.yml"}),
        ('[compute.yml, "!*.yml"]', {"compute.yml"}),
        ('["*/*.yml", "*.yml", "!**/e*.yml"]', {"compute.yml"}),
    ],
)
def test_patterns_take_files_out(bench: Workbench, specs: str, found: set[str]) -> None:
    for file in ("endpoint.yml", "compute.yml", "below/e.yml", "more.yaml"):
        bench.write(file, f"kind: compute\nname: {file.replace('.', '').replace('/', '')[:12]}\ntype: amlcompute\n")
    bench.write("bep.yml", f"workspace: taxi\nspecs: {specs}\n")
    loaded = bench.load()
    assert loaded.findings == ()
    assert {resource.mark.file for resource in loaded.resources} == found


def test_what_takes_nothing_out_is_doubtful(bench: Workbench) -> None:
    bench.write("compute.yml", COMPUTE)
    bench.write("bep.yml", "workspace: taxi\nspecs:\n  - '*.yml'\n  - '!computes.yml'\n")
    (finding,) = bench.load().findings
    assert (finding.code, finding.severity) == ("excludes-nothing", Severity.WARNING)
    assert "compute.yml" in finding.fix
    bench.write("bep.yml", "workspace: taxi\nspecs:\n  - '*.yml'\n  - !compute.yml\n")
    told = [f for f in bench.load().findings if f.code == "unknown-tag"]
    assert [one.fix for one in told] == ["Remove the tag, or quote it: '!compute.yml' is text."]
