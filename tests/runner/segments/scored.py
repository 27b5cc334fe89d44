"""Calls of a made-up job, written by the worker's own writer into parts, and what an engine would say of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bep.lazy_dataclasses import dataclass, replace
from bep.runner.folder import parts
from bep.runner.folder.journal import Failure
from bep.runner.folder.parts import Scored
from bep.runner.outputs import assembling
from bep.runner.outputs.columns import columns_of
from bep.runner.worker import wire
from bep.runner.worker.part import Part


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `run()`, by which part it was written, and its rows; `header` for a csv file."""

    first: int
    items: int
    results: int
    rows: bytes
    part: int = 0
    header: bytes = b""


def scored(folder: Path, calls: Sequence[Call]) -> Path:
    """The folder, with these calls in parts: each part in the order in which its calls stand."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in sorted({call.part for call in calls}):
        part = Part(str(parts.path(folder, number)), memoryview(bytearray(wire.SLOT)), 0.0)
        header = b""
        for clock, call in enumerate(call for call in calls if call.part == number):
            if call.header and call.header != header and call.rows:
                part.begin_columns(call.header)
                header = call.header
            breaks = max(0, call.rows.count(b"\n") - call.results)
            part.add(call.first, call.items, call.results, call.results, breaks, call.rows, float(clock), clock + 0.5)
        part.flush(1.0)
        part.settle()
    return folder


def pieces(folder: Path) -> tuple[Scored, ...]:
    """All records, as an engine has them."""
    return tuple(parts.in_order(folder))


def shifted(calls: Iterable[Call], by: int) -> list[Call]:
    return [replace(call, first=call.first + by) for call in calls]


def assembled(folder: Path, target: Path) -> bytes:
    """The output that a job would have of these parts."""
    assembling.assemble(parts.in_order(folder), folder, target, columns_of(folder))
    return target.read_bytes()


def failure(first: int, count: int = 1, attempt: int = 1) -> Failure:
    return Failure(
        first, count, attempt, "ValueError", f"no {first}", "Traceback", "logs/user/error/n/p.txt:1", 5.0, 1.0
    )
