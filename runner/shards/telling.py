"""What a session says of itself in the share, every few seconds and at its end. What cannot be said costs nothing."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from bep.lazy_dataclasses import dataclass, field
from bep.runner.errors import JobInvalid
from bep.runner.folder.record import JobError
from bep.runner.shards.session import Found, Session
from bep.runner.shards.status import ShardStatus, State, name_of, written
from bep.runner.shares.share import Share

_GRACE = 10.0  # seconds that a document which is on its way gets to be there


@dataclass(slots=True, eq=False)
class Teller:
    """`status` is what is known; `refresh` puts into it what has changed, and is asked before each time."""

    share: Share
    status: ShardStatus
    refresh: Callable[[], None] = lambda: None
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Say it now, and again until the end. The thread is a daemon: a share that hangs is left behind."""
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self._thread.start()

    def set(self, **changes: object) -> None:
        """Know something more."""
        self.status = self.status.model_copy(update=changes)

    def end(self, state: State, error: JobError | None = None) -> ShardStatus:
        """Say the last word."""
        self._ended.set()
        if self._thread:
            self._thread.join(_GRACE)
        self.refresh()
        self.set(state=state, error=error, items_per_second=0.0)
        self._say()
        return self.status

    def _run(self) -> None:
        while True:
            self.refresh()
            self._say()
            if self._ended.wait(self.status.every):
                return

    def _say(self) -> None:
        self.set(time=datetime.now(UTC))
        with suppress(JobInvalid):
            self.share.put(f"{self.status.job}/{name_of(self.status)}", written(self.status))


def status_of(session: Session, found: Found, host: str, process: int, workers: int, moment: object) -> ShardStatus:
    """What a session says of itself when it begins."""
    first, end = session.items
    return ShardStatus.model_validate(
        {
            "job": session.prepared.name,
            "shards": session.shards,
            "shard": session.shard,
            "session": session.name,
            "node": session.node,
            "first": first,
            "end": end,
            "host": host,
            "process": process,
            "workers": workers,
            "state": State.RUNNING,
            "counts": {"items": end - first - found.done},
            "before": found.done,
            "started": moment,
            "time": moment,
        }
    )
