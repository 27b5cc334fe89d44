"""A state in Azure Blob Storage keeps the promises of a state in a file: real Azurite, real processes, real kills."""

import base64
import json
import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep.disk.durable import At, nowhere
from bep.planner.state import State
from bep.providers.state.azure_blob.place import BlobPlace, BlobSettings
from bep.providers.state.errors import StateReplaced, StateUnusable
from bep.providers.state.file_place import FilePlace
from bep.providers.state.holder import NotThatLock, StateLocked
from bep.providers.state.migrating import migrate
from bep.providers.state.place import JOURNAL, PLAN, STATE, PlaceRefused
from bep.providers.state.store import Store
from tests.faults.child import Child
from tests.faults.killing import kill_at_every_step, kill_at_random
from tests.faults.scene import KEY, Scene, address, compute, now, wanted
from tests.services.azurite import Emulator, emulated
from tests.services.places import AZURITE

pytestmark = pytest.mark.skipif(not AZURITE.exists(), reason="no azurite here: make services")

CONTAINER = "states"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulated(tmp_path_factory.mktemp("azurite")) as running:
        running.container(CONTAINER)
        yield running


class Blob:
    """The name of a state in the emulator, and the place that a process opens it with."""

    def __init__(self, emulator: Emulator, home: Path, name: str = "") -> None:
        self.emulator, self.home = emulator, home
        self.name = name or f"{uuid.uuid4().hex}/state.json"

    def __call__(self, at: At = nowhere) -> BlobPlace:
        settings = BlobSettings(self.emulator.url, CONTAINER, self.name)
        return BlobPlace(settings, home=self.home, environment={"AZURE_STORAGE_KEY": self.emulator.key}, at=at)

    def client(self, part: str = STATE) -> Any:
        """Azure's own client of one of its blobs."""
        from azure.storage.blob import BlobClient

        return BlobClient(self.emulator.url, CONTAINER, self.name + part, credential=self.emulator.key)

    def copied(self, home: Path) -> "Blob":
        """Another state that holds the same, with no lock on it."""
        other = Blob(self.emulator, home)
        for part in self().parts(STATE):
            data = self.client(part).download_blob().readall()
            other.client(part).upload_blob(data)
        return other


@pytest.fixture
def blob(emulator: Emulator, tmp_path: Path) -> Blob:
    return Blob(emulator, tmp_path / "home")


@pytest.fixture
def scene(blob: Blob, tmp_path: Path) -> Scene:
    scene = Scene.of(tmp_path / "world", place=blob)
    scene.attempt(wanted(0, 8))
    scene.attempt(wanted(1, 8))
    return scene


def test_nothing_is_there_until_something_is_stored(blob: Blob) -> None:
    place = blob()
    store = Store(blob(), clock=now)
    assert store.load() is None
    assert place.parts(STATE) == []
    with place.acquire(operation="apply", since=now()):
        assert store.load() is None  # it is leased, and empty
        held = blob().holder()
        assert held is not None
        assert held.owner.pid == os.getpid()
    assert blob().holder() is None


def test_of_two_who_create_at_once_both_get_the_same(blob: Blob) -> None:
    stores = [Store(blob(), clock=now) for _ in range(2)]
    found = [store.load_or_create(lambda: State(lineage=uuid.uuid4().hex, secret_key=KEY)) for store in stores]
    assert found[0].state == found[1].state


