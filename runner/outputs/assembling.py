"""Puts rows in input order into one file that appears complete or not at all. The kernel copies rows; few are read."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from bep.disk.copying import copy_range
from bep.disk.durable import sync_folder
from bep.lazy_dataclasses import dataclass
from bep.runner.errors import OutputExists
from bep.runner.folder import parts
from bep.runner.folder.parts import Scored
from bep.runner.outputs.columns import Columns, rearranged

_LONGEST = 255  # bytes of one name on every file system in use
_OPEN = 64  # part files open at once, the oldest closed first: every worker that died has left one


@dataclass(slots=True)
class Piece:
    """Bytes of one part that stand together there and in the output."""

    part: int
    offset: int
    length: int
    order: Sequence[int] = ()


def partial(output: Path, job: str) -> Path:
    """The name under which a job's output grows: hidden, in the same folder, one for each job."""
    return output.with_name(f".{output.name}.{job}.partial")


def too_long(output: str, job: str) -> int:
    """By how many bytes the longest name that an output has on its way is longer than a file's name can be."""
    return max(0, len(os.fsencode(partial(Path(output), job).name)) - _LONGEST)


def assemble(scored: Iterable[Scored], folder: Path, target: Path, columns: Columns) -> None:
    """Write `target` from the parts in `folder`, durable when it returns. Raises `OSError`: a full disk, for one.

    Rows are copied by the kernel, but for those of a csv file whose columns stand in another order there.
    """
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    files: dict[int, int] = {}
    try:
        _write(out, columns.header)
        for piece in _together(scored, columns):
            if piece.part not in files:
                if len(files) == _OPEN:
                    os.close(files.pop(next(iter(files))))
                part = parts.path(folder, piece.part).with_suffix(".rows")
                files[piece.part] = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
            if piece.order:
                rows = os.pread(files[piece.part], piece.length, piece.offset)
                _write(out, rearranged(rows, piece.order))
            else:
                copy_range(files[piece.part], piece.offset, piece.length, out)
        os.fsync(out)
    finally:
        for file in (out, *files.values()):
            os.close(file)


def _together(scored: Iterable[Scored], columns: Columns) -> Iterable[Piece]:
    piece: Piece | None = None
    for entry in scored:
        order = columns.order(entry)
        follows = piece and entry.part == piece.part and entry.offset == piece.offset + piece.length
        if piece and follows and not order and not piece.order:
            piece.length += entry.length
            continue
        if piece:
            yield piece
        piece = Piece(entry.part, entry.offset, entry.length, order)
    if piece:
        yield piece


def _write(target: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(target, left) :]


def publish(temporary: Path, output: Path) -> None:
    """Give the finished file its name, which nobody else may have taken meanwhile. Raises `OutputExists`.

    The temporary name stays until `forget`: with both names on one file, a resumed job knows its own output.
    """
    try:
        os.link(temporary, output)
    except FileExistsError:
        if output.samefile(temporary):
            return
        raise OutputExists(f"{output} appeared while the job ran; it was not overwritten") from None
    except OSError:  # a file system without hard links
        if output.exists():
            raise OutputExists(f"{output} appeared while the job ran; it was not overwritten") from None
        temporary.rename(output)
    sync_folder(output.parent)


def replace(temporary: Path, output: Path) -> None:
    """Put the finished file in the place of the job's earlier output: a reader sees the old one or the new one."""
    temporary.replace(output)
    sync_folder(output.parent)


def is_published(temporary: Path, output: Path) -> bool:
    """Whether an earlier run of this job was ended just after it had published."""
    return temporary.exists() and output.exists() and output.samefile(temporary)


def forget(temporary: Path) -> None:
    """Drop the temporary name."""
    temporary.unlink(missing_ok=True)
