"""A package index and a git repository on the loopback, behind a password, and what was seen of its visitors."""

import base64
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BACKEND = """
import zipfile

def _wheel(folder, name):
    path = f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(f"{folder}/{path}", "w") as archive:
        archive.writestr(f"{name}.py", "VERSION = '1.0'\\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
    return path

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import alpha  # it is needed to build, so pip gets it from the index, in a process of its own
    return _wheel(wheel_directory, NAME)
"""


def project(folder: Path, name: str) -> None:
    """A project that can only be built with `alpha` there."""
    folder.mkdir(parents=True)
    (folder / "backend.py").write_text(f"NAME = '{name}'\n{BACKEND}")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["alpha"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\n'
    )


def sdist(folder: Path, name: str, scratch: Path) -> None:
    """A source distribution of such a project."""
    project(scratch / name, name)
    with zipfile.ZipFile(folder / f"{name}-1.0.zip", "w") as archive:
        archive.writestr(f"{name}-1.0/PKG-INFO", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        for file in (scratch / name).iterdir():
            archive.write(file, f"{name}-1.0/{file.name}")


def repository(folder: Path, name: str, scratch: Path) -> None:
    """A bare repository of such a project, ready for a server that knows no git."""
    project(scratch / name, name)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], cwd=scratch / name, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(scratch / name), str(folder)], check=True)
    subprocess.run(["git", "update-server-info"], cwd=folder, check=True)


@dataclass
class Index:
    """A running server. `seen` has the command lines of all processes at each request, `refused` the paths without a
    password; while `closed` is set, requests for files are kept waiting."""

    folder: Path
    users: dict[str, str]
    port: int = 0
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    open_: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)


def command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue


@contextmanager
def served(folder: Path, users: dict[str, str]) -> Iterator[Index]:
    """Serve a folder of wheels and repositories: `/simple/NAME/` lists, `/files/...` and `/REPO.git/...` give bytes."""
    index = Index(folder, users)
    index.open_.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.seen.update(command_lines())
            index.asked.append(self.path)
            path = self.path.partition("?")[0].strip("/")
            wanted = {f"Basic {base64.b64encode(f'{u}:{p}'.encode()).decode()}" for u, p in index.users.items()}
            if wanted and self.headers.get("Authorization") not in wanted:
                index.refused.append(self.path)
                self._answer(401, b"who are you?", ("WWW-Authenticate", 'Basic realm="index"'))
            elif path.startswith("simple/"):
                name = path.split("/")[1]
                found = [file.name for file in index.folder.glob("*") if file.name.startswith(f"{name}-")]
                links = "".join(f'<a href="/files/{each}">{each}</a>' for each in found)
                self._answer(200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
            else:
                index.waiting.set()
                index.open_.wait(60)
                file = index.folder / path.removeprefix("files/")
                self._answer(200, file.read_bytes()) if file.is_file() else self._answer(404, b"")

        def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
            try:
                self.send_response(status)
                kind = "text/html" if body.startswith(b"<!DOCTYPE") else "application/octet-stream"
                for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the visitor was killed

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.open_.set()
        server.shutdown()
        server.server_close()
        thread.join()
