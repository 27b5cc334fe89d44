"""CloudJobs: scoring jobs that a world's own service runs. Types and values only; knows no service and no runner.

A job is started once, whatever happens to whoever starts it: an order has a key that nobody else has, which is written
down before the first request, and a service that has seen it gives back the job that it has begun.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bep.lazy_dataclasses import dataclass, field
from bep.providers.protocol import ProviderError, Transferred, untold
from bep.schemas.address import Address
from bep.schemas.resource import Content


class Unanswered(ProviderError):
    """A job was asked for, and the answer did not come: the same order may be given again, and starts no second one."""


class Unusable(ProviderError):
    """An address that a job names: nothing is there, or the service cannot use it."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The deployment that a job would go to. `attributes` are its canonical ones; `bounds` are the most instances that
    a job of it may take, each with whose field says so."""

    endpoint: str
    deployment: str
    address: Address
    attributes: Mapping[str, Any]
    bounds: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Located:
    """Where data lies, as the service takes it; `type` is uri_file or uri_folder, empty where nobody can tell."""

    uri: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be started. `port` is what the job calls its input; `output` is the folder that its results go to, empty
    for the service's own choice. `settings` are those that differ from the deployment, by the runner's names."""

    name: str
    key: str
    endpoint: str
    deployment: str
    port: str
    input: Located = field(repr=False)
    output: str = ""
    output_file_name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CloudJob:
    """A job as its service shows it. `status` is the service's word; `run` is another name that it may have there.

    `page` is where a person looks at it. `input` and `output` are addresses, empty where the service does not say;
    `error` is what it says of why the job failed, with its `code`.
    """

    name: str
    endpoint: str
    deployment: str
    status: str
    created: datetime
    run: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    input: str = field(default="", repr=False)
    output: str = ""
    page: str = ""
    code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A job as it is now, and the logs that it writes at the moment: by its path, what `CloudJobs.read` takes."""

    job: CloudJob
    logs: Mapping[str, str] = field(default_factory=dict, repr=False)


class CloudJobs(Protocol):
    """The jobs of one world's service. All raise `ProviderError`."""

    @property
    def interval(self) -> float:
        """Seconds between two looks at a job."""
        ...

    @property
    def settings(self) -> frozenset[str]:
        """What a job may say otherwise than its deployment, by the runner's names."""
        ...

    @property
    def unknown(self) -> frozenset[str]:
        """Settings of the runner that mean nothing to the service, whoever says them."""
        ...

    def route(self, endpoint: str, deployment: str | None = None) -> Routed:
        """The deployment of this name, else the one with the traffic."""
        ...

    def locate(self, text: str) -> Located:
        """Where an input that is not on this machine lies. Raises `Unusable` for what the service cannot read."""
        ...

    def check_output(self, text: str) -> None:
        """Raise `Unusable` for an address that the service cannot write results to."""
        ...

    def is_taken(self, output: str, file: str) -> bool:
        """Whether there is a file of this name in a folder that results are to go to, as far as it can be seen."""
        ...

    def upload(self, content: Content, transferred: Transferred = untold) -> str:
        """Put files of this machine where the service reads them, but for those that are there; their address."""
        ...

    def start(self, order: Order) -> CloudJob:
        """Start a job, or give back the one that this very order has started. Raises `Unanswered`."""
        ...

    def find(self, endpoint: str, name: str) -> CloudJob | None:
        """One job of an endpoint."""
        ...

    def list(self, endpoint: str = "") -> Iterator[CloudJob]:
        """The jobs of an endpoint, or of all, in no order."""
        ...

    def look(self, job: CloudJob) -> Look:
        """How a job is now."""
        ...

    def cancel(self, job: CloudJob) -> None:
        """Ask for its end; it ends some time later."""
        ...

    def logs(self, job: CloudJob) -> Mapping[str, str]:
        """All logs that it has written, by path: what `read` takes."""
        ...

    def read(self, log: str, begin: int = 0) -> bytes:
        """What a log has from a byte on; of one below zero, from so many before its end."""
        ...

    def outputs(self, job: CloudJob) -> Mapping[str, int]:
        """The files of its result: their names and sizes."""
        ...

    def fetch(self, job: CloudJob, name: str, target: Path) -> None:
        """Write one of them to a file."""
        ...
