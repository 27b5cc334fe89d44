"""What stands before the rows of a csv file: the columns that every worker has seen."""

from pathlib import Path

from bep.runner import parts
from bep.runner.errors import JobInvalid


class ColumnsDiffer(JobInvalid):
    """Workers have seen different columns, so no one header fits the file."""

    code = "ColumnsDiffer"


def header(folder: Path) -> bytes:
    """The header line, or nothing for a format without one. Raises `ColumnsDiffer`."""
    seen: dict[bytes, int] = {}
    for number in parts.numbers(folder):
        path = parts.path(folder, number)
        file = path.with_suffix(".header")
        if file.exists() and path.with_suffix(".journal").stat().st_size:
            seen.setdefault(file.read_bytes(), number)
    if len(seen) > 1:
        shown = " and ".join(text.decode(errors="replace").strip() for text in sorted(seen))
        raise ColumnsDiffer(f"mini-batches have different columns: {shown}; return the same columns each time")
    return next(iter(seen), b"")
