"""However an agent ends, nothing of it goes on: nobody left on the node, nothing new in the share, and why in words."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bep.runner.cluster import orders, sweeping
from bep.runner.cluster.lines import Begin, Broken, Hungry, Ready, Returned, Settled, Stop
from bep.runner.segments import names
from bep.runner.shards.prepared import content_name
from tests.cluster.driving_agents import COMMAND, NAMES, FakeDriver, Ordered, driving, ordered
from tests.cluster.waiting import eventually
from tests.runner.conftest import processes_with
from tests.runner.inputs.stores import ftp_store

# A script with a child in its group, and a daemon in a session of its own; both say in their command line whose.
FAMILY = """
    import os, subprocess, time
    def init():
        mine = os.environ["MINE"]
        subprocess.Popen(["sh", "-c", "sleep 1000; : " + mine + "/child"])
        subprocess.Popen(["sh", "-c", "sleep 1000; : " + mine + "/daemon"], start_new_session=True)
    def run(mini_batch):
        names = [os.path.basename(path) for path in mini_batch]
        while "00000.txt" in names:
            time.sleep(0.05)
        return names
"""


def busy(driver: FakeDriver) -> None:
    """Let it be in a call that never ends, with all else of its grants done."""
    driver.give(1, (1, 4, 1))
    driver.give(2, (0, 1, 1))
    driver.settled(1)
    driver.heard(Hungry)


def family(tmp_path: Path, **how: object) -> Ordered:
    return ordered(tmp_path, FAMILY, items=5, mini_batch_size=1, timeout=1000, variables={"MINE": str(tmp_path)})


def left(tmp_path: Path, what: str = "") -> list[int]:
    return processes_with(f"{tmp_path}{what}")


def nobody_left(tmp_path: Path, what: str = "") -> None:
    eventually(f"nobody is left of {what or 'all'}", lambda: not left(tmp_path, what))


def segments(job: Ordered) -> list[str]:
    return sorted(job.share.listed(f"{job.prepared.name}/{names.FOLDER}"))


def scratches(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "home/.cache/bep/shards").glob("*/*/"))


def hang_up(driver: FakeDriver) -> None:
    driver.pings.clear()
    assert driver.process.stdin
    driver.process.stdin.close()


def be_silent(driver: FakeDriver) -> None:
    driver.pings.clear()


def terminate(driver: FakeDriver) -> None:
    driver.process.terminate()


@pytest.mark.parametrize("how", [hang_up, be_silent, terminate])
def test_nobody_is_left_when_nobody_is_there_any_more(tmp_path: Path, how: Callable[[FakeDriver], None]) -> None:
    job = family(tmp_path)
    with driving(job, begin=job.begin(node_timeout=3.0)) as driver:
        busy(driver)
        before = segments(job)
        assert left(tmp_path, "/daemon")
        how(driver)
        assert driver.ended() == 1
        nobody_left(tmp_path)
        assert segments(job) == before
        assert not scratches(tmp_path)
        assert [one.key for one in driver.of(Settled)] == [1]


def test_pings_keep_it_alive_however_long_a_call_takes(tmp_path: Path) -> None:
    job = family(tmp_path)
    with driving(job, begin=job.begin(node_timeout=1.5)) as driver:
        busy(driver)
        with pytest.raises(subprocess.TimeoutExpired):
            driver.process.wait(4)
        assert driver.stop(at_once=True) == 0


def test_an_agent_that_was_stopped_and_goes_on_has_not_been_left_alone(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=4)
    with driving(job, begin=job.begin(node_timeout=2.0)) as driver:
        driver.pings.clear()
        os.kill(driver.process.pid, signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            driver.process.wait(4)
        os.kill(driver.process.pid, signal.SIGCONT)
        driver.pings.set()
        driver.give(1, (0, 4, 10))
        driver.settled(1)
        assert driver.stop() == 0


def test_after_a_kill_only_daemons_are_left_and_the_next_agent_of_the_job_ends_them(tmp_path: Path) -> None:
    job = family(tmp_path)
    with driving(job) as driver:
        busy(driver)
        driver.process.kill()
        driver.ended()
        eventually("workers and their children have gone", lambda: not left(tmp_path, "/child"))
        assert left(tmp_path, "/daemon")
    with driving(job, begin=job.begin("node1-0a1b2c3d")) as second:
        eventually("a daemon of its own", lambda: len(left(tmp_path, "/daemon")) == 2)
        assert second.stop() == 0
    nobody_left(tmp_path)


def test_daemons_of_a_gone_agent_are_ended_wherever_it_had_its_folder(tmp_path: Path) -> None:
    """As by whoever started it and sees it die, and not those of an agent of the same job that lives."""
    job = family(tmp_path)
    with (
        driving(job, environment={"XDG_CACHE_HOME": str(tmp_path / "elsewhere")}) as gone,
        driving(job, begin=job.begin("node1-0a1b2c3d")) as living,
    ):
        busy(gone)
        busy(living)
        eventually("daemons of both", lambda: len(left(tmp_path, "/daemon")) == 4)
        gone.process.kill()
        gone.ended()
        sweep = [*COMMAND, "--sweep", sweeping.mark_of(job.prepared)]
        subprocess.run(sweep, check=True, stdout=subprocess.DEVNULL)
        assert len(left(tmp_path, "/daemon")) == 2
        assert living.process.poll() is None
        subprocess.run([*COMMAND, "--sweep", "0" * 32], check=True)
        assert len(left(tmp_path, "/daemon")) == 2
        assert living.stop(at_once=True) == 0
    nobody_left(tmp_path)


def test_the_folder_of_a_gone_agent_is_removed_and_not_that_of_one_that_lives(tmp_path: Path) -> None:
    job = family(tmp_path)
    place = tmp_path / "home/.cache/bep/shards" / os.uname().nodename
    with driving(job) as gone, driving(job, begin=job.begin("node1-0a1b2c3d")) as living:
        busy(living)
        assert len([entry for entry in place.iterdir() if entry.is_dir()]) == 2
        gone.process.kill()
        gone.ended()
        home = {**os.environ, "HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": ""}
        subprocess.run([*COMMAND, "--sweep", sweeping.mark_of(job.prepared)], check=True, env=home)
        assert len([entry for entry in place.iterdir() if entry.is_dir()]) == 1
        assert living.stop(at_once=True) == 0
    assert not [entry for entry in place.iterdir() if entry.is_dir()]
    nobody_left(tmp_path)


HANGS = """
import os, subprocess, sys, time
from bep.runner.cluster.agent import run
def build(*_):
    subprocess.Popen(["sh", "-c", "sleep 1000; : " + sys.argv[1] + "/builder"])
    time.sleep(1000)
