import os
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bep.planner.options import Options
from bep.planner.plan import Action, Plan
from bep.planner.planning.planning import plan
from bep.planner.state import State
from bep.providers.applying.applying import apply
from bep.providers.applying.calling import Retry
from bep.providers.applying.checking import PlanRefused, PlanStale
from bep.providers.applying.events import Event, Finished, Retrying, Slow, Started, Transferring
from bep.providers.applying.refreshing import refresh
from bep.providers.applying.report import Ended, Report, World
from bep.providers.protocol import Done, Pending, ProviderError, Write
from bep.providers.state.journal_file import JournalFile
from bep.providers.state.store import FileStore
from bep.schemas.address import Address
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, Lifecycle, Reference, Resource
from bep.schemas.secrets.secret import Secret
from tests.faults.scene import KEY, address, compute, now
from tests.memory_world import Memory


class Workshop:
    """A memory world with a real state file, and what was told while applying."""

    def __init__(self, folder: Path) -> None:
        self.world = Memory(KEY)
        self.store = FileStore(folder / "state.json", clock=now)
        self.store.load_or_create(lambda: State(lineage="here", secret_key=KEY))
        self.events: list[Event] = []
        self.stop = threading.Event()
        self.ticks = 0

    def clock(self) -> str:
        self.ticks += 1
        return f"2026-11-22T{self.ticks // 3600:02}:{self.ticks // 60 % 60:02}:{self.ticks % 60:02}Z"

    @property
    def state(self) -> State:
        stored = self.store.load()
        assert stored is not None
        return stored.state

    def plan(self, *resources: Resource, **options: Any) -> Plan:
        observed = refresh(self.world, self.state, resources, also=options.get("imports", ()))
        options.setdefault("allow", ("delete-many", "shift-unscored", "protected"))
        return plan(resources, self.state, observed, load_kinds(), Options(**options))

    def apply(self, todo: Plan, *resources: Resource, **options: Any) -> Report:
        options.setdefault("retry", Retry(attempts=3, first_delay=0.001))
        with self.store.begin() as session:
            return apply(
                todo,
                resources,
                session,
                self.world,
                report=self._hear,
                stop=self.stop,
                clock=self.clock,
                operation_ids=lambda: uuid.uuid4().hex,
                **options,
            )

    def _hear(self, event: Event) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.events.append(event)

    def make(self, *resources: Resource) -> None:
        assert self.apply(self.plan(*resources), *resources).ok


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def ended(report: Report) -> dict[str, str]:
    return {result.change.id: str(result.ended) for result in report.results}


def failing(*addresses: Address, times: int = 10**6, **parts: Any) -> Callable[[str, Address], None]:
    left = dict.fromkeys(addresses, times)

    def fail(verb: str, name: Address) -> None:
        if left.get(name, 0) > 0:
            left[name] -= 1
            raise ProviderError(name, verb, "the service is busy", code="Busy", **parts)

    return fail


def chain(*numbers: int, **attributes: Any) -> list[Resource]:
    pairs = zip(numbers, (None, *numbers), strict=False)
    return [compute(n, needs=() if b is None else (address(b),), size="S", **attributes) for n, b in pairs]


def test_a_plan_after_its_apply_is_empty_and_state_has_what_the_world_has(shop: Workshop) -> None:
    wish = chain(1, 2, 3)
    report = shop.apply(shop.plan(*wish), *wish)
    assert report.ok
    assert not shop.plan(*wish)
    assert {name: entry.etag for name, entry in shop.state.entries.items()} == {
        name: found.etag for name, found in shop.world.objects.items()
    }
    assert shop.state.serial == 1
    assert [name for _, name in shop.world.calls] == [address(1), address(2), address(3)]


def test_each_change_is_told_when_it_starts_and_when_it_ends(shop: Workshop) -> None:
    wish = chain(1, 2)
    shop.make(*wish)
    told = [
        (type(event).__name__, event.change.id if isinstance(event, Started) else event.result.change.id)
        for event in shop.events
        if isinstance(event, Started | Finished)
    ]
    one, two = "create compute/c00001", "create compute/c00002"
    assert told == [("Started", one), ("Finished", one), ("Started", two), ("Finished", two)]
    assert [(event.done, event.total) for event in shop.events if isinstance(event, Finished)] == [(1, 2), (2, 2)]


