"""Machines that are namespaces of this one: each with processes, a network card, a name and folders of its own.

One process holds the network and every other process of it. It reads a pipe whose other end this process has, and ends
when that closes: the kernel then ends all, whatever ended this process. Nothing has a name in the file system, so there
is nothing to sweep. The thread that makes the network is in it until its end, with what it starts meanwhile: no card
and no address is ever added outside, where a browser of another test would give up its requests. Knows no Ray.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.cluster.waiting import eventually

INIT: Final = Path(__file__).with_name("init.py")
PROGRAMS: Final = ("ip", "nsenter", "unshare")
SUBNET: Final = "198.18.0"
"""One of those kept for tests of networks. Each network is a world of its own, so all have the same."""
HOST: Final = f"{SUBNET}.254"
CLONE_NEWNET: Final = 0x40000000
"""The kernel's name for networks, in linux/sched.h."""
WAITING: Final = ("sh", "-c", '"$@"; exit $?', "waiting for")
"""Stands between `nsenter` and a program: `nsenter` stops itself when its child is stopped, and then reaps nobody, so
that a stopped program would keep its machine, and the network, after the end of this process."""


def missing() -> str:
    """Why there can be no such machines here, in words; empty where they can be."""
    if sys.platform != "linux":
        return "the system has no namespaces"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"no {program} here; make services installs it"
    tried = subprocess.run(["unshare", "--net", "--pid", "--fork", "--mount-proc", "true"], capture_output=True)
    if os.geteuid() or tried.returncode:
        return f"no namespaces may be made here: {tried.stderr.decode().strip() or 'that is for root'}"
    return ""


@dataclass(frozen=True)
class Process:
    """What lives on a machine. `pid` is what this machine's kill takes; `state` is the kernel's letter, such as T."""

    pid: int
    command: tuple[str, ...]
    state: str


@dataclass
class Machine:
    """One machine. `pid` is that of its process 1, the end of which ends all on it."""

    number: int
    address: str
    card: str
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    begun: "subprocess.Popen[bytes]" = field(repr=False)
    pid: int
    programs: "list[Program]" = field(default_factory=list, repr=False)

    @property
    def name(self) -> str:
        """Its host name."""
        return self.folder.name

    def is_up(self) -> bool:
        """Whether its process 1 lives."""
        return self.begun.poll() is None

    def processes(self) -> list[Process]:
        """All but its process 1, oldest first; the dead who wait for their parent have the state Z."""
        here = _space(self.pid)
        found = (_process(pid) for pid in _pids() if here and pid != self.pid and _space(pid) == here)
        return [process for process in found if process is not None and not _is_waiting(process)]

    def start(self, command: Sequence[str], folder: Path | None = None, **words: Any) -> "Program":
        """A program on this machine, begun in a folder; `words` are those of `Popen`, `env` adds to the machine's.

        It outlives its end here: whoever wants it gone ends it, or the machine does.
        """
        words = {"stdin": subprocess.DEVNULL, "start_new_session": True, **words}
        words["env"] = {**self.environment, **words.get("env", {})}
        inside = ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid"]
        inside.append(f"--wdns={folder or self.folder}")
        program = Program(subprocess.Popen([*inside, "--", *WAITING, *command], **words))
        self.programs.append(program)
        return program


