"""The two pipes of an agent: what it is told, what it says, and whether anybody is still there. Knows no engine.

What is said waits for its turn, so that nobody is held up by whoever does not read. A ping is answered here: that the
agent lives is so whatever the rest of it does.
"""

import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from math import inf
from queue import Empty, SimpleQueue
from typing import Final

from bep.disk.durable import write_all
from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster.lines import Message, Ping, Pong, line_of, message_of

TOLD: Final = 1.0
"""Seconds between two times that it is told how the agent is."""
_TICK = 0.25  # seconds between two looks at the clock
_ABSENT = 1.0  # seconds longer than that, after which this very process was surely stopped
_PARTING = 2.0  # seconds in which whoever reads gets the last lines


@dataclass(slots=True, eq=False)
class Talk:
    """Lines from the file `source` to `hear`, in a thread; what is said to the file `sink`, in another.

    `gone` is called once, with why, when nobody is there any more: the pipe has ended, or no ping came for so many
    seconds since `expect`. `regularly` is asked about once a second what is to be said. None of the three may block.
    """

    source: int
    sink: int
    hear: Callable[[Message], None] = lambda _: None
    gone: Callable[[str], None] = lambda _: None
    regularly: Callable[[], Iterable[Message]] = tuple
    _said: SimpleQueue[Message | None] = field(default_factory=SimpleQueue)
    _rest: bytes = b""
    _why: str = ""
    _patience: float = inf
    _heard: float = field(default_factory=time.monotonic)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _writer: threading.Thread | None = None

    def first(self) -> Message | None:
        """The first message, however long it takes; None where the pipe ends before."""
        while data := os.read(self.source, 1 << 16):
            self._rest += data
            if b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                return message_of(line)
        return None

    def start(self) -> None:
        """Begin to hear and to say. Both threads are daemons."""
        self._writer = threading.Thread(target=self._write, name="writer", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name="reader", daemon=True).start()

    def expect(self, seconds: float) -> None:
        """From now on, expect a ping at least every so many seconds."""
        self._heard, self._patience = time.monotonic(), seconds

    def interrupt(self, why: str) -> None:
        """Let nobody be there any more, for this reason. A handler of signals may call it."""
        self._why = why

    def say(self, message: Message) -> None:
        """Say it when all that was said before is out. Any thread may."""
        self._said.put(message)

    def close(self) -> None:
        """Return when all is said, or nobody reads it."""
        self._is_over.set()
        self._said.put(None)
        if self._writer:
            self._writer.join(_PARTING)

    def _read(self) -> None:
        try:
            self._hear_all()
        finally:  # without this thread nobody would notice that nobody is there
            self._lost("what it was told could not be taken in")

    def _hear_all(self) -> None:
        self._take(b"")
        while not self._is_over.is_set():
            if self._why:
                return self._lost(self._why)
            began = time.monotonic()
            is_there = bool(select.select([self.source], [], [], _TICK)[0])
            late = time.monotonic() - began - _TICK
            if late > _ABSENT:  # whoever is stopped hears nobody; what was said to it is in the pipe
                self._heard += late
            if is_there:
                try:
                    data = os.read(self.source, 1 << 16)
                except OSError:
                    data = b""
                if not data:
                    return self._lost("whoever started this agent has ended")
                self._take(data)
            if time.monotonic() - self._heard > self._patience:
                return self._lost(f"nobody has asked for this agent for {self._patience:g} s")
        return None

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = message_of(line)
            if isinstance(message, Ping):
                self._heard = time.monotonic()
                self.say(Pong(number=message.number))
            elif message is not None:
                self.hear(message)

    def _write(self) -> None:
        due = time.monotonic() + TOLD
        while True:
            try:
                message = self._said.get(timeout=max(0.0, due - time.monotonic()))
            except Empty:
                message = None
                if self._is_over.is_set():
                    return
            else:
                if message is None:
                    return
            messages = [message] if message else []
            if time.monotonic() >= due:
                messages += self.regularly()
                due = time.monotonic() + TOLD
            try:
                write_all(self.sink, b"".join(line_of(one).encode() + b"\n" for one in messages))
            except OSError:
                return self._lost("nobody reads what this agent says")

    def _lost(self, why: str) -> None:
        if not self._is_over.is_set():
            self._is_over.set()
            self.gone(why)
