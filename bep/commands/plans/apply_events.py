"""What happens during an apply, as lines for a person and as JSON for a machine. Prints nothing."""

from typing import TYPE_CHECKING, Any, assert_never

from bep.app.plans.events import (
    Ended,
    Event,
    Finished,
    Noted,
    Report,
    Result,
    Retrying,
    Slow,
    Started,
    Transferring,
    World,
)
from bep.command_words import program, spoken
from bep.planner.plan import Action, Change
from bep.schemas.next_step import Advised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.DELETE: "deleting",
    Action.SHIFT: "shifting",
    Action.ADOPT: "adopting",
    Action.FORGET: "forgetting",
    Action.RETAIN: "retaining",
}
DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
    Action.SHIFT: "shifted",
    Action.ADOPT: "adopted",
    Action.FORGET: "forgotten",
    Action.RETAIN: "retained",
}
SLOW = 1.0
"""Seconds from which on a change's own time is worth saying."""
LISTED = 10
"""How many changes of a sort the summary names; the JSON has all of them."""


def as_text(event: Event) -> str:
    """One line, or nothing for what a person need not read."""
    match event:
        case Started(change):
            return f"  {change.address}: {DOING[change.action]} ..." if change.action is not Action.FORGET else ""
        case Retrying(change, message, attempt, delay):
            return f"  {change.address}: attempt {attempt} failed: {message}; again in {delay:.0f} s"
        case Slow(change, seconds):
            return f"  {change.address}: still {DOING[change.action]} after {seconds:.0f} s"
        case Finished(result, done, total):
            return f"  {_ended(result)}  [{done}/{total}]"
        case Transferring():
            return ""  # `Transfers` draws it
        case Noted(text):
            return text
        case _:
            assert_never(event)


def _ended(result: Result) -> str:
    change = result.change
    match result.ended:
        case Ended.DONE:
            took = f" in {result.seconds:.1f} s" if result.seconds >= SLOW else ""
            return f"{change.address}: {DONE[change.action]}{took}"
        case Ended.FAILED:
            unknown = f"; {_left(result)}" if result.world is World.UNKNOWN else ""
            return f"{change.address}: FAILED: {_said(result)}{unknown}"
        case Ended.SKIPPED | Ended.NOT_STARTED:
            return f"{change.address}: {result.ended}: {result.message}"
        case _:
            assert_never(result.ended)


def _said(result: Result) -> str:
    """Why it was not done, with the commands that would help."""
    return spoken(result.message, result.error.next if isinstance(result.error, Advised) else ())


def as_json(event: Event) -> dict[str, Any]:
    """One object. `type` says which event; the fields of each type never change their meaning."""
    match event:
        case Started(change):
            return {"type": "change_started", **_of(change)}
        case Retrying(change, message, attempt, delay):
            return {"type": "change_retrying", **_of(change), "message": message, "attempt": attempt, "delay": delay}
        case Slow(change, seconds):
            return {"type": "change_slow", **_of(change), "seconds": seconds}
        case Transferring(change, there, whole):
            return {"type": "change_transferring", **_of(change), "bytes": there, "of_bytes": whole}
        case Finished(result, done, total):
            return {"type": "change_finished", **_result(result), "completed": done, "total": total}
        case Noted(text):
            return {"type": "note", "text": text}
        case _:
            assert_never(event)


def _of(change: Change) -> dict[str, Any]:
    return {"id": change.id, "address": change.address, "action": change.action}


def _result(result: Result) -> dict[str, Any]:
    return {
        **_of(result.change),
        "ended": result.ended,
        "message": result.message,
        "because": result.because,
        "world": result.world,
        "attempts": result.attempts,
        "seconds": round(result.seconds, 3),
    }


def summary_json(report: Report) -> dict[str, Any]:
    """The last object of the stream: counts, and every change that was not done."""
    rest = [_result(result) for result in report.results if result.ended is not Ended.DONE]
    return {
        "type": "apply_finished",
        "done": report.count(Ended.DONE),
        "failed": report.count(Ended.FAILED),
        "skipped": report.count(Ended.SKIPPED),
        "not_started": report.count(Ended.NOT_STARTED),
        "stopped": report.stopped,
        "error": str(report.broken) if report.broken else "",
        "rescue": str(report.rescue) if report.rescue else "",
        "not_done": rest,
    }


def summary(report: Report, operation: str) -> str:
    """The last lines a person reads: what was done, and for what was not, why and what to do next."""
    return "\n".join(_summary_lines(report, operation))


def _summary_lines(report: Report, operation: str) -> "Iterator[str]":
    bep = program()
    operation = operation.replace("bep", bep, 1)
    counts = {ended: report.count(ended) for ended in Ended}
    said = ", ".join(f"{count} {ended}" for ended, count in counts.items() if count)
    yield f"{'Done' if report.ok else 'Apply incomplete'}: {said or 'nothing to do'}."
    for ended in (Ended.FAILED, Ended.SKIPPED, Ended.NOT_STARTED):
        yield from _listed(report.those(ended))
    if report.broken is not None:
        yield f"Recording stopped: {report.broken}"
        if report.rescue is not None:
            yield f"What is known is in {report.rescue}: `{bep} state restore {report.rescue}` puts it in place."
    elif report.stopped and not counts[Ended.FAILED] and not report.ok:
        yield f"Stopped. What was done is recorded. Next: `{bep} plan`, then `{operation}` again."
    elif not report.ok:
        yield f"What was done is recorded. Next: mend the cause, then `{bep} plan` and `{operation}` again."


def _listed(results: "Sequence[Result]") -> "Iterator[str]":
    for result in results[:LISTED]:
        yield f"  {result.ended:<11}  {result.change.address}: {_said(result) or DOING[result.change.action]}"
        if result.ended is Ended.FAILED:
            yield f"               {_left(result)}"
    if len(results) > LISTED:
        yield f"  {results[0].ended:<11}  and {len(results) - LISTED} more"


def _left(result: Result) -> str:
    match result.world:
        case World.THERE:
            return "the object is there now"
        case World.ABSENT:
            return "the object is not there"
        case World.UNKNOWN:
            return "whether it took effect is not known; the next plan looks"
        case World.UNTOUCHED:
            return "nothing of it was changed"
        case _:
            assert_never(result.world)
