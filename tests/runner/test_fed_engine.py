"""An engine that is fed while it runs, in virtual time: every item is scored, failed or given back, once."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal, read
from bep.runner.grants import Grant, Settled
from bep.runner.inputs import manifest
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.supervision import Limits
from bep.runner.scheduling.tally import Ending, Tally
from bep.runner.segments.settling import settled_ranges
from bep.runner.span import Span
from tests.runner.virtual_fleet import DIES, GOOD, HANGS, RAISES, VirtualFleet

START = 1000.0
Act = Callable[[int, int, int], tuple[str, float]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fed")


def good(seconds: float) -> Act:
    return lambda first, count, attempt: (GOOD, seconds)


def bad(items: dict[int, str], seconds: float = 0.5) -> Act:
    def act(first: int, count: int, attempt: int) -> tuple[str, float]:
        return next((items[item] for item in range(first, first + count) if item in items), GOOD), seconds

    return act


@dataclass
class Session:
    """One engine over a virtual fleet, what it is to be told and when, and what it has answered."""

    place: Path
    act: Act
    items: int = 100
    size: int = 1
    workers: int = 2
    timeout: float = 30.0
    max_retries: int = 3
    answers: list[Settled] = field(default_factory=list)
    answered_at: dict[int, float] = field(default_factory=dict)
    returned: list[tuple[int, float, tuple[Span, ...]]] = field(default_factory=list)
    hungry: list[tuple[int, float]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = JobFolder(self.place / f"session{len(list(self.place.iterdir()))}")
        self.folder.make()
        self.cancel = threading.Event()
        self.listed = manifest.write(self.folder, (f"{number:05d}".encode() for number in range(self.items)), self.size)
        self.fleet = VirtualFleet(self.folder.logs, self.act)
        limits = Limits(self.timeout, 600, -1)
        self.engine = EmbeddedEngine(
            self.fleet, self.folder.logs, limits, self.workers, report=lambda event: None, cancel=self.cancel
        )
        self.journal = Journal(self.folder.journal, 1000)
        self.engine.open(self.listed, Backlog(self.max_retries, True, deque()), self.journal, Tally())

    def at(self, second: float, act: Callable[[], object]) -> None:
        self.fleet.plans.append((START + second, act))  # type: ignore[arg-type]

    def give(self, key: int, first: int, count: int) -> None:
        self.keys.append(key)

        def returned(spans: tuple[Span, ...]) -> None:
            assert all(answer.key != key for answer in self.answers)
            self.returned.append((key, self.fleet.now() - START, spans))

        def hungry() -> None:
            self.hungry.append((key, self.fleet.now() - START))

        self.engine.give(Grant(key, (Span(first, count, self.size),), self._settled, returned, hungry))

    def _settled(self, answer: Settled) -> None:
        self.answers.append(answer)
        self.answered_at[answer.key] = self.fleet.now() - START

    def serve(self) -> Ending:
        ending = self.engine.serve()
        self.journal.close()
        self.engine.close()
        assert self.fleet.here == []
        return ending

    def told_back(self, key: int) -> list[int]:
        """The items of a grant that were told to be given back, before it settled."""
        return [item for owner, _, spans in self.returned if owner == key for item in items_of(spans)]

    def answer(self, key: int) -> Settled:
        (found,) = (answer for answer in self.answers if answer.key == key)
        return found


def firsts(answer: Settled) -> list[int]:
    return [piece.first for piece in answer.pieces]


def items_of(spans: Iterable[Span]) -> list[int]:
    return [item for span in spans for item in range(span.first, span.end)]


def accounted(answer: Settled) -> Counter[int]:
    """How often each item is scored, given up or given back."""
    found = Counter(item for piece in answer.pieces for item in range(piece.first, piece.first + piece.items))
    found.update(items_of(answer.returned))
    for failure in answer.failures:
        if failure.verdict == "given up":
            found.update(range(failure.first, failure.first + failure.count))
        for rest in failure.unresolved:
            found.update(range(rest.first, rest.first + rest.count))
    return found


def test_grants_that_come_one_after_the_other_settle_in_their_order(place: Path) -> None:
    session = Session(place, good(0.5))
    for key in range(10):
        session.at(3 * key, lambda key=key: session.give(key, 10 * key, 10))  # type: ignore[misc]
    session.at(40, session.engine.finish)
    assert session.serve() == Ending()
    assert [answer.key for answer in session.answers] == list(range(10))
    assert [firsts(answer) for answer in session.answers] == [list(range(10 * n, 10 * n + 10)) for n in range(10)]
    assert all((answer.scored, answer.failed, answer.returned) == (10, 0, ()) for answer in session.answers)


def test_workers_wait_prepared_between_grants_and_no_more_are_started_than_calls(place: Path) -> None:
    session = Session(place, good(0.5), workers=4)
    session.at(0, lambda: session.give(1, 0, 2))
    session.at(50, lambda: session.give(2, 2, 2))
    session.at(100, lambda: session.give(3, 4, 40))
    session.at(150, session.engine.finish)
    assert session.serve() == Ending()
    assert session.answered_at[1] == pytest.approx(1.5)
    assert session.answered_at[2] == pytest.approx(50.5)
    assert {call.worker for call in session.fleet.calls if call.first < 4} == {0, 1}
    assert {call.worker for call in session.fleet.calls} == {0, 1, 2, 3}


def test_what_is_given_from_an_answer_goes_on_without_a_pause(place: Path) -> None:
    session = Session(place, good(0.5), workers=1)
    session.at(0, lambda: session.give(0, 0, 4))

    def following(answer: Settled) -> None:
        session.answers.append(answer)
        if answer.key < 9:
            session.engine.give(Grant(answer.key + 1, (Span(4 * answer.key + 4, 4, 1),), following))
        else:
            session.engine.finish()

    session._settled = following  # type: ignore[method-assign]
    assert session.serve() == Ending()
    assert [answer.key for answer in session.answers] == list(range(10))
    assert session.fleet.now() - START == pytest.approx(1 + 40 * 0.5)


def test_finish_before_the_first_step_and_a_grant_of_nothing(place: Path) -> None:
    session = Session(place, good(0.5))
    session.give(1, 0, 10)
    session.engine.give(Grant(2, (), session._settled))
    session.engine.finish()
    assert session.serve() == Ending()
    assert session.answer(1).scored == 10
    assert session.answer(2) == Settled(2, (), (), (), 0, 0)


def test_finish_without_any_grant_starts_nobody(place: Path) -> None:
    session = Session(place, good(0.5))
    session.at(5, session.engine.finish)
    assert session.serve() == Ending()
    assert session.fleet.started == 0


@pytest.mark.parametrize("how", [RAISES, HANGS, DIES])
def test_a_guilty_item_is_found_inside_its_grant(place: Path, how: str) -> None:
    session = Session(place, bad({23: how}), size=10, max_retries=3)
    for key in range(10):
        session.give(key, 10 * key, 10)
    session.engine.finish()
    assert session.serve() == Ending()
    guilty = session.answer(2)
    if how == RAISES:
        assert (guilty.scored, guilty.failed) == (9, 1)
    assert guilty.scored + guilty.failed == 10
    assert accounted(guilty) == Counter(range(20, 30))
    assert guilty.failures == tuple(read(session.folder.journal))
    assert {answer.scored for answer in session.answers if answer.key != 2} == {10}
    assert not any(answer.failures for answer in session.answers if answer.key != 2)


def test_failures_that_passed_in_the_end_are_told(place: Path) -> None:
    session = Session(place, lambda first, count, attempt: (RAISES if first == 4 and attempt < 3 else GOOD, 0.5))
    session.give(1, 0, 10)
    session.engine.finish()
    assert session.serve() == Ending()
    answer = session.answer(1)
    assert (answer.scored, answer.failed) == (10, 0)
    assert [(failure.first, failure.attempt, failure.verdict) for failure in answer.failures] == [
        (4, 1, "retry"),
        (4, 2, "retry"),
    ]


def test_a_revoked_grant_gives_back_what_has_not_begun(place: Path) -> None:
    session = Session(place, good(10.0))
    session.at(0, lambda: session.give(1, 0, 50))
    session.at(0, lambda: session.give(2, 50, 10))
    session.at(25, lambda: session.engine.revoke(1))
    session.at(26, session.engine.finish)
    assert session.serve() == Ending()
    answer = session.answer(1)
    begun = sorted(call.first for call in session.fleet.calls if call.first < 50)
    assert firsts(answer) == begun
    assert sorted(items_of(answer.returned)) == sorted(set(range(50)) - set(begun))
    assert len(begun) == 6
    assert answer.returned == (Span(6, 44, 1),)
    assert session.answer(2).scored == 10


def test_a_revoked_call_is_taken_back_from_behind_a_slow_one_while_that_goes_on(place: Path) -> None:
    """It is known at once, not when the slow call ends."""
    session = Session(
        place, lambda first, count, attempt: (GOOD, 300.0 if first == 0 else 0.001), workers=1, timeout=1000
    )
    session.at(0, lambda: session.give(1, 0, 1))
    session.at(0, lambda: session.give(2, 1, 1))
    session.at(100, lambda: session.engine.revoke(2))
    session.at(100, session.engine.finish)
    assert session.serve() == Ending()
    assert session.answer(2).returned == (Span(1, 1, 1),)
    assert session.answered_at[2] == pytest.approx(100, abs=1)
    assert session.answer(1).scored == 1


def test_what_is_given_back_is_told_at_once_and_not_when_the_grant_settles(place: Path) -> None:
    session = Session(
        place, lambda first, count, attempt: (GOOD, 300.0 if first == 0 else 1.0), workers=1, timeout=1000
    )
    session.at(0, lambda: session.give(1, 0, 50))
    session.at(100, lambda: session.engine.revoke(1))
    session.at(100, session.engine.finish)
    assert session.serve() == Ending()
    told = [(key, spans) for key, _, spans in session.returned]
    assert sorted(item for _, spans in told for item in items_of(spans)) == list(range(1, 50))
    assert all(moment == pytest.approx(100, abs=1) for _, moment, _ in session.returned)
    assert session.answered_at[1] == pytest.approx(301)
    assert session.answer(1).returned == (Span(1, 49, 1),)


def test_hunger_is_told_once_when_nothing_is_left_to_begin_and_again_after_another_grant(place: Path) -> None:
    session = Session(
        place, lambda first, count, attempt: (GOOD, 200.0 if first == 0 else 1.0), workers=2, timeout=1000
    )
    session.at(0, lambda: session.give(1, 0, 10))
    session.at(0, lambda: session.give(2, 10, 10))
    session.at(100, lambda: session.give(3, 20, 4))
    session.at(300, session.engine.finish)
    assert session.serve() == Ending()
    (first, early), (second, late) = session.hungry  # one worker is in the slow call all the while
    assert (first, second) == (2, 3)
    assert early == pytest.approx(20, abs=2)  # one second for it to start, and nineteen calls
    assert late == pytest.approx(104, abs=1)


def test_a_worker_that_waits_for_calls_behind_a_slow_one_gets_them_before_it_hungers(place: Path) -> None:
    """The first takes two calls while the other starts, and is long in the first of them."""
    session = Session(place, lambda first, count, attempt: (GOOD, 100.0), workers=2, timeout=1000)
    session.at(0, lambda: session.give(1, 0, 2))
    session.at(300, session.engine.finish)
    assert session.serve() == Ending()
    ((key, moment),) = session.hungry
    assert key == 1
    assert moment >= 100


def test_work_of_others_that_was_behind_a_revoked_grant_is_done(place: Path) -> None:
    session = Session(
        place, lambda first, count, attempt: (GOOD, 300.0 if first == 0 else 1.0), workers=1, timeout=1000
    )
    for key in range(3):
        session.at(0, lambda key=key: session.give(key, key, 1))  # type: ignore[misc]
    session.at(100, lambda: session.engine.revoke(1))
    session.at(100, session.engine.finish)
    assert session.serve() == Ending()
    assert [session.answer(key).scored for key in range(3)] == [1, 0, 1]
    assert Counter(call.first for call in session.fleet.calls) == {0: 1, 2: 1}


def test_what_was_given_back_can_be_given_again(place: Path) -> None:
    session = Session(place, good(10.0))
    session.at(0, lambda: session.give(1, 0, 50))
    session.at(25, lambda: session.engine.revoke(1))
    session.at(27, lambda: session.give(2, 6, 44))
    session.at(300, session.engine.finish)
    assert session.serve() == Ending()
    assert accounted(session.answer(1)) == Counter(range(50))
    assert firsts(session.answer(2)) == list(range(6, 50))
    assert Counter(call.first for call in session.fleet.calls) == Counter(range(50))


def test_revoking_what_is_settled_or_unknown_changes_nothing(place: Path) -> None:
    session = Session(place, good(0.5))
    session.at(0, lambda: session.give(1, 0, 4))
    session.at(50, lambda: session.engine.revoke(1))
    session.at(50, lambda: session.engine.revoke(7))
    session.at(60, lambda: session.give(2, 4, 4))
    session.at(70, session.engine.finish)
    assert session.serve() == Ending()
    assert [(answer.key, answer.scored, answer.returned) for answer in session.answers] == [(1, 4, ()), (2, 4, ())]


def test_a_call_that_has_failed_once_is_not_given_back_but_done_to_its_end(place: Path) -> None:
    session = Session(place, bad({0: RAISES}, seconds=1.0), workers=1)
    session.at(0, lambda: session.give(1, 0, 10))
    session.at(2.5, lambda: session.engine.revoke(1))
    session.at(3, session.engine.finish)
    assert session.serve() == Ending()
    answer = session.answer(1)
    assert answer.failed == 1
    assert len(answer.failures) == 4
    assert accounted(answer) == Counter(range(10))
    assert answer.returned


def test_a_worker_that_dies_with_a_revoked_grant_gives_it_back(place: Path) -> None:
    session = Session(place, bad({0: HANGS, 1: HANGS}), timeout=100, max_retries=0)
    session.at(0, lambda: session.give(1, 0, 20))
    session.at(30, lambda: session.engine.revoke(1))
    session.at(31, session.engine.finish)
    assert session.serve() == Ending()
    assert accounted(session.answer(1)) == Counter(range(20))
    assert session.answer(1).failed == 2
    assert session.answer(1).returned == (Span(2, 18, 1),)


def test_cancelled_with_grants_open_these_settle_with_what_is_done(place: Path) -> None:
    session = Session(place, good(10.0))
    session.at(0, lambda: session.give(1, 0, 2))
    session.at(0, lambda: session.give(2, 2, 50))
    session.at(55, session.cancel.set)
    assert session.serve() == Ending(is_cancelled=True)
    assert [answer.key for answer in session.answers] == [1, 2]
    answer = session.answer(2)
    assert firsts(answer) == list(range(2, 10))  # two workers have done five each
    assert answer.returned == (Span(10, 42, 1),)


def test_of_a_call_that_was_cut_in_pieces_what_is_done_is_told_at_the_end(place: Path) -> None:
    """A segment has none of it: only whole mini-batches count."""
    halfway = 0
    for moment in range(2, 60, 4):
        session = Session(place, bad({7: DIES}, 3.0), size=10, workers=1, max_retries=1)
        session.at(0, lambda session=session: session.give(1, 0, 20))  # type: ignore[misc]
        session.at(moment, session.cancel.set)
        session.at(60, session.engine.finish)
        session.serve()
        answer = session.answer(1)
        assert accounted(answer) == Counter(range(20))
        of_the_first = [piece for piece in answer.pieces if piece.first < 10]
        if of_the_first and any(span.first < 10 for span in answer.returned):
            halfway += 1
            assert settled_ranges((Span(0, 20, 10),), answer.returned) in ((), ((10, 20),))
    assert halfway


def test_what_stops_the_engine_settles_what_is_done(place: Path) -> None:
    """Whatever is asked after its end is heard by nobody, and does no harm."""
    session = Session(place, good(10.0))
    session.at(0, lambda: session.give(1, 0, 50))

    def full() -> None:
        session.fleet.refusal = OSError(28, "No space left on device")
        session.fleet.kill_all()

    session.at(25, full)
    ending = session.serve()
    assert ending.error is not None
    assert firsts(session.answer(1)) == [0, 1, 2, 3]
    assert accounted(session.answer(1)) == Counter(range(50))
    session.give(2, 50, 1)
    session.engine.revoke(1)
    session.engine.finish()
    assert len(session.answers) == 1


@settings(max_examples=40, deadline=None)
@given(
    guilty=st.dictionaries(st.integers(0, 119), st.sampled_from([RAISES, DIES, HANGS]), max_size=6),
    size=st.sampled_from([1, 3, 10]),
    workers=st.integers(1, 4),
    max_retries=st.integers(0, 3),
    counts=st.lists(st.integers(1, 4), min_size=1, max_size=10),
    moments=st.lists(st.floats(0, 20), min_size=10, max_size=10),
    revoked=st.dictionaries(st.integers(0, 9), st.floats(0, 40), max_size=6),
    killed=st.lists(st.floats(0, 30), max_size=3),
    stopped=st.none() | st.floats(20, 60),
    seconds=st.sampled_from([0.004, 0.5, 7.0]),
)
def test_every_item_is_scored_or_failed_or_given_back_once(
    place: Path,
    guilty: dict[int, str],
    size: int,
    workers: int,
    max_retries: int,
    counts: list[int],
    moments: list[float],
    revoked: dict[int, float],
    killed: list[float],
    stopped: float | None,
    seconds: float,
) -> None:
    session = Session(place, bad(guilty, seconds), 400, size, workers, timeout=10, max_retries=max_retries)
    spans, first = [], 0
    for calls in counts:
        spans.append((first, calls * size))
        first += calls * size
    for key, (begin, count) in enumerate(spans):
        session.at(moments[key], lambda key=key, begin=begin, count=count: session.give(key, begin, count))  # type: ignore[misc]
    for key, moment in revoked.items():
        session.at(moment, lambda key=key: session.engine.revoke(key))  # type: ignore[misc]
    for moment in killed:
        session.at(moment, session.fleet.kill_all)
    session.at(40, session.engine.finish)
    if stopped is not None:
        session.at(stopped, session.cancel.set)
    is_cancelled = session.serve().is_cancelled
    assert stopped is not None or not is_cancelled
    assert sorted(answer.key for answer in session.answers) == list(range(len(spans)))
    for key, (begin, count) in enumerate(spans):
        answer = session.answer(key)
        assert accounted(answer) == Counter(range(begin, begin + count))
        assert answer.scored == sum(piece.items for piece in answer.pieces)
        assert answer.scored + answer.failed + len(items_of(answer.returned)) == count
        assert firsts(answer) == sorted(firsts(answer))
        if key not in revoked and not is_cancelled:
            assert not answer.returned
        told = Counter(session.told_back(key))
        assert told <= Counter(items_of(answer.returned))
        assert is_cancelled or told == Counter(items_of(answer.returned))
    assert [key for key, _ in session.hungry] == list(dict.fromkeys(key for key, _ in session.hungry))
    assert session.engine.tally.scored == sum(answer.scored for answer in session.answers)
    assert session.engine.tally.failed == sum(answer.failed for answer in session.answers)
