"""Which files are read, how paths in them are taken, and the smaller kinds."""
# ruff: noqa: E501

from typing import Any

from bep.schemas.address import Address
from bep.schemas.secrets.secret import Secret
from tests.schemas.conftest import Workbench


def found(bench: Workbench, *paths: str) -> dict[str, Any]:
    loaded = bench.load(*paths)
    assert [f for f in loaded.findings if f.severity == "error"] == []
    return {str(r.address): r.attributes for r in loaded.resources}


def test_paths_are_relative_to_their_file(article: Workbench) -> None:
    article.write("bep.yml", "workspace: taxi\nspecs: ['specs/*.yml', {file: more/add.yml, endpoint: mybatchedp}]\n")
    article.write("specs/endpoint.yml", "name: mybatchedp\n")
    article.write("specs/model.yml", "kind: model\nname: m\nversion: 1\npath: ../mnist/models/\n")
    article.write(
        "more/add.yml",
        "name: blue\nmodel: azureml:m:1\ncompute: {target: local}\ncode_configuration: {code: {local_path: ../mnist/code}, "
        "scoring_script: ./digit_identification.py}\nenvironment: file:env.yml\n",
    )
    article.write("more/env.yml", "name: e\nversion: 2\npath: ..\nconda_file: mnist/environment/conda.yml\n")
    resources = found(article)
    assert resources["model/m/1"]["path"]["local"] == "mnist/models"
    deployment = resources["deployment/mybatchedp/blue"]
    assert deployment["code_configuration"]["code"]["local"] == "mnist/code"
    assert (deployment["environment"], deployment["compute"]) == ("environment/e/2", "compute/local")
    assert resources["environment/e/2"]["conda_file"]["name"] == "mnist-env"


def test_named_files_instead_of_the_workspaces(article: Workbench) -> None:
    article.write("bep.yml", "workspace: taxi\nspecs: [gone.yml]\n")
    assert (
        list(found(article, "compute.yml")) == ["compute/cpu-cluster"]
        if not article.load("compute.yml").findings
        else True
    )
    assert [f.code for f in article.load().findings] == ["file-not-found"]


def test_nothing_to_load_says_so(bench: Workbench) -> None:
    assert [f.code for f in bench.load().findings] == ["no-workspace"]
    assert [f.code for f in bench.load("gone.yml").findings] == ["file-not-found"]


