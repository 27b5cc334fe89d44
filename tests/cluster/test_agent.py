"""An agent as a process: what it is given it scores, and what is settled is in the share when it says so."""

import contextlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import bep
from bep.runner.cluster.lines import Doing, Hungry, Piece, Pong, Ready, Returned, Settled, Stop, Stopped
from tests.cluster.driving_agents import NAMES, Ordered, driving, ordered, scored_here, warnings_of
from tests.cluster.waiting import eventually
from tests.runner.inputs.stores import FtpStore, ftp_store
from tests.services.places import interpreter

# Item 3 raises, item 13 hangs, item 23 ends its worker; the mini-batch of item 33 has a result too few.
TROUBLE = """
    import os, signal, time
    def run(mini_batch):
        names = [os.path.basename(path) for path in mini_batch]
        if "00003.txt" in names:
            raise ValueError("bad")
        if "00013.txt" in names:
            time.sleep(1000)
        if "00023.txt" in names:
            os.kill(os.getpid(), signal.SIGKILL)
        return names[1:] if "00033.txt" in names else names
"""

# The first item takes as long as until the file GO is there.
WAITS = """
    import os, time
    def run(mini_batch):
        names = [os.path.basename(path) for path in mini_batch]
        if "00000.txt" in names:
            open(os.environ["GO"] + ".begun", "w").close()
        while "00000.txt" in names and not os.path.exists(os.environ["GO"]):
            time.sleep(0.01)
        return names
"""


def pieces_of(found: dict[int, Settled]) -> list[Piece]:
    return list(chain.from_iterable(one.pieces for one in found.values()))


def items_of(spans: tuple[tuple[int, int, int], ...]) -> Counter[int]:
    return Counter(item for first, count, _ in spans for item in range(first, first + count))


def covered(job: Ordered, pieces: list[Piece]) -> Counter[int]:
    return Counter(item for piece in pieces for item in range(piece.first, piece.end))


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpStore]:
    with ftp_store(tmp_path / "served") as server:
        yield server


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A share with little room."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here: mount refuses")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def test_grants_are_scored_and_are_in_the_share_with_the_bytes_of_a_run_here(tmp_path: Path) -> None:
    job = ordered(tmp_path, items=40, mini_batch_size=3)
    with driving(job) as driver:
        assert driver.of(Ready)[0].workers == 2
        driver.give(1, (0, 12, 3))
        driver.give(2, (12, 6, 3), (30, 10, 3))
        driver.give(3, (18, 12, 3))
        found = driver.settled(3)
        assert [one.key for one in driver.of(Hungry)][-1:] == [3]
        assert driver.stop() == 0
    assert [(piece.first, piece.end) for piece in found[1].pieces] == [(0, 12)]
    assert [(piece.first, piece.end) for piece in found[2].pieces] == [(12, 18), (30, 40)]
    pieces = pieces_of(found)
    assert sum(piece.scored for piece in pieces) == 40
    assert not any(one.returned for one in found.values())
    assert job.rows(pieces) == scored_here(job, items=40, mini_batch_size=3)
    assert not list((tmp_path / "home/.cache/bep/shards").glob("*/*/"))


def test_a_store_without_folders_is_a_share_too(tmp_path: Path, ftp: FtpStore) -> None:
    job = ordered(tmp_path, items=30, mini_batch_size=4, share=f"{ftp.url}/team/jobs")
    with driving(job) as driver:
        driver.give(1, (0, 16, 4))
        driver.give(2, (16, 14, 4))
        found = driver.settled(2)
        assert driver.stop() == 0
        assert "canary" not in driver.told()
    assert job.rows(pieces_of(found)) == scored_here(job, items=30, mini_batch_size=4)


def test_inputs_that_all_machines_see_are_read_where_they_are(tmp_path: Path) -> None:
    script = NAMES.replace("os.path.basename(path)", "path")
    job = ordered(tmp_path, script, folders=(tmp_path / "inputs",), items=6)
    with driving(job) as driver:
        driver.give(1, (0, 6, 10))
        found = driver.settled(1)
    assert job.rows(found[1].pieces) == scored_here(job, script, items=6)


def test_what_is_bad_is_found_and_costs_nothing_else(tmp_path: Path) -> None:
    job = ordered(tmp_path, TROUBLE, items=40, mini_batch_size=4, timeout=1, max_retries=1)
    with driving(job) as driver:
        driver.give(1, (0, 20, 4))
        driver.give(2, (20, 20, 4))
        found = driver.settled(2)
        eventually("lost workers are counted", lambda: driver.of(Doing)[-1:] and driver.of(Doing)[-1].workers_lost)
        assert driver.stop() == 0
    pieces = pieces_of(found)
    assert covered(job, pieces) == Counter(range(40))
    assert sum(piece.failed for piece in found[1].pieces) == 2
    failed = job.failed(pieces)
    assert {3, 13, 23} < failed
    assert len(failed) == 4
    assert job.rows(pieces) == scored_here(job, TROUBLE, items=40, mini_batch_size=4, timeout=1, max_retries=1)
    told = [failure for piece in pieces for failure in job.segment(piece).failures()]
    assert {"bad"} <= {failure.message for failure in told}


