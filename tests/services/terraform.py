"""The real Terraform with its azurerm backend on an emulator: https to the account's public name ends at a proxy here.

Nothing leaves the machine: the proxy knows one host, and every other is refused.
"""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.services.azurite import Emulator

MISSING = [name for name in ("terraform", "openssl") if shutil.which(name) is None]
"""What is not on PATH of what this needs."""
CONFIGURATION = """\
terraform {{
  backend "azurerm" {{
    storage_account_name = "{account}"
    container_name       = "{container}"
    key                  = "{blob}"
  }}
}}
variable "command" {{ default = "true" }}
resource "terraform_data" "a" {{
  input = var.command
  provisioner "local-exec" {{ command = self.input }}
}}
"""


@dataclass(frozen=True)
class Terraform:
    """A folder with a configuration whose state is a blob."""

    folder: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """The command, begun."""
        return subprocess.Popen(
            ["terraform", *arguments, "-no-color"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *arguments: str, expect: int = 0) -> str:
        """What the command says."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == expect, f"terraform {arguments}: {process.returncode}\n{said}"
        return said


@contextmanager
def terraform(folder: Path, emulator: Emulator, container: str, blob: str) -> Iterator[Terraform]:
    """Terraform, initialised, in a new folder."""
    folder.mkdir()
    host = f"{emulator.account}.blob.core.windows.net"
    text = CONFIGURATION.format(account=emulator.account, container=container, blob=blob)
    (folder / "main.tf").write_text(text)
    with _proxy(folder, host, urlsplit(emulator.url).port or 0) as proxy:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ARM_ACCESS_KEY": emulator.key,
            "HTTPS_PROXY": proxy,
            "SSL_CERT_FILE": str(folder / "certificate.pem"),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
        }
        found = Terraform(folder, environment)
        found("init", "-input=false")
        yield found


@contextmanager
def _proxy(folder: Path, host: str, port: int) -> Iterator[str]:
    """A proxy that answers for one host itself: what comes in https goes on in plain http to a port of this machine."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=proxy"]
    names = ["-addext", f"subjectAltName=DNS:{host}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *asked, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            with suppress(OSError):  # closed: it is over
                while True:
                    one, _ = listening.accept()
                    threading.Thread(target=_serve, args=(one, context, host, port), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def _serve(one: socket.socket, context: ssl.SSLContext, host: str, port: int) -> None:
    with suppress(OSError), one:
        asked = b""
        while b"\r\n\r\n" not in asked and (more := one.recv(4096)):
            asked += more
        if not asked.startswith(f"CONNECT {host}:443 ".encode()):
            one.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        one.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with (
            context.wrap_socket(one, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", port)) as there,
        ):
            back = threading.Thread(target=_relay, args=(there, inside), daemon=True)
            back.start()
            _relay(inside, there)
            back.join()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
