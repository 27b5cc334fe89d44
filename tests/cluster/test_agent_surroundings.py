"""What Ray does to its processes and must not do to scripts: a test of each, without Ray."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from bep.runner.cluster.surroundings import INHERITED, kept, of_agent
from tests.cluster.driving_agents import NAMES, Ordered, driving, ordered, warnings_of

# One row: all that a script can see of how it was started.
SEES = """
    import json, os, signal, subprocess, sys
    def run(mini_batch):
        child = subprocess.Popen(["sleep", "1000"])
        child.send_signal(signal.SIGINT)
        return [json.dumps({
            "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))),
            "ignored": [int(n) for n in signal.valid_signals() if signal.getsignal(n) is signal.SIG_IGN],
            "interrupted": child.wait(20),
            "nice": os.getpriority(os.PRIO_PROCESS, 0),
            "oom": int(open("/proc/self/oom_score_adj").read()),
            "agents_oom": int(open("/proc/%d/oom_score_adj" % os.getppid()).read()),
            "environment": dict(os.environ),
            "path": sys.path,
            "files": sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)),
            "stdin": os.readlink("/proc/self/fd/0"),
        })]
"""

POOLS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "TF_NUM_INTRAOP_THREADS",
)  # fmt: skip

RAYS = {
    "OMP_NUM_THREADS": "1",
    "PYTHONBREAKPOINT": "ray.util.rpdb.set_trace",
    "RAY_AUTH_TOKEN": "a-token-of-the-cluster",
    "RAY_ADDRESS": "10.0.0.1:6379",
    "SPT_NOENV": "1",
    "LD_PRELOAD": "",
}


def as_ray_does() -> None:
    """What Ray has done to an actor when it starts a child."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.nice(15)
    Path("/proc/self/oom_score_adj").write_text("1000")


def seen(job: Ordered, **how: Any) -> dict[str, Any]:
    """What the script of an agent sees that was started as Ray does it."""
    modules = job.jobs.root / "modules"
    modules.mkdir()
    environment = {"PYTHONPATH": f"{modules}:{Path(__file__).parents[2]}", **RAYS, **how.pop("environment", {})}
    with driving(job, prepare=as_ray_does, environment=environment, **how) as driver:
        driver.give(1, (0, 1, 1))
        (piece,) = driver.settled(1)[1].pieces
        assert driver.stop() == 0
    found: dict[str, Any] = json.loads(job.rows([piece]))
    return found


def test_a_script_sees_nothing_of_ray(tmp_path: Path) -> None:
    secrets, given = {"TOKEN": "canary-of-the-driver"}, {"OPENBLAS_NUM_THREADS": "7"}
    job = ordered(tmp_path, SEES, items=1, workers=2, mini_batch_size=1, secrets=secrets, variables=given)
    changes: dict[str, Any] = {"values": secrets, "cores": 6.0}
    found = seen(job, begin=job.begin(**changes), environment={"LANG": "C.UTF-8", "AWS_REGION": "eu-1", "MINE": "no"})
    assert (found["blocked"], found["interrupted"]) == ([], -signal.SIGINT)
    assert int(signal.SIGHUP) not in found["ignored"]
    environment = found["environment"]
    assert not [name for name in environment if name.startswith("RAY_")]
    assert {"PYTHONPATH", "PYTHONBREAKPOINT", "SPT_NOENV", "LD_PRELOAD", "MINE"}.isdisjoint(environment)
    assert str(tmp_path / "modules") not in found["path"]
    assert (environment["LANG"], environment["AWS_REGION"]) == ("C.UTF-8", "eu-1")
    assert {environment[name] for name in POOLS if name not in given} == {"3"}
    assert environment["OPENBLAS_NUM_THREADS"] == "7"
    assert environment["TOKEN"] == secrets["TOKEN"]
    assert environment["AZUREML_NODE_COUNT"] == "1"
    assert found["stdin"] == "/dev/null"


def test_the_kernel_ends_workers_before_their_agent(tmp_path: Path) -> None:
    found = seen(ordered(tmp_path, SEES, items=1))
    assert (found["oom"], found["agents_oom"]) == (1000, 500)


def test_the_priority_is_put_back(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the system has no way for others than root to raise a priority")
    job = ordered(tmp_path, SEES, items=1)
    assert seen(job)["nice"] == 0


def test_a_priority_that_cannot_be_put_back_is_said_once(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=1)

    def without_the_right() -> None:
        as_ray_does()
        _drop_right_to_priorities()

    with driving(job, prepare=without_the_right) as driver:
        driver.give(1, (0, 1, 10))
        driver.settled(1)
        assert driver.stop() == 0
        told = [text for text in warnings_of(driver) if "nice 15" in text]
    assert len(told) == 1


def _drop_right_to_priorities() -> None:
    """CAP_SYS_NICE, of all that a process may ever have: root can do the rest."""
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(24, 23, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_SYS_NICE; takes effect with exec


def test_values_of_secret_variables_come_from_the_nodes_own_environment_where_nobody_told_them(tmp_path: Path) -> None:
    job = ordered(tmp_path, SEES, items=1, secrets={"TOKEN": "canary"})
    found = seen(job, environment={"TOKEN": "the-value-of-this-node"})
    assert found["environment"]["TOKEN"] == "the-value-of-this-node"


def test_a_greedy_call_is_ended_and_found_and_the_agent_lives(tmp_path: Path) -> None:
    script = """
        import os
        def run(mini_batch):
            names = [os.path.basename(path) for path in mini_batch]
            held = bytearray(400_000_000) if "00005.txt" in names else None
            if held:
                import time
                held[::4096] = b"x" * len(held[::4096])
                time.sleep(20)
            return names
    """
    job = ordered(tmp_path, script, items=12, mini_batch_size=4, max_retries=1)
    with driving(job, begin=job.begin(memory=600_000_000)) as driver:
        driver.give(1, (0, 12, 4))
        (piece,) = driver.settled(1)[1].pieces
        assert driver.stop() == 0
    assert job.failed([piece]) == {5}
    told = [failure.type for failure in job.segment(piece).failures()]
    assert "MemoryLimit" in told


def test_a_limit_that_the_deployment_sets_is_its_own(tmp_path: Path) -> None:
    job = ordered(tmp_path, NAMES, items=2, worker_memory="2GB")
    with driving(job, begin=job.begin(memory=1_000_000)) as driver:  # a hundredth of what an interpreter takes
        driver.give(1, (0, 2, 10))
        assert driver.settled(1)[1].pieces[0].scored == 2
        assert driver.stop() == 0


def test_the_list_keeps_what_it_names_and_nothing_else() -> None:
    there = {"PATH": "/bin", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "k", "RAY_X": "1", "PYTHONPATH": "/x", "[a]": "v"}
    assert kept(there) == {"PATH": "/bin", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "k"}
    assert kept(there, of_agent(["[a]", "RAY_X"])) == {**kept(there), "RAY_X": "1", "[a]": "v"}
    assert json.loads(json.dumps(INHERITED)) == list(INHERITED)
    assert not [name for name in POOLS if kept({name: "1"})]
