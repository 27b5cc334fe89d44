"""The command line's one door: finds the command, imports only that one, and turns every ending into an exit code."""

import errno
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bep import __version__
from bep.exit_codes import ExitCode, Stop
from bep.systems import refusal

if TYPE_CHECKING:
    from typer import Typer

    from bep.command_line.declaring import Commands

COMMANDS: Final[Mapping[str, str]] = {
    "init": "Begin a workspace in this folder.",
    "validate": "Check the specs and say all that is wrong, at once.",
    "explain": "Say what a finding means, with a wrong and a right example.",
    "fmt": "Lay specs out in one way: keys in the order of the schema, comments kept.",
    "plan": "Show what `bep apply` would change. Changes nothing; `-o` also begins the state where there is none.",
    "comment": "Write a kept plan into a pull request: one comment for a workspace and stage, kept up to date.",
    "apply": "Make the world what the specs, or a kept plan, ask.",
    "destroy": "Delete every resource in the state, after asking.",
    "show": "Show what is there, one resource, or a kept plan.",
    "run": "Score files with a deployment, on this machine or by the service of the workspace.",
    "job": "Look at jobs, stop them, go on with them, remove them.",
    "schedule": "Look at schedules, and start the job of one now.",
    "serve": "Serve the workspace over HTTP: scoring URIs for programs, a studio for people.",
    "studio": "Print a link that signs a browser in to the running server, once.",
    "token": "Say who may use the server of this workspace.",
    "env": "List, build and remove the Pythons that scripts run in.",
    "import": "Look after objects that exist already.",
    "adopt": "Write drift back into the spec.",
    "rollback": "Take back an applied plan.",
    "output": "Print the outputs that bep.yml declares.",
    "graph": "Draw the resources of the specs, or the changes of a kept plan. An arrow points at what is needed first.",
    "doctor": "Look at everything that may be in the way: machine, workspace, state, whoever signs in.",
    "export": "Write the specs as a template, for a team that deploys such.",
    "policy": "Try the policies that plans are judged by.",
    "stage": "Work with the stages of this workspace: staging, production.",
    "state": "Look at the state and mend it.",
    "gc": "Free what nothing refers to any more in the store and among downloads, after asking.",
    "unlock": "Take away the lock of an apply that is known to be gone.",
    "schema": "List, show or export the JSON Schemas.",
    "version": "Print bep's version.",
}
"""Each with its line of `bep --help`, in its order: the way a piece of work goes. A test compares them."""
COMPLETION: Final = "_BEP_COMPLETE"
"""The variable by which a shell asks how a word goes on."""
WISHES: Final[Mapping[str, str]] = {"--no-color": "no_colour", "--quiet": "quiet", "--verbose": "verbose"}
"""What may stand anywhere in a line, and is asked of the whole process."""
_CHOICES: Final[Mapping[str, str]] = {"--stage": "stage", "-S": "stage", "--provider": "provider"}
"""The options that choose one of several instances of a workspace, wherever they are written."""
_AHEAD: Final[Mapping[str, str]] = {"--chdir": "directory", "-C": "directory", **_CHOICES}
"""The options that stand ahead of a command."""


def main() -> NoReturn:
    """Run bep with the arguments of this process, and exit."""
    if why := refusal(sys.platform):  # before anything is imported that is not there
        print(f"error: {why}", file=sys.stderr)
        sys.exit(ExitCode.ERROR)
    arguments = sys.argv[1:]
    if arguments in (["version"], ["--version"]):  # the one command a script calls a hundred times: no imports
        print(f"bep {__version__}")
        sys.exit(ExitCode.DONE)
    if COMPLETION in os.environ:
        _complete(os.environ[COMPLETION])
    from bep.terminal import guard_standard_streams

    guard_standard_streams()  # before anything is parsed: a mistyped word is printed back, too
    if sys.stderr.isatty():
        from bep.app.workspace.watching import let_watch
        from bep.commands.watching import draw_looking

        let_watch(draw_looking)
    # nearly all that a command makes it needs to its end, and every look for garbage goes through it
    gc.set_threshold(100_000, 50, 50)
    code = run(arguments)
    gc.freeze()  # the interpreter, as it ends, looks three times for garbage that goes with the process anyway
    sys.exit(code)


def _complete(instruction: str) -> None:
    """Answer a shell that asks how a word goes on, and exit; what is not asked so is left to typer.

    Whatever goes wrong is no answer: a shell would print it into the line that is being typed.
    """
    from bep.command_line.completing import Lookups, answer

    def below(name: str) -> Sequence[str]:
        commands = _commands(name) if name in COMMANDS else None
        return [*commands.functions] if commands is not None and commands.is_group else ()

    ahead = ("--chdir", "--stage", "--provider", *WISHES, "--help", "--install-completion", "--show-completion")
    try:
        found = answer(instruction, os.environ, Lookups(COMMANDS, below, _function, ahead))
    except Exception:
        found = "", 0
    if found is not None:
        print(found[0], end="\n" if found[0] else "")
        sys.exit(found[1])


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code. Every known ending is caught here; any other is a bug, and says so."""
    try:
        arguments = _chosen_first(_without_wishes(arguments))
        called = _at_once(arguments)
        if called is not None:
            _call(called)
        else:
            _refuse_habits(arguments)
            application()(args=_in_its_own_words(arguments), prog_name="bep")
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

        _say_where(problem)
        code, message = ending_of(problem)
        _error(message)
        return code
    return ExitCode.DONE


def _without_wishes(arguments: list[str]) -> list[str]:
    """The line without what is asked of the whole process, wherever it was written; that is done."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    found = {word for word in arguments[:end] if word in WISHES}
    if not found or COMPLETION in os.environ:
        return arguments
    from bep.terminal import Wishes

    for word in found:
        setattr(Wishes, WISHES[word], True)
    return [word for place, word in enumerate(arguments) if place >= end or word not in WISHES]


