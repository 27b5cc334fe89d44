"""What is still to be scored, and what becomes of an attempt that failed. Pure: no process, no file, no clock."""

from collections import deque
from collections.abc import Callable, Iterable
from math import isqrt

from bep.lazy_dataclasses import dataclass, field
from bep.runner.scheduling.splitting import Splitting
from bep.runner.span import Span, evenly, halves
from bep.runner.verdicts import Ended, Outcome, Unresolved, Verdict

_FEW = 100  # items that are called one by one where that is better than in groups


@dataclass(slots=True)
class Backlog:
    """Spans of untouched mini-batches and, before them, calls that get another attempt.

    `attempts` is how many the items of calls that wait for another have had, and `pieces` which of these are parts of a
    mini-batch that is split. Both have failed calls only, so they do not grow with the input. `calls` is how many calls
    can be taken.
    """

    max_retries: int
    bisect: bool
    untouched: deque[Span]
    again: deque[Span] = field(default_factory=deque)
    attempts: dict[Span, int] = field(default_factory=dict)
    pieces: dict[Span, Splitting] = field(default_factory=dict)
    calls: int = 0

    def __post_init__(self) -> None:
        self.calls = sum(span.calls for span in (*self.again, *self.untouched))

    def take(self, calls: int) -> Span:
        """The next span, of at most so many calls. There must be one."""
        if self.again:
            self.calls -= 1
            return self.again.popleft()
        span = self.untouched[0]
        rest = span.after(calls)
        self.calls -= min(calls, span.calls)
        if rest is None:
            return self.untouched.popleft()
        self.untouched[0] = rest
        return Span(span.first, span.count - rest.count, span.size)

    def give_back(self, spans: Iterable[Span]) -> None:
        """Untouched work that a worker will not do after all."""
        returned = sorted(spans, key=lambda span: -span.first)
        self.calls += sum(span.calls for span in returned)
        self.untouched.extendleft(returned)

    def add(self, spans: Iterable[Span]) -> None:
        """More work, after all that is there."""
        for span in spans:
            self.untouched.append(span)
            self.calls += span.calls

    def withdraw(self, is_wanted_back: Callable[[Span], bool]) -> list[Span]:
        """Take out what was never tried, of what is wanted back. A call that has failed once stays, to its end."""
        kept: deque[Span] = deque()
        taken: list[Span] = []
        for span in self.untouched:
            (taken if span not in self.attempts and is_wanted_back(span) else kept).append(span)
        self.untouched = kept
        self.calls -= sum(span.calls for span in taken)
        return taken

    def attempt(self, call: Span) -> int:
        """Which attempt of its items the next one of a call is."""
        return self.attempts.get(call, 0) + 1

    def failed(self, call: Span, ended: Ended) -> Outcome:
        """Count an attempt, and queue what follows from it."""
        splitting = self.pieces.get(call)
        outcome = self.note(call, ended, self._verdict(call, ended))
        if outcome.verdict is Verdict.RETRY and splitting is None:
            self._queue(call)
        elif splitting or outcome.verdict is Verdict.SPLIT:
            self._begin(splitting or self.pieces[_parts(call, ended)[0]])
        return outcome

    def scored(self, call: Span) -> None:
        """A call that had failed before, or a part of one, is in its worker's journal."""
        self.attempts.pop(call, None)
        splitting = self.pieces.pop(call, None)
        if splitting:
            splitting.drop(call)
            splitting.spare += 2 * call.count - 2  # the calls that finding bad items in it would have taken
            self._begin(splitting)

    def note(self, call: Span, ended: Ended, verdict: Verdict, parts: tuple[Span, ...] = ()) -> Outcome:
        """What a verdict on a call does to the counts. Queues nothing: it may be one of a past run, which may have had
        other rules for the `parts` of a split."""
        attempt = self.attempts.pop(call, 0) + 1
        splitting = self.pieces.pop(call, None)
        is_first = splitting is None and verdict is Verdict.SPLIT
        if splitting:
            splitting.drop(call)
            splitting.cuts -= ended is Ended.CUT
        if verdict is Verdict.SPLIT:
            splitting = splitting or Splitting(1 + self.max_retries)
            for part in parts or _parts(call, ended):
                splitting.waiting.append(part)
                self.attempts[part], self.pieces[part] = attempt, splitting
        elif verdict is Verdict.RETRY:
            self.attempts[call] = attempt
            if splitting:
                splitting.spare -= 1
                splitting.repeats.append(call)
                splitting.repeated.add(call)
                self.pieces[call] = splitting
        elif splitting and splitting.cuts <= 0:
            return Outcome(verdict, attempt, self._drop(splitting))
        return Outcome(verdict, attempt, is_first=is_first)

    def note_of_old(self, call: Span, ended: Ended) -> Outcome:
        """The same of a call whose verdict nobody wrote down, by the rules of then: splitting had no bound.

        What is left of its mini-batch gets as many calls as if it began to be split now.
        """
        splitting = self.pieces.get(call)
        if splitting:
            splitting.cuts = 1 + self.max_retries + (ended is Ended.CUT)
            is_again = self.max_retries > 0 and call.count == 1 and call not in splitting.repeated
        else:
            is_again = self.attempts.get(call, 0) < self.max_retries
        if is_again:
            return self.note(call, ended, Verdict.RETRY)
        if self.bisect and call.count > 1:
            return self.note(call, ended, Verdict.SPLIT, halves(call))
        return self.note(call, ended, Verdict.GIVEN_UP)

    def go_on(self, untouched: Iterable[Span], scored: Iterable[Span]) -> None:
        """Queue what the noted calls have left, those of them known that were scored in the end."""
        for call in scored:
            self.scored(call)
        self.again = deque(sorted((call for call in self.attempts if call not in self.pieces), key=_first))
        self.untouched = deque(untouched)
        self.calls = sum(span.calls for span in (*self.again, *self.untouched))
        for splitting in {id(each): each for each in self.pieces.values()}.values():
            splitting.waiting.extendleft(sorted(splitting.begun, key=_first, reverse=True))
            splitting.begun.clear()
            self._begin(splitting)

    def _verdict(self, call: Span, ended: Ended) -> Verdict:
        if ended is Ended.INVALID:
            return Verdict.GIVEN_UP
        splitting = self.pieces.get(call)
        may_pass = ended is not Ended.UNWRITABLE
        if splitting is None:
            if may_pass and self.attempts.get(call, 0) < self.max_retries:
                return Verdict.RETRY
            return Verdict.SPLIT if self.bisect and self.max_retries and call.count > 1 else Verdict.GIVEN_UP
        if ended is Ended.CUT and splitting.cuts <= 1:
            return Verdict.GIVEN_UP
        if call.count > 1:
            return Verdict.SPLIT
        may_repeat = may_pass and splitting.spare > 0 and call not in splitting.repeated
        return Verdict.RETRY if may_repeat else Verdict.GIVEN_UP

    def _drop(self, splitting: Splitting) -> tuple[Unresolved, ...]:
        """Give up every part of a mini-batch that is not resolved."""
        parts = sorted((part for part, known in self.pieces.items() if known is splitting), key=_first)
        for part in parts:
            del self.pieces[part]
        splitting.waiting.clear()
        splitting.repeats.clear()
        alone = splitting.repeated
        return tuple(Unresolved(part.first, part.count, self.attempts.pop(part), part in alone) for part in parts)

    def _begin(self, splitting: Splitting) -> None:
        while part := splitting.next():
            self._queue(part)

    def _queue(self, call: Span) -> None:
        self.again.append(call)
        self.calls += 1


def _parts(call: Span, ended: Ended) -> tuple[Span, ...]:
    """What a call is split into.

    One that ended at once into halves: they find one bad item with the fewest calls. One that may have taken its whole
    timeout into single items, many of them into groups first: then what is bad costs that time once or twice, and not
    once for each halving. Resuming a job relies on this: what has been split so once is split so for ever.
    """
    if ended is not Ended.CUT:
        return halves(call)
    return evenly(call, 1 if call.count <= _FEW else isqrt(call.count))


def _first(call: Span) -> int:
    return call.first
