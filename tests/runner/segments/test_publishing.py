"""Publishing in a thread: nobody waits for a slow share, and whoever asked is told, whatever becomes of it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.runner.errors import ShareRefused
from bep.runner.segments import publishing
from bep.runner.segments.publishing import Content, Publication, Publisher, Trouble
from bep.runner.shares.share import Share, share_at


class Held:
    """A share whose `put` waits until it is let go, and refuses so many times before it takes anything."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self.address, self.root = share.address, share.root
        self.go = threading.Event()
        self.go.set()
        self.refusals = 0
        self.asked: list[str] = []

    def put(self, name: str, content: bytes | Path) -> None:
        self.asked.append(name)
        assert self.go.wait(60)
        if self.refusals:
            self.refusals -= 1
            raise ShareRefused("no room")
        self._share.put(name, content)

    def __getattr__(self, what: str) -> object:
        return getattr(self._share, what)


class Told:
    """What a publisher says, and a clock that goes on by each pause."""

    def __init__(self) -> None:
        self.published: list[int] = []
        self.failed: list[Trouble] = []
        self.refused: list[str] = []
        self.now = 0.0


@pytest.fixture
def share(tmp_path: Path) -> Held:
    (tmp_path / "shared").mkdir()
    return Held(share_at("shared", tmp_path))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def publisher(share: Held, told: Told, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(publishing, "_PAUSE", 0.001)
    monkeypatch.setattr(publishing, "_LONGEST_PAUSE", 0.002)

    def clock() -> float:
        told.now += 1
        return told.now

    made = Publisher(
        share,  # type: ignore[arg-type]
        told.published.append,
        told.failed.append,
        patience=10,
        refused=lambda error: told.refused.append(str(error)),
        clock=clock,
    )
    made.start()
    yield made
    share.go.set()
    made.close(drain=False)


def one(key: int) -> Publication:
    return Publication(key, lambda: [(f"segments/{key}", b"%d" % key)])


def test_all_is_there_in_the_order_in_which_it_was_asked_for(share: Held, publisher: Publisher, told: Told) -> None:
    for key in range(20):
        publisher.publish(one(key))
    assert publisher.close(drain=True) == 0
    assert told.published == list(range(20))
    assert share.asked == [f"segments/{key}" for key in range(20)]
    assert told.failed == []


def test_who_asks_never_waits_for_the_share(share: Held, publisher: Publisher, told: Told) -> None:
    share.go.clear()
    for key in range(200):
        publisher.publish(one(key))
    assert publisher.outstanding == 200
    assert told.published == []
    assert not publisher.wait(199, timeout=0)
    share.go.set()
    assert publisher.wait(0, timeout=60)
    assert told.published == list(range(200))


def test_who_gives_can_wait_until_few_are_outstanding(share: Held, publisher: Publisher, told: Told) -> None:
    for key in range(10):
        publisher.publish(one(key))
    assert publisher.wait(3, timeout=60)
    assert len(told.published) >= 7


def test_contents_are_made_and_removed_in_the_thread(
    share: Held, publisher: Publisher, told: Told, tmp_path: Path
) -> None:
    threads = []

    def contents() -> Iterator[Content]:
        threads.append(threading.current_thread().name)
        for name in ("a", "b"):
            path = tmp_path / name
            path.write_text(name)
            yield f"logs/{name}", path
            path.unlink()

    publisher.publish(Publication(7, contents))
    publisher.close(drain=True)
    assert threads == ["publisher"]
    assert share.listed("logs") == {"a": 1, "b": 1}  # type: ignore[operator]
    assert not (tmp_path / "a").exists()
    assert told.published == [7]


def test_a_share_that_refuses_for_a_while_is_tried_again(share: Held, publisher: Publisher, told: Told) -> None:
    share.refusals = 4
    publisher.publish(one(1))
    publisher.publish(one(2))
    publisher.close(drain=True)
    assert told.published == [1, 2]
    assert share.asked == ["segments/1"] * 5 + ["segments/2"]
    assert told.refused == ["no room"] * 4


def test_patience_has_an_end_and_begins_anew_when_the_share_takes_something(
    share: Held, publisher: Publisher, told: Told
) -> None:
    share.refusals = 1000
    publisher.publish(one(1))
    assert publisher.wait(0, timeout=60)
    tries = len(share.asked)
    assert [(trouble.key, str(trouble.error)) for trouble in told.failed] == [(1, "no room")]
    assert 3 < tries < 15
    publisher.publish(one(2))  # it has refused for too long already: this one is tried once
    assert publisher.wait(0, timeout=60)
    assert len(share.asked) == tries + 1
    share.refusals = 0
    publisher.publish(one(3))
    assert publisher.wait(0, timeout=60)
    share.refusals = 3
    publisher.publish(one(4))
    publisher.close(drain=True)
    assert told.published == [3, 4]
    assert [trouble.key for trouble in told.failed] == [1, 2]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("an error of ours")])
def test_what_cannot_be_made_is_told_and_the_next_is_published(
    publisher: Publisher, told: Told, error: Exception
) -> None:
    def contents() -> Iterator[Content]:
        yield "a", b"1"
        raise error

    publisher.publish(Publication(1, contents))
    publisher.publish(one(2))
    publisher.close(drain=True)
    assert told.failed == [Trouble(1, error)]
    assert told.published == [2]


def test_a_file_that_is_gone_is_told(publisher: Publisher, told: Told, tmp_path: Path) -> None:
    publisher.publish(Publication(1, lambda: [("a", tmp_path / "nowhere")]))
    publisher.close(drain=True)
    assert [type(trouble.error) for trouble in told.failed] == [FileNotFoundError]


def test_it_ends_while_a_share_hangs_and_tells_of_nothing_more(share: Held, publisher: Publisher, told: Told) -> None:
    share.go.clear()
    for key in range(3):
        publisher.publish(one(key))
    assert publisher.close(drain=False) == 3
    share.go.set()
    assert publisher._thread
    publisher._thread.join(60)
    assert (told.published, told.failed) == ([], [])


def test_it_ends_while_it_waits_for_a_share_to_take_something(
    share: Held, publisher: Publisher, told: Told, tmp_path: Path
) -> None:
    publisher.patience = 1e9
    share.refusals = 10**9
    tried_again = threading.Event()
    publisher.refused = lambda _: tried_again.set()
    left = tmp_path / "left"
    left.write_text("1")
    after: list[str] = []

    def contents() -> Iterator[Content]:
        yield "left", left
        after.append("the share was said to have it")

    publisher.publish(Publication(1, contents))
    tried_again.wait(60)
    assert publisher.close(drain=False) == 1
    assert publisher._thread
    publisher._thread.join(60)
    assert not publisher._thread.is_alive()
    assert (told.published, told.failed) == ([], [])
    assert after == []
