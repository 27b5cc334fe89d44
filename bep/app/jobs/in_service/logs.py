"""The logs of a job that a service runs: read on as they grow, and the script's own error found in them."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.jobs.logs import KINDS, LogFile
from bep.app.jobs.service import Piece
from bep.lazy_patterns import lazy_pattern
from bep.runner.folder.record import JobError

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.providers.cloud_jobs import CloudJob, CloudJobs, Look

_PROGRESS = lazy_pattern(
    r"user_logs/std_log[^/]*\.txt|azureml-logs/\d\d[^/]+\.txt|logs/azureml/executionlogs\.txt"
    r"|logs/job_progress_overview[^/]*\.txt"
)
_ERRORS = lazy_pattern(r"logs/job_error[^/]*\.txt")
_OF_WORKER = lazy_pattern(r"logs/user/(\w+)/[^/]+/process(\d+)[^/]*\.txt")
_DRIVER = lazy_pattern(r"user_logs/std_log[^/]*\.txt|azureml-logs/70_driver_log[^/]*\.txt")
_WHERE_ERRORS_ARE: Final = (
    *(r"logs/job_error[^/]*\.txt", r"logs/user/error\.txt", r"logs/user/error/.*\.txt"),
    *(r"user_logs/std_log[^/]*\.txt", r"azureml-logs/70_driver_log[^/]*\.txt"),
    *(r"logs/user/stderr/.*\.txt", r"logs/user/stdout/.*\.txt"),
)
"""Logs that may have the script's traceback, the likeliest first."""
_BEGINNING: Final = "Traceback (most recent call last):"
_EXCEPTION = lazy_pattern(r"([A-Za-z_][\w.]*)(?:: ?(.*))?")
_DIGIT = lazy_pattern(r"\d")
_NOT_THE_REASON: Final = ("SystemExit", "ActivityFailedException")
"""Exceptions with which the engine ends a job for another one's sake."""
_MOST: Final = 1 << 20  # bytes of one log that are looked through
_FILES: Final = 20
NO_WORKER: Final = -1
"""The number of who says what no worker says."""

Read = Callable[[str, int], bytes]
Mask = Callable[[bytes], bytes]
"""Takes the secrets out of whole lines."""


def mask_of(opened: "Reading") -> Mask:
    """A mask of the secrets that the specs of this workspace have, in each form in which a script may say them."""
    from bep.providers.applying.redaction import secrets_of
    from bep.runner.worker.masking import forms, masked

    hidden = forms(list(secrets_of(opened.loaded.resources)))

    def mask(data: bytes) -> bytes:
        return masked(data.decode(errors="surrogateescape"), hidden).encode(errors="surrogateescape")

    return mask if hidden else bytes


class GrowingLogs:
    """What was added to a job's logs since the last look: whole lines, all of them at the end."""

    def __init__(self, read: Read, mask: Mask) -> None:
        self._read_log, self._mask = read, mask
        self._read: dict[str, int] = {}

    def progress(self, logs: Mapping[str, str], *, is_over: bool) -> Iterator[Piece]:
        """Of the driver, and of how far the job is."""
        return self._pieces(_PROGRESS, logs, is_over)

    def errors(self, logs: Mapping[str, str], *, is_over: bool) -> Piece | None:
        """Of what went wrong."""
        return next(self._pieces(_ERRORS, logs, is_over), None)

    def _pieces(self, pattern: "re.Pattern[str]", logs: Mapping[str, str], is_over: bool) -> Iterator[Piece]:
        for path in sorted(logs):
            if pattern.fullmatch(path):
                begins = path not in self._read
                if lines := self.fresh(path, logs[path], to_the_end=is_over).decode(errors="replace").splitlines():
                    yield Piece(path, begins, tuple(lines))

    def fresh(self, path: str, log: str, *, to_the_end: bool) -> bytes:
        """What one log has now and had not before. One that cannot be read now is read later."""
        from bep.providers.protocol import ProviderError

        begun = self._read.get(path, 0)
        try:
            data = self._read_log(log, begun)
        except ProviderError:
            return b""
        whole = data if to_the_end else data[: data.rfind(b"\n") + 1]
        if whole:
            self._read[path] = begun + len(whole)
        return self._mask(whole)


