"""`bep export`: the specs as a template that somebody else deploys, or one job as another job of theirs."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import VariableFiles, Variables, source_of

app = Commands()


@app.command()
def export(
    language: Annotated[
        str,
        Argument(metavar="LANGUAGE", help="What the provider's texts are written in: arm, bicep, azureml-parallel."),
    ],
    job: Annotated[
        str | None, Argument(metavar="[JOB]", help="A job file, for azureml-parallel. Flags override what it says.")
    ] = None,
    endpoint: Annotated[
        str | None,
        Option("--endpoint", "-e", metavar="NAME", help="The job's endpoint; where there is one, it is meant."),
    ] = None,
    deployment: Annotated[
        str | None,
        Option("--deployment", "-d", metavar="NAME", help="The job's deployment; else the one with the traffic."),
    ] = None,
    input: Annotated[
        str | None,
        Option("--input", "-i", metavar="WHERE", help="The job's input: a folder, azureml:NAME:VERSION, https://..."),
    ] = None,
    out: Annotated[
        Path | None, Option("--out", "-o", metavar="FILE", help="Write it to this file. Without it: to stdout.")
    ] = None,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Write the specs as a template, for a team that deploys such.

    Nothing is asked of the provider and nothing is changed. Secrets become parameters; their values
    are not written and need not be set.

    azureml-parallel is no template but one job, with the scoring script, the model, the environment and
    the settings of its deployment: a pipeline job of Azure ML with one parallel step. Its paths are as seen
    from the folder of FILE, or from here without one. What such a step cannot say is a finding.

    \b
    Examples:
      bep export arm -o template.json
      bep export bicep -o main.bicep
      bep export azureml-parallel job.yml -o parallel.yml      then: az ml job create --file parallel.yml
      bep export azureml-parallel --endpoint letters --deployment blue --input azureml:mails:1

    \b
    Exit codes: 0 written, 1 the provider has no such templates, 3 findings in specs or in the job.
    """
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.specs.exporting import JobWish
    from bep.app.specs.exporting import export as exported
    from bep.commands.options import must_be_a_file
    from bep.commands.reading import here_to_read
    from bep.commands.showing_findings import say_findings
    from bep.console import Console
    from bep.disk.durable import replacing
    from bep.lazy_dataclasses import replace

    must_be_a_file(out, "bep export", prints=f"bep export {language}")
    console = Console()
    source = replace(source_of(None, var, var_file), offline=True)
    changes = {"endpoint": endpoint, "deployment": deployment, "input": input}
    given = {name: value for name, value in changes.items() if value is not None}
    beside = Path.cwd() if out is None else Path.cwd() / out.parent
    wish = JobWish(JobSource(job, given), beside) if job or given else None
    made = exported(here_to_read(console, source), language, wish)
    say_findings(console, made.warnings, made.sources)
    if out is None:
        console.result(made.text)
    else:
        with replacing(out, mode=0o666) as stream:
            stream.write(made.text.encode())
        console.say(f"It is in {out}.")
