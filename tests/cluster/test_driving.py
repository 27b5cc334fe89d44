"""A driver's session with agents that are processes of this machine: every row once, whoever is lost, and what is told.

No Ray; agents sleep in the place of scoring. A real agent is tried in `test_on_ray`.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep.runner.cluster.telling import State
from bep.runner.errors import JobBusy, ShareRefused
from tests.cluster.driven import Drive, Job, drive, process
from tests.cluster.waiting import eventually


@pytest.fixture
def begun() -> Iterator[list[Any]]:
    """What is to be ended whatever a test does."""
    made: list[Any] = []
    yield made
    for one in made:
        if isinstance(one, Drive):
            one.halt()
            one.thread.join(60)
        else:
            one.kill()
            one.communicate()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "shared")


def whole(job: Job, number: int = 1) -> None:
    """Every row is there, once."""
    assert job.rows(number) == Counter(range(job.items))


def agents_on(node: str, there: Drive) -> list[str]:
    return [agent for agent, spot in there.places.spots.items() if spot == node]


def busy(there: Drive, node: str) -> int:
    """The process of an agent that has begun to score."""

    def found() -> int:
        told = there.job.told(there.name)
        scoring = {one.name for one in told.nodes if one.state == "scoring" and one.scored} if told else set()
        return next((there.places.processes[one].pid for one in agents_on(node, there) if one in scoring), 0)

    return int(eventually(f"an agent on {node} scores", found))


def test_two_nodes_score_every_item_once(job: Job) -> None:
    there = drive(job, job.order(), "alpha", "beta", together=2)
    last = there.end()
    whole(job)
    assert (last.state, last.scored, last.failed, last.given_up, last.error) == (State.DONE, 60, 0, 0, None)
    assert [(node.host, node.state) for node in last.nodes] == [(os.uname().nodename, "stopped")] * 2
    assert sum(node.scored for node in last.nodes) == 60
    assert all(node.scored for node in last.nodes), "both have scored"
    assert sorted(node.name for node in last.nodes) == ["node1-aaaaaaaa", "node2-aaaaaaaa"]
    told = job.told("aaaaaaaa")
    assert told is not None
    assert told == last.model_copy(update={"number": told.number})
    assert job.share.listed("numbers/drivers") == {}, "the job is free for another driver"


def test_the_values_of_secret_variables_are_told_to_agents_alone(job: Job) -> None:
    there = drive(job, job.order(), "alpha", values={"KEY": "s3cret"})
    last = there.end()
    assert (1, "alpha: it has KEY") in last.lines
    assert "s3cret" not in str(last) + str(there.driver.session)
    assert not any(b"s3cret" in file.read_bytes() for file in job.folder.rglob("*") if file.is_file())


def test_a_job_of_one_call_gets_one_node(tmp_path: Path) -> None:
    job = Job(tmp_path / "shared", items=1)
    assert drive(job, job.order(), "alpha", "beta").end().state is State.DONE
    whole(job)


def test_an_order_without_anything_left_starts_nobody(job: Job) -> None:
    drive(job, job.order(), "alpha").end()
    there = drive(job, job.order(), "alpha", name="bbbbbbbb")
    last = there.end()
    assert (last.state, last.scored, there.places.spots) == (State.DONE, 0, {})


def test_a_killed_agent_costs_no_row(job: Job) -> None:
    there = drive(job, job.order(), "alpha", "beta", seconds=0.1)
    os.kill(busy(there, "alpha"), signal.SIGKILL)
    last = there.end()
    whole(job)
    assert (last.state, last.nodes_lost) == (State.DONE, 1)
    assert len(agents_on("alpha", there)) == 2, "the node gets another agent"
    lost = next(node for node in last.nodes if node.state == "lost")
    assert lost.why == "it ended with -9"
    assert any("was lost: it ended with -9" in text for _, text in last.lines)


def test_a_frozen_agent_is_killed_and_its_work_given_again(job: Job) -> None:
    job.cluster = {"node_timeout": 2.0}
    there = drive(job, job.order(), "alpha", "beta", seconds=0.1)
    frozen = busy(there, "alpha")
    os.kill(frozen, signal.SIGSTOP)
    last = there.end()
    whole(job)
    assert (last.state, last.nodes_lost, there.places.killed[0]) == (State.DONE, 1, "node1-aaaaaaaa")
    assert any("nothing was heard of it for 2 s" in text for _, text in last.lines)


def test_late_answers_of_a_node_that_was_given_up_do_not_count(job: Job, begun: list[Any]) -> None:
    job.cluster = {"node_timeout": 2.0}
    hows = {"alpha": {"seconds": 0.3}, "beta": {"seconds": 0.3}}
    there = drive(job, job.order(), "alpha", "beta", hows=hows, deaf=("alpha",))
    begun.append(there)
    frozen = busy(there, "alpha")
    os.kill(frozen, signal.SIGSTOP)
    eventually("it is given up", lambda: there.places.killed)
    before = job.segments()
    os.kill(frozen, signal.SIGCONT)
    there.end()
    whole(job)
    counted = len(job.committed().counted)
    assert counted >= before
    assert job.segments() > counted, "what it has written by then is there, and does not count"


def test_a_killed_driver_is_followed_by_another_that_goes_on(job: Job, tmp_path: Path, begun: list[Any]) -> None:
    job.order()
    first = process(job, "aaaaaaaa", tmp_path / "pids", nodes=["alpha", "beta"], how={"seconds": 0.2})
    begun.append(first)
    eventually("it has committed something", lambda: job.folder.exists() and job.committed().counted)
    first.kill()
    first.wait()
    kept = job.committed().segments
    pids = [int(line.split()[0]) for line in (tmp_path / "pids").read_text().splitlines()]
    eventually("its agents are gone", lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    second = process(job, "bbbbbbbb", nodes=["beta"], how={"seconds": 0.01})
    begun.append(second)
    assert second.wait(120) == 0
    whole(job)
    assert kept <= job.committed().segments, "nothing that counted is scored again"
    last = job.told("bbbbbbbb")
    assert last is not None
    assert (last.state, last.scored) == (
        State.DONE,
        60 - sum(one.scored for one in job.committed().counted if one.segment in kept),
    )


def test_a_mark_in_the_share_ends_it_and_another_session_goes_on(job: Job) -> None:
    order = job.order()
    there = drive(job, order, "alpha", "beta", seconds=0.3)
    busy(there, "alpha")
    job.cancel("aaaaaaaa")
    last = there.end()
    assert (last.state, last.error) == (State.CANCELLED, None)
    assert 0 < sum(job.rows().values()) < 60
    assert [node.state for node in last.nodes] == ["stopped", "stopped"]
    drive(job, order, "alpha", name="bbbbbbbb").end()
    whole(job)


def test_a_signal_is_as_the_mark(job: Job, begun: list[Any]) -> None:
    job.order()
    one = process(job, "aaaaaaaa", nodes=["alpha"], how={"seconds": 0.3})
    begun.append(one)
    eventually("it scores", lambda: (told := job.told("aaaaaaaa")) and told.scored)
    one.send_signal(signal.SIGTERM)
    assert one.wait(60) == 0
    told = job.told("aaaaaaaa")
    assert told is not None
    assert told.state is State.CANCELLED


def test_an_item_that_takes_every_node_down_is_given_up_and_the_rest_is_scored(job: Job) -> None:
    job.settings = {"max_retries": 1}
    there = drive(job, job.order(), "alpha", "beta", deadly=[33])
    last = there.end()
    assert job.rows() == Counter(item for item in range(60) if item not in (32, 33))
    assert [(one.batch, one.losses) for one in job.committed().given_up] == [(16, 2)]
    assert (last.state, last.scored, last.given_up) == (State.DONE, 58, 2)
    assert any(text.startswith("items 32 to 33 given up: 2 nodes were lost") for _, text in last.lines)
    again = drive(job, job.order(), "alpha", name="bbbbbbbb")
    assert again.end().state is State.DONE
    assert again.places.spots == {}, "it is not given again in the same order"


def test_too_many_failed_items_end_it(job: Job) -> None:
    job.settings, job.failed_before = {"error_threshold": 3}, 4
    last = drive(job, job.order(), "alpha").end()
    assert last.state is State.FAILED
    assert last.error is not None
    assert last.error.code == "ErrorThreshold"


def test_a_later_order_counts_its_own_commits(job: Job) -> None:
    drive(job, job.order(), "alpha").end()
    spans = [(3, 1, 1), (10, 4, 1), (59, 1, 1)]
    last = drive(job, job.order(2, spans), "alpha", "beta", name="bbbbbbbb").end()
    assert (last.state, last.scored, last.order) == (State.DONE, 6, 2)
    assert job.rows(2) == Counter([3, 10, 11, 12, 13, 59])
    whole(job, 1)


def test_a_full_share_ends_it_in_words(job: Job) -> None:
    order, real = job.order(), job.share

    class Full:
        """A share with room for what is told, and for no commit."""

        address, root = real.address, real.root
        read, listed, remove, get, folders = real.read, real.listed, real.remove, real.get, real.folders

        def put(self, name: str, content: bytes | Path) -> None:
            if "/commits/" in name:
                raise ShareRefused("no room in the share")
            real.put(name, content)

    there = drive(job, order, "alpha", share=Full(), patience=0.0, seconds=0.05)
    last = there.end()
    assert last.state is State.FAILED
    assert last.error is not None
    assert (last.error.code, last.error.message) == ("ShareRefused", "no room in the share")
    assert job.rows() == Counter()


def test_another_driver_waits_or_takes_over(job: Job, begun: list[Any]) -> None:
    order = job.order()
    there = drive(job, order, "alpha", seconds=0.5)
    begun.append(there)
    busy(there, "alpha")
    with pytest.raises(JobBusy, match="is being scored already, by process 1 on here"):
        drive(job, order, "alpha", name="bbbbbbbb")
    later = b'{"format_version": 1, "session": "cccccccc", "term": 9, "beat": 1, "host": "there", "process": 7}'
    job.share.put("numbers/drivers/cccccccc.json", later)
    last = there.end()
    assert last.error is not None
    assert (last.state, last.error.code) == (State.FAILED, "JobBusy")
    assert "was taken over by process 7 on there" in last.error.message
    assert "numbers/drivers/cccccccc.json" in [
        f"numbers/drivers/{name}" for name in job.share.listed("numbers/drivers")
    ]


def test_no_node_within_the_time_says_what_the_cluster_waits_for(job: Job) -> None:
    job.cluster = {"start_timeout": 1.0}
    there = drive(job, job.order(), waits_for="2 x {CPU: 8}, and no node has 8")
    last = there.end()
    assert last.error is not None
    assert (last.state, last.error.code) == (State.FAILED, "NoNode")
    assert "no node of the cluster was ready within 1 s" in last.error.message
    assert last.error.message.endswith("within 1 s: 2 x {CPU: 8}, and no node has 8")
    assert there.places.wanted == 2, "it was asked to grow"


def test_a_node_where_no_agent_comes_is_passed_over(job: Job) -> None:
    job.cluster = {"start_timeout": 3.0}
    job.nodes = 1
    there = drive(job, job.order(), "alpha", "beta", unreached=("alpha",))
    there.driver._agents.placement.comes_within = 0.5
    assert there.end().state is State.DONE
    whole(job)
    assert there.places.spots == {"node1-aaaaaaaa": "alpha", "node2-aaaaaaaa": "beta"}


def test_nodes_that_say_they_cannot_end_it_with_what_they_say(job: Job) -> None:
    there = drive(job, job.order(), "alpha", "beta", broken="there is no Python here")
    last = there.end()
    assert last.error is not None
    assert (last.state, last.error.code, last.error.message) == (State.FAILED, "NotReady", "there is no Python here")


def test_one_node_that_cannot_costs_the_others_nothing(job: Job) -> None:
    hows = {"alpha": {"broken": "there is no Python here"}, "beta": {"seconds": 0.1}}
    there = drive(job, job.order(), "alpha", "beta", hows=hows)
    last = there.end()
    whole(job)
    assert last.state is State.DONE
    assert len(agents_on("alpha", there)) <= 2, "it is not tried for ever"


def test_a_refusing_cluster_is_told(job: Job) -> None:
    last = drive(job, job.order(), refusal="no cluster at 198.18.0.1:6379").end()
    assert last.error is not None
    assert (last.state, last.error.code) == (State.FAILED, "ClusterRefused")


def test_a_silent_head_is_told_and_ends_it(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bep.runner.cluster.driving._HEAD_LATE", 3)
    there = drive(job, job.order(), "alpha", "beta", seconds=0.5, headless=True)
    eventually("it is told", lambda: (told := job.told("aaaaaaaa")) and "has not answered for" in told.waits_for)
    last = there.end()
    assert last.error is not None
    assert (last.state, last.error.code) == (State.FAILED, "ClusterLost")
    assert last.scored == sum(job.rows().values())
    assert [node.state for node in last.nodes] == ["stopped", "stopped"], "they have ended in order"


def test_a_driver_says_in_words_what_it_cannot_begin(job: Job, begun: list[Any]) -> None:
    job.share.put("numbers/here", b"")
    one = process(job, "aaaaaaaa", order=7, nodes=[])
    begun.append(one)
    assert one.wait(60) == 0
    told = job.told("aaaaaaaa")
    assert told is not None
    assert told.state is State.FAILED
    assert told.error is not None
    assert "has no numbers/orders/7.json" in told.error.message
