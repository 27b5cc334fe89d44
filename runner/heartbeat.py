"""What a worker does at a moment. A value; whoever hosts workers reads it, scheduling judges by it."""

from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Since when (by the fleet's clock) a worker does what, of which lease, from which item. Phases are `wire`'s."""

    started: float
    phase: int
    sequence: int
    first: int
