"""What a driver and an agent say to each other: one JSON object a line, in both directions. Knows no node and no pipe.

The first line to an agent is `Begin`. It answers `Ready` when its workers have been started, or `Broken`.
"""

import json
from typing import Any, Final

from bep.runner.events import WorkerState
from bep.runner.folder.record import JobError
from bep.runner.span import Span
from bep.schemas.values.written import Field, Invalid, Written

Spans = tuple[tuple[int, int, int], ...]
"""(first item, items, items a call of `run()`) of the job."""


class Begin(Written):
    """Score for session `session` of order `order` of a job in a share. `node` is the agent's name in the job: no other
    has it, neither before nor after. `values` are those of environment variables that the share must not have.
    `cores` and `memory` (bytes) are what its workers may use together; 0 for what the machine has."""

    share: str
    job: str
    order: int
    session: str
    node: str
    node_timeout: float
    values: dict[str, str] = Field(default_factory=dict, repr=False)
    cores: float = 0
    memory: int = 0


class Grant(Written):
    """Score these items: whole calls."""

    key: int
    spans: Spans


class Revoke(Written):
    """Give back what has not begun of a grant."""

    key: int


class Ping(Written):
    """Answer with `Pong`."""

    number: int


class Stop(Written):
    """End: in order, unless `at_once`. What is settled is published first, what is not is given back to nobody."""

    at_once: bool = False


class Ready(Written):
    """The agent takes grants, so many workers of it at the same time."""

    workers: int
    host: str
    process: int


class Pong(Written):
    """It lives."""

    number: int


class Hungry(Written):
    """A worker has nothing to do, and nothing is left to begin of what was given up to this key. Said once."""

    key: int


class Returned(Written):
    """These items of a revoked grant will not be begun. Others of it may go on."""

    key: int
    spans: Spans


class Piece(Written):
    """The items `first` to `end` (exclusive) of the job are in the segment of that name."""

    first: int
    end: int
    scored: int
    failed: int
    segment: str


class Settled(Written):
    """Nothing of a grant is open any more: all is in segments that are in the share by now, or returned, here or
    before."""

    key: int
    pieces: tuple[Piece, ...]
    returned: Spans = ()


class Doing(Written):
    """How the agent is, every second or so: counts of items since it began, its workers, and bytes that they hold."""

    scored: int = 0
    failed: int = 0
    rows: int = 0
    items_per_second: float = 0
    retries: int = 0
    splits: int = 0
    workers_lost: int = 0
    memory: int | None = None
    workers: tuple[tuple[str, str, float, int | None, int | None], ...] = ()

    @classmethod
    def workers_of(cls, states: tuple[WorkerState, ...]) -> tuple[tuple[str, str, float, int | None, int | None], ...]:
        """Name, state, seconds, item and memory of each, as `runner.events.WorkerState` has them."""
        return tuple((one.name, one.state, one.seconds, one.item, one.memory) for one in states)


class Broken(Written):
    """The agent cannot go on, and ends. It is so `everywhere` where every other node would end like that."""

    error: JobError
    everywhere: bool = False


class Said(Written):
    """Something that a user is to read, such as a warning."""

    text: str


class Stopped(Written):
    """The last line: no worker is left, and all that was settled is in the share."""


Message = (
    Begin | Grant | Revoke | Ping | Stop | Ready | Pong | Hungry | Returned | Settled | Doing | Broken | Said | Stopped
)
_KINDS: Final[dict[str, Any]] = {
    kind.__name__: kind
    for kind in (
        Begin,
        Grant,
        Revoke,
        Ping,
        Stop,
        Ready,
        Pong,
        Hungry,
        Returned,
        Settled,
        Doing,
        Broken,
        Said,
        Stopped,
    )
}


def line_of(message: Message) -> str:
    """A message as a line, without its end."""
    return json.dumps({type(message).__name__: message.model_dump(mode="json")}, separators=(",", ":"))


def message_of(line: str | bytes) -> Message | None:
    """What a line says; None for one that is no message, such as what a library printed."""
    try:
        found = json.loads(line)
        ((name, fields),) = found.items()
        read: Message = _KINDS[name].model_validate(fields)
    except (Invalid, ValueError, RecursionError, AttributeError, KeyError, TypeError, ImportError):
        return None  # a node need not have pydantic, which says what is wrong with a value
    return read


def spans_of(spans: Spans) -> tuple[Span, ...]:
    """As the engine takes them."""
    return tuple(Span(*one) for one in spans)


def as_spans(spans: tuple[Span, ...]) -> Spans:
    """As a line has them."""
    return tuple((one.first, one.count, one.size) for one in spans)
