"""A plan, carried out: in its order, several at once, each step recorded before and after. It judges nothing.

One thread decides and records; the others only call the provider. So every record of a moment
goes to the disk in one write, and a state has one writer.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event as Flag

from bep.lazy_dataclasses import dataclass
from bep.planner.formats.journal import Intent, Outcome
from bep.planner.formats.planfile import signed
from bep.planner.observed import Observed
from bep.planner.plan import Action, Change, Plan, PlanFinding
from bep.planner.state import State
from bep.providers.applying.calling import Answer, Call, Retry
from bep.providers.applying.checking import check_plan, check_safety, check_world
from bep.providers.applying.entries import adopted_entry, entry_beside, entry_of, failed_entry
from bep.providers.applying.events import Event, Finished, Noted, Started
from bep.providers.applying.frontier import Frontier
from bep.providers.applying.records import done_of, failed_of, intent_of, touched_of
from bep.providers.applying.recovery import recover
from bep.providers.applying.redaction import said, secrets_of
from bep.providers.applying.report import Ended, Report, Result
from bep.providers.applying.threads import CallThreads, Rules, Taken
from bep.providers.protocol import Provider
from bep.providers.state.errors import StateNotWritten, StateReplaced
from bep.providers.state.session import Session
from bep.schemas.address import Address
from bep.schemas.resource import Resource

NOT_BEGUN = "stopped before it began"


@dataclass(frozen=True, slots=True)
class _Ways:
    """How one apply goes about it."""

    report: Callable[[Event], None]
    progress: Callable[[int, int], None]
    clock: Callable[[], str]
    operation_ids: Callable[[], str]
    rules: Rules
    by: str


def apply(
    plan: Plan,
    resources: Iterable[Resource],
    session: Session,
    provider: Provider,
    *,
    report: Callable[[Event], None],
    stop: Flag,
    clock: Callable[[], str],
    operation_ids: Callable[[], str],
    parallelism: int = 10,
    retry: Retry = Retry(),  # noqa: B008 - frozen
    slow_after: float = 600.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    judge: Callable[[State], Iterable[PlanFinding]] = lambda state: (),
    by: str = "",
) -> Report:
    """Carry out exactly the changes of the plan. `resources` are the specs', for their secrets and contents.

    Before the first write: what an earlier apply left open is resolved, and everything the plan
    touches is read again; `judge` says what is unsafe about the plan now, and counts unless the signed plan allows it.
    Raises `PlanRefused`, `PlanStale`, `ProviderError` (reading), and what
    `Session.write` raises; nothing was changed then. After that nothing is raised: the report says
    what was done, what failed, what was skipped for it, what a stop kept from starting.

    Once `stop` is set nothing new starts, and what runs is finished and recorded; but bytes on their way to where an
    object is to be made of them are given up, for the next apply goes on with them. `report` and
    `progress` (done, total) are called from the calling thread only. A call that takes longer than
    `slow_after` seconds is told and goes on. `operation_ids` gives an id nobody else has.

    `by` is who asks for it beside the specs: state keeps what it had from them, and says who did it, and the plan that
    was applied last stays the one that can be taken back.
    """
    plan = plan if plan.digest else signed(plan, session.state.secret_key)
    notes = recover(session, provider, clock)
    for note in notes:
        report(Noted(note))
    declared = {resource.address: resource for resource in resources}
    rules = Rules(parallelism, retry, stop, slow_after, secrets_of(declared.values()))
    ways = _Ways(report, progress, clock, operation_ids, rules, by)
    check_plan(plan, session.state, declared)
    check_safety(plan, judge(session.state))
    observed = provider.read(sorted({change.address for change in plan.changes}))
    check_world(plan, session.state, observed)
    if not by:
        session.seal_literals(declared.values())
        session.remember(plan)
    return _Walk(plan, declared, observed, session, provider, ways).run(notes)


class _Walk:
    """Where an apply is: what runs, what has ended, what is to be recorded next."""

    def __init__(
        self,
        plan: Plan,
        declared: Mapping[Address, Resource],
        observed: Mapping[Address, Observed],
        session: Session,
        provider: Provider,
        ways: _Ways,
    ) -> None:
        self._plan, self._declared, self._observed = plan, declared, observed
        self._session, self._ways = session, ways
        self._threads = CallThreads(provider, ways.rules, ways.report)
        self._frontier = Frontier(plan.changes)
        self._results: dict[str, Result] = {}
        self._records: list[Intent | Outcome] = []
        self._taken: list[Taken] = []
        self._versions: dict[Address, str] = {}  # of what another change of this apply has touched
        self._broken: StateNotWritten | StateReplaced | None = None

    def run(self, notes: tuple[str, ...]) -> Report:
        """Until nothing runs and nothing more may start."""
        try:
            while True:
                calls = list(self._next_calls())
                self._record()
                self._let_wait()
                if self._broken is None:
                    self._start(calls)
                if not self._threads.busy:
                    break
                for answer in self._threads.answers():
                    if isinstance(answer, Taken):
                        self._take(answer)
                    else:
                        self._settle(answer)
                self._ways.progress(len(self._results), len(self._plan.changes))
            self._record()
        finally:
            self._threads.close()
        return self._ended(notes)

    def _next_calls(self) -> Iterator[Call]:
        """What may start now, its intent among the records. Changes of state alone are settled on the way."""
        free = self._ways.rules.parallelism - self._threads.busy
        while self._broken is None and not self._ways.rules.stop.is_set():
            change = self._frontier.first()
            if change is None:
                return
            if change.action in (Action.ADOPT, Action.FORGET, Action.RETAIN):
                self._frontier.take()
                self._in_state(change)
            elif free:
                free -= 1
                self._frontier.take()
                yield self._intended(change)
            else:
                return

    def _intended(self, change: Change) -> Call:
        call = Call(
            change=change,
            operation=self._ways.operation_ids(),
            resource=self._declared.get(change.address),
            entry=self._session.state.entries.get(change.address),
            etag=(change.etag and self._versions.get(change.address, change.etag)) or "",
        )
        now = self._ways.clock()
        self._records.append(intent_of(change, self._plan, self._session.state, call.operation, now, self._ways.by))
        return call

    def _record(self) -> None:
        """Make what is known durable. Where that is impossible nothing new starts any more."""
        records, self._records = self._records, []
        try:
            self._session.write(records)
        except (StateNotWritten, StateReplaced) as trouble:
            self._broken = self._broken or trouble

    def _take(self, taken: Taken) -> None:
        """The world goes on with a call by itself: the token is to be on disk before anybody waits."""
        self._taken.append(taken)
        intent = self._session.pending.get(taken.call.operation)
        if intent is not None:
            self._records.append(intent.model_copy(update={"token": taken.token}))

    def _let_wait(self) -> None:
        """What was recorded is on disk, or no disk takes it; then waiting is all that is left to do."""
        for taken in self._taken:
            taken.kept.set()
        self._taken.clear()

    def _start(self, calls: Iterable[Call]) -> None:
        """Recording takes time, and a stop may have come meanwhile; the thread looks once more before it calls."""
        for call in calls:
            if self._ways.rules.stop.is_set():
                self._not_begun(call)
            else:
                self._ways.report(Started(call.change))
                self._threads.start(call)

    def _not_begun(self, call: Call) -> None:
        """Close an intent whose call was never made."""
        state, now = self._session.state, self._ways.clock()
        self._records.append(failed_of(call.change, state, call.operation, NOT_BEGUN, now))

    def _settle(self, answer: Answer) -> None:
        change = answer.call.change
        if not answer.begun:
            self._not_begun(answer.call)
            self._tell(Result(change, Ended.NOT_STARTED, NOT_BEGUN))
            return
        self._records.extend(self._outcome(answer))
        ended, message = Ended.DONE, ""
        if answer.error is not None:
            ended, message = Ended.FAILED, said(answer.error, self._ways.rules.secrets)
        self._end(Result(change, ended, message, "", answer.world, answer.attempts, answer.seconds, answer.error))

    def _outcome(self, answer: Answer) -> Iterator[Outcome]:
        """Nothing where it is unknown: the intent stays open, and recovery finds out."""
        change, operation, now = answer.call.change, answer.call.operation, self._ways.clock()
        state = self._session.state
        for address, seen in answer.touched.items():
            self._versions[address] = seen.etag
            if touched := touched_of(state, address, seen, now):
                yield touched
        if self._ways.by and answer.settled:
            yield self._outcome_beside(answer, now)
        elif answer.error is None:
            entry = entry_of(change, answer.observed, operation, now) if answer.observed else None
            yield done_of(change, state, operation, entry, now)
        elif answer.observed is not None and answer.call.entry is None:
            yield done_of(change, state, operation, failed_entry(change, answer.observed, operation, now), now)
        elif answer.settled:
            yield failed_of(change, state, operation, said(answer.error, self._ways.rules.secrets), now)

    def _outcome_beside(self, answer: Answer, now: str) -> Outcome:
        """Of what somebody did beside the specs."""
        change, state, operation = answer.call.change, self._session.state, answer.call.operation
        if answer.error is not None:
            return failed_of(change, state, operation, said(answer.error, self._ways.rules.secrets), now)
        entry = entry_beside(change.address, answer.observed, answer.call.entry, self._ways.by, now)
        return done_of(change, state, operation, entry, now)

    def _in_state(self, change: Change) -> None:
        """What touches no object: its record is all there is to do."""
        state, now = self._session.state, self._ways.clock()
        observed = self._observed.get(change.address)
        entry = None
        if change.action is Action.ADOPT:
            if observed is None:
                self._end(Result(change, Ended.FAILED, "there is nothing to adopt"))
                return
            entry = adopted_entry(change, observed, now)
        elif change.action is Action.RETAIN:
            entry = state.entries[change.address].model_copy(update={"retained": True})
        self._records.append(done_of(change, state, "", entry, now))
        self._end(Result(change, Ended.DONE))

    def _end(self, result: Result) -> None:
        change = result.change
        self._tell(result)
        if result.ended is Ended.DONE:
            self._frontier.done(change.id)
            return
        for skipped in self._frontier.failed(change.id):
            why = f"it needs {change.address}, which failed"
            self._tell(Result(skipped, Ended.SKIPPED, why, because=change.id))

    def _tell(self, result: Result) -> None:
        self._results[result.change.id] = result
        self._ways.report(Finished(result, len(self._results), len(self._plan.changes)))

    def _counts(self) -> dict[str, int]:
        """How many changes ended how, by the names of fields."""
        ends = Counter(result.ended for result in self._results.values())
        counts = {"done": Ended.DONE, "failed": Ended.FAILED, "skipped": Ended.SKIPPED}
        known = {name: ends[ended] for name, ended in counts.items()}
        return {**known, "not_started": len(self._plan.changes) - sum(known.values())}

    def _ended(self, notes: tuple[str, ...]) -> Report:
        done = any(result.ended is Ended.DONE for result in self._results.values())
        try:
            if self._broken is None:
                self._session.finish(self._plan.digest if done and not self._ways.by else "")
                self._session.note_end(self._ways.clock(), self._counts())
        except StateNotWritten as trouble:
            notes = (*notes, f"{trouble}; nothing of this apply is lost, its journal has all of it")
        except StateReplaced as trouble:
            self._broken = trouble
        return Report(
            tuple(self._results.get(change.id) or Result(change, Ended.NOT_STARTED) for change in self._plan.changes),
            stopped=self._ways.rules.stop.is_set(),
            broken=self._broken,
            rescue=self._session.rescue(self._ways.clock()) if self._broken else None,
            notes=notes,
        )
