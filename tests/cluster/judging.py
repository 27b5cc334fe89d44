"""What has to hold of a job on a cluster after its end, whatever has befallen it."""

import itertools
import time
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from bep.runner.cluster import journal, orders
from bep.runner.segments import names
from bep.runner.shares.share import share_at
from tests.cluster.job import Run
from tests.cluster.scene import Scene, Violation, rows_of

OF_RAY: Final = ("tmp/ray", "tmp/pymp-")
"""Below a home: files of Ray's."""
LIMIT: Final = 10.0
"""Seconds after the end, or the heal, in which nodes are to be as they were."""
SCRATCH: Final = ".cache/bep/shards/*/*"
"""Below a home: folders of what scores."""


def judge(run: Run, without: str = "") -> None:
    """Raise `Violation` unless all is as it has to be now that the job has ended; one item has failed more, if any."""
    scene = run.scene
    must_be_clean(scene, run.job)
    must_be_right(run, without)
    must_be_consistent(scene, run.job)
    said = run.said.read_text()
    _must("Traceback (most" not in said.replace("    Traceback", ""), f"there is a traceback:\n{said}")
    undisturbed = int((scene.folder / "undisturbed").read_text())
    scene.note(f"{scene.calls - undisturbed} calls beyond the {undisturbed} of an undisturbed run")


def must_be_right(run: Run, without: str = "") -> None:
    """Every row once, all bytes and all failed items as those of this machine's engine, but for one item's."""
    scene, job = run.scene, run.job
    rows = rows_of(scene.work.output(job))
    twice = [name for name, many in rows.items() if many != 1]
    _must(not twice, f"rows of these items are there more than once: {twice}")
    output = b"".join(line for line in scene.wanted.splitlines(True) if line.split()[0].decode() != without)
    wanted = rows_of(output)
    _must(rows.keys() == wanted.keys(), f"other items have rows: {sorted(rows.keys() ^ wanted.keys())}")
    _must(scene.work.output(job) == output, "the output differs from that of the run here")
    failed = [item for item in scene.failed_items(job) if not without or not str(item[0]).endswith(without)]
    _must(failed == scene.failed, f"other items failed than in the run here: {failed}")
    written = [path.name for path in (scene.work.place / job).iterdir()]
    _must(written == ["predictions.csv"], f"beside the output there is something: {written}")


def must_be_clean(scene: Scene, job: str, cut: int = -1) -> None:
    """Nothing of the job is left on any node that is up, within `LIMIT`. On one that is `cut` off, an actor may be left
    whose agent is gone: nobody can tell Ray to end it there."""
    began = time.monotonic()
    while True:
        left, files = scene.left(), list(scratch(scene, job))
        if cut in left and all(process.command[0].startswith("ray::") for process in left[cut]):
            del left[cut]
        took = time.monotonic() - began
        if not left and not files:
            break
        told = "\n".join(f"node{node}: {process}" for node, found in left.items() for process in found)
        _must(took < LIMIT, f"{took:.0f} s after the end there are processes:\n{told}\nfiles: {files[:20]}")
        time.sleep(0.1)
    scene.note(f"clean {took:.1f} s after the end")


def scratch(scene: Scene, job: str) -> Iterable[str]:
    """Files and folders of a job on the nodes that are up: in the home folders, where temporary files are, too.

    What was made for every job, such as environments, may stay.
    """
    for node in scene.up():
        home = scene.there.home(node)
        for path in home.rglob("*"):
            name = str(path.relative_to(home))
            is_scratch = path.is_dir() and fnmatch(name, SCRATCH)
            if job in name or is_scratch or (name.startswith("tmp/") and not name.startswith(OF_RAY)):
                yield f"node{node}: {name}"


def must_be_consistent(scene: Scene, job: str) -> None:
    """Commits name whole segments, each mini-batch once; no claim of a driver is left, no file half written."""
    share = share_at(str(scene.share), scene.folder)
    place = scene.share / job
    if not place.exists():
        scene.note("the job's folder in the share is gone")
        return
    for number in sorted(int(file.stem) for file in (place / orders.FOLDER).iterdir()):
        order = orders.read(share, job, number)
        found = journal.read_all(share, job, order.prepared.manifest_digest, number)
        _must(not found.unread, f"commits of order {number} cannot be read: {found.unread}")
        whole = {name.text for name in names.whole(share.listed(f"{job}/{names.FOLDER}"))[0]}
        counted = sorted((one.first, one.end) for one in found.counted)
        overlap = [(one, other) for one, other in itertools.pairwise(counted) if one[1] > other[0]]
        _must(not overlap, f"mini-batches count twice in order {number}: {overlap}")
        gone = sorted(found.segments - whole)
        _must(not gone or _is_tidied(place), f"segments that count are not whole: {gone}")
        left = found.left_of(len(order.calls))
        _must(number < _last(place) or not left, f"order {number} has no result of the calls {left}")
    claims = sorted(file.name for file in (place / "drivers").glob("*"))
    _must(not claims, f"claims of drivers are left: {claims}")
    partial = [str(file) for file in place.rglob(".*.partial")]
    scene.note(f"{len(list((place / 'commits').glob('*')))} commits; files half written: {len(partial)}")


def _last(place: Path) -> int:
    return max(int(file.stem) for file in (place / orders.FOLDER).iterdir())


def _is_tidied(place: Path) -> bool:
    """Whether the segments were removed when all was collected."""
    return not any((place / names.FOLDER).glob("*.segment"))


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Violation(otherwise)