@dataclass
class Program:
    """A program that was started on a machine. `process` is what waits for it here, and has its status: of one that a
    signal ended, 128 and the signal's number."""

    process: "subprocess.Popen[Any]"

    @property
    def pid(self) -> int:
        """Its own process, for signals: it runs the program, and is no longer a copy of the shell that waits for it."""
        pid = _child(_child(self.process.pid, WAITING[0]))
        eventually("the program runs", lambda: not _is_waiting(_process(pid)), 30)
        return pid

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, if it has not ended."""
        with suppress(ProcessLookupError):
            if self.process.poll() is None:
                os.kill(self.pid, number)


@dataclass
class Network:
    """A network of machines, and the thread that made it in it at `HOST`."""

    folder: Path
    keeper: int
    machines: list[Machine] = field(default_factory=list)

    def address(self, number: int) -> str:
        """That of a machine, whether or not it is there."""
        return f"{SUBNET}.{number + 1}"

    def add(self, environment: Mapping[str, str], mounts: Mapping[str, str] | None = None) -> Machine:
        """A machine more, on which nothing runs. Its folder is `node<N>`.

        `mounts` says what is at a path of it: a folder of this machine (relative to its own), or `tmpfs`.
        """
        number = len(self.machines)
        folder = self.folder / f"node{number}"
        folder.mkdir()
        inside = ["nsenter", f"--target={self.keeper}", "--net", "--pid", "--"]
        new = ["unshare", "--net", "--pid", "--mount", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"]
        init = [sys.executable, "-I", "-S", str(INIT), folder.name]
        for target, source in (mounts or {}).items():
            init.append(f"{source if source == 'tmpfs' else folder / source}:{target}")
        with (folder / "machine").open("wb") as trouble:
            words: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": trouble}
            begun = subprocess.Popen([*inside, *new, *init], start_new_session=True, **words)
        assert begun.stdout is not None
        with begun.stdout as said:
            assert said.readline() == b"ready\n", (folder / "machine").read_text()
        pid = _child(_child(begun.pid))
        machine = Machine(number, self.address(number), f"card{number}", folder, environment, begun, pid)
        self.machines.append(machine)
        _ip(self.keeper, f"link add name {machine.card} type veth peer name eth0 netns {pid}")
        _ip(self.keeper, f"link set {machine.card} master switch up")
        _ip(pid, "link set lo up", f"address add {machine.address}/24 dev eth0", "link set eth0 up")
        return machine

    def plug(self, machine: Machine, *, is_in: bool) -> None:
        """Put its cable in, or pull it out."""
        _ip(self.keeper, f"link set {machine.card} {'up' if is_in else 'down'}")

    def kill(self, machine: Machine) -> None:
        """End everything on a machine at once, as a power cut does: nobody is told. Its cable goes with it."""
        os.kill(machine.pid, signal.SIGKILL)
        machine.begun.wait()


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """A network without machines, which this thread enters. At the end all are gone; when this process is killed, soon
    after."""
    keeper = subprocess.Popen(
        ["unshare", "--net", "--pid", "--fork", "--kill-child", "cat"], stdin=subprocess.PIPE, start_new_session=True
    )
    made = Network(folder, 0)
    try:
        made.keeper = _child(keeper.pid, "cat")
        _ip(made.keeper, "link set lo up", "link add switch type bridge", f"address add {HOST}/24 dev switch")
        _ip(made.keeper, "link set switch up")
        with _in_network_of(made.keeper):
            yield made
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()  # it returns when the last process of all machines is gone
        for machine in made.machines:
            machine.begun.wait()
            for program in machine.programs:
                program.process.wait()


@contextmanager
def _in_network_of(pid: int) -> Iterator[None]:
    """Let this thread, and what it starts from now on, be in the network of a process."""
    system = ctypes.CDLL(None, use_errno=True)  # `os` has it from Python 3.12 on
    with Path("/proc/thread-self/ns/net").open("rb") as before, Path(f"/proc/{pid}/ns/net").open("rb") as there:
        assert system.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert system.setns(before.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def _ip(pid: int, *lines: str) -> None:
    """Commands of `ip` in the network of a process."""
    command = ["nsenter", f"--target={pid}", "--net", "--", "ip", "-batch", "-"]
    done = subprocess.run(command, input="\n".join(lines).encode(), capture_output=True)
    assert done.returncode == 0, f"ip {lines}: {done.stderr.decode()}"


def _child(pid: int, program: str = "") -> int:
    """The first child of a process, once it has one: it has begun to run this program, if one is named."""

    def found() -> int:
        with suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().startswith(program):
                    return int(child)
        return 0

    return int(eventually(f"process {pid} starts {program or 'another'}", found, 30))


def _is_waiting(process: Process | None) -> bool:
    """Whether it is the shell that waits for a program."""
    return process is not None and process.command[: len(WAITING)] == WAITING


def _pids() -> list[int]:
    return sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _space(pid: int) -> str:
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return ""


def _process(pid: int) -> Process | None:
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return Process(pid, tuple(command), state)
    return None