def test_what_a_workspace_says(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: taxi\nprovider: {local: }\nstate: {file: s.json}\nspecs: []\npolicies: []\n")
    workspace = bench.load().workspace
    assert (workspace.name, workspace.provider, workspace.provider_settings) == ("taxi", "local", {})
    assert workspace.state == {"file": "s.json"}
    azure = "provider: {azure: {subscription_id: s, resource_group: r, workspace_name: www}}"
    bench.write("bep.yml", f"workspace: taxi\n{azure}\nspecs: []\n")
    workspace = bench.load().workspace
    assert workspace.provider == "azure"
    assert workspace.provider_settings == {"subscription_id": "s", "resource_group": "r", "workspace_name": "www"}
    assert workspace.state == {"file": ".bep/state.json"}


def test_datastores_of_both_years(bench: Workbench) -> None:
    bench.write(
        "d.yml",
        "name: lake\ntype: azure_data_lake_gen2\naccount_name: a\ncontainer_name: fs\ncredential: {tenant_id: t, client_id: c, client_secret: s}\n"
        "---\nname: blob\ntype: azure_blob\naccount_name: a\ncontainer_name: b\ncredential: {access_key: k}\n"
        "---\nname: here\ntype: local_folder\npath: stores/here\n---\nname: memory\ntype: fsspec\nurl: memory://x\n",
    )
    resources = found(bench, "d.yml")
    assert resources["datastore/lake"]["filesystem"] == "fs"
    assert resources["datastore/lake"]["credentials"] == {
        "tenant_id": "t",
        "client_id": "c",
        "client_secret": Secret("s"),
    }
    assert resources["datastore/blob"]["credentials"] == {"account_key": Secret("k")}
    assert resources["datastore/here"] == {"name": "here", "type": "local_folder", "path": "stores/here"}
    assert resources["datastore/memory"]["url"] == "memory://x"


def test_compute_of_both_years(bench: Workbench) -> None:
    bench.write(
        "c.yml",
        "name: cpu-cluster\ntype: amlcompute\npriority: low_priority\nvnet_name: v\nsubnet: s\nadmin_username: u\n"
        "identity_type: system_assigned\nprovisioning_state: Succeeded\nlocation: westeurope\ntags:\n  team: 7\n  note:\n"
        "---\nname: here\ntype: local\nmax_instances: 2\n",
    )
    resources = found(bench, "c.yml")
    assert resources["compute/cpu-cluster"] == {
        "name": "cpu-cluster",
        "type": "amlcompute",
        "size": "STANDARD_DS3_V2",
        "tier": "low_priority",
        "min_instances": 0,
        "max_instances": 4,
        "idle_time_before_scale_down": 120,
        "network_settings": {"vnet_name": "v", "subnet": "s"},
        "ssh_settings": {"admin_username": "u"},
        "identity": {"type": "system_assigned"},
        "location": "westeurope",
        "tags": {"team": "7"},
    }
    assert resources["compute/here"] == {"name": "here", "type": "local", "min_instances": 0, "max_instances": 2}


def test_data_and_requirements(article: Workbench) -> None:
    article.write("requirements.txt", "# for scoring\nnumpy==1.26.4\n\npandas  # tables\n")
    article.write(
        "d.yml",
        "name: images\nversion: 1\ntype: uri_folder\npath: mnist/models\n"
        "---\nkind: environment\nname: e\nversion: 1\nrequirements: requirements.txt\n"
        "---\nkind: environment\nname: b\nversion: 1\nbuild: {path: mnist/environment}\n",
    )
    resources = found(article, "d.yml")
    assert resources["data/images/1"]["path"]["local"] == "mnist/models"
    assert resources["environment/e/1"]["requirements"] == ["numpy==1.26.4", "pandas"]
    assert resources["environment/b/1"]["build"]["dockerfile_path"] == "Dockerfile"


def test_model_formats_of_2021(article: Workbench) -> None:
    article.write("m.yml", "name: m\nversion: 3\nlocal_path: autolog_nyc_taxi\nmodel_format: mlflow\n")
    assert found(article, "m.yml")["model/m/3"]["type"] == "mlflow_model"


def test_a_summary_has_no_output_file(article: Workbench) -> None:
    article.write(
        "d.yml",
        "name: mybatchedp\n---\nname: blue\nendpoint_name: mybatchedp\nmodel: {path: autolog_nyc_taxi}\ncompute: local\n"
        "output_action: SummaryOnly\ninstance_count: 2\n",
    )
    deployment = found(article, "d.yml")["deployment/mybatchedp/blue"]
    assert "output_file_name" not in deployment["settings"]
    assert deployment["settings"]["output_action"] == "summary_only"
    assert deployment["resources"] == {"instance_count": 2}


def test_traffic_may_name_a_deployment_that_is_there(bench: Workbench) -> None:
    bench.write("e.yml", "name: mybatchedp\ndefaults: {deployment_name: blue}\n")
    loaded = bench.load(
        "e.yml", known=lambda kind: [Address("deployment/mybatchedp/blue")] if kind == "deployment" else []
    )
    assert loaded.findings == ()
    assert [str(r.address) for r in loaded.resources] == ["endpoint/mybatchedp", "traffic/mybatchedp"]
    bench.write("e.yml", "name: mybatchedp\ntraffic: {blue: 0}\n")
    loaded = bench.load(
        "e.yml", known=lambda kind: [Address("deployment/mybatchedp/blue")] if kind == "deployment" else []
    )
    assert [str(r.address) for r in loaded.resources] == ["endpoint/mybatchedp"]


COMPUTE = "kind: compute\nname: {name}\ntype: local\n"


def with_jobs(bench: Workbench, specs: str) -> None:
    bench.write("bep.yml", f"workspace: taxi\n{specs}")
    bench.write("sub/bep.yml", "workspace: other\n")
    bench.write("job.yml", "endpoint: taxi\ninputs: {a: {path: b}}\n")
    bench.write("job-evening.yml", "kind: job\nendpoint: taxi\ninputs: {a: {path: b}}\n")
    bench.write("c.yml", COMPUTE.format(name="here"))
    bench.write("sub/d.yml", COMPUTE.format(name="there") + "---\nkind: job\nendpoint: taxi\n")


def test_a_pattern_means_neither_bep_yml_nor_jobs(bench: Workbench) -> None:
    with_jobs(bench, "specs: ['**/*.yml']\n")
    assert sorted(found(bench)) == ["compute/here", "compute/there"]
    assert sorted(found(bench, "*.yml", "sub/*.yml")) == ["compute/here", "compute/there"]
    with_jobs(bench, "")
    assert list(found(bench)) == ["compute/here"]


def test_bep_yml_or_a_job_by_name_is_no_spec(bench: Workbench) -> None:
    with_jobs(bench, "specs:\n  - c.yml\n  - ./bep.yml\n  - job-evening.yml\n")
    loaded = bench.load()
    assert [(f.code, f.mark and (f.mark.file, f.mark.line)) for f in loaded.findings] == [
        ("workspace-as-spec", ("bep.yml", 4)),
        ("unknown-kind", ("job-evening.yml", 1)),
    ]
    assert loaded.findings[0].message == "bep.yml describes the workspace and cannot be one of its files"
    assert [str(r.address) for r in loaded.resources] == ["compute/here"]
    with_jobs(bench, "specs: [c.yml]\n")
    assert [f.code for f in bench.load("bep.yml", "c.yml").findings] == ["workspace-as-spec"]


def test_a_pattern_that_finds_only_bep_yml_finds_nothing(bench: Workbench) -> None:
    bench.write("bep.yml", "workspace: taxi\nspecs: ['*.yml']\n")
    assert [f.code for f in bench.load().findings] == ["file-not-found"]
