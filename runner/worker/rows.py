"""Results of one `run()` -> the bytes of their rows, as the compatible service writes them or as the job asks.

Imports pandas never: a DataFrame can only come from a script that has imported it.
"""

import sys

from .cells import cells_of, is_array, json_of, shows_all, value_of
from .troubles import ColumnsDiffer, WrongResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_ADVICE = {
    "generator": "yield makes run() a generator: collect the results in a list and return it",
    "NoneType": "run() returned nothing: is a return missing?",
    "dict": "return one list element for each file instead",
    "str": "return a list with one element for each file",
    "ndarray": "return result.tolist()",
    "Series": "return result.tolist()",
}


class Formatter:
    """Formats for one job.

    `gave_table` says that the last results were a DataFrame, which has as many rows as it likes.
    `begin_columns` is told the header of a csv file before the rows of a mini-batch that has other columns than the
    last; `notice` is told, once, what the user should know of the rows.
    """

    def __init__(
        self,
        output_format: str,
        begin_columns: "Callable[[bytes], None]" = lambda header: None,
        notice: "Callable[[str], None]" = lambda message: None,
    ) -> None:
        self._header = b""
        self._begin_columns = begin_columns
        self._notice = notice
        self._noticed: set[str] = set()
        self.gave_table = False
        self._text = {
            "azureml": self._azureml,
            "csv": self._csv,
            "jsonl": self._jsonl,
            "parquet": self._parquet,
            "none": _nothing,
        }[output_format]

    def rows(self, results: object) -> "tuple[int, int, bytes]":
        """How many results, how many line breaks beyond one for each of them, and the bytes. Raises `WrongResult`."""
        table = _table(results)
        if table is None and not isinstance(results, (list, tuple)):
            kind = type(results).__name__
            advice = _ADVICE.get(kind, "allowed are a list, a tuple and a pandas DataFrame")
            raise WrongResult(f"run() returned {_article(kind)} {kind}; {advice}")
        self.gave_table = table is not None
        count = len(results)  # type: ignore[arg-type]
        if not count:
            return 0, 0, b""
        text = self._text(results, table is not None)
        if isinstance(text, bytes):
            return count, 0, text
        assert isinstance(text, str)
        return count, max(0, text.count("\n") - count), _encoded(text)

    def _azureml(self, results: "Any", is_table: bool) -> str:
        if is_table:
            return _delimited(results, " ")
        lines = []
        for item in results:
            text = str(item)
            if not shows_all(item, text):
                self._once(
                    "a result is written as numpy and pandas display it, with '...' for its middle: "
                    "return array.tolist(), or ask for the format csv, jsonl or parquet"
                )
            lines.append(text)
        return "\n".join(lines) + "\n"

    def _csv(self, results: "Any", is_table: bool) -> str:
        if is_table:
            text = _delimited(results, ",")
            self._show([str(column) for column in results.columns])
            return text
        import csv
        import io

        made = io.StringIO()
        writer = csv.writer(made, lineterminator="\n")
        columns = cells_of(results[0])[0]
        for item in results:
            names, values = cells_of(item)
            writer.writerow(values if names == columns else _in_order(names, values, columns))
        self._show(columns)
        return made.getvalue()

    def _show(self, names: "list[str]") -> None:
        """Say which columns the rows have that come next."""
        header = _line(names)
        if header != self._header:
            self._begin_columns(header)
            self._header = header

    def _jsonl(self, results: "Any", is_table: bool) -> str:
        import json

        items = _records(results) if is_table else results
        return "".join([_json(json.dumps, item) + "\n" for item in items])

    def _parquet(self, results: "Any", is_table: bool) -> bytes:
        from . import parquet

        return parquet.stream(results, is_table, self._once)

    def _once(self, message: str) -> None:
        if message not in self._noticed:
            self._noticed.add(message)
            self._notice(message)


def _in_order(names: "list[str]", values: "list[Any]", columns: "list[str]") -> "list[Any]":
    """The values of a row in the order of other columns. Raises `ColumnsDiffer` where they are not the same ones."""
    if sorted(names) != sorted(columns) or len(set(names)) < len(names):
        raise ColumnsDiffer(
            f"run() returned rows with the columns {_shown(names)} and {_shown(columns)} at once; "
            "return the same columns for every row"
        )
    return [values[names.index(name)] for name in columns]


def _shown(names: "list[str]") -> str:
    return _line(names).decode("utf-8", "replace").strip()


def _records(table: "Any") -> "list[dict[str, Any]]":
    """A data frame as dicts of plain values, each exact: to_json() would round to ten digits."""
    if not table.columns.is_unique:
        raise WrongResult("run() returned a DataFrame with two columns of one name; JSON has each name once")
    columns = [table.iloc[:, number].tolist() for number in range(len(table.columns))]
    names = list(map(str, table.columns))
    return [dict(zip(names, row)) for row in zip(*columns)] if columns else [{} for _ in range(len(table))]


def _line(names: "list[str]") -> bytes:
    """Columns as the first line of a csv file."""
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(names)
    return _encoded(text.getvalue())


def _table(results: object) -> "object | None":
    pandas = sys.modules.get("pandas")
    frame = getattr(pandas, "DataFrame", None)
    return results if frame is not None and isinstance(results, frame) else None


def _delimited(results: "Any", separator: str) -> str:
    arrays = [
        number
        for number, kind in enumerate(results.dtypes)
        if getattr(kind, "kind", "") == "O" and any(map(is_array, results.iloc[:, number]))
    ]
    if arrays:
        columns = {}
        for number in range(len(results.columns)):
            column = results.iloc[:, number]
            columns[number] = column.map(value_of) if number in arrays else column
        results = type(results)(columns, index=results.index)
    return str(results.to_csv(None, sep=separator, header=False, index=False))


def _json(dumps: "Callable[..., str]", item: "Any") -> str:
    """One line. The fast way is for plain values; all others are made plain first."""
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        item = dict(zip(item._fields, item))
    try:
        return dumps(item, default=json_of, allow_nan=False)
    except (ValueError, TypeError) as error:
        if "Circular" in str(error):
            raise
        return dumps(json_of(item))


def _encoded(text: str) -> bytes:
    """UTF-8; a file name that is not keeps its bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def _nothing(results: object, is_table: bool) -> bytes:
    return b""


def _article(kind: str) -> str:
    return "an" if kind[:1].lower() in "aeiou" else "a"
