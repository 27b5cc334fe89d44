"""`bep env`: the Python environments that scripts are scored in. Knows no pip and no interpreter."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import AutoApprove
from bep.exit_codes import ExitCode, Stop
from bep.formatting import Format

if TYPE_CHECKING:
    from bep.app.environments import Built

app = Commands(no_args_is_help=True)

Output = Annotated[Format | None, Option("--output", "-o", help="The result as a value instead of as lines.")]
Query = Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")]


@app.callback()
def env() -> None:
    """List, build and remove the Pythons that scripts run in.

    An environment that asks for packages, or for a Python, becomes a virtual environment. It is built
    when a job first needs it, once for the same contents, and shared by all your workspaces and stages:
    in bep/environments below $XDG_CACHE_HOME or ~/.cache, or where BEP_ENVIRONMENTS_FOLDER or bep.yml,
    provider: {local: {environments_folder: PATH}}, says. One that asks for nothing is your own Python,
    and is not listed here.

    pip installs what a conda file names, under the names that PyPI has for it. What pip cannot install is
    left to micromamba, mamba or conda, if one is on PATH. In bep.yml, provider: {local: {environments:
    pip}} or conda asks for one of them, and {local: {conda_names: FILE}} says what stands for a package.

    \b
    Examples:
      bep env list
      bep env build                         all that the applied deployments need
      bep env build mnist-env:1
      bep env build --deployment mybatchedp/blue
      bep env show mnist-env:1 --query requirements
      bep env prune
    """


@app.command("list")
def list_environments(
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Query = "",
) -> None:
    """List the environments that are built: Python, size, when a job last used them, who needs them.

    \b
    Examples:
      bep env list
      bep env list -o json --query "[?needed_by==null].digest"
    """
    from bep.app.environments import rows
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted, queried

    console = Console()
    found = queried(rows(here_to_read(console)), query)
    if found or output is not Format.TABLE:
        console.result(formatted(found, output))
    else:
        console.say("No environment is built here: bep env build")


@app.command()
def show(
    name: Annotated[str, Argument(help="A label as `bep env list` prints it, or the beginning of a digest.")],
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.YAML,
    query: Query = "",
) -> None:
    """Show one: interpreter, what pip or conda was asked for, what was left out and why, the log of its build.

    \b
    Examples:
      bep env show mnist-env/1
      "$(bep env show mnist-env/1 --query interpreter -o tsv)" -m pip list
    """
    from bep.app.environments import built_named, detail
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console
    from bep.formatting import formatted, queried

    opened = workspace_here()
    Console().result(formatted(queried(detail(opened, built_named(opened, name)), query), output))


@app.command()
def build(
    name: Annotated[str, Argument(metavar="[NAME[:VERSION]]", help="An environment that was applied.")] = "",
    deployment: Annotated[
        str, Option("--deployment", "-d", metavar="ENDPOINT/NAME", help="What this deployment is scored in.")
    ] = "",
    output: Output = None,
) -> None:
    """Build ahead of the first job. Without a name: what every applied deployment needs.

    An environment that is there already is left as it is; one that was moved or copied here with its
    workspace is built again. A build that is killed leaves nothing that looks usable.

    \b
    Examples:
      bep env build
      bep env build mnist-env               the newest version
      bep env build --deployment mybatchedp/blue
      bep env build -o json                 digest, Python, builder and interpreter of each

    \b
    Exit codes: 0 all are there, 1 no such environment, 5 one cannot be built.
    """
    from bep.app import environments
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console
    from bep.formatting import formatted

    if name and deployment:
        raise Stop(ExitCode.ERROR, "say NAME or --deployment, not both")
    console, opened = Console(), workspace_here()
    environments.show_builds(opened, console.live if console.live_possible else None)
    if deployment:
        built = [environments.build_for(opened, deployment, console.say)]
    elif name:
        built = [environments.build_named(opened, name, console.say)]
    else:
        built = environments.build_every(opened, console.say)
    if output is not None:
        console.result(formatted([environments.value_of(one) for one in built], output))
    elif not built:
        console.say("no applied deployment needs an environment of its own")
    else:
        console.result("\n".join(_line_of(one) for one in built))


@app.command()
def prune(
    older: Annotated[
        str, Option("--older", metavar="30d", help="Those that nobody has used for so long: 12h, 30d, 8w.")
    ] = "",
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be removed.")] = False,
    auto_approve: AutoApprove = False,
    output: Output = None,
) -> None:
    """Remove environments that nobody needs, after asking.

    What goes: what no applied deployment of this workspace needs and no other workspace that is still
    there has used. With --older also what other workspaces have used, but not for so long. What a running
    job of any workspace scores in stays. What is removed can be built again from its spec. If a
    deployment cannot say what it needs, nothing is removed.

    \b
    Examples:
      bep env prune --dry-run
      bep env prune
      bep env prune --older 30d --auto-approve
      bep env prune --auto-approve -o json  the digests that are gone

    \b
    Exit codes: 0 removed, or there was nothing to remove; 1 the answer was not yes; 5 it cannot be told
    what is needed.
    """
    from bep.app import environments
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console
    from bep.formatting import formatted

    age = _age(older) if older else None
    console, opened = Console(), workspace_here()
    doomed = environments.unneeded(opened, age)
    if doomed:
        console.say("\n".join(f"  - {_line_of(one)}" for one in doomed))
        if not auto_approve and not dry_run:
            console.confirm(f"Remove {_number(len(doomed))}?")
    gone = tuple(one.digest for one in doomed) if dry_run else environments.remove(opened, doomed)
    if output is not None:
        console.result(formatted(list(gone), output))
    elif dry_run:
        console.result(f"{_number(len(gone))} would be removed." if gone else "Nothing to remove: each is needed.")
    elif doomed and not gone:
        console.result("Nothing was removed: a job is using each.")
    else:
        console.result(f"{_number(len(gone))} removed." if gone else "Nothing to remove: each is needed.")


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([hdw])", text)
    if found is None:
        raise Stop(ExitCode.ERROR, f"--older {text}: write a whole number and h, d or w, such as 30d")
    return timedelta(**{{"h": "hours", "d": "days", "w": "weeks"}[found[2]]: int(found[1])})


def _number(count: int) -> str:
    return "1 environment" if count == 1 else f"{count} environments"


def _line_of(built: "Built") -> str:
    """One environment in a line: label, digest, Python, interpreter."""
    other = f" for {built.asked}" if built.asked and not built.version.startswith(built.asked) else ""
    return f"{built.label} ({built.digest[:12]}, Python {built.version}{other}): {built.python}"
