"""The local world's catalog: every object in one SQLite file. Knows rows and etags, not what a kind means."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from bep.lazy_dataclasses import dataclass, field, replace
from bep.planner.observed import Observed
from bep.planner.state import ContentRecord
from bep.providers.local.catalog.file import bring_up_to_date, connect, explained, make
from bep.providers.local.catalog.reading import Reading, connect_to_read, moment_of
from bep.providers.local.catalog.sealing import MARKED, Sealing, is_marked, seal_copy, seal_rows
from bep.providers.local.catalog.transactions import Transactions
from bep.providers.protocol import Conflict, ProviderError
from bep.schemas.address import Address, kind_of

Result = TypeVar("Result")

_LOOKS: Final = 20  # at a file that only another may write to, while that one writes

_COLUMNS: Final = "address, attributes, contents, etag, operation, updated, created"

_PUT: Final = """
INSERT INTO objects (address, kind, attributes, contents, etag, operation, created, updated)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (address) DO UPDATE SET attributes = excluded.attributes, contents = excluded.contents,
  etag = excluded.etag, operation = excluded.operation, updated = excluded.updated
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What is to be written: sealed attributes, contents, which operation writes, and what it uses."""

    address: Address
    attributes: Mapping[str, Any]
    operation: str
    contents: Mapping[str, ContentRecord] = field(default_factory=dict)
    uses: tuple[Address, ...] = ()


class Catalog:
    """One file, one guarded connection; safe for threads, and for processes by SQLite's own locks.

    Journal mode is WAL with `synchronous=FULL`: a write that returned survives a SIGKILL and a power cut
    (one fsync of the WAL for all who write at once; measured at 0.3 ms). A write cut short is not there at all.
    The file is made on the first write; until then everything reads as empty. With `sealing`, what an earlier bep wrote
    in clear is read sealed, and is sealed in the file by the first write.
    """

    def __init__(self, path: Path, *, clock: Callable[[], str], sealing: Sealing | None = None) -> None:
        self.path = path
        self._sealing = sealing
        self._is_sealed = sealing is None
        self._clock = clock
        self._guard = threading.RLock()
        self._reading: Reading | None = None
        self._is_current = False
        self._transactions = Transactions(self._guard, self._opened)

    def read(self, addresses: Iterable[Address]) -> dict[Address, Observed]:
        """Those of the addresses that exist, in one query however many they are."""
        asked = json.dumps(list(addresses))
        query = f"SELECT {_COLUMNS} FROM objects WHERE address IN (SELECT value FROM json_each(?))"
        return self._observed("read", query, (asked,))

    def list(self, kind: str) -> dict[Address, Observed]:
        """Every object of a kind, oldest first."""
        return self._observed("list", f"SELECT {_COLUMNS} FROM objects WHERE kind = ? ORDER BY number", (kind,))

    def users_of(self, address: Address) -> tuple[Address, ...]:
        """The objects that were written as using this one, sorted."""
        found = self._rows("read", "SELECT source FROM uses WHERE target = ? ORDER BY source", (address,))
        return tuple(Address(source) for (source,) in found)

    def create(self, row: Row, *, given: frozenset[Address] = frozenset()) -> Observed:
        """Add a row. What this very operation already added is returned as it is.

        Raises `Conflict` if another made it, `ProviderError` (code ResourceNotFound) naming every used address
        that is neither in the catalog nor `given`.
        """

        def work(connection: sqlite3.Connection) -> Observed:
            there = _one(connection, row.address)
            if there is not None:
                return _same_operation(there, row)
            _require(connection, row, "create", given)
            return self._write(connection, row)

        return self._in_transaction(row.address, "create", work)

    def update(self, row: Row, *, etag: str, given: frozenset[Address] = frozenset()) -> Observed:
        """Replace attributes and contents; the age stays. Raises as `create` does, and `Conflict` for another etag."""

        def work(connection: sqlite3.Connection) -> Observed:
            there = _one(connection, row.address)
            if there is not None and there.operation == row.operation:
                return there
            if there is None or there.etag != etag:
                raise _changed(row.address, "update", etag, there)
            _require(connection, row, "update", given)
            return self._write(connection, row)

        return self._in_transaction(row.address, "update", work)

    def delete(self, address: Address, *, etag: str, blocking: Callable[[Address], bool] = lambda _: True) -> None:
        """Remove a row; absent already is success. Raises `ProviderError` if a user of it is `blocking`."""

        def work(connection: sqlite3.Connection) -> None:
            there = _one(connection, address)
            if there is None:
                return
            if there.etag != etag:
                raise _changed(address, "delete", etag, there)
            users = [user for user in self.users_of(address) if blocking(user)]
            if users:
                raise ProviderError(address, "delete", _in_use(users), code="UserError")
            connection.execute("DELETE FROM uses WHERE source = ?", (address,))
            connection.execute("DELETE FROM objects WHERE address = ?", (address,))

        self._in_transaction(address, "delete", work)

    def close(self) -> None:
        """Give the file back. The catalog may be used again; it then opens anew."""
        with self._guard:
            if self._reading is not None:
                self._reading.connection.close()
                self._reading, self._is_current = None, False

    def _write(self, connection: sqlite3.Connection, row: Row) -> Observed:
        attributes = _text(row.attributes)
        contents = _text({path: record.model_dump() for path, record in row.contents.items()})
        connection.execute("UPDATE writes SET number = number + 1")
        (number,) = connection.execute("SELECT number FROM writes").fetchone()
        etag = f"{number}-{hashlib.sha256((attributes + contents).encode()).hexdigest()[:12]}"
        now = self._clock()
        connection.execute(
            _PUT, (row.address, kind_of(row.address), attributes, contents, etag, row.operation, now, now)
        )
        connection.execute("DELETE FROM uses WHERE source = ?", (row.address,))
        pairs = [(used, row.address) for used in sorted(set(row.uses))]
        connection.executemany("INSERT INTO uses (target, source) VALUES (?, ?)", pairs)
        return Observed(json.loads(attributes), etag, row.operation, dict(row.contents))

    def _observed(self, operation: str, query: str, values: tuple[str, ...]) -> dict[Address, Observed]:
        with explained(self.path, str(self.path), operation):
            found = {Address(row[0]): _decoded(row) for row in self._rows(operation, query, values)}
            if self._sealing is None or self._is_sealed or not found or self._rows(operation, MARKED, ()):
                return found
            return {at: replace(seen, attributes=dict(self._sealing(seen.attributes))) for at, seen in found.items()}

    def seal(self) -> None:
        """Seal now what an earlier bep wrote in clear, also in the copies that were kept of its formats."""
        with self._guard, explained(self.path, str(self.path), "update"):
            if self._sealing is None or self._is_sealed or not self.path.exists():
                return
            self._open_to_write(str(self.path), "update")
            if not is_marked(self._opened()):
                for copy in sorted(self.path.parent.glob(f"{self.path.name}.format-*")):
                    seal_copy(copy, self._sealing, _text)
                seal_rows(self._opened(), self._sealing, _text)
            self._is_sealed = True

    def _rows(self, operation: str, query: str, values: tuple[str, ...]) -> Sequence[tuple[str, ...]]:
        """All rows of one moment, also of a file that another writes to and that may only be read here."""
        with self._guard, explained(self.path, str(self.path), operation):
            for _ in range(_LOOKS):
                reading = self._opened_to_read(operation)
                if reading is None:
                    return []
                try:
                    rows = reading.connection.execute(query, values).fetchall()
                except sqlite3.DatabaseError:
                    if self._is_as_opened():
                        raise
                    continue
                if self._is_as_opened():
                    return rows
        message = "another process is changing it, and it may only be read here; try again"
        raise ProviderError(str(self.path), operation, message, code="CatalogBusy", retryable=True)

    def _opened_to_read(self, operation: str) -> Reading | None:
        if not self._is_as_opened():
            self.close()
        if self._reading is None and self.path.exists():
            self._reading = connect_to_read(self.path, str(self.path), operation)
        return self._reading

    def _is_as_opened(self) -> bool:
        moment = self._reading.moment if self._reading else None
        return moment is None or moment == moment_of(self.path)

    def _in_transaction(self, address: str, operation: str, work: Callable[[sqlite3.Connection], Result]) -> Result:
        with explained(self.path, address, operation):
            if not self._is_current or not self.path.exists():
                self._open_to_write(address, operation)
            self.seal()
            return self._transactions.run(work)

    def _open_to_write(self, address: str, operation: str) -> None:
        with self._guard:
            there = self.path.exists()
            if not there or (self._reading is not None and not self._reading.is_writable):
                self.close()
            if not there:
                make(self.path)
            if self._reading is None:
                self._reading = Reading(connect(self.path, address, operation), is_writable=True)
            bring_up_to_date(self._reading.connection, self.path)
            self._is_current = True

    def _opened(self) -> sqlite3.Connection:
        assert self._reading is not None
        return self._reading.connection


def _text(value: Any) -> str:
    """Canonical JSON, but in ASCII: a file name that is not UTF-8 must survive the way through SQLite."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _decoded(row: tuple[str, ...]) -> Observed:
    _, attributes, contents, etag, operation, updated, created = row
    records = {path: ContentRecord(**record) for path, record in json.loads(contents).items()}
    return Observed(json.loads(attributes), etag, operation, records, changed_at=updated, created_at=created)


