"""A memory world with a real state file, for tests that apply plans."""

import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bep.planner.options import Options
from bep.planner.plan import Plan
from bep.planner.planning.planning import plan
from bep.planner.state import State
from bep.providers.applying.applying import apply
from bep.providers.applying.calling import Retry
from bep.providers.applying.events import Event
from bep.providers.applying.refreshing import refresh
from bep.providers.applying.report import Report
from bep.providers.protocol import ProviderError
from bep.providers.state.store import FileStore
from bep.schemas.address import Address
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.resource import Resource
from tests.faults.scene import KEY, address, compute, now
from tests.memory_world import Memory


class Workshop:
    """A memory world with a real state file, and what was told while applying."""

    def __init__(self, folder: Path) -> None:
        self.world = Memory(KEY)
        self.store = FileStore(folder / "state.json", clock=now)
        self.store.load_or_create(lambda: State(lineage="here", secret_key=KEY))
        self.events: list[Event] = []
        self.stop = threading.Event()
        self.ticks = 0

    def clock(self) -> str:
        self.ticks += 1
        return f"2026-11-22T{self.ticks // 3600:02}:{self.ticks // 60 % 60:02}:{self.ticks % 60:02}Z"

    @property
    def state(self) -> State:
        stored = self.store.load()
        assert stored is not None
        return stored.state

    def plan(self, *resources: Resource, **options: Any) -> Plan:
        observed = refresh(self.world, self.state, resources, also=options.get("imports", ()))
        options.setdefault("allow", ("delete-many", "shift-unscored", "protected"))
        return plan(resources, self.state, observed, load_kinds(), Options(**options))

    def apply(self, todo: Plan, *resources: Resource, **options: Any) -> Report:
        options.setdefault("retry", Retry(attempts=3, first_delay=0.001))
        with self.store.begin() as session:
            return apply(
                todo,
                resources,
                session,
                self.world,
                report=self._hear,
                stop=self.stop,
                clock=self.clock,
                operation_ids=lambda: uuid.uuid4().hex,
                **options,
            )

    def _hear(self, event: Event) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.events.append(event)

    def make(self, *resources: Resource) -> None:
        assert self.apply(self.plan(*resources), *resources).ok


def ended(report: Report) -> dict[str, str]:
    return {result.change.id: str(result.ended) for result in report.results}


def failing(*addresses: Address, times: int = 10**6, **parts: Any) -> Callable[[str, Address], None]:
    left = dict.fromkeys(addresses, times)

    def fail(verb: str, name: Address) -> None:
        if left.get(name, 0) > 0:
            left[name] -= 1
            raise ProviderError(name, verb, "the service is busy", code="Busy", **parts)

    return fail


def chain(*numbers: int, **attributes: Any) -> list[Resource]:
    pairs = zip(numbers, (None, *numbers), strict=False)
    return [compute(n, needs=() if b is None else (address(b),), size="S", **attributes) for n, b in pairs]
