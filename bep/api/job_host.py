"""The process that hosts a job, or a shard of one, which the API was asked to run: told what to do on stdin, it tells
how it goes on stdout.

It is bep's own process, so signals are its own, too: SIGINT and SIGTERM cancel the job, as Ctrl-C does in front of the
command line, and so does the end of a caller that waits for it. Knows no console.
"""

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

from bep.lazy_dataclasses import dataclass, field

if TYPE_CHECKING:
    from bep.app.jobs.events import Event
    from bep.app.jobs.records import JobRecord
    from bep.app.jobs.service import Again, Watch
    from bep.app.shards.scoring import ShardStatus, Wanted
    from bep.app.workspace.opening import Source


@dataclass(frozen=True)
class Order:
    """What the process is to do: `doing` is run, resume, retry or merge. Of a run `file` and `changes` say the job;
    else it is the one of that `name`, a merge with `share` and `output_path`. `is_waited_for`: the caller's end is the
    job's. `patience` is seconds in line."""

    root: Path
    source: "Source"
    doing: str
    is_waited_for: bool
    name: str = ""
    file: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    again: "Again | None" = None
    patience: float | None = None
    share: str | None = None
    output_path: str | None = None


@dataclass(frozen=True)
class ShardOrder:
    """A shard to score. `root` is what a share's path is relative to. The caller's end is the session's."""

    root: Path
    wanted: "Wanted"
    is_waited_for: bool = True


def main() -> None:
    """Carry out the order on stdin. Each thing told is a pair, pickled: the caller is the same bep."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever prints, it is none of the caller's answers
    order: Order | ShardOrder = pickle.load(sys.stdin.buffer)
    host = _Host(order, answers)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, host.interrupted)
    if order.is_waited_for:
        Thread(target=_until_the_caller_ends, daemon=True).start()
    host.work()
    os._exit(0)  # the thread that waits for the caller may be reading still


def _until_the_caller_ends() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


class _Host:
    """One order, carried out."""

    def __init__(self, order: Order | ShardOrder, answers: IO[bytes]) -> None:
        self._order = order
        self._answers: IO[bytes] | None = answers
        self._flag = Flag()
        self._has_job = False

    def interrupted(self, number: int, frame: object) -> None:
        """Cancel the job; before there is one, leave off what is built or fetched for it."""
        self._flag.set()
        if not self._has_job:
            raise KeyboardInterrupt

    def work(self) -> None:
        """Run the job or the shard to its end, and tell how it ended."""
        from bep.app.failures import failure_of
        from bep.app.jobs.reports import keep_report

        order, watch = self._order, self._watch()
        try:
            if isinstance(order, ShardOrder):
                self._tell("ended", _scored(order, watch))
                return
            record = self._run(order, watch)
        except KeyboardInterrupt:
            self._tell("interrupted", None)
            return
        except Exception as problem:
            import traceback

            failure = failure_of(problem)
            self._tell("failed", failure) if failure else self._tell("bug", traceback.format_exc())
            return
        keep_report(record)
        self._tell("ended", record)

    def _watch(self) -> "Watch":
        from bep.app.jobs.service import Watch

        return Watch(self._report, self._say, self._stopping)

    def _run(self, order: Order, watch: "Watch") -> "JobRecord":
        from bep.app.jobs.requests.loading import JobSource, loaded_job
        from bep.app.jobs.service import jobs_of
        from bep.app.workspace.opening import Opened

        opened = Opened(order.root, order.source)
        jobs = jobs_of(opened)
        if order.doing == "merge":
            from bep.app.shards.merging import Asked, merged

            return merged(opened, Asked(order.name, order.share, order.output_path), watch)
        if order.again is not None:
            return (jobs.retry if order.doing == "retry" else jobs.resume)(
                order.name, order.again, watch, patience=order.patience
            )
        loaded = loaded_job(opened, JobSource(order.file, order.changes))
        assert loaded.job is not None  # loaded_job raises otherwise
        for found in loaded.findings:
            self._say(f"{found.severity.value}: {found.message}")
        begun = None if order.is_waited_for else jobs.begin(loaded.job, watch)
        return jobs.run(loaded.job, watch, patience=order.patience) if begun is None else begun

    @contextmanager
    def _stopping(self, what: str) -> Iterator[Flag]:
        self._has_job = True
        yield self._flag

    def _report(self, event: "Event") -> None:
        self._tell("event", event)

    def _say(self, text: str) -> None:
        self._tell("said", text)

    def _tell(self, what: str, value: object) -> None:
        if self._answers is None:
            return
        try:
            pickle.dump((what, value), self._answers)
            self._answers.flush()
        except OSError:  # nobody listens any more: the job goes on, unless its caller was waited for
            with suppress(OSError):
                self._answers.close()
            self._answers = None


def _scored(order: ShardOrder, watch: "Watch") -> "ShardStatus":
    from bep.app.shards.scoring import shard_of

    shard = shard_of(order.wanted, os.environ, order.root)
    if shard.note:
        watch.say(shard.note)
    return shard.score(os.environ, watch)


if __name__ == "__main__":
    main()
