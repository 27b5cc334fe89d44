"""An environment with packages that pip cannot have: built by a conda that is on PATH, or by pip under other names."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bep.conftest import FILES, Workspace, write
from tests.providers.local.conda_stand_in import stand_in

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
CONDA = f"channels: [conda-forge]\ndependencies: [python={PYTHON}, r-words=1.2]\nvariables: {{COLOUR: blue}}\n"
SCRIPT = """\
import os
import subprocess

def run(mini_batch):
    words = subprocess.run(["count-words"], capture_output=True, text=True, check=True).stdout.strip()
    found = [words, os.environ["CONDA_PREFIX"], os.environ["PATH"].split(":")[0], os.environ["COLOUR"]]
    return [" ".join(found)] * len(mini_batch)
"""
OWN = {"CONDA_PKGS_DIRS": "/the/users/own", "CONDA_PREFIX": "/another", "CONDA_SHLVL": "1"}


@pytest.fixture
def words(tmp_path: Path) -> Workspace:
    specs = FILES["specs.yml"].replace("{name: plain, version: 1, image: python}", "{name: words, conda_file: c.yml}")
    write(tmp_path / "w", {**FILES, "specs.yml": specs, "c.yml": CONDA, "code/score.py": SCRIPT})
    return Workspace(tmp_path / "w")


def test_a_conda_on_path_takes_the_finding_away_and_scripts_find_what_it_installs(
    words: Workspace, tmp_path: Path
) -> None:
    refused = words.bep("validate", expect=3, PATH="/usr/bin:/bin")
    lines = (refused.stdout + refused.stderr).splitlines()
    assert lines[0].startswith("c.yml:2:")
    assert [
        word in lines[1] for word in ("micromamba or conda", "conda_names: FILE", "'r-words: null'", "take it")
    ] == [True] * 4
    assert lines[2].strip().startswith("2 | dependencies")

    has: dict[str, Any] = {**OWN, "PATH": f"{stand_in(tmp_path / 'bin', 'micromamba')}:/usr/bin:/bin"}
    words.bep("validate", **has)
    words.bep("apply", "--auto-approve", **has)
    dry = words.bep("run", "job.yml", "--dry-run", **has)
    assert f"would be built by micromamba, with Python {PYTHON}: python={PYTHON}, r-words=1.2" in dry.stdout
    words.bep("run", "job.yml", "--name", "counted", **has)
    shown = json.loads(words.bep("env", "show", "words", "-o", "json", **has).stdout)
    prefix = Path(shown["interpreter"]).parent.parent
    assert (shown["builder"], shown["needed_by"]) == ("micromamba", "deployment/letters/blue")
    assert prefix.parent == Path(os.environ["XDG_CACHE_HOME"], "bep/environments")
    job = json.loads(words.bep("job", "show", "counted", "-o", "json", **has).stdout)
    rows = Path(job["outputs"]["score"]["file"]).read_text().splitlines()
    assert rows == [f"{prefix}/share/words {prefix} {prefix}/bin blue"] * 5


def test_pip_alone_or_conda_alone_is_a_setting(words: Workspace, tmp_path: Path) -> None:
    path = f"{stand_in(tmp_path / 'bin', 'mamba')}:/usr/bin:/bin"
    words.edit("bep.yml", "{local: {", "{local: {environments: pip, ")
    assert "r-words=1.2 is not a Python package" in words.bep("validate", expect=3, PATH=path).stdout
    words.edit("bep.yml", "environments: pip", "environments: conda")
    words.edit("c.yml", ", r-words=1.2", "")
    words.bep("validate", PATH=path)
    refused = words.bep("validate", expect=3, PATH="/usr/bin:/bin").stdout
    assert refused.startswith("specs.yml:15:40: error: environment/words/")
    assert "neither micromamba nor mamba nor conda is on PATH" in refused


def test_a_file_of_names_says_what_stands_for_a_package(words: Workspace) -> None:
    words.edit("bep.yml", "{local: {", "{local: {conda_names: names.yml, ")
    write(words.folder, {"names.yml": "r-words: null\n"})
    path = "/usr/bin:/bin"
    words.bep("validate", PATH=path)
    words.bep("apply", "--auto-approve", PATH=path)
    dry = json.loads(words.bep("run", "job.yml", "--dry-run", "--json", PATH=path).stdout)["environment"]
    assert (dry["builder"], dry["requirements"]) == ("pip", [])
    assert "r-words=1.2 is left out, as the workspace's file of conda_names says" in dry["notes"]
    write(words.folder, {"names.yml": "r-words: alpha\n"})
    again = json.loads(words.bep("run", "job.yml", "--dry-run", "--json", PATH=path).stdout)["environment"]
    assert again["requirements"] == ["alpha==1.2.*"]
    assert again["digest"] != dry["digest"]
    write(words.folder, {"names.yml": "r-words: [alpha]\n"})
    for command in (("validate",), ("env", "build"), ("run", "job.yml")):
        refused = words.bep(*command, expect=3, PATH=path)
        assert (
            "names.yml:1:10: error: 'r-words' stands for a list, which is not a pip requirement"
            in refused.stdout + refused.stderr
        )
