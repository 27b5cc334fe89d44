"""The caller's end of a job that runs in a process of its own: what it tells is heard, Ctrl-C here cancels it there.

No signal handler is installed, and nothing of the caller's process is forked.
"""

import pickle
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from bep.api.errors import Refused, error_of
from bep.app.jobs.events import InLine, JobStarted
from bep.app.own_process import start

if TYPE_CHECKING:
    from bep.api.job_host import Order, ShardOrder
    from bep.app.jobs.events import Event
    from bep.app.jobs.records import JobRecord
    from bep.app.shards.scoring import ShardStatus

_HOST: Final = "bep.api.job_host"
_LOOK: Final = 0.2  # seconds between two looks at whether the caller wants it to stop


def hosted(order: "Order", on_event: "Callable[[Event | str], None] | None", stop: Flag | None = None) -> "JobRecord":
    """The job's record: when it is over, or, for one that is not waited for, as it began.

    `on_event` hears the job's events, and lines of what is built or fetched before the first. Raises what the use case
    says no with. `KeyboardInterrupt`, and what `on_event` raises, cancel the job, and come out when it has ended.
    """
    value = _carried_out(order, on_event, stop)
    if isinstance(value, InLine):
        return _in_line(order, value.job)
    record: JobRecord = value.record if isinstance(value, JobStarted) else value
    return record


def hosted_shard(
    order: "ShardOrder", on_event: "Callable[[Event | str], None] | None", stop: Flag | None = None
) -> "ShardStatus":
    """What became of a shard when its session is over; otherwise as `hosted`."""
    status: ShardStatus = _carried_out(order, on_event, stop)
    return status


def _carried_out(
    order: "Order | ShardOrder", on_event: "Callable[[Event | str], None] | None", stop: Flag | None
) -> Any:
    """The last thing that the host of an order tells."""
    with tempfile.TemporaryFile() as errors:
        process = start(_HOST, cwd=order.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        answers: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        Thread(target=_read, args=(process, answers), daemon=True, name="bep-job-host").start()
        assert process.stdin is not None
        try:
            with suppress(BrokenPipeError):
                pickle.dump(order, process.stdin)
                process.stdin.flush()
            what, value = _last(order, process, answers, on_event, stop)
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()  # a host that is waited for cancels its job now, if it has not ended
        errors.seek(0)
        told = errors.read().decode(errors="replace").strip()
    if what == "failed":
        raise error_of(value)
    is_early = process.returncode == -signal.SIGINT or told.endswith("KeyboardInterrupt")  # before it could listen
    if what == "interrupted" or (what == "silent" and is_early):
        raise Refused("the job was interrupted before it began; nothing was scored")
    if what in ("bug", "silent"):
        raise RuntimeError(f"the process that hosts the job ended by a bug in bep: {value or told}")
    return value


def _in_line(order: "Order", job: str) -> "JobRecord":
    """The record of a job that waits."""
    from bep.app.jobs.service import jobs_of
    from bep.app.workspace.opening import Opened

    return jobs_of(Opened(order.root, order.source)).get(job)


def _last(
    order: "Order | ShardOrder",
    process: "subprocess.Popen[bytes]",
    answers: "SimpleQueue[tuple[str, Any]]",
    on_event: "Callable[[Event | str], None] | None",
    stop: Flag | None,
) -> tuple[str, Any]:
    """The last thing that matters: how it ended, or that it began, or is in line, where nobody waits for the rest."""
    problem: BaseException | None = None
    while True:
        try:
            stop = _stopped(process, stop)
            what, value = answers.get(timeout=_LOOK)
            if what not in ("event", "said") or (isinstance(value, JobStarted | InLine) and not order.is_waited_for):
                break
            if on_event is not None and problem is None:
                on_event(value)
        except Empty:
            continue
        except BaseException as raised:  # the caller's own, or Ctrl-C: the job stops at its next step
            problem = problem or raised
            process.send_signal(signal.SIGINT)
    if problem is not None:
        raise problem
    return what, value


def _stopped(process: "subprocess.Popen[bytes]", stop: Flag | None) -> Flag | None:
    """Cancel the job where the caller's flag is set, once: the flag, as long as it is to be looked at."""
    if stop is None or not stop.is_set():
        return stop
    process.send_signal(signal.SIGINT)
    return None


def _read(process: "subprocess.Popen[bytes]", answers: "SimpleQueue[tuple[str, Any]]") -> None:
    """Hand on what the host tells, to its end; then reap it."""
    assert process.stdout is not None
    with process.stdout, suppress(EOFError, pickle.UnpicklingError):
        while True:
            answers.put(pickle.load(process.stdout))
    process.wait()
    answers.put(("silent", ""))
