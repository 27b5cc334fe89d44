"""What lines for pip name on this machine travels with the environment, or is refused: nothing is looked up later."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bep.conftest import FILES, Workspace, write
from tests.providers.local.wheels import wheel

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
OFFLINE: dict[str, Any] = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
PLAIN = "{name: plain, version: 1, image: python}"


def asking(folder: Path, lines: list[str], **files: str) -> Workspace:
    write(folder, FILES)
    listed = "".join(f"      - {line}\n" for line in lines)
    write(folder, {"env/conda.yml": f"name: x\ndependencies:\n  - python={PYTHON}\n  - pip:\n{listed}", **files})
    workspace = Workspace(folder)
    workspace.edit("specs.yml", PLAIN, "{name: e, version: 1, conda_file: env/conda.yml}")
    return workspace


def test_wheels_requirements_and_constraints_travel(tmp_path: Path) -> None:
    lines = ["./wheels/alpha-1.0-py3-none-any.whl", "-r more/more.txt", "-c limits.txt", "--find-links ../links"]
    more = {"env/more/more.txt": "beta  # any\n./gamma-1.0-py3-none-any.whl\n", "env/limits.txt": "beta<0.2\n"}
    folder = tmp_path / "w"
    workspace = asking(folder, lines, **more)
    wheel(folder / "env/wheels", "alpha", "1.0")
    wheel(folder / "env/more", "gamma", "1.0")
    for version in ("0.1", "0.2"):
        wheel(folder / "links", "beta", version)
    wheel(folder / "wheels", "alpha", "1.0", needs="not-there")  # where bep stands: it must not be this one
    versions = (
        "import alpha, beta, gamma\ndef run(mb):\n    return [[alpha.VERSION, beta.VERSION, gamma.VERSION]] * len(mb)"
    )
    write(folder, {"code/score.py": versions})
    workspace.bep("apply", "-y", **OFFLINE)
    for place in ("env/wheels", "env/more", "links"):  # what was registered is what is built
        for file in (folder / place).iterdir():
            file.rename(file.with_suffix(".away"))
    workspace.bep("run", "job.yml", "-n", "one", **OFFLINE)
    record = json.loads(workspace.bep("job", "show", "one", "-o", "json", **OFFLINE).stdout)
    rows = Path(record["outputs"]["score"]["file"]).read_text().splitlines()
    assert rows == ["['1.0', '0.1', '1.0']"] * 5
    for place in ("env/wheels", "env/more", "links"):
        for file in (folder / place).iterdir():
            file.rename(file.with_suffix(".txt" if file.stem in ("more", "limits") else ".whl"))
    assert json.loads(workspace.bep("plan", "--json", **OFFLINE).stdout)["changes"] == []
    wheel(folder / "links", "beta", "0.1", needs="alpha")
    changed = workspace.bep("plan", expect=3, **OFFLINE)
    assert "~ links/beta-0.1-py3-none-any.whl" in changed.stdout + changed.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-e .", "installs a folder in place"),
        ("-e ../pkg", "installs a folder in place"),
        ("--editable=file:///opt/pkg", "installs a folder in place"),
        ("-e git+file:///opt/a.git", "installs a folder in place"),
        ("../pkg", "is a project's folder"),
        ("x @ git+file:///opt/a.git", "is a repository on this machine"),
        ("./missing-1.0-py3-none-any.whl", "names env/missing-1.0-py3-none-any.whl, which is not there"),
        ("file:missing.zip", "names env/missing.zip, which is not there"),
        ("--find-links ../nowhere", "names nowhere, which is not there"),
        ("--find-links ../pkg", "not a folder with wheels"),
        ("--index-url file:///opt/simple", "is a folder of this machine"),
        ("-i simple", "is a folder of this machine"),
        ("--extra-index-url=../simple", "is a folder of this machine"),
        ("-r ../loop.txt", "files that name one another"),
        ("-c https://example.com/limits.txt", "is fetched when the environment is built"),
        ("-c ../paths.txt", "a constraint names a file"),
        ("'$HOME/x.whl'", "a character in it"),
        ("./conda.yml", "neither a wheel nor a source distribution"),
        ("--not-of-pip x", "is not a line that pip accepts"),
    ],
)
def test_what_does_not_travel_is_a_finding_at_its_line(tmp_path: Path, line: str, says: str) -> None:
    files = {"pkg/setup.py": "", "loop.txt": "-r loop.txt\n", "paths.txt": "./x.whl\n", "x.whl": "bytes"}
    done = asking(tmp_path, ["idna", line], **files).bep("validate", expect=3)
    assert says in done.stdout + done.stderr
    assert "env/conda.yml:6" in done.stdout + done.stderr or "loop.txt" in line or "paths.txt" in line


@pytest.mark.parametrize("channel", ["file:///opt/channel", "./channel", "/opt/channel", "~/channel"])
def test_a_channel_that_is_a_folder_is_a_finding(tmp_path: Path, channel: str) -> None:
    workspace = asking(tmp_path, ["idna"])
    workspace.edit("env/conda.yml", "name: x", f"channels: ['{channel}']")
    done = workspace.bep("validate", expect=3)
    assert f"the channel {channel} is a folder of this machine" in done.stdout + done.stderr


def test_a_requirements_file_carries_what_it_names(tmp_path: Path) -> None:
    write(
        tmp_path,
        {**FILES, "lists/needs.txt": "# what is needed\n../w/alpha-1.0-py3-none-any.whl[a] ; os_name != 'nt'\n"},
    )
    wheel(tmp_path / "w", "alpha", "1.0")
    workspace = Workspace(tmp_path)
    workspace.edit("specs.yml", PLAIN, "{name: e, version: 1, image: i, requirements: lists/needs.txt}")
    plan = json.loads(workspace.bep("plan", "--json").stdout)
    (made,) = [change["after"] for change in plan["changes"] if change["address"] == "environment/e/1"]
    assert made["requirements"] == ["./alpha-1.0-py3-none-any.whl[a] ; os_name != 'nt'"]
    assert made["local_files"]["local"] == "w"
