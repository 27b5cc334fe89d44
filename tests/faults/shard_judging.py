"""What has to hold of a scene of shards after a merge, whatever has befallen it."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bep.runner.segments import names
from bep.runner.shards import status
from bep.runner.shares.share import share_at
from tests.faults.shard_scene import Scene

_OLD: Final = 2 * 86_400  # seconds: what is as old as that in a share is nobody's any more


class Violation(Exception):
    """Something is not as it has to be; the folder of the scene has all that is needed to look at it."""


def judge(scene: Scene, job: str) -> int:
    """Raise `Violation` unless all is as it has to be after a merge. How many files of killed writers were in the
    share, which bep shows to nobody, and removes when they are old."""
    _must_be_right(scene, job)
    _must_be_alone(scene)
    _must_have_no_traceback(scene)
    left = len(scene.partial)
    _must_have_known_names(scene, job)
    return left


def _must_be_right(scene: Scene, job: str) -> None:
    rows = Counter(line.split()[0] for line in scene.output(job).decode().splitlines())
    twice = [name for name, many in rows.items() if many != 1]
    _must(not twice, f"rows of these items are there more than once: {twice}")
    _must(scene.output(job) == scene.wanted, "the output differs from that of the local run")
    _must(scene.failed_items(job) == scene.failed, "other items failed than in the local run")
    written = [path.name for path in (scene.folder / "ws" / job).iterdir()]
    _must(written == ["predictions.csv"], f"beside the output there is something: {written}")
    _must(not (scene.job_folder(job) / "merging").exists(), "the folder that merge fetches into is left")


def _must_have_no_traceback(scene: Scene) -> None:
    for said in scene.said:  # those of the script are told indented
        _must(not any(line.startswith("Traceback") for line in said.splitlines()), f"there is a traceback:\n{said}")


def _must_be_alone(scene: Scene) -> None:
    for _ in range(600):
        living = dict(_living(scene))
        if not living:
            break
        time.sleep(0.05)
    else:
        _must(False, f"processes are left: {living}")
    scratch = [path for path in (scene.folder / "machine/cache/bep/shards").glob("*/*") if path.is_dir()]
    _must(not scratch, f"scratch folders are left: {scratch}")
    rest = sorted(str(path) for path in (scene.folder / "machine").iterdir() if path.name != "cache")
    rest += sorted(map(str, (scene.folder / "machine/tmp").iterdir()))
    _must(rest == [str(scene.folder / "machine/tmp")], f"files are left on the machine: {rest}")


def _living(scene: Scene) -> Iterator[tuple[int, str]]:
    """Processes that have anything to do with the scene, by what they were given: those of scripts as well."""
    known = (os.getpid(), scene.server.process.pid if scene.server.process else 0)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) not in known:
            try:
                called = (entry / "cmdline").read_bytes()
                said = called + (entry / "environ").read_bytes() + os.fsencode((entry / "cwd").readlink())
            except OSError:
                continue
            if os.fsencode(scene.folder) in said and called:
                yield int(entry.name), called.replace(b"\0", b" ").decode()


def _must_have_known_names(scene: Scene, job: str) -> None:
    for path in scene.partial:
        os.utime(path, (time.time() - _OLD,) * 2)
    there = share_at(str(scene.place), scene.folder).listed(job)
    if job == "folder":  # on a store, a file that is cut short stays, and does not count
        _, torn = names.whole(share_at(str(scene.place), scene.folder).listed(f"{job}/{names.FOLDER}"))
        _must(not torn, f"segments in a folder are not whole: {torn}")
    _must(not scene.partial, f"nobody removes these from the share: {scene.partial}")
    base = scene.folder / "kept" / job / "share"
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
        raise Violation(otherwise)
