"""What an earlier bep kept in clear is sealed in every copy of the state, whenever bep is stopped on the way."""

import shutil
from pathlib import Path

import pytest

from bep.planner.formats.statefile import decode, encode, format_of
from bep.planner.planning.clear_values import without_clear_values
from bep.providers.state.backups import Backups
from bep.providers.state.file_place import FilePlace
from bep.providers.state.store import FileStore
from tests.faults.scene import now
from tests.fixtures.commit_2e74deb import lay_out

CLEAR = "in-clear-in-2e74deb"


class Stopped(Exception):
    """Where the world ended."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = lay_out(tmp_path / "kept") / ".bep"
    (folder / "state.json.plan").unlink()
    return folder / "state.json"


def holding(state: Path) -> list[str]:
    return sorted(
        file.relative_to(state.parent).as_posix()
        for file in state.parent.rglob("state.json*")
        if file.is_file() and CLEAR in file.read_text()
    )


def seal(state: Path, stop: int = -1) -> int:
    """Open the state and write it, stopped at a step; how many steps were taken."""
    steps: list[str] = []

    def at(step: str) -> None:
        if len(steps) == stop:
            raise Stopped(step)
        steps.append(step)

    with FileStore(state, clock=now, at=at).begin() as session:
        session.seal()
    return len(steps)


def test_every_copy_is_sealed_in_the_format_that_it_has(state: Path) -> None:
    first = state.read_text()
    serials = Backups(FilePlace(state)).serials()
    seal(state)
    assert holding(state) == []
    copy = state.with_name("state.json.format-1").read_text()
    assert format_of(copy) == 1
    assert encode(decode(copy)) == encode(without_clear_values(decode(first))[0])
    assert [kept.serial for kept in Backups(FilePlace(state)).good()][-len(serials) :] == serials


def test_it_is_done_again_when_it_was_stopped_anywhere(state: Path, tmp_path: Path) -> None:
    kept = tmp_path / "as-it-was"
    shutil.copytree(state.parent, kept)
    steps = seal(state)
    for stop in range(steps):
        shutil.rmtree(state.parent)
        shutil.copytree(kept, state.parent)
        with pytest.raises(Stopped):
            seal(state, stop)
        for copy in Backups(FilePlace(state)).serials():
            decode(Path(Backups(FilePlace(state)).where(copy)).read_text())
        seal(state)
        assert holding(state) == [], stop


def test_a_copy_that_cannot_be_read_is_named_with_the_way_to_delete_it(state: Path) -> None:
    damaged = state.with_name("state.json.replaced-20200101")
    damaged.write_text(state.read_text()[:-20])
    with FileStore(state, clock=now).begin() as session:
        session.seal()
        notes = " ".join(session.notes)
    assert f"delete it: rm {damaged}" in notes
    assert holding(state) == [damaged.name]
