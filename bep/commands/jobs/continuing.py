"""`bep job resume` and `bep job retry`: another run of a job that was run before. The runner decides what is left."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from bep.command_line.declaring import Option
from bep.commands.jobs.results import Name, Output
from bep.commands.options import Json, Timeout, VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop
from bep.formatting import Format
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.jobs.service import Jobs
    from bep.app.workspace.opening import Source


Values = Annotated[
    list[str] | None,
    Option("--env", metavar="NAME[=VALUE]", help="An environment variable of the job, or its value in this shell."),
]


Accept = Annotated[
    bool, Option("--accept-changed-inputs", help="Go on although inputs are not as the job listed them.")
]


def _changeable() -> str:
    from bep.schemas.findings.did_you_mean import either
    from bep.schemas.kinds.settings import set_by

    return f"With another {either(set_by('retry'))}."


def resume(
    name: Name,
    env: Values = None,
    accept_changed_inputs: Accept = False,
    timeout: Timeout = None,
    var: Variables = None,
    var_file: VariableFiles = None,
    json_output: Json = False,
    output: Output = None,
) -> None:
    """Go on with a job that was killed, cancelled or failed. What is scored stays scored.

    What was given up stays given up, too: the output is the one that an undisturbed run would have
    written, byte for byte. To score failed items again there is `bep job retry`.

    A job that has something left to score is not gone on with where inputs were changed, removed or
    added since it listed them: they are named, and --accept-changed-inputs takes them as they are now.

    A job keeps no values of environment variables, for they may be secrets. Those of its deployment are
    known; those that the job itself was given are given again with --env.

    \b
    Examples:
      bep job resume nightly
      bep job resume nightly -o json         the job as a value when it is over
      bep job resume nightly --var region=eu                      as the job was run
      bep job resume nightly --json          events, an object a line, while it runs
      bep job resume nightly --env REGION=eu --env TOKEN      TOKEN as it is in this shell

    \b
    Exit codes: 0 completed, 1 the job failed, 4 the deployment is another by now, 130 cancelled.
    """
    how = _How(source_of(None, var, var_file), env or (), timeout, json_output, output)
    _continued(name, how, lambda jobs: jobs.resume, accept_changed_inputs=accept_changed_inputs)


def retry(
    name: Name,
    mended: Annotated[
        bool, Option("--mended", help="With the deployment as it is applied now: its script was mended since.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        Option("--set", metavar="KEY=VALUE", help=_changeable),
    ] = None,
    env: Values = None,
    accept_changed_inputs: Accept = False,
    timeout: Timeout = None,
    var: Variables = None,
    var_file: VariableFiles = None,
    json_output: Json = False,
    output: Output = None,
) -> None:
    """Score only the failed items of a job again, into the same output.

    Their rows get the places that they would have had, and failed_items.jsonl keeps what fails again.
    The output that is there stays until the new one is complete, and is not replaced at all if somebody
    has changed it. A job that stopped halfway, at its error threshold for one, goes on as well.

    \b
    Examples:
      bep job retry nightly
      bep apply && bep job retry nightly --mended       once the script is mended
      bep job retry nightly --set retry_settings.timeout=300      they need more time
      bep job retry nightly --set worker_memory=8GB               or more memory
      bep job show nightly --query counts.failed -o tsv

    \b
    Exit codes: 0 completed (look at the counts: items may have failed again) or nothing had failed,
    1 the job failed, 4 the deployment is another by now (see --mended), 130 cancelled.
    """
    how = _How(source_of(None, var, var_file), env or (), timeout, json_output, output)
    asked = {"mended": mended, "changes": set_ or ()}
    _continued(name, how, lambda jobs: jobs.retry, accept_changed_inputs=accept_changed_inputs, **asked)


@dataclass(frozen=True)
class _How:
    """What the options say of how it is shown, and of what only this shell knows."""

    source: "Source"
    env: Sequence[str]
    timeout: float | None
    json_output: bool
    output: Format | None


def given_values(texts: Sequence[str], known: Collection[str], here: Mapping[str, str]) -> dict[str, str]:
    """The variables that `--env` gives: `NAME=VALUE`, or `NAME` for what it is `here`. Raises `Stop` for a stranger."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if name not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise Stop(ExitCode.ERROR, f"--env {name}: the job was run without that variable; {has}")
        if not equals and name not in here:
            raise Stop(ExitCode.ERROR, f"--env {name}: it is not set in this shell; give it as {name}=VALUE")
        found[name] = value if equals else here[name]
    return found


def _continued(name: str, how: _How, step: "Callable[[Jobs], Callable[..., JobRecord]]", **again: Any) -> None:
    from bep.app.jobs.service import Again, jobs_of
    from bep.app.workspace.opening import workspace_here
    from bep.commands.jobs.pages import say_page
    from bep.commands.jobs.reports import keep_report
    from bep.commands.jobs.results import show_job
    from bep.commands.jobs.running import finish, watched
    from bep.console import Console

    console, opened = Console(), workspace_here(how.source)
    jobs = jobs_of(opened)
    record = jobs.get(name)
    values = given_values(how.env, record.target.environment_variables, os.environ)
    watch = watched(console, json_output=how.json_output, job=record.name)
    ended = step(jobs)(record.name, Again(values, **again), watch, patience=how.timeout)
    if ended.runs == record.runs:
        console.say("there was nothing left to do")
    keep_report(console, ended)
    say_page(console, opened, ended)
    if how.output and not how.json_output:
        show_job(console, ended, how.output)
    finish(console, ended, json_output=how.json_output, to_talk=how.output is not None)
