"""Some rows of a file as a table, by the place that they have in it: text by bytes, Parquet by the number of a row.
Holds no more than it shows."""

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final

from bep.app.errors import Refused
from bep.app.jobs.looking.windows import Line, before, size_of, window
from bep.lazy_dataclasses import dataclass

ROWS: Final = 50
_MOST_COLUMNS: Final = 60
_LONGEST: Final = 2000  # characters of one cell that are shown
_HEADER: Final = 1 << 16
_MOST_OF_PART: Final = 1000
_LARGEST: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file. `columns` are empty where it names none; `start`, `next` and `previous` are places to ask for
    again, None where there are no more rows that way. `note` says what is to be known of what is shown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    start: int
    next: int | None
    previous: int | None
    size: int
    note: str = ""


def table_of(stream: BinaryIO, name: str, output_format: str, start: int, *, back: bool = False) -> Table:
    """Rows from `start` on, or those before it. Raises `Refused` for a Parquet file that cannot be read here."""
    if output_format == "parquet":
        return _parquet(stream, name, start, back=back)
    head = _csv_head(stream) if output_format == "csv" else 0
    quoted = output_format == "csv"
    begin = max(head, start)
    if back:
        begin = max(head, before(stream, begin, ROWS, quoted=quoted))
    found = window(stream, begin, ROWS, quoted=quoted)
    columns, rows = _READ[output_format](found.lines, stream, head)
    shown, note = _fitting(columns, rows)
    if any(line.is_cut for line in found.lines):
        note = "long rows are cut; the file has all of them"
    return Table(
        *shown,
        start=found.start,
        next=None if found.is_last else found.end,
        previous=found.start if found.start > head else None,
        size=found.size,
        note=note,
    )


def rows_of_part(stream: BinaryIO, offset: int, length: int, output_format: str) -> tuple[tuple[str, ...], ...]:
    """The cells of the rows of one mini-batch, as a part of a job has them; the first ones, if there are very many."""
    if output_format == "parquet":
        return _of_arrow(os.pread(stream.fileno(), min(length, _LARGEST), offset))
    found = window(stream, offset, _MOST_OF_PART, quoted=output_format == "csv", until=offset + length)
    columns, rows = _READ[output_format](found.lines, stream, 0)
    return _fitting(columns, rows)[0][1]


def _of_arrow(data: bytes) -> tuple[tuple[str, ...], ...]:
    """One stream of Arrow; none of its rows where it cannot be read here."""
    try:
        from pyarrow import ArrowException, ipc
    except ImportError:
        return ()
    try:
        columns = ipc.open_stream(data).read_all().slice(0, _MOST_OF_PART).to_pydict().values()
    except (ArrowException, OSError, ValueError):
        return ()
    return tuple(tuple(map(_shown, row)) for row in zip(*columns, strict=True))


def _csv_head(stream: BinaryIO) -> int:
    """Where the rows begin behind the header."""
    return window(stream, 0, 1, quoted=True).end


def _of_csv(lines: Sequence[Line], stream: BinaryIO, head: int) -> "_Cells":
    stream.seek(0)
    header = _cells(_text(stream.read(min(head, _HEADER))), ",") if head else ()
    return header, tuple(_cells(_text(line.text), ",") for line in lines)


def _of_lines(lines: Sequence[Line], *_: object) -> "_Cells":
    """A DataFrame's rows are cells with spaces between; the display of a value is one."""
    texts = [_text(line.text) for line in lines]
    if all(text[:1] not in "{[(<" for text in texts if text):
        rows = [_cells(text, " ") for text in texts]
        widths = {len(row) for row in rows}
        if len(widths) == 1 and 1 < widths.pop() <= _MOST_COLUMNS:
            return (), tuple(rows)
    return (), tuple((text,) for text in texts)


def _cells(text: str, delimiter: str) -> tuple[str, ...]:
    """A row as cells; one cell where it is none, as a row that was cut may be."""
    from bep.runner.worker.results import csv_text

    try:
        if delimiter == ",":
            return tuple(next(iter(csv_text.rows(text)), [""]))
        return tuple(next(csv.reader([text], delimiter=delimiter), [""]))
    except csv.Error:
        return (text,)


def _of_objects(lines: Sequence[Line], *_: object) -> "_Cells":
    values = [_value(_text(line.text)) for line in lines]
    if not values or not all(isinstance(value, dict) for value in values):
        return (), tuple((_shown(value),) for value in values)
    columns = tuple(dict.fromkeys(str(name) for value in values for name in value))
    return columns, tuple(tuple(_shown(value[name]) if name in value else "" for name in columns) for value in values)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


_Cells = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
_READ: Final[Mapping[str, Callable[[Sequence[Line], BinaryIO, int], _Cells]]] = {
    "csv": _of_csv,
    "azureml": _of_lines,
    "jsonl": _of_objects,
}


def _parquet(stream: BinaryIO, name: str, start: int, *, back: bool) -> Table:
    """By row groups: no more of them is read than has the rows."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise Refused(
            f"{name} is a Parquet file, which takes pyarrow to look into\n"
            "    fix: install pyarrow where the server runs; the download needs nothing"
        ) from None
    from pyarrow import ArrowException

    try:
        file = parquet.ParquetFile(stream)
        total = file.metadata.num_rows
        begin = max(0, start - ROWS) if back else min(max(0, start), total)
        rows = _rows_between(file, begin, min(begin + ROWS, total))
    except (ArrowException, OSError, ValueError) as problem:
        raise Refused(f"{name} cannot be read as a Parquet file: {problem}") from None
    columns = tuple(map(str, file.schema_arrow.names))
    shown, note = _fitting(columns, rows)
    end = begin + len(rows)
    return Table(
        *shown, start=begin, next=end if end < total else None, previous=begin or None, size=size_of(stream), note=note
    )


def _rows_between(file: Any, begin: int, end: int) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    first = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        if first < end and begin < first + count:
            passed = first
            for batch in file.iter_batches(batch_size=ROWS, row_groups=[group]):
                low, high = max(begin, passed), min(end, passed + batch.num_rows)
                if low < high:
                    columns = batch.slice(low - passed, high - low).to_pydict().values()
                    rows += [tuple(_shown(cell) for cell in row) for row in zip(*columns, strict=True)]
                passed += batch.num_rows
                if passed >= end:
                    break
        first += count
    return tuple(rows)


def _shown(value: Any) -> str:
    """A value in a cell: a text as it is, any other as JSON has it where it can."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return str(value)


def _fitting(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> tuple[_Cells, str]:
    """As much of the rows as a page can show, and what it leaves out, in words."""
    widest = max([len(columns), *map(len, rows)])
    note = f"the first {_MOST_COLUMNS} of {widest} columns" if widest > _MOST_COLUMNS else ""
    cut = [tuple(map(_short, row[:_MOST_COLUMNS])) for row in rows]
    return (columns[:_MOST_COLUMNS], tuple(cut)), note


def _short(cell: str) -> str:
    return cell if len(cell) <= _LONGEST else f"{cell[:_LONGEST]} ..."


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
