"""A plan carried out: in which order, what is told, what is tried again, what a failure leaves."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bep.planner.plan import Action
from bep.providers.applying.calling import Retry
from bep.providers.applying.events import Event, Finished, Retrying, Slow, Started, Transferring
from bep.providers.applying.report import Ended, World
from bep.providers.protocol import Done, Pending, ProviderError, Write
from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.resource import Lifecycle, Reference, Resource
from bep.schemas.secrets.secret import Secret
from tests.faults.scene import KEY, address, compute, now
from tests.memory_world import Memory
from tests.providers.workshop import Workshop, chain, ended, failing


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
