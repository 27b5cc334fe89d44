"""What the driver of a cluster hears, and what it answers with. Values; knows no node, no store and no clock.

A node's name is that of one agent: where another one is started on the same machine, it has another name.
"""

from bep.lazy_dataclasses import dataclass
from bep.runner.cluster.batches import Batches
from bep.runner.folder.record import JobError


@dataclass(frozen=True, slots=True)
class Piece:
    """What a segment of that name has: all results of these mini-batches. `scored` and `failed` are items."""

    batches: Batches
    scored: int
    failed: int
    segment: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A node takes grants from now on; so many of its workers score at the same time."""

    node: str
    workers: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A node lives. Where a worker of it has nothing to do, and nothing that it was given is left to begin, it names
    the last grant that it got: `hungry_after`. That is said once, until it gets more. 0: nothing is said of that."""

    node: str
    hungry_after: int = 0


@dataclass(frozen=True, slots=True)
class Returned:
    """A node will not begin these mini-batches of a grant that was revoked; others of it may still be going on."""

    node: str
    key: int
    batches: tuple[Batches, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing of a grant is open any more: every mini-batch is in a piece that is published, or returned."""

    node: str
    key: int
    pieces: tuple[Piece, ...]
    returned: tuple[Batches, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """A node is gone, and why. Its work is `blamed` unless it is known that somebody else has ended it: a machine that
    was drained, or taken away by whoever lent it."""

    node: str
    why: str
    is_blamed: bool = True


@dataclass(frozen=True, slots=True)
class Broken:
    """A node says by itself that it cannot go on. What befell it befalls it `everywhere` where that is known."""

    node: str
    error: JobError
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. Due every second or so."""


Event = Ready | Heard | Returned | Settled | Lost | Broken | Tick


@dataclass(frozen=True, slots=True)
class Give:
    """Let a node score these mini-batches. No key is used twice."""

    node: str
    key: int
    batches: tuple[Batches, ...]


@dataclass(frozen=True, slots=True)
class Revoke:
    """Ask a node for what it has not begun of a grant. The grant settles as any other."""

    node: str
    key: int


@dataclass(frozen=True, slots=True)
class Kill:
    """End a node that is not heard of. What it says after this does not count."""

    node: str
    why: str


@dataclass(frozen=True, slots=True)
class Count:
    """These pieces count from now on: write that down. What is in no such command does not count, whoever wrote it."""

    node: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody will score this mini-batch, for each of so many nodes was lost that had nothing else to do."""

    batch: int
    losses: int
    why: str


@dataclass(frozen=True, slots=True)
class End:
    """Let all nodes stop, and the job be over: every mini-batch has settled or was given up, or why it stops before."""

    error: JobError | None = None


Command = Give | Revoke | Kill | Count | GiveUp | End
