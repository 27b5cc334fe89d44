"""What becomes of a failed call: how it ended, and what is done with its items. Values."""

from enum import Enum

from bep.lazy_dataclasses import dataclass


class Ended(Enum):
    """How a failed call has ended, which decides what else is tried with its items."""

    RAISED = "raised"
    """At once, and another attempt may pass."""
    UNWRITABLE = "unwritable"
    """At once, for its results cannot be written. The same call would have the same ones, a smaller one others."""
    INVALID = "invalid"
    """At once, by what `run()` is, or returns whatever it is given: no call can pass."""
    CUT = "cut"
    """By a timeout, or with its process: nobody has set a bound to how often that may be waited for."""


class Verdict(Enum):
    """What becomes of a failed call."""

    RETRY = "retry"
    SPLIT = "split"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a failed call, and which attempt of its items it was.

    `unresolved` are other parts of its mini-batch that are given up with it, for no more calls may be spent on finding
    out whether they are to blame. `is_first` says of a split that it is its mini-batch's first.
    """

    verdict: Verdict
    attempt: int
    unresolved: tuple["Unresolved", ...] = ()
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Items that no call was made of, or, `alone`, one that failed on its own and gets no second call after all."""

    first: int
    count: int
    attempts: int
    alone: bool
