"""A job's folder whose files are damaged: said by name, or read as far as it is whole. Never a traceback."""

import json
from binascii import crc32
from pathlib import Path

import pytest

from bep.runner.errors import JobDamaged, JobInvalid
from bep.runner.folder import journal, record
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Failure, Journal
from bep.runner.inputs import partitions
from bep.runner.inputs.manifest import Manifest, write
from bep.runner.jobs.drawing import write as draw
from tests.runner.conftest import Jobs

ONE = Failure(0, 2, 1, "ValueError", "no", "", "logs/user/error/node0/process000.txt:1", 5.0, 1.0)


def listed(folder: Path) -> Manifest:
    """Four items in mini-batches of two."""
    return write(JobFolder(folder), [b"a", b"b", b"c", b"d"], 2)


@pytest.mark.parametrize("damaged", [b"", b"\xff" * 24, b"\0" * 24, (9).to_bytes(8, "little") * 3])
def test_an_index_that_points_nowhere_is_named(tmp_path: Path, damaged: bytes) -> None:
    found = listed(tmp_path)
    assert found.names(2, 2) == ("c", "d")
    found.index.write_bytes(damaged)
    with pytest.raises(JobDamaged, match=r"manifest\.index is damaged"):
        found.names(2, 2)


@pytest.mark.parametrize("file", ["manifest", "manifest.index"])
@pytest.mark.parametrize("damaged", [b"", b"b\0a\0c\0d\0", b"\1" * 24])
def test_a_job_goes_on_with_its_own_items_or_not_at_all(tmp_path: Path, file: str, damaged: bytes) -> None:
    found = listed(tmp_path)
    found.verify()
    (tmp_path / file).write_bytes(damaged)
    with pytest.raises(JobDamaged, match=f"{file} is damaged"):
        found.verify()


def test_a_manifest_that_lacks_items_is_named(tmp_path: Path) -> None:
    found = listed(tmp_path)
    found.path.write_bytes(b"a\0b\0cxd\0")
    with pytest.raises(JobDamaged, match="manifest is damaged: it does not have all of the 2 items from 2 on"):
        found.names(2, 2)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "7", '{"first": 0}', json.dumps({"first": "0"})])
def test_a_line_that_no_runner_wrote_ends_the_journal(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal"
    for failures in range(2):
        kept = Journal(path, 0.0)
        kept.append(ONE)
        kept.close()
        assert list(journal.read(path)) == [ONE] * (failures + 1)
        with path.open("ab") as file:
            file.write(b"%08x %s\n" % (crc32(text.encode()), text.encode()))
        assert list(journal.read(path)) == [ONE] * (failures + 1)


@pytest.mark.parametrize("text", ["", "[]\n", "x\n", '[1, {"k": "a"}]\n', "[0, {}]\n[0, {}]\n", "7\n", '["0"]\n'])
def test_groups_that_do_not_follow_one_another_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.partitions"
    file.write_text(text)
    with pytest.raises(ValueError, match="group"):
        partitions.read(file)


def test_a_report_of_a_damaged_job_says_what_is_damaged(jobs: Jobs) -> None:
    done, _ = jobs.score("def run(mini_batch):\n    return mini_batch[1:]\n", items=4, mini_batch_size=2)
    folder = JobFolder(done.folder)
    draw(folder.path)
    for file, content in ((folder.failed_items, b"{}\n"), (folder.failed_items, b"\xff\n"), (folder.index, b"")):
        whole = file.read_bytes()
        file.write_bytes(content)
        with pytest.raises(JobDamaged, match=file.name):
            draw(folder.path)
        file.write_bytes(whole)
    draw(folder.path)


def test_a_record_without_its_time_zone_or_with_another_name_is_damaged(jobs: Jobs) -> None:
    done, _ = jobs.score("def run(mini_batch):\n    return mini_batch\n", items=1)
    file = JobFolder(done.folder).record
    plain = json.loads(file.read_text())
    for field, value in (("created", "2026-01-02T03:04:05"), ("name", "../x"), ("counts", {"items": -1})):
        file.write_text(json.dumps({**plain, field: value}))
        with pytest.raises(JobInvalid, match="is damaged"):
            record.load(file.parent)
