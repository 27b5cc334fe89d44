"""Credentials of indexes and repositories reach pip and git, and nothing that is written, listed or printed."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bep.conftest import Workspace, surroundings
from tests.bep.environments.indexes import Index, repository, sdist, served
from tests.providers.local.wheels import wheel

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
USER, TOKEN = "canary-user@corp", 'canary/"to\\k en"'
GIT_USER, GIT_TOKEN = "canary-git", "canary-git-token"
SECRETS: dict[str, Any] = {"INDEX_USER": USER, "INDEX_TOKEN": TOKEN, "GIT_USER": GIT_USER, "GIT_TOKEN": GIT_TOKEN}
QUIET: dict[str, Any] = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "index"
    wheel(folder, "alpha", "1.0")
    sdist(folder, "delta", tmp_path / "scratch")
    repository(folder / "eta.git", "eta", tmp_path / "scratch")
    with served(folder, {USER: TOKEN, GIT_USER: GIT_TOKEN}) as running:
        yield running


def asking(folder: Path, port: int, *lines: str) -> Workspace:
    from tests.bep.conftest import FILES, write

    write(folder, FILES)
    listed = "\n".join(f"      - {line}" for line in lines)
    index = f"--index-url http://${{{{ env.INDEX_USER }}}}:${{{{ env.INDEX_TOKEN }}}}@127.0.0.1:{port}/simple"
    conda = f"dependencies:\n  - python={PYTHON}\n  - pip:\n      - {index}\n{listed}\n"
    write(folder, {"conda.yml": conda})
    workspace = Workspace(folder)
    workspace.edit(
        "specs.yml", "{name: plain, version: 1, image: python}", "{name: e, version: 1, conda_file: conda.yml}"
    )
    return workspace


def leaks(*places: Path) -> list[str]:
    forms = {form.encode() for value in SECRETS.values() for form in (value, json.dumps(value)[1:-1])}
    return [
        str(file)
        for place in places
        for file in place.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]


def test_they_reach_pip_and_git_and_nothing_that_is_kept_or_shown(index: Index, tmp_path: Path) -> None:
    eta = f"git+http://${{{{ env.GIT_USER }}}}:${{{{ env.GIT_TOKEN }}}}@127.0.0.1:{index.port}/eta.git"
    workspace = asking(tmp_path / "w", index.port, "alpha", "delta", f"'eta @ {eta}'")
    cache = Path(os.environ["XDG_CACHE_HOME"])
    said = [workspace.bep("plan", **QUIET), workspace.bep("apply", "-y", **QUIET)]
    missing = workspace.bep("env", "build", expect=5, **QUIET)
    assert "conda.yml:4" in missing.stderr
    assert "INDEX_USER" in missing.stderr
    said.append(workspace.bep("env", "build", "--output", "json", **QUIET, **SECRETS))
    (built,) = json.loads(said[-1].stdout)
    subprocess.run([built["interpreter"], "-c", "import alpha, delta, eta"], check=True)
    said += [workspace.bep(*words, **QUIET) for words in (["env", "show", "e"], ["plan"], ["run", "job.yml"])]
    assert leaks(workspace.folder, cache) == []
    for done in said:
        assert "canary" not in done.stdout + done.stderr
    # every process was looked at, so those of other tests, too, whose canaries are "of" something
    assert not [line for line in index.seen if re.search("canary(?!-of-)", line)]
    assert "/files/delta-1.0.zip" in index.asked
    assert any(path.startswith("/eta.git") for path in index.asked)


def test_a_wrong_password_fails_without_being_shown(index: Index, tmp_path: Path) -> None:
    workspace = asking(tmp_path / "w", index.port, "alpha")
    workspace.bep("apply", "-y", **QUIET)
    index.users.clear()
    index.users["another"] = "password"
    done = workspace.bep("env", "build", expect=5, **QUIET, **SECRETS)
    assert index.refused
    assert "pip install failed" in done.stderr
    assert "canary" not in done.stderr
    assert leaks(workspace.folder, Path(os.environ["XDG_CACHE_HOME"])) == []


def test_nothing_of_them_is_left_by_a_build_that_is_killed(index: Index, tmp_path: Path) -> None:
    workspace = asking(tmp_path / "w", index.port, "alpha")
    workspace.bep("apply", "-y", **QUIET)
    index.open_.clear()
    with subprocess.Popen(
        [sys.executable, "-m", "bep", "env", "build"],
        cwd=workspace.folder,
        env={**surroundings(), **QUIET, **SECRETS},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as building:
        assert index.waiting.wait(120)
        building.send_signal(signal.SIGKILL)
        building.wait()
    assert leaks(workspace.folder, Path(os.environ["XDG_CACHE_HOME"])) == []
    index.open_.set()
    workspace.bep("env", "build", **QUIET, **SECRETS)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("numpy==${{ env.VERSION }}", "decides what is installed"),
        ("--index-url https://${{ env.HOST }}/simple", "decides what is installed"),
        ("https://u:${{ env.TOKEN }}@h/${{ env.NAME }}.whl", "decides what is installed"),
        ("--index-url https://${{ secrets.TOKEN }}@h/simple", "an expression is ${{ env.NAME }}"),
        ("svn+https://${{ env.A }}:${{ env.B }}@h/x", "credentials cannot be given to svn+https"),
    ],
)
def test_an_expression_elsewhere_is_a_finding_at_its_line(tmp_path: Path, line: str, says: str) -> None:
    workspace = asking(tmp_path, 9, f"'{line}'")
    done = workspace.bep("validate", expect=3)
    assert says in done.stdout + done.stderr
    assert "conda.yml:5" in done.stdout + done.stderr
