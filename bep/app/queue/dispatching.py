"""Orders whose turn it is, each started as a process of its own that outlives whoever starts it. Runs no job itself.

Any number of processes may do this side by side, and be killed at any moment: a process that was started takes its
ticket itself, in one transaction, as the first thing it does, and one that comes too late leaves again.
"""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

from bep.app.own_process import start
from bep.app.queue.line import next_of
from bep.app.queue.place import file_of, said_file
from bep.app.queue.queue import Queue
from bep.disk import modes

if TYPE_CHECKING:
    import subprocess

HOST: Final = "bep.app.jobs.in_line.host"
"""The module whose `main` carries out an order: it gets the workspace, what is bep's in it, and the ticket's number."""

_TOLD: Final = 2000  # characters of what a process said last that the reason for a failure has


class Dispatcher:
    """Looks after the queue of one workspace. `capacity` says how many instances a compute has now, None any number."""

    def __init__(self, root: Path, home: Path, capacity: Callable[[str], int | None]) -> None:
        self._root, self._home, self._capacity = root, home, capacity
        self._queue = Queue(home)
        self._started: dict[int, tuple[subprocess.Popen[bytes], int]] = {}

    def step(self) -> list[str]:
        """Start what is to be started now; the names of those jobs. Cheap where nothing is. Raises `Refused` for a
        queue that cannot be read, `OSError` where no process can be started."""
        if not file_of(self._home).exists():
            return []
        self._see_to_ended()
        tickets = self._queue.tickets()
        if not any(one.is_order and not one.host for one in tickets):
            return []
        capacities = {compute: self._capacity(compute) for compute in {one.compute for one in tickets}}
        todo = [one for one in next_of(tickets, capacities) if one.number not in self._started]
        for ticket in todo:
            entry = self._queue.entry(ticket.number)
            if entry is not None:
                self._started[ticket.number] = self._start(ticket.number), entry.hosted
        return [one.job for one in todo]

    @property
    def is_idle(self) -> bool:
        """Whether none of the processes runs any more that it has started."""
        self._see_to_ended()
        return not self._started

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        said = said_file(self._home, number)
        modes.make_folder(said.parent)
        with said.open("ab") as stream:
            said.chmod(modes.asked().file)
            arguments = (str(self._root), str(self._home), str(number))
            process = start(HOST, arguments, cwd=self._root, stdout=stream, stderr=stream)
        Thread(target=process.wait, daemon=True, name="bep-order").start()  # it may outlast whoever looks at it here
        return process

    def _see_to_ended(self) -> None:
        """Reap what has ended; one that broke down before it had its ticket is counted, so that it ends some day."""
        for number, (process, hosted) in list(self._started.items()):
            code = process.poll()
            if code is None:
                continue
            del self._started[number]
            if code != 0:
                message = f"the process that was to run it ended with {code} before it had begun: {self._said(number)}"
                self._queue.failed_to_start(number, hosted, json.dumps({"code": "NotStarted", "message": message}))

    def _said(self, number: int) -> str:
        """The last that the process of an order said."""
        try:
            return said_file(self._home, number).read_text(errors="replace").strip()[-_TOLD:] or "silently"
        except OSError:
            return "silently"
