"""Starts worker processes, reads what they say in shared memory, waits for any of them. Knows no mini-batch."""

import errno
import fcntl
import mmap
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import NOT_STARTED
from bep.runner.folder import leftover_processes, parts
from bep.runner.folder.record import JobError
from bep.runner.processes.masked_logs import MaskedLog
from bep.runner.processes.process import Process
from bep.runner.processes.watch import Watch
from bep.runner.worker import wire

PROGRAM = Path(__file__).resolve().parents[1] / "worker" / "__main__.py"


@dataclass(frozen=True, slots=True)
class Launch:
    """What every worker of a job is started with.

    `cores_of_a_worker` is 0 for all there are; `gpus` are those to share out among them; `environment` is all that they
    have in theirs, of which the user has set the variables `of_the_interpreter`, which may keep it from starting. What
    is `hidden` is masked in what they print. `node` is this machine's name in a job of several, which no other session
    of that job has. A worker goes on in another part after `roll` bytes of rows; 0: it never does. `oom_score` is how
    soon the kernel is to end them for want of memory, up to 1000; None: as soon as this process.
    """

    interpreter: tuple[str, ...]
    setup: Mapping[str, Any]
    logs: Path
    parts: Path
    working: Path
    workers_of_a_node: int
    environment: Mapping[str, str]
    cores_of_a_worker: int = 0
    gpus: tuple[str, ...] = ()
    of_the_interpreter: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    node: str = ""
    roll: int = 0
    oom_score: int | None = None


