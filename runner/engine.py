"""What a job asks of whoever scores its mini-batches, and the table of those who can. Knows none of them.

On this machine it is `scheduling.engine`, with processes of its own. Another one writes the same parts and journals.
"""

from collections.abc import Callable
from importlib import import_module
from threading import Event as Cancel
from typing import TYPE_CHECKING, Final, Protocol

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import JobInvalid
from bep.runner.events import Event
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.inputs.manifest import Manifest
from bep.runner.request import JobRequest

if TYPE_CHECKING:
    from bep.runner.scheduling.backlog import Backlog
    from bep.runner.scheduling.tally import Ending, Tally

ENGINES: Final = {"embedded": "bep.runner.jobs.embedded"}
"""Each by the module that has its `engine(Hosting) -> Engine`, imported on use."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """What an engine is made of: the job, where it lies, whom to tell, and what is set when it is to stop."""

    request: JobRequest
    folder: JobFolder
    report: Callable[[Event], None]
    cancel: Cancel


class Engine(Protocol):
    """One run of one job."""

    tally: "Tally"
    warnings: list[str]

    def start(self, workers: int) -> None:
        """Let so many workers load the script and call `init()` while the inputs are being listed. Raises `OSError`."""
        ...

    def run(self, manifest: Manifest, backlog: "Backlog", journal: Journal, before: "Tally") -> "Ending":
        """Score the backlog. Returns when every item is accounted for, or the job must stop, with no worker left.

        `before` is what earlier runs of the job have done already.
        """
        ...

    def close(self) -> None:
        """End workers that were started for a job that is not run after all, and let all resources go."""
        ...


def engine_of(name: str, hosting: Hosting) -> Engine:
    """The engine of that name. Raises `JobInvalid` for one that is not in the table."""
    if name not in ENGINES:
        raise JobInvalid(f"there is no engine {name!r}; there is {', '.join(sorted(ENGINES))}")
    made: Engine = import_module(ENGINES[name]).engine(hosting)
    return made
