"""Earlier states that are kept, and what became of resources between two of them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from bep.app.errors import NotFound
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.plan import Change
    from bep.planner.state import State


@dataclass(frozen=True)
class KeptState:
    """A state that is kept: its serial, and when it was written."""

    serial: int
    at: str


@dataclass(frozen=True)
class Between:
    """What became of resources from one serial to a later one."""

    before: int
    after: int
    changes: "Sequence[Change]"


def kept_states(opened: "Reading") -> list[KeptState]:
    """Every state of which there is a copy, newest first; the first is the one in use."""
    backups = opened.store.backups
    found = []
    for serial in backups.serials():
        with suppress(OSError):  # it was let go of meanwhile
            found.append(KeptState(serial, backups.written_at(serial).strftime("%Y-%m-%dT%H:%M:%SZ")))
    return found


def between(opened: "Reading", before: int, after: int) -> Between:
    """What differs from one serial to another; the earlier one is taken for the first. Raises `NotFound`."""
    from bep.planner.planning.between import changes_between

    first, second = sorted((before, after))
    return Between(first, second, changes_between(_state(opened, first), _state(opened, second)))


def _state(opened: "Reading", serial: int) -> "State":
    if (found := opened.store.backups.state(serial)) is not None:
        return found
    kept = [str(one) for one in opened.store.backups.serials()]
    raise NotFound(
        f"no copy of the state of serial {serial} is kept; there are {', '.join(kept) or 'none'}", nearest=kept
    )