def _chosen_first(arguments: list[str]) -> list[str]:
    """The same, with the choices of a stage and of a provider ahead of the command, wherever they were written."""
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    first, rest, chosen, place = list[str](), list[str](), set[str](), 0
    while place < len(words):
        name, equals, _ = words[place].partition("=")
        what, taken = _CHOICES.get(name, ""), 1 if equals else 2
        if what and what not in chosen and place + taken <= len(words):  # typer says what is wrong with any other
            chosen.add(what)
            first += words[place : place + taken]
        else:
            taken = 1
            rest.append(words[place])
        place += taken
    return [*first, *rest, *arguments[len(words) :]]


def _error(message: str) -> None:
    from bep.console import Console

    Console().error(message)


def _say_where(problem: Exception) -> None:
    """Where in bep an error came from, for whoever asked for that."""
    from bep.terminal import Wishes

    if Wishes.verbose:
        import traceback

        _error("".join(traceback.format_exception(problem)).rstrip())


def _commands(name: str) -> "Commands":
    """What the module of that name declares."""
    found: Commands = import_module(f"bep.commands.{name}_" if iskeyword(name) else f"bep.commands.{name}").app
    return found


def _at_once(arguments: list[str]) -> Callable[[], None] | None:
    """What the usual line asks for, typer left alone; None for a line that typer has to read."""
    from bep.command_line.reading import as_declared, values_of

    words, ahead = list(arguments), {}
    while len(words) > 2 and words[0] in _AHEAD and _AHEAD[words[0]] not in ahead and words[1][:1] not in ("", "-"):
        name, value, *words = words
        ahead[_AHEAD[name]] = value
    if not words or words[0] not in COMMANDS or COMPLETION in os.environ:
        return None
    commands, words = _commands(words[0]), words[1:]
    name = next(iter(words), "") if commands.is_group else next(iter(commands.functions))
    words = words[1:] if commands.is_group else words
    function = commands.functions.get(name)
    values = values_of(function, as_declared(function, words)) if function is not None else None
    return None if function is None or values is None else partial(_go, function, values, **ahead)


def _refuse_habits(arguments: list[str]) -> None:
    """Raise `Stop` for a line of another tool's, with the whole command that does it here."""
    if COMPLETION in os.environ:
        return
    from bep.command_line.habits.correcting import correction

    found = correction(arguments, options_of, has_workspace=os.path.lexists("bep.yml"))
    if found is not None:
        note = f"   ({found.note})" if found.note else ""
        told = f"{found.word!r} is a word of {found.whose}'s; nothing was done"
        raise Stop(ExitCode.ERROR, f"{told}\n    fix: Did you mean `{found}`?{note}")


def options_of(names: Sequence[str]) -> tuple[str, ...]:
    """The names of the options of a command by its one or two words; none where there is no such command."""
    found = _function(names)
    if found is None:
        return ()
    from bep.command_line.reading import names_of

    return ("--help", *names_of(found))


def _function(names: Sequence[str]) -> Callable[..., Any] | None:
    """The function of a command by its one or two words; for a group by its name, the function that tells of it."""
    if not names or names[0] not in COMMANDS:
        return None
    commands = _commands(names[0])
    if len(names) == 1:
        return commands.group or next(iter(commands.functions.values()))
    return commands.functions.get(names[1]) if commands.is_group else None


def application() -> "Typer":
    """All of bep in typer, which reads what the quick reader leaves alone."""
    from bep.command_line.whole import whole

    return whole(COMMANDS, _commands, _prepare)


def _in_its_own_words(arguments: list[str]) -> list[str]:
    """The same for typer, `--json` and `-o json` in the way that the command has."""
    from bep.command_line.reading import as_declared

    for place, word in enumerate(arguments):
        if word in COMMANDS and (not place or arguments[place - 1] not in _AHEAD):
            for count in (2, 1):
                function = _function(arguments[place : place + count])
                if function is not None and not (count == 1 and _commands(word).is_group):
                    at = place + count
                    return [*arguments[:at], *as_declared(function, arguments[at:])]
    return arguments


def _go(function: Callable[..., Any], values: Mapping[str, Any], **ahead: str) -> None:
    _prepare(**ahead)
    function(**values)


def _prepare(directory: str = "", stage: str = "", provider: str = "") -> None:
    """Do what the options ahead of a command ask."""
    if directory:
        _enter(directory)
    if stage or provider:
        _choose(stage, provider)


def _call(called: Callable[[], None]) -> None:
    """Carry a command out; an interruption, a reader who has left and an answer that never comes end it as in typer."""
    try:
        called()
    except KeyboardInterrupt:
        sys.exit(ExitCode.CANCELLED)
    except EOFError:
        print("\nAborted!", file=sys.stderr)
        sys.exit(ExitCode.ERROR)
    except OSError as problem:
        if problem.errno != errno.EPIPE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be flushed goes nowhere
        sys.exit(ExitCode.ERROR)


def _choose(stage: str, provider: str) -> None:
    from bep.schemas.workspace.stages import CHOICE, WORLD

    os.environ.update({name: value for name, value in ((CHOICE, stage), (WORLD, provider)) if value})


def _enter(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as problem:
        raise Stop(ExitCode.ERROR, f"--chdir {directory}: {problem.strerror}") from None