os._exit(run(build))
"""


def test_an_environment_that_is_being_built_does_not_hold_up_the_end(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=4)
    driver = FakeDriver(tmp_path, job.begin(), (sys.executable, "-c", HANGS, str(tmp_path)))
    try:
        eventually("it is being built", lambda: left(tmp_path, "/builder"))
        hang_up(driver)
        assert driver.ended() == 1
        nobody_left(tmp_path)
    finally:
        driver.close()


# An agent that waits for calls half a second, when it is told to stop.
HURRIED = """
import os, sys
from types import SimpleNamespace
from bep.runner.cluster import agent
agent.GRACE = 0.5
os._exit(agent.run(lambda *_: SimpleNamespace(interpreter=(sys.executable,), activated={}, notes=())))
"""


def test_a_call_that_does_not_end_is_ended_when_it_is_to_stop(tmp_path: Path) -> None:
    job = family(tmp_path)
    with driving(job, command=(sys.executable, "-c", HURRIED)) as driver:
        busy(driver)
        assert driver.stop() == 0
        settled = {one.key: one for one in driver.of(Settled)}
    assert (settled[2].pieces, settled[2].returned) == ((), ((0, 1, 1),))
    nobody_left(tmp_path)


def test_shutdown_has_the_time_that_the_job_gives_it(tmp_path: Path) -> None:
    script = """
        import os, time
        def run(mini_batch):
            return mini_batch
        def shutdown():
            time.sleep(2)
            open(os.environ["MARKS"] + "/" + str(os.getpid()), "w").close()
    """
    marks = tmp_path / "marks"
    marks.mkdir()
    job = ordered(tmp_path, script, items=4, workers=2, variables={"MARKS": str(marks)})
    with driving(job, command=(sys.executable, "-c", HURRIED)) as driver:
        driver.give(1, (0, 4, 1))
        driver.settled(1)
        assert driver.stop() == 0
    assert list(marks.iterdir())


def broken(job: Ordered, begin: Begin | None = None) -> Broken:
    """What an agent says that cannot go on."""
    driver = FakeDriver(job.jobs.root, begin or job.begin())
    try:
        told = driver.heard(Broken)
        assert driver.ended() == 1
        assert not scratches(job.jobs.root)
        return told
    finally:
        driver.close()


def test_an_order_that_is_not_in_the_share_of_this_node(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=4)
    told = broken(job, job.begin(order=7))
    assert (told.error.code, told.everywhere) == ("ShareRefused", False)
    assert "job/orders/7.json" in told.error.message
    told = broken(job, job.begin(share=str(tmp_path / "not-mounted")))
    assert (told.error.code, told.everywhere) == ("ShareRefused", False)


def test_an_order_that_is_damaged_is_so_everywhere(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=4)
    job.share.put(orders.place_of("job", 1), b'{"number": 1')
    told = broken(job)
    assert (told.error.code, told.everywhere, told.error.fix) == ("JobInvalid", True, "resume the job")
    assert "damaged" in told.error.message


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_model_content_that_is_not_what_was_uploaded_is_so_everywhere(tmp_path: Path, how: str) -> None:
    job = ordered(tmp_path, NAMES, items=4)
    (content,) = job.prepared.target.model.values()
    place = f"job/{content_name(content.sha256)}"
    if how == "missing":
        job.share.remove(place)
    else:
        job.share.put(place, b"WEIGHTS")
    told = broken(job)
    assert told.everywhere
    assert content.sha256 in told.error.message


def test_values_of_secret_variables_that_nobody_has_are_all_named(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=4, secrets={"TOKEN": "a", "KEY": "b", "GIVEN": "c"})
    told = broken(job, job.begin(values={"GIVEN": "c"}))
    assert (told.error.code, told.everywhere) == ("SecretsMissing", True)
    assert "TOKEN, KEY" in told.error.message
    assert "GIVEN" not in told.error.message


def test_a_script_that_cannot_be_prepared_is_the_same_everywhere(tmp_path: Path) -> None:
    job = ordered(
        tmp_path, "def init():\n    raise ValueError('no such model')\ndef run(mini_batch):\n    pass", items=4
    )
    driver = FakeDriver(tmp_path, job.begin())
    try:
        driver.heard(Ready)
        driver.give(1, (0, 4, 2))
        told = driver.heard(Broken)
        assert driver.ended() == 1
    finally:
        driver.close()
    assert (told.error.code, told.everywhere) == ("InitFailed", True)
    assert "no such model" in told.error.message
    assert "in init" in told.error.traceback


def test_inputs_that_are_damaged_in_the_share_end_it_in_words(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=4)
    contents = [name for name in job.share.listed("job/content")]
    for name in contents:
        if job.share.read(f"job/content/{name}") == b"2":
            job.share.put(f"job/content/{name}", b"3")
    with driving(job) as driver:
        driver.give(1, (0, 2, 2))
        driver.settled(1)
        driver.give(2, (2, 2, 2))
        told = driver.heard(Broken)
        assert driver.ended() == 1
    assert (told.error.code, told.everywhere) == ("PreparedInvalid", True)


def test_a_script_that_writes_files_of_its_own_needs_a_folder_that_all_see(tmp_path: Path) -> None:
    script = """
        import os
        def run(mini_batch):
            open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/own", "w").close()
            return mini_batch
    """
    with ftp_store(tmp_path / "served") as server:
        job = ordered(tmp_path, script, items=4, share=f"{server.url}/team")
        with driving(job) as driver:
            driver.give(1, (0, 4, 2))
            told = driver.heard(Broken)
            assert driver.ended() == 1
            assert not driver.of(Settled)
        assert told.everywhere
        assert "canary" not in driver.told()
        assert not segments(job)


def test_a_grant_whose_inputs_are_on_their_way_is_given_back_at_once(tmp_path: Path) -> None:
    with ftp_store(tmp_path / "served") as server:
        share = f"{server.url}/team"
        jobs_inputs = tmp_path / "inputs"
        jobs_inputs.mkdir()
        for number in range(4):
            (jobs_inputs / f"{number}.bin").write_bytes(bytes([number]) * 3_000_000)
        job = ordered(tmp_path, NAMES, inputs=(str(jobs_inputs),), mini_batch_size=1, share=share)
        with driving(job) as driver:
            server.stop()
            server.start(limit=100_000)  # a second for a thirtieth of an input
            driver.give(1, (0, 2, 1))
            driver.give(2, (2, 2, 1))
            driver.revoke(2)
            driver.revoke(1)
            found = driver.settled(2)
            assert driver.stop(at_once=True) == 0
        assert found[1].returned == ((0, 2, 1),)
        assert found[2].returned == ((2, 2, 1),)
        assert not driver.of(Returned)


def test_what_is_no_agent_says_so(tmp_path: Path) -> None:
    ran = subprocess.run(COMMAND, input=b"hello\n", capture_output=True, check=False, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"told nothing" in ran.stderr


def test_what_libraries_print_is_no_line(tmp_path: Path) -> None:
    noisy = """
import os, subprocess, sys
from types import SimpleNamespace
from bep.runner.cluster.agent import run
def build(*_):
    print("printed by a library", flush=True)
    subprocess.run(["sh", "-c", "echo said by a child; cat"])
    return SimpleNamespace(interpreter=(sys.executable,), activated={}, notes=("a note",))
os._exit(run(build))
"""
    job = ordered(tmp_path, NAMES, items=4)
    with driving(job, command=(sys.executable, "-c", noisy)) as driver:
        driver.give(1, (0, 4, 10))
        driver.settled(1)
        driver.tell(Stop())
        assert driver.ended() == 0
        assert "no message" not in "".join(map(str, driver.said))
        assert "printed by a library" in driver.errors.read_text()
        assert "said by a child" in driver.errors.read_text()
