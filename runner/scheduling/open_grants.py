"""Grants that are not settled yet: what is known of their items. Pure: no process, no file, no clock."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from bep.lazy_dataclasses import dataclass, field
from bep.runner.folder.journal import Failure
from bep.runner.folder.parts import Scored
from bep.runner.grants import Grant, Settled
from bep.runner.scheduling.parts_in_use import NOBODY, PartsInUse
from bep.runner.span import Span
from bep.runner.verdicts import Verdict


@dataclass(slots=True, eq=False)
class _Open:
    """One grant. `left` is how many of its items are neither scored nor failed nor given back."""

    grant: Grant
    left: int
    given_up: int = 0
    is_revoked: bool = False
    pieces: dict[int, Scored] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    returned: list[Span] = field(default_factory=list)

    def unaccounted(self) -> Iterator[Span]:
        """What is neither scored nor given up, in order: of a call that was cut in pieces perhaps a part."""
        ranges = [(entry.first, entry.first + entry.items) for entry in self.pieces.values()]
        for failure in self.failures:
            if failure.verdict == Verdict.GIVEN_UP.value:
                ranges.append((failure.first, failure.first + failure.count))
            ranges += [(rest.first, rest.first + rest.count) for rest in failure.unresolved]
        ranges.sort()
        for span in sorted(self.grant.spans, key=lambda span: span.first):
            yield from _gaps(span, ranges)

    def settled(self) -> Settled:
        """What to answer."""
        pieces = tuple(self.pieces[first] for first in sorted(self.pieces))
        scored = sum(entry.good for entry in pieces)
        short = sum(entry.items for entry in pieces) - scored
        returned = tuple(_joined(sorted(self.returned, key=lambda span: span.first)))
        return Settled(self.grant.key, pieces, tuple(self.failures), returned, scored, short + self.given_up)


class OpenGrants:
    """Books what becomes of items to the grants that they are in. Items that are in none are nobody's concern."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._done: list[_Open] = []
        self._starts: list[int] = []
        self._ranges: list[tuple[int, _Open]] = []
        self._newest: Grant | None = None
        self.parts = PartsInUse()

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, grant: Grant) -> None:
        """A grant has come."""
        self._newest = grant
        opened = self._open[grant.key] = _Open(grant, sum(span.count for span in grant.spans))
        for first, end in _ranges(grant.spans):
            at = bisect_right(self._starts, first)
            self._starts.insert(at, first)
            self._ranges.insert(at, (end, opened))
        self._note(opened, 0)

    def revoke(self, key: int) -> bool:
        """Note that whoever gave it wants back what is not begun. False where there is no such grant (any more)."""
        opened = self._open.get(key)
        if opened is None or opened.is_revoked:
            return False
        opened.is_revoked = True
        return True

    def is_revoked(self, span: Span) -> bool:
        """Whether these items are of a grant that was revoked and is not settled."""
        opened = self._of(span.first)
        return opened is not None and opened.is_revoked

    @property
    def any_done(self) -> bool:
        """Whether one is to be answered."""
        return bool(self._done)

    @property
    def any_revoked(self) -> bool:
        """Whether there is one."""
        return any(opened.is_revoked for opened in self._open.values())

    def scored(self, entries: Iterable[Scored]) -> None:
        """Records of calls, each read once from its part's journal."""
        for entry in entries:
            opened = self._of(entry.first)
            self.parts.wrote(entry.part, opened.grant.key if opened else NOBODY)
            if opened and entry.first not in opened.pieces:
                opened.pieces[entry.first] = entry
                self._note(opened, entry.items)

    def failed(self, failure: Failure) -> None:
        """An attempt has failed; its items may be given up with it."""
        opened = self._of(failure.first)
        if opened is None:
            return
        opened.failures.append(failure)
        given_up = failure.count if failure.verdict == Verdict.GIVEN_UP.value else 0
        given_up += sum(rest.count for rest in failure.unresolved)
        opened.given_up += given_up
        self._note(opened, given_up)

    def returned(self, spans: Iterable[Span]) -> None:
        """Calls of revoked grants that nobody will begin: whoever gave them hears of it now."""
        told: dict[int, tuple[Grant, list[Span]]] = {}
        for span in spans:
            if opened := self._of(span.first):
                opened.returned.append(span)
                told.setdefault(opened.grant.key, (opened.grant, []))[1].append(span)
                self._note(opened, span.count)
        for grant, back in told.values():
            if grant.returned:
                grant.returned(tuple(_joined(sorted(back, key=lambda span: span.first))))

    def hunger(self) -> None:
        """Nothing is left to begin, and somebody could: whoever gave the last grant hears that once."""
        newest, self._newest = self._newest, None
        if newest and newest.hungry:
            newest.hungry()

    def end(self) -> None:
        """Nobody will score any more: what is not accounted for is given back, and so every grant has nothing left."""
        for opened in list(self._open.values()):
            opened.returned = list(opened.unaccounted())
            self._note(opened, opened.left)

    def settle(self) -> None:
        """Answer for the grants that have nothing left."""
        while self._done:
            opened = self._done.pop(0)
            opened.grant.settled(opened.settled())

    def _note(self, opened: _Open, items: int) -> None:
        opened.left -= items
        if opened.left > 0 or opened.grant.key not in self._open:
            return
        del self._open[opened.grant.key]
        kept = [at for at, (_, owner) in enumerate(self._ranges) if owner is not opened]
        self._starts = [self._starts[at] for at in kept]
        self._ranges = [self._ranges[at] for at in kept]
        self._done.append(opened)

    def _of(self, item: int) -> _Open | None:
        at = bisect_right(self._starts, item) - 1
        if at < 0 or item >= self._ranges[at][0]:
            return None
        return self._ranges[at][1]


def _ranges(spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """First item and end of what lies together, whatever the size of its calls."""
    first = end = -1
    for span in sorted(spans, key=lambda span: span.first):
        if span.first != end:
            if end > first:
                yield first, end
            first = span.first
        end = span.end
    if end > first:
        yield first, end


def _gaps(span: Span, ranges: Iterable[tuple[int, int]]) -> Iterator[Span]:
    """What of a span is in none of these ranges, which are in order."""
    reached = span.first
    for first, end in (*ranges, (span.end, span.end)):
        until = min(first, span.end)
        if until > reached:
            yield Span(reached, until - reached, span.size)
        reached = max(reached, end)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Neighbours as one span, where that has the same calls."""
    last: Span | None = None
    for span in spans:
        if last and last.end == span.first and last.size == span.size and last.count % last.size == 0:
            last = Span(last.first, last.count + span.count, last.size)
            continue
        if last:
            yield last
        last = span
    if last:
        yield last