def _one(connection: sqlite3.Connection, address: Address) -> Observed | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM objects WHERE address = ?", (address,)).fetchone()
    return _decoded(row) if row else None


def _same_operation(there: Observed, row: Row) -> Observed:
    if there.operation != row.operation:
        message = f"it is already there (etag {there.etag}); plan again, or import it"
        raise Conflict(row.address, "create", message, code="AlreadyExists")
    return there


def _changed(address: Address, operation: str, etag: str, there: Observed | None) -> Conflict:
    now = "it is gone" if there is None else f"it now has etag {there.etag}"
    return Conflict(address, operation, f"planned for etag {etag}, but {now}; plan again", code="EtagMismatch")


def _require(connection: sqlite3.Connection, row: Row, operation: str, given: frozenset[Address]) -> None:
    wanted = sorted(set(row.uses) - given)
    if not wanted:
        return
    query = "SELECT address FROM objects WHERE address IN (SELECT value FROM json_each(?))"
    there = {address for (address,) in connection.execute(query, (json.dumps(wanted),))}
    missing = [address for address in wanted if address not in there]
    if missing:
        message = f"it needs {', '.join(missing)}, which {'does' if len(missing) == 1 else 'do'} not exist"
        raise ProviderError(row.address, operation, message, code="ResourceNotFound")


def _in_use(users: list[Address]) -> str:
    shown = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
    return f"it is in use by {shown}; delete {'that' if len(users) == 1 else 'those'} first"
