"""`bep fmt` at the keyboard: which files, what it writes, what it refuses."""

import json
import os
import stat
import subprocess
import sys

from tests.bep.conftest import Workspace

BAD = "auth_mode: aad_token\nname: letters\ndefaults: {deployment_name: blue}\n"
GOOD = "name: letters\nauth_mode: aad_token\ndefaults: {deployment_name: blue}\n"


def test_it_writes_what_check_and_diff_only_tell(workspace: Workspace) -> None:
    spec = workspace.folder / "specs.yml"
    workspace.edit(
        "specs.yml", "name: letters\nauth_mode: aad_token\n", "auth_mode: aad_token\n# whose\nname: letters\n"
    )
    spec.chmod(0o640)
    before = spec.read_text()
    assert "specs.yml" in workspace.bep("fmt", "--check", expect=3).stdout.splitlines()
    assert "+auth_mode: aad_token\n" in workspace.bep("fmt", "--diff").stdout
    assert spec.read_text() == before
    planned = workspace.bep("plan", "--json").stdout
    assert json.loads(workspace.bep("fmt", "--json").stdout) == {"files": ["specs.yml"]}
    assert "# whose\nname: letters\nauth_mode: aad_token\n" in spec.read_text()
    assert stat.S_IMODE(os.stat(spec).st_mode) == 0o640  # noqa: PTH116
    workspace.bep("fmt", "--check")
    changes = json.loads(planned)["changes"]
    assert json.loads(workspace.bep("plan", "--json").stdout)["changes"] == changes


def test_only_files_of_beps_are_touched(workspace: Workspace) -> None:
    conda = "name: x\ndependencies:   \n  - python\nchannels: [a]\n"
    (workspace.folder / "conda.yml").write_text(conda)
    workspace.bep("fmt")
    assert (workspace.folder / "conda.yml").read_text() == conda
    refused = workspace.bep("fmt", "conda.yml", expect=1).stderr
    assert "conda.yml" in refused
    assert "left as it is" in refused
    (workspace.folder / "specs.yml").write_text("name: [\n")
    refused = workspace.bep("fmt", "specs.yml", expect=1).stderr
    assert "specs.yml:" in refused
    assert (workspace.folder / "specs.yml").read_text() == "name: [\n"


def test_standard_input_comes_out_on_standard_output(workspace: Workspace) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bep", "fmt", "-"],
        cwd=workspace.folder,
        input=BAD,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == GOOD
