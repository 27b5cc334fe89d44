"""A job gone on with by a process of its own that outlives whoever asked: what is left of it, or what failed of it.

The process takes its turn in line as any other does. It is told the workspace, the job and how, as JSON on its command
line; why it could not begin is the last line that it says. SIGINT cancels the job.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import IO, TYPE_CHECKING, Any, Final

from bep.app.errors import Refused
from bep.app.job_records import must_have_begun, record_named
from bep.app.jobs.in_line.ordering import plain_source
from bep.lazy_dataclasses import asdict
from bep.schemas.next_step import step

if TYPE_CHECKING:
    import subprocess

    from bep.app.jobs.events import Event
    from bep.app.jobs.service import Again
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord

RESUME: Final = "resume"
RETRY: Final = "retry"
_MODULE: Final = "bep.app.jobs.in_line.going_on"
_LOOK: Final = 0.1  # seconds between two looks at whether it has begun
_PATIENCE: Final = 30.0  # seconds after which whoever asked is told that it is being made ready still


def gone_on(opened: "Reading", name: str, how: str, again: "Again") -> "JobRecord":
    """Start to go on with a job: the record when it has begun again, or waits in line for its turn.

    Raises `Refused` for a job that there is nothing to go on with, and with the reason of a process that ended before
    it had begun; `Unavailable` where a service runs the jobs.
    """
    from bep.app.jobs.service import jobs_of
    from bep.app.own_process import start

    _must_run_here(opened)
    record = jobs_of(opened).get(name)
    _must_have_something_left(must_have_begun(record), how)
    asked = {"source": plain_source(opened.source), "name": record.name, "how": how, "again": _plain(again)}
    with tempfile.TemporaryFile() as said:
        arguments = (str(opened.root), json.dumps(asked))
        process = start(_MODULE, arguments, cwd=opened.root, stdout=said, stderr=said)
        return _begun(opened, record, process, said)


def can_resume(record: "JobRecord") -> bool:
    """Whether there is something left of a job that is over."""
    return record.status in ("Failed", "Canceled", "NotResponding")


def can_retry(record: "JobRecord") -> bool:
    """Whether items of a job that is over have failed, or are left."""
    return can_resume(record) or (record.status == "Completed" and record.counts.failed > 0)


def _must_run_here(opened: "Reading") -> None:
    from bep.app.errors import Unavailable
    from bep.providers.worlds import SERVING

    if opened.glanced.provider in SERVING:
        raise Unavailable(opened.glanced.provider, "runs its jobs in a service, which goes on with none")


def _must_have_something_left(record: "JobRecord", how: str) -> None:
    if not record.status.is_final:
        raise Refused(
            f"{record.name} is {record.status}: it goes on by itself", next=(step("job stream", record.name),)
        )
    if not (can_resume(record) if how == RESUME else can_retry(record)):
        raise Refused(f"{record.name} is {record.status}, and nothing of it is left to be scored")


def _begun(opened: "Reading", before: "JobRecord", process: "subprocess.Popen[bytes]", said: IO[bytes]) -> "JobRecord":
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        code = process.poll()
        record = record_named(opened.home, before.name)
        if record.runs > before.runs or _waits(opened.home, before.name):
            break
        if code is not None:
            if code != 0:
                raise Refused(_reason(said, before.name))
            break
        time.sleep(_LOOK)
    return record_named(opened.home, before.name)


def _waits(home: Path, name: str) -> bool:
    """Whether it has a place in line that is not its turn yet."""
    from bep.app.queue.line import WAITING
    from bep.app.queue.place import file_of
    from bep.app.queue.queue import Queue

    if not file_of(home).exists():
        return False
    return any(ticket.job == name and ticket.state == WAITING for ticket in Queue(home).tickets())


def _reason(said: IO[bytes], name: str) -> str:
    """The last line that a process said before it ended."""
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
    try:
        return str(json.loads(lines[-1])["message"])
    except (ValueError, TypeError, KeyError):
        return f"the process that was to go on with {name} ended before it had begun: {lines[-1]}"


def _plain(again: "Again") -> dict[str, Any]:
    """As JSON. Values of variables are in no process's command line."""
    if again.values:
        raise Refused("values of environment variables cannot be given here: whoever lists processes would see them")
    return {**asdict(again), "values": {}, "changes": list(again.changes)}


def main() -> None:
    """Go on with the job that the command line names, and see it to its end."""
    root, asked = Path(sys.argv[1]), json.loads(sys.argv[2])
    flag = Flag()
    has_job: list[bool] = []

    def interrupted(number: int, frame: object) -> None:
        flag.set()
        if not has_job:
            raise KeyboardInterrupt

    @contextmanager
    def stopping(what: str) -> Iterator[Flag]:
        has_job.append(True)
        yield flag

    signal.signal(signal.SIGINT, interrupted)
    code = 1
    try:
        _see_through(root, asked, stopping)
        code = 0
    except KeyboardInterrupt:
        pass
    except Exception as problem:
        print(json.dumps({"message": _told(problem)}), flush=True)
    sys.stdout.flush()
    os._exit(code)  # threads of a user's libraries may linger


def _see_through(root: Path, asked: dict[str, Any], stopping: Any) -> None:
    from bep.app.jobs.reports import keep_report
    from bep.app.jobs.service import Again, Watch, jobs_of
    from bep.app.workspace.opening import Opened, Source

    jobs = jobs_of(Opened(root, Source(**asked["source"])))
    watch = Watch(_nothing, lambda text: print(text, flush=True), stopping)
    go_on = jobs.resume if asked["how"] == RESUME else jobs.retry
    keep_report(go_on(asked["name"], Again(**asked["again"]), watch))


def _nothing(event: "Event") -> None:
    """Nobody looks on: the job's own files say where it is."""


def _told(problem: Exception) -> str:
    """Why it could not begin, in words; a bug as one."""
    import traceback

    from bep.app.failures import failure_of
    from bep.schemas.findings.rendering import findings_text

    failure = failure_of(problem)
    if failure is None:
        traceback.print_exc()
        return f"this is a bug in bep: {type(problem).__name__}: {problem}"
    findings = findings_text(failure.findings, failure.sources or {}) if failure.findings else ""
    return f"{failure.message}\n{findings}".strip()
