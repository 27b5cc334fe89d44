"""What is said of a job that has ended to who is not looking: which, why, how to look, how to go on, how to undo it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bep.schemas.next_step import Step, step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.app.workspace.notifying import Notice
    from bep.runner.folder.record import JobRecord


def tell_of(opened: "Specs", record: "JobRecord", words: Callable[[Step], str], warn: Callable[[str], None]) -> None:
    """Tell whom bep.yml names of a job that has ended. What does not arrive is a warning: the job is as it is."""
    from bep.runner.folder.record import Status

    if record.status not in (Status.FAILED, Status.COMPLETED):
        return
    from bep.app.workspace.notifying import notify

    try:
        untold = notify(opened, notice_of(record, opened.workspace.stage or "", words))
    except Exception as problem:  # the job has ended well or not: a bug here changes nothing of that
        untold = (f"nobody was told of the job's end, by a bug in bep: {type(problem).__name__}",)
    for why in untold:
        warn(f"warning: {why}")


def notice_of(record: "JobRecord", stage: str, words: Callable[[Step], str]) -> "Notice":
    """The notice of a job's end, its steps in the words of whoever is asked."""
    from bep.app.jobs.records import next_of
    from bep.app.jobs.summaries import page_of, summary_of
    from bep.app.workspace.notifying import Advice, Notice
    from bep.runner.folder.record import Status
    from bep.schemas.workspace.notifications import Event

    target, counts = record.target, record.counts
    failed = record.status is Status.FAILED
    where = f"{target.endpoint}/{target.deployment}{f' in {stage}' if stage else ''}"
    is_served = page_of(record) is not None
    counted = "" if is_served else f": {counts.scored} scored, {counts.failed} failed"
    title = f"Job {record.name} of {where} {'failed' if failed else 'completed'}{counted}"
    show = Advice(words(step("job show", record.name)), "the job's counts, settings and errors")
    steps = [Advice(words(one), why) for one, why in next_of(record)]
    delete = Advice(words(step("job delete", record.name)), "removes the job, and its output where that is all its own")
    undo = () if is_served else (delete,)
    back = Advice(words(step("rollback")), "takes back the plan last applied, where that is the cause")
    return Notice(
        Event.FAILED if failed else Event.COMPLETED,
        title,
        _why(record),
        look=(show, *(one for one in steps if "job logs" in one.do)),
        go_on=tuple(one for one in steps if "job logs" not in one.do),
        undo=(back, *undo) if failed else undo,
        details={"job": summary_of(record)},
    )


def _why(record: "JobRecord") -> str:
    """The error that ended it, else those of its items, each once; and what a person is to do about it."""
    errors = [record.error] if record.error else list(record.failures[:3])
    lines = [f"{one.code}: {one.message}{f' ({one.fix})' if one.fix else ''}" for one in errors]
    return "\n".join(dict.fromkeys(lines))
