"""The example of many machines: what starts shards elsewhere, played here, killed, repeated and merged, to the byte."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.test_examples import EXAMPLES, commands, copied, gone_without_a_trace, scored, shell

EXAMPLE: Final = "08-many-machines"
NAME: Final = "readings"
SHARE: Final = "/mnt/share"
"""Where the files of the example have the share."""
HOLDING: Final = """

scored_at_once, calls = run, 0


def run(mini_batch):
    global calls
    import time

    calls += 1
    held = Path(os.environ["HELD"])
    if calls > 1 and held.exists():
        (held / str(os.getpid())).touch()
        while held.exists():
            time.sleep(0.02)
    return scored_at_once(mini_batch)
"""
"""Added to the script: from its second call on, a worker waits for as long as a folder is there, and says so in it."""
PATIENCE: Final = 120


@pytest.fixture(autouse=True)
def salt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALT", "only-for-trying")


def has_gnu_parallel() -> bool:
    """Whether the program of this name is GNU's: another package has one that is called so, too."""
    if shutil.which("parallel") is None:
        return False
    said = subprocess.run(["parallel", "--version"], capture_output=True, text=True, check=False)
    return said.stdout.startswith("GNU parallel")


def by_hand(line: str) -> list[str]:
    """The commands that `seq ... | parallel OPTIONS COMMAND` starts, where GNU parallel is not here."""
    numbers, _, command = line.partition("|")
    pattern = command[command.index("bep ") :].strip()
    return [pattern.replace("{}", number) for number in shell(numbers, EXAMPLES).split()]


