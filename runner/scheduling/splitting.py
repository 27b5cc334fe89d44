"""A mini-batch that is split to find its bad items, at a bounded cost. Pure: no process, no file, no clock."""

from collections import deque

from bep.lazy_dataclasses import dataclass, field
from bep.runner.span import Span


@dataclass(slots=True)
class Splitting:
    """A mini-batch whose attempts are exhausted, in smaller calls, and in smaller ones yet where these fail.

    `cuts` is how many of these calls may still end by a timeout or a death; no more are begun at a time, so no more
    can. Those that end at once are never more than twice the items: each part is called once, which makes two fewer,
    and `spare` is how many more there may be. Parts that are not begun are `waiting`; `repeats` are single items
    with a second call, after all that wait: they may have stood behind the guilty one and have failed by chance.
    """

    cuts: int
    spare: int = 2
    begun: set[Span] = field(default_factory=set)
    waiting: deque[Span] = field(default_factory=deque)
    repeats: deque[Span] = field(default_factory=deque)
    repeated: set[Span] = field(default_factory=set)

    def next(self) -> Span | None:
        """The part to begin now, if one may be."""
        found = None
        if self.waiting and len(self.begun) < self.cuts:
            found = self.waiting.popleft()
        elif self.repeats and not self.waiting and not self.begun:
            found = self.repeats.popleft()
        if found:
            self.begun.add(found)
        return found

    def drop(self, part: Span) -> None:
        """This part's call has ended, if it ever began: the calls of a past run are known by their ends alone."""
        self.begun.discard(part)
        for queue in (self.waiting, self.repeats):
            if part in queue:
                queue.remove(part)