class ProcessFleet:
    """A `scheduling.fleet.Fleet` of processes of this machine, which say in shared memory what they do."""

    def __init__(self, launch: Launch, slots: int, first_number: int) -> None:
        self._launch = launch
        self._slots = slots
        self._next = first_number
        self._memory_file = _sealed(wire.SLOT * slots)
        self._memory = mmap.mmap(self._memory_file, wire.SLOT * slots)
        self._watch = Watch()
        self._sweep = leftover_processes.Sweep(launch.parts)

    def now(self) -> float:
        """The machine's clock, which workers stamp what they do with."""
        return time.monotonic()

    def start(self, slot: int) -> Process:
        """Start a process for a slot. Raises `OSError` when the interpreter cannot be started."""
        number, self._next = self._next, self._next + 1
        self._memory[wire.SLOT * slot : wire.SLOT * (slot + 1)] = bytes(wire.SLOT)
        node = _node(self._launch.node, slot // self._launch.workers_of_a_node)
        name = f"process{number:03d}"
        logs = self._launch.logs / "user"
        error = logs / "error" / node / f"{name}.txt"
        output = logs / "stdout" / node / f"{name}.stdout.txt"
        trouble = logs / "stderr" / node / f"{name}.stderr.txt"
        working = self._launch.working / name
        for folder in (error.parent, output.parent, trouble.parent, working):
            folder.mkdir(parents=True, exist_ok=True)
        setup = {
            **self._launch.setup,
            "slot": slot,
            "cores": _cores(slot, self._launch.cores_of_a_worker),
            "part": str(self._launch.parts / f"{number:06d}"),
            "errors": str(error),
            "working": str(working),
            "node": node,
            "process": name,
            "roll": self._launch.roll,
        }
        with output.open("ab") as stdout, trouble.open("ab") as stderr:
            process = self._launch_one(number, slot, setup, (stdout, stderr))
        self._watch.add(process)
        return process

    def wait(self, seconds: float) -> set[int]:
        """The numbers of workers with news; none when the time is over, or somebody has rung."""
        return self._watch.wait(seconds)

    def ring(self) -> None:
        """Let `wait` return at once, now or the next time. Any thread may; after `close` it does nothing."""
        self._watch.ring()

    def _launch_one(self, number: int, slot: int, setup: dict[str, Any], logs: tuple[BinaryIO, BinaryIO]) -> Process:
        with ExitStack() as theirs, ExitStack() as ours:  # what fails half way leaves neither files nor a process
            settings = _anonymous()
            theirs.callback(os.close, settings)
            os.write(settings, ascii(setup).encode())
            os.lseek(settings, 0, os.SEEK_SET)
            leases_out, leases = _pipe(theirs, ours)
            answers, answers_in = _pipe(ours, theirs)
            line_out, line = _pipe(theirs, ours)
            os.set_blocking(answers, False)
            os.set_blocking(leases, False)  # no worker can hold the runner up
            masked = tuple(MaskedLog(log, self._launch.hidden) for log in logs) if self._launch.hidden else ()
            for log in masked:
                ours.callback(log.close)
            said = tuple(log.writer for log in masked) or tuple(log.fileno() for log in logs)
            process = self._spawn((settings, leases_out, answers_in, line_out), setup, said)
            ours.callback(process.wait)
            ours.callback(process.kill)
            sentinel = _sentinel(process.pid)
            ours.pop_all()
        return Process(
            number=number,
            slot=slot,
            popen=process,
            leases_pipe=leases,
            answers_pipe=answers,
            lifeline=line,
            sentinel=sentinel,
            log=Path(setup["errors"]),
            stderr=Path(logs[1].name),
            name=setup["process"],
            code=(setup["code"], setup["code_name"]),
            masked=masked,
            shared=memoryview(self._memory)[wire.SLOT * slot : wire.SLOT * (slot + 1)],
            journal=Path(f"{setup['part']}.journal"),
            forget=self._watch.drop,
            rolls=self._launch.roll > 0,
        )

    def _spawn(self, theirs: tuple[int, ...], setup: dict[str, Any], said: tuple[int, ...]) -> subprocess.Popen[bytes]:
        """Start the program with its ends of the pipes."""
        files = (*theirs, self._memory_file)
        environment = leftover_processes.marked(
            self._launch.environment, self._launch.parts, self._mark(setup["process"])
        )
        if seen := _gpus(setup["slot"], self._slots, self._launch.gpus):
            environment["CUDA_VISIBLE_DEVICES"] = seen
        process = subprocess.Popen(
            [*self._launch.interpreter, str(PROGRAM), *map(str, files)],
            stdin=subprocess.DEVNULL,
            stdout=said[0],
            stderr=said[1],
            cwd=setup["working"],
            env=environment,
            pass_fds=files,
            start_new_session=True,
        )
        if self._launch.oom_score is not None:
            with suppress(OSError):  # a system without, or one that has ended already
                Path(f"/proc/{process.pid}/oom_score_adj").write_text(str(self._launch.oom_score))
        return process

    def advised(self, error: JobError | None) -> JobError | None:
        """Name the variables that may keep an interpreter from starting, where it did not and the user has set any."""
        given = ", ".join(self._launch.of_the_interpreter)
        if error is None or error.code != NOT_STARTED or not given:
            return error
        fix = f"it was started with the environment variables {given}: mend or drop them"
        return error.model_copy(update={"fix": fix})

    def lost(self, name: str) -> None:
        """What its script has started outside its group is looked for when it is time to."""
        self._sweep.add(self._mark(name))

    def _mark(self, name: str) -> str:
        """What tells a worker of this job from all others that write to a folder of this name, on any machine."""
        return f"{self._launch.node}/{name}" if self._launch.node else name

    def drop(self, part: int) -> None:
        """Remove a part whose rows are kept elsewhere by now."""
        parts.remove(self._launch.parts, part)

    def tidy(self) -> None:
        """End what lost workers have left running, if it is time to look for that."""
        self._sweep.look()

    def close(self) -> None:
        """End what scripts have left running, and let the shared memory go."""
        leftover_processes.end(self._launch.parts)
        self._watch.close()
        self._memory.close()
        os.close(self._memory_file)


def _node(name: str, number: int) -> str:
    """What a node is called: `node0`, or as the machine, whose further ones have a number."""
    if not name:
        return f"node{number}"
    return f"{name}-{number}" if number else name


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """A pipe, each of whose ends is closed with its stack."""
    ends = os.pipe()
    reader.callback(os.close, ends[0])
    writer.callback(os.close, ends[1])
    return ends


def _cores(slot: int, count: int) -> list[int]:
    """The cores of a worker, no two workers' the same while there are enough; none: the system chooses."""
    if not count or not hasattr(os, "sched_getaffinity"):
        return []
    there = sorted(os.sched_getaffinity(0))
    return [there[(slot * count + number) % len(there)] for number in range(min(count, len(there)))]


def _gpus(slot: int, slots: int, there: tuple[str, ...]) -> str:
    """The GPUs of a worker: an equal share each, or one that others have too; a lone worker sees them all.

    As the compatible service does, which hands out one to a process through CUDA_VISIBLE_DEVICES.
    """
    if slots == 1 or not there:
        return ""
    return ",".join(there[slot::slots] or there[slot % len(there) :][:1])


def _anonymous() -> int:
    """A file without a name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("bep")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _sealed(size: int) -> int:
    """A file for shared memory, without a name, that no script can cut off or write to by its number (on Linux)."""
    if not hasattr(fcntl, "F_ADD_SEALS") or not hasattr(os, "memfd_create"):
        file = _anonymous()
        os.ftruncate(file, size)
        return file
    file = os.memfd_create("bep", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, size)
    os.lseek(file, 0, os.SEEK_END)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return file


def _sentinel(process: int) -> int:
    """A file descriptor that becomes readable when the process ends; -1 where the system has none."""
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
        return -1
