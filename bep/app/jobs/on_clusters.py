"""What a job on a Ray cluster has beyond this machine: drivers that may live on, and its folder in the share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord
    from bep.runner.shares.share import Share
    from bep.runner.transfer.transfers import Board


def end_drivers(record: "JobRecord") -> None:
    """End what goes on in a cluster for a job that nobody runs here any more: by a mark in its share, and where that is
    not heard, by the cluster itself. Nothing for a job of this machine.

    Raises `ShareRefused` and `ClusterRefused` where nobody can tell whether it goes on, `JobBusy` where it does not
    end.
    """
    if record.cluster is None:
        return
    from bep.runner.cluster import begun
    from bep.runner.cluster.earlier import Earlier
    from bep.runner.cluster.ways_in import dashboard_at
    from bep.runner.folder.folder import JobFolder

    url = record.cluster.dashboard
    if sessions := begun.read(JobFolder(record.folder)).sessions:
        drivers = Earlier(_share(record), record.name, lambda: dashboard_at(url))
        drivers.end(sessions, _board("waiting for the end of the job in the cluster"))


def free_share(record: "JobRecord") -> None:
    """Remove what a job has in the share of its cluster: all that counts of it is in its own folder.

    Raises `ShareRefused` where that cannot be done, and `JobInvalid` where the share has another job of this name.
    """
    if record.cluster is None:
        return
    from bep.runner.cluster.ordering import earlier_orders
    from bep.runner.cluster.orders import FOLDER
    from bep.runner.shares.freeing import free

    share = _share(record)
    earlier_orders(share, record.model_copy(update={"runs": record.runs + 1}))
    free(share, record.name, (FOLDER,), _board("removing what the share has"))


def _share(record: "JobRecord") -> "Share":
    from bep.runner.shares.share import share_at

    assert record.cluster is not None  # whoever asks has looked
    return share_at(record.cluster.share, record.workspace or record.folder)


def _board(doing: str) -> "Board":
    from bep.runner.errors import ShareRefused
    from bep.runner.transfer.transfers import Board

    return Board(doing, ShareRefused)
