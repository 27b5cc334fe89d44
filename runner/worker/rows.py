"""Results of one `run()` -> the bytes of their rows, as the compatible service writes them or as the job asks.

Imports pandas never: a DataFrame can only come from a script that has imported it.
"""

import os
import sys

from .troubles import WrongResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_ADVICE = {
    "generator": "yield makes run() a generator: collect the results in a list and return it",
    "NoneType": "run() returned nothing: is a return missing?",
    "dict": "return one list element for each file instead",
    "str": "return a list with one element for each file",
    "ndarray": "return result.tolist()",
    "Series": "return result.tolist()",
}


class Formatter:
    """Formats for one job. `header_path`, unless empty, gets what `csv` puts first, before any row that needs it."""

    def __init__(self, output_format: str, header_path: str) -> None:
        self._header = b""
        self._header_path = header_path
        self._text = {
            "azureml": self._azureml,
            "csv": self._csv,
            "jsonl": self._jsonl,
            "parquet": _parquet,
            "none": _nothing,
        }[output_format]

    def rows(self, results: object) -> "tuple[int, int, bytes]":
        """How many results, how many line breaks beyond one for each of them, and the bytes. Raises `WrongResult`."""
        table = _table(results)
        if table is None and not isinstance(results, (list, tuple)):
            kind = type(results).__name__
            advice = _ADVICE.get(kind, "allowed are a list, a tuple and a pandas DataFrame")
            raise WrongResult(f"run() returned {_article(kind)} {kind}; {advice}")
        count = len(results)  # type: ignore[arg-type]
        if not count:
            return 0, 0, b""
        text = self._text(results, table is not None)  # type: ignore[arg-type]

        if isinstance(text, bytes):
            return count, 0, text
        assert isinstance(text, str)
        return count, max(0, text.count("\n") - count), _encoded(text)

    def _azureml(self, results: "list[object]", is_table: bool) -> str:
        if is_table:
            return _delimited(results, " ")
        return "\n".join(map(str, results)) + "\n"

    def _csv(self, results: "list[object]", is_table: bool) -> str:
        if is_table:
            table = _delimited(results, ",")
            self._show([str(column) for column in results.columns])  # type: ignore[attr-defined]
            return table
        import csv
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = _cells(results[0])[0]
        for item in results:
            names, cells = _cells(item)
            if names != columns:
                raise _differing(_line(names), _line(columns))
            writer.writerow(cells)
        self._show(columns)
        return text.getvalue()

    def _show(self, names: "list[str]") -> None:
        """Remember the columns of a mini-batch that is right; refuse one that has others: one file has one header."""
        header = _line(names)
        if header == self._header:
            return
        if self._header:
            raise _differing(header, self._header)
        if self._header_path:
            with open(self._header_path, "wb") as file:
                file.write(header)
                file.flush()
                os.fsync(file.fileno())
        self._header = header

    def _jsonl(self, results: "list[object]", is_table: bool) -> str:
        if is_table:
            text = results.to_json(orient="records", lines=True, date_format="iso")  # type: ignore[attr-defined]
            return str(text) if text.endswith("\n") else text + "\n"
        import json

        return "".join([_json(json.dumps, item) + "\n" for item in results])


def _line(names: "list[str]") -> bytes:
    """Columns as the first line of a csv file."""
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(names)
    return _encoded(text.getvalue())


def _differing(header: bytes, earlier: bytes) -> WrongResult:
    return WrongResult(
        f"run() returned the columns {header.decode().strip()} after {earlier.decode().strip()}; one csv file has one "
        "header: return the same columns each time"
    )


def _table(results: object) -> "object | None":
    pandas = sys.modules.get("pandas")
    frame = getattr(pandas, "DataFrame", None)
    return results if frame is not None and isinstance(results, frame) else None


def _delimited(results: object, separator: str) -> str:
    text = results.to_csv(None, sep=separator, header=False, index=False)  # type: ignore[attr-defined]
    return str(text)


def _cells(item: object) -> "tuple[list[str], list[object]]":
    if isinstance(item, dict):
        return [str(name) for name in item], list(item.values())
    if isinstance(item, (list, tuple)):
        return [str(number) for number in range(len(item))], list(item)
    return ["prediction"], [item]


def _json(dumps: "Callable[..., str]", item: object) -> str:
    """One line. JSON has no number that is none: null stands for it, as pandas writes it."""
    try:
        return dumps(item, default=_plain, allow_nan=False)
    except ValueError as error:
        if "Circular" in str(error):
            raise
        return dumps(_finite(item), default=lambda value: _finite(_plain(value)))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {name: _finite(below) for name, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(below) for below in value]
    return value


def _plain(value: object) -> object:
    """What JSON cannot hold: numbers and arrays of numpy as Python's, anything else as text."""
    for method in ("item", "tolist"):
        if hasattr(value, method):
            try:
                return getattr(value, method)()
            except ValueError:
                continue
    return str(value)


def _encoded(text: str) -> bytes:
    """UTF-8; a file name that is not keeps its bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def _nothing(results: object, is_table: bool) -> bytes:
    return b""


def _parquet(results: object, is_table: bool) -> bytes:
    from . import parquet

    return parquet.stream(results, is_table)


def _article(kind: str) -> str:
    return "an" if kind[:1].lower() in "aeiou" else "a"
