"""Rows as Arrow streams in the parts, and one Parquet file of them at the end. Uses the environment's pyarrow."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator


def stream(results: object, is_table: bool) -> bytes:
    """One mini-batch as a whole Arrow stream, so that parts can be put together byte by byte."""
    import io

    import pyarrow  # type: ignore[import-not-found,import-untyped,unused-ignore]

    if is_table:
        table = pyarrow.Table.from_pandas(results, preserve_index=False)
    else:
        rows = [item if isinstance(item, dict) else {"prediction": item} for item in results]  # type: ignore[attr-defined]
        table = pyarrow.Table.from_pylist(rows)
    sink = io.BytesIO()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def convert(streams: str, target: str) -> None:
    """Write the Arrow streams that stand one after the other in a file as one Parquet file, one group at a time."""
    import pyarrow
    from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]

    schema = _united(pyarrow, [reader.schema for reader in _readers(streams)])
    with parquet.ParquetWriter(target, schema) as writer:
        for reader in _readers(streams):
            writer.write_table(_cast(pyarrow, reader.read_all(), schema))
    with open(target, "rb") as file:
        os.fsync(file.fileno())


def _united(pyarrow: object, schemas: "list[object]") -> object:
    """All their columns, each of a type that holds what any of them has. pyarrow before 14 wants one type a column."""
    try:
        return pyarrow.unify_schemas(schemas, promote_options="permissive")  # type: ignore[attr-defined]
    except TypeError:
        return pyarrow.unify_schemas(schemas)  # type: ignore[attr-defined]


def _readers(streams: str) -> "Iterator[Any]":
    import pyarrow

    with pyarrow.memory_map(streams) as source:
        size = source.size()
        while source.tell() < size:
            reader = pyarrow.ipc.open_stream(source)
            yield reader
            for _ in reader:  # whatever the caller has left unread
                pass


def _cast(pyarrow: object, table: object, schema: object) -> object:
    """The same rows with the whole file's columns; a column that this mini-batch lacks is null."""
    columns = []
    for field in schema:  # type: ignore[attr-defined]
        if field.name in table.column_names:  # type: ignore[attr-defined]
            columns.append(table[field.name].cast(field.type))  # type: ignore[index]
        else:
            columns.append(pyarrow.nulls(len(table), field.type))  # type: ignore[attr-defined,arg-type]
    return pyarrow.Table.from_arrays(columns, schema=schema)  # type: ignore[attr-defined]
