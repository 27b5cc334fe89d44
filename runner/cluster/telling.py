"""What a driver says of itself in the share, so that whoever ordered the job can follow it. Knows names and bytes.

One object for each session, written anew every second: whoever follows reads the last one, and knows from `number`
whether it is new. No clock of another machine is compared with.
"""

import json
from enum import StrEnum
from typing import Final, Literal

from bep.runner.folder.record import JobError
from bep.schemas.values.written import Field, Invalid, Written

FOLDER: Final = "driving"
"""The folder of a job in its share that has them."""
CANCEL: Final = "cancel"
"""The folder that has the marks by which a session is asked to stop: an object with the session's name."""

LINES: Final = 200
"""How many of the last lines are kept."""


class State(StrEnum):
    """What a session does; the last three are its end."""

    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether nothing more comes."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


class Node(Written):
    """One agent. `state` is starting, scoring, lost or stopped, and `why` it was lost; counts are of items; `workers`
    have name, state, seconds, item and bytes, as `runner.events.WorkerState`; `outstanding` are its grants."""

    name: str
    host: str
    state: str
    why: str = ""
    scored: int = 0
    failed: int = 0
    items_per_second: float = 0
    outstanding: int = 0
    memory: int | None = None
    workers: tuple[tuple[str, str, float, int | None, int | None], ...] = ()


class Driving(Written):
    """Session `session` of order `order`. Counts are of items that are in segments which a commit names, in this
    session, and `given_up` of those that nobody will score; `waits_for` says what the cluster has not given, in its own
    words; `lines` are numbered, the last ones."""

    format_version: Literal[1] = 1
    job: str
    order: int
    session: str = Field(pattern="^[0-9a-f]{8}$")
    number: int = 0
    state: State = State.STARTING
    host: str = ""
    process: int = 0
    scored: int = 0
    failed: int = 0
    given_up: int = 0
    items_per_second: float = 0
    retries: int = 0
    splits: int = 0
    workers_lost: int = 0
    nodes_lost: int = 0
    grants: int = 0
    nodes: tuple[Node, ...] = ()
    waits_for: str = ""
    lines: tuple[tuple[int, str], ...] = ()
    error: JobError | None = None


def place_of(job: str, session: str) -> str:
    """Where a session says it."""
    return f"{job}/{FOLDER}/{session}.json"


def log_place(job: str, session: str) -> str:
    """Where the end of what the cluster's own client says stands: nobody need read it."""
    return f"{job}/{FOLDER}/{session}.log"


def cancel_place(job: str, session: str) -> str:
    """Where the mark stands by which it is asked to stop."""
    return f"{job}/{CANCEL}/{session}"


def written(told: Driving) -> bytes:
    """The document as bytes."""
    return (json.dumps(told.model_dump(mode="json"), sort_keys=True) + "\n").encode()


def read(content: bytes) -> Driving | None:
    """What bytes say; None where they are no such document."""
    try:
        return Driving.model_validate(json.loads(content))
    except (Invalid, ValueError, RecursionError):
        return None
