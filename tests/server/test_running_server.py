"""Other commands find the server of a workspace, as long as it lives and no longer."""

import os
import signal
from pathlib import Path

from bep.app.access.servers import forget_dead, running_server
from bep.app.workspace.opening import Opened, Source
from tests.bep.conftest import Workspace
from tests.server.serving import Running, serving


def found(workspace: Workspace) -> str | None:
    return running_server(Opened(workspace.folder, Source()))


def files(workspace: Workspace) -> list[Path]:
    return list((workspace.folder / ".bep/servers").glob("*"))


def test_it_is_found_while_it_runs_and_leaves_nothing(applied: Workspace) -> None:
    assert found(applied) is None
    with serving(applied) as running:
        assert found(applied) == running.address
    assert found(applied) is None
    assert files(applied) == []


def test_the_one_started_last_is_found(running: Running) -> None:
    with serving(running.workspace) as later:
        assert found(running.workspace) == later.address
    assert found(running.workspace) == running.address


def test_one_that_was_killed_is_not_found_and_the_next_removes_what_it_left(applied: Workspace) -> None:
    with serving(applied, ending=signal.SIGKILL):
        pass
    assert (found(applied), len(files(applied))) == (None, 1)
    with serving(applied) as running:
        assert found(applied) == running.address
        assert len(files(applied)) == 1


def test_whatever_lies_there_is_no_server(applied: Workspace) -> None:
    folder = applied.folder / ".bep/servers"
    folder.mkdir()
    for name, text in {"a.json": "", "b.json": "[", "c.json": "[1]", "d.json": "{}", "e.txt": "x"}.items():
        (folder / name).write_text(text)
    os.mkfifo(folder / "f.json.new")
    assert found(applied) is None
    forget_dead(folder.parent)
    assert sorted(path.name for path in folder.iterdir()) == ["e.txt", "f.json.new"]
