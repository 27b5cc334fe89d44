"""`bep token`: who may use the server of this workspace."""

from typing import Annotated, Final

from bep.app.access.roles import Role
from bep.command_line.declaring import Argument, Commands, Option
from bep.formatting import Format

DOES: Final = {
    Role.INVOKE: "start, follow and stop jobs, and see nothing else",
    Role.READ: "look at everything, and change nothing",
    Role.ADMIN: "do everything",
}

app = Commands(no_args_is_help=True, help="Say who may use the server of this workspace.")


@app.command()
def create(
    name: Annotated[str, Option("--name", "-n", metavar="NAME", help="Who will have it, such as ci.")],
    role: Annotated[Role, Option("--role", help="What it allows.")],
    expires: Annotated[str, Option("--expires", metavar="TIME", help="After 30d, 12h or 90m; or never.")] = "30d",
) -> None:
    """Make a token and print it, once: only its hash is kept.

    \b
    Examples:
      bep token create --name ci --role invoke --expires 30d
      curl -H "Authorization: Bearer $TOKEN" ...
    """
    from bep.app.access.on_this_machine import create_token
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    console = Console()
    console.result(create_token(workspace_here(), name, role, expires))
    until = "for ever" if expires == "never" else f"for {expires}"
    console.say(f"{name} may {DOES[role]}, {until}; this is shown once, and kept nowhere")


@app.command("list")
def list_tokens(
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")] = "",
) -> None:
    """List the tokens: who has one, what it allows, until when.

    \b
    Examples:
      bep token list
      bep token list -o json --query "[?role=='admin'].name"
    """
    from datetime import UTC, datetime

    from bep.app.access.tokens import tokens_of
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console
    from bep.formatting import formatted, queried

    now = datetime.now(UTC)
    rows = [
        {
            "name": one.name,
            "role": one.role.value,
            "created": one.created.isoformat(timespec="seconds"),
            "expires": one.expires.isoformat(timespec="seconds") if one.expires else "never",
            "status": "expired" if one.is_expired(now) else "valid",
        }
        for one in tokens_of(workspace_here()).every()
    ]
    console = Console()
    if not rows and output is Format.TABLE:
        console.say("There are no tokens.")
    else:
        console.result(formatted(queried(rows, query), output))


@app.command()
def revoke(name: Annotated[str, Argument(metavar="NAME", help="Of which token.")]) -> None:
    """Revoke a token: from now on it opens nothing.

    \b
    Examples:
      bep token revoke ci
    """
    from bep.app.access.on_this_machine import revoke_token
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    revoke_token(workspace_here(), name)
    Console().say(f"{name}: revoked; it opens nothing any more")
