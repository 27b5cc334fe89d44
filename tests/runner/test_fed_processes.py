"""An engine that is fed while it runs, with real processes: prepared once, killed, fed by threads, bounded on disk."""

import os
import signal
import threading
from binascii import crc32
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from queue import Queue

import pytest

from bep.lazy_dataclasses import replace
from bep.runner.errors import JobBusy
from bep.runner.folder import parts
from bep.runner.folder.folder import JobFolder, wait_for_parts
from bep.runner.folder.journal import Journal
from bep.runner.folder.parts import Scored
from bep.runner.grants import Grant, Settled
from bep.runner.inputs import manifest
from bep.runner.jobs.launching import launch
from bep.runner.processes.fleet import ProcessFleet
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.supervision import Limits
from bep.runner.scheduling.tally import Ending, Tally
from bep.runner.span import Span
from bep.runner.worker import wire
from bep.runner.worker.part import Part
from tests.runner.conftest import Jobs

WORKERS = 2

COUNTED = """
import os
def init():
    with open(os.environ["PREPARED"], "a") as file:
        file.write("%d\\n" % os.getpid())
def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""

LONG = """
import os
def init():
    pass
def run(mini_batch):
    return [os.path.basename(path).ljust(1000, "x") for path in mini_batch]
"""


class Fed:
    """An engine with processes, served by a thread of its own. The test gives, and waits for what is answered."""

    def __init__(self, jobs: Jobs, script: str, items: int, *, node: str = "", roll: int = 0) -> None:
        self.prepared = jobs.root / "prepared"
        request = jobs.request(
            script, inputs=(), workers=WORKERS, mini_batch_size=1, variables={"PREPARED": str(self.prepared)}
        )
        self.folder = JobFolder(request.folder)
        self.folder.make()
        request.output_folder.mkdir(parents=True)
        listed = manifest.write(self.folder, (b"/data/%06d" % number for number in range(items)), 1)
        start = replace(launch(request, self.folder), node=node, roll=roll)
        fleet = ProcessFleet(start, WORKERS, parts.next_number(self.folder.parts))
        logs, limits = self.folder.logs, Limits(600, 600, -1)
        self.engine = EmbeddedEngine(fleet, logs, limits, WORKERS, report=lambda event: None, cancel=threading.Event())
        self.journal = Journal(self.folder.journal, 1000)
        self.engine.open(listed, Backlog(3, True, deque()), self.journal, Tally())
        self.answers: Queue[Settled] = Queue()
        self.endings: list[Ending] = []
        self._thread = threading.Thread(target=lambda: self.endings.append(self.engine.serve()))
        self._thread.start()

    def give(self, key: int, first: int, count: int, heard: Callable[[Settled], None] | None = None) -> None:
        self.engine.give(Grant(key, (Span(first, count, 1),), heard or self.answers.put))

    def answer(self) -> Settled:
        return self.answers.get(timeout=60)

    def end(self) -> None:
        self.engine.finish()
        self._thread.join(60)
        self.journal.close()
        self.engine.close()
        assert self.endings == [Ending()]

    def rows(self, piece: Scored) -> bytes:
        with parts.path(self.folder.parts, piece.part).with_suffix(".rows").open("rb") as file:
            content = os.pread(file.fileno(), piece.length, piece.offset)
        assert crc32(content) == piece.checksum
        return content

    def processes(self) -> list[int]:
        return [int(line) for line in self.prepared.read_text().split()] if self.prepared.exists() else []

    def size(self) -> int:
        found = 0
        for file in self.folder.parts.glob("*.rows"):
            found += file.stat().st_size
        return found


def test_init_is_called_once_a_worker_over_many_grants(jobs: Jobs) -> None:
    fed = Fed(jobs, COUNTED, 200)
    for key in range(20):
        fed.give(key, 10 * key, 10)
        answer = fed.answer()  # nothing is left to do meanwhile
        assert (answer.key, answer.scored, answer.failed, answer.returned) == (key, 10, 0, ())
        assert [fed.rows(piece) for piece in answer.pieces] == [b"%06d\n" % n for n in range(10 * key, 10 * key + 10)]
    fed.end()
    assert 1 <= len(fed.processes()) <= WORKERS


def test_killed_workers_are_replaced_and_cost_no_item(jobs: Jobs) -> None:
    fed = Fed(jobs, COUNTED, 400)
    found: Counter[int] = Counter()
    killed: set[int] = set()
    for key in range(20):
        fed.give(key, 20 * key, 20)
        if key % 4 == 3:
            for process in [each for each in fed.processes() if each not in killed]:
                killed.add(process)
                os.kill(process, signal.SIGKILL)
        answer = fed.answer()
        found.update(piece.first for piece in answer.pieces)
        assert (answer.scored, answer.returned) == (20, ())
    fed.end()
    assert found == Counter(range(400))
    assert killed
    assert len(fed.processes()) > WORKERS


def test_many_threads_give_and_revoke(jobs: Jobs) -> None:
    fed = Fed(jobs, COUNTED, 1200)

    def giver(number: int) -> None:
        for key in range(number, 120, 4):
            fed.give(key, 10 * key, 10)
            fed.engine.revoke(key - 8)
            if key % 3 == 0:
                fed.engine.revoke(key)

    threads = [threading.Thread(target=giver, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    answers = [fed.answer() for _ in range(120)]
    for thread in threads:
        thread.join()
    fed.end()
    assert fed.answers.empty()
    assert sorted(answer.key for answer in answers) == list(range(120))
    found = Counter(piece.first for answer in answers for piece in answer.pieces)
    found.update(item for answer in answers for span in answer.returned for item in range(span.first, span.end))
    assert found == Counter(range(1200))


def test_the_disk_does_not_hold_what_was_published(jobs: Jobs) -> None:
    grants, outstanding, roll = 150, 3, 32_000
    fed = Fed(jobs, LONG, 20 * grants, roll=roll)
    sizes: list[int] = []
    written: list[bytes] = []

    def publish(answer: Settled) -> None:
        written.append(b"".join(fed.rows(piece) for piece in answer.pieces))
        sizes.append(fed.size())
        fed.engine.published(answer.key)
        fed.answers.put(answer)

    for key in range(grants):
        fed.give(key, 20 * key, 20, publish)
        if key >= outstanding:
            fed.answer()
    for _ in range(outstanding):
        fed.answer()
    fed.end()
    total = b"".join(sorted(written))
    assert total == b"".join(b"%06d" % number + b"x" * 994 + b"\n" for number in range(20 * grants))
    assert max(sizes) < 8 * (roll + outstanding * 20_020) < len(total) / 3
    assert max(parts.numbers(fed.folder.parts)) > wire.NEXT_PART
    assert parts.next_number(fed.folder.parts) <= WORKERS


def test_names_are_of_the_machine_where_it_has_one(jobs: Jobs) -> None:
    fed = Fed(
        jobs, COUNTED.replace('%d\\n" % os.getpid()', "%s\\n\" % os.environ['BEP_WORKER']"), 2, node="shard003-1a2b3c4d"
    )
    fed.give(1, 0, 2)
    assert fed.answer().scored == 2
    fed.end()
    folder = fed.folder.logs / "user" / "stdout"
    assert [path.name for path in folder.iterdir()] == ["shard003-1a2b3c4d"]
    assert (folder / "shard003-1a2b3c4d" / "process000.stdout.txt").exists()
    # Which of the two workers came to both items is chance.
    prepared = {line.rpartition("/process")[0] for line in fed.prepared.read_text().splitlines()}
    assert prepared == {f"{fed.folder.parts}:shard003-1a2b3c4d"}


def written(part: Part, first: int, rows: bytes) -> None:
    part.add(first, 1, 1, 1, 0, rows, 0.0, 0.0)
    part.flush(0.0)


def test_a_part_that_begins_anew_takes_its_columns_along(tmp_path: Path) -> None:
    part = Part(str(parts.path(tmp_path, 3)), memoryview(bytearray(wire.SLOT)), 0.0, 8)
    part.begin_columns(b"a,b\n")
    for first in range(4):
        written(part, first, b"1,2\n")
    part.begin_columns(b"b,a\n")
    written(part, 4, b"2,1\n")
    assert parts.numbers(tmp_path) == [3, 1_000_003, 2_000_003]
    assert wire.headers((tmp_path / "000003.columns").read_bytes()) == [(0, b"a,b\n")]
    assert wire.headers((tmp_path / "1000003.columns").read_bytes()) == [(0, b"a,b\n")]
    assert wire.headers((tmp_path / "2000003.columns").read_bytes()) == [(0, b"a,b\n"), (0, b"b,a\n")]
    assert [(each.first, each.part, each.offset) for each in parts.in_order(tmp_path)] == [
        (0, 3, 0),
        (1, 3, 4),
        (2, 1_000_003, 0),
        (3, 1_000_003, 4),
        (4, 2_000_003, 0),
    ]
    assert parts.next_number(tmp_path) == 4


def test_a_worker_that_writes_to_its_second_part_is_waited_for(tmp_path: Path) -> None:
    part = Part(str(parts.path(tmp_path, 0)), memoryview(bytearray(wire.SLOT)), 0.0, 4)
    written(part, 0, b"row\n")
    parts.remove(tmp_path, 0)
    with pytest.raises(JobBusy, match=r"1000000\.journal"):
        wait_for_parts(tmp_path, 0.0)