def test_single_items_of_a_run_that_scores_what_failed_once_more(tmp_path: Path) -> None:
    first = ordered(tmp_path, items=40, mini_batch_size=10)
    job = first.again([(3, 1, 1), (4, 1, 1), (17, 1, 1), (30, 4, 2)])
    with driving(job) as driver:
        driver.give(1, (3, 1, 1), (4, 1, 1), (17, 1, 1))
        driver.give(2, (30, 4, 2))
        found = driver.settled(2)
        assert driver.stop() == 0
    assert [(piece.first, piece.end) for piece in found[1].pieces] == [(3, 5), (17, 18)]
    assert [(piece.first, piece.end) for piece in found[2].pieces] == [(30, 34)]
    names = "".join(f"{number:05d}.txt\n" for number in (3, 4, 17, 30, 31, 32, 33))
    assert job.rows(pieces_of(found)) == names.encode()


def test_a_revoked_grant_comes_back_at_once_and_what_was_begun_settles(tmp_path: Path) -> None:
    go = tmp_path / "go"
    job = ordered(tmp_path, WAITS, items=60, workers=1, mini_batch_size=1, variables={"GO": str(go)})
    with driving(job) as driver:
        driver.give(1, (0, 60, 1))
        eventually(
            "a call goes on", lambda: any(one.workers and one.workers[0][1] == "scoring" for one in driver.of(Doing))
        )
        driver.revoke(1)
        told = driver.heard(Returned)
        assert told.key == 1
        assert 0 not in items_of(told.spans)
        assert not driver.of(Settled)
        go.touch()
        settled = driver.settled(1)[1]
        assert driver.stop() == 0
    given_back = sum((items_of(one.spans) for one in driver.of(Returned)), Counter())
    assert given_back + items_of(settled.returned) + covered(job, list(settled.pieces)) == Counter(range(60))
    assert covered(job, list(settled.pieces))[0] == 1


def test_what_was_revoked_can_be_given_again(tmp_path: Path) -> None:
    job = ordered(tmp_path, items=60, mini_batch_size=1)
    with driving(job) as driver:
        pieces: list[Piece] = []
        driver.give(1, (0, 60, 1))
        driver.revoke(1)
        settled = driver.settled(1)[1]
        pieces += settled.pieces
        back = [span for one in driver.of(Returned) for span in one.spans] + list(settled.returned)
        if back:
            driver.give(2, *back)
            pieces += driver.settled(1)[2].pieces
        assert driver.stop() == 0
    assert covered(job, pieces) == Counter(range(60))
    assert job.rows(pieces) == scored_here(job, items=60, mini_batch_size=1)


def test_stop_lets_a_call_end_publishes_what_is_settled_and_says_the_last_word(tmp_path: Path) -> None:
    go = tmp_path / "go"
    job = ordered(tmp_path, WAITS, items=20, workers=2, mini_batch_size=1, variables={"GO": str(go)})
    with driving(job) as driver:
        driver.give(1, (1, 4, 1))
        driver.give(2, (0, 1, 1), (5, 15, 1))
        driver.settled(1)
        eventually("a call has begun that stop lets end", tmp_path.joinpath("go.begun").exists)
        driver.tell(Stop())
        go.touch()
        driver.heard(Stopped)
        assert driver.ended() == 0
        settled = {one.key: one for one in driver.of(Settled)}
    pieces = pieces_of(settled)
    given_back = sum((items_of(one.spans) for one in driver.of(Returned)), Counter())
    assert covered(job, pieces) + given_back + items_of(settled[2].returned) == Counter(range(20))
    assert covered(job, pieces)[0] == 1


def test_at_once_is_at_once(tmp_path: Path) -> None:
    job = ordered(tmp_path, WAITS, items=20, workers=2, mini_batch_size=1, variables={"GO": str(tmp_path / "go")})
    with driving(job) as driver:
        driver.give(1, (0, 20, 1))
        driver.heard(Hungry)
        assert driver.stop(at_once=True) == 0
        assert not driver.of(Settled)


