"""`bep run`: score files with a deployment."""

import os
from typing import TYPE_CHECKING, Annotated, Any

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.jobs.results import Output
from bep.commands.options import Query, Timeout, VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened
    from bep.commands.jobs.results import Wish

app = Commands()


@app.command()
def run(
    job: Annotated[str | None, Argument(metavar="[JOB]", help="A job file. Flags override what it says.")] = None,
    endpoint: Annotated[
        str | None, Option("--endpoint", "-e", metavar="NAME", help="The endpoint; where there is one, it is meant.")
    ] = None,
    deployment: Annotated[
        str | None,
        Option("--deployment", "-d", metavar="NAME", help="One deployment; else the one with the traffic."),
    ] = None,
    input: Annotated[
        list[str] | None,
        Option(
            "--input",
            "-i",
            metavar="WHERE",
            help="File, folder, glob, azureml:NAME:VERSION, azureml://datastores/..., https://...; may be repeated.",
        ),
    ] = None,
    output_path: Annotated[
        str | None,
        Option(
            "--output-path", metavar="WHERE", help="Folder, azureml://datastores/... path, or s3://... and the like."
        ),
    ] = None,
    output_file_name: Annotated[
        str | None, Option("--output-file-name", metavar="NAME", help="Name of the predictions file.")
    ] = None,
    output_format: Annotated[
        str | None, Option("--output-format", metavar="FORMAT", help="azureml, csv, jsonl or parquet.")
    ] = None,
    mini_batch_size: Annotated[
        int | None, Option("--mini-batch-size", "-m", metavar="N", help="Files for each call of run().")
    ] = None,
    instance_count: Annotated[
        int | None, Option("--instance-count", "-c", metavar="N", help="Instances, each with its workers.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        Option("--set", metavar="KEY=VALUE", help="Any other override, such as retry_settings.max_retries=1."),
    ] = None,
    name: Annotated[str | None, Option("--name", "-n", metavar="NAME", help="The job's name.")] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Show the resolved job; run, build, write nothing.")] = False,
    sample: Annotated[
        int | None,
        Option("--sample", min=1, metavar="N", help="Score the first N files here and keep nothing."),
    ] = None,
    pdb: Annotated[bool, Option("--pdb", help="With --sample: the debugger where the script raises.")] = False,
    no_wait: Annotated[
        bool,
        Option(
            "--no-wait", help="Return when the job has begun or is in line, its name on stdout; it goes on by itself."
        ),
    ] = False,
    timeout: Timeout = None,
    local: Annotated[
        bool,
        Option("--local", help="Apply the specs on this machine first, whatever world they are for, and score here."),
    ] = False,
    prepare: Annotated[
        bool, Option("--prepare", help="With --share: make the job ready there for other machines to score.")
    ] = False,
    share: Annotated[
        str | None,
        Option("--share", metavar="WHERE", help="A folder that all machines see, or s3://... and the like."),
    ] = None,
    shard: Annotated[
        str | None,
        Option("--shard", metavar="I/N", help="Score one of N parts, I from 0, of what --share has; or auto/N."),
    ] = None,
    workers: Annotated[
        int | None, Option("--workers", metavar="N", help="With --shard: processes here, whatever the job says.")
    ] = None,
    env: Annotated[
        list[str] | None,
        Option("--env", metavar="NAME=VALUE", help="With --shard: value of a secret variable; may be repeated."),
    ] = None,
    shared: Annotated[
        list[str] | None,
        Option(
            "--shared",
            metavar="FOLDER",
            help="With --prepare: inputs below it stay there, every machine sees it at this path; may be repeated.",
        ),
    ] = None,
    json_output: Annotated[bool, Option("--json", help="Events, an object a line, while it runs.")] = False,
    output: Output = None,
    query: Query = "",
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Score files with a deployment, on this machine or by the service of the workspace.

    The deployment is the one that has the endpoint's traffic, unless you name another.

    On this machine, jobs share the instances of their compute: never more than its max_instances at once, first
    come, first served, with those that were ordered elsewhere. A job for which none are free waits and says behind
    whom; Ctrl-C leaves the line, and so does --timeout after that many seconds. `bep job list` shows the line.

    The output appears under its name only when it is complete. A job that was killed goes on with
    `bep job resume NAME`, and its output is the one an undisturbed run would have written. A service's job
    is started once: where bep was killed before it had the answer, the same command takes that job up.

    --sample N answers "why does my script fail": one process scores the first N files with the environment,
    folders and variables of the job, prints straight to this terminal, shows each result and each traceback,
    and leaves nothing behind. With --pdb, or a breakpoint() in the script, you can look around in it.

    --prepare --share WHERE scores nothing: it lists the inputs and brings there what no other machine can see (model,
    code and inputs), so that any number of machines that have bep can each score a shard. It says what it did not
    upload and why, and prints the job's name. Killed, the same command with the same --name goes on.

    --shard I/N --share WHERE scores one of N parts of such a job, on any machine that has bep: no bep.yml, no specs.
    Started twice, or again after a kill, it does no harm, and scores what nobody has scored yet. auto/N takes I from
    what numbers the copies of a command: Kubernetes, Slurm, PBS, Grid Engine, LSF, AWS Batch, Cloud Run, GNU parallel.

    \b
    Examples:
      bep run job.yml
      bep run job.yml --deployment green --mini-batch-size 50
      bep run job.yml --query outputs.score.file -o tsv     where the predictions are, and nothing else
      name=$(bep run job.yml --no-wait); bep job stream "$name"
      bep run job.yml --dry-run              which settings, how many mini-batches, where to
      bep run job.yml --sample 3 --pdb       what does my script do, and why does it fail
      bep run job.yml --prepare --share /mnt/team/jobs --name nightly
      bep run --shard 3/8 --share /mnt/team/jobs --name nightly
      bep run job.yml --local                what would the specs of another world score here
      bep run --endpoint mybatchedp --input ./images
      bep run --endpoint mybatchedp --input azureml:mnist:1 --set retry_settings.timeout=120

    \b
    Exit codes: 0 completed, 1 the job failed, 3 findings in the job file, or a
    shard lacks values of secret variables, 5 the deployment cannot be had, 130 cancelled with
    Ctrl-C (what was scored is kept).
    """
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.workspace.opening import here
    from bep.commands.jobs.results import Wish
    from bep.commands.jobs.running import carry_out

    if shard is not None:
        _must_only_score(
            {
                "--prepare": prepare,
                "--shared": shared,
                "--dry-run": dry_run,
                "--sample": sample,
                "--pdb": pdb,
                "--no-wait": no_wait,
                "--timeout": timeout is not None,
                "--local": local,
                "--endpoint": endpoint,
                "--deployment": deployment,
                "--input": input,
                "--output-path": output_path,
                "--output-file-name": output_file_name,
                "--output-format": output_format,
                "--mini-batch-size": mini_batch_size is not None,
                "--instance-count": instance_count is not None,
                "--set": set_,
                "--var": var,
                "--var-file": var_file,
            }
        )
        return _shard(shard, share, job or name or "", workers, env or [], json_output, Wish(output, query))
    _must_fit(alone={"--workers": workers is not None, "--env": bool(env)}, is_debugged=pdb and sample is None)
    changes: dict[str, Any] = {
        "endpoint": endpoint,
        "deployment": deployment,
        "input": list(input) if input else None,
        "output_path": output_path,
        "output_file_name": output_file_name,
        "output_format": output_format,
        "mini_batch_size": mini_batch_size,
        "instance_count": instance_count,
        "name": name,
        **_overrides(set_ or []),
    }
    if prepare or share is not None or shared:
        _must_only_prepare(prepare, share, others=dry_run or sample is not None or no_wait or timeout is not None)
    given = {key: value for key, value in changes.items() if value is not None}
    opened, source = here(source_of(None, var, var_file)), JobSource(job, given)
    if local:
        opened = _here_first(opened, is_dry=dry_run)
    if share is not None:
        from bep.commands.jobs.preparing import Place, prepare_job

        place = Place(share, tuple(shared or ()))
        return prepare_job(opened, source, place, json_output=json_output, wish=Wish(output, query))
    if dry_run:
        from bep.commands.jobs.previewing import show_preview

        return show_preview(opened, source, json_output=json_output, wish=Wish(output, query))
    if sample is not None:
        from bep.commands.jobs.sampling import take_sample

        return take_sample(opened, source, sample, debug=pdb)
    if no_wait:
        from bep.commands.jobs.background import start

        _must_not_watch(json_output=json_output, timeout=timeout)
        return start(opened, source, Wish(output, query))
    carry_out(opened, source, json_output=json_output, wish=Wish(output, query), patience=timeout)


def _must_fit(*, alone: dict[str, bool], is_debugged: bool) -> None:
    """Raise `Stop` for options without the one that they belong to."""
    if given := [name for name, is_given in alone.items() if is_given]:
        raise Stop(ExitCode.ERROR, f"{' and '.join(given)}: for a shard only, so say which with --shard I/N")
    if is_debugged:
        raise Stop(ExitCode.ERROR, "--pdb debugs a sample: say how many files with --sample N")


def _must_only_score(others: dict[str, object]) -> None:
    """Raise `Stop` for options that a shard would not heed: what they ask for was settled when the job was prepared."""
    if given := [name for name, value in others.items() if value]:
        told = " and ".join(given)
        raise Stop(ExitCode.ERROR, f"--shard scores a job as it was prepared, and heeds no {told}: leave it out")


def _shard(
    shard: str, share: str | None, name: str, workers: int | None, values: list[str], json_output: bool, wish: "Wish"
) -> None:
    if share is None:
        raise Stop(ExitCode.ERROR, "--shard scores a part of a prepared job: say where it is with --share WHERE")
    from bep.app.shards.scoring import Wanted
    from bep.commands.jobs.sharding import score_shard, values_of

    score_shard(Wanted(shard, share, name, workers, values_of(values)), json_output=json_output, wish=wish)


def _must_not_watch(*, json_output: bool, timeout: float | None) -> None:
    if json_output:
        raise Stop(ExitCode.ERROR, "--json is what happens while a job runs, and --no-wait does not wait: -o json")
    if timeout is not None:
        raise Stop(ExitCode.ERROR, "--timeout is how long to wait in line, and --no-wait does not wait")


def _must_only_prepare(prepare: bool, share: str | None, *, others: bool) -> None:
    """Raise `Stop` where --prepare and --share do not come together, or with what runs a job."""
    if not prepare:
        raise Stop(
            ExitCode.ERROR,
            "--share and --shared say where a job is made ready: give --prepare, too; or --shard I/N to score a part",
        )
    if share is None:
        raise Stop(ExitCode.ERROR, "--prepare makes a job ready in a share: say where with --share WHERE")
    if others:
        raise Stop(ExitCode.ERROR, "--prepare runs nothing: leave --dry-run, --sample, --no-wait and --timeout out")


def _here_first(opened: "Opened", *, is_dry: bool) -> "Opened":
    """The workspace on this machine, its specs applied; every command that is named from now on means that world."""
    from bep.app.plans.on_this_machine import on_this_machine
    from bep.commands.interrupts import two_step_interrupt
    from bep.console import Console
    from bep.schemas.workspace.stages import WORLD

    found = on_this_machine(opened, Console().say, two_step_interrupt(), is_dry=is_dry)
    if found.workspace.in_other_world:
        os.environ[WORLD] = found.workspace.provider
    return found


def _overrides(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise Stop(ExitCode.ERROR, f"--set {pair}: an override is written KEY=VALUE")
        found[key] = value
    return found
