"""The columns of a csv file whose rows many workers wrote: which set the file has, and which rows fit into it.

The set that most scored items have is the file's, the earlier one where two have as many, in the order of the first
mini-batch that has it: the same rows make the same file, however many workers wrote them and in whatever order.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field
from bep.runner.folder import parts
from bep.runner.folder.parts import Headers, Scored, headers_of
from bep.runner.worker.results import csv_text

Names = tuple[str, ...]


@dataclass(slots=True)
class Columns:
    """What stands where in the parts of one job. `header` is empty for a format without one."""

    header: bytes = b""
    _segments: dict[int, Headers] = field(default_factory=dict)
    _orders: dict[bytes, tuple[int, ...] | None] = field(default_factory=dict)

    def misfit(self, entry: Scored) -> str:
        """Why the rows of a mini-batch do not fit into the file; empty when they do."""
        found = self._of(entry)
        if self._orders.get(found, ()) is not None:
            return ""
        return (
            f"run() returned the columns {_shown(found)}; the file has {_shown(self.header)}, as most results do: "
            "return the same columns each time"
        )

    def order(self, entry: Scored) -> Sequence[int]:
        """For each column of the file its place in these rows; empty when they have the file's order."""
        return self._orders.get(self._of(entry)) or ()

    def _of(self, entry: Scored) -> bytes:
        if not entry.length or entry.part not in self._segments:
            return b""
        offsets, headers = self._segments[entry.part]
        return headers[max(0, bisect_right(offsets, entry.offset) - 1)]


def columns_of(folder: Path) -> Columns:
    """Read what the parts in a folder say of their columns; where they differ, the journals too."""
    segments = {number: found for number in parts.numbers(folder) if (found := headers_of(folder, number))}
    columns = Columns(_segments=segments)
    headers = {header for _, found in segments.values() for header in found}
    if len(headers) == 1:
        columns.header = headers.pop()
    elif headers:
        columns.header = _chosen(columns, parts.in_order(folder))
        chosen = _names(columns.header)
        columns._orders = {header: _order(_names(header), chosen) for header in headers}
        columns._orders[columns.header] = ()
    return columns


def rearranged(rows: bytes, order: Sequence[int]) -> bytes:
    """The same rows of a csv file with their columns in another order."""
    cells = csv_text.rows(rows.decode("utf-8", "surrogateescape"))
    return csv_text.lines([row[place] for place in order] for row in cells).encode("utf-8", "surrogateescape")


def _chosen(columns: Columns, scored: Iterable[Scored]) -> bytes:
    """The header of the first mini-batch that has the set of columns which most items have."""
    items: Counter[Names] = Counter()
    first: dict[Names, bytes] = {}
    sets: dict[bytes, Names] = {b"": ()}
    for entry in scored:
        header = columns._of(entry)
        if header:
            if header not in sets:
                sets[header] = tuple(sorted(_names(header)))
            first.setdefault(sets[header], header)
            items[sets[header]] += entry.good
    return first[items.most_common(1)[0][0]] if items else b""


def _order(names: Names, wanted: Names) -> tuple[int, ...] | None:
    if sorted(names) != sorted(wanted) or len(set(names)) < len(names):
        return None
    return tuple(map(names.index, wanted))


def _names(header: bytes) -> Names:
    return tuple(next(csv_text.rows(header.decode("utf-8", "surrogateescape")), ()))


def _shown(header: bytes) -> str:
    return header.decode(errors="replace").strip()