def test_the_commands_of_the_page_end_with_the_bytes_of_a_local_run(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    here = copied(EXAMPLE, tmp_path)
    said = {}
    for line in commands(here):
        parts = by_hand(line) if "| parallel" in line and not has_gnu_parallel() else [line]
        said[line] = "".join(shell(part, here) for part in parts)
    assert re.search(r"^shards +8 done$", said["bep job show readings --share share"], re.MULTILINE)
    shell("bep run job.yml", here)
    merged, local = scored(here, "alarms.txt")
    assert merged.read_bytes() == local.read_bytes()
    golden(f"../../examples/{EXAMPLE}/expected/alarms.txt", local.read_text())
    assert not [file for file in Path(here, "share").rglob("*") if file.is_file() and b"only-for" in file.read_bytes()]
    gone_without_a_trace(here)


@dataclass
class Start:
    """How one shard is started somewhere: a command, with what is in the environment there."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Scene:
    """A prepared job in a share, and the sessions that a test has started."""

    here: Path
    share: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def held(self) -> Path:
        """While this folder is there, workers wait."""
        return self.here.parent / "held"

    def surroundings(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a machine that knows the share and nothing of the workspace."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**os.environ, "PATH": path, "HELD": str(self.held), **more}

    def start(self, one: Start) -> subprocess.Popen[str]:
        """Begin a session in an empty folder."""
        elsewhere = self.here.parent / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        begun = subprocess.Popen(
            list(one.command),
            cwd=elsewhere,
            env=self.surroundings(one.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(begun)
        return begun

    def start_and_kill(self, one: Start) -> None:
        """Begin a session, and SIGKILL it while a worker of its scores."""
        self.held.mkdir()
        begun = self.start(one)
        self.wait_for_worker(lambda: begun.poll() is not None and begun.communicate()[0])
        begun.kill()
        begun.communicate(timeout=PATIENCE)
        assert begun.returncode == -signal.SIGKILL
        shutil.rmtree(self.held)

    def wait_for_worker(self, ended: Callable[[], Any]) -> None:
        """Until a worker waits; whoever ended before says what."""
        until = time.monotonic() + PATIENCE
        while not any(self.held.iterdir()):
            assert not (said := ended()), said
            assert time.monotonic() < until, "no worker came to its second call"
            time.sleep(0.02)

    def finish(self, all_of_them: Sequence[subprocess.Popen[str]]) -> None:
        for each in all_of_them:
            said, _ = each.communicate(timeout=PATIENCE)
            assert each.returncode == 0, said

    def sessions(self) -> list[int]:
        """The processes on this machine that score a shard of this share."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if b"--shard" in words and os.fsencode(self.share) in words and b"parallel" not in b" ".join(words[:3]):
                    found.append(int(folder.name))
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The example, applied, prepared in a share of its own."""
    here, share = copied(EXAMPLE, tmp_path), tmp_path / "share"
    share.mkdir()
    script = here / "code" / "score.py"
    script.write_text(script.read_text() + HOLDING)
    found = Scene(here, share)
    os.environ["HELD"] = str(found.held)
    for command in ("make_readings.py", "bep apply --auto-approve", "bep run job.yml"):
        shell(f"'{sys.executable}' {command}" if command.endswith(".py") else command, here)
    shell(f"bep run job.yml --prepare --share '{share}' --name {NAME}", here)
    yield found
    for each in found.started:
        each.kill()
        each.communicate()
    del os.environ["HELD"]


def in_kubernetes(scene: Scene) -> list[Start]:
    """What the pods of the Indexed Job run."""
    job = manifest("Job")["spec"]
    (container,) = job["template"]["spec"]["containers"]
    args = [str(scene.share) if word == SHARE else word for word in container["args"]]
    assert container["command"] == ["/bep/venv/bin/bep"]
    return [Start(["bep", *args], {"JOB_COMPLETION_INDEX": str(index)}) for index in range(job["completions"])]


def in_slurm(scene: Scene) -> list[Start]:
    """What the tasks of the array run: the script, as Slurm starts it."""
    script = EXAMPLES / EXAMPLE / "slurm.sh"
    found = re.search(r"^#SBATCH --array=(\d+)-(\d+)", script.read_text(), re.MULTILINE)
    assert found
    first, last = map(int, found.groups())
    ids = range(first, last + 1)
    array = {
        "SLURM_ARRAY_TASK_MIN": str(first),
        "SLURM_ARRAY_TASK_MAX": str(last),
        "SLURM_ARRAY_TASK_COUNT": str(len(ids)),
    }
    share = {"SHARE": str(scene.share)}
    return [Start(["bash", str(script)], {**array, **share, "SLURM_ARRAY_TASK_ID": str(one)}) for one in ids]


def in_azure_batch(scene: Scene) -> list[Start]:
    """What the tasks run that the script has made: `az` is one that writes down what it is told."""
    told, program = scene.here.parent / "told", scene.here.parent / "bin" / "az"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" END >> '{told}'\n")
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    script = EXAMPLES / EXAMPLE / "azure_batch.sh"
    subprocess.run(["sh", script], env={**os.environ, "PATH": path}, check=True)
    calls = [call.strip().splitlines() for call in told.read_text().split("END\n") if call]
    assert len({call[call.index("--task-id") + 1] for call in calls}) == len(calls)
    lines = [call[call.index("--command-line") + 1] for call in calls]
    return [Start(shlex.split(line.replace(SHARE, str(scene.share)))) for line in lines]


@pytest.mark.parametrize("place", [in_kubernetes, in_slurm, in_azure_batch])
def test_shards_that_are_killed_repeated_and_doubled_make_the_output_of_a_local_run(
    scene: Scene, place: Callable[[Scene], list[Start]]
) -> None:
    shards = place(scene)
    assert len(shards) == 8
    for killed in (0, 5):
        scene.start_and_kill(shards[killed])
    missing = subprocess.run(
        ["bep", "job", "merge", NAME, "--share", scene.share],
        cwd=scene.here, env=scene.surroundings({}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert missing.returncode == 1, missing.stdout + missing.stderr
    scene.finish([scene.start(shards[2]), scene.start(shards[2])])
    for one in (*shards, shards[7]):
        scene.finish([scene.start(one)])
    ends_as_a_local_run(scene)


@pytest.mark.skipif(not has_gnu_parallel(), reason="GNU parallel is not here: make services")
def test_gnu_parallel_starts_again_what_was_killed(scene: Scene) -> None:
    (line,) = (one for one in commands(EXAMPLES / EXAMPLE) if "| parallel" in one)
    scene.held.mkdir()
    line = line.replace("--share share", f"--share {shlex.quote(str(scene.share))}")
    begun = scene.start(Start(["sh", "-c", line]))
    scene.wait_for_worker(lambda: begun.poll() is not None and begun.communicate()[0])
    killed = scene.sessions()
    assert killed
    for each in killed:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    shutil.rmtree(scene.held)
    scene.finish([begun])
    ends_as_a_local_run(scene)


def ends_as_a_local_run(scene: Scene) -> None:
    """Merge; the rows are those of the job that ran here, in its order, each once, and nobody works any more."""
    shown = shell(f"bep job show {NAME} --share '{scene.share}'", scene.here)
    assert re.search(r"^items +96 of 96 scored, 0 failed", shown, re.MULTILINE), shown
    shell(f"bep job merge {NAME} --share '{scene.share}'", scene.here)
    local, merged = scored(scene.here, "alarms.txt")
    assert merged.read_bytes() == local.read_bytes()
    assert len(set(merged.read_text().splitlines())) == 96
    assert scene.sessions() == []


def manifest(kind: str) -> dict[str, Any]:
    """The one object of a kind in the manifest."""
    text = (EXAMPLES / EXAMPLE / "kubernetes.yaml").read_text()
    (found,) = (one for one in yaml.safe_load_all(text) if one["kind"] == kind)
    assert isinstance(found, dict)
    return found


def test_kubernetes_takes_the_manifest() -> None:
    validating = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed: make services"
    )
    versions = [validating.latest_version(), "1.31"]  # 1.31: the release in which retries of an index were switched on
    for version in versions:
        for kind in ("PersistentVolumeClaim", "Job"):
            validating.validate(manifest(kind), version, strict=True)
    wrong = json.loads(json.dumps(manifest("Job")))
    wrong["spec"]["backoffLimitPerIndexes"] = 1
    with pytest.raises(validating.ValidationError, match="backoffLimitPerIndexes"):
        validating.validate(wrong, versions[0], strict=True)


def test_the_manifest_asks_for_what_its_shards_need() -> None:
    job = manifest("Job")["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    assert job["completionMode"] == "Indexed"
    assert f"auto/{job['completions']}" in container["args"]
    # What the API server holds a policy of failures to, and no schema says:
    assert pod["restartPolicy"] == "Never"
    assert job["podReplacementPolicy"] == "Failed"
    rules = {rule["action"]: rule for rule in job["podFailurePolicy"]["rules"]}
    assert list(rules) == ["Ignore", "FailIndex"]
    assert rules["FailIndex"]["onExitCodes"]["containerName"] == container["name"]
    assert 0 not in rules["FailIndex"]["onExitCodes"]["values"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert {one["name"] for one in pod["volumes"]} == mounts.keys()
    assert container["args"][container["args"].index("--share") + 1] == mounts["share"] == SHARE
    specs = (EXAMPLES / EXAMPLE / "specs.yml").read_text()
    given = {one["name"] for one in container["env"] if "valueFrom" in one}
    assert given == set(re.findall(r"\$\{\{ env\.(\w+) \}\}", specs))


@pytest.mark.parametrize("script", ["slurm.sh", "azure_batch.sh"])
def test_the_scripts_are_ones_that_a_shell_takes(script: str) -> None:
    file = EXAMPLES / EXAMPLE / script
    subprocess.run(["bash", "-n", file], check=True)
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not here: make services")
    subprocess.run(["shellcheck", file], check=True)
