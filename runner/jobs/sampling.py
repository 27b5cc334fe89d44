"""The first items of a job, scored by one process in front of a person. Keeps nothing; knows no record, no journal."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import IO, Any

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import InputsInvalid, StoredBytesDamaged
from bep.runner.folder.folder import JobFolder
from bep.runner.inputs import listing, manifest
from bep.runner.jobs import staging
from bep.runner.jobs.launching import launch
from bep.runner.processes.fleet import PROGRAM, Launch
from bep.runner.request import JobRequest
from bep.runner.transfer.transfers import Board
from bep.runner.worker.masking import masked
from bep.runner.worker.results.formats import FORMATS, READABLE

Show = Callable[[bytes], None]
"""Takes a line that the script said, with its line break if it had one."""

_PATIENCE = 1.0  # seconds for what a process said last, when one that it has started keeps its streams open


@dataclass(frozen=True, slots=True)
class Sampled:
    """How it went. `code` is 0 when all was scored, 1 when a `run()` failed, 2 when the script could not be loaded or
    its `init()` failed, 130 after Ctrl-C, minus a signal that the process died of. `written` are the files that the
    script put into its output folder, by their names; they are gone."""

    code: int
    written: tuple[str, ...]


def sample(request: JobRequest, items: int, *, debug: bool, show: tuple[Show, Show] | None = None) -> Sampled:
    """Score the first `items` with the request's interpreter, script and settings.

    One process, one attempt for each mini-batch, no timeout; `debug` opens the debugger where the script has raised.
    `show` takes what it writes to stdout and to stderr, its secrets masked; without it, both are this process's own, as
    a debugger needs.
    Raises `InputsInvalid`, and `OSError` when the interpreter cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="bep-sample-") as place:
        folder = JobFolder(Path(place))
        here = _in_folder(request, folder)
        folder.make()
        here.output_folder.mkdir()
        staging.keep(folder, request.stored, request.share)
        staging.give(folder, Board("copying model and code", StoredBytesDamaged))
        listed = _listed(here, folder, items)
        start = launch(here, folder)
        process = _start(start, _setup(here, listed.items, debug), pipes=show is not None)
        streams = zip((process.stdout, process.stderr), show or (), strict=False)
        readers = [_passed_on(stream, take, list(start.hidden)) for stream, take in streams if stream]
        code = _patiently(process)
        for reader in readers:
            reader.join(_PATIENCE)
        found = (path for path in sorted(here.output_folder.rglob("*")) if path.is_file())
        return Sampled(code, tuple(str(path.relative_to(here.output_folder)) for path in found))


def _in_folder(request: JobRequest, folder: JobFolder) -> JobRequest:
    """The request with all that is the job's own in this folder instead."""
    assets = str(JobFolder(request.folder).assets)

    def here(place: str) -> str:
        return f"{folder.assets}{place.removeprefix(assets)}" if place.startswith(f"{assets}/") else place

    target = request.target
    directories = {"model_directory": target.model_directory, "code_directory": target.code_directory}
    moved = {name: path and Path(here(os.fspath(path))) for name, path in directories.items()}
    return request.model_copy(
        update={
            "folder": folder.path,
            "output_folder": folder.path / "output",
            "output_address": "",
            "target": target.model_copy(update=moved),
            "inputs": tuple(map(here, request.inputs)),
        }
    )


def _listed(request: JobRequest, folder: JobFolder, items: int) -> manifest.Manifest:
    """The first items as a job lists them; no more of a folder is listed than they need."""
    listed = listing.write(request, folder, request.cache or folder.downloads, Board(), items)
    if not listed.items:
        raise InputsInvalid("the job has no inputs")
    return listed


def _passed_on(stream: IO[bytes], show: Show, hidden: list[str]) -> Thread:
    def read() -> None:
        with stream:
            for line in stream:
                show(masked(line.decode("utf-8", "surrogateescape"), hidden).encode("utf-8", "surrogateescape"))

    reader = Thread(target=read, daemon=True)
    reader.start()
    return reader


def _start(start: Launch, more: Mapping[str, Any], *, pipes: bool) -> "subprocess.Popen[bytes]":
    """The process of a worker's program, with this one's streams or with pipes."""
    with tempfile.TemporaryFile() as settings:
        settings.write(ascii({**start.setup, "working": str(start.working), **more}).encode())
        settings.flush()
        settings.seek(0)
        return subprocess.Popen(
            [*start.interpreter, str(PROGRAM), "sample", str(settings.fileno())],
            cwd=start.working,
            stdout=subprocess.PIPE if pipes else None,
            stderr=subprocess.PIPE if pipes else None,
            env=dict(start.environment),
            pass_fds=(settings.fileno(),),
        )


def _setup(request: JobRequest, items: int, debug: bool) -> Mapping[str, Any]:
    """What a sample needs beside what every worker gets. Rows that are no text are shown in a format that is."""
    settings = request.settings
    shown = settings.output_format if FORMATS[settings.output_format].is_text else READABLE
    return {
        "items": items,
        "format": shown if settings.output_action == "append_row" else "none",
        "timeout": settings.timeout,
        "node": "node0",
        "process": "process000",
        "debug": debug,
    }


def _patiently(process: "subprocess.Popen[bytes]") -> int:
    """The exit code. Ctrl-C is for the script: the terminal sends it to both, and the debugger lives on it."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
