"""Carries out several transfers at a time: bounded, given up when nothing moves, ended at once when it is asked.

Knows neither stores nor what is transferred. The threads are daemons: a call that hangs in a store's client is left
behind, for no call of Python's can end it, and the process does not wait for it at its end.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.errors import Cancelled, InputsInvalid, JobInvalid
from bep.runner.events import Event, Transferring

Result = TypeVar("Result")
AT_ONCE = 8
STALL = 300.0
_TOLD = 0.5  # seconds between two events, and before the first
_TICK = 0.05
_GRACE = 0.5  # seconds that threads get to leave by themselves
_ERRORS = 5  # told before the rest is not tried any more


@dataclass(slots=True, eq=False)
class Transfer:
    """One file. `work` makes `temporary` grow and returns what the caller wants; `size` is its bytes, if known.

    `rising` counts bytes where no file here grows, as in an upload.
    """

    work: Callable[["Transfer"], object]
    temporary: Path | None = None
    size: int | None = None
    rising: int = 0
    waits: int = 0
    result: object = None
    is_stopped: Callable[[], bool] = field(default=lambda: False)

    @property
    def moved(self) -> int:
        """Bytes so far."""
        with suppress(OSError):
            return self.rising + (self.temporary.stat().st_size if self.temporary else 0)
        return self.rising

    def check(self) -> None:
        """Raise `Cancelled` when the transfers were stopped. Whoever does `work` asks between two blocks."""
        if self.is_stopped():
            raise Cancelled

    def pause(self) -> None:
        """Wait a moment, for a lock for one: whoever waits for another's transfer has not stalled."""
        self.check()
        self.waits += 1
        time.sleep(_TICK)


@dataclass(slots=True)
class Board:
    """Who listens, and who may end it: what all transfers of one job share. `stall` is seconds without a byte."""

    doing: str = "fetching inputs"
    invalid: type[JobInvalid] = InputsInvalid
    cancel: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[Event], None] = lambda _: None
    stall: float = STALL

    def carry_out(self, transfers: Sequence[Transfer]) -> None:
        """Return when all are done, each with its `result`.

        Raises what the first that failed has raised, a `JobInvalid`, with what every one said; `Cancelled` when
        `cancel` was set. What they had begun is removed then.
        """
        if transfers:
            _Run(self, transfers).run()

    def wait_for(self, doing: str, ask: Callable[["Transfer"], Result]) -> Result:
        """What a store answers, however long it takes; `doing` is told meanwhile. Raises as `carry_out` does."""
        question = Transfer(ask)
        replace(self, doing=doing, stall=inf).carry_out([question])
        return cast(Result, question.result)


class _Run:
    """One round of transfers."""

    def __init__(self, board: Board, transfers: Sequence[Transfer]) -> None:
        self._board = board
        self._waiting = deque(transfers)
        self._count = len(transfers)
        self._known = None if any(t.size is None for t in transfers) else sum(t.size or 0 for t in transfers)
        self._going: set[Transfer] = set()
        self._ended: SimpleQueue[tuple[Transfer, Exception | None]] = SimpleQueue()
        self._stop = threading.Event()
        self._moved = 0
        self._began = self._last = self._said = time.monotonic()
        self._seen = -1
        self._threads = [
            threading.Thread(target=self._work, name=f"transfer-{number}", daemon=True)
            for number in range(min(AT_ONCE, len(transfers)))
        ]

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                transfer = self._waiting.popleft()
            except IndexError:
                return
            transfer.is_stopped = self._stop.is_set
            self._going.add(transfer)
            try:
                transfer.result = transfer.work(transfer)
            except Exception as error:
                self._ended.put((transfer, error))
            else:
                self._ended.put((transfer, None))

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        try:
            errors = self._all()
        except BaseException:
            self._abandon()
            raise
        if errors:
            self._abandon()
            raise type(errors[0])("\n".join(dict.fromkeys(map(str, errors))))

    def _all(self) -> list[JobInvalid]:
        left, errors = self._count, list[JobInvalid]()
        while left and len(errors) < _ERRORS:
            if self._board.cancel.is_set():
                raise Cancelled
            try:
                transfer, error = self._ended.get(timeout=_TICK)
            except Empty:
                self._look(left)
                continue
            left -= 1
            self._going.discard(transfer)
            self._moved += transfer.moved
            self._last = time.monotonic()
            if isinstance(error, JobInvalid):
                errors.append(error)
            elif error is not None:
                raise error
            self._look(left)
        return errors

    def _look(self, left: int) -> None:
        """Tell how far it is now and then, and see whether anything moves at all."""
        now = time.monotonic()
        if now - self._said < _TOLD:
            return
        self._said = now
        moved = self._moved + sum(transfer.moved for transfer in tuple(self._going))
        pulse = moved + sum(transfer.waits for transfer in tuple(self._going))
        if pulse != self._seen:
            self._seen, self._last = pulse, now
        elif now - self._last > self._board.stall:
            raise self._board.invalid(
                f"{self._board.doing}: nothing has moved for {self._board.stall:.0f} s; try again later"
            )
        self._board.tell(
            Transferring(self._board.doing, self._count - left, self._count, moved, self._known, now - self._began)
        )

    def _abandon(self) -> None:
        self._stop.set()
        until = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for transfer in tuple(self._going):
            if transfer.temporary:
                with suppress(OSError):
                    transfer.temporary.unlink(missing_ok=True)