def test_what_is_applied_is_there_with_its_copies_and_its_plan(scene: Scene, blob: Blob) -> None:
    scene.settled(wanted(1, 8))
    store = scene.store()
    assert store.backups.serials() == [2, 1, 0]
    assert store.kept_plan() is not None
    assert blob().read(JOURNAL) == b""
    assert blob.client().get_blob_properties().lease.state == "available"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:300], "it is cut short or broken"),
        (lambda data: data.replace(b"c00001", b"c00009"), "it was edited since bep wrote it"),
        (lambda data: b"", "the state file is gone, but there was one"),
    ],
)
def test_a_damaged_state_is_refused_with_the_way_that_loses_nothing(
    scene: Scene, blob: Blob, damage: Any, reason: str
) -> None:
    before = scene.readable()
    data = blob.client().download_blob().readall()
    blob.client().upload_blob(damage(data), overwrite=True)
    for use in (lambda: scene.store().load(), lambda: scene.store().begin()):
        with pytest.raises(StateUnusable) as refused:
            use()
        assert reason in refused.value.reason
        assert refused.value.fix.startswith("`state restore 2` ")
        assert str(refused.value).startswith(f"{blob.emulator.url}/{CONTAINER}/{blob.name}: ")
    store = scene.store()
    with store.acquire(operation="state restore", since=now()):
        kept = store.restore(2)
    assert len(kept) == (1 if damage(data) else 0)
    assert scene.readable() == before
    scene.settled(wanted(1, 8))


def test_a_kill_at_every_request_of_an_apply_loses_nothing(emulator: Emulator, tmp_path: Path) -> None:
    blob = Blob(emulator, tmp_path / "home")
    start = Scene.of(tmp_path / "start", place=blob)
    start.attempt([compute(1, size="S"), compute(2, size="S")])
    after = [compute(1, size="M"), compute(3, size="S")]
    made = Counter(start.made()) + Counter(start.makings(after))
    steps = kill_at_every_step(lambda name: _copy(start, blob, tmp_path / name), after, made)
    assert {"lease state", "write state", f"stage {JOURNAL}", f"write {JOURNAL}", f"write {PLAN}"} <= steps
    assert {"write .backups/2.json", "release state", "before create", "after delete"} <= steps
    assert any(step.startswith("write .applied/1-") and step.endswith(".about.json") for step in steps)


def _copy(scene: Scene, blob: Blob, folder: Path) -> Scene:
    shutil.copytree(scene.folder, folder)
    return Scene(folder, folder / "unused", blob.copied(folder / "home"))


def test_kills_at_random_moments_lose_nothing(blob: Blob, tmp_path: Path) -> None:
    tally = kill_at_random(tmp_path / "world", runs=8, resources=12, seed=1, place=blob)
    assert tally.kills >= 5


def test_of_many_who_ask_at_once_one_gets_the_lock_and_the_others_name_him(blob: Blob) -> None:
    blob()._blobs.put_new(STATE, b"")
    results = blob.home / "results"
    results.mkdir(parents=True)

    def compete(ready: Any) -> None:
        try:
            with blob().acquire(operation="bep apply", since="2026-11-22T21:15:30Z") as lock:
                (results / f"won-{os.getpid()}").write_text(lock.holder.id)
                ready()
                time.sleep(600)
        except StateLocked as locked:
            (results / f"lost-{os.getpid()}").write_text(str(locked))
            ready()

    children = [Child(compete) for _ in range(6)]
    assert all(child.wait_until_ready() for child in children)
    won = list(results.glob("won-*"))
    assert len(won) == 1
    pid = won[0].name.partition("-")[2]
    with pytest.raises(StateLocked, match=rf"\(process {pid}\) since 2026-11-22T21:15:30Z"):
        blob().acquire(operation="bep apply", since=now())
    assert len(list(results.glob("lost-*"))) == 5
    for child in children:
        child.kill()
        child.ended()
    with blob().acquire(operation="bep apply", since=now()) as lock:
        assert lock.note.startswith("took over the lock of a dead process: bep apply by ")
        assert f"(process {pid})" in lock.note


def test_of_many_who_follow_a_dead_holder_one_does(blob: Blob) -> None:
    def hold(ready: Any) -> None:
        blob().acquire(operation="bep apply", since=now())
        ready()
        time.sleep(600)

    child = Child(hold)
    assert child.wait_until_ready()
    child.kill()
    child.ended()
    results = blob.home / "results"
    results.mkdir()

    def follow(ready: Any) -> None:
        ready()
        try:
            blob().acquire(operation="bep apply", since=now())
            (results / f"won-{os.getpid()}").touch()
        except StateLocked:
            (results / f"lost-{os.getpid()}").touch()
        time.sleep(600)  # alive, so that nobody may follow it

    children = [Child(follow) for _ in range(5)]
    while len(list(results.iterdir())) < 5:
        time.sleep(0.05)
    assert len(list(results.glob("won-*"))) == 1
    for child in children:
        child.kill()
        child.ended()


