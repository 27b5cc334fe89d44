"""The queue of a workspace: tickets taken, places held and given back, each step one transaction. Runs no job."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bep.app.errors import Conflict, Refused
from bep.app.queue.file import make, opened_queue
from bep.app.queue.line import ENDED, HOLDING, WAITING, Ticket, Turn, turn_of
from bep.app.queue.place import file_of, folder_of, said_file
from bep.app.queue.presence import Presence
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.next_step import step

STARTS: Final = 3
"""How often an order is started without having scored anything more."""

_DIED: Final = json.dumps(
    {"code": "RunnerGone", "message": "its process was killed before the job had begun; nothing was scored"}
)
_COLUMNS: Final = (
    "number, job, state, compute, instances, host, is_order, record, document, request, digest, asked_by, starts,"
    " hosted,"
    " status, error, finished"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A ticket and what is kept with it: `record` is the job's as it would begin, `document` the order, both as JSON.

    `record` is None once the job's own folder says more, `document` once the ticket has ended: it may hold what a job
    needs and no record may keep. `status` and `error` (a JSON text) say how one ended that has no folder. `request` is
    the caller's id of what was asked for. `hosted` is how often a process took it, `starts` how often since it last had
    scored something more.
    """

    ticket: Ticket
    record: str | None = None
    document: str | None = None
    request: str | None = None
    digest: str = ""
    asked_by: str = ""
    starts: int = 0
    hosted: int = 0
    status: str = ""
    error: str | None = None
    finished: str | None = None


