"""A driver that scores nothing: it cuts what it is ordered from a run of this machine. It can go wrong in many ways.

`FAKE` in its environment is JSON: `from` is the folder of that run, `calls` how many calls are in one segment; each of
the faults happens after so many segments, and those of a `once` file only when that is not there yet.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from bep.runner.cluster import claims, orders, telling
from bep.runner.cluster import messages as told
from bep.runner.cluster.batches import Batches, total
from bep.runner.cluster.journal import Journal, read_all
from bep.runner.cluster.telling import Driving, Node, State
from bep.runner.errors import NotShared
from bep.runner.folder import journal, parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobError
from bep.runner.segments import names, writing
from bep.runner.segments.format import Head
from bep.runner.shares.share import share_at

FAKE = json.loads(os.environ["FAKE"])


def is_time(fault: str, segments: int) -> bool:
    """Whether a fault happens now."""
    if FAKE.get(fault) != segments:
        return False
    once = Path(FAKE["once"]) if "once" in FAKE else None
    if once is not None and once.exists():
        return False
    if once is not None:
        once.touch()
    return True


class Fake:
    def __init__(self, asked: argparse.Namespace) -> None:
        self.share = share_at(asked.share, Path.cwd())
        self.order = orders.read(self.share, asked.job, asked.order)
        self.job, self.session = asked.job, asked.session
        self.claim = claims.claimed(self.share, self.job, self.session, "fake", os.getpid())
        self.told = Driving(job=self.job, order=asked.order, session=self.session, host="fake", process=os.getpid())
        digest = self.order.prepared.manifest_digest
        self.journal = Journal(self.share, self.job, digest, asked.order, self.session, print, together=0)
        self.folder = JobFolder(Path(FAKE["from"]))
        self.failures = tuple(journal.read(self.folder.journal))
        self.written = 0

    def tell(self, **changes: object) -> None:
        self.told = self.told.model_copy(update={"number": self.told.number + 1, **changes})
        self.share.put(telling.place_of(self.job, self.session), telling.written(self.told))
        self.claim.beat()

    def is_cancelled(self) -> bool:
        try:
            self.share.read(telling.cancel_place(self.job, self.session))
        except NotShared:
            return False
        return not FAKE.get("deaf")

    def score(self, batches: Batches) -> None:
        """A segment for each range of items of these calls, then the commit."""
        for span in self.order.calls.within(batches):
            self.written += 1
            node = f"node{self.written % 2}-{self.session}"
            head = Head(self.order.prepared.manifest_digest, span.first, span.end, self.session, self.written, node)
            pieces = tuple(one for one in parts.in_order(self.folder.parts) if span.first <= one.first < span.end)
            file = Path(FAKE["scratch"]) / f"segment-{self.session}"
            name = writing.write(file, head, pieces, self.failures, self.folder.parts)
            content = file.read_bytes()
            if is_time("damage", self.written):
                content = content[:-100] + b"x" + content[-99:]
            self.share.put(f"{self.job}/{names.FOLDER}/{name.text}", content)
            first = batches.first + (span.first - self.order.calls.within(batches)[0].first) // span.size
            piece = Batches(first, first + span.calls)
            self.journal.count([told.Piece(piece, span.count - name.failed, name.failed, name.text)])
            self.told = self.told.model_copy(
                update={"scored": self.told.scored + span.count - name.failed, "failed": self.told.failed + name.failed}
            )

    def run(self) -> int:
        self.journal.start()
        self.share.put(f"{self.job}/logs/node0-{self.session}/stdout/process000.stdout.txt", b"said by a script\n")
        if "own" in FAKE:
            self.share.put(f"{self.job}/output/below/own.txt", FAKE["own"].encode())
        done = read_all(self.share, self.job, self.order.prepared.manifest_digest, self.order.number)
        left = done.standing(self.share.listed(f"{self.job}/segments")).left_of(len(self.order.calls))
        for node in range(FAKE.get("lost", 0)):
            nodes = (*self.told.nodes, Node(name=f"lost{node}-{self.session}", host="h", state="lost", why="no power"))
            self.tell(nodes=nodes)
        workers = (("process000", "scoring", 0.5, 0, 1000),)
        ready = Node(name=f"node0-{self.session}", host="here", state="scoring", workers=workers)
        self.tell(state=State.RUNNING, nodes=(*self.told.nodes, ready), lines=((1, "warning: it is a fake"), (2, "hm")))
        for one in left:
            for batches in one.pieces(-(-one.size // FAKE.get("calls", 3))):
                if self.is_cancelled():
                    return self.end(State.CANCELLED)
                self.wrong()
                if batches.first in FAKE.get("given_up", ()):
                    for batch in range(*batches):
                        self.journal.give_up(told.GiveUp(batch, 2, "no power"))
                else:
                    self.score(batches)
                self.tell(retries=self.told.retries + 1)
                time.sleep(FAKE.get("pause", 0))
        self.wrong()
        assert total(left) >= 0
        return self.end(State.FAILED if FAKE.get("error") else State.DONE)

    def wrong(self) -> None:
        if is_time("die", self.written):
            self.journal.close()
            os.kill(os.getpid(), signal.SIGKILL)
        if is_time("exit", self.written):
            self.journal.close()
            sys.exit("this is why")
        if is_time("silent", self.written):
            time.sleep(3600)

    def end(self, state: State) -> int:
        self.journal.close()
        error = JobError(code="Wrong", message="all is wrong", fix="mend it") if state is State.FAILED else None
        self.tell(state=state, error=error)
        self.claim.let_go()
        return 0


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("--share", "--job", "--session", "--ray"):
        parser.add_argument(name)
    parser.add_argument("--order", type=int)
    parser.add_argument("--values", action="store_true")
    asked = parser.parse_args()
    if asked.values:
        values = json.loads(sys.stdin.readline())
        Path(FAKE["scratch"], "values.json").write_text(json.dumps(values))

        def watch() -> None:
            sys.stdin.read()
            os._exit(3)

        threading.Thread(target=watch, daemon=True).start()
    with Path(FAKE["scratch"], "sessions").open("a") as file:
        file.write(f"{os.getpid()} {asked.session} {asked.ray}\n")
    print("a notice of the cluster", file=sys.stderr, flush=True)
    return Fake(asked).run()


if __name__ == "__main__":
    sys.exit(main())
