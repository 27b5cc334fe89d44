"""`bep run --no-wait`: a job left alone once it has begun, by a service or in a process of its own. Knows no step."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from bep.console import Console
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.workspace.opening import Opened
    from bep.commands.jobs.results import Wish

_LOOK = 0.1  # seconds between two looks at whether the job has begun


def start(opened: "Opened", source: "JobSource", wish: "Wish") -> None:
    """Start the job and return when its inputs are listed, or it waits in line. Its name, or what is wished for, is on
    stdout then.

    What the job says until then is said here. Raises `Stop` with its exit code where it ends before it has begun.
    """
    from bep.app.jobs.records import QueuedJob
    from bep.app.jobs.requests.beforehand import must_be_free
    from bep.app.jobs.requests.loading import loaded_job
    from bep.app.jobs.service import jobs_of
    from bep.app.workspace.clock import job_name
    from bep.commands.jobs.pages import say_page
    from bep.commands.jobs.running import watched

    console = Console()
    job = loaded_job(opened, source).job
    assert job is not None  # loaded_job raises otherwise
    if (begun := jobs_of(opened).begin(job, watched(console, json_output=False))) is not None:
        return _show(console, begun, wish)
    must_be_free(opened, job.name)
    name = job.name or job_name()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bep", *_words(opened, source, name)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        record = _begun(opened, name, process, said, console)
    if isinstance(record, QueuedJob) and isinstance(waiting := jobs_of(opened).get(name), QueuedJob):
        console.say(f"job {name}: {waiting.waits}")
    say_page(console, opened, record)
    _show(console, record, wish)


def _show(console: Console, record: "JobRecord", wish: "Wish") -> None:
    """Its name, or what is wished for."""
    if not wish:
        console.result(record.name)
        return
    from bep.app.jobs.summaries import summary_of

    wish.show(console, summary_of(record))


def _words(opened: "Opened", source: "JobSource", name: str) -> Iterator[str]:
    """The same job on a command line of its own, its name given."""
    yield "run"
    if source.path is not None:
        yield source.path
    for key, value in {**source.changes, "name": name}.items():
        for one in value if isinstance(value, list) else [value]:
            yield f"--input={one}" if key == "input" else f"--set={key}={one}"
    for variable, value in opened.source.variables.items():
        yield f"--var={variable}={value}"
    for file in opened.source.variable_files:
        yield f"--var-file={file}"


def _begun(
    opened: "Opened", name: str, process: "subprocess.Popen[bytes]", said: IO[bytes], console: Console
) -> "JobRecord":
    """The record of the job once it is listed, or waits in line. What it says meanwhile is said."""
    from bep.app.job_records import begun

    read = 0
    while True:
        is_over = process.poll() is not None
        record = begun(opened.home, name)
        data = os.pread(said.fileno(), 1 << 20, read)
        whole = data if is_over else data[: data.rfind(b"\n") + 1]
        read += len(whole)
        if record is not None:
            return record
        if whole:
            console.say(whole.decode(errors="replace").rstrip("\n"))
        if is_over:
            raise Stop(ExitCode(process.returncode) if process.returncode in list(ExitCode) else ExitCode.ERROR)
        time.sleep(_LOOK)
