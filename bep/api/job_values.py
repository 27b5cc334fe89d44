"""Jobs as the API gives them. Frozen values; they change nothing."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.next_step import Step

if TYPE_CHECKING:
    from bep.app.jobs.comparing.comparison import Compared
    from bep.app.jobs.records import JobRecord


@dataclass(frozen=True)
class JobFailure:
    """Why a job or an item failed; `traceback` is the script's own."""

    code: str
    message: str
    traceback: str
    files: tuple[str, ...]
    fix: str


@dataclass(frozen=True)
class Job:
    """A job as it was when it was asked for. `status` as the service spells it; times are UTC, `seconds` of work.

    `output` is where the result is or will be: a path, or an address in a store. `runs` counts resumes and retries.
    `next` are steps that make sense now. A job that a service runs has a `page` there; nobody counts its `items`, and
    it has no `folder`.
    """

    name: str
    status: str
    endpoint: str
    deployment: str
    items: int | None
    scored: int | None
    failed: int | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    seconds: float
    output: str
    folder: Path | None
    runs: int
    warnings: tuple[str, ...]
    error: JobFailure | None
    failures: tuple[JobFailure, ...]
    next: tuple[Step, ...]
    page: str | None
    _record: "JobRecord" = field(repr=False, compare=False)

    @classmethod
    def of(cls, record: "JobRecord") -> Self:
        """What a job's record says."""
        from bep.app.jobs.records import next_of
        from bep.app.jobs.summaries import page_of

        page = page_of(record)
        counts = record.counts if page is None else None

        def failure(one: Any) -> JobFailure:
            return JobFailure(one.code, one.message, one.traceback, one.files, one.fix)

        return cls(
            record.name,
            str(record.status),
            record.target.endpoint,
            record.target.deployment,
            counts.items if counts else None,
            counts.scored if counts else None,
            counts.failed if counts else None,
            record.created,
            record.started,
            record.finished,
            record.seconds,
            record.output_place,
            record.folder if page is None else None,
            record.runs,
            record.warnings,
            failure(record.error) if record.error else None,
            tuple(map(failure, record.failures)),
            tuple(step for step, _ in next_of(record)),
            page,
            record,
        )

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs any more: it is Completed, Failed, Canceled or NotResponding."""
        return self._record.status.is_final or self.status == "NotResponding"

    @property
    def is_completed(self) -> bool:
        """Whether its output is there. Items may have failed: see `failed`."""
        return self.status == "Completed"

    def as_json(self) -> dict[str, Any]:
        """As `-o json` of the commands about jobs has it."""
        from bep.app.jobs.summaries import summary_of

        return summary_of(self._record)

    def check(self) -> Self:
        """Itself. Raises `JobNotCompleted` unless it is completed."""
        if self.is_completed:
            return self
        from bep.api.errors import JobNotCompleted

        raise JobNotCompleted(self)


@dataclass(frozen=True)
class DifferentRow:
    """Rows of one item of the input that are not the same, as cells; None where a job has no row. `item` counts from
    1."""

    item: int
    name: str
    first: tuple[str, ...] | None
    second: tuple[str, ...] | None


@dataclass(frozen=True)
class Comparison:
    """What two jobs made of the same inputs: counts of rows, and the first that differ. `columns` name the cells, where
    the outputs do."""

    same: int
    different: int
    only_first: int
    only_second: int
    columns: tuple[str, ...]
    rows: tuple[DifferentRow, ...]
    _found: "Compared" = field(repr=False, compare=False)

    @classmethod
    def of(cls, found: "Compared") -> Self:
        """As it was found."""
        rows = tuple(DifferentRow(pair.number, pair.name, pair.first, pair.second) for pair in found.pairs)
        counts = (found.same, found.different, found.only_first, found.only_second)
        return cls(*counts, found.columns, rows, found)

    @property
    def is_same(self) -> bool:
        """Whether both have the same rows."""
        return self._found.is_same

    def as_json(self) -> dict[str, Any]:
        """As `bep job compare -o json` has it."""
        return self._found.as_json()


@dataclass(frozen=True)
class Removed:
    """A job that is, or would be, removed: its name, the bytes that go, its output where that goes, where one stays."""

    name: str
    bytes: int
    output: Path | None
    stays: str


@dataclass(frozen=True)
class LogLine:
    """A piece of what a worker said, of whole lines: `kind` is stdout, stderr, error or log."""

    node: str
    worker: int
    kind: str
    text: str
