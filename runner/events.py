"""What a running job tells whoever draws it. Values; they carry no colour, no width, no wording of a terminal."""

from bep.lazy_dataclasses import dataclass
from bep.runner.folder.record import JobRecord


@dataclass(frozen=True, slots=True)
class JobStarted:
    """The inputs are listed and workers are being started."""

    record: JobRecord


@dataclass(frozen=True, slots=True)
class Transferring:
    """Files on their way from or to a store. `doing` says what for; `files` of `of_files` are there, and `bytes`, of
    `of_bytes` where all sizes are known; `elapsed` is seconds."""

    doing: str
    files: int
    of_files: int
    bytes: int
    of_bytes: int | None
    elapsed: float


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What one worker does: `state` is preparing (its `init()`), scoring, waiting, stopping or ending (it is too late
    or too large), for `seconds`, to a quarter of one. `item` is the first item of the call of `run()` that it is in,
    else the first that it was handed and has not finished with; `memory` is bytes, None where the system does not tell.
    `node` is the instance that it counts to."""

    name: str
    node: str
    state: str
    seconds: float
    item: int | None
    memory: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job is. `items_per_second` is of the last seconds; `eta` is seconds, of the rate of the last minute,
    None while unknown.

    `memory` is bytes that the workers and what their scripts have started hold now, None where the system does not
    tell; `memory_of` has the same of each worker by its name. `waits_for` is what a cluster has not given yet, in its
    own words.
    """

    items: int
    scored: int
    failed: int
    items_per_second: float
    elapsed: float
    eta: float | None
    workers_ready: int
    workers: int
    retries: int
    workers_lost: int
    memory: int | None = None
    memory_of: tuple[tuple[str, int], ...] = ()
    worker_states: tuple[WorkerState, ...] = ()
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class MiniBatchFailed:
    """One attempt that failed. `will_retry` says whether its items get another one, `is_split` whether they get it in
    smaller parts, to find the bad files."""

    first: int
    files: tuple[str, ...]
    attempt: int
    will_retry: bool
    error_type: str
    message: str
    traceback: str
    log: str
    is_split: bool = False


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker process ended by itself, or was ended because a call took too long. Another takes its place."""

    process: str
    reason: str


@dataclass(frozen=True, slots=True)
class JobFinished:
    """The last event. The record says whether the job completed, failed or was cancelled."""

    record: JobRecord


Event = JobStarted | Transferring | Progress | MiniBatchFailed | WorkerLost | JobFinished
