"""Computes that are Ray clusters: what they are in canonical form, and each wrong field told where it stands."""

import pytest

from bep.schemas.findings.finding import Finding, errors
from bep.schemas.kinds.kind import fields_of_type
from tests.schemas.conftest import Workbench

LEAST = "name: cluster\ntype: ray\naddress: auto\nshare: /mnt/share\n"


def wrong(bench: Workbench, text: str) -> list[Finding]:
    bench.write("c.yml", text)
    return list(errors(bench.load("c.yml").findings))


def test_what_nobody_says_of_a_cluster_has_a_default(bench: Workbench) -> None:
    bench.write("c.yml", LEAST)
    loaded = bench.load("c.yml")
    assert loaded.findings == ()
    assert loaded.resources[0].attributes == {
        **{"name": "cluster", "type": "ray", "address": "auto", "share": "/mnt/share"},
        **{"min_instances": 0, "max_instances": 4, "node_timeout": 20, "start_timeout": 300},
    }


@pytest.mark.parametrize(
    ("share", "kept"),
    [
        ("../share", "share"),
        ("/mnt/share", "/mnt/share"),
        ("s3://bucket/share", "s3://bucket/share"),
        ("file:///mnt/share", "file:///mnt/share"),
    ],
)
def test_a_share_that_is_a_folder_is_found_beside_its_spec(bench: Workbench, share: str, kept: str) -> None:
    bench.write("specs/c.yml", LEAST.replace("/mnt/share", share))
    assert bench.load("specs/c.yml").resources[0].attributes["share"] == kept


@pytest.mark.parametrize("address", ["auto", "10.0.0.4:6379", "head.example.com:6379", "[fd00::4]:6379"])
def test_where_a_head_may_be(bench: Workbench, address: str) -> None:
    assert wrong(bench, LEAST.replace("auto", f"'{address}'")) == []


@pytest.mark.parametrize("url", ["http://10.0.0.4:8265", "https://ray.example.com/", "https://example.com/ray/dash"])
def test_where_a_dashboard_may_be(bench: Workbench, url: str) -> None:
    assert wrong(bench, LEAST.replace("address: auto", f"dashboard: {url}")) == []


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("address: ray://10.0.0.4:10001", "bad-name", "address cannot be 'ray://10.0.0.4:10001'"),
        ("address: 10.0.0.4", "bad-name", "address cannot be '10.0.0.4'"),
        ("dashboard: 10.0.0.4:8265", "bad-name", "dashboard cannot be '10.0.0.4:8265'"),
        ("dashboard: ftp://h", "bad-name", "dashboard cannot be 'ftp://h'"),
        ("dashboard: http://h/?a=b", "bad-name", "dashboard cannot be 'http://h/?a=b'"),
        ("share: https://h/x", "bad-name", "share cannot be 'https://h/x'"),
        ("share: HTTP://h/x", "bad-name", "share cannot be 'HTTP://h/x'"),
        ("share: memory://x", "bad-name", "share cannot be 'memory://x'"),
        ("share: ''", "bad-length", "share must not be empty"),
        ("max_instances: 0", "out-of-range", "max_instances must be at least 1, not 0"),
        ("cpus_per_instance: 0", "out-of-range", "cpus_per_instance must be at least 1, not 0"),
        ("gpus_per_instance: -1", "out-of-range", "gpus_per_instance must be at least 0, not -1"),
        ("node_timeout: 0", "out-of-range", "node_timeout must be at least 1, not 0"),
        ("start_timeout: soon", "wrong-type", "start_timeout must be a whole number, not the text 'soon'"),
        ("resources: {GPU: 1}", "bad-name", "a name in resources cannot be 'GPU'"),
        ("resources: {a: -1}", "out-of-range", "resources.a must be at least 0, not -1"),
        ("adress: auto", "unknown-field", "'adress' is not a field of a compute"),
        ("min_instances: 1", "other-sort", "'min_instances' means nothing in a compute of type ray"),
        ("size: STANDARD_DS3_V2", "other-sort", "'size' means nothing in a compute of type ray"),
        ("network_settings: {subnet: a}", "other-sort", "'network_settings' means nothing in a compute of type ray"),
    ],
)
def test_what_is_wrong_with_a_cluster(bench: Workbench, line: str, code: str, message: str) -> None:
    name = line.partition(":")[0]
    rest = "".join(f"{kept}\n" for kept in LEAST.splitlines() if not kept.startswith(f"{name}:"))
    found = wrong(bench, f"{line}\n{rest}")
    assert [(one.code, one.message, one.mark.line if one.mark else 0) for one in found] == [(code, message, 1)]


def test_a_cluster_needs_a_share_and_a_way_in(bench: Workbench) -> None:
    found = wrong(bench, "name: cluster\ntype: ray\n")
    assert {one.message for one in found} == {"the compute needs 'share'", "the compute needs address or dashboard"}


@pytest.mark.parametrize("field", fields_of_type("compute", "ray"))
@pytest.mark.parametrize("sort", ["amlcompute", "local"])
def test_what_only_a_ray_cluster_has(bench: Workbench, sort: str, field: str) -> None:
    values = {"address": "auto", "dashboard": "http://h", "share": "/mnt/share", "resources": "{a: 1}"}
    found = wrong(bench, f"name: cluster\ntype: {sort}\n{field}: {values.get(field, 1)}\n")
    assert [one.code for one in found] == ["other-sort"]
    assert found[0].message == f"'{field}' means nothing in a compute of type {sort}"
    assert found[0].fix == "Remove it, or write 'type: ray'."


@pytest.mark.parametrize("line", ["share: s3://key:pa55w0rd99@bucket/x", "dashboard: https://ann:pa55w0rd99@h:8265"])
def test_a_secret_in_an_address_is_told_and_not_shown(bench: Workbench, line: str) -> None:
    name = line.partition(":")[0]
    found = wrong(bench, "".join(f"{one}\n" for one in LEAST.splitlines() if not one.startswith(name)) + line)
    assert [one.code for one in found] == ["secret-in-address"]
    assert "pa55w0rd99" not in repr(found)


def test_a_job_may_take_as_many_nodes_as_its_cluster_says(bench: Workbench) -> None:
    for name in ("m/x", "code/score.py"):
        bench.write(name, "def run(batch):\n    return batch\n")
    text = f"kind: compute\n{LEAST}max_instances: 2\n---\nkind: endpoint\nname: letters\n---\n"
    text += "kind: deployment\nname: blue\nendpoint_name: letters\nmodel: {name: m, version: 1, path: m}\n"
    text += "environment: {name: e, version: 1, image: x}\ncompute: azureml:cluster\nresources: {instance_count: 3}\n"
    text += "code_configuration: {code: code, scoring_script: score.py}\n"
    found = wrong(bench, text)
    assert [one.message for one in found] == ["instance_count is 3, but compute/cluster has max_instances 2"]
