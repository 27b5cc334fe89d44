"""`bep job resume` and `bep job retry`: another run of a job that was run before. The runner decides what is left."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from bep.app.workspace.opening import Source
from bep.command_line.declaring import Option
from bep.commands.jobs.results import Name, Output
from bep.commands.options import Json, VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop
from bep.formatting import Format

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord


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
    from bep.runner.jobs.running import resume as go_on

    again = _Again(accept_changed_inputs, source_of(None, var, var_file))
    _continued(name, go_on, env or (), again, json_output=json_output, output=output)


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
    from bep.runner.jobs.running import retry as try_again

    again = _Again(accept_changed_inputs, source_of(None, var, var_file), mended, set_ or ())
    _continued(name, try_again, env or (), again, json_output=json_output, output=output)


@dataclass(frozen=True)
class _Again:
    """How a job is gone on with."""

    accept_changed_inputs: bool
    source: Source
    mended: bool = False
    changes: Sequence[str] = ()


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


def _continued(
    name: str,
    step: "Callable[..., JobRecord]",
    env: Sequence[str],
    again: _Again,
    *,
    json_output: bool,
    output: Format | None,
) -> None:
    from bep.app.collecting import referring
    from bep.app.job_records import record_named
    from bep.app.jobs.changed_settings import changed_settings
    from bep.app.jobs.resolving import interpreter_again, output_again, target_now, variables_of, was_given_links
    from bep.app.plans.applying import two_step_interrupt
    from bep.app.workspace.opening import here
    from bep.app.workspace.write_access import must_keep_jobs
    from bep.commands.jobs.reports import keep_report
    from bep.commands.jobs.results import show_job
    from bep.commands.jobs.running import JobTeller, finish, once_started
    from bep.console import Console
    from bep.runner.folder.record import must_be_home

    console = Console()
    opened = here(again.source)
    record = record_named(opened.home, name)
    must_be_home(record)
    must_keep_jobs(opened, record.folder)
    changed = changed_settings(again.changes)
    deployed = {} if again.mended else variables_of(opened, record)
    with referring(opened) as let_go:
        is_elsewhere = again.mended or was_given_links(opened, record)
        target, given = target_now(opened, record) if is_elsewhere else (None, None)
        deployed = target.environment_variables if target else deployed
        known = {name: value for name, value in deployed.items() if name not in record.given_variables}
        variables = {**known, **given_values(env, record.target.environment_variables, os.environ)}
        with two_step_interrupt("cancelling the job; what is scored is kept", console.interject) as cancel:
            ended = step(
                record.folder,
                environment_variables=variables,
                environment=dict(os.environ),
                report=once_started(JobTeller(console, json_output).tell, let_go),
                cancel=cancel,
                output_address=output_again(opened, record),
                accept_changed_inputs=again.accept_changed_inputs,
                interpreter=None if target else interpreter_again(opened, record),
                **({"target": target, "given": given} if target else {}),
                **({"changes": changed} if changed else {}),
            )
    if ended.runs == record.runs:
        console.say("there was nothing left to do")
    keep_report(console, ended)
    if output and not json_output:
        show_job(console, ended, output)
    finish(console, ended, json_output=json_output or output is not None)
