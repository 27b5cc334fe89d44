"""One trial at a time, in a process of its own: how each command ended, and whether that is an answer."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from tests.fuzz.trials import Command, Trial

BUG = "this is a bug in bep"
UNDRAWN = "could not be drawn by a bug"
ENDINGS = (0, 1, 2, 3, 4, 5, 130)
"""The exit codes that a command may end with."""


@dataclass(frozen=True)
class Fault:
    """What was no answer: a traceback, a process that died, or one that did not end."""

    trial: Trial
    command: Command
    what: str

    def __str__(self) -> str:
        return f"{self.trial.words}\n  bep {' '.join(self.command)}\n  {self.what}"


def warm() -> None:
    """Import once what every command would import again in its process."""
    for module in ("jsonschema", "referencing", "pydantic", "networkx", "jmespath", "typer"):
        import_module(module)
    for package in ("schemas", "planner", "providers", "runner", "app", "commands"):
        for found in walk_packages(import_module(f"bep.{package}").__path__, f"bep.{package}."):
            import_module(found.name)


class Bench:
    """A workspace that is as it was before every trial. It stays at its path, which jobs know."""

    def __init__(self, workspace: Path) -> None:
        warm()
        self.workspace = workspace
        self._kept = workspace.with_name(f"{workspace.name}.kept")
        shutil.copytree(workspace, self._kept, symlinks=True)

    def attempt(self, trial: Trial, patience: float) -> list[Fault]:
        """Run the commands of a trial, each in a process that may take so many seconds."""
        shutil.rmtree(self.workspace)
        shutil.copytree(self._kept, self.workspace, symlinks=True)
        (self.workspace / trial.file).write_bytes(trial.content)
        faults = []
        for command in trial.commands:
            what = self._what(command, patience)
            faults += [Fault(trial, command, what)] if what else []
        return faults

    def _what(self, command: Command, patience: float) -> str:
        """What went wrong; nothing if the command gave an answer."""
        said = self._kept.with_name("said.txt")
        child = os.fork()
        if not child:
            _run(self.workspace, command, said)
        status = _waited(child, patience)
        text = said.read_text(errors="replace")
        if status is None:
            return f"no end within {patience:.0f} seconds: {text[-300:]}"
        if BUG in text or UNDRAWN in text:
            return _frames(text) or text[-2000:]
        ended = os.waitstatus_to_exitcode(status)
        return "" if ended in ENDINGS else f"ended with {ended}: {text[-2000:]}"


def _run(workspace: Path, command: Sequence[str], said: Path) -> None:
    """Be the command: never returns."""
    code = 99
    try:
        os.setsid()
        os.chdir(workspace)
        file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(file, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        from bep.cli import run

        code = run(list(command))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _waited(child: int, patience: float) -> int | None:
    """The status a process ended with; None when it did not, and was killed with all it started."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.002)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _frames(text: str) -> str:
    """The last lines of the crash report that a message names."""
    words = [word for word in text.split() if "bep-crash-" in word]
    return "\n  ".join(Path(words[-1]).read_text().strip().splitlines()[-9:]) if words else ""
