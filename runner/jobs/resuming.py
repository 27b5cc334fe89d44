"""What is left of a job that has been run before, from its journals alone. A new job is one with empty journals."""

from collections.abc import Collection
from heapq import merge

from bep.runner.folder import parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Counts
from bep.runner.inputs.manifest import Manifest
from bep.runner.jobs.totals import History
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.tally import Tally
from bep.runner.span import Span, holes


def backlog(folder: JobFolder, listed: Manifest, history: History) -> Backlog:
    """What no journal has: calls that wait for another attempt, and everything that was never begun."""
    known = history.backlog
    done = _scored(known.attempts, folder)
    waiting = known.attempts.keys() - done
    settled = sorted((call.first, call.count) for call in (*waiting, *history.given_up))
    scored = ((entry.first, entry.items) for entry in parts.in_order(folder.parts))
    known.go_on(holes(merge(scored, settled), listed.items, listed.starts), done)
    return known


def _scored(calls: Collection[Span], folder: JobFolder) -> set[Span]:
    """Those of the calls that are in a part's journal: they had failed before, or a larger one had."""
    if not calls:
        return set()
    wanted = {call.first: call for call in calls}
    return {wanted[entry.first] for entry in parts.in_order(folder.parts) if entry.first in wanted}


def tally(folder: JobFolder, history: History, counts: Counts) -> Tally:
    found = Tally(retries=counts.retries, splits=counts.splits, workers_lost=counts.workers_lost)
    for entry in parts.in_order(folder.parts):
        found.add(entry.good, entry.items - entry.good)
    found.given_up = sum(call.count for call in history.given_up)
    return found
