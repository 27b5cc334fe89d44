"""Whose turn it is: never more instances than there are, first come, first served, and nobody waits for ever."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bep.app.errors import Refused
from bep.app.queue.file import opened_queue
from bep.app.queue.line import HOLDING, WAITING, Ticket, next_of, turn_of, waiting_text
from bep.app.queue.queue import Queue

CPU = "compute/cpu"


def holding(number: int, instances: int, compute: str = CPU) -> Ticket:
    return Ticket(number, f"job{number}", HOLDING, compute, instances, "a process")


def waiting(number: int, instances: int, *, host: str = "", compute: str = CPU) -> Ticket:
    return Ticket(number, f"job{number}", WAITING, compute, instances, host, is_order=not host)


def test_only_the_first_who_waits_may_have_what_is_free() -> None:
    large, small = waiting(2, 4), waiting(3, 1)
    there = [holding(1, 2), large, small]
    assert not turn_of(there, large, 4).is_now
    assert not turn_of(there, small, 4).is_now  # one is free, and the large one was first
    assert turn_of(there[1:], large, 4).is_now
    assert turn_of([holding(1, 2), small], small, 4).is_now


def test_each_compute_has_a_line_of_its_own_and_one_without_a_bound_has_none() -> None:
    mine = waiting(9, 2)
    assert turn_of([holding(1, 4, "compute/gpu"), waiting(2, 1, compute="compute/gpu"), mine], mine, 2).is_now
    assert turn_of([holding(1, 400), waiting(2, 4), mine], mine, None).is_now


def test_orders_are_started_in_turn_as_many_as_there_is_room_for() -> None:
    there = [waiting(1, 1), waiting(2, 1), waiting(3, 1), waiting(4, 1, compute="compute/gpu")]
    assert [one.number for one in next_of(there, {CPU: 2, "compute/gpu": 1})] == [1, 2, 4]
    assert [
        one.number for one in next_of([holding(1, 1), waiting(2, 1, host="a process"), waiting(3, 1)], {CPU: 4})
    ] == []


def test_an_order_for_more_than_there_is_by_now_is_started_to_say_so_and_blocks_nobody() -> None:
    assert [one.number for one in next_of([waiting(1, 4), waiting(2, 1)], {CPU: 2})] == [1, 2]
    assert [one.number for one in next_of([holding(1, 2), waiting(2, 4), waiting(3, 1)], {CPU: 2})] == [2]


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (["a"], "waiting behind a (2 of 4 instances of compute/cpu are taken)"),
        (["a", "b"], "waiting behind a and b (2 of 4 instances of compute/cpu are taken)"),
        (["a", "b", "c"], "waiting behind a, b and 1 more (2 of 4 instances of compute/cpu are taken)"),
        ([], "waiting (2 of 4 instances of compute/cpu are taken)"),
    ],
)
def test_it_is_said_behind_whom_a_job_waits(behind: list[str], said: str) -> None:
    assert waiting_text(behind, 2, 4, CPU) == said


class Lines(RuleBasedStateMachine):
    """A real queue beside a model of it. Its processes are marks that this process shows and takes away."""

    @initialize(capacity=st.integers(1, 4))
    def begin(self, capacity: int) -> None:
        self.folder = Path(mkdtemp())
        self.queue = Queue(self.folder)
        self.capacity = capacity
        self.waiting: dict[int, int] = {}  # instances by ticket, in the order that they came
        self.holding: dict[int, int] = {}
        self.orders: set[int] = set()
        self.hosts: dict[int, tuple[str, ExitStack]] = {}
        self.named = 0

    def _name(self) -> str:
        self.named += 1
        return f"job{self.named}"

    def _shown(self) -> tuple[str, ExitStack]:
        shown = ExitStack()
        return shown.enter_context(self.queue.presence.shown()), shown

    def _may(self, number: int) -> bool:
        first = next(iter(self.waiting))
        return number == first and sum(self.holding.values()) + self.waiting[number] <= self.capacity

    def _held(self, number: int) -> None:
        self.holding[number] = self.waiting.pop(number)

    @rule(instances=st.integers(1, 4))
    def a_process_comes(self, instances: int) -> None:
        mark, shown = self._shown()
        mine, turn = self.queue.enter(
            self._name(), CPU, min(instances, self.capacity), mark=mark, capacity=self.capacity, record="{}"
        )
        self.waiting[mine.number] = mine.instances
        self.hosts[mine.number] = mark, shown
        assert turn.is_now == self._may(mine.number)
        if turn.is_now:
            self._held(mine.number)

    @rule(instances=st.integers(1, 4))
    def an_order_comes(self, instances: int) -> None:
        entry = self.queue.order(
            self._name(),
            CPU,
            min(instances, self.capacity),
            record="{}",
            document="{}",
            digest="",
            request=None,
            asked_by="",
            check=lambda: None,
        )
        self.waiting[entry.ticket.number] = entry.ticket.instances
        self.orders.add(entry.ticket.number)

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 9))
    def somebody_wants_its_turn(self, which: int) -> None:
        number = list(self.waiting)[which % len(self.waiting)]
        mark, shown = self.hosts.get(number) or self._shown()
        turn = self.queue.take(number, mark, self.capacity)
        assert turn is not None
        assert turn.is_now == self._may(number)
        assert turn.taken == sum(self.holding.values())
        if turn.is_now:
            self._held(number)
            self.hosts[number] = mark, shown
            assert self.queue.take(number, mark, self.capacity) is None
        elif number not in self.hosts:
            shown.close()

    @precondition(lambda self: self.holding)
    @rule(which=st.integers(0, 9))
    def a_job_ends(self, which: int) -> None:
        number = list(self.holding)[which % len(self.holding)]
        del self.holding[number]
        if number in self.orders:
            self.queue.end(number, "Completed", is_begun=True)
        self.hosts.pop(number)[1].close()

    @precondition(lambda self: self.hosts)
    @rule(which=st.integers(0, 9))
    def a_process_dies(self, which: int) -> None:
        number = list(self.hosts)[which % len(self.hosts)]
        self.hosts.pop(number)[1].close()
        instances = self.holding.pop(number, None) or self.waiting.pop(number)
        if number in self.orders:  # it is in line again, where it was
            self.waiting = dict(sorted({**self.waiting, number: instances}.items()))

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 9))
    def somebody_leaves_the_line(self, which: int) -> None:
        number = list(self.waiting)[which % len(self.waiting)]
        assert self.queue.cancel(number)
        del self.waiting[number]
        if number in self.hosts:
            self.hosts.pop(number)[1].close()

    @rule(capacity=st.integers(1, 4))
    def the_compute_is_applied_with_another_bound(self, capacity: int) -> None:
        if all(instances <= capacity for instances in self.waiting.values()):
            self.capacity = capacity

    @invariant()
    def the_queue_is_as_the_model(self) -> None:
        there = {one.number: (one.state, one.instances) for one in self.queue.tickets()}
        held = {number: (HOLDING, instances) for number, instances in self.holding.items()}
        assert there == held | {number: (WAITING, instances) for number, instances in self.waiting.items()}
        first = next(iter(self.waiting), None)
        started = [one.number for one in next_of(self.queue.tickets(), {CPU: self.capacity})]
        assert (started[:1] == [first]) == (
            first in self.orders and first not in self.hosts and self._may(first) if first is not None else False
        )

    def teardown(self) -> None:
        """Nobody waits for ever: as jobs end, each has its turn, in the order that they came."""
        try:
            for number in [*self.holding, *self.waiting]:
                mark, shown = self.hosts.pop(number) if number in self.hosts else self._shown()
                if number in self.waiting:
                    turn = self.queue.take(number, mark, self.capacity)
                    assert turn is not None
                    assert turn.is_now
                self.queue.end(number, "Completed", is_begun=True)
                shown.close()
            assert self.queue.tickets() == []
        finally:
            for _, shown in self.hosts.values():
                shown.close()
            rmtree(self.folder)


Lines.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
test_a_line_is_as_its_model = Lines.TestCase


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path)


def test_a_job_has_one_ticket(queue: Queue) -> None:
    with queue.presence.shown() as mark:
        queue.enter("nightly", CPU, 1, mark=mark, capacity=1, record="{}")
        with pytest.raises(Refused, match="job nightly in line already"):
            queue.enter("nightly", CPU, 1, mark=mark, capacity=1, record="{}")
        with queue.presence.shown() as other, pytest.raises(Refused, match="job nightly in line already"):
            queue.enter("nightly", CPU, 1, mark=other, capacity=1, record=None)
    with queue.presence.shown() as mark:
        assert queue.enter("nightly", CPU, 1, mark=mark, capacity=1, record="{}")[1].is_now


def test_a_queue_that_cannot_be_read_says_which_file_and_is_never_taken_for_an_empty_one(queue: Queue) -> None:
    file = queue._file
    assert queue.tickets() == []
    assert not file.exists()
    with queue.presence.shown() as mark:
        queue.enter("nightly", CPU, 1, mark=mark, capacity=1, record="{}")
        whole = file.read_bytes()
        for content, said in [
            (b"", "it has no bytes"),
            (b"SQLite format 3\0" + bytes(5000), "damaged"),
            (b"no database at all\n" * 900, "damaged"),
            (whole[:4096], "damaged"),
        ]:
            file.write_bytes(content)
            with pytest.raises(Refused, match=f"queue.sqlite .*{said}|queue.sqlite is damaged") as refused:
                queue.tickets()
            assert "fix: put a good copy in its place" in str(refused.value)
            with pytest.raises(Refused):
                queue.enter("another", CPU, 1, mark=mark, capacity=1, record="{}")
            assert file.read_bytes() == content


def test_a_queue_of_a_newer_bep_is_refused_by_number(queue: Queue) -> None:
    with queue.presence.shown() as mark:
        queue.enter("nightly", CPU, 1, mark=mark, capacity=1, record="{}")
    connection = sqlite3.connect(queue._file)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(Refused, match="has format 2; this bep knows 1"):
        queue.tickets()


def test_a_database_of_another_program_is_refused(queue: Queue) -> None:
    queue._file.parent.mkdir(parents=True)
    connection = sqlite3.connect(queue._file)
    connection.execute("CREATE TABLE tickets (number)")
    connection.close()
    with pytest.raises(Refused, match="it is another program's database"):
        queue.tickets()


def test_a_full_disk_is_said_and_nothing_is_written(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite ends the transaction itself then."""
    with queue.presence.shown() as mark:
        queue.enter("nightly", CPU, 1, mark=mark, capacity=1, record="{}")

        @contextmanager
        def full(path: Path) -> Iterator[sqlite3.Connection]:
            with opened_queue(path) as connection:
                connection.execute("PRAGMA max_page_count = 1")  # it is what there is already, at least
                yield connection

        monkeypatch.setattr("bep.app.queue.queue.opened_queue", full)
        with pytest.raises(OSError, match="No space left") as refused:
            queue.enter("large", CPU, 1, mark=mark, capacity=1, record="x" * 1_000_000)
        assert refused.value.filename == str(queue._file)
        assert [one.job for one in queue.tickets()] == ["nightly"]


def test_what_an_order_was_given_leaves_the_file_when_it_is_over(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where SQLite was built to leave the bytes of what is deleted."""
    connect = sqlite3.connect

    def careless(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr("bep.app.queue.file.sqlite3.connect", careless)
    document = "sig=s3cr3t " * 2000
    entry = queue.order(
        *("nightly", CPU, 1), record="{}", document=document, digest="", request=None, asked_by="", check=lambda: None
    )
    assert b"s3cr3t" in queue._file.read_bytes()
    queue.end(entry.ticket.number, "Completed")
    assert b"s3cr3t" not in queue._file.read_bytes()
