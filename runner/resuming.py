"""What is left of a job that has been run before, from its journals alone. A new job is one with empty journals."""

from collections import deque
from dataclasses import replace
from heapq import merge

from bep.runner import parts
from bep.runner.backlog import Backlog, Span, holes
from bep.runner.finishing import History
from bep.runner.folder import JobFolder
from bep.runner.manifest import Manifest
from bep.runner.record import Counts
from bep.runner.tally import Tally


def backlog(folder: JobFolder, listed: Manifest, history: History) -> Backlog:
    """What no journal has: calls that wait for another attempt, and everything that was never begun."""
    known = history.backlog
    waiting = sorted({*known.attempts, *known.pieces}, key=lambda call: call.first)
    open_calls = _without_scored(waiting, folder)
    settled = sorted((call.first, call.count) for call in (*open_calls, *history.given_up))
    scored = ((entry.first, entry.items) for entry in parts.in_order(folder.parts))
    untouched = holes(merge(scored, settled), listed.items, listed.starts)
    return replace(known, untouched=deque(untouched), again=deque(open_calls))


def _without_scored(calls: list[Span], folder: JobFolder) -> list[Span]:
    if not calls:
        return []
    wanted = {call.first for call in calls}
    scored = {entry.first for entry in parts.in_order(folder.parts) if entry.first in wanted}
    return [call for call in calls if call.first not in scored]


def tally(folder: JobFolder, history: History, counts: Counts) -> Tally:
    found = Tally(retries=counts.retries, workers_lost=counts.workers_lost)
    for entry in parts.in_order(folder.parts):
        found.add(entry.good, entry.items - entry.good)
    found.given_up = sum(call.count for call in history.given_up)
    return found