class Queue:
    """The line of each compute. `home` is the folder of what is bep's in the workspace, in its stage."""

    def __init__(self, home: Path) -> None:
        self.presence = Presence(folder_of(home))
        self._home, self._file = home, file_of(home)

    # What there is

    @property
    def is_there(self) -> bool:
        """Whether any job has ever waited here."""
        return self._file.exists()

    def tickets(self) -> list[Ticket]:
        """The open ones as they are now, by number. Writes nothing."""
        return [one for entry in self._read("state != 'ended'") if (one := self.as_it_is(entry.ticket))]

    def listed(self, job: str | None = None) -> list[Entry]:
        """What is kept of the jobs that are in line, or ended there, or of one of this name; some may be dead."""
        shown = "(record IS NOT NULL OR error IS NOT NULL)"
        return self._read(shown) if job is None else self._read(f"{shown} AND job = ?", job)

    def entry(self, number: int) -> Entry | None:
        """One by its number."""
        return next(iter(self._read("number = ?", number)), None)

    def entry_of(self, job: str) -> Entry | None:
        """The last of a job's."""
        found = self._read("job = ? AND status != 'removed'", job)
        return found[-1] if found else None

    def requested(self, request: str) -> Entry | None:
        """What an id was given to."""
        return next(iter(self._read("request = ?", request)), None)

    # What becomes of it

    def enter(
        self,
        job: str,
        compute: str,
        instances: int,
        *,
        mark: str,
        capacity: int | None,
        record: str | None,
    ) -> tuple[Ticket, Turn]:
        """Take a ticket for the living process of this mark, and its instances as well where they are free now.

        `capacity` is what the compute has now, None for any number; without a `record` it is a job that goes on. Raises
        `Refused` where the job is in line already.
        """
        with self._writing() as connection:
            self._must_be_free(connection, job, is_new=record is not None)
            mine = _inserted(connection, job, compute, instances, record=record, host=mark)
            turn = self._turn(connection, mine, capacity)
            if turn.is_now:
                _hold(connection, mine.number, mark)
            return mine, turn

    def order(
        self,
        job: str,
        compute: str,
        instances: int,
        *,
        record: str,
        document: str,
        digest: str,
        request: str | None,
        asked_by: str,
        check: Callable[[], object],
    ) -> Entry:
        """Keep an order, which nobody hosts yet. The entry that has this request's id, where one has; raises `Conflict`
        where that is of something else, `Refused` for a name that is taken, and what `check` raises while nobody else
        can take it."""
        with self._writing() as connection:
            if request is not None:
                before = _rows(connection, "request = ?", request)
                if before:
                    return must_be_same(before[0], digest)
            self._must_be_free(connection, job)
            check()
            mine = _inserted(
                connection,
                job,
                compute,
                instances,
                record=record,
                is_order=1,
                document=document,
                digest=digest,
                request=request,
                asked_by=asked_by,
            )
            return _rows(connection, "number = ?", mine.number)[0]

    def take(self, number: int, mark: str, capacity: int | None, scored: int = 0) -> Turn | None:
        """Hold the instances of a ticket that waits, where it is its turn; None where it does not wait any more.

        `scored` is how much an order has scored so far. Who takes it is its host from then on.
        """
        with self._writing() as connection:
            mine = next((one for one in self._living(connection) if one.number == number), None)
            if mine is None or mine.state != WAITING or mine.host not in ("", mark):
                return None
            turn = self._turn(connection, mine, capacity)
            if turn.is_now:
                _hold(connection, number, mark)
                connection.execute(
                    "UPDATE tickets SET hosted = hosted + 1, starts = CASE WHEN ? > scored THEN 1 ELSE starts + 1 END,"
                    " scored = max(scored, ?) WHERE number = ?",
                    (scored, scored, number),
                )
            return turn

    def look(self, mine: Ticket, capacity: int | None) -> Turn | None:
        """How it stands with a ticket that waits, without writing; None where it does not wait any more."""
        tickets = self.tickets()
        if not any(one.number == mine.number and one.state == WAITING for one in tickets):
            return None
        return turn_of(tickets, mine, capacity)

    def end(self, number: int, status: str, error: str | None = None, *, is_begun: bool = False) -> None:
        """Write down how an order ended. One that `is_begun` has a folder, which says the rest."""
        with self._writing() as connection:
            _end(connection, number, status, error, is_begun=is_begun)

    def cancel(self, number: int) -> bool:
        """Take a ticket out of the line, also one whose process was killed; False where a living process holds its
        instances, or it was not in line."""
        with self._writing() as connection:
            found = _rows(connection, "number = ? AND state != 'ended'", number)
            if not found:
                return False
            mine, is_alive = found[0].ticket, self._is_alive(found[0].ticket)
            has_gone = not is_alive and not mine.is_order and self.presence.has_left(mine.host)
            if has_gone or (is_alive and mine.state == HOLDING):
                self._living(connection)
                return False
            _end(connection, number, "Canceled", None, is_begun=False)
            if not is_alive:
                self.presence.forget(mine.host)
            return True

    def failed_to_start(self, number: int, hosted: int, error: str) -> None:
        """A process that was to host an order ended before it did; once too often, and the order has failed.

        `hosted` is how often that order had been taken when the process was started.
        """
        with self._writing() as connection:
            untouched = "number = ? AND state = 'waiting' AND host = '' AND hosted = ?"
            connection.execute(f"UPDATE tickets SET starts = starts + 1 WHERE {untouched}", (number, hosted))
            found = _rows(connection, untouched, number, hosted)
            if found and found[0].starts >= STARTS:
                _end(connection, number, "Failed", error, is_begun=False)

    def remove(self, job: str) -> None:
        """Forget a job that is over, and what its process said; the id of its request stays, so that it does not run
        again."""
        if not self.is_there:
            return
        with self._writing() as connection:
            self._living(connection)
            for entry in _rows(connection, "job = ? AND state = 'ended' AND is_order", job):
                said_file(self._home, entry.ticket.number).unlink(missing_ok=True)
            connection.execute("DELETE FROM tickets WHERE job = ? AND state = 'ended' AND NOT is_order", (job,))
            connection.execute(
                "UPDATE tickets SET status = 'removed', record = NULL, error = NULL WHERE job = ? AND state = 'ended'",
                (job,),
            )

    # How

    def _must_be_free(self, connection: sqlite3.Connection, job: str, *, is_new: bool = True) -> None:
        self._living(connection)
        connection.execute("DELETE FROM tickets WHERE job = ? AND state = 'ended' AND NOT is_order", (job,))
        found = _rows(connection, "job = ? AND (state != 'ended' OR record IS NOT NULL)", job)
        if not found or not (is_new or found[-1].ticket.is_open):
            return
        if found[-1].ticket.is_open:
            follow = step("job stream", job)
            raise Refused(f"there is a job {job} in line already; {follow} follows it", next=(follow,))
        delete = step("job delete", job)
        raise Refused(
            f"there is a job {job} already, which is {found[-1].status}\n"
            f"    fix: choose another name, or remove it: {delete}",
            next=(delete,),
        )

    def _turn(self, connection: sqlite3.Connection, mine: Ticket, capacity: int | None) -> Turn:
        return turn_of(self._living(connection), mine, capacity)

    def _living(self, connection: sqlite3.Connection) -> list[Ticket]:
        """The open tickets, once those of dead processes are put right: an order waits again at its old place, and any
        other went with its process. Of one that was killed that much is kept."""
        found = []
        for entry in _rows(connection, "state != 'ended'"):
            ticket = entry.ticket
            if self._is_alive(ticket):
                found.append(ticket)
                continue
            if ticket.is_order:
                connection.execute("UPDATE tickets SET state = ?, host = '' WHERE number = ?", (WAITING, ticket.number))
                found.append(_again(ticket))
            elif self.presence.has_left(ticket.host):
                connection.execute("DELETE FROM tickets WHERE number = ?", (ticket.number,))
            else:
                _end(connection, ticket.number, "Failed", _DIED, is_begun=False)
            self.presence.forget(ticket.host)
        return found

    def as_it_is(self, ticket: Ticket) -> Ticket | None:
        """An open ticket, its process looked for: an order whose process died waits again, anything else is gone."""
        if not ticket.is_open or self._is_alive(ticket):
            return ticket
        return _again(ticket) if ticket.is_order else None

    def as_entry_is(self, entry: Entry) -> Entry | None:
        """The same of an entry. One whose process was killed is over, as it is written down at the next step."""
        if (now := self.as_it_is(entry.ticket)) is not None:
            return replace(entry, ticket=now)
        if self.presence.has_left(entry.ticket.host):
            return None
        return replace(entry, ticket=replace(entry.ticket, state=ENDED, host=""), status="Failed", error=_DIED)

    def _is_alive(self, ticket: Ticket) -> bool:
        return not ticket.host or self.presence.lives(ticket.host)

    def _read(self, where: str, *values: object) -> list[Entry]:
        if not self.is_there:
            return []
        with opened_queue(self._file) as connection:
            return _rows(connection, where, *values)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing, on the disk when it is over."""
        if not self.is_there:
            make(self._file)
        with opened_queue(self._file) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def must_be_same(before: Entry, digest: str) -> Entry:
    """What a request's id was given to. Raises `Conflict` where that is something else, or was removed since."""
    if before.digest != digest:
        raise Conflict(
            f"the request {before.request} was made before, of another job: {before.ticket.job}\n"
            "    fix: give each job a request id of its own"
        )
    if before.status == "removed":
        raise Conflict(f"the request {before.request} was made before: job {before.ticket.job} has run and was removed")
    return before


