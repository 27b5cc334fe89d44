"""Every way to name another resource (Azure ML docs: reference-yaml-core-syntax)."""

import pytest

from bep.schemas.address import Address
from bep.schemas.drafts.references import Addresses, Named, datastore_of, natural, parse
from tests.schemas.conftest import Workbench

ARM = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("text", "kind", "named"),
    [
        ("azureml:digits:1", "model", Named("model", "digits", "1")),
        ("azureml: digits:1", "model", Named("model", "digits", "1")),
        ("azureml:digits@latest", "model", Named("model", "digits", label="latest")),
        ("azureml:digits", "model", Named("model", "digits")),
        ("azureml:cpu", "compute", Named("compute", "cpu")),
        ("azureml: cpu", "compute", Named("compute", "cpu")),
        ("cpu", "compute", Named("compute", "cpu")),
        ("local", "compute", Named("compute", "local")),
        (f"azureml:{ARM}/models/digits/versions/2", "model", Named("model", "digits", "2")),
        (f"{ARM}/models/digits/labels/latest", "model", Named("model", "digits", label="latest")),
        (f"azureml:{ARM}/computes/cpu", "compute", Named("compute", "cpu")),
        ("azureml://models/digits/versions/2", "model", Named("model", "digits", "2")),
        (
            "azureml://locations/westeurope/workspaces/w/data/d/versions/labels/latest",
            "data",
            Named("data", "d", label="latest"),
        ),
        (
            "azureml://subscriptions/s/resourcegroups/r/workspaces/w/models/m/versions/1",
            "model",
            Named("model", "m", "1"),
        ),
        ("azureml://registries/azureml/models/m/versions/1", "model", Named(external=True)),
        ("azureml://registries/azureml/environments/e/labels/latest", "environment", Named(external=True)),
        ("digits", "model", None),
        ("digits:1", "model", None),
        ("azureml:", "model", None),
        ("azureml:a:1:2", "model", None),
        ("azureml:@latest", "model", None),
        ("azureml:cpu:1", "compute", None),
        ("azureml:a/b", "model", None),
        ("azureml://datastores/d/paths/p", "model", None),
    ],
)
def test_each_form(text: str, kind: str, named: Named | None) -> None:
    assert parse(text, kind) == named


def test_datastores_of_uris() -> None:
    assert datastore_of("azureml://datastores/blob/paths/a/b") == "blob"
    assert datastore_of("azureml://subscriptions/s/resourcegroups/r/workspaces/w/datastores/blob/paths/a") == "blob"
    assert datastore_of("azureml://jobs/j/outputs/o/paths/p") == ""
    assert datastore_of("https://example.org/datastores/x/paths/y") == ""


def test_versions_sort_as_people_do() -> None:
    assert sorted(["10", "9", "1.10", "1.9", "a", "1"], key=natural) == ["1", "1.9", "1.10", "9", "10", "a"]


def test_latest_is_the_highest_declared_else_the_last_made() -> None:
    there = [Address("model/a/7"), Address("model/b/2"), Address("model/b/1")]
    asked: list[str] = []

    def known(kind: str) -> list[Address]:
        asked.append(kind)
        return there

    addresses = Addresses([Address("model/a/9"), Address("model/a/10")], known)
    assert addresses.find(Named("model", "a", label="latest")) == "model/a/10"
    assert asked == []
    assert addresses.find(Named("model", "b", label="latest")) == "model/b/1"
    assert addresses.find(Named("model", "b")) == "model/b/1"
    assert addresses.find(Named("model", "a", "7")) == "model/a/7"
    assert addresses.find(Named("model", "a", "8")) is None
    assert asked == ["model"]


DEPLOYMENT = "name: blue\nendpoint_name: mybatchedp\nmodel: {model}\ncompute: {compute}\n"


def test_what_the_provider_has_resolves(article: Workbench) -> None:
    have = {"model": ["model/m/1", "model/m/2"], "endpoint": ["endpoint/mybatchedp"], "compute": ["compute/cpu"]}
    article.write("d.yml", DEPLOYMENT.format(model="azureml:m@latest", compute="azureml:cpu"))
    loaded = article.load("d.yml", known=lambda kind: [Address(a) for a in have.get(kind, ())])
    assert loaded.findings == ()
    [deployment] = loaded.resources
    assert (deployment.attributes["model"], deployment.attributes["compute"]) == ("model/m/2", "compute/cpu")


