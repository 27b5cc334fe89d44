"""What can be watched while a plan is applied. Values; whoever is told decides what to show."""

from bep.lazy_dataclasses import dataclass
from bep.planner.plan import Change
from bep.providers.applying.report import Result


@dataclass(frozen=True, slots=True)
class Started:
    """A change's intent is durable, and its provider is being called."""

    change: Change


@dataclass(frozen=True, slots=True)
class Retrying:
    """A call failed in a way that waiting may mend; it is made again after `delay` seconds."""

    change: Change
    message: str
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class Slow:
    """A call has been running for longer than was thought likely. It goes on."""

    change: Change
    seconds: float


@dataclass(frozen=True, slots=True)
class Transferring:
    """Bytes of a change are on their way: `bytes` of `of_bytes` are where they go, those included that were there."""

    change: Change
    bytes: int
    of_bytes: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A change has ended, one way or another, and `done` of `total` are behind us."""

    result: Result
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Noted:
    """One sentence that a person should read: a lock taken over, an interrupted operation resolved."""

    text: str


Event = Started | Retrying | Slow | Transferring | Finished | Noted
