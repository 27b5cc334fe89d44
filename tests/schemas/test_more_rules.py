"""Fields of the service that are right, and mistakes that only a later step would tell."""

import pytest

from tests.schemas.conftest import Workbench

STORE = "kind: datastore\nname: b\ntype: azure_blob\naccount_name: a\ncontainer_name: c\nprotocol: {}\n"


@pytest.mark.parametrize("protocol", ["https", "wasbs", "abfss"])
def test_protocols_of_a_datastore(bench: Workbench, protocol: str) -> None:
    bench.write("b.yml", STORE.format(protocol))
    assert bench.load("b.yml").findings == ()


def test_a_model_may_name_a_template(bench: Workbench) -> None:
    bench.write("m/x", "x")
    bench.write(
        "m.yml", "kind: model\nname: m\nversion: 1\npath: m\ndefault_deployment_template: {asset_id: azureml://x}\n"
    )
    assert bench.load("m.yml").findings == ()


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("pandas=2.2.0", "Write pandas==2.2.0."),
        ("a[b]=1", "Write a[b]==1."),
        ("a == 1", ""),
        ("a>=1", ""),
        ("a===1", ""),
    ],
)
def test_a_requirement_of_pip_has_two_equals_signs(bench: Workbench, line: str, fix: str) -> None:
    bench.write("e.yml", f"kind: environment\nname: e\nversion: 1\nimage: x\nconda_file: {{dependencies: [{{pip: ['{line}']}}]}}\n")  # fmt: skip  # noqa: E501
    assert [finding.fix for finding in bench.load("e.yml").findings if finding.code == "pip-requirement"] == [fix][
        : bool(fix)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "kind: model\nname: ${MODEL_NAME}\nversion: 1\npath: m\n",
        "kind: model\nname: m\nversion: 1\npath: ${MODEL_PATH}\n",
        "kind: compute\nname: cpu\ntype: amlcompute\nmax_instances: ${NODES:-2}\n",
        "kind: compute\nname: cpu\ntype: amlcompute\ntier: ${TIER}\n",
    ],
)
def test_a_variable_of_a_shell_is_told_as_one(bench: Workbench, text: str) -> None:
    bench.write("m/x", "x")
    bench.write("x.yml", text)
    findings = bench.load("x.yml").findings
    assert any("a shell variable" in finding.fix and "${{ var." in finding.fix for finding in findings)


def test_a_circle_of_needs_is_found_where_it_is_written(bench: Workbench) -> None:
    for one, other in (("aaa", "bbb"), ("bbb", "ccc"), ("ccc", "aaa"), ("ddd", "aaa")):
        bench.write(
            f"{one}.yml", f"kind: compute\nname: {one}\ntype: amlcompute\nx-bep: {{depends_on: [compute/{other}]}}\n"
        )
    bench.write("bep.yml", "workspace: x\n")
    (found,) = bench.load().findings
    assert found.code == "reference-cycle"
    assert "compute/aaa -> compute/bbb -> compute/ccc -> compute/aaa" in found.message
    bench.write("ccc.yml", "kind: compute\nname: ccc\ntype: amlcompute\n")
    assert bench.load().findings == ()
