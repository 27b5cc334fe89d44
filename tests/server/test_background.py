"""What a server does beside answering goes on, whatever a step of it ends with."""

from datetime import UTC, datetime
from threading import Event

from bep.app.errors import Refused
from bep.server.background import looking_after
from bep.server.life import Life
from bep.server.observing.log import Log


def test_a_step_that_fails_is_told_of_once_and_ends_nothing() -> None:
    lines: list[str] = []
    life, again = Life(), Event()
    taken: list[int] = []

    def fail() -> None:
        raise Refused("the queue cannot be read")

    def count() -> None:
        taken.append(1)
        life.work.set()
        if len(taken) == 5:
            again.set()

    with looking_after((fail, count), life, Log(lines.append, lambda: datetime.now(UTC))):
        assert again.wait(60)

    assert len([line for line in lines if "the queue cannot be read" in line]) == 1
    assert life.stopping.is_set()
