"""Variables and secrets in specs."""
# ruff: noqa: E501

import json

from bep.schemas.findings.rendering import findings_github, findings_json, findings_text
from bep.schemas.job.job import load_job
from bep.schemas.secrets.secret import Secret
from tests.schemas.conftest import Workbench

BEP = """\
workspace: taxi
specs: [compute.yml]
variables:
  nodes: {type: integer, default: 1}
  share: {type: number, default: 0.5}
  on: {type: boolean, default: false}
  size: {default: 1.10}
"""
COMPUTE = (
    "name: cpu-${{ var.size }}x\ntype: amlcompute\nmax_instances: ${{ var.nodes }}\nenable_node_public_ip: ${{var.on}}\n"
    "size: ${{ var.size }}\ndescription: '${{ var.nodes }} of ${{ var.share }}'\n"
)


def compute(bench: Workbench, **given: object) -> dict[str, object]:
    bench.write("bep.yml", BEP)
    bench.write("compute.yml", COMPUTE.replace("cpu-${{ var.size }}x", "cpu-cluster"))
    loaded = bench.load(**given)  # type: ignore[arg-type]
    assert loaded.findings == ()
    return dict(loaded.resources[0].attributes)


def test_defaults_keep_their_text_and_type(bench: Workbench) -> None:
    found = compute(bench)
    assert (found["max_instances"], found["enable_node_public_ip"], found["size"]) == (1, False, "1.10")
    assert found["description"] == "1 of 0.5"


def test_who_wins(bench: Workbench) -> None:
    environment = {"BEP_VAR_nodes": "2"}
    assert compute(bench, environment=environment)["max_instances"] == 2
    bench.write("vars.yml", "nodes: 3\n")
    assert compute(bench, environment=environment, variable_files=["vars.yml"])["max_instances"] == 3
    given = {"nodes": "4"}
    assert compute(bench, environment=environment, variable_files=["vars.yml"], variables=given)["max_instances"] == 4


def test_what_is_given_must_fit_and_be_declared(bench: Workbench) -> None:
    bench.write("bep.yml", BEP)
    bench.write("compute.yml", COMPUTE.replace("cpu-${{ var.size }}x", "cpu-cluster"))
    loaded = bench.load(
        variables={"nodes": "many", "nods": "1"}, environment={"BEP_VAR_on": "maybe", "BEP_VAR_other": "x"}
    )
    assert [(f.code, f.message) for f in loaded.findings] == [
        ("unknown-variable", "there is no variable 'nods'"),
        ("mistyped-variable", "the variable 'nodes' must be a whole number; the value given is 'many'"),
        ("mistyped-variable", "the variable 'on' must be true or false; BEP_VAR_on is 'maybe'"),
    ]


def test_without_a_workspace_what_is_given_exists(bench: Workbench) -> None:
    bench.write("compute.yml", "name: cpu-cluster\ntype: amlcompute\nmax_instances: ${{ var.nodes }}\n")
    assert bench.load("compute.yml", variables={"nodes": "7"}).resources[0].attributes["max_instances"] == 7
    assert [f.code for f in bench.load("compute.yml").findings] == ["unset-variable"]


def test_secrets_come_from_the_environment_and_stay_hidden(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: taxi\nspecs: [blob.yml, file.yml]\nvariables:\n  token: {sensitive: true}\n")
    bench.write(
        "blob.yml",
        "name: blob\ntype: azure_blob\naccount_name: a\ncontainer_name: b\ncredentials: {account_key: '${{ env.KEY }}'}\n",
    )
    bench.write(
        "file.yml",
        "name: share\ntype: azure_file\naccount_name: a\nfile_share_name: b\ncredentials:\n  sas_token: ?${{ var.token }}\n",
    )
    loaded = bench.load(environment={"KEY": "canary-1"}, variables={"token": "canary-2"})
    assert loaded.findings == ()
    keys = [r.attributes["credentials"] for r in loaded.resources]
    assert keys == [{"account_key": Secret("canary-1")}, {"sas_token": Secret("?canary-2")}]
    assert "canary" not in repr(loaded)


def test_environment_variables_take_secrets(article: Workbench) -> None:
    article.write(
        "d.yml",
        "name: mybatchedp\n---\nname: blue\nendpoint_name: mybatchedp\nmodel: {path: autolog_nyc_taxi}\ncompute: local\n"
        "environment_variables: {TOKEN: '${{ env.KEY }}', MODE: fast, LEVEL: 1.0}\n",
    )
    loaded = article.load("d.yml", environment={"KEY": "canary"})
    assert loaded.findings == ()
    found = loaded.resources[-1].attributes["settings"]["environment_variables"]
    assert found == {"TOKEN": Secret("canary"), "MODE": "fast", "LEVEL": "1.0"}
    article.write(
        "job.yml", "endpoint: e\ninputs: {a: x}\nsettings: {environment_variables: {TOKEN: '${{ env.KEY }}'}}\n"
    )
    asked = load_job(article.files, "job.yml", changes={}, variables={}, environment={"KEY": "canary"})
    assert asked.job is not None
    assert asked.job.environment_variables == {"TOKEN": "canary"}
    assert "canary" not in repr(asked)
    article.write("job.yml", "endpoint: '${{ env.KEY }}'\ninputs: {a: x}\n")
    refused = load_job(article.files, "job.yml", changes={}, variables={}, environment={"KEY": "canary"})
    assert [f.code for f in refused.findings] == ["secret-not-sensitive"]


def test_no_finding_shows_a_secret(bench: Workbench) -> None:
    bench.write(
        "bep.yml",
        "workspace: taxi\nspecs: [a.yml, b.yml, c.yml, d.yml]\nvariables:\n  k: {sensitive: true, type: integer}\n",
    )
    bench.write("a.yml", "name: blob\ntype: azure_blob\ncredentials: {acount_key: canary, sas_tokn: 'canary'}\n")
    bench.write("b.yml", "name: blob2\ntype: azure_blob\naccount_name: a\ncontainer_name: b\ncredentials: canary\n")
    bench.write(
        "c.yml",
        "name: b3\ntype: azure_blob\naccount_name: a\ncontainer_name: b\ncredentials:\n  account_key:\n    - canary\n  x: canary\n",
    )
    bench.write(
        "d.yml", "name: b4\ntype: azure_blob\naccount_name: ${{ var.k }}\ncredentials: {account_key: canary: canary}\n"
    )
    loaded = bench.load(variables={"k": "canary"})
    assert len(loaded.findings) >= 6
    for text in (
        findings_text(loaded.findings, loaded.sources),
        findings_json(loaded.findings),
        findings_github(loaded.findings),
        json.dumps(dict(loaded.sources)),
    ):
        assert "canary" not in text
