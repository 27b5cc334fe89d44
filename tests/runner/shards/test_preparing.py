"""A job prepared in a share: whole or not there, nothing secret, the same after any kill, never another job."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bep.disk.copying import Original, digest
from bep.runner.errors import Cancelled, InputsInvalid, JobInvalid, OutputExists, ShareRefused
from bep.runner.events import Event, Transferring
from bep.runner.folder.record import JobRecord, Status, load
from bep.runner.shards import prepared as document
from bep.runner.shards.prepared import DIGEST, IN_PLACE, Prepared
from bep.runner.shards.preparing import Preparation, prepare
from bep.runner.shares.share import Share, share_at
from bep.runner.transfer import stores
from tests.runner.conftest import Jobs
from tests.runner.inputs.stores import FtpStore, ftp_store, memory_store

CANARY = "canary-value-of-a-secret"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bep.runner.shares.folder._PAUSES", (0.0, 0.0))
    monkeypatch.setattr(stores, "_PAUSE", 0)


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpStore]:
    with ftp_store(tmp_path / "served") as server:
        yield server


@pytest.fixture(params=["folder", "memory", "ftp"])
def share(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Share]:
    if request.param == "folder":
        yield _folder(tmp_path)
    elif request.param == "memory":
        with memory_store():
            yield share_at("memory://b/shared", tmp_path)
    else:
        yield share_at(f"{request.getfixturevalue('ftp').url}/shared", tmp_path)


def _folder(tmp_path: Path) -> Share:
    (tmp_path / "shared").mkdir(exist_ok=True)
    return share_at("shared", tmp_path)


def _wanted(jobs: Jobs, *, folders: tuple[Path, ...] = (), **asked: object) -> Preparation:
    """The job of a script and a model, as the app resolves it."""
    request = jobs.request(**asked)  # type: ignore[arg-type]
    (jobs.root / "model/m.bin").write_text("weights")
    variables = {"environment_variables": {"TOKEN": CANARY, "PLAIN": "seen"}, "secret_variables": ("TOKEN",)}
    target = request.target.model_copy(update={"interpreter": (), **variables})
    code = target.code_directory
    return Preparation(
        request=request.model_copy(update={"target": target}),
        model=_originals(jobs.root / "model"),
        code=_originals(code) if code else None,
        files={},
        label="plain/1",
        world="",
        asks=None,
        folders=folders,
    )


def _originals(folder: Path) -> Mapping[str, Original]:
    return {
        one.relative_to(folder).as_posix(): Original(one, digest(one)) for one in folder.rglob("*") if one.is_file()
    }


def _prepare(wanted: Preparation, share: Share, **how: object) -> tuple[JobRecord, Prepared]:
    told = {"report": lambda _: None, "cancel": threading.Event(), **how}
    return prepare(wanted, share, **told)  # type: ignore[arg-type]


def _everything(share: Share) -> dict[str, bytes]:
    return {name: share.read(name) for name in share.listed("")}


def _sources(share: Share, job: str = "job") -> list[bytes]:
    whole = share.read(f"{job}/manifest.sources")
    return [whole[at : at + DIGEST] for at in range(0, len(whole), DIGEST)]


def _names(share: Share, job: str = "job") -> list[bytes]:
    return share.read(f"{job}/manifest").split(b"\0")[:-1]


def test_the_share_has_all_that_a_machine_needs_and_no_secret(jobs: Jobs, share: Share) -> None:
    wanted = _wanted(jobs, items=7, mini_batch_size=3)
    record, prepared = _prepare(wanted, share)
    assert (record.status, record.share, load(wanted.request.folder)) == (Status.NOT_STARTED, share.address, record)
    assert document.read(share.read("job/job.json"), "job", share.address) == prepared
    assert (prepared.counts.items, prepared.counts.mini_batches, prepared.stride) == (7, 3, 3)
    for name, source in zip(_names(share), _sources(share), strict=True):
        content = Path(os.fsdecode(name)).read_bytes()
        assert source == sha256(content).digest()
        assert share.read(f"job/{document.content_name(source.hex())}") == content
    assert sha256(share.read("job/manifest")).hexdigest() == prepared.manifest_digest
    assert sha256(share.read("job/manifest.sources")).hexdigest() == prepared.sources_digest
    for files in (prepared.target.model, prepared.target.code or {}):
        for one in files.values():
            assert sha256(share.read(f"job/{one.name}")).hexdigest() == one.sha256
    assert (prepared.target.variables, prepared.target.secret_variables) == ({"PLAIN": "seen"}, ("TOKEN",))
    for file, kept in _everything(share).items():
        assert CANARY.encode() not in kept, file
        assert b"canary-of-the-store" not in kept, file
    assert "canary" not in (wanted.request.folder / "job.json").read_text()


def test_names_of_any_bytes_are_prepared_and_equal_contents_are_put_once(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    folder = tmp_path / "odd"
    (folder / "empty").mkdir(parents=True)
    (folder / "below\n").mkdir()
    names = [b"a b", b"\xff\xfe", "ü".encode(), b"new\nline", b"below\n/x", b"zero"]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"" if name == b"zero" else b"the same")
    (folder / "link").symlink_to("a b")
    _prepare(_wanted(jobs, inputs=(str(folder),)), share)
    assert _names(share) == sorted(os.fsencode(folder) + b"/" + name for name in [*names, b"link"])
    assert len(set(_sources(share))) == 2
    assert IN_PLACE not in _sources(share)


def test_what_every_machine_sees_stays_where_it_is(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    inside, seen, alone = (tmp_path / name for name in ("shared/in", "seen", "alone"))
    for folder in (inside, seen, alone):
        folder.mkdir()
        (folder / "a").write_text(folder.name)
    (inside / "out").symlink_to(alone / "a")  # its name is seen by all, its bytes are not
    (alone / "in").symlink_to(seen / "a")  # and the other way round
    (alone / "folder").symlink_to(inside)
    wanted = _wanted(jobs, inputs=tuple(map(str, (inside, seen, alone))), folders=(seen,))
    _, prepared = _prepare(wanted, share)
    there = dict(zip(map(os.fsdecode, _names(share)), _sources(share), strict=True))
    in_place = {name for name, source in there.items() if source == IN_PLACE}
    assert in_place == {str(inside / "a"), str(seen / "a")}
    assert prepared.uploads.in_place == 2
    assert prepared.uploads.items == len(there) - 2
    assert prepared.uploads.folders == (str(tmp_path / "shared"), str(seen))


def test_a_store_sees_nothing_in_place(jobs: Jobs, tmp_path: Path) -> None:
    with memory_store():
        _, prepared = _prepare(_wanted(jobs, items=2), share_at("memory://b/shared", tmp_path))
    assert (prepared.uploads.items, prepared.uploads.in_place, prepared.uploads.folders) == (2, 0, ())


def test_partitions_travel_with_the_manifest(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    for day in "ab":
        for number in range(3):
            file = tmp_path / f"keyed/day={day}/{number}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{day}{number}")
    wanted = _wanted(jobs, inputs=(str(tmp_path / "keyed"),), partition_keys=("day",))
    _, prepared = _prepare(wanted, share)
    assert (prepared.counts.mini_batches, prepared.stride) == (2, 1)
    assert share.read("job/manifest.partitions") == (wanted.request.folder / "manifest.partitions").read_bytes()


def test_a_model_that_scores_by_itself_has_no_code(jobs: Jobs, tmp_path: Path) -> None:
    _, prepared = _prepare(_wanted(jobs, script=None, scoring_script=None, items=3), _folder(tmp_path))
    assert (prepared.target.code, prepared.target.scoring_script, prepared.stride) == (None, None, 1)


def test_registered_data_comes_from_where_it_is_stored(jobs: Jobs, tmp_path: Path) -> None:
    share, stored = _folder(tmp_path), tmp_path / "stored"
    stored.write_text("registered")
    wanted = _wanted(jobs, items=1)
    assets = wanted.request.folder / "assets/input-0"
    update = {"inputs": (str(assets),), "stored": {"input-0": {"x/y.txt": Original(stored, digest(stored))}}}
    _prepare(replace(wanted, request=wanted.request.model_copy(update=update)), share)
    assert _names(share) == [os.fsencode(assets / "x/y.txt")]
    assert _sources(share) == [sha256(b"registered").digest()]
    assert not assets.exists()


def test_the_same_once_more_changes_nothing_and_mends_what_is_missing(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    wanted = _wanted(jobs, items=4)
    first = _prepare(wanted, share)
    before = _everything(share)
    share.remove(f"job/{document.content_name(_sources(share)[1].hex())}")
    share.remove("job/manifest.index")
    assert _prepare(wanted, share) == first
    assert _everything(share) == before


def test_a_prepared_job_is_never_prepared_as_another(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    wanted = _wanted(jobs, items=4)
    record, _ = _prepare(wanted, share)
    before = _everything(share)
    with pytest.raises(JobInvalid, match=r"with something else: settings differ"):
        _prepare(_wanted(jobs, items=4, mini_batch_size=2), share)
    (jobs.root / "inputs/00001.txt").write_text("other")
    with pytest.raises(JobInvalid, match=r"the bytes of its inputs differ"):
        _prepare(wanted, share)
    assert _everything(share).keys() >= before.keys()
    assert {name: content for name, content in _everything(share).items() if name in before} == before
    assert load(wanted.request.folder) == record


def test_a_name_that_is_anothers_in_the_share_is_refused(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    wanted = _wanted(jobs, items=2)
    _prepare(wanted, share)
    elsewhere = wanted.request.model_copy(update={"folder": tmp_path / "other/job"})
    with pytest.raises(JobInvalid, match="has a prepared job job already, which is not this workspace's"):
        _prepare(replace(wanted, request=elsewhere), share)
    assert not elsewhere.folder.exists()


def test_a_job_is_prepared_in_one_share(jobs: Jobs, tmp_path: Path) -> None:
    wanted = _wanted(jobs, items=2)
    _prepare(wanted, _folder(tmp_path))
    (tmp_path / "second").mkdir()
    with pytest.raises(JobInvalid, match=r"job is prepared in .*/shared, not in .*/second"):
        _prepare(wanted, share_at("second", tmp_path))


def test_files_of_a_script_need_a_folder_that_all_see(jobs: Jobs, tmp_path: Path) -> None:
    wanted = _wanted(jobs, items=2, output_action="summary_only")
    with memory_store(), pytest.raises(JobInvalid, match=r"summary_only.*memory://b/shared is a store"):
        _prepare(wanted, share_at("memory://b/shared", tmp_path))
    assert _prepare(wanted, _folder(tmp_path))[0].is_prepared


def test_nothing_is_left_of_a_job_that_cannot_be(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    (tmp_path / "none").mkdir()
    wanted = _wanted(jobs, inputs=(str(tmp_path / "none"),))
    with pytest.raises(InputsInvalid, match="no files there"):
        _prepare(wanted, share)
    taken = _wanted(jobs, items=1)
    taken.request.output_folder.mkdir(parents=True)
    (taken.request.output_folder / "predictions.csv").write_text("mine")
    with pytest.raises(OutputExists, match="never overwritten"):
        _prepare(taken, share)
    assert not wanted.request.folder.exists()
    assert _everything(share) == {}


def test_a_file_that_cannot_be_read_is_named_and_the_same_goes_on(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    wanted = _wanted(jobs, items=3)
    broken = jobs.root / "inputs/00001.txt"
    listed = broken.read_text()

    class Losing:
        """A share in front of which an input goes once all are listed."""

        address, root = share.address, share.root

        def __getattr__(self, name: str) -> object:
            if name == "folders":
                broken.unlink(missing_ok=True)
            return getattr(share, name)

    with pytest.raises(InputsInvalid, match=r"00001\.txt: it cannot be read: No such file"):
        _prepare(wanted, Losing())  # type: ignore[arg-type]
    broken.write_text(listed)
    assert _prepare(wanted, share)[0].is_prepared


def test_stored_bytes_that_are_others_are_refused(jobs: Jobs, tmp_path: Path) -> None:
    wanted = _wanted(jobs, items=1)
    model = {"m.bin": Original(jobs.root / "model/m.bin", "0" * 64)}
    with pytest.raises(InputsInvalid, match="not those that were registered"):
        _prepare(replace(wanted, model=model), _folder(tmp_path))
    assert load(wanted.request.folder).status is Status.FAILED
    assert _prepare(wanted, _folder(tmp_path))[0].is_prepared


def test_a_cancelled_one_goes_on(jobs: Jobs, tmp_path: Path) -> None:
    share, cancel = _folder(tmp_path), threading.Event()
    wanted = _wanted(jobs, items=3)
    cancel.set()
    with pytest.raises(Cancelled):
        _prepare(wanted, share, cancel=cancel)
    assert "job/job.json" not in _everything(share)
    assert _prepare(wanted, share)[0].is_prepared


def test_progress_counts_files(jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bep.runner.transfer.transfers._TOLD", 0)
    told: list[Event] = []
    _prepare(_wanted(jobs, items=300), _folder(tmp_path), report=told.append)
    inputs = [event for event in told if isinstance(event, Transferring) and event.doing == "uploading inputs"]
    assert {event.of_files for event in inputs} == {300}
    assert [event.files for event in inputs] == sorted(event.files for event in inputs)


_KILLED = """
import os, pickle, signal, sys, threading
from pathlib import Path
from bep.runner.folder import record
from bep.runner.shards import preparing
from bep.runner.shares.share import share_at
wanted, place, last = pickle.load(sys.stdin.buffer)
steps = iter(range(last))
lock = threading.Lock()
def step():
    with lock:
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
class Counting:
    def __init__(self, share):
        self._share, self.address, self.root = share, share.address, share.root
    def __getattr__(self, name):
        def call(*given):
            step()
            found = getattr(self._share, name)(*given)
            step()
            return found
        return call
