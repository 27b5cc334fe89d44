"""What scheduling asks of whoever hosts workers, as two protocols. Knows no process, no pipe and no clock of its own.

`bep.runner.processes` implements them with processes of this machine; tests do with neither, in virtual time.
"""

from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Any, Protocol

from bep.runner.folder.parts import Scored
from bep.runner.folder.record import JobError
from bep.runner.heartbeat import Heartbeat
from bep.runner.span import Span


class Process(Protocol):
    """One worker at work. `number` is never used again in a job; `slot` is. `part` is the number of the part that its
    records were read up to: those before are whole. `code` is the folder of its script's code,
    and what the user calls that. It is `closed` when it can say nothing more, `garbled` when it says what none says."""

    number: int
    part: int
    slot: int
    name: str
    log: Path
    stderr: Path
    code: tuple[str, str]
    closed: bool
    garbled: bool

    def send(self, sequence: int, span: Span, attempt: int) -> None:
        """Hand out a lease, never waiting. To a worker that has just died it is lost."""
        ...

    def frames(self) -> Sequence[tuple[int, Any]]:
        """The whole messages that have arrived: kind, and what `wire` says of it. Never waits."""
        ...

    def has_ended(self, patience: float = 0.0) -> bool:
        """Whether it ends within so many seconds."""
        ...

    def interrupt(self) -> None:
        """Let it write where its script is, and end."""
        ...

    def kill(self) -> None:
        """End it and all that it has started, at once."""
        ...

    def dismiss(self) -> None:
        """Say that there is no more work: it calls the script's `shutdown()` and ends."""
        ...

    @property
    def is_dismissed(self) -> bool:
        """Whether that was said."""
        ...

    def memory(self) -> int | None:
        """Bytes that it holds, what it shares counted whole; None where that is not known. Cheap."""
        ...

    def own_memory(self) -> int:
        """Bytes that it holds, what several share divided among them."""
        ...

    def heartbeat(self) -> Heartbeat:
        """What it does now. Two looks in a row that agree are the truth; one alone may be half old."""
        ...

    def counts(self) -> tuple[int, int, int]:
        """Items scored, items failed for want of results, mini-batches: of what it has made durable."""
        ...

    def take_back(self, sequence: int) -> None:
        """Ask it to begin nothing more of its leases up to this one."""
        ...

    def records(self) -> Iterable[Scored]:
        """What it has made durable and was not read before, call by call. When it has ended, that is the truth,
        whatever it was about to say."""
        ...

    def reap(self) -> int:
        """End it if it lives, wait, let its resources go; the exit code, or minus a signal."""
        ...


class Fleet(Protocol):
    """All workers of one run."""

    def now(self) -> float:
        """Seconds on the clock that every time here is of."""
        ...

    def start(self, slot: int) -> Process:
        """Start a worker in a slot. Raises `OSError` when its interpreter cannot be started."""
        ...

    def wait(self, seconds: float) -> Set[int]:
        """The numbers of workers with news; none when the time is over, or somebody has rung."""
        ...

    def ring(self) -> None:
        """Let `wait` return at once, now or the next time. Any thread may; after `close` it does nothing."""
        ...

    def lost(self, name: str) -> None:
        """A worker has died unasked: what its script has started may have outlived it."""
        ...

    def drop(self, part: int) -> None:
        """Remove a part whose rows are kept elsewhere by now."""
        ...

    def tidy(self) -> None:
        """End what lost workers have left running, if it is time to look for that."""
        ...

    def advised(self, error: JobError | None) -> JobError | None:
        """The error with what may mend it, as far as that lies in how workers are started."""
        ...

    def close(self) -> None:
        """End what scripts have left running, and let all resources go."""
        ...
