"""What a dead worker leaves: what it had scored, what it had not begun, which call it died in, and why."""

import signal
from collections.abc import Iterable, Mapping
from typing import Any

from bep.lazy_dataclasses import dataclass, replace
from bep.runner.errors import NOT_STARTED
from bep.runner.folder.parts import Scored
from bep.runner.heartbeat import Heartbeat
from bep.runner.scheduling.workers import Worker
from bep.runner.span import Span
from bep.runner.worker import wire
from bep.runner.worker.troubles import as_written

_SAID = {
    wire.UNHEARD: ("ChannelClosed", "the script closed file descriptors that the worker needs"),
    wire.SPEECHLESS: (
        "WorkerSpeechless",
        "the script raised, and left its process unable to say what: out of file descriptors, or of what Python needs",
    ),
    wire.MEDDLED: ("FilesMeddled", "the script wrote to a file descriptor that it had not opened: the worker's rows"),
}
_STACK = b"Fatal Python error: "
_LOOK_BACK = 16384


@dataclass(frozen=True, slots=True)
class Left:
    """Items in the records that were read last, scored and short of results; spans that are to be scored; the call that
    is to blame."""

    scored: int
    short: int
    untouched: tuple[Span, ...]
    blamed: Span | None


@dataclass(frozen=True, slots=True)
class Death:
    """Why, for a machine and for a person. `traceback` is where the script was, if the process could still say;
    `seconds` is how long the call had lasted, 0 where it was in none."""

    type: str
    message: str
    traceback: str = ""
    seconds: float = 0.0


def settle(records: Iterable[Scored], worker: Worker, heartbeat: Heartbeat, suspects: set[int]) -> Left:
    """What follows from the records of a worker that has ended, as far as they were not read before; they count,
    whatever it was about to say.

    One that dies between two calls may have been broken by a call before. What it had not written down goes out again
    call by call, and a call after which that happens a second time is to blame; `suspects` are the first items of those
    after which it has happened once.
    """
    scored = short = 0
    recorded = set(worker.recorded)
    for entry in records:
        scored += entry.good
        short += entry.items - entry.good
        if any(lease.span.first <= entry.first < lease.span.end for lease in worker.leases):
            recorded.add(entry.first)
    for lease in worker.leases:
        recorded |= lease.failed
    blamed, suspect = _blamed(worker, heartbeat), _suspect(worker, heartbeat)
    if suspect is not None and suspect.first not in recorded:
        blamed = suspect if suspect.first in suspects else None
        suspects.add(suspect.first)
    if blamed is not None and blamed.first in recorded:
        blamed = None
    if blamed is not None:
        recorded.add(blamed.first)
    untouched = [span for lease in worker.leases for span in _missing(lease.span, recorded, suspect)]
    return Left(scored, short, tuple(untouched), blamed)


def _blamed(worker: Worker, heartbeat: Heartbeat) -> Span | None:
    if worker.kill_reason and worker.kill_reason.call:
        first = worker.kill_reason.call.first
        still_out = any(lease.span.first <= first < lease.span.end for lease in worker.leases)
        return worker.kill_reason.call if still_out else None
    if worker.kill_reason or heartbeat.phase != wire.RUNNING:
        return None
    return call_of(worker, heartbeat)


def _suspect(worker: Worker, heartbeat: Heartbeat) -> Span | None:
    """The call before the moment, between two, at which a worker died."""
    if worker.kill_reason or worker.stopping or heartbeat.phase != wire.IDLE:
        return None
    return call_of(worker, heartbeat)


def call_of(worker: Worker, heartbeat: Heartbeat) -> Span | None:
    """The call of `run()` that a worker is in, or was in last."""
    for lease in worker.leases:
        if lease.sequence == heartbeat.sequence and lease.span.first <= heartbeat.first < lease.span.end:
            return lease.span.call(heartbeat.first)
    return None


def _missing(span: Span, recorded: set[int], suspect: Span | None) -> list[Span]:
    """The calls of a span that are not in `recorded`: neighbours together, but one by one up to a suspect."""
    begun = suspect.end if suspect and span.first <= suspect.first < span.end else span.first
    found: list[Span] = []
    for first in range(span.first, span.end, span.size):
        if first in recorded:
            continue
        call = span.call(first)
        if found and found[-1].end == first >= begun:
            found[-1] = Span(found[-1].first, found[-1].count + call.count, span.size)
        else:
            found.append(Span(first, call.count, span.size))
    return found


def explain(worker: Worker, heartbeat: Heartbeat, code: int, now: float) -> Death:
    """Why a worker has ended, from its exit code or from what the runner did to it; and in which second of its call."""
    seconds = max(0.0, now - heartbeat.started) if heartbeat.phase == wire.RUNNING else 0.0
    return replace(_explained(worker, heartbeat, code), seconds=seconds)


def _explained(worker: Worker, heartbeat: Heartbeat, code: int) -> Death:
    if worker.kill_reason:
        return Death(worker.kill_reason.kind, worker.kill_reason.reason, _stack(worker, worker.kill_reason.log_size))
    if worker.fatal:
        return _last_said(worker.fatal)
    match -code:
        case signal.SIGKILL:
            return Death("WorkerKilled", "the process was killed from outside (SIGKILL), often because memory ran out")
        case number if number > 0 and heartbeat.phase != wire.STARTING:
            name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
            return Death("WorkerCrashed", f"the process crashed ({name}) in native code", _stack(worker, 0))
    if heartbeat.phase == wire.STARTING:
        said = worker.process.stderr.read_text(errors="replace")[-_LOOK_BACK:] if worker.process.stderr.exists() else ""
        how = f"exit code {code}" if code >= 0 else f"ended by signal {-code}"
        return Death(NOT_STARTED, f"the environment's interpreter cannot run a worker ({how})", said)
    if code in _SAID:
        return Death(*_SAID[code])
    return Death("WorkerExited", f"the process ended itself (exit code {code}): does the script call os._exit?")


def _last_said(told: Mapping[str, Any]) -> Death:
    """What a process that could go no further has said of itself."""
    if told["where"] == "between":
        raised = f"{told['message']} (raised between two calls of run(): by a signal handler?)"
        return Death(told["type"], raised, told["traceback"])
    return Death("InitFailed", f"{told['type']}: {told['message']}", told["traceback"])


def _stack(worker: Worker, start: int) -> str:
    """Where the script was, from the stack that the process wrote as it ended; the worker's own frames left out."""
    try:
        with worker.process.log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - _LOOK_BACK))
            text = file.read()
    except OSError:
        return ""
    at = text.rfind(_STACK)
    if at < 0:
        return ""
    lines = text[at:].decode(errors="replace").splitlines()
    frames = [line for line in lines if line.startswith("  File ") and "/runner/worker/" not in line]
    frames = [as_written(line, *worker.process.code) for line in frames]
    return "\n".join(["Stack (most recent call first):", *frames]) + "\n" if frames else ""
