"""Observed: one resource as a provider reads it now. A value that crosses from providers to the planner."""

from enum import StrEnum
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.planner.state import ContentRecord


class Condition(StrEnum):
    """Whether an object does what it is for. Progressing: the world is still at work on it."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Observed:
    """`attributes` are canonical and sealed, as an `Entry` has them; `etag` changes with every change of them.

    `operation` is the id of the operation that last wrote the object, if bep did. `why` is what the world says of an
    object that failed. `unread` are fields, dotted, that the object has and the world gives nobody back: nobody knows
    from reading what is in them. `changed_at` and `changed_by` are when and by whom it was last written, whoever that
    was, `created_at` when it was made; empty where the world does not say.
    """

    attributes: dict[str, Any]
    etag: str
    operation: str = ""
    contents: dict[str, ContentRecord] = field(default_factory=dict)
    condition: Condition = Condition.READY
    why: str = ""
    unread: tuple[str, ...] = ()
    changed_at: str = field(default="", compare=False)
    changed_by: str = field(default="", compare=False)
    created_at: str = field(default="", compare=False)