def _again(one: Ticket) -> Ticket:
    return Ticket(one.number, one.job, WAITING, one.compute, one.instances, "", one.is_order)


def _inserted(connection: sqlite3.Connection, job: str, compute: str, instances: int, **more: object) -> Ticket:
    columns = {"job": job, "state": WAITING, "compute": compute, "instances": instances, **more}
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    done = connection.execute(f"INSERT INTO tickets ({names}) VALUES ({marks})", tuple(columns.values()))
    (found,) = _rows(connection, "number = ?", done.lastrowid)
    return found.ticket


def _hold(connection: sqlite3.Connection, number: int, mark: str) -> None:
    connection.execute("UPDATE tickets SET state = ?, host = ? WHERE number = ?", (HOLDING, mark, number))


def _end(connection: sqlite3.Connection, number: int, status: str, error: str | None, *, is_begun: bool) -> None:
    connection.execute(
        "UPDATE tickets SET state = ?, host = '', document = NULL, status = ?, error = ?, finished = ?,"
        " record = CASE WHEN ? THEN NULL ELSE record END WHERE number = ? AND state != 'ended'",
        (ENDED, status, error, datetime.now(UTC).isoformat(), is_begun, number),
    )


def _rows(connection: sqlite3.Connection, where: str, *values: object) -> list[Entry]:
    found = connection.execute(f"SELECT {_COLUMNS} FROM tickets WHERE {where} ORDER BY number", values)
    return [
        Entry(Ticket(number, job, state, compute, instances, host, bool(is_order)), *rest)
        for number, job, state, compute, instances, host, is_order, *rest in found
    ]
