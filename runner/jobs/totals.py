"""What follows the last mini-batch: totals and the lists of what failed. Works from journals and names of logs."""

import heapq
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing

from bep.disk.durable import replacing
from bep.lazy_dataclasses import dataclass, field
from bep.runner.folder import journal, parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Failure, beside
from bep.runner.folder.parts import Scored
from bep.runner.inputs.manifest import Manifest
from bep.runner.outputs.columns import Columns
from bep.runner.reporting.tables import JobReport
from bep.runner.request import Settings
from bep.runner.scheduling.backlog import Backlog
from bep.runner.span import Span
from bep.runner.verdicts import Ended, Outcome, Verdict
from bep.runner.worker.troubles import shortage


@dataclass(slots=True)
class Totals:
    """Counts of everything in the journals. `excess` and `breaks`: results beyond items, line breaks beyond results.

    `shorts` are mini-batches with too few results: first item, items, results, part. `misfits` are those whose rows
    have other columns than the file: first item, items, part, why.
    """

    scored: int = 0
    short: int = 0
    given_up: int = 0
    rows: int = 0
    excess: int = 0
    breaks: int = 0
    shorts: list[tuple[int, int, int, int]] = field(default_factory=list)
    misfits: list[tuple[int, int, int, str]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Failed items: of mini-batches without attempts left, and those that have no row in the output."""
        return self.short + self.given_up

    def add(self, entry: Scored) -> None:
        """Count one mini-batch."""
        good = entry.good
        self.scored += good
        self.rows += entry.rows
        self.breaks += entry.breaks
        if entry.results > entry.items:
            self.excess += entry.results - entry.items
        elif good < entry.items:
            self.short += entry.items - good
            self.shorts.append((entry.first, entry.items, entry.results, entry.part))

    def refuse(self, entry: Scored, why: str) -> None:
        """Count one mini-batch whose rows do not fit into the file."""
        self.short += entry.items
        self.misfits.append((entry.first, entry.items, entry.part, why))


@dataclass(slots=True)
class History:
    """What the runner's journal says when it is read from the start: the verdicts follow from the same rules."""

    backlog: Backlog
    given_up: dict[Span, Failure] = field(default_factory=dict)
    failures: int = 0
    retries: int = 0
    splits: int = 0
    tries: Counter[int] = field(default_factory=Counter)


def replay(failures: Iterable[Failure], max_retries: int, bisect: bool) -> History:
    """Go through failed attempts again, without making any."""
    history = History(Backlog(max_retries, bisect, deque()))
    for failure in failures:
        call = Span(failure.first, failure.count, failure.count)
        history.failures += 1
        history.tries[failure.first] += 1
        outcome = _outcome(history.backlog, call, failure)
        history.retries += outcome.verdict is Verdict.RETRY
        history.splits += outcome.is_first
        if outcome.verdict is Verdict.GIVEN_UP:
            history.given_up[call] = failure
        for rest in failure.unresolved:
            history.retries -= rest.alone
            history.given_up[Span(rest.first, rest.count, rest.count)] = beside(failure, rest)
    return history


def _outcome(backlog: Backlog, call: Span, failure: Failure) -> Outcome:
    """What became of a failed call: what was written down, or, by the rules of then, what nobody wrote down."""
    if not failure.verdict:
        return backlog.note_of_old(call, Ended.RAISED if failure.is_raised else Ended.CUT)
    return backlog.note(call, Ended(failure.how), Verdict(failure.verdict))


def history_of(folder: JobFolder, settings: Settings) -> History:
    """The same from a job's folder."""
    return replay(journal.read(folder.journal), settings.max_retries, settings.splits)


def tallied(
    folder: JobFolder, listed: Manifest, totals: Totals, history: History, columns: Columns
) -> Iterator[Scored]:
    """Every mini-batch with rows in the output, in input order, counted and written to the job report as it passes."""
    with closing(JobReport(folder, listed)) as report:
        for entry in parts.in_order(folder.parts):
            if why := columns.misfit(entry):
                totals.refuse(entry, why)
                report.failed(_misfit(entry.first, entry.items, history, why, ""), entry.items)
                continue
            totals.add(entry)
            report.scored(entry, _attempt(history, entry.first))
            yield entry
        totals.given_up = sum(call.count for call in history.given_up)
        for failure in journal.read(folder.journal):
            call = Span(failure.first, failure.count, failure.count)
            final = failure.count if history.given_up.get(call) == failure else 0
            report.failed(failure, final + sum(rest.count for rest in failure.unresolved))


def _attempt(history: History, first: int) -> int:
    return history.tries[first] + 1 if history.tries else 1


def _misfit(first: int, count: int, history: History, why: str, log: str) -> Failure:
    return Failure(first, count, _attempt(history, first), "ColumnsDiffer", why, "", log)


def failed_calls(folder: JobFolder, history: History, totals: Totals) -> Iterator[tuple[Span, Failure]]:
    """Every call with items that failed for good: those given up, then those without a row for each item."""
    yield from history.given_up.items()
    yield from _short_calls(folder, history, totals)


def _short_calls(folder: JobFolder, history: History, totals: Totals) -> Iterator[tuple[Span, Failure]]:
    """By first item: mini-batches with too few results, and those whose columns do not fit."""
    logs: dict[int, str] = {}
    nodes = _nodes(folder)
    calls = [(first, count, part, results, "") for first, count, results, part in totals.shorts]
    calls += [(first, count, part, 0, why) for first, count, part, why in totals.misfits]
    for first, count, part, results, why in sorted(calls):
        if part not in logs:
            logs[part] = _logs_of(folder, nodes[part]) if part in nodes else _log_of(folder, part)
        told = shortage(results, count)
        yield (
            Span(first, count, count),
            _misfit(first, count, history, why, logs[part])
            if why
            else Failure(
                first, count, _attempt(history, first), told["type"], told["message"], told["traceback"], logs[part]
            ),
        )


def _log_of(folder: JobFolder, part: int) -> str:
    """The log of errors of the worker that wrote a part; nothing when it has been removed since."""
    found = sorted(folder.logs.glob(f"user/error/*/process{parts.worker_of(part):03d}.txt"))
    return str(found[0].relative_to(folder.path)) if found else ""


def _nodes(folder: JobFolder) -> Mapping[int, str]:
    from bep.runner.folder import merged

    return merged.nodes(folder.parts)


def _logs_of(folder: JobFolder, node: str) -> str:
    """The folder with the logs of errors of another machine's workers; nothing when nobody has brought it here."""
    logs = folder.logs / "user" / "error" / node
    return str(logs.relative_to(folder.path)) if logs.is_dir() else ""


def write_failed_items(folder: JobFolder, manifest: Manifest, history: History, totals: Totals) -> None:
    """`failed_items.jsonl`: one line an item, by position in the input. Absent when nothing has failed."""
    if not totals.failed:
        folder.failed_items.unlink(missing_ok=True)
        return
    given_up = sorted(history.given_up.items(), key=_by_first)
    failed = heapq.merge(given_up, _short_calls(folder, history, totals), key=_by_first)
    with replacing(folder.failed_items) as file:
        for call, why in failed:
            told = {
                "type": why.type,
                "message": why.message,
                "traceback": why.traceback,
                "attempts": why.attempt,
                "log": why.log,
            }
            for position, name in enumerate(manifest.names(call.first, call.count), call.first):
                file.write(json.dumps({"item": name, "position": position, **told}).encode() + b"\n")


def _by_first(failed: tuple[Span, Failure]) -> int:
    return failed[0].first