def test_local_compute_needs_no_declaration(article: Workbench) -> None:
    article.write(
        "d.yml",
        "name: mybatchedp\n---\n" + DEPLOYMENT.format(model="{path: autolog_nyc_taxi}", compute="{target: local}"),
    )
    loaded = article.load("d.yml")
    assert [f.message for f in loaded.findings] == []
    assert {str(r.address): r.attributes.get("compute") for r in loaded.resources}[
        "deployment/mybatchedp/blue"
    ] == "compute/local"


def test_registry_models_stay_as_written(article: Workbench) -> None:
    uri = "azureml://registries/azureml/models/m/versions/1"
    article.write("d.yml", "name: mybatchedp\n---\n" + DEPLOYMENT.format(model=uri, compute="local"))
    loaded = article.load("d.yml")
    assert loaded.findings == ()
    assert loaded.resources[-1].attributes["model"] == uri


@pytest.mark.parametrize("files", [("blue.yml", "env.yml"), ("env.yml", "blue.yml")])
def test_an_environment_inline_and_in_a_file_of_its_own_is_one(article: Workbench, files: tuple[str, str]) -> None:
    """Azure's summarization example has it twice; what the file says to bep counts."""
    inline = "name: e\nimage: x\nconda_file: mnist/environment/conda.yml\n"
    article.write("env.yml", f"{inline}x-bep: {{lifecycle: {{prevent_destroy: true}}}}\n")
    article.write(
        "blue.yml",
        "name: mybatchedp\n---\nname: blue\nendpoint_name: mybatchedp\nmodel: {path: mnist/models}\ncompute: local\n"
        "code_configuration: {code: mnist/code, scoring_script: digit_identification.py}\n"
        "environment: {name: e, image: x, conda_file: mnist/environment/conda.yml}\n",
    )
    loaded = article.load(*files)
    assert loaded.findings == ()
    (environment,) = [r for r in loaded.resources if r.kind == "environment"]
    assert environment.lifecycle.prevent_destroy
    article.write("env.yml", "name: e\nversion: 1\nimage: x\n---\nname: e\nversion: 1\nimage: x\n")
    assert [f.code for f in article.load(*files).findings] == ["duplicate-address"]


def test_unversioned_parts_are_named_by_their_content(article: Workbench) -> None:
    article.write(
        "d.yml",
        "name: mybatchedp\n---\nname: blue\nendpoint_name: mybatchedp\nmodel: {path: mnist/models}\ncompute: local\n"
        "code_configuration: {code: mnist/code, scoring_script: digit_identification.py}\n"
        "environment: {conda_file: mnist/environment/conda.yml}\n",
    )
    first = {r.kind: r for r in article.load("d.yml").resources}
    digest = article.files.content("mnist/models").sha256
    assert first["model"].address == f"model/blue/{digest[:12]}"
    assert first["deployment"].attributes["model"] == first["model"].address
    article.write("mnist/environment/conda.yml", "name: other\ndependencies: [python=3.11]\n")
    second = {r.kind: r for r in article.load("d.yml").resources}
    assert second["model"].address == first["model"].address
    assert second["environment"].address != first["environment"].address
    assert len(second["environment"].address.split("/")[2]) == 12


def test_remote_models_have_no_content(article: Workbench) -> None:
    article.write(
        "m.yml", "kind: model\nname: m\nversion: 1\npath: azureml://jobs/j/outputs/o/paths/p\ntype: mlflow_model\n"
    )
    article.write("n.yml", "kind: model\nname: n\nversion: 1\npath: azureml://datastores/workspaceblobstore/paths/p\n")
    loaded = article.load("m.yml", "n.yml")
    assert loaded.findings == ()
    assert [(r.attributes["path"], dict(r.contents)) for r in loaded.resources] == [
        ("azureml://jobs/j/outputs/o/paths/p", {}),
        ("azureml://datastores/workspaceblobstore/paths/p", {}),
    ]
    assert [r.address for r in loaded.resources[1].references] == ["datastore/workspaceblobstore"]


def test_extra_ordering_and_lifecycle(article: Workbench) -> None:
    article.write(
        "c.yml",
        "name: cpu-cluster\ntype: amlcompute\n---\nname: gpu-cluster\ntype: amlcompute\n"
        "x-bep: {depends_on: [compute/cpu-cluster], lifecycle: {prevent_destroy: true, ignore_changes: [tags]}}\n",
    )
    loaded = article.load("c.yml")
    assert loaded.findings == ()
    gpu = loaded.resources[1]
    assert [(r.path, r.address) for r in gpu.references] == [(("x-bep", "depends_on", 0), "compute/cpu-cluster")]
    assert gpu.lifecycle.prevent_destroy
    assert gpu.lifecycle.ignore_changes == ("tags",)
    assert "x-bep" not in gpu.attributes
