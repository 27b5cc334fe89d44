"""The ways into a cluster: its share, its dashboard, and where the driver of a job is to be.

Reads this process's environment for the cluster's token; starts nothing.
"""

import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.runner.cluster import starting
from bep.runner.cluster.begun import Session
from bep.runner.cluster.ordering import secret_variables
from bep.runner.cluster.rest import Dashboard
from bep.runner.cluster.starting import Child, Driver, Submitted, words_of
from bep.runner.cluster.tokens import token_of
from bep.runner.errors import ClusterRefused, ShareRefused
from bep.runner.request import JobRequest, RayCluster
from bep.runner.shares.share import Share, share_at
from bep.runner.transfer.addresses import hidden

LOGS: Final = "sys/driver"
"""Where a job's folder of logs has what its drivers have printed."""


def has_ray() -> bool:
    """Whether a driver can be a process of this interpreter."""
    return find_spec("ray") is not None


def has_driver_here(cluster: RayCluster) -> bool:
    """Whether a job's driver is a process here, with Ray; else it comes in through the dashboard, without.

    Where the compute names both ways, machines of a cluster take the first: Ray joins none from elsewhere.
    """
    return bool(cluster.address) and has_ray() and (not cluster.dashboard or runs_a_node())


def runs_a_node(processes: Path = Path("/proc")) -> bool:
    """Whether this machine is a node of some Ray cluster; taken for one where processes cannot be looked at."""
    if not processes.is_dir():
        return True
    for name in processes.glob("[0-9]*/comm"):
        with suppress(OSError):
            if name.read_text() == "raylet\n":
                return True
    return False


def dashboard_at(url: str) -> Dashboard:
    """A cluster's, with its token. Raises `ClusterRefused` for a token that can be none."""
    return Dashboard(url, token_of(os.environ, Path.home()))


@dataclass(frozen=True)
class WaysIn:
    """Those of a job. `logs` is the folder where its drivers may print to."""

    request: JobRequest
    cluster: RayCluster
    logs: Path

    @property
    def is_child(self) -> bool:
        """Whether the driver is a process here. Raises `ClusterRefused` where it can be nowhere."""
        if has_driver_here(self.cluster):
            return True
        if self.cluster.dashboard:
            return False
        if self.cluster.address:
            raise ClusterRefused(
                f"the Ray cluster at {self.cluster.address} is reached with Ray, which this Python does not have\n"
                "    fix: install bep-batch[ray] with the version of Ray that the cluster has, or name the cluster's"
                " dashboard in the compute"
            )
        raise ClusterRefused("the compute names neither the address nor the dashboard of a Ray cluster")

    def dashboard(self) -> Dashboard:
        """The cluster's, with its token. Raises `ClusterRefused` for a token that can be none."""
        return dashboard_at(self.cluster.dashboard)

    def share(self) -> Share:
        """Where the job is brought to. Raises `ShareRefused`."""
        text, request = self.cluster.share, self.request
        if hidden(text) != text:
            raise ShareRefused(
                f"{hidden(text)}: the address of a cluster's share has a login in it, which others would read\n"
                "    fix: leave it out, and let the store's own variables or files have it, here and on all nodes"
            )
        share = share_at(text, request.workspace or Path.cwd())
        if request.settings.output_action == "summary_only" and share.root is None:
            raise ShareRefused(
                f"output_action is summary_only, so the script writes its own files, and they need a folder that all"
                f" machines see; {share.address} is a store\n    fix: name such a folder as the compute's share"
            )
        return share

    def driver_of(self, session: Session, share: Share, job: str) -> Driver:
        """The driver of a session, not begun."""
        address = str(share.root) if share.root else self.cluster.share
        words = words_of(address, job, session.order, session.name)
        log = self.logs / f"{session.name}.txt"
        if session.submission:
            return Submitted(self.dashboard(), session.submission, words, log, starting.MODULE)
        target = self.request.target
        values = target.environment_variables
        secret = {name: values[name] for name in secret_variables(target) if name in values}
        return Child([*words, "--ray", self.cluster.address], secret, log, starting.MODULE)
