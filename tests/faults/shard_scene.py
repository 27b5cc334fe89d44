"""A prepared job in eight shards, a machine that scores them, and a share that can be full or gone; what all has to be
like in the end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from bep.runner.segments import names
from bep.runner.shards import status
from bep.runner.shares.share import share_at
from tests.bep.conftest import FILES, Workspace, surroundings, write
from tests.runner.inputs.stores import FtpStore

SHARDS = 8
ITEMS = 96
SPECIAL = {7: "bad", 40: "bad", 71: "bad", 12: "once", 33: "once", 58: "once", 90: "once", 21: "drop", 64: "drop"}
"""What befalls some items: each call that has it raises, the first one does, or there is no row of it."""

_SCRIPT = """\
import os
import time

HERE = {here!r}

def marked(kind, name):
    try:
        os.close(os.open(os.path.join(HERE, kind, str(name)), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

def init():
    marked("begun", os.getppid())

def run(mini_batch):
    time.sleep({seconds})
    rows = []
    for path in mini_batch:
        name = os.path.basename(path)
        with open(path) as stream:
            what, rest = stream.read().split()
        if what == "bad" or (what == "once" and marked("tried", name)):
            raise ValueError(name + " is " + what)
        if what != "drop":
            rows.append(name + " " + rest)
    return rows
"""
_OLD = 2 * 86_400  # seconds: what is as old as that in a share is nobody's any more


class Violation(Exception):
    """Something is not as it has to be; the folder of the scene has all that is needed to look at it."""


@dataclass
class Scene:
    """A folder with the workspace `ws`, the folder `share` (a small mount of its own where this machine allows it), the
    `machine` that has bep and nothing else, and `kept`, the jobs as they were prepared."""

    folder: Path
    server: FtpStore
    is_mounted: bool = False
    wanted: bytes = b""
    failed: list[tuple[object, ...]] = field(default_factory=list)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def place(self) -> Path:
        """The folder that the shares are."""
        return self.folder / "share"

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder / "ws", self._given)

    @property
    def _given(self) -> dict[str, str]:
        machine = self.folder / "machine"
        return {"XDG_CACHE_HOME": str(machine / "cache"), "TMPDIR": str(machine / "tmp")}

    def address(self, job: str) -> str:
        """The share of a job: that of "ftp" is reached by FTP, that of "folder" is at its path."""
        return self.server.url if job == "ftp" else str(self.place)

    def prepare(self, seconds: float) -> None:
        """Run the job once here, undisturbed, and prepare it for either share; a call takes so long."""
        for name in ("machine/tmp", "begun", "tried", "said"):
            (self.folder / name).mkdir(parents=True)
        files = {name: text for name, text in FILES.items() if not name.startswith("texts/")}
        files["code/score.py"] = _SCRIPT.format(here=str(self.folder), seconds=seconds)
        for item in range(ITEMS):
            files[f"texts/{item:03}.txt"] = f"{SPECIAL.get(item, 'plain')} {'row' * (10 * item)}.\n"
        write(self.folder / "ws", files)
        self.workspace.bep("apply", "-y")
        self.workspace.bep("run", "job.yml", "--name", "here", "--output-path", "here")
        self.wanted, self.failed = self._output("here"), self._failed_items("here")
        for job in ("folder", "ftp"):
            share = ("--share", self.address(job))
            self.workspace.bep("run", "job.yml", "--prepare", *share, "--name", job, "--output-path", job)
            shutil.copytree(self.place / job, self.folder / "kept" / job / "share")
            shutil.copytree(self._job(job), self.folder / "kept" / job / "job")

    def reset(self, job: str) -> None:
        """Let the job be as it was when it was prepared."""
        for there, kept in ((self.place / job, "share"), (self._job(job), "job")):
            shutil.rmtree(there, ignore_errors=True)
            shutil.copytree(self.folder / "kept" / job / kept, there)
        shutil.rmtree(self.folder / "ws" / job, ignore_errors=True)
        for name in ("begun", "tried", "said"):
            shutil.rmtree(self.folder / name)
            (self.folder / name).mkdir()
        self.started = []

    def _job(self, job: str) -> Path:
        return self.folder / "ws/.bep/jobs" / job

    def _output(self, job: str) -> bytes:
        return (self.folder / "ws" / job / "predictions.csv").read_bytes()

    def _failed_items(self, job: str) -> list[tuple[object, ...]]:
        lines = (self._job(job) / "failed_items.jsonl").read_text().splitlines()
        return [(told["item"], told["position"], told["type"]) for told in map(json.loads, lines)]

    def start(self, *arguments: str, folder: str = "machine") -> "subprocess.Popen[bytes]":
        """A `bep` that goes on; what it says is in the folder `said`."""
        number = len(self.started)
        with (self.folder / f"said/{number:03}-{arguments[-1].replace('/', '-')}.txt").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "bep", *arguments],
                cwd=self.folder / folder,
                env={**surroundings(), **self._given},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def shard(self, job: str, workers: int, which: str) -> "subprocess.Popen[bytes]":
        """`bep run --shard`, begun."""
        share = ("--share", self.address(job), "--name", job)
        return self.start("run", *share, "--workers", str(workers), "--shard", which)

    def merge(self, job: str) -> "subprocess.Popen[bytes]":
        """`bep job merge`, begun."""
        return self.start("job", "merge", "--share", self.address(job), job, folder="ws")

    def has_begun(self, process: "subprocess.Popen[bytes]") -> bool:
        """Whether a worker of it is ready to score."""
        return (self.folder / "begun" / str(process.pid)).exists()

    @property
    def partial(self) -> list[Path]:
        """Files in the share that were being written when their writer was killed."""
        return list(self.place.rglob(".*.partial"))

    def end(self) -> None:
        """End every process that is left, and leave the share's files in the folder, without the mount."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.server.stop()
        if self.is_mounted:
            shutil.copytree(self.place, self.folder / "share-left", dirs_exist_ok=True)
            subprocess.run(["umount", "-l", str(self.place)], capture_output=True, check=False)

    def judge(self, job: str) -> int:
        """Raise `Violation` unless all is as it has to be after a merge. How many files of killed writers were in the
        share, which bep shows to nobody, and removes when they are old."""
        self._must_be_right(job)
        self._must_be_alone()
        self._must_have_no_traceback()
        left = len(self.partial)
        self._must_have_known_names(job)
        return left

    def _must_be_right(self, job: str) -> None:
        rows = Counter(line.split()[0] for line in self._output(job).decode().splitlines())
        twice = [name for name, many in rows.items() if many != 1]
        _must(not twice, f"rows of these items are there more than once: {twice}")
        _must(self._output(job) == self.wanted, "the output differs from that of the local run")
        _must(self._failed_items(job) == self.failed, "other items failed than in the local run")
        written = [path.name for path in (self.folder / "ws" / job).iterdir()]
        _must(written == ["predictions.csv"], f"beside the output there is something: {written}")
        _must(not (self._job(job) / "merging").exists(), "the folder that merge fetches into is left")

    def _must_have_no_traceback(self) -> None:
        for said in (self.folder / "said").glob("*.txt"):
            lines = said.read_text().splitlines()  # those of the script are told indented
            _must(not any(line.startswith("Traceback") for line in lines), f"there is a traceback in {said}")

    def _must_be_alone(self) -> None:
        for _ in range(600):
            living = dict(self._living())
            if not living:
                break
            time.sleep(0.05)
        else:
            _must(False, f"processes are left: {living}")
        scratch = [path for path in (self.folder / "machine/cache/bep/shards").glob("*/*") if path.is_dir()]
        _must(not scratch, f"scratch folders are left: {scratch}")
        rest = sorted(str(path) for path in (self.folder / "machine").iterdir() if path.name != "cache")
        rest += sorted(map(str, (self.folder / "machine/tmp").iterdir()))
        _must(rest == [str(self.folder / "machine/tmp")], f"files are left on the machine: {rest}")

    def _living(self) -> Iterator[tuple[int, str]]:
        """Processes that have anything to do with the scene, by what they were given: those of scripts as well."""
        known = (os.getpid(), self.server.process.pid if self.server.process else 0)
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) not in known:
                try:
                    called = (entry / "cmdline").read_bytes()
                    said = called + (entry / "environ").read_bytes() + os.fsencode((entry / "cwd").readlink())
                except OSError:
                    continue
                if os.fsencode(self.folder) in said and called:
                    yield int(entry.name), called.replace(b"\0", b" ").decode()

    def _must_have_known_names(self, job: str) -> None:
        for path in self.partial:
            os.utime(path, (time.time() - _OLD,) * 2)
        there = share_at(str(self.place), self.folder).listed(job)
        _must(not self.partial, f"nobody removes these from the share: {self.partial}")
        base = self.folder / "kept" / job / "share"
        prepared = {str(path.relative_to(base)) for path in base.rglob("*")}
        unknown = [name for name in there if name not in prepared and not _is_known(name)]
        _must(not unknown, f"nobody knows what these are in the share: {unknown}")


def _is_known(name: str) -> bool:
    folder, _, rest = name.partition("/")
    if folder == names.FOLDER:
        return names.parsed(rest) is not None
    return status.parsed(rest) is not None if folder == status.FOLDER else folder in ("logs", "output")


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        violated(otherwise)


def violated(what: str) -> NoReturn:
    """Raise `Violation`."""
    raise Violation(what)


def made(folder: Path, seconds: float) -> Scene:
    """The scene, prepared, and its FTP server. It has to be ended."""
    place = folder / "share"
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, check=False
    )
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        server = FtpStore(place, found.getsockname()[1])
    scene = Scene(folder, server, is_mounted=mounted.returncode == 0)
    try:
        server.start()
        scene.prepare(seconds)
    except BaseException:
        scene.end()
        raise
    return scene
