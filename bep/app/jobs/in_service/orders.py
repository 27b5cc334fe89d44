"""What this workspace has asked a service for: a file a job, written before the first request and kept.

A job whose answer never came stands there without one. Whoever asks for the same again takes that order up, with its
key, so the service starts no second job.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from bep.app.errors import Conflict, Refused
from bep.disk.durable import make_folder, sync_folder, write_durably
from bep.disk.locks import taken
from bep.schemas.values.written import Invalid, Written

if TYPE_CHECKING:
    from bep.providers.cloud_jobs import CloudJob, Order

FOLDER: Final = "ordered-jobs"
_KEPT: Final = timedelta(days=30)
_PATIENCE: Final = 60.0  # seconds that another process of this workspace may take to start a job


class Ordered(Written):
    """One order. `digest` is of all that it asks for, which may have secrets in it; `job` is the service's name of what
    was started, empty while there is no answer. `request` is the id that a caller gave what it asked for, whose digest
    is `asked`."""

    format_version: Literal[1] = 1
    name: str
    key: str
    endpoint: str
    deployment: str
    digest: str
    ordered: datetime
    job: str = ""
    run: str = ""
    request: str = ""
    asked: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether the service has said that it has the job."""
        return bool(self.job)


class Orders:
    """The orders of a workspace, below what is bep's in it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def every(self) -> list[Ordered]:
        """All of them, oldest first. A file that is none is passed over."""
        return sorted(self._read(), key=lambda one: (one.ordered, one.name))

    def _read(self) -> Iterator[Ordered]:
        for file in self.folder.glob("[!.]*.json"):
            try:
                yield Ordered.model_validate_json(file.read_text())
            except (Invalid, OSError, UnicodeDecodeError):
                continue

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While no other process of this workspace starts a job: whose answer is missing then has nobody who waits for
        it. Raises `Refused`."""
        make_folder(self.folder)
        with taken(self.folder / ".lock", patience=_PATIENCE) as is_ours:
            if not is_ours:
                raise Refused("another process has been starting a job here for a minute; try again when it is through")
            yield

    def unanswered(self, digest: str, name: str | None) -> Ordered | None:
        """The last order of the same job without an answer, of this name if one is given."""
        of_it = [one for one in self.every() if not one.is_answered and one.digest == digest]
        return next((one for one in reversed(of_it) if name in (None, one.name)), None)

    def requested(self, request: str, asked: str) -> Ordered | None:
        """What a request's id was given to. Raises `Conflict` where that is something else."""
        found = next((one for one in self.every() if request and one.request == request), None)
        if found is not None and found.asked != asked:
            raise Conflict(
                f"the request {request} was made before, of another job: {found.name}\n"
                "    fix: give each job a request id of its own"
            )
        return found

    def begin(self, order: "Order", request: str = "", asked: str = "") -> Ordered:
        """Keep an order that is about to be given, and none that was answered long ago: the service knows its jobs."""
        long_ago = datetime.now(UTC) - _KEPT
        for one in self.every():
            if one.is_answered and one.ordered < long_ago:
                self._file(one).unlink(missing_ok=True)
        found = Ordered(
            name=order.name,
            key=order.key,
            endpoint=order.endpoint,
            deployment=order.deployment,
            digest=digest_of(order),
            ordered=datetime.now(UTC),
            request=request,
            asked=asked,
        )
        self._write(found)
        return found

    def answered(self, ordered: Ordered, job: "CloudJob") -> None:
        """Keep what was started."""
        self._write(ordered.model_copy(update={"job": job.name, "run": job.run}))

    def forget(self, ordered: Ordered) -> None:
        """The service has refused it, or nobody wants it any more."""
        self._file(ordered).unlink(missing_ok=True)
        sync_folder(self.folder)

    def _write(self, ordered: Ordered) -> None:
        text = json.dumps(ordered.model_dump(mode="json"), indent=2, sort_keys=True)
        write_durably(self._file(ordered), f"{text}\n".encode())

    def _file(self, ordered: Ordered) -> Path:
        return self.folder / f"{ordered.name}.json"


def digest_of(order: "Order") -> str:
    """Of all that makes a job what it is, but for its name and its key."""
    asked = [order.endpoint, order.deployment, order.port, order.input.uri, order.input.type]
    asked += [order.output, order.output_file_name, json.dumps(dict(order.settings), sort_keys=True)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
