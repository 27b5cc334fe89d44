"""Fields of the service that are right, and mistakes that only a later step would tell."""

import pytest

from bep.schemas.findings.finding import errors
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


CPU = "kind: compute\nname: cpu\ntype: amlcompute\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ssh_settings: {ssh_key_value: k}\n", ["ssh_settings needs 'admin_username'"]),
        ("ssh_settings: {admin_username: a, ssh_key_value: k}\n", []),
        ("ssh_settings: {admin_username: }\n", ["ssh_settings needs 'admin_username'"]),
        ("ssh_key_value: k\n", ["ssh_settings needs 'admin_username'"]),
        ("admin_username: a\nssh_key_value: k\n", []),
        ("identity: {user_assigned_identities: [{resource_id: r}]}\n", ["identity needs 'type'"]),
        ("identity: {type: user_assigned, user_assigned_identities: [{resource_id: r}]}\n", []),
        ("user_assigned_identities: [{resource_id: r}]\n", ["identity needs 'type'"]),
        ("identity_type: user_assigned\nuser_assigned_identities: [{resource_id: r}]\n", []),
        ("identity: {type: managed}\n", ["identity.type cannot be 'managed'; it can be"]),
    ],
)
def test_an_account_has_a_name_and_an_identity_a_type(bench: Workbench, text: str, told: list[str]) -> None:
    bench.write("c.yml", CPU + text)
    messages = [finding.message for finding in errors(bench.load("c.yml").findings)]
    assert len(messages) == len(told)
    assert all(message.startswith(begin) for message, begin in zip(messages, told, strict=True)), messages


DATASET = "$schema: https://azuremlschemas.azureedge.net/latest/dataset.schema.json\nname: d\nversion: 1\n"


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        (
            "paths:\n  - file: https://x.blob.core.windows.net/c/a.csv\n",
            "uri_file",
            "https://x.blob.core.windows.net/c/a.csv",
        ),
        (
            "paths:\n  - folder: wasbs://c@x.blob.core.windows.net/f/\n",
            "uri_folder",
            "wasbs://c@x.blob.core.windows.net/f/",
        ),
        (
            "paths: [{file: azureml://datastores/workspaceblobstore/paths/iris.csv}]\n",
            "uri_file",
            "azureml://datastores/workspaceblobstore/paths/iris.csv",
        ),
        ("paths: [{folder: s3://x, file: }]\n", "uri_folder", "s3://x"),
    ],
)
def test_a_dataset_of_2021_names_its_path_in_a_list(bench: Workbench, text: str, kind: str, path: str) -> None:
    bench.write("d.yml", DATASET + text)
    loaded = bench.load("d.yml")
    assert not errors(loaded.findings)
    (data,) = loaded.resources
    assert (data.address, data.attributes["type"], data.attributes["path"]) == ("data/d/1", kind, path)
    assert "paths" not in data.attributes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("paths: [{file: https://x/a}, {file: https://x/b}]\n", "several-paths"),
        ("paths: [{file: https://x/a, folder: https://x/b}]\n", "several-paths"),
        ("paths: [{file: https://x/a}]\nlocal_path: d.yml\n", "written-twice"),
        ("paths: [{file: https://x/a}]\ntype: uri_folder\n", "other-type"),
        ("paths: [{}]\n", "missing-field"),
        ("paths: []\n", "bad-length"),
        ("paths: [{fil: https://x/a}]\n", "unknown-field"),
        ("paths: https://x/a\n", "wrong-type"),
    ],
)
def test_a_dataset_of_2021_is_one_path(bench: Workbench, text: str, code: str) -> None:
    bench.write("d.yml", DATASET + text)
    found = errors(bench.load("d.yml").findings)
    assert [finding.code for finding in found] == [code], found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("min_instances: 5\nmax_instances: 2\n", "min_instances is 5, but max_instances is 2"),
        ("min_instances: 5\n", "min_instances is 5, but max_instances is 4, the default"),
        ("min_instances: 2\nmax_instances: 2\n", ""),
        ("min_instances: 5\nmax_instances: few\n", ""),
    ],
)
def test_no_more_instances_are_kept_ready_than_there_may_be(bench: Workbench, text: str, message: str) -> None:
    bench.write("c.yml", CPU + text)
    found = [f.message for f in bench.load("c.yml").findings if f.code == "min-above-max"]
    assert found == [message][: bool(message)]
