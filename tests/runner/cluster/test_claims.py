"""Two drivers of one job: one of them stops."""

from pathlib import Path

import pytest

from bep.runner.cluster.claims import EVERY, FOLDER, Claim, Claiming, Superseded, claimed
from bep.runner.errors import JobBusy, ShareRefused
from bep.runner.shares.share import Share


def take(share: Share, session: str, during: Claiming | None = None) -> Claiming:
    """Claim the job while another driver goes on."""
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if during:
            during.beat()

    taken = claimed(share, "job", session, "host", 7, wait)
    assert set(waited) <= {EVERY}
    return taken


def test_one_driver_has_the_job_until_it_lets_go(share: Share) -> None:
    first = take(share, "bbbbbbbb")
    for _ in range(3):
        first.beat()
    first.let_go()
    assert share.listed(f"job/{FOLDER}") == {}
    take(share, "aaaaaaaa").beat()


def test_a_job_whose_driver_lives_is_not_taken(share: Share) -> None:
    first = take(share, "aaaaaaaa")
    with pytest.raises(JobBusy, match="is being scored already, by process 7 on host"):
        take(share, "bbbbbbbb", during=first)
    first.beat()
    assert list(share.listed(f"job/{FOLDER}")) == ["aaaaaaaa.json"]


@pytest.mark.parametrize("second", ["aaaaaaaa", "cccccccc"])
def test_the_driver_of_before_stops_whichever_has_the_greater_session(share: Share, second: str) -> None:
    first = take(share, "bbbbbbbb")  # then it is stopped, or cut off
    later = take(share, second)
    with pytest.raises(Superseded):
        first.beat()
    later.beat()


def test_it_stops_even_when_the_later_one_is_done_and_gone(share: Share) -> None:
    first = take(share, "bbbbbbbb")
    take(share, "aaaaaaaa").let_go()
    with pytest.raises(Superseded):
        first.beat()


def test_of_two_that_begin_together_one_stays(share: Share) -> None:
    one = Claiming(share, "job", Claim(session="aaaaaaaa", term=1))
    other = Claiming(share, "job", Claim(session="bbbbbbbb", term=1))
    for each in (one, other):
        each._put()
    with pytest.raises(Superseded):
        one.beat()
    one.let_go()
    other.beat()
    other.beat()


def test_what_is_torn_or_foreign_is_no_claim(share: Share) -> None:
    for name, content in (("aaaaaaaa.json", b'{"session": "aaa'), ("note.txt", b"x"), ("ffffffff.json", b"[1]")):
        share.put(f"job/{FOLDER}/{name}", content)
    take(share, "bbbbbbbb").beat()


@pytest.mark.parametrize("kept", [None, b'{"session": "aaa'])
def test_a_share_that_refuses_for_a_while_takes_the_job_from_nobody(
    share: Share, monkeypatch: pytest.MonkeyPatch, kept: bytes | None
) -> None:
    first = take(share, "aaaaaaaa")
    put = share.put

    def refuse(name: str, content: bytes | Path) -> None:
        if kept is not None:  # some stores have a part then
            put(name, kept)
        raise ShareRefused("no space left")

    with monkeypatch.context() as full:
        full.setattr(type(share), "put", lambda _, name, content: refuse(name, content))
        for _ in range(3):
            with pytest.raises(ShareRefused):
                first.beat()
    first.beat()
    assert list(share.listed(f"job/{FOLDER}")) == ["aaaaaaaa.json"]
