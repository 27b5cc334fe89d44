"""Writes of several threads in one transaction, so that one sync serves them all. Knows no table and no row."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from bep.lazy_dataclasses import dataclass

Written = TypeVar("Written")


@dataclass(slots=True, eq=False)
class _Write:
    """What one thread asks for, and what became of it: set by whoever holds the guard, before it lets go."""

    work: Callable[[sqlite3.Connection], Any]
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None

    def end(self, result: Any = None, error: BaseException | None = None) -> None:
        """Say what became of it."""
        self.is_done, self.result, self.error = True, result, error


class Transactions:
    """Whoever comes while a transaction is under way waits; the next one takes all that wait by then.

    `guard` keeps the connection to one thread at a time; it is held from the first statement to the end of the commit,
    so nobody who takes it reads what is not durable yet.
    """

    def __init__(self, guard: threading.RLock, connection: Callable[[], sqlite3.Connection]) -> None:
        self._guard = guard
        self._connection = connection
        self._waiting: deque[_Write] = deque()

    def run(self, work: Callable[[sqlite3.Connection], Written]) -> Written:
        """Do the work in a transaction; it is durable when this returns.

        What it raises is raised here, with nothing of it written and the others of its transaction untouched.
        An error of the database itself fails all that share the transaction: none of them is written.
        """
        write = _Write(work)
        self._waiting.append(write)
        with self._guard:
            if not write.is_done:
                self._together([self._waiting.popleft() for _ in range(len(self._waiting))])
        if write.error is not None:
            raise write.error
        result: Written = write.result
        return result

    def _together(self, writes: list[_Write]) -> None:
        try:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                ended = [_attempt(connection, write) for write in writes]
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
        except BaseException as error:
            for write in writes:
                write.end(error=error)
            return
        for tell in ended:
            tell()


def _attempt(connection: sqlite3.Connection, write: _Write) -> Callable[[], None]:
    """Do one write; returns how to tell its outcome, for after the commit."""
    connection.execute("SAVEPOINT one")
    try:
        result = write.work(connection)
    except sqlite3.Error:
        raise
    except Exception as error:
        refusal = error
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return lambda: write.end(error=refusal)
    connection.execute("RELEASE one")
    return lambda: write.end(result)
