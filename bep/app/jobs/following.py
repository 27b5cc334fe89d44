"""A job that runs here as clients of the service follow it: its logs by the names they look for, its output's place.

Reads only; knows no face.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.errors import NotFound, Refused
from bep.app.jobs.looking.log_files import log_opened, logs_of
from bep.app.jobs.service import jobs_of
from bep.app.jobs.summaries import output_uri_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord

STREAMED: Final = "user_logs/std_log.txt"
"""The one log that clients print while they follow a job. They print on in the last of several alone."""
OVERVIEW: Final = "logs/azureml/executionlogs.txt"
"""How far the job is, under the name that a pipeline's progress has."""
_SAID: Final = ("stdout", "stderr", "log")
_OWN: Final = "logs/"  # what the names of the files in the job's folder begin with
_PIECE: Final = 1 << 20


def job_here(opened: "Reading", name: str) -> "JobRecord":
    """A job by its whole name, as of now. Raises `NotFound`, and `Refused` where a service runs the jobs."""
    if opened.world.jobs is not None:
        raise Refused(f"the jobs of this workspace are run by a service of its world: ask it for {name}")
    found = jobs_of(opened).get(name)
    if found.name != name:
        raise NotFound(f"there is no job {name!r} here", nearest=[found.name])
    return found


def output_address(record: "JobRecord") -> str:
    """Where its output is, as a path in a datastore. Raises `Refused` for one that is in none."""
    found = output_uri_of(record)
    if not found.startswith("azureml:"):
        raise Refused(f"the output of {record.name} is in no datastore but at {found}: fetch it there")
    return found if found.endswith("/") else found + "/"


def log_names(record: "JobRecord") -> list[str]:
    """The names of its logs: those that clients look for, and every file as it is in the job's folder."""
    return [STREAMED, OVERVIEW, *(f"{_OWN}{one.name}" for one in logs_of(record))]


def log_of(opened: "Reading", record: "JobRecord", name: str) -> Iterator[bytes]:
    """One of its logs, piece by piece. What has been read once stays so, line by line: a log only grows.
    Raises `NotFound`."""
    if name == STREAMED:
        return _streamed(opened, record)
    if name == OVERVIEW:
        return _overview(record.folder / "logs", is_over=record.status.is_final)
    if not name.startswith(_OWN):
        raise NotFound(f"{record.name} has no log {name!r}")
    with log_opened(record, name.removeprefix(_OWN)):  # whether it is there is known before the first piece
        return _file(record, name.removeprefix(_OWN))


def _streamed(opened: "Reading", record: "JobRecord") -> Iterator[bytes]:
    """How far it is, while it runs; once it is over, what its workers said and what went wrong, too.

    What workers say while they run would come in no order that two looks agree on.
    """
    folder, is_over = record.folder / "logs", record.status.is_final
    yield from _overview(folder, is_over=is_over)
    if not is_over or not folder.is_dir():  # the latter: it was cancelled before it began
        return
    logs, before = jobs_of(opened).logs(record.name), None
    for file, content in logs.fresh(_SAID, None, to_the_end=True):
        if file.path != before:
            yield f"\n--- {file.title}\n".encode()
        before = file.path
        text = logs.as_written(content)
        yield (text if text.endswith("\n") else text + "\n").encode(errors="replace")
    if (folder / "job_error.txt").is_file():
        yield b"\n--- job_error.txt\n"
        yield from _file(record, "job_error.txt")


def _overview(folder: Path, *, is_over: bool) -> Iterator[bytes]:
    """The overviews of every day, oldest first: whole lines while they are written."""
    for path in sorted(folder.glob("job_progress_overview*.txt")):
        content = path.read_bytes()
        yield content if is_over else content[: content.rfind(b"\n") + 1]


def _file(record: "JobRecord", name: str) -> Iterator[bytes]:
    with suppress(NotFound), log_opened(record, name) as stream:  # the job may be removed meanwhile
        while piece := stream.read(_PIECE):
            yield piece
