"""`bep studio`: a browser, signed in to the server of this workspace."""

from typing import Annotated

from bep.app.access.roles import Role
from bep.command_line.declaring import Commands, Option

app = Commands()


@app.command()
def studio(
    role: Annotated[Role, Option("--role", help="What the browser is allowed.")] = Role.ADMIN,
    open_browser: Annotated[bool, Option("--open", help="Open it in this machine's browser.")] = False,
    sign_out_all: Annotated[bool, Option("--sign-out-all", help="Sign out every browser instead.")] = False,
    json_output: Annotated[bool, Option("--json", help="For a machine: JSON on stdout; -o json is the same.")] = False,
) -> None:
    """Print a link that signs a browser in to the running server, once.

    The link works for 15 minutes, the session for 12 hours. It is a secret until it was used.

    \b
    Examples:
      bep studio --open
      bep studio --role read
      bep studio --sign-out-all
    """
    import json

    from bep.app.access.on_this_machine import sign_everybody_out, sign_in_link
    from bep.app.workspace.opening import workspace_here
    from bep.command_words import number_of
    from bep.console import Console

    console, opened = Console(), workspace_here()
    if sign_out_all:
        ended = sign_everybody_out(opened)
        if json_output:
            console.result(json.dumps({"signed_out": ended}))
        else:
            console.say(f"{number_of(ended, 'browser')} signed out")
        return
    link = sign_in_link(opened, role)
    if json_output:
        console.result(json.dumps({"link": link}))
    else:
        console.result(link)
    if open_browser and not _opens(link):
        console.warn("no browser could be opened here: follow the link by hand")


def _opens(link: str) -> bool:
    import webbrowser

    return webbrowser.open(link)
