"""A job made of real files, a real script and real processes, in a few words."""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from bep.runner.events import Event
from bep.runner.folder.record import JobRecord
from bep.runner.jobs import running
from bep.runner.request import JobRequest, ScoringTarget, Settings

ECHO = """
    def run(mini_batch):
        return [open(path).read() for path in mini_batch]
"""

# A program that runs the job in argv[1], or goes on with it, and says each event's name.
RUNNER = """
import os, sys, threading
from bep.runner.jobs import running
from bep.runner.request import JobRequest
request = JobRequest.model_validate_json(open(sys.argv[1]).read())
how = {"report": lambda event: print(type(event).__name__, flush=True), "cancel": threading.Event()}
if (request.folder / "job.json").exists():
    running.resume(request.folder, environment_variables={}, environment=dict(os.environ), **how)
else:
    running.run(request, **how)
"""


@dataclass
class Jobs:
    """Makes inputs, scripts and requests under one folder, and runs them."""

    root: Path
    events: list[Event] = field(default_factory=list)

    def files(self, count: int, content: Callable[[int], str] = str) -> tuple[str, ...]:
        folder = self.root / "inputs"
        folder.mkdir(exist_ok=True)
        for number in range(count):
            (folder / f"{number:05d}.txt").write_text(content(number))
        return (str(folder),)

    def request(
        self,
        script: str | None = ECHO,
        *,
        name: str = "job",
        items: int = 40,
        inputs: tuple[str, ...] | None = None,
        workers: int = 2,
        interpreter: str = sys.executable,
        variables: dict[str, str] | None = None,
        scoring_script: str | None = "score.py",
        modules: dict[str, str] | None = None,
        **settings: object,
    ) -> JobRequest:
        code = self.root / "code"
        for module, text in {**({scoring_script or "": script} if script else {}), **(modules or {})}.items():
            path = code / module
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        model = self.root / "model"
        model.mkdir(exist_ok=True)
        return JobRequest(
            name=name,
            target=ScoringTarget(
                endpoint="digits",
                deployment="blue",
                deployment_digest="0" * 64,
                model_directory=model,
                code_directory=code if scoring_script else None,
                scoring_script=scoring_script,
                interpreter=(interpreter,),
                environment_variables=variables or {},
            ),
            settings=Settings.model_validate({"max_concurrency_per_instance": workers, **settings}),
            inputs=self.files(items) if inputs is None else inputs,
            input_text="./inputs",
            folder=self.root / "jobs" / name,
            output_folder=self.root / "outputs" / name,
            output_text="",
            environment=dict(os.environ),
        )

    def run(self, request: JobRequest, cancel: threading.Event | None = None) -> JobRecord:
        return running.run(request, report=self.events.append, cancel=cancel or threading.Event())

    def resume(self, request: JobRequest, *, accept: bool = False) -> JobRecord:
        return running.resume(
            request.folder,
            environment_variables=request.target.environment_variables,
            environment=dict(os.environ),
            report=self.events.append,
            cancel=threading.Event(),
            accept_changed_inputs=accept,
        )

    def retry(self, request: JobRequest) -> JobRecord:
        return running.retry(
            request.folder,
            environment_variables=request.target.environment_variables,
            environment=dict(os.environ),
            report=self.events.append,
            cancel=threading.Event(),
        )

    def score(self, script: str = ECHO, **how: object) -> tuple[JobRecord, str]:
        """Run a job; its record, and its output if there is one."""
        record = self.run(self.request(script, **how))  # type: ignore[arg-type]
        return record, output_of(record)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def output_of(record: JobRecord) -> str:
    file = record.output_file
    return file.read_text() if file and file.exists() else ""


def processes_with(text: str) -> list[int]:
    """Processes whose command line or folder names this test's own folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                said = (entry / "cmdline").read_bytes() + os.fsencode((entry / "cwd").readlink())
            except OSError:
                continue
            if text.encode() in said:
                found.append(int(entry.name))
    return found


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path)


@pytest.fixture
def living(tmp_path: Path) -> Callable[[], list[int]]:
    """The processes of this test that still live."""
    return lambda: processes_with(str(tmp_path))
