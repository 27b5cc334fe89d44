"""What each worker of a running job does, a line each, under the line of progress; of a job on a cluster, what each
node does. Pure: no terminal, no clock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bep.commands.jobs.progress import duration, size

if TYPE_CHECKING:
    from bep.app.jobs.events import WorkerState

_MOST = 8  # lines
_ROOM = 4  # rows of the terminal that are left to what was said before, and to the line of progress
_LONG = 2  # seconds after which somebody may ask what a worker is doing so long
_ORDER = ("ending", "scoring", "preparing", "stopping", "waiting")


def worker_lines(workers: "Sequence[WorkerState]", mini_batch_size: int | None, width: int, rows: int) -> list[str]:
    """At most eight lines of less than `width` columns, fewer where the terminal has few rows; the rest in numbers.

    A lone worker gets none: the line of progress says all there is to say of it. `mini_batch_size` is None where
    mini-batches have no one size: then a worker is at a file.
    """
    most = min(_MOST, rows - _ROOM)
    if len(workers) < 2 or most < 2 or width < 2:
        return []
    shown = workers if len(workers) <= most else _telling(workers, most - 1)
    lines = ["  " + _line(worker, mini_batch_size, width - 3) for worker in shown]
    if len(shown) < len(workers):
        named = {worker.name for worker in shown}
        lines.append("  " + _others([worker for worker in workers if worker.name not in named]))
    return [line[: width - 1] for line in lines]


def node_lines(workers: "Sequence[WorkerState]", mini_batch_size: int | None, width: int, rows: int) -> list[str]:
    """The same with a line for each node: what its workers do, and who of them has been at one thing longest."""
    most = min(_MOST, rows - _ROOM)
    of: dict[str, list[WorkerState]] = {}
    for worker in workers:
        of.setdefault(worker.node, []).append(worker)
    if not of or most < 2 or width < 2:
        return []
    nodes = sorted(of, key=_number)
    shown = nodes if len(nodes) <= most else _telling_nodes(of, most - 1)
    lines = ["  " + _node_line(name, of[name], mini_batch_size, width - 3) for name in shown]
    if len(shown) < len(nodes):
        others = [worker for name in nodes if name not in set(shown) for worker in of[name]]
        lines.append(f"  and {len(nodes) - len(shown)} more nodes: {_counted(others)}")
    return [line[: width - 1] for line in lines]


def _telling_nodes(of: "Mapping[str, Sequence[WorkerState]]", most: int) -> list[str]:
    longest = sorted(of, key=lambda name: (-max((one.seconds for one in of[name] if _is_long(one)), default=0.0), name))
    return sorted(longest[:most], key=_number)


def _number(node: str) -> tuple[int, str]:
    digits = _short(node).removeprefix("node")
    return (int(digits) if digits.isdecimal() else 0, node)


def _short(node: str) -> str:
    """`node3` of `node3-1a2b3c4d`: nobody waits for the session."""
    return node.partition("-")[0]


def _node_line(node: str, workers: "Sequence[WorkerState]", mini_batch_size: int | None, width: int) -> str:
    slowest = max(workers, key=lambda one: one.seconds if one.state != "waiting" else -1.0)
    since = duration(slowest.seconds) if slowest.state != "waiting" and slowest.seconds >= 1 else ""
    item = "" if slowest.item is None or not since else _at(slowest.item, mini_batch_size)
    memory = sum(one.memory or 0 for one in workers)
    columns = [
        f"{_short(node):<8}",
        f"{_counted(workers):<24}",
        f"{since:>12}",
        f"{size(memory) if memory else '':>7}",
        item,
    ]
    while len(columns) > 2 and len("  ".join(columns).rstrip()) > width:
        columns.pop()
    return "  ".join(columns).rstrip()


def _telling(workers: "Sequence[WorkerState]", most: int) -> "list[WorkerState]":
    """Those that have been at one thing for long, then by their names: lines do not change places all the time."""
    longest = sorted(workers, key=lambda worker: (-worker.seconds if _is_long(worker) else 0.0, worker.name))
    return sorted(longest[:most], key=lambda worker: worker.name)


def _is_long(worker: "WorkerState") -> bool:
    return worker.state == "ending" or (worker.state != "waiting" and worker.seconds >= _LONG)


def _line(worker: "WorkerState", mini_batch_size: int | None, width: int) -> str:
    """Columns of one width for every worker; the last ones are left out where there is no room for them."""
    since = duration(worker.seconds) if worker.seconds >= 1 else ""
    item = "" if worker.item is None else _at(worker.item, mini_batch_size)
    memory = size(worker.memory) if worker.memory else ""
    columns = [f"{worker.name:<10}", f"{worker.state:<9}", f"{since:>12}", f"{memory:>7}", item]
    while len(columns) > 2 and len("  ".join(columns).rstrip()) > width:
        columns.pop()
    return "  ".join(columns).rstrip()


def _at(item: int, mini_batch_size: int | None) -> str:
    return f"mini-batch {item // mini_batch_size:,}" if mini_batch_size else f"file {item:,}"


def _others(workers: "Sequence[WorkerState]") -> str:
    """`and 5 more: 3 scoring, 2 preparing`."""
    return f"and {len(workers)} more: {_counted(workers)}"


def _counted(workers: "Sequence[WorkerState]") -> str:
    """`3 scoring, 2 preparing`."""
    counts = Counter(worker.state for worker in workers)
    return ", ".join(f"{counts[state]} {state}" for state in _ORDER if counts[state])
