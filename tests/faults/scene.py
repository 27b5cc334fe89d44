"""A workspace for breaking things in: a state, a local world, and a wish that differs at every step."""

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bep.disk.durable import At, nowhere
from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Action, Plan
from bep.planner.planning.planning import plan
from bep.planner.state import State
from bep.providers.applying.applying import apply
from bep.providers.applying.calling import Retry
from bep.providers.applying.recovery import recover, recovered
from bep.providers.applying.refreshing import refresh
from bep.providers.applying.report import Report
from bep.providers.local.catalog.file import make
from bep.providers.local.provider import CLOUD, LocalProvider
from bep.providers.protocol import Done, Pending, Provider, Write
from bep.providers.state.place import Place
from bep.providers.state.session import Session
from bep.providers.state.store import FileStore, Store
from bep.schemas.address import Address
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.mark import Mark
from bep.schemas.resource import Reference, Resource

KEY = "a key for tests"
OPTIONS = Options(allow=("delete-many",))


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def wanted(step: int, count: int) -> list[Resource]:
    """What the specs ask for at a step: some are new, some changed in place, some replaced, some gone, each time."""
    found = []
    for number in range(count):
        if (number + step) % 5 == 0:
            continue
        size = "STANDARD_D2_V2" if number % 7 or step % 2 else "STANDARD_D4_V2"
        description = f"step {step}" if (number + step) % 3 == 0 else "as ever"
        found.append(compute(number, size=size, description=description, needs=_needed(step, number)))
    return found


def _needed(step: int, number: int) -> tuple[Address, ...]:
    """Chains of three, where the one before is wanted at all."""
    before = number - 1
    return (address(before),) if number % 3 and (before + step) % 5 else ()


def address(number: int) -> Address:
    return Address(f"compute/c{number:05}")


def compute(number: int, *, needs: Iterable[Address] = (), **attributes: Any) -> Resource:
    name = address(number)
    references = tuple(Reference(("x-bep", "depends_on", place), other) for place, other in enumerate(needs))
    attributes = {"name": name.partition("/")[2], "type": "amlcompute", "min_instances": 0, **attributes}
    return Resource(name, attributes, Mark("compute.yml", 1, 1), references)


class Watched:
    """A provider that says each step of a write just before and just after it."""

    name = "watched"

    def __init__(self, inner: Provider, at: At) -> None:
        self.inner = inner
        self.at = at

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        return self.inner.read(addresses)

    def list(self, kind: str) -> Mapping[Address, Observed]:
        return self.inner.list(kind)

    def newest(self, kind: str, name: str) -> Address | None:
        return self.inner.newest(kind, name)

    def begin(self, write: Write) -> Done | Pending:
        self.at(f"before {write.verb}")
        found = self.inner.begin(write)
        self.at(f"after {write.verb}")
        return found

    def poll(self, token: str) -> Done | Pending:
        return self.inner.poll(token)


@dataclass(frozen=True)
class Scene:
    """A folder with a world in it; the state may lie elsewhere: in another file, or where `place` says."""

    folder: Path
    state_path: Path
    place: Callable[[At], Place] | None = None

    @classmethod
    def of(cls, folder: Path, state_path: Path | None = None, place: Callable[[At], Place] | None = None) -> "Scene":
        folder.mkdir(parents=True, exist_ok=True)
        catalog = folder / CLOUD / "catalog.sqlite"
        make(catalog)
        with _closing(catalog) as connection:
            connection.execute("CREATE TABLE made (address TEXT NOT NULL)")
            connection.execute(
                "CREATE TRIGGER counted AFTER INSERT ON objects BEGIN INSERT INTO made VALUES (new.address); END"
            )
        return cls(folder, state_path or folder / ".bep" / "state.json", place)

    def provider(self) -> LocalProvider:
        return LocalProvider(self.folder, secret_key=KEY, clock=now)

    def store(self, at: At = nowhere) -> Store:
        if self.place is not None:
            return Store(self.place(at), clock=now)
        return FileStore(self.state_path, clock=now, at=at)

    def copy_of(self, serial: int) -> Path:
        """Where the copy of the state with this serial is."""
        return self.state_path.with_name(f"{self.state_path.name}.backups") / f"{serial}.json"

    def planned(self, resources: list[Resource], state: State) -> Plan:
        observed = refresh(self.provider(), state, resources)
        return plan(resources, state, observed, load_kinds(), OPTIONS)

    def attempt(
        self,
        resources: list[Resource],
        *,
        at: At = nowhere,
        ready: Callable[[], object] = lambda: None,
        timeout: float = 0.0,
        parallelism: int = 4,
    ) -> Report | None:
        """What `bep apply` does, from the lock to the report; None where nothing was to be done."""
        store = self.store(at)
        with store.acquire(operation="bep apply", since=now(), timeout=timeout) as lock:
            store.load_or_create(lambda: State(lineage=uuid.uuid4().hex, secret_key=KEY))
            with store.begin(lock.holder) as session:
                ready()
                provider = self.provider()
                recover(session, provider, now)
                todo = self.planned(resources, session.state)
                if not todo:
                    return None
                return self.carry_out(todo, resources, session, Watched(provider, at), lock.progress, parallelism)

    def carry_out(
        self,
        todo: Plan,
        resources: list[Resource],
        session: Session,
        provider: Provider,
        progress: Callable[[int, int], None] = lambda done, total: None,
        parallelism: int = 4,
    ) -> Report:
        return apply(
            todo,
            resources,
            session,
            provider,
            report=lambda event: None,
            stop=threading.Event(),
            clock=now,
            operation_ids=lambda: uuid.uuid4().hex,
            parallelism=parallelism,
            retry=Retry(attempts=1),
            progress=progress,
        )

    def readable(self) -> State | None:
        """The state as a plan reads it: no lock, nothing written. Raises if it cannot be trusted."""
        stored = self.store().load()
        return recovered(stored, self.provider(), now)[0] if stored else None

    def settled(self, resources: list[Resource]) -> None:
        """State, world and wish are one, and a plan has nothing to do."""
        state = self.readable()
        assert state is not None
        asked = {resource.address: resource.attributes for resource in resources}
        there = self.provider().list("compute")
        there = {name: found for name, found in there.items() if name != "compute/local"}
        assert {name: found.attributes for name, found in there.items()} == asked
        assert {name: entry.attributes for name, entry in state.entries.items()} == asked
        assert {name: entry.etag for name, entry in state.entries.items()} == {
            name: found.etag for name, found in there.items()
        }
        assert not self.planned(resources, state)

    def makings(self, resources: list[Resource]) -> list[Address]:
        """What an apply of this wish has to make, once each: the new and the replaced."""
        state = self.readable() or State(lineage="none yet", secret_key=KEY)
        return [change.address for change in self.planned(resources, state).changes if change.action is Action.CREATE]

    def made(self) -> dict[Address, int]:
        """How often an object of each address ever came into being."""
        with _closing(self.folder / CLOUD / "catalog.sqlite") as connection:
            return dict(connection.execute("SELECT address, COUNT(*) FROM made GROUP BY address").fetchall())


class _closing:
    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self) -> sqlite3.Connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()
