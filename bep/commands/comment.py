"""`bep comment`: a kept plan as the one comment of a pull request."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import Json

app = Commands()


@app.command()
def comment(
    plan: Annotated[Path, Argument(metavar="PLAN", help="What `bep plan -o` kept.")],
    platform: Annotated[
        str,
        Option(
            "--platform",
            metavar="HOST",
            help="github, gitlab, azure-devops or bitbucket; else that of the pipeline which runs.",
        ),
    ] = "",
    pull_request: Annotated[
        str, Option("--pull-request", metavar="NUMBER", help="Which one; else the pipeline's own.")
    ] = "",
    dry_run: Annotated[bool, Option("--dry-run", help="Print the comment; ask nothing and write nothing.")] = False,
    json_output: Json = False,
) -> None:
    """Write a kept plan into a pull request: one comment for a workspace and stage, kept up to date.

    Repository, pull request and address come from the variables of the pipeline, the token from GITHUB_TOKEN,
    GITLAB_TOKEN, SYSTEM_ACCESSTOKEN or BITBUCKET_TOKEN.

    \b
    Examples:
      bep plan -o plan.json && bep comment plan.json
      bep comment plan.json --platform gitlab --dry-run

    \b
    Exit codes: 0 there is the comment, 1 the pipeline does not say where, 5 the host did not do it.
    """
    from bep.app import commenting
    from bep.app.plans.applying import read_plan_file
    from bep.command_words import plan_said
    from bep.commands.plans.showing import undoing
    from bep.console import Console

    console = Console()
    read = plan_said(read_plan_file(plan))
    prepared = commenting.prepared(read, platform, elsewhere=f"`bep show {plan}` has them all", undo=undoing(read))
    if dry_run:
        if json_output:
            console.result_json({"platform": prepared.host, "body": prepared.body})
        else:
            console.result(prepared.body)
        return
    posted = commenting.post(prepared, pull_request, tell=console.say)
    if json_output:
        console.result_json(commenting.as_json(posted))
    else:
        console.say(f"The comment on {posted.place} is {posted.action}: {posted.url}")
