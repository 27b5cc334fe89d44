"""Rows as the text of a csv file, and back. Knows texts only: no result, no column's name. Both sides import it.

A carriage return in a cell is quoted: csv before Python 3.13 leaves it bare where lines end with a line feed alone,
and readers take it for the end of the row.
"""

import csv
import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator

_RETURN = "\ufdd0"  # no character, by Unicode's own word: it stands for a carriage return while csv reads


def lines(rows: "Iterable[list[Any]]") -> str:
    """The rows, each ended with a line feed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return with_line_feeds(text.getvalue())


def with_line_feeds(text: str) -> str:
    """Csv whose rows end with CR LF as one whose rows end with LF; what is in quotes stays."""
    pieces = text.split('"')
    pieces[::2] = [piece.replace("\r\n", "\n") for piece in pieces[::2]]
    return '"'.join(pieces)


def rows(text: str) -> "Iterator[list[str]]":
    """The cells of each row, of any length; a carriage return is part of its cell, quoted or not."""
    csv.field_size_limit(sys.maxsize)
    for row in csv.reader(io.StringIO(text.replace("\r", _RETURN), newline="\n")):
        yield [cell.replace(_RETURN, "\r") for cell in row]