def test_a_replacement_is_a_delete_and_then_a_create(shop: Workshop) -> None:
    shop.make(compute(1, size="S"))
    wish = compute(1, size="M")
    report = shop.apply(shop.plan(wish), wish)
    assert report.ok
    assert [verb for verb, _ in shop.world.calls] == ["create", "delete", "create"]
    assert not shop.plan(wish)


def test_a_replacement_that_stops_halfway_leaves_no_entry_for_what_is_gone(shop: Workshop) -> None:
    shop.make(compute(1, size="S"))
    wish = compute(1, size="M")
    shop.world.before = lambda verb, name: failing(address(1))(verb, name) if verb == "create" else None
    report = shop.apply(shop.plan(wish), wish)
    assert ended(report) == {"delete compute/c00001": "done", "create compute/c00001": "failed"}
    assert shop.state.entries == {}
    assert shop.world.objects == {}
    shop.world.before = lambda verb, name: None
    shop.make(wish)
    assert not shop.plan(wish)


def test_what_fails_skips_what_needs_it_and_nothing_else(shop: Workshop) -> None:
    wish = [*chain(1, 2, 3), *chain(4, 5)]
    shop.world.before = failing(address(1))
    report = shop.apply(shop.plan(*wish), *wish)
    assert ended(report) == {
        "create compute/c00001": "failed",
        "create compute/c00002": "skipped",
        "create compute/c00003": "skipped",
        "create compute/c00004": "done",
        "create compute/c00005": "done",
    }
    failed, skipped = report.those(Ended.FAILED), report.those(Ended.SKIPPED)
    assert [result.message for result in failed] == ["the service is busy (Busy)"]
    assert [result.world for result in failed] == [World.ABSENT]
    assert {result.because for result in skipped} == {"create compute/c00001"}
    assert [result.message for result in skipped] == ["it needs compute/c00001, which failed"] * 2
    assert not report.ok
    shop.world.before = lambda verb, name: None
    assert [change.id for change in shop.plan(*wish).changes] == [result.change.id for result in (*failed, *skipped)]


def test_what_may_pass_is_tried_again(shop: Workshop) -> None:
    shop.world.before = failing(address(1), times=2, retryable=True)
    (wish,) = chain(1)
    report = shop.apply(shop.plan(wish), wish)
    assert report.ok
    assert report.results[0].attempts == 3
    tries = [event for event in shop.events if isinstance(event, Retrying)]
    assert [(event.attempt, event.message) for event in tries] == [
        (1, "the service is busy (Busy)"),
        (2, "the service is busy (Busy)"),
    ]


