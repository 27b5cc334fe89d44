import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bep.planner.formats.statefile import encode
from bep.planner.state import State
from bep.providers.state.errors import StateNotWritten, StateReplaced, StateUnusable
from bep.providers.state.file_place import FilePlace
from bep.providers.state.journal_file import JournalFile
from bep.providers.state.store import FileStore
from tests.faults.scene import KEY, Scene, now, wanted


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A state at serial 2, with six resources, and copies of it and of those before."""
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 8))
    scene.attempt(wanted(1, 8))
    return scene


def damage_nothing_left(path: Path) -> None:
    path.write_bytes(b"")


def damage_only_zeros(path: Path) -> None:
    path.write_bytes(b"\0" * 4096)


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


def damage_edited(path: Path) -> None:
    path.write_text(path.read_text().replace("c00001", "c00009"))


def damage_not_utf_8(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"c00001", b"c\xff\xfe01"))


def damage_gone(path: Path) -> None:
    path.unlink()


def damage_other_json(path: Path) -> None:
    path.write_text("[]")


DAMAGES = [
    (damage_nothing_left, "it is empty"),
    (damage_only_zeros, "it is empty"),
    (damage_cut, "it is cut short or broken"),
    (damage_edited, "it was edited since bep wrote it"),
    (damage_not_utf_8, "it was edited since bep wrote it"),
    (damage_gone, "the state file is gone, but there was one"),
    (damage_other_json, "it is JSON, but not a state of bep"),
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGES, ids=[found.__name__ for found, _ in DAMAGES])
def test_a_damaged_state_is_refused_with_the_command_that_loses_nothing(
    scene: Scene, damage: Callable[[Path], None], reason: str
) -> None:
    before = scene.readable()
    damage(scene.state_path)
    for use in (scene.store().load, scene.store().begin):
        with pytest.raises(StateUnusable) as refused:
            use()
        assert refused.value.path == scene.state_path
        assert reason in refused.value.reason
        assert refused.value.fix.startswith("`state restore 2` ")
    scene.store().restore(2)
    assert scene.readable() == before
    scene.settled(wanted(1, 8))


def test_what_a_restore_replaces_is_kept(scene: Scene) -> None:
    damage_edited(scene.state_path)
    damaged = scene.state_path.read_bytes()
    (kept,) = scene.store().restore(2)
    assert Path(kept).read_bytes() == damaged
    assert Path(kept).parent == scene.state_path.parent


def test_a_state_of_a_newer_bep_is_not_restored_over(scene: Scene) -> None:
    newer = scene.state_path.read_text().replace('"format_version":2', '"format_version":7')
    scene.state_path.write_text(newer)
    with pytest.raises(StateUnusable, match=r"format 7.*\n.*use the bep that wrote it"):
        scene.store().load()


def test_a_damaged_copy_is_passed_over_and_never_restored(scene: Scene) -> None:
    damage_nothing_left(scene.state_path)
    damage_cut(scene.copy_of(2))
    with pytest.raises(StateUnusable) as refused:
        scene.store().load()
    assert refused.value.fix.startswith("`state restore 1` ")
    with pytest.raises(StateUnusable, match="cut short"):
        scene.store().restore(2)
    scene.store().restore(1)
    state = scene.readable()
    assert state is not None
    assert state.serial == 1


def test_without_any_copy_the_error_says_so(scene: Scene) -> None:
    damage_nothing_left(scene.state_path)
    shutil.rmtree(scene.store().backups.folder)
    with pytest.raises(StateUnusable, match="no good copy is left"):
        scene.store().load()


def test_a_file_put_back_by_hand_is_not_mixed_with_a_journal_that_is_not_its_own(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 8))
    old = scene.state_path.read_bytes()
    _leave_a_journal(scene)
    journal = scene.state_path.with_name("state.json.journal")
    held = journal.read_bytes()
    assert held
    scene.state_path.write_bytes(scene.copy_of(0).read_bytes())
    with pytest.raises(StateUnusable, match="its journal follows serial 1, but the snapshot is at 0"):
        scene.store().load()
    scene.store().restore(0)
    state = scene.readable()
    assert state is not None
    assert state.serial == 0
    assert [file.read_bytes() for file in tmp_path.glob(".bep/state.json.journal.replaced-*")] == [held]
    scene.store().restore(1)
    assert scene.state_path.read_bytes() == old


def test_a_journal_cut_at_any_byte_reads_as_the_lines_before_the_cut(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 3))
    _leave_a_journal(scene, count=3)
    journal = scene.state_path.with_name("state.json.journal")
    whole = journal.read_bytes()
    seen = set()
    for length in range(len(whole), -1, -1):
        journal.write_bytes(whole[:length])
        stored = scene.store().load()
        assert stored is not None
        seen.add((len(stored.state.entries), len(stored.pending)))
        if length % 100 == 0:
            with scene.store().begin():
                assert journal.read_bytes() == whole[: whole[:length].rfind(b"\n") + 1]
    assert len(seen) > 3


def test_a_journal_broken_in_the_middle_keeps_its_sound_lines(scene: Scene) -> None:
    _leave_a_journal(scene)
    journal = scene.state_path.with_name("state.json.journal")
    data = bytearray(journal.read_bytes())
    data[40] ^= 1
    journal.write_bytes(data)
    found = scene.store().load()
    assert found is not None
    assert "left out what cannot be read, line 1; the" in found.notes[0]
    assert journal.read_bytes() == data  # looking changes nothing
    with scene.store().begin() as session:
        assert session.state == found.state
        assert session.notes == found.notes
    assert journal.read_bytes() == data.split(b"\n", 1)[1]
    [kept] = journal.parent.glob("state.json.journal.replaced-*")
    assert kept.read_bytes() == data
    mended = scene.store().load()
    assert mended is not None
    assert mended.notes == ()


def test_a_reader_whom_a_fold_overtakes_reads_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot from before the fold and the journal from after it would be a state that never was."""
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 8))
    _leave_a_journal(scene)
    reads: list[Path] = []
    read = FilePlace.read

    def overtaken(place: FilePlace, part: str) -> bytes | None:
        reads.append(place.where(part))
        if len(reads) == 2:
            with scene.store().begin() as session:
                session.finish()
        return read(place, part)

    monkeypatch.setattr(FilePlace, "read", overtaken)
    assert set(_state(scene).entries) == {resource.address for resource in wanted(3, 8)}
    assert len(reads) > 4


