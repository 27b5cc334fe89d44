"""What the workers of a session have said, on its way into the share: their machine may be gone when somebody asks.

A share has no append, so a log that has grown is put there anew, once it has grown by a good part: all puts of one log
together are a few times its size, however long it grows.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bep.disk.copying import copy_range
from bep.lazy_dataclasses import dataclass, field
from bep.runner.folder.folder import JobFolder
from bep.runner.shards.log_names import shared_name

_GROWTH = 1.25  # a log is put again when it is so many times what is there


@dataclass(slots=True)
class Logs:
    """The logs in one session's folder; `job` is the name of the prepared job."""

    folder: JobFolder
    job: str
    _put: dict[Path, int] = field(default_factory=dict)

    def news(self, *, is_last: bool = False) -> Iterator[tuple[str, Path]]:
        """The name in the share, and a copy, of each log to be put there now; `is_last`: of all that have grown.

        A copy is removed when the next is asked for. Raises `OSError`.
        """
        copy = self.folder.path / "log"
        for file in sorted((self.folder.logs / "user").glob("*/*/*")):
            name = shared_name(str(file.relative_to(self.folder.logs)))
            with suppress(FileNotFoundError):
                size, there = file.stat().st_size, self._put.get(file, 0)
                if name and size > (there if is_last else there * _GROWTH):
                    _copy(file, copy, size)
                    yield f"{self.job}/{name}", copy
                    self._put[file] = size
                    copy.unlink()


def _copy(file: Path, target: Path, size: int) -> None:
    """So many bytes: whoever puts a file must not see it grow."""
    with file.open("rb") as source, target.open("wb") as sink:
        copy_range(source.fileno(), 0, size, sink.fileno())
