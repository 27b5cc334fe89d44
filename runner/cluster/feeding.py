"""Brings a grant's inputs to this machine before the engine is given it. Knows no line that the driver says.

Grants come in the order in which they were given. One that is taken back before the engine has it is dropped.
"""

import threading
from collections import deque
from collections.abc import Callable

from bep.lazy_dataclasses import dataclass, field
from bep.runner.errors import Cancelled, ShareRefused
from bep.runner.grants import Grant
from bep.runner.segments.publishing import PATIENCE
from bep.runner.shards.inputs import Inputs
from bep.runner.transfer.transfers import Board


@dataclass(slots=True, eq=False)
class Feeding:
    """`give` is the engine's. `failed` is told why inputs cannot be brought here, in this thread, which ends then;
    `say` each time that the share refuses."""

    inputs: Inputs
    give: Callable[[Grant], None]
    failed: Callable[[Exception], None]
    say: Callable[[str], None]
    _waiting: deque[Grant] = field(default_factory=deque)
    _fetching: tuple[Grant, threading.Event] | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _is_closed: bool = False

    def start(self) -> None:
        """Begin, in a daemon thread, where anything has to be brought here."""
        if self.inputs.are_fetched:
            threading.Thread(target=self._run, name="feeding", daemon=True).start()

    def add(self, grant: Grant) -> None:
        """Let the engine have a grant, as soon as its inputs are here. Returns at once."""
        if not self.inputs.are_fetched:
            return self.give(grant)
        with self._changed:
            self._waiting.append(grant)
            self._changed.notify_all()
        return None

    def take_back(self, key: int) -> Grant | None:
        """The grant of this key, if the engine does not have it: it will not get it."""
        with self._changed:
            for grant in self._waiting:
                if grant.key == key:
                    self._waiting.remove(grant)
                    return grant
            if self._fetching and self._fetching[0].key == key and not self._fetching[1].is_set():
                grant, stop = self._fetching
                stop.set()
                return grant
        return None

    def close(self) -> list[int]:
        """Bring nothing more here; the keys of the grants that the engine will not get."""
        with self._changed:
            self._is_closed = True
            dropped = [grant.key for grant in self._waiting]
            self._waiting.clear()
            if self._fetching and not self._fetching[1].is_set():
                self._fetching[1].set()
                dropped.append(self._fetching[0].key)
            self._changed.notify_all()
            return dropped

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            grant, stop = taken
            self.inputs.hold(grant.spans)
            try:
                board = Board("fetching inputs", ShareRefused, stop)
                self.inputs.fetch_patiently(grant.spans, board, PATIENCE, self.say)
            except Cancelled:
                pass
            except Exception as error:  # whatever it is, the agent is told: this thread has nobody else to tell
                return self.failed(error)
            with self._changed:
                is_wanted = not stop.is_set()
                self._fetching = None
                if is_wanted:
                    self.give(grant)
            if not is_wanted:
                self.inputs.remove(grant.spans)
        return None

    def _next(self) -> tuple[Grant, threading.Event] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            self._fetching = self._waiting.popleft(), threading.Event()
            return self._fetching