def test_a_journal_that_was_folded_but_not_emptied_is_emptied(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 8))
    _leave_a_journal(scene, "truncate journal")
    journal = scene.state_path.with_name("state.json.journal")
    assert journal.read_bytes()
    scene.settled(wanted(3, 8))
    with scene.store().begin():
        assert journal.read_bytes() == b""
    scene.settled(wanted(3, 8))


def _leave_a_journal(scene: Scene, last: str = "write state.json", count: int = 8) -> None:
    """As an apply that did everything but fold its journal, or empty it."""

    class Stopped(BaseException):
        pass

    def at(step: str) -> None:
        if step == last:
            raise Stopped

    with pytest.raises(Stopped):
        scene.attempt(wanted(3, count), at=at)


def test_ten_copies_before_the_one_in_use_are_kept(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    for step in range(14):
        scene.attempt(wanted(step, 4))
    assert scene.store().backups.serials() == list(range(14, 3, -1))


def test_two_who_create_at_once_get_the_same_state(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    other = State(lineage="the other's", secret_key=KEY)

    def late() -> State:
        FileStore(path, clock=now).load_or_create(lambda: other)
        return State(lineage="mine", secret_key=KEY)

    assert FileStore(path, clock=now).load_or_create(late).state == other
    assert FileStore(path, clock=now).load_or_create(late).state == other


def test_nothing_stored_yet_is_no_error_and_no_state(tmp_path: Path) -> None:
    assert FileStore(tmp_path / "state.json", clock=now).load() is None
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_what_is_stored(scene: Scene) -> None:
    files = [file for file in scene.state_path.parent.rglob("state.json*") if file.is_file()]
    files += list(Path(scene.store().backups.folder).iterdir())
    assert {file.name for file in files} >= {"state.json", "state.json.journal", "state.json.plan", "2.json"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_no_temporary_file_stays(scene: Scene) -> None:
    assert [file for file in scene.state_path.parent.rglob("*.tmp")] == []


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "state.json"
    link.symlink_to("elsewhere/real.json")
    scene = Scene.of(tmp_path, link)
    scene.attempt(wanted(0, 4))
    assert link.is_symlink()
    assert (tmp_path / "elsewhere" / "real.json").read_bytes() == encode(_state(scene)).encode()
    assert not (tmp_path / "state.json.journal").exists()


def _state(scene: Scene) -> State:
    stored = scene.store().load()
    assert stored is not None
    return stored.state


def test_a_reader_never_sees_a_snapshot_without_its_journal(tmp_path: Path) -> None:
    """Read at every step of an apply: what is read only ever grows towards what was asked."""
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 8))
    final = {resource.address for resource in wanted(0, 12)}
    seen = []

    def at(_: str) -> None:
        seen.append(len(final - set(_state(scene).entries)))

    scene.attempt(wanted(0, 12), at=at, parallelism=1)
    assert seen == sorted(seen, reverse=True)
    assert seen[0] > seen[-1] == 0


@pytest.mark.parametrize("victim", ["state.json", "state.json.journal"])
def test_a_state_replaced_under_a_running_apply_is_left_as_it_is(tmp_path: Path, victim: str) -> None:
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 8))
    theirs = tmp_path / "theirs"
    theirs.write_text(encode(State(lineage="theirs", secret_key=KEY)))
    held = theirs.read_bytes()

    def at(step: str) -> None:
        if step.startswith("after") and theirs.exists():
            theirs.replace(scene.state_path.with_name(victim))

    report = scene.attempt(wanted(1, 8), at=at, parallelism=1)
    assert report is not None
    assert isinstance(report.broken, StateReplaced)
    assert not report.ok
    assert scene.state_path.with_name(victim).read_bytes() == held
    assert report.rescue is not None
    scene.state_path.with_name("state.json.journal").unlink()
    scene.store().restore(report.rescue)
    done = scene.attempt(wanted(1, 8))
    assert done is not None
    assert done.ok
    scene.settled(wanted(1, 8))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "bep-test", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("room", [0, 4096, 12288, 24576, 40960])
