"""An apply that is told to stop: what runs is finished, what waits is not begun."""

import threading
from collections.abc import Sequence

import pytest

from bep.providers.applying.events import Event, Finished, Started, Transferring
from bep.providers.applying.report import Ended, World
from bep.providers.protocol import Done, Pending, Write
from bep.providers.state.journal_file import JournalFile
from bep.schemas.address import Address
from tests.faults.scene import KEY, address, compute
from tests.memory_world import Memory
from tests.providers.workshop import Workshop, chain, ended


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
