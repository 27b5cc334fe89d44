"""All of bep as one application of typer's: its help, and the options that stand ahead of a command."""

from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer import _completion_shared
from typer.core import TyperCommand, TyperGroup

from bep.command_line.by_typer import application
from bep.command_line.completing import ZSH
from bep.command_line.declaring import Commands

Prepare = Callable[[str, str, str], None]


def whole(lines: Mapping[str, str], commands: Callable[[str], Commands], prepare: Prepare) -> typer.Typer:
    """All commands by their names and lines of help; `commands` imports one's module.

    `prepare` does what stands ahead of a command: a folder, a stage, a provider.
    """
    _completion_shared._completion_scripts["zsh"] = ZSH

    class Group(TyperGroup):
        """Imports a command's module when the command is asked for, and not before."""

        is_listing = False

        def list_commands(self, ctx: Any) -> list[str]:
            return list(lines)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name not in lines:
                return None
            if self.is_listing:
                return TyperCommand(cmd_name, help=lines[cmd_name])
            return typer.main.get_command(application(commands(cmd_name)))

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            self.is_listing = True
            super().format_commands(ctx, formatter)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            self.commands = dict.fromkeys(lines)  # type: ignore[assignment]  # what a misspelt command is compared with
            return super().resolve_command(ctx, args)

    root = typer.Typer(
        cls=Group,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @root.callback()
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
        provider: str = typer.Option(
            "",
            "--provider",
            metavar="NAME",
            help="Work in this world, not in that of bep.yml, with a state of its own; BEP_PROVIDER does the same.",
        ),
        no_color: bool = typer.Option(False, "--no-color", help="No colours; NO_COLOR does the same."),
        quiet: bool = typer.Option(False, "--quiet", help="Results, warnings and errors alone: no talk meanwhile."),
        verbose: bool = typer.Option(
            False, "--verbose", help="With times beside what is said, and where in bep an error came from."
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
        --stage, --provider, --no-color, --quiet and --verbose may stand anywhere in a line.

        \b
        Exit codes: 0 done or nothing to do, 1 error, 2 changes (plan --detailed-exitcode),
        3 findings in specs, 4 lock or stale plan, 5 provider failure, 6 a policy denies, 130 interrupted.
        """
        prepare(directory, stage, provider)

    return root
