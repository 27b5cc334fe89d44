"""What a model of so many megabytes costs to upload: `python -m tests.benchmarks.uploading 10240`.

A real `bep apply` against the double of the service, with Azurite as its blob service, all on this machine: the
emulator shares its processors and its disk, so megabytes a second are its own, too. Once undisturbed, and once killed
(SIGKILL) at half of the bytes and called again. Prints a JSON line each: seconds, megabytes a second, megabytes that
were left to send, peak memory of the process, and by how much that is more than with a model of one byte. Needs
`make services`, and twice the model's size on the disk of `--folder`.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.azure.double.serving import serving
from tests.azure.uploading import Ended, ended, fill
from tests.azure.workspace import Workspace
from tests.services.azurite import emulated

SPECS = """\
{kind: model, name: small, version: 1, path: small}
---
{kind: model, name: large, version: 1, path: large}
"""
CONTAINER = "models"


@contextmanager
def workspace(folder: Path, model: Path) -> Iterator[tuple[Workspace, float]]:
    """A workspace with a service of its own, and what an apply of a model of one byte has as its peak memory."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as name,
        emulated(Path(name), "workspacestore", "c3RvcmU=") as blobs,
        serving() as azure,
    ):
        blobs.container(CONTAINER)
        azure.keep_blobs_at(blobs.url, blobs.account, blobs.key, CONTAINER)
        here = Path(name, "workspace")
        for one in ("small", "large"):
            (here / one).mkdir(parents=True)
        (here / "small/weights").write_bytes(b"w")
        os.link(model, here / "large/weights")
        work = Workspace(here, azure, SPECS)
        yield work, done(work, "--target", "model/small/1")[0].peak


def done(work: Workspace, *more: str) -> tuple[Ended, float]:
    """An apply that has to go well, and its seconds."""
    began = time.perf_counter()
    found = ended(work.start("apply", "-y", *more))
    if found.status:
        raise SystemExit(f"bep apply exited {found.status}\n{found.said}")
    return found, time.perf_counter() - began


def killed_at(work: Workspace, there: int) -> int:
    """An apply that dies once so many bytes are there; how many there were then."""
    process = work.start("apply", "-y", "--json")
    assert process.stdout is not None
    for event in map(json.loads, process.stdout):
        if event.get("address") == "model/large/1" and event.get("bytes", 0) >= there:
            process.kill()
            process.communicate()
            return int(event["bytes"])
    raise SystemExit(f"the apply ended before {there} bytes were there")


def said(what: str, megabytes: float, sent: float, usual: float, found: Ended, seconds: float) -> dict[str, Any]:
    """The line of one apply."""
    return {
        "apply": what,
        "model_mb": megabytes,
        "sent_mb": round(sent),
        "seconds": round(seconds, 1),
        "mb_per_second": round(sent / seconds, 1),
        "peak_mb": round(found.peak),
        "more_than_with_one_byte_mb": round(found.peak - usual),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("megabytes", type=int)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    wished = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wished.folder) as name:
        model, size = Path(name, "weights"), wished.megabytes
        fill(model, size)
        with workspace(wished.folder, model) as (work, usual):
            print(json.dumps(said("undisturbed", size, size, usual, *done(work))), flush=True)
        with workspace(wished.folder, model) as (work, usual):
            left = size - killed_at(work, (size << 20) // 2) / (1 << 20)
            print(json.dumps(said("after a kill at half", size, left, usual, *done(work))), flush=True)


if __name__ == "__main__":
    main()
