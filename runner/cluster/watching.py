"""The threads of a driver's session that use the share: one says how it goes, and looks whether it is to stop, another
keeps its claim. A share that is slow, or hangs, holds up nobody else. Knows no node."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import telling
from bep.runner.cluster.claims import EVERY, Claiming, Superseded
from bep.runner.cluster.telling import Driving
from bep.runner.errors import JobInvalid, ShareRefused
from bep.runner.shares.share import Share

_PATIENCE: Final = 60.0  # seconds for which a claim need not be renewed: until then nobody takes the job over in vain
_GRACE: Final = 10.0  # seconds that what is on its way to the share gets to be there
_KEPT: Final = 256 << 10  # bytes of the end of the cluster's own log that the share gets
_LOG_EVERY: Final = 10.0


@dataclass(slots=True, eq=False)
class Teller:
    """Puts the last document that it was given, and looks for the mark of cancelling after that: `cancelled` is called
    once. `log` is a file whose end goes beside the document, where the cluster's client says what no user is to read.
    """

    share: Share
    cancelled: Callable[[], None]
    log: Path | None = None
    _last: Driving | None = None
    _number: int = 0
    _logged: tuple[int, float] = (0, 0.0)
    _is_cancelled: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _is_over: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin. The thread is a daemon: a share that hangs is left behind."""
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self._thread.start()

    def tell(self, document: Driving) -> None:
        """Say this as soon as what is being said is out. What was not said by then is left out."""
        with self._changed:
            self._last = document
            self._changed.notify_all()

    def end(self, document: Driving) -> None:
        """Say the last word. Raises `ShareRefused` where that cannot be."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(_GRACE)
        with suppress(JobInvalid, OSError):
            self._put_log(document)
        self._put(document)

    def _run(self) -> None:
        while (document := self._next()) is not None:
            with suppress(JobInvalid):
                self._put(document)
            with suppress(JobInvalid):
                self._look(document)
            with suppress(JobInvalid, OSError):
                if time.monotonic() - self._logged[1] >= _LOG_EVERY:
                    self._put_log(document)

    def _next(self) -> Driving | None:
        with self._changed:
            self._changed.wait_for(lambda: self._last is not None or self._is_over)
            document, self._last = self._last, None
            return None if self._is_over else document

    def _put(self, document: Driving) -> None:
        self._number += 1
        place = telling.place_of(document.job, document.session)
        self.share.put(place, telling.written(document.model_copy(update={"number": self._number})))

    def _look(self, document: Driving) -> None:
        if not self._is_cancelled and document.session in self.share.listed(f"{document.job}/{telling.CANCEL}"):
            self._is_cancelled = True
            self.cancelled()

    def _put_log(self, document: Driving) -> None:
        size = self.log.stat().st_size if self.log else 0
        if not self.log or size == self._logged[0]:
            return
        with self.log.open("rb") as file:
            file.seek(max(0, size - _KEPT))
            content = file.read(_KEPT)
        self._logged = size, time.monotonic()
        self.share.put(telling.log_place(document.job, document.session), content)


@dataclass(slots=True, eq=False)
class Keeper:
    """Renews a claim. `lost` is called once, with why: another driver has the job, or the share refuses for long."""

    claim: Claiming
    lost: Callable[[JobInvalid], None]
    patience: float = _PATIENCE
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="claim", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """The job is over for this driver, and free for another one."""
        self._ended.set()
        if self._thread:
            self._thread.join(_GRACE)
        with suppress(JobInvalid):
            self.claim.let_go()

    def _run(self) -> None:
        good = time.monotonic()
        while not self._ended.wait(EVERY):
            try:
                self.claim.beat()
                good = time.monotonic()
            except Superseded as error:
                return self.lost(error)
            except ShareRefused as error:
                if time.monotonic() - good > self.patience:
                    return self.lost(error)
        return None
