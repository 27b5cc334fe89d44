"""`bep export`: the specs as a template that somebody else deploys."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import VariableFiles, Variables, source_of

app = Commands()


@app.command()
def export(
    language: Annotated[
        str, Argument(metavar="LANGUAGE", help="What the provider's templates are written in: arm, bicep.")
    ],
    out: Annotated[
        Path | None, Option("--out", "-o", metavar="FILE", help="Write it to this file. Without it: to stdout.")
    ] = None,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Write the specs as a template, for a team that deploys such.

    Nothing is asked of the provider and nothing is changed. Secrets become parameters; their values
    are not written and need not be set.

    \b
    Examples:
      bep export arm -o template.json
      bep export bicep -o main.bicep

    \b
    Exit codes: 0 written, 1 the provider has no such templates, 3 findings in specs.
    """
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
    made = exported(here_to_read(console, source), language)
    say_findings(console, made.warnings, made.sources)
    if out is None:
        console.result(made.text)
    else:
        with replacing(out, mode=0o666) as stream:
            stream.write(made.text.encode())
        console.say(f"The template is in {out}.")
