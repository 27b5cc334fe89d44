"""The process of a driver: it reads an order from a share, has it scored by the agents of a Ray cluster, and says there
how that goes.

`python -m bep.runner.cluster.main --share S --job J --order N --session HEX [--ray ADDRESS] [--values]`. With
`--values` it begins when a line with values comes, by when the order is there; without such a line it ends with its
input. Exit code 0 when it has said how it ended, 1 where it cannot; then the reason is on stderr. No traceback reaches
anybody.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NoReturn

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.runner.cluster import journal, orders
from bep.runner.cluster.claims import claimed
from bep.runner.cluster.driving import PARTING, Driver
from bep.runner.cluster.orders import Order
from bep.runner.cluster.places import Heard, Places
from bep.runner.cluster.session import Halt, Session
from bep.runner.cluster.telling import Driving, State
from bep.runner.cluster.watching import Teller
from bep.runner.errors import JobInvalid
from bep.runner.folder.record import error_of
from bep.runner.segments.names import FOLDER
from bep.runner.shares.share import Share, share_at

Queue = SimpleQueue[Heard | Halt]
Cluster = Callable[[str, Order, Queue], Places]
"""Who places agents of an order, on the cluster at an address; what they say comes into the queue."""

AGENT: Final = "bep.app.cluster_agent"
"""The module that an agent's interpreter runs: it meets what builds environments, which this package does not know."""
_ALONE: Final = 45.0  # seconds that a driver gets to end which nobody follows any more
_SESSION = lazy_pattern("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for. `values` are those of secret variables, by name; with `is_watched` they came from
    a process that this one is not to outlive: the standard input ends with it."""

    share: str
    job: str
    order: int
    session: str
    ray: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_watched: bool = False


class Unasked(JobInvalid):
    """The process was started with something that it cannot read."""


def main() -> None:
    """Begin, and end at once when all is said: a cluster's client that hangs holds nobody up."""
    stderr = _quiet()
    threading.Thread(target=_import_ray, name="import", daemon=True).start()
    said = ""
    try:
        run(asked_of(sys.argv[1:]), _on_ray, Path("/dev/fd/2"))
    except JobInvalid as error:
        said = f"error[{error.code}]: {error}\n"
    except Exception as error:
        said = f"error[Internal]: {_in_words(error)}\n"
    os.write(stderr, said.encode(errors="replace"))
    os._exit(1 if said else 0)


def _import_ray() -> None:
    """Meanwhile the order is read, or is still on its way."""
    from bep.runner.cluster.on_ray import imported

    imported()


def run(asked: Asked, cluster: Cluster, log: Path | None = None) -> None:
    """Drive one session, from its order to its last word. Raises `JobInvalid` where that cannot be said in the share.

    SIGTERM, SIGINT and the end of who has begun this are as the mark of cancelling is.
    """
    share = share_at(asked.share, Path.cwd())
    queue: Queue = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: queue.put(Halt()))
    if asked.is_watched:
        threading.Thread(target=_end_with_client, args=(queue,), daemon=True).start()
    teller = Teller(share, lambda: queue.put(Halt()), log)
    first = Driving(job=asked.job, order=asked.order, session=asked.session, host=_host(), process=os.getpid())
    teller.start()
    teller.tell(first)
    driver: Driver | None = None
    try:
        driver = _driver(asked, share, queue, teller, cluster)
        last = driver.drive()
    except JobInvalid as error:
        last = _failed(first, error.code, str(error))
    except Exception as error:
        last = _failed(first, "Internal", _in_words(error))
    try:
        teller.end(last)
    finally:
        if driver is not None:
            driver.places.leave(PARTING)


def _end_with_client(queue: Queue) -> None:
    """Stop when nobody follows any more: what is settled by then is kept. Whoever goes on waits for this process."""
    with suppress(OSError, ValueError):
        sys.stdin.read()
    queue.put(Halt())
    time.sleep(_ALONE)
    os._exit(1)


def _driver(asked: Asked, share: Share, queue: Queue, teller: Teller, cluster: Cluster) -> Driver:
    order = orders.read(share, asked.job, asked.order)
    session = Session(share, asked.share, order, asked.session, _host(), os.getpid(), dict(asked.values))
    claim = claimed(share, asked.job, asked.session, session.host, session.process)
    found = journal.read_all(share, asked.job, order.prepared.manifest_digest, order.number)
    before = found.standing(share.listed(f"{asked.job}/{FOLDER}"))
    return Driver(session, before, claim, cluster(asked.ray, order, queue), queue, teller)


def _failed(first: Driving, code: str, message: str) -> Driving:
    return first.model_copy(update={"state": State.FAILED, "error": error_of(code, message)})


def _in_words(error: Exception) -> str:
    """What is said of an error that nobody has foreseen: where it was raised, and no line of code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return f"the driver has ended for {type(error).__name__}{where}: {error}"


def _host() -> str:
    return os.uname().nodename


def _on_ray(address: str, order: Order, queue: Queue) -> Places:
    from bep.runner.cluster.on_ray import Carried, RayPlaces
    from bep.runner.cluster.ray_nodes import ask_of
    from bep.runner.cluster.surroundings import of_agent
    from bep.runner.cluster.sweeping import mark_of

    patterns = of_agent(order.prepared.target.secret_variables)
    carried = Carried(AGENT, patterns, (AGENT, "--sweep", mark_of(order.prepared)))
    return RayPlaces(address or order.cluster.address, ask_of(order.cluster), carried, queue)


class _Parser(argparse.ArgumentParser):
    """One that says what it says in the way of this process."""

    def error(self, message: str) -> NoReturn:
        raise Unasked(message)


def asked_of(words: Sequence[str]) -> Asked:
    """What a command line asks for; the standard input is read where it says so. Raises `JobInvalid`."""
    parser = _Parser(prog="driver", add_help=False, allow_abbrev=False)
    for name in ("share", "job", "session"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--order", type=int, required=True)
    parser.add_argument("--ray", default="")
    parser.add_argument("--values", action="store_true")
    given = parser.parse_args(words)
    if not _SESSION.fullmatch(given.session):
        raise Unasked(f"{given.session!r} is no session: that is 8 hexadecimal digits")
    values = _values(sys.stdin.readline()) if given.values else {}
    return Asked(given.share, given.job, given.order, given.session, given.ray, values, is_watched=given.values)


def _values(line: str) -> dict[str, str]:
    """The values of secret variables. What is wrong is said without them."""
    if not line:
        raise Unasked("who has begun this driver has ended, or has nothing for it")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Unasked("the first line of the standard input is to be a JSON object of names and texts, and is none")
    return found


def _quiet() -> int:
    """Let what libraries and the cluster's client print go to a file that has no name; the stderr of before, for the
    last words."""
    stderr = os.dup(2)
    file, name = tempfile.mkstemp(prefix="bep-driver-")
    Path(name).unlink()
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    return stderr


if __name__ == "__main__":
    main()