def test_a_full_disk_loses_nothing(tmp_path: Path, small_disk: Path, room: int) -> None:
    """With more room each time, so that another write is the one that fails: plan, journal, snapshot, copy."""
    scene = Scene.of(tmp_path / "world", small_disk / "state.json")
    scene.attempt(wanted(0, 20))
    before = _state(scene)
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk)
    ballast.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - room))
    rescued = set(Path(tempfile.gettempdir()).glob("state.json.rescued-*"))
    try:
        report = scene.attempt(wanted(1, 20))
    except StateNotWritten as trouble:
        report, refused = None, str(trouble)
        assert _state(scene) == before
    if report is None:
        assert "No space left on device" in refused
    elif report.broken is None:
        assert report.ok
    else:
        assert report.rescue is not None
        assert report.rescue.stat().st_size > 0
        report.rescue.unlink()
    assert set(Path(tempfile.gettempdir()).glob("state.json.rescued-*")) == rescued
    assert _state(scene).lineage == before.lineage
    ballast.unlink()
    scene.attempt(wanted(1, 20))
    scene.settled(wanted(1, 20))


def test_a_journal_takes_nothing_after_a_line_that_failed(tmp_path: Path, small_disk: Path) -> None:
    journal = JournalFile(small_disk / "journal", 0)
    journal.append([b"good\n"])
    with pytest.raises(OSError, match="No space left"):
        journal.append([b"x" * 400_000 + b"\n"])
    with pytest.raises(OSError, match="No space left"):
        journal.append([b"late\n"])
    assert (small_disk / "journal").read_bytes() == b"good\n"
    journal.close()
