"""What keeps a plan from being carried out on Azure, found while it is planned."""

from pathlib import Path

import pytest

from bep import api
from tests.azure.double.double import Double
from tests.azure.double_tests import bodies
from tests.azure.workspace import Workspace

FILES = """\
{kind: model, name: m, version: 1, path: model}
---
{kind: endpoint, name: letters, defaults: {deployment_name: nowhere}}
"""


def test_what_is_not_installed_is_a_finding_with_the_command_that_installs_it(
    tmp_path: Path, azure: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bep.distribution._is_there", lambda module: False)
    monkeypatch.setenv("BEP_AZURE_ACCESS_TOKEN", "")
    work = Workspace(tmp_path, azure, FILES)
    (tmp_path / "model").write_text("w")
    found = [one for one in api.Workspace(tmp_path).validate() if one.severity == "error"]
    assert [one.message for one in found if one.code == "missing-extra"] == [
        "azure-identity is not installed, and without it nobody can sign in",
        "azure-storage-blob is not installed, and without it no file can be stored",
    ]
    assert {one.fix for one in found if one.code == "missing-extra"} == {"Install it: pip install 'bep-batch[azure]'"}
    with pytest.raises(api.SpecsInvalid, match="azure-identity is not installed"):
        api.Workspace(tmp_path).plan()
    assert not azure.log.requests()  # nobody is asked who has no name
    monkeypatch.setenv("BEP_AZURE_ACCESS_TOKEN", work.token)
    codes = [one.code for one in api.Workspace(tmp_path).validate() if one.code == "missing-extra"]
    assert len(codes) == 1  # files are to be stored all the same
    work.edit(", defaults: {deployment_name: nowhere}", "")
    assert '"modelUri"' in api.Workspace(tmp_path).export("arm")  # which asks nobody, and stores nothing


COMING = """\
{kind: compute, name: large, type: amlcompute, size: Standard_DS3_v2, max_instances: 30}
---
{kind: compute, name: odd, type: amlcompute, size: Standard_DS4_v2}
---
{kind: compute, name: one, type: amlcompute, size: STANDARD_D2S_V3, max_instances: 6}
---
{kind: compute, name: two, type: amlcompute, size: Standard_D2s_v3, max_instances: 7}
---
{kind: environment, name: env, version: 1, image: i}
---
{kind: model, name: m, version: 1, path: azureml://datastores/workspaceblobstore/paths/m}
---
{kind: endpoint, name: letters}
---
{kind: deployment, name: blue, endpoint_name: letters, model: azureml:m:1, compute: azureml:one,
 environment: azureml:env:1, code_configuration: {code: "azureml:absent:1", scoring_script: score.py}}
"""


def test_what_the_service_knows_of_a_plan_is_found_at_once_and_only_for_what_is_new(
    tmp_path: Path, azure: Double
) -> None:
    azure.family_limits = {"Standard DSv2 Family Cluster Dedicated vCPUs": 100}
    azure.neighbours = {"other": {"letters"}, "third": set()}
    work = Workspace(tmp_path, azure, COMING)
    said = work.bep("plan", expect=3)
    for told in (
        "compute/large: max_instances: 30 of Standard_DS3_v2 are 120 vCPUs, and the quota 'Standard DSv2 Family",
        "compute/odd: size: eastus2 has no Standard_DS4_v2 for clusters",
        "There is Standard_DS3_v2",
        "of the quota 'Total Cluster Dedicated Regional vCPUs', 24 of 24 vCPUs are free now, and what is planned may",
        "deployment/letters/blue: code_configuration.code: there is no code asset azureml:absent:1",
        "endpoint/letters: the workspace other has an endpoint of this name",
    ):
        assert told in said
    assert "specs.yml:1:" in said
    assert "Give it another name; or let it through with `--allow endpoint-name-taken`" in said
    assert set(azure.log.counted().values()) == {1}

    azure.seed("codes/absent/versions/1", bodies.code(azure))
    azure.neighbours = {}
    azure.family_limits = {}
    azure.cores_left = 400
    work.edit("size: Standard_DS4_v2", "size: standard_ds3_v2")
    work.bep("apply", "-y")
    azure.log.clear()
    assert work.is_settled()
    around = [one.path for one in azure.log.requests() if "/locations/" in one.path or one.path.endswith("workspaces")]
    assert not around  # nothing is to be made, so nothing is asked
    work.edit("max_instances: 7", "max_instances: 8")
    azure.faults.inject(403, path="vmSizes", count=9)
    said = work.bep("plan")
    assert "quotas and sizes could not be looked up" in said
    assert "1 to update" in said
    work.edit("max_instances: 8", "max_instances: 5")
    azure.log.clear()
    work.bep("plan")
    assert not [one for one in azure.log.requests() if "/locations/" in one.path]  # it shrinks
