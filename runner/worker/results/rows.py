"""Results of one `run()` -> the bytes of their rows, as the compatible service writes them or as the job asks.

Imports pandas never: a DataFrame can only come from a script that has imported it.
"""

from ..troubles import ColumnsDiffer, WrongResult
from .cells import PLAIN, cells_of, is_table, json_of, must_differ, records_of, value_of

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


_SHORTENED = (
    "a result is written as its own display, which rounds numbers or has '...' for its middle: "
    "return array.tolist(), or ask for the format csv, jsonl or parquet"
)


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
        has_columns = is_table(results)
        if not has_columns and not isinstance(results, (list, tuple)):
            kind = type(results).__name__
            advice = _ADVICE.get(kind, "allowed are a list, a tuple and a pandas DataFrame")
            raise WrongResult(f"run() returned {_article(kind)} {kind}; {advice}")
        self.gave_table = has_columns
        count = len(results)  # type: ignore[arg-type]
        if not count:
            return 0, 0, b""
        text = self._text(results, has_columns)
        if isinstance(text, bytes):
            return count, 0, text
        assert isinstance(text, str)
        return count, max(0, text.count("\n") - count), _encoded(text)

    def _azureml(self, results: "Any", is_table: bool) -> str:
        if is_table:
            for column in _of_objects(results):
                for value in column:
                    self._look(value, str(value))
            return _delimited(results, " ")
        lines = []
        for item in results:
            text = str(item)
            self._look(item, text)
            lines.append(text)
        return "\n".join(lines) + "\n"

    def _look(self, item: "Any", text: str) -> None:
        """Say, once, that the display of a result does not say all of it."""
        if type(item) in PLAIN or _SHORTENED in self._noticed:
            return
        from .displays import shows_all

        if not shows_all(item, text):
            self._once(_SHORTENED)

    def _csv(self, results: "Any", is_table: bool) -> str:
        from . import csv_text

        if is_table:
            text = _table_as_csv(results)
            self._show([str(column) for column in results.columns])
            return text
        made = []
        columns = cells_of(results[0])[0]
        for item in results:
            names, values = cells_of(item)
            made.append(values if names == columns else _in_order(names, values, columns))
        text = csv_text.lines(made)
        self._show(columns)
        return text

    def _show(self, names: "list[str]") -> None:
        """Say which columns the rows have that come next."""
        header = _line(names)
        if header != self._header:
            self._begin_columns(header)
            self._header = header

    def _jsonl(self, results: "Any", is_table: bool) -> str:
        import json

        items = records_of(results) if is_table else results
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


def _line(names: "list[str]") -> bytes:
    """Columns as the first line of a csv file."""
    from . import csv_text

    return _encoded(csv_text.lines([names]))


def _delimited(results: "Any", separator: str) -> str:
    return str(results.to_csv(None, sep=separator, header=False, index=False))


def _table_as_csv(table: "Any") -> str:
    """A data frame's rows, with every value of the arrays, lists and tables in its cells."""
    from . import csv_text

    table = _with_values(table)
    text = _delimited(table, ",")
    if "\r" not in text:
        return text
    try:
        text = table.to_csv(None, header=False, index=False, lineterminator="\r\n")
    except TypeError:  # pandas before 1.5
        text = table.to_csv(None, header=False, index=False, line_terminator="\r\n")
    return csv_text.with_line_feeds(text)


def _of_objects(table: "Any") -> "list[Any]":
    """The columns that may hold anything."""
    kinds = enumerate(table.dtypes)
    return [table.iloc[:, number] for number, kind in kinds if getattr(kind, "kind", "") == "O"]


def _with_values(table: "Any") -> "Any":
    changed = {}
    for number, kind in enumerate(table.dtypes):
        if getattr(kind, "kind", "") == "O":
            column = table.iloc[:, number]
            values = [value_of(value) for value in column]
            if any(made is not value for made, value in zip(values, column)):
                changed[number] = type(column)(values, index=column.index, dtype=object)
    if not changed:
        return table
    columns = {number: changed.get(number, table.iloc[:, number]) for number in range(len(table.columns))}
    return type(table)(columns, index=table.index)


def _json(dumps: "Callable[..., str]", item: "Any") -> str:
    """One line. The fast way is for plain values; all others are made plain first."""
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        item = dict(zip(item._fields, item))
    elif isinstance(item, dict) and not all(isinstance(name, str) for name in item):
        must_differ(list(map(str, item)))
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
