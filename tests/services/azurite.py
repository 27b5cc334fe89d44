"""Azure's blob service as Azurite emulates it: started for a test, filled by the service's own client."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.services.places import AZURITE

PUBLISHED = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of devstoreaccount1, the same everywhere: https://learn.microsoft.com/azure/storage/common/storage-use-azurite."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """One account of an emulator that runs. `url` ends with the account."""

    url: str
    account: str
    key: str

    def container(self, name: str, *, is_public: bool = False) -> Any:
        """The client of a new container."""
        from azure.storage.blob import BlobServiceClient

        client = BlobServiceClient(self.url, credential=self.key)
        return client.create_container(name, public_access="container" if is_public else None)

    def signature(self, container: str, rights: str = "rl") -> str:
        """A shared access signature of a container, good for an hour."""
        from azure.storage.blob import generate_container_sas

        until = datetime.now(UTC) + timedelta(hours=1)
        return str(
            generate_container_sas(self.account, container, account_key=self.key, permission=rights, expiry=until)
        )


@contextmanager
def emulated(folder: Path, account: str = "devstoreaccount1", key: str = PUBLISHED) -> Iterator[Emulator]:
    """An emulator that keeps what it has in a folder, at a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(AZURITE), "--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck", "--silent"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "AZURITE_ACCOUNTS": f"{account}:{key}"}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait(port, process, folder / "said")
        yield Emulator(f"http://127.0.0.1:{port}/{account}", account, key)
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    for _ in range(1200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"azurite does not answer: {said.read_text()}")
