"""A job's output on its way into a store: each file under its final name only when it is complete, and over nothing.

A file goes to a hidden name beside its own, is compared with what was sent, and is moved. Where a store cannot move,
it is written to its own name and compared there. `uploads` in the job's folder is the journal: a line before a file
gets its name and one after it, so that the next run knows its own files from somebody else's.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from bep.lazy_dataclasses import asdict, dataclass
from bep.runner.errors import NotUploaded, OutputExists
from bep.runner.transfer import stores
from bep.runner.transfer.server_headers import digest
from bep.runner.transfer.stores import Store, version_of
from bep.runner.transfer.transfers import Board, Transfer

_BLOCK = 1 << 20

Step = Literal["moving", "writing", "there"]
"""About to get its name; about to be written under its own name; complete."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step of one file. `version` is what the store said of it: before the step it is what stands there."""

    name: str
    step: Step
    sha256: str
    size: int
    version: str = ""


@dataclass(slots=True)
class Upload:
    """The output of one job: files below `folder`, for the `address` of a folder in a store."""

    address: str
    folder: Path
    journal: Path
    job: str
    _lock: threading.Lock
    _known: dict[str, Line]

    def refuse_taken(self, name: str, board: Board) -> None:
        """Raise `OutputExists` when a file of this name stands there that is not this job's, or not as it left it.

        Asks the store, so one that cannot be reached, or opened, is known before any work: raises `NotUploaded`.
        """

        def look(store: Store) -> None:
            _refuse(store, _path(store, name), self._known.get(name), self.job)

        self._ask(board, look)

    def send(self, last: str | None, board: Board) -> None:
        """Bring everything there that is not there yet; `last` is the file whose presence says that all is.

        Raises `OutputExists`, `NotUploaded`, `Cancelled`. Nothing is lost then, and the next run sends the rest.
        """
        files = {name: size for name, size in _files(self.folder) if not self._is_there(name)}
        others = [self._transfer(name, size) for name, size in files.items() if name != last]
        if files:
            self._ask(board, lambda store: self._make_folders(store, files))
        board.carry_out(others)
        board.carry_out([self._transfer(name, size) for name, size in files.items() if name == last])

    def _is_there(self, name: str) -> bool:
        line = self._known.get(name)
        return line is not None and line.step == "there" and line.sha256 == digest(self.folder / name, "sha256")

    def _ask(self, board: Board, ask: Callable[[Store], None]) -> None:
        def work(transfer: Transfer) -> None:
            stores.patiently(self.address, "the output cannot be written", NotUploaded, transfer, ask)

        board.wait_for("asking the store of the output", work)

    def _make_folders(self, store: Store, files: Mapping[str, int]) -> None:
        for folder in sorted({_path(store, name).rpartition("/")[0] for name in files}):
            if folder and not store.system.exists(folder):
                store.system.makedirs(folder, exist_ok=True)

    def _transfer(self, name: str, size: int) -> Transfer:
        def work(transfer: Transfer) -> None:
            def once(store: Store) -> None:
                self._one(store, name, transfer)

            stores.patiently(self.address, f"{name} is not uploaded", NotUploaded, transfer, once)

        return Transfer(work, size=size)

    def _one(self, store: Store, name: str, transfer: Transfer) -> None:
        final, source = _path(store, name), self.folder / name
        line = Line(name, "moving", digest(source, "sha256"), source.stat().st_size)
        known = self._known.get(name)
        hidden = _beside(final, f".{final.rpartition('/')[2]}.{self.job}.partial")
        if known and known.step == "moving" and _holds(store, final, line):  # a run that was ended here had moved it
            _drop(store, hidden)
            return self._note(line, "there", _about(store, final))
        stands = _refuse(store, final, known, self.job)
        try:
            self._put(store, source, hidden, transfer)
            stands = _refuse(store, final, known, self.job)  # again: a large file was long on its way
            self._note(line, "moving", stands)
            _move(store.system, hidden, final)
        except BaseException as error:
            _drop(store, hidden)
            if not isinstance(error, NotImplementedError):
                raise
            self._note(line, "writing", stands)
            self._put(store, source, final, transfer)
        self._note(line, "there", _compare(store, final, line.size))

    def _put(self, store: Store, source: Path, place: str, transfer: Transfer) -> None:
        transfer.rising = 0
        store.system.put_file(str(source), place, callback=stores.counting(transfer, counts=True))
        _compare(store, place, source.stat().st_size)
        transfer.check()

    def _note(self, line: Line, step: Step, stands: Mapping[str, Any] | None) -> None:
        """Write a line, durably; `stands` is what the store says of the file under its own name."""
        noted = Line(line.name, step, line.sha256, line.size, _stamp(stands) if stands else "")
        with self._lock:
            with self.journal.open("ab") as file:
                file.write(json.dumps(asdict(noted)).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._known[line.name] = noted


def upload(address: str, folder: Path, journal: Path, job: str) -> Upload:
    """An upload as far as its journal says that it is. A last line that a kill has torn is passed over."""
    known = {}
    if journal.exists():
        text = journal.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if whole != text:
            os.truncate(journal, len(whole))
        for told in map(json.loads, whole.splitlines()):
            known[told["name"]] = Line(**told)
    return Upload(address, folder, journal, job, threading.Lock(), known)


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(".partial"):
            yield path.relative_to(folder).as_posix(), path.stat().st_size


def _path(store: Store, name: str) -> str:
    return f"{store.root.rstrip('/')}/{name}"


def _beside(path: str, name: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"


def _about(store: Store, path: str) -> dict[str, Any] | None:
    """What the store says of a file now; None where there is none."""
    store.system.invalidate_cache()
    try:
        about: dict[str, Any] = store.system.info(path)
    except FileNotFoundError:
        return None
    return about


def _refuse(store: Store, path: str, known: Line | None, job: str) -> Mapping[str, Any] | None:
    """What stands there, if this job has put it there. Raises `OutputExists` where it is another's, or touched."""
    about = _about(store, path)
    if about is None:
        return None
    place = f"{store.address.rstrip('/')}/{path.removeprefix(store.root.rstrip('/')).lstrip('/')}"
    if known is None:
        raise OutputExists(f"{place} exists already and is never overwritten: choose another output_file_name or path")
    if known.step != "writing" and _stamp(about) != known.version:
        raise OutputExists(f"{place} has changed since job {job} wrote it, and is not overwritten: move it away first")
    return about


def _stamp(about: Mapping[str, Any]) -> str:
    return version_of(about) or f"{about.get('size')}"


def _holds(store: Store, path: str, line: Line) -> bool:
    """Whether a file in the store has the very bytes of this line."""
    about = _about(store, path)
    if about is None or about.get("size") not in (None, line.size):
        return False
    found = hashlib.sha256()
    with store.system.open(path, "rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest() == line.sha256


def _compare(store: Store, path: str, size: int) -> Mapping[str, Any]:
    """What the store has under a name, if it is all that was sent. Raises `OSError`."""
    about = _about(store, path)
    if about is None or about.get("size") not in (None, size):
        raise OSError(f"{about.get('size') if about else 'none'} of {size} bytes are there after the upload")
    return about


def _drop(store: Store, path: str) -> None:
    """Remove a file that has no use any more, if it is there; what is wrong with the store, others tell."""
    with suppress(Exception):
        store.system.rm_file(path)


def _move(system: Any, old: str, new: str) -> None:
    """Give a file another name. Not by `mv` of fsspec's own, which takes brackets in a name for a pattern."""
    from fsspec import AbstractFileSystem  # type: ignore[import-not-found,import-untyped,unused-ignore]

    if type(system).mv is not AbstractFileSystem.mv:
        system.mv(old, new)
    else:
        system.cp_file(old, new)
        system.rm_file(old)
