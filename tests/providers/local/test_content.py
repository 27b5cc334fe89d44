import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bep.planner.state import ContentRecord
from bep.providers.local import cloning, folders
from bep.providers.local import content as stored
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


def test_a_folder_comes_back_byte_for_byte(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    assert as_dict(store.tree("model/a/1", record)) == as_dict(model)
    assert as_dict(store.tree("model/a/1", record, inside="model")) == {
        f"model/{k}": v for k, v in as_dict(model).items()
    }


def test_a_file_comes_back_under_its_name(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model / "MLmodel"))
    assert as_dict(store.tree("model/a/1", record)) == {"MLmodel": b"flavors: {}"}


def test_a_tree_is_built_once_and_its_files_are_read_only(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    tree = store.tree("model/a/1", record)
    before = (tree / "MLmodel").stat().st_ino
    assert store.tree("model/a/1", record) == tree
    assert (tree / "MLmodel").stat().st_ino == before
    assert (tree / "MLmodel").stat().st_mode & 0o777 == 0o444
    assert sorted(path.name for path in store.trees.iterdir()) == [tree.name]


def test_an_edit_of_the_users_file_stays_outside(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    with (model / "MLmodel").open("r+") as file:
        file.write("changed")
    assert (store.tree("model/a/1", record) / "MLmodel").read_text() == "flavors: {}"


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


def test_a_stored_file_that_was_written_to_is_noticed(store: ContentStore, model: Path) -> None:
    planned = content(model)
    record = store.put("model/a/1", "create", planned)
    weights = store.tree("model/a/1", record) / "deep" / "er" / "weights ä.bin"
    weights.chmod(0o644)
    weights.write_bytes(b"oops")
    with pytest.raises(ProviderError, match=r"stored bytes of deep/er/weights ä\.bin were changed"):
        store.tree("model/a/1", record)
    store.put("model/a/1", "create", planned)
    assert as_dict(store.tree("model/a/1", record)) == as_dict(model)


def test_a_touched_file_is_read_again_and_kept(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    os.utime(store.tree("model/a/1", record) / "MLmodel")
    assert as_dict(store.tree("model/a/1", record)) == as_dict(model)


def test_a_tree_that_lost_a_file_is_made_again(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    (store.tree("model/a/1", record) / "empty").unlink()
    assert as_dict(store.tree("model/a/1", record)) == as_dict(model)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b"])
def test_no_name_leaves_its_folder(store: ContentStore, model: Path, name: str) -> None:
    good = content(model / "MLmodel")
    sha = good.files["MLmodel"]
    store.put("model/a/1", "create", good)
    with pytest.raises(ProviderError, match="not a name inside a folder"):
        store.tree("model/a/1", ContentRecord(sha256="0", files={name: sha}))
    with pytest.raises(ProviderError, match="not a name inside a folder"):
        store.put("model/a/1", "create", Content("x", "0", {name: "0" * 64}, str(model)))


def test_a_file_system_without_links_gets_copies(
    store: ContentStore, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    record = store.put("model/a/1", "create", content(model))
    tree = store.tree("model/a/1", record)
    assert as_dict(tree) == as_dict(model)
    assert (tree / "MLmodel").stat().st_nlink == 1
    assert store.tree("model/a/1", record) == tree


def test_two_builders_of_one_tree_agree(store: ContentStore, model: Path) -> None:
    record = store.put("model/a/1", "create", content(model))
    tree = store.tree("model/a/1", record)
    with folders.unfinished(store.trees) as new:
        store._fill("model/a/1", new, record.files)
        folders.publish(new, tree)
    assert as_dict(tree) == as_dict(model)
    assert [path.name for path in store.trees.iterdir()] == [tree.name]


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
            assert stored._digest(file) == file.parent.name + file.name
        record = store.put("model/a/1", "create", planned)
        assert as_dict(store.tree("model/a/1", record)) == as_dict(folder)


def test_a_clone_is_independent(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    cloning.clone(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a").write_text("two")
    assert (tmp_path / "b").read_text() == "one"
