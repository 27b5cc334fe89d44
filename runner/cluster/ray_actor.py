"""What stands between a driver and the agent of one node, inside of a Ray actor: it starts the agent as a process, and
carries lines. Knows no job and no Ray.

It travels by value to nodes that need not have bep: so it imports the standard library alone.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

VARIABLE = "BEP_PYTHON"
"""Names the interpreter for agents, in the environment of a node's Ray."""
OLDEST = (3, 11)
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
TOGETHER = 0.002  # seconds in which lines that come together are carried together
KEPT = 4096  # bytes of the end of what an agent says to nobody
APART = ("sh", "-c", '"$@"; exit $?', "agent")
"""An agent is no child of its actor's: Ray kills those when an actor ends, and an agent has its workers to end first.
(A variable of Ray's forbids that, but costs each actor an environment of its own, and so a second start of Python.)"""
SIGNALLED = 128
TRIAL = "import sys; assert sys.version_info >= {}, 'it is Python ' + sys.version.split()[0]; import {}"
SWEEPS = 60.0  # seconds
OLD = 86400.0  # seconds after which what an unpacking has left that was killed is removed


class Carrier:
    """One agent. `module` is what its interpreter runs, from the folder that `package` (a zip, named `name`) is
    unpacked into; `patterns` are of the variables that it inherits, and `sweep` (a module and its arguments) ends what
    it has left when it was killed.

    The methods are called in threads.
    """

    def __init__(self, package: bytes, name: str, module: str, patterns: Sequence[str], sweep: Sequence[str]) -> None:
        self.package, self.name, self.module = package, name, module
        self.patterns, self.sweep = tuple(patterns), tuple(sweep)
        self.lines: list[str] = []
        self.changed = threading.Condition()
        self.telling = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.python = self.folder = self.ended = ""
        self.is_swept = threading.Event()
        self.last_words = b""

    def begin(self) -> str:
        """Start the agent. Gives a reason why there can be none here, in words; an empty text where there is one."""
        try:
            self.folder = unpacked(self.package, self.name)
            self.python, tried = interpreter(self.folder, self.module, self.environment())
            if not self.python:
                return no_interpreter(tried)
            self._start()
        except (OSError, zipfile.BadZipFile) as error:
            return f"bep cannot be brought to {os.uname().nodename}: {error}"
        return ""

    def tell(self, lines: Sequence[str]) -> None:
        """Give the agent lines. One that is gone gets none."""
        with self.telling, suppress(OSError, ValueError):
            if self.process and self.process.stdin:
                self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
                self.process.stdin.flush()

    def hear(self, patience: float) -> tuple[list[str], str]:
        """What the agent has said since the last time, as soon as there is something, and how it ended; an empty text
        while it lives."""
        with self.changed:
            self.changed.wait_for(lambda: self.lines or self.ended, patience)
        if not self.ended:
            time.sleep(TOGETHER)
        with self.changed:
            lines, self.lines = self.lines, []
            return lines, self.ended

    def end(self) -> None:
        """End the agent at once, if it has not ended, and what it has left."""
        if self.process:
            kill(self.process)
            self.is_swept.wait(SWEEPS)

    def environment(self) -> dict[str, str]:
        """What the agent inherits."""
        inherited = os.environ.items()
        return {name: value for name, value in inherited if any(fnmatchcase(name, one) for one in self.patterns)}

    def _start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_SETMASK, ())  # a process has that of the thread that starts it
        try:
            self.process = subprocess.Popen(
                (*APART, self.python, "-m", self.module),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.folder,
                env=self.environment(),
                start_new_session=True,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        log = threading.Thread(target=self._log, daemon=True)
        log.start()
        threading.Thread(target=self._read, args=(log,), daemon=True).start()

    def _read(self, log: threading.Thread) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        code = own_code(self.process.wait())
        log.join(1)
        with self.changed:
            self.ended = ending(code, self.last_words)
            self.changed.notify_all()
        try:
            if code and self.sweep:  # it could not do that itself
                command = (self.python, "-m", *self.sweep)
                subprocess.run(
                    command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, timeout=SWEEPS
                )
        except (OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"what the agent has left could not be ended: {error}\n")
        finally:
            self.is_swept.set()

    def _log(self) -> None:
        """Let what the agent says to nobody stand in the log that Ray keeps of this process."""
        assert self.process is not None
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.last_words = (self.last_words + line)[-KEPT:]
            sys.stderr.write(line.decode(errors="replace"))
            sys.stderr.flush()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End an agent, and the shell that waits for it. Its workers end by themselves."""
    with suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def own_code(code: int) -> int:
    """The exit code of an agent, as `subprocess` would say it: a shell says a signal in another way."""
    return SIGNALLED - code if code > SIGNALLED else code


def ending(code: int, said: bytes) -> str:
    """How a process ended, in words."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    last = f"; it said last: {lines[-1][:300]}" if lines else ""
    if code < 0:
        return f"the agent was ended by {signal.Signals(-code).name}"
    return f"the agent ended with exit code {code}{last}" if code else "the agent ended"


def cache() -> Path:
    """The folder of bep's in the cache of the user; one for this user alone in the system's folder for what is
    temporary where there is none. Raises `OSError`."""
    home = Path(os.environ.get("HOME", ""))
    own = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not own.is_absolute():
        own = home / ".cache"
    for place in (own / "bep", Path(tempfile.gettempdir(), f"bep-{os.geteuid()}")):
        with suppress(OSError):
            if place.is_absolute():
                place.mkdir(0o700, parents=True, exist_ok=True)
                if place.lstat().st_uid == os.geteuid() and os.access(place, os.W_OK | os.X_OK):
                    return place
    raise OSError(f"it has no folder for that: neither the user's cache nor {tempfile.gettempdir()}")


def unpacked(package: bytes, name: str) -> str:
    """The folder that has a package: it was there, or is made, whole or not at all. Raises `OSError`."""
    place = cache() / "packages"
    place.mkdir(0o700, exist_ok=True)
    target = place / Path(name).stem
    if target.is_dir():
        return str(target)
    remove_old(place)
    made = Path(tempfile.mkdtemp(prefix="unpacking-", dir=place))
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(made)
        made.rename(target)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not target.is_dir():  # else another agent of this user was faster
            raise
    return str(target)


def remove_old(place: Path) -> None:
    """Remove what unpackings have left that were killed."""
    for entry in place.glob("unpacking-*"):
        with suppress(OSError):
            if time.time() - entry.stat().st_mtime > OLD:
                shutil.rmtree(entry, ignore_errors=True)


def interpreter(folder: str, module: str, environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """An interpreter that runs the agent, empty where there is none, and what was tried before, each with why not."""
    tried = []
    named = os.environ.get(VARIABLE, "")
    if not named:
        tried.append(f"{VARIABLE} is not set")
    for name in filter(None, (named, sys.executable, *NAMES)):
        path = shutil.which(name)
        why = trial(path, folder, module, environment) if path else "it is not there"
        if path and not why:
            return path, tried
        tried.append(f"{path or name}: {why}")
    return "", tried


def trial(path: str, folder: str, module: str, environment: Mapping[str, str]) -> str:
    """Why an interpreter cannot run the agent; an empty text where it can."""
    command = (path, "-c", TRIAL.format(OLDEST, module))
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return (said[-1] if said else f"exit code {done.returncode}") if done.returncode else ""


def no_interpreter(tried: Sequence[str]) -> str:
    """What is said of a node that has none."""
    oldest = ".".join(map(str, OLDEST))
    return (
        f"{os.uname().nodename} has no Python {oldest} or later that runs bep: {'; '.join(tried)}\n"
        f"    fix: install one on the nodes, or name it in {VARIABLE} in the environment of their Ray"
    )