@pytest.mark.parametrize("step", ["write state", f"lease {JOURNAL}", f"lease {PLAN}", "release state"])
def test_a_holder_that_died_while_it_took_or_gave_back_the_lock_is_followed(blob: Blob, step: str) -> None:
    def die(found: str) -> None:
        if found == step:
            os.kill(os.getpid(), 9)

    def take(ready: Any) -> None:
        with blob(die).acquire(operation="bep apply", since=now()):
            ready()

    assert Child(take).ended() == -9
    assert blob.client().get_blob_properties().lease.state == "leased"
    with blob().acquire(operation="bep apply", since=now()) as lock:
        assert "took over the lock of a dead process" in lock.note
        for part in (STATE, JOURNAL, PLAN):
            assert blob.client(part).get_blob_properties().lease.state == "leased", part


def test_one_who_died_as_it_followed_a_dead_holder_without_a_name_is_followed_too(blob: Blob) -> None:
    def killed_at(step: str) -> None:
        def die(found: str) -> None:
            if found == step:
                os.kill(os.getpid(), 9)

        child = Child(lambda ready: blob(die).acquire(operation="bep apply", since=now()))
        assert child.ended() == -9, step

    for step in ("write state", "follow", "follow", "write state", "follow"):
        killed_at(step)
    with blob().acquire(operation="bep apply", since=now()) as lock:
        assert "took over the lock of a dead process" in lock.note
        assert [file.stem for file in (blob.home / "state-leases").iterdir()] == [lock.holder.id]
    assert not [*(blob.home / "state-leases").iterdir()]
    with pytest.raises(NotThatLock, match="nobody holds the lock"):
        blob().unlock("any")


def test_another_tools_lock_is_respected_named_and_taken_away_by_its_id(scene: Scene, blob: Blob) -> None:
    lock = str(uuid.uuid4())
    text = {
        "ID": lock, "Operation": "OperationTypeApply", "Info": "", "Who": "ci@runner-7", "Version": "1.11.4",
        "Created": "2026-11-22T21:15:30.123Z", "Path": "states/state.json",
    }  # fmt: skip
    blob.client().acquire_lease(-1, lease_id=lock)
    told = {"terraformlockid": base64.b64encode(json.dumps(text).encode()).decode()}
    blob.client().set_blob_metadata(told, lease=lock)
    with pytest.raises(StateLocked) as locked:
        blob().acquire(operation="bep apply", since=now())
    assert "the state is locked: Terraform apply by ci on runner-7 since 2026-11-22T21:15:30.123Z" in str(locked.value)
    assert f"if you are sure that it no longer runs: `unlock {lock}`" in str(locked.value)
    with pytest.raises(NotThatLock, match=f"the lock is {lock}, not"):
        blob().unlock("another")
    assert blob().unlock(lock).owner.who == "ci"
    scene.attempt(wanted(2, 8))
    scene.settled(wanted(2, 8))


def test_what_bep_writes_of_its_lock_has_the_members_that_terraform_reads(blob: Blob) -> None:
    with blob().acquire(operation="apply", since="2026-11-22T21:15:30Z") as lock:
        lock.progress(1, 2)
        metadata = blob.client().get_blob_properties().metadata
        said = json.loads(base64.b64decode(metadata["terraformlockid"]))
        assert {name: said[name] for name in ("ID", "Operation", "Created", "Path")} == {
            "ID": lock.holder.id,
            "Operation": "apply",
            "Created": "2026-11-22T21:15:30Z",
            "Path": f"{CONTAINER}/{blob.name}",
        }
        assert said.keys() >= {"Info", "Who", "Version"}
        assert uuid.UUID(said["ID"])
        with pytest.raises(NotThatLock, match="its owner is at work, stop it first"):
            blob().unlock(lock.holder.id)
    assert "terraformlockid" not in blob.client().get_blob_properties().metadata


