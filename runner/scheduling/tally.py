"""Counts of a run while it goes, and how it ended. Values."""

import errno
from pathlib import Path

from bep.disk.refusal import explained
from bep.lazy_dataclasses import dataclass
from bep.runner.folder.record import JobError


@dataclass(slots=True)
class Tally:
    """Counts of a run so far. `scored` and `short` are items in journals; `given_up` items have no attempts left."""

    scored: int = 0
    short: int = 0
    given_up: int = 0
    retries: int = 0
    splits: int = 0
    workers_lost: int = 0

    def add(self, scored: int, short: int) -> None:
        """Count what a worker that has ended had in its journal."""
        self.scored += scored
        self.short += short

    @property
    def failed(self) -> int:
        """Failed items."""
        return self.short + self.given_up


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. No error and not cancelled: every item is accounted for."""

    error: JobError | None = None
    is_cancelled: bool = False


def too_many_failed(failed: int, threshold: int) -> JobError:
    """Why a job stops at its error threshold, in the words of the compatible service."""
    return JobError(
        code="ErrorThreshold",
        message=f"the number of failed items is {failed}, which exceeds error threshold {threshold}",
        fix="mend what failed, or raise error_threshold (-1: any number)",
    )


def runner_failed(error: OSError, folder: Path | None = None) -> JobError:
    """The runner's own files cannot be written or read; with the way out where there is one."""
    refusal = explained(error, folder)
    fix = f"{refusal.fix}; a resumed job goes on from here" if refusal.fix else ""
    return JobError(code="RunnerFailed", message=refusal.reason, fix=fix)


def rows_unwritable(message: str, number: int | None) -> JobError:
    """A worker cannot write its rows; `number` is the system's error number."""
    fix = (
        "the script, or the shell that bep was started from, limits the size of files (ulimit -f): raise that; "
        if number == errno.EFBIG
        else "make room; "
    )
    return JobError(
        code="WriteFailed",
        message=f"rows cannot be written: {message}",
        fix=f"{fix}a resumed job goes on from here",
    )


def rows_missing(items: int) -> JobError:
    """Why a job whose every worker ended well is not complete."""
    return JobError(
        code="RowsMissing",
        message=f"{items} items are in no journal: something other than bep has written to the job's folder",
        fix="resume the job: it scores them again",
    )
