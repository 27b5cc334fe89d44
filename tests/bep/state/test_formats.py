"""What an earlier bep wrote, brought to today's formats: only once something is written, with a copy of what it was."""

import json
import sqlite3
from pathlib import Path

from bep.planner.formats.statefile import decode
from tests.bep.conftest import Workspace
from tests.fixtures.commit_2e74deb import lay_out


def version_of(catalog: Path) -> tuple[int, int]:
    """The format of a catalog, and how many objects it has."""
    connection = sqlite3.connect(catalog)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (number,) = connection.execute("SELECT count(*) FROM objects").fetchone()
    connection.close()
    return version, number


def without_secrets(state: bytes) -> tuple[int, int, list[str]]:
    """What a state says of itself and has: what an earlier bep kept in clear is sealed in its copy, too."""
    told = json.loads(state)
    return told["format_version"], told["serial"], sorted(told["entries"])


def test_a_workspace_of_an_earlier_format_keeps_a_copy_of_what_it_was(tmp_path: Path) -> None:
    workspace = Workspace(lay_out(tmp_path / "old"))
    state, catalog = (workspace.folder / ".bep" / name for name in ("state.json", "cloud/catalog.sqlite"))
    before, objects = state.read_bytes(), version_of(catalog)
    assert (json.loads(before)["format_version"], objects[0]) == (1, 1)
    workspace.bep("plan", "--detailed-exitcode")
    assert (state.read_bytes(), version_of(catalog)) == (before, objects)
    workspace.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    kept = f"{state}.format-1"
    assert f"is of format 2 from now on; as it was, of format 1, it is {kept}" in workspace.bep("apply", "-y").stderr
    assert without_secrets(Path(kept).read_bytes()) == without_secrets(before)
    assert version_of(catalog.with_name("catalog.sqlite.format-1")) == objects
    assert (json.loads(state.read_text())["format_version"], version_of(catalog)) == (2, (2, objects[1]))
    workspace.bep("plan", "--detailed-exitcode")
    workspace.edit("specs.yml", "max_instances: 3", "max_instances: 4")
    assert "from now on" not in workspace.bep("apply", "-y").stderr
    workspace.bep("state", "restore", kept)
    assert decode(Path(kept).read_text()).serial == decode(state.read_text()).serial
    workspace.bep("plan")
