import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from bep.providers.local.catalog.transactions import Transactions


class Table:
    """A table in a file, with every statement it was sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.statements: list[str] = []
        self.guard = threading.RLock()
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("CREATE TABLE names (name TEXT PRIMARY KEY) STRICT")
        self.connection.set_trace_callback(self.statements.append)
        self.transactions = Transactions(self.guard, lambda: self.connection)

    def add(self, name: str) -> str:
        def work(connection: sqlite3.Connection) -> str:
            connection.execute("INSERT INTO names VALUES (?)", (name,))
            if name == "refused":
                raise ValueError("refused")
            return name.upper()

        return self.transactions.run(work)

    def names(self) -> set[str]:
        """What another process would read."""
        other = sqlite3.connect(self.path)
        found = {name for (name,) in other.execute("SELECT name FROM names")}
        other.close()
        return found

    def together(self, *names: str) -> dict[str, "Future[str]"]:
        """Add them from a thread each, all of them waiting before the first is let in."""
        with ThreadPoolExecutor(len(names)) as threads:
            with self.guard:
                added = {name: threads.submit(self.add, name) for name in names}
                self._until(lambda: len(self.transactions._waiting) == len(names))
            return added

    def _until(self, true: Callable[[], bool]) -> None:
        for _ in range(2000):
            if true():
                return
            time.sleep(0.005)
        raise AssertionError("they never came")


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    table = Table(tmp_path / "names.sqlite")
    yield table
    table.connection.close()


def test_all_who_wait_share_one_commit_and_each_has_its_own_answer(table: Table) -> None:
    added = table.together("a", "b", "c", "d")
    assert {name: future.result() for name, future in added.items()} == {"a": "A", "b": "B", "c": "C", "d": "D"}
    assert table.statements.count("COMMIT") == 1
    assert table.names() == {"a", "b", "c", "d"}


def test_one_alone_is_durable_when_it_returns(table: Table) -> None:
    assert table.add("a") == "A"
    assert table.names() == {"a"}
    assert table.add("b") == "B"
    assert table.statements.count("COMMIT") == 2


def test_a_refusal_concerns_nobody_else(table: Table) -> None:
    added = table.together("a", "refused", "c")
    with pytest.raises(ValueError, match="refused"):
        added["refused"].result()
    assert (added["a"].result(), added["c"].result()) == ("A", "C")
    assert table.names() == {"a", "c"}


def test_an_error_of_the_database_fails_all_and_writes_none_and_the_next_goes_on(table: Table) -> None:
    table.add("b")
    added = table.together("a", "b", "c")
    for future in added.values():
        with pytest.raises(sqlite3.IntegrityError):
            future.result()
    assert table.names() == {"b"}
    assert table.add("c") == "C"
    assert table.names() == {"b", "c"}


def test_a_database_that_cannot_begin_fails_all(table: Table) -> None:
    other = sqlite3.connect(table.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    table.connection.execute("PRAGMA busy_timeout = 1")
    for future in table.together("a", "b").values():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            future.result()
    other.close()
    assert table.add("a") == "A"
