"""A folder that is no workspace: commands say so, and do not answer that there is nothing."""

# ruff: noqa: E501

from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, write

ASKING = (
    ["show"], ["show", "endpoint/x"], ["state", "list"], ["state", "show", "endpoint/x"], ["state", "pull"], ["state", "restore"],
    ["job", "list"], ["job", "show", "x"], ["job", "stream", "x"], ["job", "cancel", "x"], ["job", "resume", "x"],
    ["job", "prune", "--older", "1d"], ["env", "list"], ["env", "prune"], ["stage", "list"], ["output"], ["graph"], ["plan"],
)  # fmt: skip


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_elsewhere_it_is_said_that_there_is_no_workspace(tmp_path: Path, arguments: list[str]) -> None:
    done = Workspace(tmp_path).bep(*arguments, expect=3)
    assert "there is no bep.yml here" in done.stderr
    assert "bep init" in done.stderr
    assert "the specs have errors" not in done.stderr
    assert not (tmp_path / ".bep").exists()


def test_below_a_workspace_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"bep.yml": "workspace: x\n", "a/b/file": ""})
    said = Workspace(tmp_path / "a/b").bep("show", expect=3).stderr
    assert "There is one in ../..: " in said
    assert "`bep --chdir ../..`" in said


@pytest.mark.parametrize("what", [{"bep.yml": "workspace: x\n"}, {".bep/.gitignore": "*\n"}])
@pytest.mark.parametrize("arguments", [["show"], ["state", "list"], ["job", "list"], ["stage", "list"]], ids=" ".join)
def test_in_a_workspace_nothing_applied_is_an_answer(
    tmp_path: Path, what: dict[str, str], arguments: list[str]
) -> None:
    write(tmp_path, what)
    Workspace(tmp_path).bep(*arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--var", "x=1"], "nothing was changed"),
        (["--stage", "x", "plan"], "nothing was changed"),
        (["run", "none.yml"], "the job has errors; nothing was run"),
    ],
)
def test_specs_are_not_blamed_for_what_was_asked(tmp_path: Path, arguments: list[str], said: str) -> None:
    write(tmp_path, {"bep.yml": "workspace: x\n", "c.yml": "kind: compute\nname: cpu\ntype: amlcompute\n"})
    done = Workspace(tmp_path).bep(*arguments, expect=3)
    assert said in done.stderr
    assert "the specs have errors" not in done.stderr
