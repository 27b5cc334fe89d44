"""`bep job download`: a job's outputs, where the user wants them."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Option
from bep.commands.jobs.results import Name, Output
from bep.exit_codes import ExitCode, Stop


def download(
    name: Name,
    path: Annotated[Path, Option("--path", "-p", metavar="DIR", help="The folder to copy to.")] = Path(),
    everything: Annotated[bool, Option("--all", help="Logs, record and report too, in DIR/artifacts.")] = False,
    output: Output = None,
) -> None:
    """Copy the outputs of a job that is over. Nothing is overwritten, and nothing is there half.

    Of the job's own output folder everything is copied; of a folder that you chose with --output-path,
    the predictions file alone.

    \b
    Examples:
      bep job download nightly                     into the current folder
      bep job download nightly --path results
      bep job download nightly --path results --all
      bep job download nightly -p results -o json   as a value, with the files under `downloaded`

    \b
    Exit codes: 0 copied, 1 a name is taken, the job is not over, or it has no output.
    """
    from bep.app.job_records import must_not_be_in_share
    from bep.app.jobs.records import next_of
    from bep.app.jobs.service import jobs_of
    from bep.app.workspace.opening import workspace_here
    from bep.command_words import command_of
    from bep.console import Console

    jobs = jobs_of(workspace_here())
    record = must_not_be_in_share(jobs.get(name))
    if not record.status.is_final:
        raise Stop(
            ExitCode.ERROR,
            f"{record.name} is {record.status}: there is something to download when it is over\n"
            f"    fix: bep job stream {record.name}, which ends when it does",
        )
    if not everything and not jobs.outputs(record.name):
        following = "".join(f"\n    next: {command_of(step)} ({why})" for step, why in next_of(record))
        raise Stop(
            ExitCode.ERROR, f"{record.name} is {record.status} and has no output; --all downloads its logs{following}"
        )
    copied = jobs.download(record.name, path, everything=everything)
    console = Console()
    if output is None:
        console.result("\n".join(map(str, copied)))
        return
    from bep.app.jobs.summaries import summary_of
    from bep.formatting import formatted

    console.result(formatted({**summary_of(record), "downloaded": [str(file.absolute()) for file in copied]}, output))