def test_it_ends_with_whoever_reads_what_it_says_to_nobody(tmp_path: Path) -> None:
    job = ordered(tmp_path, WAITS, items=20, workers=2, mini_batch_size=1, variables={"GO": str(tmp_path / "go")})
    reading, writing = os.pipe()
    with driving(job, prepare=lambda: os.dup2(writing, 2)) as driver:
        driver.give(1, (0, 20, 1))
        driver.heard(Hungry)
        os.close(writing)
        os.close(reading)
        assert driver.process.stdin
        driver.pings.clear()
        driver.process.stdin.close()
        assert driver.ended() == 1


def test_pings_are_answered_and_it_says_how_it_is(tmp_path: Path) -> None:
    job = ordered(tmp_path, items=10)
    with driving(job) as driver:
        driver.give(1, (0, 10, 10))
        driver.settled(1)
        doing = eventually("it says that ten are scored", lambda: [one for one in driver.of(Doing) if one.scored == 10])
        assert driver.heard(Pong).number == 1
        assert driver.stop() == 0
    assert doing[-1].rows == 10
    assert {worker[1] for worker in doing[-1].workers} <= {"preparing", "waiting", "scoring"}


def test_partition_keys_make_the_calls(tmp_path: Path) -> None:
    for number in range(12):
        file = tmp_path / "keyed" / f"region={number % 3}" / f"{number:02d}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(number))
    script = """
        import os
        def run(mini_batch, context):
            key = context.partition_key_value["region"]
            return [key + " " + os.path.basename(path) for path in mini_batch]
    """
    how: dict[str, Any] = {"inputs": (str(tmp_path / "keyed"),), "partition_keys": ("region",)}
    job = ordered(tmp_path, script, spans=((0, 4, 4), (4, 4, 4), (8, 4, 4)), **how)
    with driving(job) as driver:
        driver.give(1, (0, 4, 4), (4, 4, 4))
        driver.give(2, (8, 4, 4))
        found = driver.settled(2)
        assert driver.stop() == 0
    assert job.rows(pieces_of(found)) == scored_here(job, script, **how)


def test_scripts_run_in_the_environments_own_python(tmp_path: Path) -> None:
    old = interpreter("3.7")
    if not old:
        pytest.skip("no Python 3.7 here")
    script = NAMES.replace("os.path.basename(path)", "'%d.%d' % __import__('sys').version_info[:2]")
    job = ordered(tmp_path, script, items=4)
    with driving(job, interpreter=old) as driver:
        driver.give(1, (0, 4, 10))
        found = driver.settled(1)
        assert driver.stop() == 0
    assert sys.version_info[:2] != (3, 7)
    assert job.rows(found[1].pieces) == b"3.7\n" * 4


def test_logs_of_workers_are_in_the_share_under_the_nodes_name(tmp_path: Path) -> None:
    job = ordered(tmp_path, "def run(mini_batch):\n    print('said aloud')\n    return mini_batch", items=4)
    with driving(job, begin=job.begin("node7-0a1b2c3d")) as driver:
        driver.give(1, (0, 4, 2))
        driver.settled(1)
        assert driver.stop() == 0
    assert job.logs().count("said aloud") == 2
    assert any("node7-0a1b2c3d" in name for name in job.share.listed("job/logs"))


def test_a_python_with_nothing_but_its_library_is_enough(tmp_path: Path) -> None:
    """As on a node whose Python was not chosen for bep: `-S` leaves out what is installed."""
    bare = (sys.executable, "-S", "-m", "bep.app.cluster_agent")
    job = ordered(tmp_path, items=12, mini_batch_size=5)
    with driving(job, command=bare, environment={"PYTHONPATH": str(Path(bep.__file__).parents[1])}) as driver:
        assert driver.process.stdin
        driver.process.stdin.write(b'no line\n{"Grant": {"key": "one"}}\n{"Unknown": {}}\n')
        driver.give(1, (0, 12, 5))
        found = driver.settled(1)
        assert driver.stop() == 0
    assert job.rows(found[1].pieces) == scored_here(job, items=12, mini_batch_size=5)


def test_a_share_without_room_is_asked_again_until_it_has_some(tmp_path: Path, small: Path) -> None:
    job = ordered(tmp_path, items=20, mini_batch_size=5, share=str(small), folders=(tmp_path / "inputs",))
    with driving(job) as driver:
        filler = fill(small)
        driver.give(1, (0, 10, 5))
        driver.give(2, (10, 10, 5))
        told = eventually("it says so", lambda: [text for text in warnings_of(driver) if "room" in text])
        assert str(small) in told[0]
        assert not driver.of(Settled)
        filler.unlink()
        found = driver.settled(2)
        assert driver.stop() == 0
    assert job.rows(pieces_of(found)) == scored_here(job, items=20, mini_batch_size=5)
