"""What a machine has settled of a job, on its way into the share: segments, and what the workers have said.

All is done in the thread that publishes, one grant after the other. Knows no engine, and not whose grants they are.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field
from bep.runner.errors import JobInvalid
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Counts
from bep.runner.grants import Settled
from bep.runner.segments import names, writing
from bep.runner.segments.format import Head
from bep.runner.segments.names import SegmentName
from bep.runner.segments.publishing import Content
from bep.runner.shards.logs import Logs
from bep.runner.shares.share import Share


@dataclass(frozen=True, slots=True)
class Author:
    """Who publishes, and what of: the job has this name in the share, and a manifest of this digest. Nobody else ever
    has the `session`, of 8 hex digits, nor the name of the `node`. `offset` is the item of the job that is the first
    in the manifest of this machine."""

    share: Share
    job: str
    manifest: str
    session: str
    node: str
    offset: int = 0


@dataclass(slots=True, eq=False)
class Outgoing:
    """`output` is where the script's own files go; `counts` has what is in the share by now, and `published` is told
    of each segment when it is there."""

    author: Author
    folder: JobFolder
    output: Path
    counts: Counts = field(default_factory=Counts)
    published: Callable[[SegmentName], None] = lambda _: None
    logs: Logs = field(init=False)
    _attempt: int = 0

    def __post_init__(self) -> None:
        self.logs = Logs(self.folder, self.author.job)

    def contents(self, answer: Settled, ranges: Sequence[tuple[int, int]]) -> Iterator[Content]:
        """Segments of these ranges of a settled grant, then what was said meanwhile; each file is removed when the next
        is asked for. Raises `JobInvalid` where the script has written what nobody else can see, `OSError`."""
        self._must_have_written_nowhere()
        file = self.folder.path / "segment"
        for first, end in ranges:
            name = self._segment(file, answer, first, end)
            yield f"{self.author.job}/{names.FOLDER}/{name.text}", file
            file.unlink()
            self._count(end - first, name.failed, sum(p.rows for p in answer.pieces if first <= p.first < end))
            self.published(name)
        yield from self.logs.news()

    def put_last_logs(self, say: Callable[[str], None]) -> None:
        """What was said since the last grant, when no more is published; `say` is told what cannot be put."""
        try:
            for name, content in self.logs.news(is_last=True):
                self.author.share.put(name, content)
        except (JobInvalid, OSError) as error:
            say(f"warning: not all that the workers said is in the share: {error}")

    def _segment(self, file: Path, answer: Settled, first: int, end: int) -> SegmentName:
        self._attempt += 1
        author = self.author
        head = Head(
            manifest=author.manifest,
            first=first + author.offset,
            end=end + author.offset,
            session=author.session,
            attempt=self._attempt,
            node=author.node,
        )
        return writing.write(file, head, answer.pieces, answer.failures, self.folder.parts, author.offset)

    def _must_have_written_nowhere(self) -> None:
        if self.author.share.root is not None:
            return
        own = next((one for one in sorted(self.output.rglob("*")) if not one.is_dir()), None)
        if own is not None:
            raise JobInvalid(
                f"the script wrote {own.relative_to(self.output)} into AZUREML_BI_OUTPUT_PATH, which is a folder of"
                f" this machine alone: {self.author.share.address} is a store, and its files would be lost\n"
                "    fix: prepare the job in a folder that all machines see, or let the script return what it writes"
            )

    def _count(self, items: int, failed: int, rows: int) -> None:
        counts = self.counts
        update = {
            "scored": counts.scored + items - failed,
            "failed": counts.failed + failed,
            "rows": counts.rows + rows,
        }
        self.counts = counts.model_copy(update=update)
