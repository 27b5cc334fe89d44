"""`bep serve`: the workspace over HTTP."""

from typing import Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.options import VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop

app = Commands()


@app.command()
def serve(
    host: Annotated[str, Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, Option("--port", metavar="N", min=0, max=65535, help="0 takes one that is free.")] = 8700,
    json_output: Annotated[bool, Option("--json", help="Say as JSON where it listens.")] = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Serve the workspace over HTTP: scoring URIs for programs, a studio for people.

    It listens on this machine alone unless you say otherwise, and answers nobody who has no token.

    \b
    Examples:
      bep serve
      bep serve --port 0 --json
      bep token create --name ci --role invoke
    """
    import json

    from bep.app.workspace.opening import here
    from bep.command_words import number_of
    from bep.console import Console
    from bep.distribution import install, lacking

    console = Console()
    if absent := lacking("serve"):
        raise Stop(ExitCode.ERROR, f"{', '.join(absent)}: not installed\n    fix: {install('serve')}")
    from bep.server.running import Door, Voice, serve
    from bep.server.site import Site

    opened = here(source_of(None, var, var_file))

    def listening(address: str) -> None:
        console.result(json.dumps({"address": address}) if json_output else f"listening on {address}")

    def stopping(requests: int) -> None:
        begun = (
            f"once {number_of(requests, 'request')} that began {'is' if requests == 1 else 'are'} answered; "
            if requests
            else ""
        )
        console.interject(f"ending: {begun}jobs go on, and the next server of this workspace looks after them")

    serve(Site(opened.root, opened.source, ""), Door(host, port), Voice(listening, stopping))
