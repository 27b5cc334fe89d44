"""What is no content of an environment changes no plan: conda's own name and place for it."""

import json
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace
from tests.fixtures.commit_2e74deb import lay_out


@pytest.mark.parametrize("conda", ["name: another\nprefix: /home/ann/x\n", ""])
def test_name_and_prefix_of_a_conda_file_are_no_content_of_what_an_earlier_bep_registered(
    tmp_path: Path, conda: str
) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    (kept.folder / "conda.yml").write_text(f"{conda}channels: [conda-forge]\ndependencies: [python>=3.6]\n")
    assert json.loads(kept.bep("plan", "--json").stdout)["changes"] == []