def test_waiting_between_attempts_doubles_up_to_a_limit() -> None:
    assert [Retry().delay(attempt) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_what_the_world_asks_to_be_left_alone_for_goes_before_the_doubling() -> None:
    asked = ProviderError("compute/a", "create", "busy", retryable=True, retry_after=7)
    assert Retry().delay_after(asked, 1) == 7
    assert Retry().delay_after(ProviderError("compute/a", "create", "busy", retryable=True), 2) == 2


def test_a_call_that_fails_after_its_work_was_done_counts_as_done(shop: Workshop) -> None:
    """As when the line is cut before the answer: nothing is made twice, nothing is orphaned."""
    shop.world.after = failing(address(1), retryable=True)
    (wish,) = chain(1)
    assert shop.apply(shop.plan(wish), wish).ok
    assert not shop.plan(wish)


def test_an_error_nobody_foresaw_is_a_failure_and_its_intent_stays_open_where_it_may_have_worked(
    shop: Workshop,
) -> None:
    def after(verb: str, name: Address) -> None:
        raise KeyError("surprise")

    shop.world.after = after
    (wish,) = chain(1)
    report = shop.apply(shop.plan(wish), wish)
    assert report.results[0].message == "unexpected KeyError: 'surprise'"
    assert report.results[0].world is World.THERE
    stored = shop.store.load()
    assert stored is not None
    assert [intent.address for intent in stored.pending] == [address(1)]
    shop.world.after = lambda verb, name: None
    with shop.store.begin() as session:
        from bep.providers.applying.recovery import recover

        (note,) = recover(session, shop.world, now)
        session.finish()
    assert "it had been made; taken into state" in note
    assert not shop.plan(wish)


def test_a_stop_lets_what_runs_finish_and_starts_nothing_more(shop: Workshop) -> None:
    wish = chain(*range(1, 6))
    shop.world.before = lambda verb, name: shop.stop.set() if name == address(2) else None
    report = shop.apply(shop.plan(*wish), *wish)
    assert list(ended(report).values()) == ["done", "done", "not started", "not started", "not started"]
    assert report.stopped
    assert set(shop.state.entries) == {address(1), address(2)}
    shop.stop.clear()
    assert len(shop.plan(*wish).changes) == 3


def told_to_start(shop: Workshop) -> list[Address]:
    return [event.change.address for event in shop.events if isinstance(event, Started)]


def closed(shop: Workshop) -> bool:
    stored = shop.store.load()
    assert stored is not None
    return not stored.pending


@pytest.mark.parametrize("parallelism", [1, 10])
def test_a_stop_while_intents_are_recorded_keeps_their_calls_from_starting(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, parallelism: int
) -> None:
    wish = [compute(n, size="S") for n in range(20)]
    append = JournalFile.append

    def appended(journal: JournalFile, lines: Sequence[bytes]) -> None:
        append(journal, lines)
        shop.stop.set()

    monkeypatch.setattr(JournalFile, "append", appended)
    report = shop.apply(shop.plan(*wish), *wish, parallelism=parallelism)
    assert report.stopped
    assert report.count(Ended.NOT_STARTED) == 20
    assert (told_to_start(shop), shop.world.calls, shop.world.objects) == ([], [], {})
    assert closed(shop)
    shop.stop.clear()
    monkeypatch.undo()
    shop.make(*wish)
    assert len(shop.world.objects) == 20


@pytest.mark.parametrize("parallelism", [1, 10])
@pytest.mark.parametrize("kind", [Started, Finished])
def test_a_stop_by_whoever_is_told_starts_nothing_more(shop: Workshop, parallelism: int, kind: type[Event]) -> None:
    wish = [compute(n, size="S") for n in range(20)]
    hear, told_at_stop = shop._hear, list[Address]()

    def heard(event: Event) -> None:
        hear(event)
        if isinstance(event, kind) and not shop.stop.is_set():
            told_at_stop.extend(told_to_start(shop))
            shop.stop.set()

    shop._hear = heard  # type: ignore[method-assign]
    report = shop.apply(shop.plan(*wish), *wish, parallelism=parallelism)
    assert told_to_start(shop) == told_at_stop
    assert {name for _, name in shop.world.calls} <= set(told_at_stop)
    assert report.count(Ended.DONE) == len(shop.world.objects) == len(shop.state.entries)
    assert report.count(Ended.DONE) + report.count(Ended.NOT_STARTED) == 20
    assert closed(shop)
    ends = [event.result.change.address for event in shop.events if isinstance(event, Finished)]
    assert sorted(ends) == sorted(told_at_stop)


def test_a_call_that_waits_for_a_thread_when_the_stop_comes_is_not_made(shop: Workshop) -> None:
    (wish,) = chain(1)
    hear = shop._hear

    def heard(event: Event) -> None:
        hear(event)
        if isinstance(event, Started):
            shop.stop.set()

    shop._hear = heard  # type: ignore[method-assign]
    (result,) = shop.apply(shop.plan(wish), wish).results
    assert (result.ended, result.message, result.world) == (
        Ended.NOT_STARTED,
        "stopped before it began",
        World.UNTOUCHED,
    )
    assert shop.world.calls == []
    assert closed(shop)


def test_at_most_so_many_run_at_once(shop: Workshop) -> None:
    wish = [compute(n, size="S") for n in range(12)]
    together, most, guard = [0], [0], threading.Lock()
    meeting = threading.Barrier(3, timeout=30)

    def before(verb: str, name: Address) -> None:
        with guard:
            together[0] += 1
            most[0] = max(most[0], together[0])
        meeting.wait()
        with guard:
            together[0] -= 1

    shop.world.before = before
    assert shop.apply(shop.plan(*wish), *wish, parallelism=3).ok
    assert most[0] == 3


def test_a_call_that_takes_long_is_told_and_goes_on(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bep.providers.applying.threads.LOOK_UP", 0.01)
    told = threading.Event()

    def before(verb: str, name: Address) -> None:
        told.wait(30)

    shop.world.before = before
    (wish,) = chain(1)
    hear = shop._hear

    def heard(event: Event) -> None:
        hear(event)
        if isinstance(event, Slow):
            told.set()

    shop._hear = heard  # type: ignore[method-assign]
    assert shop.apply(shop.plan(wish), wish, slow_after=0.01).ok
    assert any(isinstance(event, Slow) for event in shop.events)


class Carrying(Memory):
    """A world that tells of every byte of what it writes."""

    def begin(self, write: Write) -> Done | Pending:
        for there in range(101):
            write.transferred(there, 100)
        return super().begin(write)


def test_bytes_on_their_way_are_told_now_and_then_and_at_their_end(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.world = Carrying(KEY)
    for number, (period, told) in enumerate([(10**9, [0, 100]), (0, list(range(101)))], start=1):
        monkeypatch.setattr("bep.providers.applying.threads.TRANSFERRING_PERIOD", period)
        shop.events.clear()
        wish = chain(*range(1, number + 1))
        assert shop.apply(shop.plan(*wish), *wish).ok
        heard = [event for event in shop.events if isinstance(event, Transferring)]
        assert [event.bytes for event in heard] == told
        assert {(event.change.address, event.of_bytes) for event in heard} == {(address(number), 100)}


def test_a_stop_ends_a_transfer_and_nothing_was_begun(shop: Workshop) -> None:
    begun = threading.Event()

    class Endless(Memory):
        def begin(self, write: Write) -> Done | Pending:
            write.transferred(0, 2)
            begun.set()
            shop.stop.wait(30)
            write.transferred(1, 2)
            return super().begin(write)

    shop.world = Endless(KEY)
    shop._hear = lambda event: shop.stop.set() if isinstance(event, Transferring) else None  # type: ignore[method-assign]
    wish = chain(1, 2)
    report = shop.apply(shop.plan(*wish), *wish)
    assert begun.is_set()
    assert report.stopped
    assert {(result.ended, result.world) for result in report.results} == {(Ended.NOT_STARTED, World.UNTOUCHED)}
    assert not shop.world.calls
    shop.stop.clear()
    shop.world, shop._hear = Memory(KEY), lambda event: None  # type: ignore[method-assign]
    assert shop.apply(shop.plan(*wish), *wish).notes == ()


def test_the_same_plan_is_not_applied_twice(shop: Workshop) -> None:
    (wish,) = chain(1)
    todo = shop.plan(wish)
    shop.apply(todo, wish)
    shop.world.objects.clear()
    with pytest.raises(PlanRefused, match="it has been applied already"):
        shop.apply(todo, wish)
    assert shop.world.objects == {}


def test_a_plan_of_another_history_is_refused(shop: Workshop) -> None:
    (wish,) = chain(1)
    todo = shop.plan(wish).model_copy(update={"lineage": "there", "digest": ""})
    with pytest.raises(PlanRefused, match="lineage there, this one is here"):
        shop.apply(todo, wish)


def test_a_plan_with_open_findings_is_refused(shop: Workshop) -> None:
    shop.make(replace(chain(1)[0], lifecycle=Lifecycle(prevent_destroy=True)))
    with pytest.raises(PlanRefused, match=r"compute/c00001: .* \(protected\)"):
        shop.apply(shop.plan(allow=()))


def test_specs_that_changed_since_are_refused_field_by_field(shop: Workshop) -> None:
    todo = shop.plan(*chain(1, 2, 3, description="then"))
    changed = chain(1, 2, description="now")
    with pytest.raises(PlanRefused) as refused:
        shop.apply(todo, *changed)
    assert refused.value.reasons == (
        "compute/c00001: description: the plan has then, the specs have now",
        "compute/c00002: description: the plan has then, the specs have now",
        "compute/c00003: the plan writes it, but the specs no longer declare it",
    )
    assert shop.world.calls == []


def test_a_secret_or_a_content_that_changed_since_is_refused_and_not_shown(shop: Workshop) -> None:
    def model(sha: str, secret: str) -> Resource:
        content = Content("./model", sha, {"model.pkl": sha}, "/source")
        attributes = {"name": "m", "version": "1", "path": {"local": "./model", "sha256": sha}}
        return Resource(
            Address("model/m/1"),
            {**attributes, "tags": {"key": Secret(secret)}},
            Mark("m.yml", 1, 1),
            (),
            {"path": content},
        )

    todo = shop.plan(model("aa", "canary-1"))
    with pytest.raises(PlanRefused) as refused:
        shop.apply(todo, model("bb", "canary-2"))
    assert refused.value.reasons == (
        "model/m/1: path.sha256: the plan has aa, the specs have bb",
        "model/m/1: tags.key: the plan has (sensitive), the specs have (sensitive)",
        "model/m/1: path: its content is not the one that was planned",
    )
    assert shop.apply(todo, model("aa", "canary-1")).ok


def test_a_change_of_the_world_since_the_plan_stops_before_the_first_write(shop: Workshop) -> None:
    shop.make(*chain(1, 2, 3, description="first"))
    wish = chain(1, 2, 3, description="second")
    todo = shop.plan(*wish)
    shop.world.change(address(2), description="by hand")
    shop.world.change(address(3), tags={"hot": "fix"})
    calls = list(shop.world.calls)
    with pytest.raises(PlanStale) as stale:
        shop.apply(todo, *wish)
    assert str(stale.value) == (
        "the plan is stale; nothing was changed\n"
        "  compute/c00002: description: first when planned, by hand now\n"
        "  compute/c00003: tags: nothing when planned, {'hot': 'fix'} now\n"
        "    fix: plan again"
    )
    assert shop.world.calls == calls


def test_what_appeared_or_vanished_since_makes_a_plan_stale(shop: Workshop) -> None:
    shop.make(*chain(1, description="first"))
    wish = [*chain(1, description="second"), compute(2, size="S")]
    todo = shop.plan(*wish)
    del shop.world.objects[address(1)]
    shop.world.create(compute(2, size="theirs"), operation="theirs")
    with pytest.raises(PlanStale) as stale:
        shop.apply(todo, *wish)
    assert [str(move) for move in stale.value.moves] == [
        "compute/c00001: the object: there when planned, absent now",
        "compute/c00002: the object: absent when planned, there now",
    ]


def test_an_unrelated_change_does_not_make_a_plan_stale(shop: Workshop) -> None:
    shop.make(*chain(1), *chain(2))
    wish = [*chain(1, description="new"), *chain(2)]
    todo = shop.plan(*wish)
    other = [*chain(1), *chain(2, description="by another apply"), *chain(3)]
    shop.make(*other)
    shop.world.change(address(3), description="by hand")
    assert shop.apply(todo, *wish).ok
    assert shop.world.objects[address(1)].attributes["description"] == "new"


def test_an_entry_that_another_apply_has_written_since_makes_a_plan_stale(shop: Workshop) -> None:
    shop.make(*chain(1))
    todo = shop.plan(*chain(1, description="mine"))
    shop.make(*chain(1, description="theirs"))
    with pytest.raises(PlanStale, match=r"last applied by bep(.|\n)*description: nothing when planned, theirs now"):
        shop.apply(todo, *chain(1, description="mine"))


def test_to_adopt_and_to_forget_touch_state_only(shop: Workshop) -> None:
    (wish,) = chain(1)
    shop.world.create(wish, operation="by hand")
    shop.world.calls.clear()
    adopted = shop.plan(wish, imports=(address(1),))
    assert [change.action for change in adopted.changes] == [Action.ADOPT]
    assert shop.apply(adopted, wish).ok
    assert shop.state.entries[address(1)].etag == shop.world.objects[address(1)].etag
    forgotten = shop.plan(wish, forget=(address(1),))
    assert [change.action for change in forgotten.changes] == [Action.FORGET]
    assert shop.apply(forgotten, wish).ok
    assert shop.state.entries == {}
    assert shop.world.calls == []
    assert address(1) in shop.world.objects


def test_traffic_is_made_moved_and_taken_away(shop: Workshop) -> None:
    endpoint = Resource(Address("endpoint/e"), {"name": "e", "auth_mode": "aad_token"}, Mark("e.yml", 1, 1))

    def deployment(name: str) -> Resource:
        attributes = {"name": name, "endpoint_name": "e", "type": "model"}
        return Resource(
            Address(f"deployment/e/{name}"),
            attributes,
            Mark("d.yml", 1, 1),
            (Reference(("endpoint_name",), endpoint.address),),
        )

    def traffic(name: str) -> Resource:
        references = (
            Reference(("endpoint",), endpoint.address),
            Reference(("split", name), Address(f"deployment/e/{name}")),
        )
        attributes = {"endpoint": endpoint.address, "split": {name: 100}}
        return Resource(Address("traffic/e"), attributes, Mark("e.yml", 1, 1), references)

    both: Sequence[Resource] = (endpoint, deployment("blue"), deployment("green"))
    shop.make(*both, traffic("blue"))
    shop.make(*both, traffic("green"))
    shop.make(*both)
    moves = [verb for verb, name in shop.world.calls if name == Address("traffic/e")]
    assert moves == ["create", "update", "delete"]
    assert set(shop.state.entries) == {resource.address for resource in both}


def test_the_provider_gets_what_was_planned_with_its_secrets_readable(shop: Workshop) -> None:
    first = Resource(
        address(1),
        {"name": "c00001", "description": "first", "admin_password": Secret("canary-in-clear")},
        Mark("c.yml", 1, 1),
    )
    shop.make(first)
    shop.world.change(address(1), description="kept as it is")
    wish = Resource(
        address(1),
        {"name": "c00001", "description": "ignored", "tags": {"a": "b"}, "admin_password": Secret("canary-in-clear")},
        Mark("c.yml", 1, 1),
        lifecycle=Lifecycle(ignore_changes=("description",)),
    )
    seen: list[Resource] = []
    update = shop.world.update

    def watched(resource: Resource, *, operation: str, etag: str) -> Any:
        seen.append(resource)
        return update(resource, operation=operation, etag=etag)

    shop.world.update = watched  # type: ignore[method-assign]
    shop.make(wish)
    assert seen[0].attributes["description"] == "kept as it is"
    assert seen[0].attributes["tags"] == {"a": "b"}
    assert seen[0].attributes["admin_password"] == Secret("canary-in-clear")


def test_a_secret_that_the_service_repeats_is_nowhere_to_be_read(shop: Workshop, tmp_path: Path) -> None:
    wish = Resource(address(1), {"name": "c00001", "admin_password": Secret("canary-in-clear")}, Mark("c.yml", 1, 1))

    def before(verb: str, name: Address) -> None:
        raise ProviderError(name, verb, "bad request: {'password': 'canary-in-clear'}", retryable=True)

    shop.world.before = before
    report = shop.apply(shop.plan(wish), wish)
    assert report.results[0].message == "bad request: {'password': '(sensitive)'}"
    assert "canary-in-clear" not in "".join(map(str, shop.events))
    shop.world.before = lambda verb, name: None
    shop.make(wish)
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(written) > 3
    assert [file for file in written if b"canary-in-clear" in file.read_bytes()] == []


@pytest.mark.parametrize("count", [200])
def test_many_syncs_are_shared(shop: Workshop, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Two records a change, but far fewer writes than records: linear, and not one write a record."""
    syncs: list[int] = []

    def counted(file: int) -> None:
        syncs.append(file)
        os.fsync(file)

    monkeypatch.setattr("bep.providers.state.journal_file.os.fdatasync", counted)
    shop.make(*(compute(n, size="S") for n in range(count)))
    assert count / 10 <= len(syncs) <= count
