"""Which changes of a plan may start, which must wait, which never will. Pure; starts nothing itself."""

import heapq
from collections import defaultdict
from collections.abc import Sequence

from bep.planner.plan import Change


class Frontier:
    """The graph of changes, eaten from the front, in the plan's own order among those that may start."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = {change.id: change for change in changes}
        self._place = {change.id: place for place, change in enumerate(changes)}
        self._waits = {change.id: {id for id in change.needs if id in self._changes} for change in changes}
        self._followers: defaultdict[str, list[str]] = defaultdict(list)
        for id, needs in self._waits.items():
            for needed in sorted(needs):
                self._followers[needed].append(id)
        self._ended: set[str] = set()
        self._ready = [self._place[id] for id, needs in self._waits.items() if not needs]
        self._order = list(changes)
        heapq.heapify(self._ready)

    def first(self) -> Change | None:
        """The next change that needs nothing more, still in place; None if all others wait."""
        return self._order[self._ready[0]] if self._ready else None

    def take(self) -> None:
        """Take `first` out: it has been started."""
        heapq.heappop(self._ready)

    def done(self, id: str) -> None:
        """What waited for this one only may start."""
        self._ended.add(id)
        for follower in self._followers[id]:
            self._waits[follower].discard(id)
            if not self._waits[follower] and follower not in self._ended:
                heapq.heappush(self._ready, self._place[follower])

    def failed(self, id: str) -> list[Change]:
        """Everything that needs this one, near or far, in the plan's order: none of it will start."""
        self._ended.add(id)
        skipped, waiting = [], list(self._followers[id])
        while waiting:
            follower = waiting.pop()
            if follower not in self._ended:
                self._ended.add(follower)
                skipped.append(self._changes[follower])
                waiting.extend(self._followers[follower])
        return sorted(skipped, key=lambda change: self._place[change.id])
