"""Answers that have no end of their own: they end with the server. Knows no route."""

import asyncio
from typing import Any


class Streams:
    """The streams that are sent now. Used in the thread of the event loop alone."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.is_over = False

    def began(self, task: "asyncio.Task[Any]") -> None:
        """The answer to this request is one; it is ended at once where the server ends already."""
        self._tasks.add(task)
        if self.is_over:
            task.cancel()

    def forget(self, task: "asyncio.Task[Any]") -> None:
        """It has ended by itself, if it was one."""
        self._tasks.discard(task)

    def end(self) -> None:
        """End all of them, and those that begin later."""
        self.is_over = True
        for task in self._tasks:
            task.cancel()
