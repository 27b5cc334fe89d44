"""The lock on a state's blob and the real Terraform: each respects, names and takes away the other's."""

import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bep.providers.state.azure_blob.place import BlobPlace, BlobSettings
from bep.providers.state.holder import Holder, StateLocked
from bep.providers.state.place import STATE, Overtaken
from tests.faults.scene import now
from tests.services.azurite import Emulator, emulated
from tests.services.places import AZURITE
from tests.services.terraform import MISSING, Terraform, terraform

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"no {' and no '.join(MISSING)} here"),
    pytest.mark.skipif(not AZURITE.exists(), reason="no azurite here: make services"),
]


class Shared:
    """One blob that both tools lock."""

    def __init__(self, tool: Terraform, place: BlobPlace) -> None:
        self.tool, self.place = tool, place
        self.may_end = tool.folder / "may-end"

    @contextmanager
    def applying(self) -> Iterator[tuple["subprocess.Popen[str]", Holder]]:
        """An apply of Terraform's that has the lock, and goes on until `may_end` is there or the block ends."""
        command = f"while [ ! -e {self.may_end} ]; do sleep 0.02; done"
        with self.tool.start("apply", "-auto-approve", "-input=false", f"-var=command={command}") as process:
            try:
                while (holder := self.place.holder()) is None:
                    assert process.poll() is None, process.communicate()[0]
                    time.sleep(0.02)
                yield process, holder
            finally:
                self.may_end.touch()

    def ended(self, process: "subprocess.Popen[str]") -> tuple[int, str]:
        """How it ends once it may."""
        self.may_end.touch()
        said, _ = process.communicate(timeout=120)
        return process.returncode, said


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulated(tmp_path_factory.mktemp("azurite"), "workspacestore", "c3RvcmU=") as running:
        yield running


@pytest.fixture
def shared(emulator: Emulator, tmp_path: Path) -> Iterator[Shared]:
    settings = BlobSettings(emulator.url, f"states-{uuid.uuid4()}", "shared.tfstate")
    emulator.container(settings.container)
    place = BlobPlace(settings, home=tmp_path / "home", environment={"AZURE_STORAGE_KEY": emulator.key})
    with terraform(tmp_path / "terraform", emulator, settings.container, settings.blob) as tool:
        yield Shared(tool, place)


def test_each_tool_waits_for_the_other_and_names_it(shared: Shared) -> None:
    with shared.applying() as (process, holder):
        with pytest.raises(StateLocked, match=f"locked: Terraform apply by {holder.owner.who} on ") as locked:
            shared.place.acquire(operation="apply", since=now())
        assert holder.id in str(locked.value)  # its process is not known, so whether it lives is for people to say
        assert shared.ended(process)[0] == 0

    with shared.place.acquire(operation="bep apply", since="2026-11-22T21:15:30Z") as lock:
        said = shared.tool("plan", "-input=false", expect=1)
        who = f"{lock.holder.owner.who}@{lock.holder.owner.host}"
        for part in (lock.holder.id, "bep apply", who, "2026-11-22 21:15:30", "/shared.tfstate"):
            assert part in said
    shared.tool("plan", "-input=false")


def test_each_tool_takes_the_lock_of_the_other_away_and_the_late_writer_is_refused(shared: Shared) -> None:
    with shared.applying() as (process, holder):
        assert shared.place.unlock(holder.id).id == holder.id
        status, said = shared.ended(process)
    assert status == 1
    assert "Failed to save state" in said

    lock = shared.place.acquire(operation="bep apply", since=now())
    shared.tool("force-unlock", "-force", lock.holder.id)
    with pytest.raises(Overtaken):
        shared.place.write(STATE, b"{}")
    lock.release()
    assert shared.place.holder() is None
