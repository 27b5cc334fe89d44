"""Large files on their way into the blob service behind the double: made, sent, measured."""

import hashlib
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.azure.double.double import Double

MEGABYTE = 1 << 20


def fill(path: Path, megabytes: int) -> None:
    """A file without two equal megabytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(hashlib.sha256(str(number).encode()).digest() * (MEGABYTE // 32))


def blobs(azure: Double, container: str = "") -> dict[str, bytes]:
    """Every blob of a container: of the default datastore's, if none is named."""
    from azure.storage.blob import ContainerClient

    with ContainerClient(azure.blob.url, container or azure.blob.container, credential=azure.blob.key) as found:
        return {str(one.name): bytes(found.download_blob(one.name).readall()) for one in found.list_blobs()}


class Ended(NamedTuple):
    """How a process has ended: its exit status, the most memory that it had in megabytes, what it said."""

    status: int
    peak: float
    said: str


def ended(process: "subprocess.Popen[str]") -> Ended:
    """Wait for a process that says little."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    said = "".join(process.communicate())
    return Ended(process.returncode, usage.ru_maxrss / 1024, said)
