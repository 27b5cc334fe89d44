"""Where jobs run, as faces use it: on this machine with the runner, in a cloud with a service of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Protocol

from bep.lazy_dataclasses import dataclass, field

if TYPE_CHECKING:
    from bep.app.jobs.events import Event
    from bep.app.jobs.filters import JobFilter
    from bep.app.jobs.logs import WorkerLogs
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord
    from bep.runner.jobs.sampling import Sampled, Show
    from bep.schemas.job.job import JobSpec
    from bep.schemas.next_step import Step


@dataclass(frozen=True)
class Watch:
    """Who looks on while a job runs: told each event, and what is said before the first; `stopping` gives the flag that
    cancels the job, and is told what whoever sets it is to hear; `words` says a step as whoever is told of the job's
    end would take it."""

    report: "Callable[[Event], None]"
    say: Callable[[str], None]
    stopping: Callable[[str], AbstractContextManager[Flag]]
    words: "Callable[[Step], str]" = str


@dataclass(frozen=True)
class Again:
    """How a job is gone on with. `values` are those of the environment variables that the job itself was given;
    `changes` are settings as they are written, KEY=VALUE; `mended` takes the deployment as it is applied now."""

    values: Mapping[str, str] = field(default_factory=dict)
    accept_changed_inputs: bool = False
    mended: bool = False
    changes: Sequence[str] = ()


@dataclass(frozen=True)
class Asked:
    """Who orders a job (`by`, in words), and the id that the caller gave what it asks for: one job an id, however often
    it is sent. `is_told`: somebody waits for the answer, and hears at once that the cluster of a job cannot be reached;
    else the job fails for that when its turn comes."""

    by: str = ""
    request_id: str = ""
    is_told: bool = True


@dataclass(frozen=True)
class Piece:
    """Whole lines that were added to one file of a job's log; `begins` with the first."""

    file: str
    begins: bool
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Removal:
    """A job that is over, and what goes with it: its folder, and its output where that is all its own.

    `bytes` are those of both; `output` is None where there is none or it stays, and `stays` says where one does.
    """

    record: "JobRecord"
    bytes: int
    output: Path | None
    stays: str


@dataclass(frozen=True)
class News:
    """What was added to a job's log since the last look: what went on, and what went wrong."""

    progress: tuple[Piece, ...]
    errors: Piece | None
    is_over: bool

    @property
    def every(self) -> tuple[Piece, ...]:
        """All of it, what went wrong last."""
        return (*self.progress, *([self.errors] if self.errors is not None else ()))


class Jobs(Protocol):
    """The jobs of one workspace. A name may be the beginning of one; all raise `NotFound`, and `JobInvalid`. What a
    service does not do with its jobs raises `Refused`."""

    @property
    def interval(self) -> float:
        """Seconds between two looks at a job that is followed."""
        ...

    def run(self, job: "JobSpec", watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """Run a job to its end, when it is its turn. Raises `SpecInvalid`, `ProviderError`, `DomainError` before its
        first mini-batch; `Refused` where `patience` seconds in line were not enough (None: any number is)."""
        ...

    def order(self, job: "JobSpec", asked: Asked) -> "JobRecord":
        """Put a job in line and return at once; its deployment is the one that is chosen now. It is kept on disk, and
        started by whoever looks after the queue; a service is given it.

        Raises as `run` for what can be seen now, and `Conflict` where the same request id was of something else.
        """
        ...

    def begin(self, job: "JobSpec", watch: Watch) -> "JobRecord | None":
        """Start a job that goes on without this machine; None where a process of this machine has to run it."""
        ...

    def preview(self, job: "JobSpec", changes: Mapping[str, Any]) -> dict[str, Any]:
        """The job as it would run, as a JSON value; nothing is run, built, sent or written. Raises as `run`."""
        ...

    def sample(
        self,
        job: "JobSpec",
        items: int,
        say: Callable[[str], None],
        *,
        debug: bool = False,
        show: "tuple[Show, Show] | None" = None,
    ) -> "Sampled":
        """Score the first items in one process and keep nothing. `show` takes the lines of its stdout and its stderr;
        without it they are this process's own, as a debugger needs. Raises as `run`."""
        ...

    def logs(self, name: str) -> "WorkerLogs":
        """What the workers of a job said."""
        ...

    def chosen(self, wanted: "JobFilter | None" = None) -> "list[JobRecord]":
        """The jobs that are wanted, newest first, counted as of now; all of them, uncounted, where nothing is said."""
        ...

    def get(self, name: str) -> "JobRecord":
        """One job, counted as of now."""
        ...

    def stream(self, name: str) -> Iterator[News]:
        """Its log as it grows, until the job is over. Whoever stops looking stops nothing else."""
        ...

    def cancel(self, name: str, *, at_once: bool = False) -> "JobRecord":
        """End it and wait for that; what it scored stays. Raises `Refused` for one that is over, or does not stop."""
        ...

    def resume(self, name: str, again: Again, watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """Go on with what is left, when it is its turn. Raises `Conflict` where its deployment is another by now."""
        ...

    def retry(self, name: str, again: Again, watch: Watch, *, patience: float | None = None) -> "JobRecord":
        """Score its failed items again. Raises as `resume`."""
        ...

    def outputs(self, name: str) -> "list[str]":
        """The names of what there is to be downloaded of its result."""
        ...

    def download(self, name: str, target: Path, *, everything: bool = False) -> "list[Path]":
        """Copy its outputs to a folder, `everything` with logs and record; over nothing. Raises `Refused`."""
        ...

    def removable(self, records: "Sequence[JobRecord]", *, keep_output: bool = False) -> "list[Removal]":
        """What removing these jobs would take away. Raises `Refused` for those that are not over."""
        ...

    def remove(self, removal: "Removal") -> None:
        """Remove one job: it is gone at once, or as it was. Raises `JobBusy` where somebody goes on with it."""
        ...


def jobs_of(opened: "Reading") -> Jobs:
    """Where the jobs of this workspace run. A world that has no scoring on this machine says so to `run`."""
    from bep.app.jobs.here import JobsHere
    from bep.providers.worlds import SERVING

    if opened.glanced.provider in SERVING and (service := opened.world.jobs) is not None:
        from bep.app.jobs.in_service.jobs import JobsThere

        return JobsThere(opened, service)

    return JobsHere(opened)


def tell_of_end(opened: "Reading", ended: "JobRecord", watch: Watch) -> None:
    """Tell of a job's end whom bep.yml names, if anybody."""
    if opened.workspace.notifications:
        from bep.app.jobs.notices import tell_of

        tell_of(opened, ended, watch.words, watch.say)
