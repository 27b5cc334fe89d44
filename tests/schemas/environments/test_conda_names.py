"""The file of names: what it may say, and where its mistakes are."""

import pytest

from bep.schemas.findings.finding import Finding
from tests.schemas.conftest import Workbench

BEP = "workspace: w\nprovider: {local: {conda_names: names.yml}}\nspecs: []\n"


def found(bench: Workbench, names: str | None, bep: str = BEP) -> list[Finding]:
    bench.write("bep.yml", bep)
    if names is not None:
        bench.write("names.yml", names)
    return list(bench.load().findings)


def test_what_stands_for_what_and_what_for_nothing(bench: Workbench) -> None:
    names = (
        "PyTorch: torch\nlibgdal: GDAL[array]==3.2.*\nr-base: null\nours: ours @ file:///wheels/ours.whl\n_openmp: ~\n"
    )
    assert found(bench, names) == []
    assert bench.load().workspace.conda_names == {
        "pytorch": "torch",
        "libgdal": "GDAL[array]==3.2.*",
        "r-base": None,
        "ours": "ours @ file:///wheels/ours.whl",
        "_openmp": None,
    }


@pytest.mark.parametrize(
    ("names", "place", "message"),
    [
        ("a: [b]\n", (1, 4), "'a' stands for a list, which is not a pip requirement"),
        ("a: 1.2\n", (1, 4), "'a' stands for 1.2, which is not a pip requirement"),
        ("ok: yes-it-is\na: -r more.txt\n", (2, 4), "'a' stands for '-r more.txt', which is not a pip requirement"),
        ("a: ''\n", (1, 4), "'a' stands for '', which is not a pip requirement"),
        ("numpy=1.2: numpy\n", (1, 1), "'numpy=1.2' is not the name of a conda package"),
        ("conda-forge::numpy: numpy\n", (1, 1), "'conda-forge::numpy' is not the name of a conda package"),
        ("Python: python3\n", (1, 1), "'Python' cannot be replaced: each environment has its own"),
        ("- a\n", (1, 1), "names.yml must be one mapping of conda's names to pip's"),
        ("a: b\n---\nc: d\n", (1, 1), "names.yml must be one mapping of conda's names to pip's"),
        ("a: b\na: c\n", (2, 1), "'a' is written twice"),
    ],
)
def test_a_mistake_is_shown_where_it_is(bench: Workbench, names: str, place: tuple[int, int], message: str) -> None:
    (finding,) = found(bench, names)
    assert finding.message.startswith(message)
    assert finding.fix
    assert finding.mark
    assert (finding.mark.file, finding.mark.line, finding.mark.column) == ("names.yml", *place)


def test_every_mistake_is_told_and_the_rest_holds(bench: Workbench) -> None:
    assert len(found(bench, "a: 1\nb: c\nd: 2\n")) == 2
    assert bench.load().workspace.conda_names == {"b": "c"}


def test_a_file_that_is_not_there_is_told_where_it_is_named(bench: Workbench) -> None:
    bench.write("namse.yml", "a: b\n")
    (finding,) = found(bench, None)
    assert (finding.code, finding.message) == ("file-not-found", "there is no file names.yml")
    assert "namse.yml" in finding.fix
    assert finding.mark
    assert (finding.mark.file, finding.mark.line, finding.mark.column) == ("bep.yml", 2, 33)


def test_the_file_is_no_spec_unless_it_is_named_as_one(bench: Workbench) -> None:
    bench.write("compute.yml", "name: cpu-cluster\ntype: amlcompute\nmax_instances: 2\n")
    bep = "workspace: w\nprovider: {local: {conda_names: ./names.yml}}\n"
    assert found(bench, "numpy: alpha\n", bep) == []
    assert found(bench, "numpy: alpha\n", bep + "specs: ['*.yml']\n") == []
    assert [one.mark.file for one in found(bench, "numpy: alpha\n", bep + "specs: [names.yml]\n") if one.mark]


def test_an_empty_file_says_nothing_and_is_told(bench: Workbench) -> None:
    (finding,) = found(bench, "")
    assert finding.message == "names.yml must be one mapping of conda's names to pip's"


def test_a_stage_with_a_provider_of_its_own_has_names_of_its_own(bench: Workbench) -> None:
    stages = "stages: {one: {provider: {local: {conda_names: other.yml}}}, two: }\ndefault_stage: one\n"
    bench.write("other.yml", "a: other\n")
    assert found(bench, "a: b\n", BEP + stages) == []
    assert bench.load().workspace.conda_names == {"a": "other"}
    assert bench.load(environment={"BEP_STAGE": "two"}).workspace.conda_names == {"a": "b"}


def test_who_builds_is_one_of_three(bench: Workbench) -> None:
    (finding,) = found(bench, None, "workspace: w\nprovider: {local: {environments: mamba}}\nspecs: []\n")
    assert [word in finding.message + finding.fix for word in ("auto", "pip", "conda")] == [True] * 3
    assert finding.mark
    assert (finding.mark.line, finding.mark.column) == (2, 34)
