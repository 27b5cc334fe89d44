"""Brings what is settled into a share, in a thread of its own: no engine waits for a slow one. Knows no job.

A share that refuses is tried again, for as long as whoever made the publisher has patience; then that is told, and the
files stay where they are.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from bep.lazy_dataclasses import dataclass, field
from bep.runner.errors import ShareRefused
from bep.runner.shares.share import Share

PATIENCE: Final = 600.0
"""Seconds for which a share may refuse everything before that is told."""
_PAUSE: Final = 1.0  # seconds before a share is tried again, doubled each time
_LONGEST_PAUSE: Final = 30.0
_GRACE: Final = 0.5  # seconds that the thread gets to leave by itself

Content = tuple[str, bytes | Path]
"""The name that something gets in the share, and its bytes, or the file that has them."""


class Publication(NamedTuple):
    """What is put into the share for one key, in this order. `contents` is called in the publisher's thread.

    Each content is asked for when the one before is there, so a generator may write files and remove them again.
    """

    key: int
    contents: Callable[[], Iterable[Content]]


class Trouble(NamedTuple):
    """Why something was not published: `ShareRefused` when patience is at its end, or what `contents` raised."""

    key: int
    error: Exception


@dataclass(slots=True, eq=False)
class Publisher:
    """Publishes in the order in which it is asked. `published` and `failed` are called in its thread.

    `patience` is seconds for which the share may refuse; `refused` is told what it says, each time it is tried again.
    """

    share: Share
    published: Callable[[int], None]
    failed: Callable[[Trouble], None]
    patience: float = PATIENCE
    refused: Callable[[ShareRefused], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    _waiting: deque[Publication] = field(default_factory=deque)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _closing: bool = False
    _busy: bool = False
    _refusing_since: float | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin. The thread is a daemon: a store's client that hangs is left behind at the end of the process."""
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def publish(self, publication: Publication) -> None:
        """Ask for something; returns at once, whatever the share does."""
        with self._changed:
            self._waiting.append(publication)
            self._changed.notify_all()

    @property
    def outstanding(self) -> int:
        """How many were asked for and are neither published nor failed."""
        with self._changed:
            return len(self._waiting) + self._busy

    def wait(self, most: int, timeout: float | None = None) -> bool:
        """Wait until no more than `most` are outstanding, for so many seconds at the longest; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._waiting) + self._busy <= most, timeout)

    def close(self, *, drain: bool, timeout: float | None = None) -> int:
        """End the thread, with `drain` when all that was asked for is published or failed. How many are left.

        Without it, what is on its way may still get there: it is neither published nor failed for anybody here. With a
        `timeout`, a publisher that is not done after so many seconds is left as without `drain`.
        """
        with self._changed:
            self._closing = True
            if not drain:
                self._stopped.set()
            self._changed.notify_all()
        if self._thread:
            self._thread.join(timeout if drain else _GRACE)
        self._stopped.set()
        return self.outstanding

    def _run(self) -> None:
        while (publication := self._next()) is not None:
            trouble = self._carry_out(publication)
            if self._stopped.is_set():
                return
            if trouble:
                self.failed(trouble)
            else:
                self.published(publication.key)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> Publication | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._stopped.is_set() or not self._waiting:
                return None
            self._busy = True
            return self._waiting.popleft()

    def _carry_out(self, publication: Publication) -> Trouble | None:
        try:
            for name, content in publication.contents():
                if not self._put(name, content):
                    break  # the rest is not asked for: it may remove what has not got there
        except Exception as error:  # whatever it is, whoever asked is told: this thread has nobody else to tell
            return Trouble(publication.key, error)
        return None

    def _put(self, name: str, content: bytes | Path) -> bool:
        """Put one content, again and again while there is patience; only once where it has come to its end before.

        False where the publisher is ended before it is there.
        """
        pause = _PAUSE
        while not self._stopped.is_set():
            try:
                self.share.put(name, content)
            except ShareRefused as error:
                if self._refusing_since is None:
                    self._refusing_since = self.clock()
                if self.clock() - self._refusing_since + pause > self.patience:
                    raise
                self.refused(error)
                self._stopped.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._refusing_since = None
                return True
        return False
