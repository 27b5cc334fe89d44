"""Why a job on a cluster stops before its end, in words. Pure; knows no node."""

from typing import Final

from bep.runner.folder.record import JobError

OF_THE_SCRIPT: Final = ("ScriptInvalid", "InitFailed")
"""Codes of what an engine says of a script that cannot be prepared: it is the same script on every node."""


def no_node(timeout: float, why: str = "") -> JobError:
    """Not one node was ready in so many seconds; why the last that tried was not."""
    tried = f"; the last that was to be was lost for: {why}" if why else ""
    return JobError(
        code="NoNode",
        message=f"no node of the cluster was ready within {timeout:g} s{tried}",
        fix="see what the cluster says of the resources that the job asks for, ask for fewer, or raise start_timeout",
    )


def no_node_left(lost: int, why: str, timeout: float) -> JobError:
    """All nodes were lost, so many in all, the last one for this reason, and no other came in so many seconds."""
    nodes = "the node that scored" if lost == 1 else f"the last of the nodes that scored ({lost} were lost in all)"
    return JobError(
        code="NoNode",
        message=f"{nodes} was lost, and no other was ready within {timeout:g} s; it was lost for: {why}",
        fix="see to the cluster's nodes; a resumed job goes on from here",
    )


def nodes_fruitless(lost: int, why: str) -> JobError:
    """So many nodes were lost one after another, and none of them has scored anything."""
    return JobError(
        code="NodesLost",
        message=f"{lost} nodes were lost in a row, and nothing was scored meanwhile; the last one was lost for: {why}",
        fix="see the node's log; a script that takes more memory than a node has is the usual reason; a resumed job "
        "goes on from here",
    )


def agents_end(host: str, lost: int, why: str) -> JobError:
    """On a node every agent has ended, so many in a row, the last one for this reason."""
    return JobError(
        code="NodesLost",
        message=f"on {host} {lost} agents ended one after another before anything was scored; the last one: {why}",
        fix="see the node's log, and that of Ray there; a resumed job goes on from here",
    )


def head_silent(seconds: float) -> JobError:
    """The head of the cluster has not answered for so long."""
    return JobError(
        code="ClusterLost",
        message=f"the head of the cluster has not answered for {seconds:g} s",
        fix="see whether the cluster's head runs; a resumed job goes on from here, also on a new cluster",
    )


def with_pending(error: JobError, waits_for: str) -> JobError:
    """The same where no node came, with what the cluster says of what it has not given."""
    if error.code != "NoNode" or not waits_for:
        return error
    return error.model_copy(update={"message": f"{error.message}: {waits_for}"})
