"""`bep output`: values that a workspace hands on."""

from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import VariableFiles, Variables, source_of
from bep.formatting import Format

app = Commands()


@app.command()
def output(
    name: Annotated[str, Argument(metavar="NAME", help="One output. Without it: all of them.")] = "",
    form: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.YAML,
    json_output: Annotated[bool, Option("--json", help="The same as -o json.")] = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Print the outputs that bep.yml declares.

    As the last apply left them.

    \b
    Examples:
      bep output
      bep output batch_size -o tsv
      bep output --json | jq .batch_size
    In bep.yml:
      outputs:
        batch_size: {address: deployment/mybatchedp/blue, query: settings.mini_batch_size}
        nodes: '"compute/cpu-cluster".max_instances'      over all resources, by address

    \b
    Exit codes: 0 printed, 1 there is no such output, or its resource has not been applied, 3 findings in specs.
    """
    from bep.app.workspace.outputs import output_named, outputs
    from bep.app.workspace.specs import specs_of
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted

    console = Console()
    opened = here_to_read(console, source_of(None, var, var_file))
    specs_of(opened)
    value = output_named(opened, name) if name else outputs(opened)
    if not name and not value and not json_output and form is not Format.JSON:
        console.say("bep.yml declares no outputs.")
        return
    console.result(formatted(value, Format.JSON if json_output else form))
