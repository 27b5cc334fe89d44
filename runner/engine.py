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
from bep.runner.grants import Grant
from bep.runner.inputs.manifest import Manifest
from bep.runner.request import JobRequest

if TYPE_CHECKING:
    from bep.runner.scheduling.backlog import Backlog
    from bep.runner.scheduling.tally import Ending, Tally

ENGINES: Final = {"embedded": "bep.runner.jobs.embedded", "ray": "bep.runner.cluster.engine"}
"""Each by the module that has its `engine(Hosting) -> Engine`, imported on use."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """What an engine is made of: the job, where it lies, whom to tell, and what is set when it is to stop."""

    request: JobRequest
    folder: JobFolder
    report: Callable[[Event], None]
    cancel: Cancel


class Engine(Protocol):
    """One session of scoring. It is opened, then served by one thread, while others may give it more.

    A job of this machine opens it with its whole backlog, says that no more comes, and serves: one path for all.
    """

    tally: "Tally"
    warnings: list[str]

    def start(self, workers: int) -> None:
        """Let so many workers load the script and call `init()` while the inputs are being listed. Raises `OSError`."""
        ...

    def open(self, manifest: Manifest, backlog: "Backlog", journal: Journal, before: "Tally") -> None:
        """Say what there is to score, which no grant answers for, and where failed attempts are written down.

        `before` is what earlier runs of the job have done already.
        """
        ...

    def give(self, grant: Grant) -> None:
        """Score this too, after all that there is. From any thread, after `open`, and not after `finish`."""
        ...

    def revoke(self, key: int) -> None:
        """Give back what has not begun of a grant; the rest of it is done to its end, and then it settles. From any
        thread. One that is unknown or settled stays as it is."""
        ...

    def published(self, key: int) -> None:
        """Say that the rows of a settled grant are kept elsewhere: what is here of them may go. From any thread."""
        ...

    def finish(self) -> None:
        """Say that no more will be given. From any thread."""
        ...

    def serve(self) -> "Ending":
        """Score in this thread. Returns after `finish`, when every item is accounted for, or when it must stop, with no
        worker left. Prepared workers wait between two grants."""
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
