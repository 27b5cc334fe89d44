"""The command line's one door: finds the command, imports only that one, and turns every ending into an exit code."""

import sys
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NoReturn

from bep import __version__
from bep.exit_codes import ExitCode, Stop
from bep.systems import refusal

if TYPE_CHECKING:
    from typer import Typer

COMMANDS = (
    "validate",
    "plan",
    "apply",
    "destroy",
    "show",
    "run",
    "job",
    "env",
    "import",
    "adopt",
    "rollback",
    "output",
    "graph",
    "stage",
    "state",
    "gc",
    "unlock",
    "schema",
    "version",
)
"""In the order of `bep --help`: the way a piece of work goes."""


def main() -> NoReturn:
    """Run bep with the arguments of this process, and exit."""
    if why := refusal(sys.platform):  # before anything is imported that is not there
        print(f"error: {why}", file=sys.stderr)
        sys.exit(ExitCode.ERROR)
    arguments = sys.argv[1:]
    if arguments in (["version"], ["--version"]):  # the one command a script calls a hundred times: no imports
        print(f"bep {__version__}")
        sys.exit(ExitCode.DONE)
    from bep.terminal import guard_standard_streams

    guard_standard_streams()  # before anything is parsed: a mistyped word is printed back, too
    _keep_what_is_made()
    sys.exit(run(arguments))


def _keep_what_is_made() -> None:
    """Look for garbage seldom: nearly all that a command makes it needs to its end, and every look goes through it."""
    import gc

    gc.set_threshold(100_000, 50, 50)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code. Every known ending is caught here; any other is a bug, and says so."""
    try:
        _application()(args=_chosen_first(arguments), prog_name="bep")
    except SystemExit as ending:
        # typer ends with 2 for a mistyped command; 2 is ours for "there are changes"
        return ExitCode.ERROR if ending.code == 2 else int(ending.code or 0)
    except Stop as stop:
        if stop.message:
            _error(stop.message)
        return stop.code
    except KeyboardInterrupt:
        _error("interrupted")
        return ExitCode.CANCELLED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has left; the interpreter would complain about it at exit
        return ExitCode.DONE
    except Exception as problem:
        from bep.error_messages import ending_of

        code, message = ending_of(problem)
        _error(message)
        return code
    return ExitCode.DONE


def _chosen_first(arguments: list[str]) -> list[str]:
    """The same, with the choice of a stage ahead of the command, wherever it was written."""
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for place, word in enumerate(words):
        name, equals, _ = word.partition("=")
        taken = 1 if equals else 2
        if name in ("--stage", "-S") and place + taken <= len(words):
            rest = arguments[:place] + arguments[place + taken :]
            return [*arguments[place : place + taken], *rest]
    return arguments


def _error(message: str) -> None:
    from bep.console import Console

    Console().error(message)


def _application() -> "Typer":
    import typer
    from typer.core import TyperGroup

    class Commands(TyperGroup):
        """Imports a command's module when the command is asked for, and not before."""

        def list_commands(self, ctx: Any) -> list[str]:
            return list(COMMANDS)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name not in COMMANDS:
                return None
            return typer.main.get_command(import_module(f"bep.commands.{_module(cmd_name)}").app)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # what a misspelt command is compared with
            return super().resolve_command(ctx, args)

    application = typer.Typer(
        cls=Commands,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @application.callback()
    def bep(
        directory: str = typer.Option(
            "", "--chdir", "-C", metavar="DIR", help="Go to this folder first, as if bep was started there."
        ),
        stage: str = typer.Option(
            "",
            "--stage",
            "-S",
            metavar="NAME",
            help="Work in this stage of the workspace; BEP_STAGE does the same.",
        ),
    ) -> None:
        """Plan, apply and run machine-learning batch endpoints from YAML.

        \b
        A folder with a bep.yml is a workspace. The usual round:
          bep validate                  is what I wrote right?
          bep plan                      what would change?
          bep apply                     make it so, after asking
          bep run job.yml               score files with the active deployment
          bep show deployment/ep/blue   what is there now

        \b
        Exit codes: 0 done or nothing to do, 1 error, 2 changes (plan --detailed-exitcode),
        3 findings in specs, 4 lock or stale plan, 5 provider failure, 130 interrupted.
        """
        if directory:
            _enter(directory)
        if stage:
            _choose(stage)

    return application


def _module(command: str) -> str:
    return f"{command}_" if iskeyword(command) else command


def _choose(stage: str) -> None:
    import os

    from bep.schemas.workspace.stages import CHOICE

    os.environ[CHOICE] = stage


def _enter(directory: str) -> None:
    import os

    try:
        os.chdir(directory)
    except OSError as problem:
        raise Stop(ExitCode.ERROR, f"--chdir {directory}: {problem.strerror}") from None
