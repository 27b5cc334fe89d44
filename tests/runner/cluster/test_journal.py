"""What a driver writes down in a share, and what another one reads of it."""

import threading
from collections.abc import Iterator

import pytest

from bep.runner.cluster.batches import Batches
from bep.runner.cluster.journal import FOLDER, Commit, Committed, Journal, is_of, name_of, read_all
from bep.runner.cluster.messages import GiveUp, Piece
from bep.runner.errors import JobInvalid, ShareRefused
from bep.runner.segments.names import SegmentName
from bep.runner.shares.share import Share

MANIFEST = "ab" * 32


def piece(first: int, end: int, session: str = "aaaaaaaa", attempt: int = 1) -> Piece:
    """A piece of mini-batches of one item."""
    name = SegmentName(first, end, 0, 100, session, attempt).text
    return Piece(Batches(first, end), end - first, 0, name)


@pytest.fixture
def refusals() -> list[JobInvalid]:
    return []


@pytest.fixture
def journal(share: Share, refusals: list[JobInvalid]) -> Iterator[Journal]:
    made = Journal(share, "job", MANIFEST, 1, "aaaaaaaa", refusals.append, together=0.0)
    made.start()
    yield made
    made.close()


def test_what_was_committed_is_read_by_another(share: Share, journal: Journal, refusals: list[JobInvalid]) -> None:
    journal.count([piece(0, 4)])
    journal.count([piece(6, 9, attempt=2)])
    journal.give_up(GiveUp(4, 4, "its agent was killed"))
    assert journal.close() is None
    assert refusals == []
    found = read_all(share, "job", MANIFEST, 1)
    assert found.segments == {piece(0, 4).segment, piece(6, 9, attempt=2).segment}
    assert [(one.batch, one.losses, one.why) for one in found.given_up] == [(4, 4, "its agent was killed")]
    assert found.left_of(12) == (Batches(5, 6), Batches(9, 12))
    assert found.unread == ()


def test_what_comes_together_is_one_object(share: Share) -> None:
    journal = Journal(share, "job", MANIFEST, 1, "aaaaaaaa", lambda error: None)
    for number in range(50):
        journal.count([piece(number, number + 1)])
    journal.start()
    assert journal.close() is None
    assert list(share.listed(f"job/{FOLDER}")) == ["0001-aaaaaaaa-00000001.json"]
    assert read_all(share, "job", MANIFEST, 1).done == (Batches(0, 50),)


def test_what_comes_while_one_is_put_goes_into_the_next(share: Share) -> None:
    class Slow:
        """A share whose puts wait for the test."""

        may, begun = threading.Semaphore(0), threading.Semaphore(0)

        def put(self, name: str, content: bytes) -> None:
            self.begun.release()
            self.may.acquire()
            share.put(name, content)

    slow = Slow()
    journal = Journal(slow, "job", MANIFEST, 1, "aaaaaaaa", lambda error: None, together=0.0)  # type: ignore[arg-type]
    journal.start()
    journal.count([piece(0, 1)])
    slow.begun.acquire()
    for number in range(1, 20):
        journal.count([piece(number, number + 1)])
    slow.may.release(2)
    assert journal.close() is None
    assert journal.written == 2
    assert read_all(share, "job", MANIFEST, 1).done == (Batches(0, 20),)


def test_sessions_do_not_share_names_and_both_are_read(share: Share) -> None:
    for session, first in (("aaaaaaaa", 0), ("bbbbbbbb", 5)):
        journal = Journal(share, "job", MANIFEST, 1, session, lambda error: None, together=0.0)
        journal.start()
        journal.count([piece(first, first + 6, session)])
        assert journal.close() is None
    assert len(share.listed(f"job/{FOLDER}")) == 2
    assert read_all(share, "job", MANIFEST, 1).done == (Batches(0, 11),)


def test_each_order_has_its_own(share: Share) -> None:
    for order, session in ((1, "aaaaaaaa"), (12345, "bbbbbbbb")):
        journal = Journal(share, "job", MANIFEST, order, session, lambda error: None, together=0.0)
        journal.start()
        journal.count([piece(order % 5, order % 5 + 1, session)])
        assert journal.close() is None
    assert read_all(share, "job", MANIFEST, 1).done == (Batches(1, 2),)
    assert read_all(share, "job", MANIFEST, 12345).done == (Batches(0, 1),)
    assert read_all(share, "job", MANIFEST, 2) == Committed()
    assert is_of(name_of(7, "aaaaaaaa", 3).partition("/")[2], 7)
    assert not is_of("notes.txt", 7)


