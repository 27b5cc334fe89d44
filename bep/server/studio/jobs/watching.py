"""Who watches a job, told of it as it goes on: one look for all who watch the same one. Knows no route.

A look costs two questions to the file system while nothing was written; what is new is drawn once, and each watcher is
given the same text.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool

from bep.app.failures import failure_of
from bep.app.jobs.looking.log_files import lines_added
from bep.app.jobs.looking.progress import Signs, progress_of
from bep.app.jobs.service import jobs_of
from bep.app.jobs.summaries import page_of
from bep.lazy_dataclasses import dataclass
from bep.server.studio.feed import HEARTBEAT, event
from bep.server.studio.jobs.logs import Shown, shown_lines

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.workspace.opening import Opened
    from bep.server.site import Site

LOOK: Final = 1.0
"""Seconds between two looks at the files of a job of this machine."""
AT_LEAST: Final = 10.0
"""Seconds after which a job is looked at though none of its files says that something is new: it may be dead."""

Draw = Callable[["Opened", str], "Drawn"]
"""What is to be told of a job of this name now."""


@dataclass(frozen=True)
class Drawn:
    """The parts of a job's page, each by its id, with the record that they are of. Pages that were loaded at another
    `stage` have not all that belongs to it, and are to be loaded again."""

    record: "JobRecord"
    parts: Mapping[str, str]
    stage: str


class Watch:
    """One job that somebody watches. `latest` are the parts that are told of it now; it is over when nothing more is to
    be told to a page that was loaded at its stage."""

    def __init__(self, site: "Site", name: str, draw: "Draw") -> None:
        self._site, self._name, self._draw = site, name, draw
        self.latest: Mapping[str, str] = {}
        self.stage = ""
        self.number = 0
        self.is_over = False
        self.watchers = 0
        self.changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def look_on(self) -> None:
        """Look as long as somebody watches, the job is there and goes on, and the server does."""
        try:
            await self._look_on()
        except Exception as problem:
            if failure_of(problem) is None:
                raise
        finally:
            self.is_over = True
            self.changed.set()

    async def _look_on(self) -> None:
        opened = self._site.opened()
        record = await self._drawn(opened)
        signs = Signs(record.folder)
        seen, looked = signs.now(), time.monotonic()
        is_served = page_of(record) is not None
        pause = max(LOOK, jobs_of(opened).interval) if is_served else LOOK
        while self.watchers and not self.is_over and not self._site.life.stopping.is_set():
            await asyncio.sleep(pause)
            found = await run_in_threadpool(signs.now)
            if not is_served and found == seen and time.monotonic() - looked < AT_LEAST:
                continue
            seen, looked = found, time.monotonic()
            await self._drawn(opened)

    async def _drawn(self, opened: "Opened") -> "JobRecord":
        drawn = await run_in_threadpool(self._draw, opened, self._name)
        self.is_over = drawn.record.status.is_final or drawn.stage != (self.stage or drawn.stage)
        self.stage = drawn.stage
        if drawn.parts != self.latest or self.is_over:
            self.latest = drawn.parts
            self.number += 1
            self.changed.set()
            self.changed = asyncio.Event()
        return drawn.record


class Watches:
    """The jobs of one server that are watched now, each by one look however many watch it."""

    def __init__(self, site: "Site", draw: "Draw") -> None:
        self._site, self._draw = site, draw
        self._watched: dict[str, Watch] = {}

    async def told(self, name: str) -> AsyncGenerator[str]:
        """What is to be sent to one who watches a job, until it is over or the server stops."""
        watch = self._watched.get(name)
        if watch is None or watch.is_over:
            watch = self._watched[name] = Watch(self._site, name, self._draw)
        watch.watchers += 1
        if watch.task is None:
            watch.task = asyncio.create_task(watch.look_on())
        try:
            async for text in self._news(watch):
                yield text
        finally:
            watch.watchers -= 1
            if not watch.watchers:
                watch.task.cancel()
                if self._watched.get(name) is watch:
                    del self._watched[name]

    async def _news(self, watch: Watch) -> AsyncGenerator[str]:
        number, said = 0, time.monotonic()
        yield "retry: 2000\n\n"
        while not self._site.life.stopping.is_set():
            if watch.number != number:
                number, said = watch.number, time.monotonic()
                for name, text in watch.latest.items():
                    yield event("part", {"id": name, "html": text})
            elif watch.is_over:
                yield event("over", {})
                return
            if time.monotonic() - said >= HEARTBEAT:
                said = time.monotonic()
                yield ": still here\n\n"
            try:
                await asyncio.wait_for(watch.changed.wait(), LOOK)
            except TimeoutError:
                continue


async def lines_told(
    site: "Site", opened: "Opened", record: "JobRecord", file: str, start: int, draw: Callable[[list[Shown]], str]
) -> AsyncGenerator[str]:
    """Whole lines that are added to a file of a job's log, until the job is over or the server stops."""
    signs = Signs(record.folder)
    seen, looked, is_over = signs.now(), time.monotonic(), record.status.is_final
    said = time.monotonic()
    yield "retry: 2000\n\n"
    while not site.life.stopping.is_set():
        lines, start = await run_in_threadpool(lines_added, record, file, start, to_the_end=is_over)
        if lines:
            said = time.monotonic()
            yield f"id: {start}\n{event('lines', {'id': 'lines', 'html': draw(shown_lines(lines))})}"
            continue
        if is_over:
            yield event("over", {})
            return
        if (found := signs.now()) != seen or time.monotonic() - looked >= AT_LEAST:
            seen, looked = found, time.monotonic()
            is_over = (await run_in_threadpool(progress_of, opened, record.name)).record.status.is_final
            continue
        if time.monotonic() - said >= HEARTBEAT:
            said = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(LOOK)
