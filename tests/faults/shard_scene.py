"""A prepared job in eight shards, a machine that scores them, and a share that can be full or gone."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

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
    with open(os.path.join(HERE, "calls"), "a") as calls:
        calls.write(os.path.basename(mini_batch[0]) + "\\n")
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


@dataclass
class Scene:
    """A folder with the workspace `ws`, the folder `share` (a small mount of its own where this machine allows it), the
    `machine` that has bep and nothing else, and `kept`, the jobs as they were prepared. `undisturbed` is
    how many calls of `run()` the job takes in peace."""

    folder: Path
    server: FtpStore
    is_mounted: bool = False
    undisturbed: int = 0
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
        self.wanted, self.failed = self.output("here"), self.failed_items("here")
        self.undisturbed = self.calls
        for job in ("folder", "ftp"):
            share = ("--share", self.address(job))
            self.workspace.bep("run", "job.yml", "--prepare", *share, "--name", job, "--output-path", job)
            shutil.copytree(self.place / job, self.folder / "kept" / job / "share")
            shutil.copytree(self.job_folder(job), self.folder / "kept" / job / "job")

    @property
    def calls(self) -> int:
        """How many calls of `run()` have begun since the job was as it was prepared."""
        return len((self.folder / "calls").read_text().splitlines())

    @property
    def said(self) -> list[str]:
        """What each `bep` has said since then."""
        return [said.read_text() for said in sorted((self.folder / "said").glob("[0-9]*.txt"))]

    def reset(self, job: str) -> None:
        """Let the job be as it was when it was prepared."""
        for there, kept in ((self.place / job, "share"), (self.job_folder(job), "job")):
            shutil.rmtree(there, ignore_errors=True)
            shutil.copytree(self.folder / "kept" / job / kept, there)
        shutil.rmtree(self.folder / "ws" / job, ignore_errors=True)
        for name in ("begun", "tried", "said"):
            shutil.rmtree(self.folder / name)
            (self.folder / name).mkdir()
        (self.folder / "calls").unlink()
        self.started = []

    def job_folder(self, job: str) -> Path:
        """Where the workspace keeps a job."""
        return self.folder / "ws/.bep/jobs" / job

    def output(self, job: str) -> bytes:
        """What a job has written."""
        return (self.folder / "ws" / job / "predictions.csv").read_bytes()

    def failed_items(self, job: str) -> list[tuple[object, ...]]:
        """Name, position and type of error of the items that failed, as the job lists them."""
        lines = (self.job_folder(job) / "failed_items.jsonl").read_text().splitlines()
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