def test_what_is_torn_or_foreign_does_not_count_and_is_named(share: Share, journal: Journal) -> None:
    journal.count([piece(0, 4)])
    assert journal.close() is None
    place = f"job/{name_of(1, 'aaaaaaaa', 1)}"
    whole = share.read(place)
    others = Commit(manifest="cd" * 32, order=1, session="cccccccc", number=1).model_dump_json().encode()
    bad = {
        "0001-bbbbbbbb-00000001.json": whole[:-10],
        "0001-bbbbbbbb-00000002.json": b"",
        "0001-bbbbbbbb-00000003.json": whole,
        "0001-cccccccc-00000001.json": others,
        "0001-dddddddd-00000001.json": b"[" * 100_000,
        "notes.txt": b"hello",
    }
    for name, content in bad.items():
        share.put(f"job/{FOLDER}/{name}", content)
    found = read_all(share, "job", MANIFEST, 1)
    assert found.done == (Batches(0, 4),)
    assert found.unread == tuple(sorted(bad))


@pytest.mark.parametrize("kept", range(0, 400, 7))
def test_no_beginning_of_a_commit_is_taken_for_one(kept: int) -> None:
    class One:
        """A share with one file."""

        def __init__(self, content: bytes) -> None:
            self.content = content

        def put(self, name: str, content: bytes) -> None:
            self.content = content

        def listed(self, folder: str) -> dict[str, int]:
            return {"0001-aaaaaaaa-00000001.json": len(self.content)}

        def read(self, name: str) -> bytes:
            return self.content

    store = One(b"")
    journal = Journal(store, "job", MANIFEST, 1, "aaaaaaaa", lambda error: None, together=0.0)  # type: ignore[arg-type]
    journal.start()
    journal.count([piece(0, 4), piece(6, 7)])
    journal.give_up(GiveUp(5, 4, "killed"))
    journal.close()
    assert read_all(store, "job", MANIFEST, 1).done  # type: ignore[arg-type]
    store.content = store.content[: min(kept, len(store.content) - 2)]
    assert read_all(store, "job", MANIFEST, 1).done == ()  # type: ignore[arg-type]


def test_a_segment_that_is_gone_or_torn_does_not_count(share: Share, journal: Journal) -> None:
    good, torn, gone = piece(0, 2), piece(2, 4), piece(4, 6)
    journal.count([good, torn, gone])
    journal.give_up(GiveUp(0, 4, "killed"))
    journal.give_up(GiveUp(3, 4, "killed"))
    journal.give_up(GiveUp(3, 4, "killed"))
    assert journal.close() is None
    standing = read_all(share, "job", MANIFEST, 1).standing({good.segment: 100, torn.segment: 99})
    assert standing.segments == {good.segment}
    assert [one.batch for one in standing.given_up] == [3], "0 has a segment after all"
    assert standing.left_of(6) == (Batches(2, 3), Batches(4, 6))


def test_a_share_that_refuses_ends_the_journal_and_is_told_once(share: Share) -> None:
    class Full:
        """A share without room from the second object on."""

        puts = 0

        def put(self, name: str, content: bytes) -> None:
            self.puts += 1
            if self.puts > 1:
                raise ShareRefused("no room")
            share.put(name, content)

    told: list[JobInvalid] = []
    full = Full()
    is_told = threading.Event()

    def failed(error: JobInvalid) -> None:
        told.append(error)
        is_told.set()

    journal = Journal(full, "job", MANIFEST, 1, "aaaaaaaa", failed, together=0.0, patience=0.0)  # type: ignore[arg-type]
    journal.start()
    journal.count([piece(0, 1)])
    while not journal.written:
        is_told.wait(0.01)
    journal.count([piece(1, 2)])
    is_told.wait()
    journal.count([piece(2, 3)])
    assert journal.close() is told[0]
    assert len(told) == 1
    assert read_all(share, "job", MANIFEST, 1).done == (Batches(0, 1),)


def test_a_share_that_refuses_for_a_while_is_asked_again(share: Share, refusals: list[JobInvalid]) -> None:
    class Away:
        """A share that cannot be reached three times."""

        puts = 0

        def put(self, name: str, content: bytes) -> None:
            self.puts += 1
            if self.puts <= 3:
                raise ShareRefused("not reachable")
            share.put(name, content)

    away = Away()
    journal = Journal(away, "job", MANIFEST, 1, "aaaaaaaa", refusals.append, together=0.0, pause=0.01)  # type: ignore[arg-type]
    journal.start()
    journal.count([piece(0, 1)])
    assert journal.close() is None
    assert refusals == []
    assert read_all(share, "job", MANIFEST, 1).done == (Batches(0, 1),)


def test_who_has_no_right_any_more_writes_nothing(share: Share) -> None:
    class Hanging:
        """A share that refuses until the test ends."""

        is_asked = threading.Event()

        def put(self, name: str, content: bytes) -> None:
            self.is_asked.set()
            raise ShareRefused("not reachable")

    hanging = Hanging()
    journal = Journal(hanging, "job", MANIFEST, 1, "aaaaaaaa", lambda error: None, together=0.0)  # type: ignore[arg-type]
    journal.start()
    journal.count([piece(0, 1)])
    hanging.is_asked.wait()
    journal.count([piece(1, 2)])
    journal.abandon()
    assert journal.written == 0
