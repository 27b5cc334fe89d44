"""`bep version`: which bep this is."""

import typer

from bep import __version__

app = typer.Typer(rich_markup_mode=None)


@app.command()
def version(json_output: bool = typer.Option(False, "--json", help="As JSON, with Python's version.")) -> None:
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
