"""What would keep a job from its Ray cluster, looked at before it is begun or in line: all of it at once.

It asks the cluster's dashboard for its version, and puts a small object into the share. Starts nothing there.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.distribution import install
from bep.schemas.findings.finding import Finding, SpecInvalid, mistake
from bep.schemas.fixes import parted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bep.app.workspace.contexts import Specs
    from bep.runner.request import RayCluster

_PATIENCE: Final = 10.0  # seconds for one answer
AUTO: Final = "auto"


def must_be_reached(opened: "Specs", cluster: "RayCluster | None", compute: str) -> None:
    """Raise `SpecInvalid` with everything that keeps a job from the cluster that a compute is; None: it is on none."""
    if cluster is not None and (wrong := list(troubles(opened, cluster, compute))):
        raise SpecInvalid(wrong)


def troubles(opened: "Specs", cluster: "RayCluster", compute: str) -> Iterator[Finding]:
    """Everything that keeps a job from a cluster."""
    yield from _of_the_way(cluster, compute, opened.environment)
    yield from _of_the_share(opened, cluster, compute)


def way_in(cluster: "RayCluster") -> str:
    """How a job of this machine comes in, in words."""
    from bep.runner.cluster.ways_in import has_driver_here

    if has_driver_here(cluster):
        return f"Ray {version('ray')} on this machine, cluster at {cluster.address}"
    return f"the dashboard at {cluster.dashboard}" if cluster.dashboard else f"{cluster.address}, with Ray"


def _of_the_way(cluster: "RayCluster", compute: str, environment: "Mapping[str, str]") -> Iterator[Finding]:
    from bep.runner.cluster.ways_in import has_driver_here

    if has_driver_here(cluster):
        if cluster.address != AUTO and (why := _silence(cluster.address)):
            message = f"{cluster.address}, where Ray's head is to be, does not answer: {why}"
            fix = "see whether the cluster runs, and whether address names its head and the port of its GCS"
            yield mistake("cluster-not-reached", compute, message, fix)
    elif not cluster.dashboard:
        message = "it has an address and no dashboard, and this machine has no Ray that could come in there"
        fix = f"{install('ray')}; or give the compute its dashboard, through which jobs come in without Ray"
        yield mistake("ray-not-here", compute, message, fix)
    else:
        yield from _of_the_dashboard(cluster.dashboard, compute, environment)


def _of_the_dashboard(url: str, compute: str, environment: "Mapping[str, str]") -> Iterator[Finding]:
    from bep.runner.cluster.rest import Dashboard
    from bep.runner.cluster.tokens import token_of
    from bep.runner.errors import ClusterRefused

    try:
        Dashboard(url, token_of(environment, Path.home()), _PATIENCE).version()
    except ClusterRefused as refused:
        yield _told("cluster-not-reached", compute, refused)


def _of_the_share(opened: "Specs", cluster: "RayCluster", compute: str) -> Iterator[Finding]:
    from bep.runner.errors import JobInvalid
    from bep.runner.shares.share import share_at

    name = f"bep-check-{secrets.token_hex(8)}"
    try:
        share = share_at(cluster.share, opened.root)
        share.put(name, b"bep looks whether it can write here; this may be removed\n")
        share.remove(name)
    except JobInvalid as refused:
        yield _told("share-not-writable", compute, refused)


def _told(code: str, compute: str, refused: Exception) -> Finding:
    return mistake(code, compute, *parted(str(refused)))


def _silence(address: str) -> str:
    """Why nobody answers at HOST:PORT; nothing where somebody does."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE):
            return ""
    except OSError as error:
        return error.strerror or str(error) or os.strerror(error.errno or 0)
    except (ValueError, OverflowError):
        return f"{port} is no port"
