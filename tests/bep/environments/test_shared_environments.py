"""Environments are the user's: built once for all workspaces, removed only where nobody needs or uses them."""

import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.bep.conftest import FILES, Workspace, write

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
PLAIN = "{name: plain, version: 1, image: python}"
ASKING = f'{{name: plain, version: 1, image: python, conda_file: {{dependencies: ["python={PYTHON}"]}}}}'


def applied(folder: Path) -> Workspace:
    write(folder, FILES)
    workspace = Workspace(folder)
    workspace.edit("specs.yml", PLAIN, ASKING)
    said = workspace.bep("apply", "-y").stderr
    assert ("plain/1: not built yet" in said) == (not rows(workspace)), said
    return workspace


def rows(workspace: Workspace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(workspace.bep("env", "list", "-o", "json").stdout)
    return found


def test_two_workspaces_share_one_and_neither_takes_it_from_the_other(tmp_path: Path) -> None:
    one = applied(tmp_path / "one")
    built = one.bep("apply", "-y", "--build")
    assert "making a virtual environment" in built.stderr
    cache = Path(os.environ["XDG_CACHE_HOME"], "bep", "environments")
    assert cache.stat().st_mode & 0o777 == 0o700
    two = applied(tmp_path / "two")
    assert "making" not in two.bep("run", "job.yml").stderr
    (row,) = rows(one)
    assert Path(row["place"]).parent == cache
    assert row["last_used"]
    assert not (one.folder / ".bep/cloud/environments").exists()

    one.edit("specs.yml", ASKING, "{name: other, version: 1, image: python}")
    one.bep("apply", "-y")
    assert one.bep("env", "prune", "-y").stdout == "Nothing to remove: each is needed.\n"  # two has used it
    used = cache / f"{Path(row['place']).name}.used"
    old = time.time() - 40 * 24 * 3600
    os.utime(used, (old, old))
    assert "1 environment would be removed" in one.bep("env", "prune", "--older", "30d", "--dry-run").stdout
    assert len(rows(one)) == 1
    with used.open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)  # as a job of any workspace does
        assert one.bep("env", "prune", "--older", "30d", "-y").stdout.startswith("Nothing was removed")
    shutil.rmtree(two.folder)
    assert one.bep("env", "prune", "-y").stdout == "1 environment removed.\n"
    assert rows(one) == []
    assert "write a whole number" in one.bep("env", "prune", "--older", "soon", expect=1).stderr


@pytest.mark.parametrize("how", ["bep.yml", "variable"])
def test_the_place_can_be_chosen(tmp_path: Path, how: str) -> None:
    workspace = applied(tmp_path / "w")
    more: dict[str, Any] = {}
    if how == "bep.yml":
        workspace.edit("bep.yml", "{local: {", "{local: {environments_folder: ../here, ")
    else:
        more["BEP_ENVIRONMENTS_FOLDER"] = str(tmp_path / "here")
    assert json.loads(workspace.bep("env", "list", "-o", "json", **more).stdout) == []
    workspace.bep("env", "build", **more)
    assert len(list((tmp_path / "here").glob("*/complete.json"))) == 1
