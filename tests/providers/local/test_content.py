import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bep.disk import modes
from bep.disk.copying import copy_hashed, digest, link
from bep.planner.state import ContentRecord
from bep.providers.local.content import ContentStore
from bep.providers.protocol import Conflict, ProviderError
from bep.schemas.resource import Content
from tests.providers.local.support import content


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "cloud")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "my model"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}")
    (folder / "deep" / "er" / "weights ä.bin").write_bytes(bytes(range(256)) * 5000)
    (folder / "deep" / "same").write_text("flavors: {}")
    (folder / "deep" / "other").write_text("other")
    (folder / "empty").write_text("")
    return folder


def as_dict(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def laid_out(store: ContentStore, record: ContentRecord) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        store.lay_out("model/a/1", record, Path(folder))
        return as_dict(Path(folder))


def test_a_folder_comes_back_byte_for_byte(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    assert laid_out(store, record) == as_dict(model)
    inside = store.originals("model/a/1", record, inside="model")
    assert {name: one.path.read_bytes() for name, one in inside.items()} == {
        f"model/{k}": v for k, v in as_dict(model).items()
    }


def test_a_file_comes_back_under_its_name(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model / "MLmodel"))
    assert laid_out(store, record) == {"MLmodel": b"flavors: {}"}


def test_what_comes_back_is_no_second_name_of_what_is_stored(store: ContentStore, model: Path, tmp_path: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    store.lay_out("model/a/1", record, tmp_path / "copy")
    for file in (tmp_path / "copy").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(b"forged")
    assert laid_out(store, record) == as_dict(model)


@pytest.mark.parametrize("asked", [0o600, 0o640, 0o644, 0o755])
@pytest.mark.parametrize(("shared", "most"), [(modes.PRIVATE, 0o400), (modes.GROUP, 0o440)])
def test_what_is_stored_is_never_wider_than_its_source(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: int, shared: modes.Modes, most: int
) -> None:
    monkeypatch.setattr(modes, "_asked", shared)
    (model / "MLmodel").chmod(asked)
    store = ContentStore(tmp_path / "cloud")
    record = store.put("model/a/1", "create", content(model / "MLmodel"))
    [(_, place)] = store.stored()
    assert place.stat().st_mode & 0o777 == most & (asked | 0o400)
    store.lay_out("model/a/1", record, tmp_path / "copy")
    assert (tmp_path / "copy" / "MLmodel").stat().st_mode & 0o077 == 0


def test_an_edit_of_the_users_file_stays_outside(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    before = as_dict(model)
    with (model / "MLmodel").open("r+") as file:
        file.write("changed")
    assert laid_out(store, record) == before


@pytest.mark.parametrize("change", ["edit", "remove", "folder", "all"])
def test_a_file_changed_since_the_plan_is_a_conflict(store: ContentStore, model: Path, change: str) -> None:
    planned = content(model)
    target = model / "deep" / "other"
    if change == "all":
        shutil.rmtree(model)
    else:
        target.unlink()
        if change == "edit":
            target.write_text("edited")
        if change == "folder":
            target.mkdir()
    with pytest.raises(Conflict, match="is not as it was when planned") as refusal:
        store.put("model/a/1", "create", planned)
    assert "my model/" in str(refusal.value)
    assert list(store.files.rglob(".*")) == []


def test_what_is_stored_is_not_asked_for_again(store: ContentStore, model: Path) -> None:
    planned = content(model)
    record = store.put("model/a/1", "create", planned)
    shutil.rmtree(model)
    assert store.put("model/b/1", "create", planned) == record


WEIGHTS = "deep/er/weights ä.bin"


@pytest.mark.parametrize("keeps_time", [False, True])
def test_a_stored_file_that_was_written_to_is_noticed(store: ContentStore, model: Path, keeps_time: bool) -> None:
    planned = content(model)
    record = store.put("model/a/1", "create", planned)
    place = store.originals("model/a/1", record)[WEIGHTS].path
    times = place.stat()
    place.chmod(0o644)
    place.write_bytes(b"oops")
    if keeps_time:
        os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ProviderError, match=r"stored bytes of deep/er/weights ä\.bin were changed.*`state repair`"):
        laid_out(store, record)
    assert not store.is_sound(record.files[WEIGHTS])
    store.put("model/b/1", "create", planned)  # any registration that needs these bytes reads them first
    assert laid_out(store, record) == as_dict(model)


def test_a_stored_file_that_is_gone_is_noticed(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    store.originals("model/a/1", record)[WEIGHTS].path.unlink()
    with pytest.raises(ProviderError, match=r"stored bytes of deep/er/weights ä\.bin are gone"):
        laid_out(store, record)


def test_a_touched_file_is_read_again_and_kept(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    os.utime(store.originals("model/a/1", record)["MLmodel"].path)
    assert laid_out(store, record) == as_dict(model)


def test_the_folder_of_an_earlier_bep_is_made_of_copies(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    tree = store.tree_of(record)
    tree.mkdir(parents=True)
    for name, one in store.originals("model/a/1", record).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).hardlink_to(one.path)
    assert store.tree("model/a/1", record) == tree
    assert as_dict(tree) == as_dict(model)
    assert {file.stat().st_nlink for file in tree.rglob("*") if file.is_file()} == {1}
    inode = (tree / "MLmodel").stat().st_ino
    assert (store.tree("model/a/1", record) / "MLmodel").stat().st_ino == inode  # once is enough


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b"])
def test_no_name_leaves_its_folder(store: ContentStore, model: Path, name: str) -> None:
    good = content(model / "MLmodel")
    sha = good.files["MLmodel"]
    store.put("model/a/1", "create", good)
    with pytest.raises(ProviderError, match="not a name inside a folder"):
        store.originals("model/a/1", ContentRecord(sha256="0", files={name: sha}))
    with pytest.raises(ProviderError, match="not a name inside a folder"):
        store.put("model/a/1", "create", Content("x", "0", {name: "0" * 64}, str(model)))


PUTTER = """
import sys
from pathlib import Path
from bep.providers.local.content import ContentStore
from tests.providers.local.support import content
planned = content(Path(sys.argv[2]))
store = ContentStore(Path(sys.argv[1]))
print("ready", flush=True)
record = store.put("model/a/1", "create", planned)
store.tree("model/a/1", record)
"""


def test_an_upload_killed_at_any_moment_leaves_only_whole_files(store: ContentStore, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.bin").write_bytes(f"{number}".encode() * 40_000)
    planned = content(folder)
    for trial in range(6):
        shutil.rmtree(store.files, ignore_errors=True)
        shutil.rmtree(store.trees, ignore_errors=True)
        arguments = [sys.executable, "-c", PUTTER, str(store.files.parent), str(folder)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as putter:
            assert putter.stdout
            assert putter.stdout.readline() == "ready\n"
            time.sleep(0.02 * trial)
            os.kill(putter.pid, signal.SIGKILL)
        for file in store.files.glob("*/[0-9a-f]*"):
            assert digest(file) == file.parent.name + file.name
        record = store.put("model/a/1", "create", planned)
        assert laid_out(store, record) == as_dict(folder)
        assert as_dict(store.tree("model/a/1", record)) == as_dict(folder)


SIZES = [0, 1, 4095, 4096, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_001]


@pytest.mark.parametrize("size", SIZES)
def test_a_copy_is_independent_and_its_digest_is_of_what_is_in_it(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    assert copy_hashed(tmp_path / "a", tmp_path / "b") == hashlib.sha256(data).hexdigest()
    (tmp_path / "a").write_bytes(b"another")
    assert (tmp_path / "b").read_bytes() == data
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("answer", [errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, 0])
def test_a_copy_is_whole_where_the_kernel_copies_nothing_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    def refuse(*_: object) -> int:
        if answer:
            raise OSError(answer, os.strerror(answer))
        return 0

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    data = os.urandom(5_000_000)
    (tmp_path / "a").write_bytes(data)
    assert copy_hashed(tmp_path / "a", tmp_path / "b") == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "b").read_bytes() == data


def test_a_copy_takes_the_place_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    with pytest.raises(FileExistsError):
        copy_hashed(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "two"


def test_a_copy_ends_where_its_step_raises(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(9_000_000))
    steps: list[int] = []

    def step() -> None:
        steps.append(1)
        if len(steps) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        copy_hashed(tmp_path / "a", tmp_path / "b", step)
    assert (tmp_path / "b").stat().st_size == 8 << 20


def test_a_link_is_a_second_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").samefile(tmp_path / "b")
