"""A job's log, followed line by line until the job is over. Reads only."""

from typing import TYPE_CHECKING, NoReturn

from bep.commands.jobs.equal_tracebacks import EqualTracebacks
from bep.console import Console
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.jobs.service import News, Piece
    from bep.app.workspace.opening import Opened


def stream(console: Console, opened: "Opened", name: str) -> None:
    """In the order the service streams: name, log lines as they come, an execution summary. Then as `bep run` ends."""
    from bep.app.jobs.records import QueuedJob
    from bep.app.jobs.service import jobs_of
    from bep.app.jobs.summaries import page_of
    from bep.commands.jobs.running import finish

    jobs = jobs_of(opened)
    record = jobs.get(name)
    page = page_of(record)
    tracebacks = EqualTracebacks()
    try:
        where = f"Folder: {record.folder}" if page is None else f"Web View: {page}"
        console.result(f"RunId: {record.name}\n{where}\n")
        if isinstance(record, QueuedJob) and not record.status.is_final:
            console.say(f"job {record.name} {record.status}: {record.waits}".removesuffix(": "))
        for news in jobs.stream(record.name):
            for line in _lines(news, tracebacks):
                console.result(line)
    except KeyboardInterrupt:
        stop_following(console, jobs.get(record.name))
    console.result("\nExecution Summary\n=================")
    finish(console, _shortened(jobs.get(record.name), tracebacks), json_output=False)


def _lines(news: "News", tracebacks: EqualTracebacks) -> list[str]:
    """Whole new lines, file by file, with a heading when a file begins; each traceback once."""
    lines = [line for piece in news.progress for line in _of(piece)]
    errors = _of(news.errors) if news.errors else []
    return [*lines, *tracebacks.fresh(errors, to_the_end=news.is_over)]


def _of(piece: "Piece") -> list[str]:
    heading = ["", f"Streaming {piece.file}", "=" * (10 + len(piece.file)), ""] if piece.begins else []
    return [*heading, *piece.lines]


def _shortened(record: "JobRecord", tracebacks: EqualTracebacks) -> "JobRecord":
    """The record without the tracebacks that were shown."""
    errors = [
        error and error.model_copy(update={"traceback": tracebacks.shortened(error.traceback)})
        for error in (record.error, *record.failures)
    ]
    return record.model_copy(update={"error": errors[0], "failures": tuple(errors[1:])})


def stop_following(console: Console, record: "JobRecord") -> NoReturn:
    """Say what Ctrl-C did to a job that was only looked at: nothing. Raises `Stop`."""
    if record.status.is_final:
        from bep.command_words import program

        console.say(f"job {record.name} is {record.status}: {program()} job show {record.name}")
    else:
        console.say(f"\nno longer followed; job {record.name} goes on")
        console.say(f"    bep job stream {record.name} follows it again, bep job cancel {record.name} stops it")
    raise Stop(ExitCode.CANCELLED)