class ServedLogs:
    """What the workers of a job said; see `WorkerLogs`. The driver's own words count as stdout."""

    def __init__(self, service: "CloudJobs", job: "CloudJob", mask: Mask) -> None:
        self._service, self._job = service, job
        self._growing = GrowingLogs(service.read, mask)

    @property
    def workers(self) -> list[int]:
        """By the names of their files."""
        files = (_file_of(path) for path in self._service.logs(self._job))
        return sorted({file.worker for file in files if file is not None and file.worker != NO_WORKER})

    def fresh(self, kinds: Collection[str], worker: int | None, *, to_the_end: bool) -> Iterator[tuple[LogFile, bytes]]:
        """File by file, as the service has them now."""
        for path, log in sorted(self._service.logs(self._job).items()):
            file = _file_of(path)
            if file is not None and file.kind in kinds and worker in (None, file.worker):
                content = self._growing.fresh(path, log, to_the_end=to_the_end)
                if content:
                    yield file, content

    def as_written(self, content: bytes) -> str:
        """The text."""
        return content.decode(errors="replace")


def _file_of(path: str) -> LogFile | None:
    if _DRIVER.fullmatch(path):
        return LogFile(Path(path), "stdout", NO_WORKER)
    found = _OF_WORKER.fullmatch(path)
    kind = next((kind for kind, folder in KINDS.items() if found and folder == found[1]), None)
    return LogFile(Path(path), kind, int(found[2])) if found and kind else None


def error_of(look: "Look", service: "CloudJobs", mask: Mask) -> JobError:
    """Why a job failed: the script's own exception where a log has one, else what the logs of errors say, else the
    words of the service. Logs that lie deeper are looked at where those at hand do not have it."""
    job = look.job

    def read(log: str, begin: int) -> bytes:
        return mask(service.read(log, begin))

    found = _told_in(job, look.logs, read)
    if found is None or not found.traceback:
        further = _told_in(job, _deeper(look, service), read)
        found = further if further is not None and (further.traceback or found is None) else found
    told = mask(job.error.encode()).decode() or "the service does not say why"
    return found or JobError(code=job.code or "JobFailed", message=told)


def _deeper(look: "Look", service: "CloudJobs") -> Mapping[str, str]:
    from bep.providers.protocol import ProviderError

    try:
        return {path: log for path, log in service.logs(look.job).items() if path not in look.logs}
    except ProviderError:
        return {}


def _told_in(job: "CloudJob", logs: Mapping[str, str], read: Read) -> JobError | None:
    from bep.providers.protocol import ProviderError

    said: JobError | None = None
    for path in _likely(logs):
        try:
            text = read(logs[path], -_MOST).decode(errors="replace")
        except ProviderError:
            continue
        if (raised := raised_in(text, path)) is not None:
            return raised
        if said is None and _ERRORS.fullmatch(path) and text.strip():
            said = JobError(code=job.code or "JobFailed", message=text.strip().splitlines()[-1], log=path)
    return said


def _likely(logs: Mapping[str, str]) -> list[str]:
    found = [path for pattern in _WHERE_ERRORS_ARE for path in sorted(logs) if re.fullmatch(pattern, path)]
    return found[:_FILES]


def raised_in(text: str, path: str) -> JobError | None:
    """The last exception in a log that is a script's and no end of the engine's; its traceback and what it says.

    What stands ahead of each line, such as a time, is left out.
    """
    lines = text.splitlines()
    for number in range(len(lines) - 1, -1, -1):
        ahead, beginning, _ = lines[number].partition(_BEGINNING)
        found = _traceback(lines[number:], ahead) if beginning else None
        if found is not None and found[1] not in _NOT_THE_REASON:
            traceback, name, message = found
            return JobError(code=name, message=message, traceback="\n".join(traceback), log=path)
    return None


def _traceback(lines: list[str], ahead: str) -> tuple[list[str], str, str] | None:
    """Its lines, the name of the exception and its message; None where its end is missing."""
    taken, stamp = [_BEGINNING], _DIGIT.sub("0", ahead)
    for line in lines[1:]:
        if ahead and _DIGIT.sub("0", line[: len(ahead)]) == stamp:
            line = line[len(ahead) :]
        taken.append(line)
        if line[:1] not in (" ", "\t", "") and (found := _EXCEPTION.fullmatch(line)) is not None:
            return taken, found[1].rpartition(".")[2], found[2] or ""
    return None
