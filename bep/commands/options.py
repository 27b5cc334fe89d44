"""Options that several commands share, written once so that they read the same everywhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Option
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.workspace.opening import Source

Specs = Annotated[
    list[str] | None,
    Argument(metavar="[SPEC]...", help="Spec files. Without any, the bep.yml of this folder says which."),
]
Variables = Annotated[
    list[str] | None, Option("--var", metavar="NAME=VALUE", help="Set a variable; may be given several times.")
]
VariableFiles = Annotated[
    list[str] | None, Option("--var-file", metavar="FILE", help="YAML file of variables; later files win.")
]
Json = Annotated[bool, Option("--json", help="For a machine: JSON on stdout; -o json is the same.")]
Concise = Annotated[bool, Option("--concise", help="Without details: risks, jobs and a line for each change.")]
Query = Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")]
Targets = Annotated[
    list[str] | None,
    Option(
        "--target",
        metavar="ADDRESS",
        help="Only this resource, by address or short name, and what it needs; may be repeated.",
    ),
]
Excludes = Annotated[
    list[str] | None,
    Option("--exclude", metavar="ADDRESS", help="Not this resource nor what needs it; may be repeated."),
]
Replace = Annotated[
    list[str] | None,
    Option("--replace", metavar="ADDRESS", help="Replace this resource even if nothing asks for it."),
]
Allow = Annotated[
    list[str] | None,
    Option("--allow", metavar="CODE", help="Let one safety finding through, by its code; recorded in the plan."),
]
RefreshOnly = Annotated[bool, Option("--refresh-only", help="Only show what changed outside of bep.")]
NoRefresh = Annotated[bool, Option("--no-refresh", help="Do not read the world; trust the state.")]
NoCommands = Annotated[bool, Option("--no-commands", help="Run nothing of the workspace's: refuse its commands.")]
Parallelism = Annotated[int, Option("--parallelism", min=1, metavar="N", help="Changes under way at once.")]
LockTimeout = Annotated[
    float, Option("--lock-timeout", min=0, metavar="SECONDS", help="How long to wait for another apply to end.")
]
Timeout = Annotated[
    float | None,
    Option("--timeout", min=0, metavar="SECONDS", help="How long to wait in line for instances; else to the end."),
]
AutoApprove = Annotated[bool, Option("--auto-approve", "-y", help="Do not ask before changing anything.")]

TargetFiles = Annotated[
    list[Path] | None, Option("--target-file", metavar="FILE", help="Targets from a file, one a line.")
]
ExcludeFiles = Annotated[
    list[Path] | None, Option("--exclude-file", metavar="FILE", help="Excludes from a file, one a line.")
]
JsonInto = Annotated[
    Path | None, Option("--json-into", metavar="FILE", help="What --json would print, into a file as well.")
]
ExpectNoChanges = Annotated[
    bool, Option("--expect-no-changes", help="Exit 2 when there is something to do; apply then does nothing.")
]
Drain = Annotated[
    bool, Option("--drain", help="Wait for the unfinished jobs of what is changed or deleted to end first.")
]
CancelJobs = Annotated[
    bool, Option("--cancel-jobs", help="Cancel the unfinished jobs of what is changed or deleted first.")
]


def addresses(named: list[str] | None, files: list[Path] | None) -> tuple[str, ...]:
    """Addresses named one by one, and those in files: one a line, `#` begins a comment. Raises `Stop`, `OSError`."""
    lines = (line.partition("#")[0].strip() for file in files or () for line in _text(file).splitlines())
    return (*(named or ()), *(line for line in lines if line))


def must_be_a_file(out: Path | None, command: str, *, prints: str = "") -> None:
    """Raise `Stop` for a file that is called as a format is, or comes from `-out=FILE`: nobody means that.

    `command` is the one that prints JSON; `prints` is one that has no formats.
    A file of such a name is still to be had: `./json`.
    """
    if out is None:
        return
    name = str(out)
    if name.startswith("ut="):
        raise Stop(ExitCode.ERROR, f"-o{name} would be a file {name!r}\n    fix: --out {name.removeprefix('ut=')}")
    if name in _FORMATS:
        right = {"table": "bep show", "tsv": "bep show -o tsv", "markdown": f"{command} --markdown"}
        right["html"] = f"{command} --html"
        told = prints or right.get(name, f"{command} --json")
        fix = f"`{told}` prints that; a file of this name is ./{name}"
        raise Stop(ExitCode.ERROR, f"-o is the file that is written, and {name!r} is a format\n    fix: {fix}")


_FORMATS = ("json", "jsonc", "yaml", "yamlc", "yml", "table", "tsv", "none", "text", "markdown", "html", "github")


def _text(file: Path) -> str:
    """The text of a file, and never that of a device, which would not end."""
    from bep.disk.listing import plain_bytes

    try:
        return plain_bytes(file).decode()
    except OSError as error:
        raise Stop(ExitCode.ERROR, f"{file} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Stop(ExitCode.ERROR, f"{file} cannot be read: it is not UTF-8") from None


def source_of(specs: list[str] | None, variables: list[str] | None, variable_files: list[str] | None) -> "Source":
    """What the options say about the specs. Raises `Stop` for a `--var` without `=`."""
    from bep.app.workspace.opening import Source

    pairs = {}
    for text in variables or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Stop(ExitCode.ERROR, f"--var {text}: a variable is set as NAME=VALUE")
        pairs[name] = value
    return Source(tuple(specs or ()), pairs, tuple(variable_files or ()))
