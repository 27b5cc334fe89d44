"""What an agent answers to its driver, made of what engine and share say. Pure."""

from collections.abc import Iterable

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster.lines import Doing, Piece, Settled, as_spans
from bep.runner.events import Progress
from bep.runner.grants import Settled as Answer
from bep.runner.scheduling.tally import Tally
from bep.runner.segments.names import SegmentName
from bep.runner.segments.settling import given_again, settled_ranges
from bep.runner.span import Span


@dataclass(slots=True)
class Given:
    """A grant whose segments are not all in the share. `returned` are ranges (first, end) that its driver was told are
    given back, `settled` those that its segments are to have, once the engine has answered."""

    key: int
    spans: tuple[Span, ...]
    returned: list[tuple[int, int]] = field(default_factory=list)
    settled: tuple[tuple[int, int], ...] | None = None

    def give_back(self, spans: Iterable[Span]) -> None:
        """These calls will not be begun."""
        self.returned += [(span.first, span.end) for span in spans]

    def settle(self, answer: Answer) -> tuple[tuple[int, int], ...]:
        """The engine has answered; the ranges to publish."""
        self.settled = settled_ranges(self.spans, answer.returned)
        return self.settled

    def published(self, segments: Iterable[SegmentName]) -> Settled:
        """What is said when these segments are there: with what was given back and is not told yet."""
        left = given_again(self.spans, sorted([*self.returned, *(self.settled or ())]))
        return Settled(key=self.key, pieces=tuple(map(_piece_of, segments)), returned=as_spans(left))


def doing(progress: Progress, tally: Tally, rows: int) -> Doing:
    """How the agent is; `rows` are in the share."""
    return Doing(
        scored=progress.scored,
        failed=progress.failed,
        rows=rows,
        items_per_second=progress.items_per_second,
        retries=tally.retries,
        splits=tally.splits,
        workers_lost=tally.workers_lost,
        memory=progress.memory,
        workers=Doing.workers_of(progress.worker_states),
    )


def _piece_of(name: SegmentName) -> Piece:
    scored = name.end - name.first - name.failed
    return Piece(first=name.first, end=name.end, scored=scored, failed=name.failed, segment=name.text)
