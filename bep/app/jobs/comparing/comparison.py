"""What two jobs made of the same inputs: which rows are the same, which differ, which only one of them has.

A row belongs to an item of the input: the journal of a job says how many rows each call of the script returned, so rows
stand beside each other also where an item failed in one job and not in the other.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from bep.app.errors import Conflict, Refused
from bep.app.jobs.comparing.rows import Row, Rows, cells_of, rows_of
from bep.app.jobs.looking.output_files import output_opened
from bep.app.jobs.service import jobs_of
from bep.app.jobs.summaries import page_of
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord

MOST: Final = 100
"""Differences that are told; all are counted."""
Cells = Mapping[str, str] | tuple[str, ...] | None
_Place = tuple[int, int]  # an item from 0, and which of the rows that stand there


@dataclass(frozen=True)
class Side:
    """One of the two jobs: `rows` are those of its output, `failed` counts its failed items."""

    name: str
    deployment: str
    rows: int
    failed: int


@dataclass(frozen=True)
class Pair:
    """Rows of one item that are not the same: `number` counts items from 1, `name` is the item's. A job that has no row
    there has None. `differs` are the places of the cells that differ."""

    number: int
    name: str
    first: tuple[str, ...] | None
    second: tuple[str, ...] | None
    differs: tuple[int, ...]


@dataclass(frozen=True)
class Compared:
    """Both jobs, counts of rows, and the first differences. `columns` name the cells, where the outputs do.

    `is_exact`: of every row it is known which item it is of; else some calls returned more or fewer rows than items,
    and their rows stand in the order in which they came.
    """

    first: Side
    second: Side
    items: int
    same: int
    different: int
    only_first: int
    only_second: int
    columns: tuple[str, ...]
    pairs: tuple[Pair, ...]
    is_exact: bool

    @property
    def is_same(self) -> bool:
        """Whether both have the same rows."""
        return not (self.different or self.only_first or self.only_second)

    def as_json(self) -> dict[str, Any]:
        """As a JSON value, for scripts."""
        return {
            "first": vars(self.first),
            "second": vars(self.second),
            "items": self.items,
            "same": self.same,
            "different": self.different,
            "only_first": self.only_first,
            "only_second": self.only_second,
            "exact": self.is_exact,
            "columns": list(self.columns),
            "rows": [
                {"item": pair.number, "name": pair.name, "first": _listed(pair.first), "second": _listed(pair.second)}
                for pair in self.pairs
            ],
        }


def compared(opened: "Reading", first: str, second: str, *, most: int = MOST) -> Compared:
    """Two jobs, by their names. Raises `NotFound`; `Refused` for two that cannot be compared."""
    jobs = jobs_of(opened)
    records = jobs.get(first), jobs.get(second)
    _must_be_alike(*records)
    for record in records:
        _must_have_rows(record)
    return _Comparison(*records, most).made()


def comparable(opened: "Reading", record: "JobRecord") -> "list[JobRecord]":
    """The jobs that one can be compared with, newest first."""
    if _why_no_rows(record):
        return []
    return [
        other
        for other in reversed(jobs_of(opened).chosen())
        if other.name != record.name
        and other.target.endpoint == record.target.endpoint
        and other.manifest_digest == record.manifest_digest
        and not _why_no_rows(other)
    ]


def _must_be_alike(first: "JobRecord", second: "JobRecord") -> None:
    if first.name == second.name:
        raise Refused(f"{first.name} is one job; name two")
    if first.target.endpoint != second.target.endpoint:
        told = f"{first.name} is of {first.target.endpoint}, {second.name} of {second.target.endpoint}"
        raise Refused(f"{told}: jobs of one endpoint can be compared")


def _must_have_rows(record: "JobRecord") -> None:
    if why := _why_no_rows(record):
        raise Refused(f"{record.name} cannot be compared: {why}")


def _why_no_rows(record: "JobRecord") -> str:
    if page_of(record) is not None:
        return "a service runs it, and has its output"
    if record.status.value != "Completed":
        return f"it is {record.status}, and only a completed job has its whole output"
    if record.output_address:
        return "its output lies in a store; download both, and compare the files"
    return "" if record.output_file is not None else "it keeps no rows (output_action: summary_only)"


class _Comparison:
    """Two streams of rows, merged by the items that they are of."""

    def __init__(self, first: "JobRecord", second: "JobRecord", most: int) -> None:
        if first.manifest_digest != second.manifest_digest:
            told = f"{first.name} scored {first.input_text}, {second.name} {second.input_text}"
            raise Refused(f"{told}: they have not the same inputs")
        formats = {record.settings.output_format for record in (first, second)}
        if len(formats) > 1:
            raise Refused(
                f"one output is {' and the other '.join(sorted(formats))}: rows of one format can be compared"
            )
        self._records = first, second
        self._format = formats.pop()
        self._most = most
        self._counts = {"same": 0, "different": 0, "only_first": 0, "only_second": 0}
        self._rows = [0, 0]
        self._found: list[tuple[int, Row | None, Row | None]] = []
        self._is_exact = True

    def made(self) -> Compared:
        """Read both to their ends."""
        with ExitStack() as stack:
            read = []
            for record in self._records:
                assert record.output_file is not None
                stream = stack.enter_context(output_opened(record, record.output_file.name))
                read.append(rows_of(stream, record.output_file.name, self._format))
            first, second = (self._placed(side, rows) for side, rows in enumerate(read))
            self._merge(first, second)
            return self._compared(*(rows.columns for rows in read))

    def _placed(self, side: int, rows: Rows) -> "Iterator[tuple[_Place, Row]]":
        """Each row with the place that it belongs to, in order."""
        from bep.runner.folder import parts
        from bep.runner.folder.folder import JobFolder

        record = self._records[side]
        each = iter(rows.each)
        for call in parts.in_order(JobFolder(record.folder).parts):
            if call.rows != call.items or call.results != call.items:
                self._is_exact = False
            for number in range(call.rows):
                row = next(each, None)
                if row is None:
                    raise Conflict(f"the output of {record.name} has fewer rows than it was written with")
                self._rows[side] += 1
                yield (call.first + min(number, call.items - 1), max(0, number - call.items + 1)), row
        if next(each, None) is not None:
            raise Conflict(f"the output of {record.name} has more rows than it was written with")

    def _merge(self, first: "Iterator[tuple[_Place, Row]]", second: "Iterator[tuple[_Place, Row]]") -> None:
        one, two = next(first, None), next(second, None)
        while one is not None or two is not None:
            if two is None or (one is not None and one[0] < two[0]):
                assert one is not None
                self._note("only_first", one[0], one[1], None)
                one = next(first, None)
            elif one is None or two[0] < one[0]:
                self._note("only_second", two[0], None, two[1])
                two = next(second, None)
            else:
                self._note("same" if one[1] == two[1] else "different", one[0], one[1], two[1])
                one, two = next(first, None), next(second, None)

    def _note(self, what: str, place: _Place, first: Row | None, second: Row | None) -> None:
        self._counts[what] += 1
        if what != "same" and len(self._found) < self._most:
            self._found.append((place[0], first, second))

    def _compared(self, first: tuple[str, ...], second: tuple[str, ...]) -> Compared:
        found = [(item, self._cells(one), self._cells(two)) for item, one, two in self._found]
        named = [side for _, one, two in found for side in (one, two) if isinstance(side, Mapping)]
        columns = tuple(dict.fromkeys(name for side in named for name in side)) or (first if first == second else ())
        names = self._names({item for item, _, _ in found})
        return Compared(
            self._side(0),
            self._side(1),
            self._records[0].counts.items,
            self._counts["same"],
            self._counts["different"],
            self._counts["only_first"],
            self._counts["only_second"],
            columns,
            tuple(_pair(item, names, _fitted(one, columns), _fitted(two, columns)) for item, one, two in found),
            self._is_exact,
        )

    def _side(self, side: int) -> Side:
        record = self._records[side]
        return Side(record.name, record.target.deployment, self._rows[side], record.counts.failed)

    def _cells(self, row: Row | None) -> Cells:
        return None if row is None else cells_of(row, self._format)

    def _names(self, items: Collection[int]) -> dict[int, str]:
        """What these items are called, as short as tells; nothing where the manifest is not there any more."""
        from bep.runner.folder.folder import JobFolder
        from bep.runner.inputs import listing

        record = self._records[0]
        manifest = listing.recorded(JobFolder(record.folder), record)
        return {} if manifest is None else {item: manifest.names(item, 1)[0] for item in items}


def _fitted(cells: Cells, columns: Sequence[str]) -> tuple[str, ...] | None:
    """The cells in the order of the columns."""
    if isinstance(cells, Mapping):
        return tuple(cells.get(name, "") for name in columns)
    return cells


def _pair(item: int, names: Mapping[int, str], first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> Pair:
    both = range(max(len(first or ()), len(second or ())))
    at = tuple(place for place in both if _cell(first, place) != _cell(second, place))
    return Pair(item + 1, names.get(item, ""), first, second, at)


def _cell(cells: tuple[str, ...] | None, place: int) -> str | None:
    return cells[place] if cells is not None and place < len(cells) else None


def _listed(cells: tuple[str, ...] | None) -> list[str] | None:
    return None if cells is None else list(cells)
