"""The rows of an output one after another, each to be compared as it is written and shown as cells. One at a time."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from bep.app.errors import Refused
from bep.lazy_dataclasses import dataclass

Row = bytes | tuple[str, ...]
"""As it is written, without the end of its line; of Parquet its values as texts."""

LONGEST: Final = 1 << 16
"""Bytes of a row that are kept; of a longer one its digest stands for the rest."""
SHOWN: Final = 400
"""Characters of a cell that are shown."""
_BATCH: Final = 1_000


@dataclass(frozen=True)
class Rows:
    """The rows of a file, to be read once; `columns` are empty where the file names none."""

    columns: tuple[str, ...]
    each: Iterator[Row]


def rows_of(stream: BinaryIO, name: str, output_format: str) -> Rows:
    """The rows of an open file. Raises `Refused` for a Parquet file that cannot be read here."""
    if output_format == "parquet":
        return _of_parquet(stream, name)
    if output_format == "csv":
        each = _records(stream)
        header = next(each, b"")
        return Rows(_csv_cells(header), each)
    return Rows((), _lines(stream))


def cells_of(row: Row, output_format: str) -> Mapping[str, str] | tuple[str, ...]:
    """A row as cells; by their names where it is a JSON object."""
    if isinstance(row, tuple):
        return tuple(map(_short, row))
    text = row.decode("utf-8", "replace")
    if output_format == "csv":
        return tuple(map(_short, _csv_cells(row)))
    if output_format == "jsonl":
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return (_short(text),)
        if isinstance(value, dict):
            return {str(key): _short(_told(one)) for key, one in value.items()}
    return (_short(text),)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(LONGEST):
        yield _whole(line, stream)


def _whole(line: bytes, stream: BinaryIO) -> bytes:
    """A line without its end; of one that is too long its beginning, and the digest of all that follows."""
    if line.endswith(b"\n") or len(line) < LONGEST:
        return line.removesuffix(b"\n")
    rest = hashlib.sha256()
    while more := stream.readline(LONGEST):
        rest.update(more)
        if more.endswith(b"\n"):
            break
    return line + b" ... sha256 " + rest.hexdigest().encode()


def _records(stream: BinaryIO) -> Iterator[bytes]:
    """Records of CSV: a line feed between quotation marks does not end one."""
    held, quotes = bytearray(), 0
    rest = hashlib.sha256()
    is_long = False
    for line in iter(lambda: stream.readline(LONGEST), b""):
        quotes += line.count(b'"')
        is_long = is_long or len(held) + len(line) > LONGEST
        rest.update(line) if is_long else held.extend(line)
        if line.endswith(b"\n") and quotes % 2 == 0:
            yield _record(held, rest if is_long else None)
            held, quotes, rest, is_long = bytearray(), 0, hashlib.sha256(), False
    if held:
        yield _record(held, rest if is_long else None)


def _record(held: bytearray, rest: Any) -> bytes:
    if rest is not None:
        return bytes(held) + f" ... sha256 {rest.hexdigest()}".encode()
    return bytes(held).removesuffix(b"\n").removesuffix(b"\r")


def _csv_cells(record: bytes) -> tuple[str, ...]:
    import csv

    from bep.runner.worker.results import csv_text

    text = record.decode("utf-8", "replace")
    try:
        return tuple(next(iter(csv_text.rows(text)), [""]))
    except csv.Error:
        return (text,)


def _of_parquet(stream: BinaryIO, name: str) -> Rows:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise Refused(
            f"{name} is a Parquet file, which takes pyarrow to be compared\n    fix: install pyarrow beside bep"
        ) from None
    try:
        file = parquet.ParquetFile(stream)
    except (ArrowException, OSError, ValueError) as problem:
        raise Refused(f"{name} cannot be read as a Parquet file: {problem}") from None
    return Rows(tuple(map(str, file.schema_arrow.names)), _parquet_rows(file, name, ArrowException))


def _parquet_rows(file: Any, name: str, wrong: type[Exception]) -> Iterator[Row]:
    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            columns: Callable[[], Any] = batch.to_pydict().values
            yield from (tuple(map(_told, row)) for row in zip(*columns(), strict=True))
    except (wrong, OSError, ValueError) as problem:
        raise Refused(f"{name} cannot be read as a Parquet file: {problem}") from None


def _told(value: Any) -> str:
    """A value as a text: equal values are equal texts, and so is what is no number."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    except (ValueError, TypeError, RecursionError):
        return str(value)


def _short(cell: str) -> str:
    return cell if len(cell) <= SHOWN else f"{cell[:SHOWN]} ... ({len(cell)} characters)"
