"""A wrong name is one finding, where it is wrong or where it is first used; no reference to it is told as well."""

import pytest

from bep.schemas.specs.loading import load
from tests.schemas.conftest import Workbench

SPECS = {
    "compute.yml": "kind: compute\nname: cpu\ntype: amlcompute\nmax_instances: 2\n",
    "model.yml": "kind: model\nname: m\nversion: 1\ntype: mlflow_model\n"
    "path: azureml://datastores/workspaceblobstore/paths/m\n",
    "endpoint.yml": "kind: endpoint\nname: taxi\ndefaults: {deployment_name: blue}\n",
    "blue.yml": "kind: deployment\nname: blue\nendpoint_name: taxi\nmodel: azureml:m:1\ncompute: azureml:cpu\n",
    "green.yml": "kind: deployment\nname: green\nendpoint_name: taxi\nmodel: azureml:m:1\ncompute: azureml:cpu\n",
}
Change = tuple[str, str, str]


def found(bench: Workbench, changes: tuple[Change, ...], *, part: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The codes and places of the findings about the specs with some texts exchanged."""
    texts = dict(SPECS)
    for file, old, new in changes:
        assert old in texts[file]
        texts[file] = texts[file].replace(old, new)
    for file, text in texts.items():
        bench.write(file, text)
    bench.write("bep.yml", f"workspace: w\nspecs: [{', '.join(texts)}]\n")
    loaded = load(bench.files, paths=part, variables={}, environment={}, known=lambda kind: (), as_part=bool(part))
    return [(finding.code, str(finding.mark)) for finding in loaded.findings]


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ((("endpoint.yml", "taxi", "../../x"),), "bad-name", "endpoint.yml:2:7"),
        ((("endpoint.yml", "taxi", "t"),), "bad-length", "endpoint.yml:2:7"),
        ((("endpoint.yml", "taxi", "12"),), "wrong-type", "endpoint.yml:2:7"),
        ((("endpoint.yml", "name: taxi", "name: [taxi]"),), "wrong-type", "endpoint.yml:2:7"),
        ((("endpoint.yml", "name: taxi", "name: taxi\nname: taxo"),), "duplicate-key", "endpoint.yml:3:1"),
        ((("endpoint.yml", "taxi", "taxo"),), "unresolved-reference", "blue.yml:3:16"),
        ((("blue.yml", "taxi", "taxo"),), "unresolved-reference", "blue.yml:3:16"),
        ((("blue.yml", "taxi", "../../etc/passwd"),), "reference-form", "blue.yml:3:16"),
        ((("blue.yml", "taxi", "taxo"), ("green.yml", "taxi", "taxo")), "unresolved-reference", "blue.yml:3:16"),
        ((("blue.yml", "blue", "b!ue"),), "bad-name", "blue.yml:2:7"),
        ((("blue.yml", "blue", "b"),), "bad-length", "blue.yml:2:7"),
        ((("blue.yml", "blue", "b!ue"), ("endpoint.yml", "blue", "b!ue")), "bad-name", "blue.yml:2:7"),
        ((("blue.yml", "name: blue", "name: blue\nname: blau"),), "duplicate-key", "blue.yml:3:1"),
        ((("blue.yml", "azureml:m:1", "azureml:m:1\nmodel: azureml:k:1"),), "duplicate-key", "blue.yml:5:1"),
        ((("blue.yml", "blue", "bleu"),), "traffic-deployment", "endpoint.yml:3:29"),
        ((("endpoint.yml", "blue", "bleu"),), "traffic-deployment", "endpoint.yml:3:29"),
        ((("compute.yml", "cpu", "c"),), "bad-name", "compute.yml:2:7"),
        ((("compute.yml", "cpu", "cpo"),), "unresolved-reference", "blue.yml:5:10"),
        ((("compute.yml", "name", "nmae"),), "unknown-field", "compute.yml:2:1"),
        ((("model.yml", "name: m", "name: m/x"),), "bad-name", "model.yml:2:7"),
        ((("model.yml", "version: 1", "version: [1]"),), "wrong-type", "model.yml:3:10"),
        ((("model.yml", "version: 1", "version: 2"),), "unresolved-reference", "blue.yml:4:8"),
        (
            (("compute.yml", "2", "${{ var.most }}"), ("model.yml", "1", "${{ var.most }}")),
            "unknown-variable",
            "compute.yml:4:16",
        ),
    ],
)
def test_a_wrong_name_is_one_finding(bench: Workbench, changes: tuple[Change, ...], code: str, place: str) -> None:
    assert found(bench, changes) == [(code, place)]


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ((("compute.yml", "cpu", "c"), ("green.yml", "taxi", "taxo")), ["compute.yml:2:7", "green.yml:3:16"]),
        ((("endpoint.yml", "blue", "grene"), ("blue.yml", "blue", "b!ue")), ["blue.yml:2:7", "endpoint.yml:3:29"]),
        ((("endpoint.yml", "blue", "bleu"), ("blue.yml", "taxi", "taxo")), ["blue.yml:3:16", "endpoint.yml:3:29"]),
    ],
)
def test_two_wrong_names_are_two_findings(bench: Workbench, changes: tuple[Change, ...], places: list[str]) -> None:
    assert sorted(place for _, place in found(bench, changes)) == places


def test_every_place_of_one_wrong_name_is_named(bench: Workbench) -> None:
    found(bench, (("compute.yml", "cpu", "gpu"),))
    more = [f"d{n}.yml" for n in range(4)]
    for file in more:
        bench.write(file, SPECS["green.yml"].replace("green", file.removesuffix(".yml") * 2))
    bench.write("bep.yml", f"workspace: w\nspecs: [{', '.join([*SPECS, *more])}]\n")
    [finding] = bench.load().findings
    assert finding.message == (
        "compute 'azureml:cpu': there is no compute/cpu; the same in d0.yml:5:10, d1.yml:5:10, d2.yml:5:10 and 2 more "
        "places"
    )


def test_a_file_looked_at_alone_is_told_of_a_name_that_is_wrong_in_another(bench: Workbench) -> None:
    part = ("blue.yml",)
    assert found(bench, (("compute.yml", "cpu", "c"),), part=part) == [("unresolved-reference", "blue.yml:5:10")]
