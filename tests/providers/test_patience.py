"""What a resource asks of its own calls: how often they are made again, how long they are waited for."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bep.planner.plan import Action
from bep.planner.state import Guards
from bep.providers.applying.calling import Retry
from bep.providers.applying.events import Retrying
from bep.providers.applying.report import Ended, World
from bep.schemas.address import Address
from bep.schemas.resource import Lifecycle, Resource, Retries, Timeouts
from tests.faults.scene import address, compute
from tests.providers.workshop import Workshop, chain, ended, failing

LONG = 30.0
"""Seconds that a call hangs unless a test lets it go: longer than any of these tests may take."""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def hang(shop: Workshop) -> Iterator[threading.Event]:
    """The world hangs in each call for the first compute, until this is set."""
    release = threading.Event()

    def wait(verb: str, name: Address) -> None:
        if name == address(1):
            release.wait(LONG)

    shop.world.before = wait
    yield release
    release.set()


def asking(resource: Resource, retry: Retries | None = None, **timeouts: float) -> Resource:
    return replace(resource, lifecycle=Lifecycle(retry=retry, timeouts=Timeouts(**timeouts) if timeouts else None))


def test_a_call_over_its_time_is_not_waited_for_and_its_outcome_is_not_claimed(
    shop: Workshop, hang: threading.Event
) -> None:
    wish = [asking(compute(1), create=0.05), compute(2, needs=(address(1),)), compute(3)]
    report = shop.apply(shop.plan(*wish), *wish)
    assert ended(report) == {
        "create compute/c00001": "failed",
        "create compute/c00002": "skipped",
        "create compute/c00003": "done",
    }
    [failed] = report.those(Ended.FAILED)
    assert (failed.message, failed.world) == ("no answer within 0.05 s", World.UNKNOWN)
    stored = shop.store.load()
    assert stored is not None
    assert [(intent.address, intent.action) for intent in stored.pending] == [(address(1), Action.CREATE)]


def test_what_took_effect_after_all_is_found_by_the_next_apply(shop: Workshop, hang: threading.Event) -> None:
    wish = [asking(compute(1), create=0.05), compute(2, needs=(address(1),))]
    assert not shop.apply(shop.plan(*wish), *wish).ok
    hang.set()
    for thread in threading.enumerate():
        if thread.name.startswith("apply-"):
            thread.join(LONG)
    assert address(1) in shop.world.objects
    shop.world.before = lambda verb, name: None
    with shop.store.begin() as session:
        from bep.providers.applying.recovery import recover

        [note] = recover(session, shop.world, shop.clock)
    assert "it had been made; taken into state" in note
    assert [change.id for change in shop.plan(*wish).changes] == ["create compute/c00002"]
    assert shop.apply(shop.plan(*wish), *wish).ok
    assert [call for call in shop.world.calls if call == ("create", address(1))] == [("create", address(1))]


def test_a_hung_call_takes_no_place_from_the_others(shop: Workshop, hang: threading.Event) -> None:
    wish = [asking(compute(1), create=0.05), compute(2), compute(3)]
    report = shop.apply(shop.plan(*wish), *wish, parallelism=1)
    assert report.count(Ended.DONE) == 2


def test_each_verb_has_its_own_limit_and_a_deletion_remembers_its(shop: Workshop, hang: threading.Event) -> None:
    hang.set()
    shop.make(asking(compute(1), delete=0.05))
    hang.clear()
    assert shop.state.entries[address(1)].guards.timeouts == Timeouts(delete=0.05)
    report = shop.apply(shop.plan())
    assert ended(report) == {"delete compute/c00001": "failed"}
    assert report.results[0].message == "no answer within 0.05 s"


def test_other_limits_change_the_state_alone_and_say_so(shop: Workshop) -> None:
    shop.make(compute(1))
    wish = asking(compute(1), Retries(attempts=2), create=600)
    [change] = shop.plan(wish).changes
    assert change.action is Action.ADOPT
    assert change.summary == "state only: retry.attempts (none) -> 2, timeouts.create (none) -> 600"
    shop.make(wish)
    assert not shop.plan(wish)
    [back] = shop.plan(compute(1)).changes
    assert back.summary == "state only: retry.attempts 2 -> (none), timeouts.create 600 -> (none)"


def test_a_resource_says_how_often_its_calls_are_made(shop: Workshop) -> None:
    shop.world.before = failing(address(1), address(2), retryable=True)
    wish = [asking(compute(1), Retries(attempts=4, first_delay=0.001)), asking(compute(2), Retries(attempts=1))]
    report = shop.apply(shop.plan(*wish), *wish)
    assert [result.attempts for result in report.results] == [4, 1]
    retried = [(event.change.address, event.attempt) for event in shop.events if isinstance(event, Retrying)]
    assert sorted(retried) == [(address(1), 1), (address(1), 2), (address(1), 3)]


def test_no_attempt_is_begun_that_the_limit_leaves_no_time_for(shop: Workshop) -> None:
    shop.world.before = failing(address(1), retryable=True)
    wish = asking(compute(1), Retries(attempts=9, first_delay=LONG, longest_delay=LONG), create=5.0)
    report = shop.apply(shop.plan(wish), wish)
    assert [(result.attempts, result.message) for result in report.results] == [(1, "the service is busy (Busy)")]
    assert report.results[0].world is World.ABSENT


def test_what_a_resource_leaves_out_is_as_for_all() -> None:
    usual = Retry(attempts=7, first_delay=2.0, longest_delay=9.0)
    assert usual.of(Guards()) == usual
    assert usual.of(Guards(retry=Retries(first_delay=0.0))) == Retry(7, 0.0, 9.0)


def test_many_changes_one_of_them_hanging(shop: Workshop, hang: threading.Event) -> None:
    wish = [asking(compute(1), create=0.2), *chain(*range(2, 60))]
    report = shop.apply(shop.plan(*wish), *wish, parallelism=3)
    assert (report.count(Ended.DONE), report.count(Ended.FAILED)) == (58, 1)
