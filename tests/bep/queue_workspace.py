"""A workspace whose jobs last as long as a test wants, and note when they began and ended each item."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bep.app.jobs.in_line.wanting import capacity_of
from bep.app.jobs.requests.loading import JobSource, loaded_job
from bep.app.jobs.service import Asked, Jobs, jobs_of
from bep.app.queue.dispatching import Dispatcher
from bep.app.queue.queue import Queue
from bep.app.workspace.opening import Opened, Source
from bep.runner.folder.record import JobRecord
from bep.schemas.job.job import JobSpec
from tests.bep.conftest import FILES, Workspace, surroundings, until, write
from tests.forking import commands
from tests.forking.commands import Started

SCRIPT = """\
import os
import time

HERE = {here!r}

def init():
    pass

def note(what, path):
    with open(os.path.join(HERE, "ledger"), "a") as ledger:
        ledger.write(f"{{what}} {{os.environ.get('JOB', 'unnamed')}} {{os.path.basename(path)}}\\n")

def run(mini_batch):
    for path in mini_batch:
        note("begin", path)
    while os.path.exists(os.path.join(HERE, "hold")):
        time.sleep(0.01)
    time.sleep({seconds})
    for path in mini_batch:
        note("end", path)
    return [os.path.basename(path) for path in mini_batch]
"""


@dataclass(frozen=True)
class Line:
    """An applied workspace with a compute of so many instances, asked as the server asks it."""

    workspace: Workspace

    @property
    def folder(self) -> Path:
        return self.workspace.folder

    @property
    def home(self) -> Path:
        return self.folder / ".bep"

    @property
    def queue(self) -> Queue:
        return Queue(self.home)

    @property
    def opened(self) -> Opened:
        return Opened(self.folder, Source())

    @property
    def jobs(self) -> Jobs:
        return jobs_of(self.opened)

    def dispatcher(self) -> Dispatcher:
        opened = self.opened
        return Dispatcher(self.folder, self.home, lambda compute: capacity_of(opened, compute))

    def spec(self, **changes: Any) -> JobSpec:
        job = loaded_job(self.opened, JobSource("job.yml", changes)).job
        assert job is not None
        return job

    def order(self, name: str | None = None, request: str = "", **changes: Any) -> JobRecord:
        """Order the job of job.yml; the script notes its name."""
        named = {"name": name, "environment_variables.JOB": name} if name else {}
        return self.jobs.order(self.spec(**named, **changes), Asked("a test", request))

    def status(self, name: str) -> str:
        return str(self.jobs.get(name).status)

    def statuses(self) -> dict[str, str]:
        return {record.name: str(record.status) for record in self.jobs.chosen()}

    def dispatched(self, *names: str) -> None:
        """Dispatch until these jobs are over."""
        dispatcher = self.dispatcher()

        def over() -> bool:
            dispatcher.step()
            return all(self.jobs.get(name).status.is_final for name in names)

        until(over)

    def hold(self) -> None:
        """Let no job get through a mini-batch."""
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        (self.folder / "hold").unlink()

    def ledger(self) -> list[tuple[str, str, str]]:
        """What the scripts noted: begin or end, job, item."""
        file = self.folder / "ledger"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(what, job, item) for what, job, item in map(str.split, lines)]

    def output(self, name: str) -> bytes:
        return Path(self.jobs.get(name).output_place).read_bytes()

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        """Jobs that were ordered, held in their first mini-batch; let go at the end."""
        self.hold()
        dispatcher = self.dispatcher()

        def begun() -> bool:
            dispatcher.step()
            return {job for _, job, _ in self.ledger()} >= set(names)

        until(begun)
        try:
            yield
        finally:
            self.let_go()


def made(folder: Path, *, instances: int = 2, seconds: float = 0.0, items: Iterable[str] = "abcde") -> Line:
    """The workspace, applied. A job takes one instance, unless it says otherwise, and scores file by file."""
    files = {name: text for name, text in FILES.items() if not name.startswith("texts/")}
    files["specs.yml"] = (
        files["specs.yml"]
        .replace("max_instances: 2", f"max_instances: {instances}")
        .replace("instance_count: 2", "instance_count: 1")
        .replace("mini_batch_size: 2", "mini_batch_size: 1")
    )
    files["code/score.py"] = SCRIPT.format(here=str(folder), seconds=seconds)
    write(folder, {**files, **{f"texts/{item}.txt": item for item in items}})
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    return Line(workspace)


def started(line: Line, *arguments: str) -> Started:
    """A `bep` that goes on beside the test."""
    return commands.started(arguments, line.folder, surroundings())


def run(line: Line, name: str, *arguments: str) -> Started:
    """A started `bep run` of a job of this name, which the script notes."""
    return started(line, "run", "job.yml", "--name", name, "--set", f"environment_variables.JOB={name}", *arguments)


def host_of(line: Line, name: str) -> int:
    """The process that runs a job, by the lock that it has."""
    return int((line.home / "jobs" / name / "lock").read_text().split()[1])
