"""Time and names that nobody can guess: they enter here and travel as arguments."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.planner.state import State


def now() -> str:
    """This moment in UTC, to the second, as every format of bep writes it: `2026-11-22T21:15:30Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def job_name() -> str:
    """A name for a job that nobody named; names sort by the time they were given."""
    return f"batchjob-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}"


def new_state() -> "State":
    """The state of a workspace that has none: a history of its own, and a key of its own for sealed secrets."""
    from uuid import uuid4

    from bep import __version__
    from bep.planner.state import State

    return State(bep_version=__version__, lineage=str(uuid4()), secret_key=os.urandom(32).hex())


def operation_id() -> str:
    """An id nobody else has, left on what one provider call makes."""
    return os.urandom(8).hex()
