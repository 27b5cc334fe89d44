"""`bep job merge`: what shards have scored, put together. The use case decides what counts and what is missing."""

from typing import Annotated

from bep.command_line.declaring import Option
from bep.commands.jobs.results import Name, Output
from bep.commands.options import Json, VariableFiles, Variables, source_of

Share = Annotated[
    str | None,
    Option("--share", metavar="PATH_OR_URL", help="Where the prepared job is, if its record does not say."),
]


def merge(
    name: Name,
    share: Share = None,
    output_path: Annotated[
        str | None,
        Option("--output-path", metavar="FOLDER", help="Where its output goes, if it was prepared elsewhere."),
    ] = None,
    var: Variables = None,
    var_file: VariableFiles = None,
    json_output: Json = False,
    output: Output = None,
) -> None:
    """Put together what the shards of a prepared job have scored, and finish the job.

    The output is the one that a run on this machine would have written, byte for byte, wherever its ranges
    were scored and however often. Where items are missing nothing is changed: each range is named, with the
    command that scores it, or who scores it now. A segment that is damaged does not count, and is named.

    Afterwards it is a job as any other: show, report, logs, download, compare and retry work on it.

    It is merged in the workspace that prepared it. In another one, give --share and --output-path, a folder;
    the job gets a record there, by which all of that works but retry, which needs its deployment.

    Ctrl-C leaves off. What was fetched is kept, and the next merge goes on with it.

    \b
    Examples:
      bep job merge nightly
      bep job merge nightly --share /mnt/shared/jobs
      bep job merge nightly --share s3://bucket/jobs --output-path results      elsewhere, such as in CI

    \b
    Exit codes: 0 completed, 1 something is missing or the job failed, 130 interrupted.
    """
    from bep.app.environments import show_builds
    from bep.app.job_records import record_of
    from bep.app.shards.merging import Asked, merged
    from bep.app.workspace.opening import workspace_here
    from bep.commands.jobs.pages import say_page
    from bep.commands.jobs.reports import keep_report
    from bep.commands.jobs.results import show_job
    from bep.commands.jobs.running import finish, watched
    from bep.console import Console

    console, opened = Console(), workspace_here(source_of(None, var, var_file))
    show_builds(opened, console.live if console.live_possible else None)
    before = record_of(opened.home, name)
    watch = watched(console, json_output=json_output, job=name)
    ended = merged(opened, Asked(name, share, output_path), watch)
    if before is not None and before.status == ended.status == "Completed":
        console.say("it was merged already; there was nothing left to do")
    keep_report(console, ended)
    say_page(console, opened, ended)
    if output and not json_output:
        show_job(console, ended, output)
    finish(console, ended, json_output=json_output, to_talk=output is not None)
