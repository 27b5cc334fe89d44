"""An agent that is none: it speaks the lines, sleeps in the place of scoring, and writes segments whose rows are the
numbers of the items. `python -m tests.cluster.fake_agent '{"seconds": 0.01}'`; it may be in FAKE_AGENT, too.

`seconds` is what one call takes, `deadly` items end it when they begin, `broken` is a sentence that it says at once,
`unready` lets it prepare for ever, and `together` is how many agents are to be ready before one scores.
"""

import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bep.runner.cluster import lines, orders
from bep.runner.folder.record import JobError
from bep.runner.segments import names, writing
from bep.runner.segments.format import Head
from bep.runner.shares.share import share_at
from bep.runner.span import Span
from tests.runner.segments.scored import Call, pieces, scored


class Agent:
    """One process of it."""

    def __init__(self, begin: lines.Begin, how: dict[str, Any]) -> None:
        self.begin, self.how = begin, how
        self.share = share_at(begin.share, Path.cwd())
        self.order = orders.read(self.share, begin.job, begin.order)
        self.name = secrets.token_hex(4)
        self.attempt = 0
        self.open: dict[int, tuple[list[Span], list[Span]]] = {}  # what is left and what is done
        self.changed = threading.Condition()
        self.last = 0
        self.is_hungry = False
        self.is_over = False

    def hear(self, message: lines.Message | None) -> bool:
        """Whether it goes on."""
        match message:
            case lines.Grant():
                self.give(message)
            case lines.Revoke():
                self.revoke(message.key)
            case lines.Ping():
                say(lines.Pong(number=message.number))
                say(lines.Doing(items_per_second=1.0, workers=(("process000", "scoring", 1.0, 0, None),)))
        return not isinstance(message, lines.Stop)

    def give(self, grant: lines.Grant) -> None:
        calls = [
            span.call(first) for span in lines.spans_of(grant.spans) for first in range(span.first, span.end, span.size)
        ]
        with self.changed:
            self.open[grant.key] = (calls, [])
            self.last, self.is_hungry = grant.key, False
            self.changed.notify_all()

    def revoke(self, key: int) -> None:
        with self.changed:
            if key in self.open:
                left, _ = self.open[key]
                returned = tuple(left)
                left.clear()
                say(lines.Returned(key=key, spans=lines.as_spans(returned)))
                self.changed.notify_all()

    def wait_for_others(self) -> None:
        """Until as many agents of this job have been ready as `together` says."""
        mark = f"{self.begin.job}/ready"
        self.share.put(f"{mark}/{self.begin.node}", b"")
        while len(self.share.listed(mark)) < self.how.get("together", 1):
            time.sleep(0.05)

    def score(self) -> None:
        self.wait_for_others()
        while not self.is_over:
            with self.changed:
                self.changed.wait_for(lambda: self.open or self.is_over, 0.5)
                key = next(iter(self.open), 0)
                call = self.open[key][0].pop(0) if key and self.open[key][0] else None
            if call is not None:
                if set(range(call.first, call.end)) & set(self.how.get("deadly", ())):
                    os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(self.how.get("seconds", 0.0))
                self.open[key][1].append(call)
            with self.changed:
                if key and not self.open[key][0]:
                    _, done = self.open.pop(key)
                    self.settle(key, done)
                if not any(left for left, _ in self.open.values()) and self.last and not self.is_hungry:
                    self.is_hungry = True
                    say(lines.Hungry(key=self.last))

    def settle(self, key: int, done: Sequence[Span]) -> None:
        ranges: list[list[int]] = []
        for call in sorted(done, key=lambda call: call.first):
            if ranges and ranges[-1][1] == call.first:
                ranges[-1][1] = call.end
            else:
                ranges.append([call.first, call.end])
        told = tuple(self.publish(first, end) for first, end in ranges)
        say(lines.Settled(key=key, pieces=told))

    def publish(self, first: int, end: int) -> lines.Piece:
        self.attempt += 1
        manifest = self.order.prepared.manifest_digest
        head = Head(manifest, first, end, self.name, self.attempt, self.begin.node)
        with tempfile.TemporaryDirectory() as folder:
            rows = "".join(f"{item}\n" for item in range(first, end)).encode()
            scored(Path(folder), [Call(first, end - first, end - first, rows)])
            name = writing.write(Path(folder, "segment"), head, pieces(Path(folder)), (), Path(folder))
            self.share.put(f"{self.begin.job}/{names.FOLDER}/{name.text}", Path(folder, "segment"))
        return lines.Piece(first=first, end=end, scored=end - first, failed=0, segment=name.text)


def say(message: lines.Message) -> None:
    with SAYING:
        sys.stdout.write(lines.line_of(message) + "\n")
        sys.stdout.flush()


SAYING = threading.Lock()


def main() -> None:
    if sys.argv[1:2] == ["--sweep"]:
        Path(os.environ["HOME"], "swept").write_text(sys.argv[2])
        return
    how = json.loads(sys.argv[1] if sys.argv[1:] else os.environ["FAKE_AGENT"])
    begin = lines.message_of(sys.stdin.readline())
    assert isinstance(begin, lines.Begin)
    if how.get("broken"):
        error = JobError(code="NotReady", message=how["broken"])
        say(lines.Broken(error=error, everywhere=bool(how.get("everywhere"))))
        return
    agent = Agent(begin, how)
    if values := begin.values:
        say(lines.Said(text=f"it has {', '.join(sorted(values))}"))
    if not how.get("unready"):
        say(lines.Ready(workers=1, host=os.uname().nodename, process=os.getpid()))
    threading.Thread(target=agent.score, daemon=True).start()
    for line in sys.stdin:
        if not agent.hear(lines.message_of(line)):
            say(lines.Stopped())
            return


if __name__ == "__main__":
    main()
