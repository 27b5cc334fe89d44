"""The machines that clusters are made of: apart, cut off, killed, and gone whatever ends the process that has them."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cluster.machines import HOST, SUBNET, Machine, Network, missing, network
from tests.cluster.waiting import eventually

SERVE = [sys.executable, "-m", "http.server", "80"]
"""Shows the folder that it runs in."""
ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=2).read().decode())"
HOLD = """
import signal, sys, time
from pathlib import Path
from tests.cluster.machines import network
with network(Path(sys.argv[1])) as there:
    made = [there.add({"PATH": "/usr/bin:/bin"}).start(["sleep", "1000"]) for _ in range(2)]
    made[0].kill(signal.SIGSTOP)
    print(Path(f"/proc/{there.keeper}/ns/net").readlink(), *(program.pid for program in made), flush=True)
    time.sleep(1000)
"""


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Network]:
    if reason := missing():
        pytest.skip(reason)
    with network(tmp_path) as made:
        for _ in range(2):
            made.add({"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}, {"/mnt": ".", "/dev/shm": "tmpfs"})
        yield made


def asks(asking: Machine, asked: Machine) -> bool:
    """Whether what one machine serves comes to another."""
    command = [sys.executable, "-c", ASK, f"http://{asked.address}"]
    asking.start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said, _ = asking.programs[-1].process.communicate()
    return asking.programs[-1].process.returncode == 0 and b"Directory listing" in said


def says(machine: Machine, *command: str) -> str:
    program = machine.start(command, stdout=subprocess.PIPE, text=True)
    return str(program.process.communicate()[0]).strip()


def test_a_machine_has_a_name_processes_and_folders_of_its_own(there: Network) -> None:
    one, other = there.machines
    assert says(one, "hostname") == "node0"
    says(one, "touch", "/mnt/here", "/dev/shm/there")
    assert (one.folder / "here").exists()
    assert not (other.folder / "here").exists()
    assert not Path("/dev/shm/there").exists()
    one.start(["sleep", "1000"])
    eventually("it runs", lambda: [process.command for process in one.processes()] == [("sleep", "1000")])
    assert other.processes() == []
    assert "sleep" not in says(other, "ps", "-A", "-o", "comm")


def test_a_cable_that_is_pulled_out_and_put_in_again(there: Network) -> None:
    one, other = there.machines
    one.start(SERVE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually("the other machine reaches it", lambda: asks(other, one))
    there.plug(one, is_in=False)
    assert not asks(other, one)
    there.plug(one, is_in=True)
    eventually("the other machine reaches it again", lambda: asks(other, one))


def test_a_program_is_stopped_goes_on_and_is_killed(there: Network) -> None:
    machine = there.machines[0]
    program = machine.start(["sleep", "1000"])
    program.kill(signal.SIGSTOP)
    eventually("it stops", lambda: [process.state for process in machine.processes()] == ["T"])
    program.kill(signal.SIGCONT)
    eventually("it goes on", lambda: [process.state for process in machine.processes()] == ["S"])
    program.kill()
    program.process.wait()
    eventually("it is gone", lambda: machine.processes() == [])
    assert machine.is_up()


def test_a_power_cut_ends_everything_on_one_machine_alone(there: Network) -> None:
    one, other = there.machines
    ended, alive = one.start(["setsid", "sleep", "1000"]), other.start(["sleep", "1000"])
    there.kill(one)
    ended.process.wait()
    assert (one.is_up(), one.processes()) == (False, [])
    assert other.is_up()
    assert alive.process.poll() is None


def test_nothing_is_left_when_the_process_that_has_the_machines_is_killed(tmp_path: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout as said:
        network_of, *pids = said.readline().split()
    assert len(pids) == 2
    assert networks()[network_of] > 2
    holder.kill()
    holder.wait()
    eventually("its processes are gone", lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    eventually("its network is gone", lambda: network_of not in networks())


def test_the_network_that_other_tests_are_in_stays_as_it_is(tmp_path: Path) -> None:
    """A browser gives up what it asks for when a card or an address is added to the network that it is in."""
    if reason := missing():
        pytest.skip(reason)
    with Path("/proc/thread-self/ns/net").open("rb") as outside:
        words = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{outside.fileno()}", "ip", "-oneline", "address"]
        with network(tmp_path) as there:
            machine = there.add({"PATH": "/usr/bin:/bin"})
            machine.start(SERVE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            eventually("it is reached from here", lambda: reached(machine.address))
            assert HOST in addresses("ip", "-oneline", "address")
            assert not [address for address in addresses(*words) if address.startswith(SUBNET)]
        assert addresses("ip", "-oneline", "address") == addresses(*words)


def reached(address: str) -> bool:
    """Whether a machine serves its folder to this process."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), opener.open(f"http://{address}", timeout=2) as answer:
        return b"Directory listing" in answer.read()
    return False


def addresses(*command: str) -> set[str]:
    """What a command of `ip` says of addresses."""
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {line.split()[3].partition("/")[0] for line in said.splitlines()}


def networks() -> Counter[str]:
    """How many processes are in each network."""
    found: Counter[str] = Counter()
    for place in Path("/proc").glob("[0-9]*/ns/net"):
        with suppress(OSError):
            found[str(place.readlink())] += 1
    return found