def test_a_state_is_moved_from_a_file_into_a_blob_and_back(scene: Scene, blob: Blob, tmp_path: Path) -> None:
    before = scene.readable()
    file = FilePlace(tmp_path / "file" / "state.json")
    for old, new in ((blob(), file), (FilePlace(file.path), blob())):
        with old.acquire(operation="state migrate", since=now()), new.acquire(operation="state migrate", since=now()):
            assert migrate(Store(old, clock=now), Store(new, clock=now)) == before
        with pytest.raises(StateUnusable, match="the state was moved to"):
            Store(old, clock=now).load()
    scene.attempt(wanted(2, 8))
    scene.settled(wanted(2, 8))


def test_a_writer_whose_lease_was_broken_can_write_nothing_more(scene: Scene, blob: Blob) -> None:
    from azure.storage.blob import BlobLeaseClient

    store = scene.store()
    late = store.acquire(operation="bep apply", since=now())
    with store.begin() as session:
        for part in (STATE, JOURNAL, PLAN):
            BlobLeaseClient(blob.client(part)).break_lease(0)
        before = {part: blob.client(part).download_blob().readall() for part in (STATE, JOURNAL, PLAN)}
        plan = store.kept_plan()
        assert plan is not None
        with pytest.raises(StateReplaced):
            session.finish()
        with pytest.raises(StateReplaced):
            session.remember(plan)
        with pytest.raises(StateReplaced):
            scene.carry_out(scene.planned(wanted(2, 8), session.state), wanted(2, 8), session, scene.provider())
    late.release()
    assert {part: blob.client(part).download_blob().readall() for part in before} == before
    scene.attempt(wanted(2, 8))
    scene.settled(wanted(2, 8))


def test_a_refusal_says_which_blob_and_what_mends_it(blob: Blob, tmp_path: Path) -> None:
    settings = BlobSettings(blob.emulator.url, CONTAINER, blob.name)
    wrong = BlobPlace(settings, home=tmp_path, environment={"AZURE_STORAGE_KEY": "d3Jvbmc="})
    with pytest.raises(PlaceRefused, match=f"(?s){blob.name}: the service refused it: .*fix: set AZURE_STORAGE_KEY"):
        wrong.read(STATE)
    nowhere_to_be = BlobSettings(blob.emulator.url, "not-there", blob.name)
    absent = BlobPlace(nowhere_to_be, home=tmp_path, environment={"AZURE_STORAGE_KEY": blob.emulator.key})
    with pytest.raises(PlaceRefused, match="ContainerNotFound"):
        absent.read(STATE)
    with pytest.raises(PlaceRefused, match="ContainerNotFound"):
        absent.acquire(operation="apply", since=now())


def test_a_journal_of_many_appends_is_put_together_and_reads_the_same(
    scene: Scene, blob: Blob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bep.providers.state.azure_blob.journal.MOST_BLOCKS", 3)
    place = blob()
    with place.acquire(operation="apply", since=now()):
        journal = place.journal(0)
        for number in range(8):
            journal.append([f"{number}\n".encode(), b"x\n"])
        whole = b"".join(f"{number}\nx\n".encode() for number in range(8))
        assert blob().read(JOURNAL) == whole
        place.journal(10).append([b"after\n"])
        assert blob().read(JOURNAL) == whole[:10] + b"after\n"


def test_a_state_that_cannot_be_written_is_rescued_on_this_machine(scene: Scene, blob: Blob) -> None:
    store = scene.store()
    lock = store.acquire(operation="apply", since=now())
    with lock, store.begin() as session:
        blob.client(JOURNAL).delete_blob(lease=lock.holder.id)
        report = scene.carry_out(
            scene.planned([compute(9, size="S")], session.state), [compute(9, size="S")], session, scene.provider()
        )
        assert report.broken is not None
        assert report.rescue is not None
        assert report.rescue.parent == blob.home
    assert address(9) not in scene.made()
