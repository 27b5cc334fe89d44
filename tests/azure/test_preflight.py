"""What keeps a plan from being carried out on Azure, found while it is planned."""

from pathlib import Path

import pytest

from bep import api
from tests.azure.double.double import Double
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
