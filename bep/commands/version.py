"""`bep version`: which bep this is."""

from typing import Annotated

from bep import __version__
from bep.command_line.declaring import Commands, Option

app = Commands()


@app.command()
def version(
    json_output: Annotated[bool, Option("--json", help="As JSON, with Python's version.")] = False,
) -> None:
    """Print bep's version.

    \b
    Examples:
      bep version
      bep version --json
    """
    from bep.console import Console

    if not json_output:
        Console().result(f"bep {__version__}")
        return
    import platform

    Console().result_json(
        {"bep_version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    )
