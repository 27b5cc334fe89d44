"""`bep serve`: the workspace over HTTP."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.options import VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

app = Commands()


class LogFormat(StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    JSON = "json"


@app.command()
def serve(
    host: Annotated[str, Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, Option("--port", metavar="N", min=0, max=65535, help="0 takes one that is free.")] = 8700,
    cert: Annotated[str, Option("--cert", metavar="FILE", help="Serve over TLS with this certificate, in PEM.")] = "",
    key: Annotated[str, Option("--key", metavar="FILE", help="The key of the certificate, in PEM.")] = "",
    dev_cert: Annotated[
        bool, Option("--dev-cert", help="Serve over TLS with a certificate of its own, made for this machine.")
    ] = False,
    print_client: Annotated[
        bool,
        Option("--print-client", help="Print the Python that Azure's released client needs for it; serve nothing."),
    ] = False,
    behind_proxy: Annotated[
        bool, Option("--behind-proxy", help="A proxy in front has the certificate; who asks is what it says.")
    ] = False,
    url: Annotated[
        str, Option("--url", metavar="URL", help="Where clients reach it, such as https://score.example.com.")
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        Option("--allow-host", metavar="NAME", help="A name it may be asked by, such as *.example.com; repeatable."),
    ] = None,
    log_format: Annotated[LogFormat, Option("--log-format", help="How each request is logged.")] = LogFormat.TEXT,
    json_output: Annotated[bool, Option("--json", help="Say as JSON where it listens.")] = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Serve the workspace over HTTP: scoring URIs for programs, a studio for people.

    It listens on this machine alone unless you say otherwise, and answers nobody who has no token and is not signed in.
    SIGTERM or Ctrl-C ends it: requests that have begun are answered, jobs go on.

    \b
    Examples:
      bep serve
      bep serve --port 0 --json
      bep serve --host 0.0.0.0 --cert server.pem --key server.key
      bep serve --behind-proxy --url https://score.example.com
      bep serve --dev-cert
      bep serve --dev-cert --print-client > client.py
      bep token create --name ci --role invoke
    """
    import json

    from bep.app.access.on_this_machine import link_to
    from bep.app.access.roles import Role
    from bep.app.workspace.opening import workspace_here
    from bep.command_words import program
    from bep.console import Console
    from bep.distribution import install, lacking

    console = Console()
    if absent := lacking("serve"):
        raise Stop(ExitCode.ERROR, f"{', '.join(absent)}: not installed\n    fix: {install('serve')}")
    from bep.server.listening import Door
    from bep.server.running import Voice, serve
    from bep.server.site import Site, asked_names, asked_url

    opened = workspace_here(source_of(None, var, var_file))
    if dev_cert:
        cert, key = _own_certificate(opened, host, cert or key)
    if print_client:
        address = asked_url(url) or (Door(host, port, cert, key).address(port) if port else "")
        console.result(_client(opened, address, cert if dev_cert else ""))
        return
    site = Site(
        opened.root,
        opened.source,
        asked_url(url),
        names=asked_names(allow_host or ()),
        is_behind_proxy=behind_proxy,
    )

    def listening(address: str, port: int) -> None:
        console.result(json.dumps({"address": address, "port": port}) if json_output else f"listening on {address}")
        if console.is_watched:  # it is a secret: where nobody sits, it would only be kept in some log
            console.say(f"to sign in, once, within 15 minutes: {link_to(opened, address, Role.ADMIN)}")
        else:
            console.say(f"to sign in: `{program()} studio` prints a link")

    def stopping(requests: int) -> None:
        first = "" if not requests else f"{requests} that asked {'is' if requests == 1 else 'are'} answered first; "
        console.interject(f"ending: {first}jobs go on, and the next server of this workspace looks after them")

    serve(site, Door(host, port, cert, key), Voice(listening, stopping, console.say, log_format is LogFormat.JSON))


def _own_certificate(opened: "Specs", host: str, other: str) -> tuple[str, str]:
    """The files of a certificate of one's own and of its key. Raises `Refused` beside another one."""
    from datetime import UTC, datetime

    from bep.app.access.certificates import own_certificate
    from bep.app.errors import Refused

    if other:
        raise Refused("makes a certificate, and one was given: --cert and --key are for that", about="dev-cert")
    made = own_certificate(opened.home, host, datetime.now(UTC))
    return str(made.certificate), str(made.key)


def _client(opened: "Specs", address: str, certificate: str) -> str:
    """The lines for the server that runs; for one that would be started so, where none does."""
    from bep.app.access.servers import running_server
    from bep.app.errors import Refused
    from bep.commands.client_lines import client_lines

    served = running_server(opened) or address
    if not served:
        raise Refused("0 is any that is free: say which, or start the server first", about="port")
    return client_lines(served, opened.workspace.name, certificate).rstrip()