def saved(kept):
    step()
    record.save(kept)
    step()
preparing.save = saved
preparing.prepare(wanted, Counting(share_at("shared", Path(place))), report=lambda _: None, cancel=threading.Event())
"""


def test_killed_at_any_step_it_goes_on_and_ends_as_if_undisturbed(jobs: Jobs, tmp_path: Path) -> None:
    import pickle

    share = _folder(tmp_path)
    wanted = _wanted(jobs, items=2)
    kills, last = 0, 0
    while True:
        given = pickle.dumps((wanted, str(tmp_path), last))
        ended = subprocess.run([sys.executable, "-c", _KILLED], input=given, check=False, timeout=60)
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL
        assert _is_whole_or_not_there(share)
        kills, last = kills + 1, last + 3
        if kills % 2:  # every other time the next one begins with what this one has left
            record, _ = _prepare(wanted, share)
            assert record.is_prepared
            _undo(wanted, share)
    assert kills > 5
    assert load(wanted.request.folder).is_prepared
    assert _is_whole_or_not_there(share)


def _is_whole_or_not_there(share: Share) -> bool:
    """Whether a share whose job.json is there has everything that it names."""
    there = share.listed("job")
    if "job.json" not in there:
        return True
    found = document.read(share.read("job/job.json"), "job", share.address)
    contents = {document.content_name(source.hex()) for source in _sources(share)} | {
        one.name for one in found.contents.values()
    }
    return there.keys() >= contents | {"manifest", "manifest.index", "manifest.sources"}


def _undo(wanted: Preparation, share: Share) -> None:
    import shutil

    shutil.rmtree(wanted.request.folder)
    for name in share.listed(""):
        share.remove(name)


def test_a_share_that_cannot_be_written_is_told_and_nothing_is_left(jobs: Jobs, tmp_path: Path) -> None:
    share = _folder(tmp_path)
    (tmp_path / "shared/job").write_text("in the way")
    with pytest.raises(ShareRefused):
        _prepare(_wanted(jobs, items=1), share)
    (tmp_path / "shared/job").unlink()
    assert _prepare(_wanted(jobs, items=1), share)[0].is_prepared
