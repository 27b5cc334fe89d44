"""Rows as Arrow streams in the parts, and one Parquet file of them at the end. Uses the environment's pyarrow.

A column has one type in the file. Where its values have types that no one type holds exactly, it is text, and that is
said: rows that were scored are never lost to it.
"""

import os

from ..troubles import RowInvalid
from .arrow_columns import array_of, as_text, readable, text_array
from .cells import cells_of, must_differ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator


def stream(results: "Any", is_table: bool, notice: "Callable[[str], None]") -> bytes:
    """One mini-batch as a whole Arrow stream, so that parts can be put together byte by byte. Raises `WrongResult`."""
    import io

    import pyarrow  # type: ignore[import-not-found,import-untyped,unused-ignore]

    columns = _of_table(results) if is_table else _of_rows(results)
    arrays = [array_of(pyarrow, name, values, notice) for name, values in columns.items()]
    table = pyarrow.Table.from_arrays(arrays, names=list(map(readable, columns)))
    sink = io.BytesIO()
    with pyarrow.ipc.RecordBatchStreamWriter(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _of_table(table: "Any") -> "dict[str, Any]":
    names = list(map(str, table.columns))
    must_differ(names)
    if not names:
        raise RowInvalid("run() returned a DataFrame without columns; rows of a Parquet file have columns")
    return {name: table.iloc[:, number] for number, name in enumerate(names)}


def _of_rows(results: "list[Any]") -> "dict[str, list[Any]]":
    """Every column that a row has, in the order in which they are met; None where a row has it not."""
    columns = {}  # type: dict[str, list[Any]]
    for number, item in enumerate(results):
        names, cells = cells_of(item)
        must_differ(names)
        for name, value in zip(names, cells):
            columns.setdefault(name, [None] * number).append(value)
        for values in columns.values():
            if len(values) == number:
                values.append(None)
    return columns


def convert(streams: str, target: str) -> "list[str]":
    """Write the Arrow streams that stand one after the other in a file as one Parquet file, one group at a time.

    Returns what the user should know of the columns.
    """
    import pyarrow

    kinds = _kinds(pyarrow, streams)
    texts = {name for name, types in kinds.items() if _united(pyarrow, types) is None}
    while True:
        schema = pyarrow.schema(
            [(name, pyarrow.string() if name in texts else _united(pyarrow, types)) for name, types in kinds.items()]
        )
        refused = _write(pyarrow, streams, target, schema)
        if refused is None:
            break
        texts.add(refused)  # an integer that is no floating-point number, for one: seen only when it is met
    return [as_text(name, list(map(str, kinds[name]))) for name in kinds if name in texts]


def _kinds(pyarrow: "Any", streams: str) -> "dict[str, list[Any]]":
    """The types that each column has, each once, columns and types in the order in which they are met."""
    kinds = {}  # type: dict[str, list[Any]]
    for reader in _readers(pyarrow, streams):
        for field in reader.schema:
            types = kinds.setdefault(field.name, [])
            if field.type not in types:
                types.append(field.type)
    return kinds


def _united(pyarrow: "Any", types: "list[Any]") -> "Any":
    """One type that holds the values of all, or None."""
    types = [kind for kind in types if not pyarrow.types.is_null(kind)] or types[:1]
    united = types[0]
    for kind in types[1:]:
        if kind != united:
            united = _of_two(pyarrow, united, kind)
        if united is None:
            return None
    return united


def _of_two(pyarrow: "Any", one: "Any", other: "Any") -> "Any":
    checks = pyarrow.types
    if checks.is_temporal(one) and checks.is_temporal(other) and getattr(one, "tz", 0) != getattr(other, "tz", 0):
        return None
    if checks.is_integer(one) and checks.is_integer(other):
        signed = checks.is_signed_integer(one) or checks.is_signed_integer(other)
        return pyarrow.int64() if signed else pyarrow.uint64()
    numbers = [checks.is_integer(kind) or checks.is_floating(kind) for kind in (one, other)]
    if all(numbers):
        return pyarrow.float64()
    texts = [checks.is_string(kind) or checks.is_large_string(kind) for kind in (one, other)]
    if all(texts):
        return pyarrow.large_string()
    if any(numbers) or any(texts) or any(map(checks.is_boolean, (one, other))):
        return None
    try:
        fields = [pyarrow.schema([("column", kind)]) for kind in (one, other)]
        return pyarrow.unify_schemas(fields, promote_options="permissive").field(0).type
    except (TypeError, pyarrow.ArrowException):
        return None


def _write(pyarrow: "Any", streams: str, target: str, schema: "Any") -> "str | None":
    """Write the file, durable when it returns; the name of a column with a value that its type does not hold."""
    from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with parquet.ParquetWriter(target, schema) as writer:
        for reader in _readers(pyarrow, streams):
            table = reader.read_all()
            columns = []
            for field in schema:
                column = _column(pyarrow, table, field)
                if column is None:
                    return str(field.name)
                columns.append(column)
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))
    with open(target, "rb") as file:
        os.fsync(file.fileno())
    return None


def _column(pyarrow: "Any", table: "Any", field: "Any") -> "Any":
    """One column in the file's type, null for a mini-batch without it; None where that would lose a digit."""
    if field.name not in table.column_names:
        return pyarrow.nulls(len(table), field.type)
    column = table[field.name]
    if column.type == field.type:
        return column
    if pyarrow.types.is_string(field.type) and not pyarrow.types.is_large_string(column.type):
        return _as_text(pyarrow, column)
    try:
        return column.cast(field.type)
    except pyarrow.ArrowException:
        return None


def _as_text(pyarrow: "Any", column: "Any") -> "Any":
    try:
        return text_array(pyarrow, column.to_pylist())
    except ValueError:  # nanoseconds, of which Python has none, and an environment without pandas
        try:
            return column.cast(pyarrow.string())
        except pyarrow.ArrowException:
            return column.cast(pyarrow.int64()).cast(pyarrow.string())


def _readers(pyarrow: "Any", streams: str) -> "Iterator[Any]":
    with pyarrow.memory_map(streams) as source:
        size = source.size()
        while source.tell() < size:
            reader = pyarrow.ipc.open_stream(source)
            yield reader
            for _ in reader:  # whatever the caller has left unread
                pass
