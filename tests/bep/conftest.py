"""A workspace on disk and the real `bep` command in it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.forking.commands import run

FILES: Mapping[str, str] = {
    "bep.yml": f"workspace: letters\nprovider: {{local: {{python: {sys.executable}}}}}\nspecs: [specs.yml]\n",
    "specs.yml": """\
kind: compute
name: cpu-cluster
type: amlcompute
max_instances: 2
---
name: letters
auth_mode: aad_token
defaults: {deployment_name: blue}
---
name: blue
endpoint_name: letters
type: model
model: {name: alphabet, version: 1, path: model}
code_configuration: {code: code, scoring_script: score.py}
environment: {name: plain, version: 1, image: python}
compute: azureml:cpu-cluster
resources: {instance_count: 2}
settings: {mini_batch_size: 2}
""",
    "model/letters.txt": "abc\n",
    "code/score.py": """\
import os

def init():
    global known
    folder = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model")
    with open(os.path.join(folder, "letters.txt")) as stream:
        known = stream.read().strip()

def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as stream:
            text = stream.read()
        rows.append(f"{os.path.basename(path)} {sum(text.count(letter) for letter in known)}")
    return rows
""",
    "job.yml": "kind: job\nendpoint: letters\ninputs:\n  texts: {type: uri_folder, path: texts}\n",
    **{f"texts/{name}.txt": name * count for count, name in enumerate(["a", "b", "c", "d", "e"], start=1)},
}
"""A small workspace that scores with this very interpreter: counting letters."""


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Lay files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@dataclass(frozen=True)
class Workspace:
    """A folder, and `bep` started in it; `given` are variables that it has each time."""

    folder: Path
    given: Mapping[str, str] = field(default_factory=dict)

    def bep(self, *arguments: str, expect: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command, forked from one that has imported bep; the exit code must be as expected, unless None is."""
        done = run(arguments, self.folder, {**surroundings(), **self.given, **environment})
        if expect is not None:
            assert done.returncode == expect, f"{done.args}\n{done.stdout}\n{done.stderr}"
        return done

    def entries(self) -> set[str]:
        """The addresses in the state, read from its file: the quick way."""
        return set(json.loads((self.folder / ".bep/state.json").read_text())["entries"])

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one place in a file, which must be there."""
        text = (self.folder / name).read_text()
        assert text.count(old) == 1
        (self.folder / name).write_text(text.replace(old, new))


def surroundings() -> dict[str, str]:
    """This process's environment without what would change what bep prints or reads."""
    hidden = ("NO_COLOR", "FORCE_COLOR", "BEP_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)} | {"COLUMNS": "100"}


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened, for half a minute at least."""
    for _ in range(600):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The small workspace, nothing applied yet."""
    write(tmp_path, FILES)
    return Workspace(tmp_path)


@pytest.fixture(scope="session")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small workspace, applied; to be copied, not used."""
    folder = tmp_path_factory.mktemp("applied")
    write(folder, FILES)
    Workspace(folder).bep("apply", "-y")
    return folder


@pytest.fixture
def applied(applied_once: Path, tmp_path: Path) -> Workspace:
    """The small workspace after its first apply."""
    shutil.copytree(applied_once, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path)


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[[Mapping[str, str]], Workspace]:
    """A workspace of other files."""

    def make(files: Mapping[str, str]) -> Workspace:
        write(tmp_path, files)
        return Workspace(tmp_path)

    return make
