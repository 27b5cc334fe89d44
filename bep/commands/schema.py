"""`bep schema`: the published JSON Schemas, for editors and for other programs."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.exit_codes import ExitCode, Stop

app = Commands(no_args_is_help=True)


@app.callback()
def schema() -> None:
    """List, show or export the JSON Schemas.

    Of what you may write (specs, bep.yml, job.yml) and of what bep writes (plan, state).

    \b
    Examples:
      bep schema list
      bep schema show deployment
      bep schema export .schemas      then point your editor's YAML server at the folder
    """


@app.command("list")
def list_schemas(json_output: Annotated[bool, Option("--json", help="As JSON.")] = False) -> None:
    """Say which schemas there are and what each is for."""
    import json

    from bep.app.published_schemas import published
    from bep.console import Console

    titles = {name: json.loads(text).get("title", "") for name, text in published().items()}
    if json_output:
        Console().result_json([{"name": name, "title": title} for name, title in titles.items()])
        return
    width = max(map(len, titles))
    Console().result("\n".join(f"{name:<{width}}  {title}".rstrip() for name, title in titles.items()))


@app.command()
def show(name: Annotated[str, Argument(help="A name that `bep schema list` prints.")]) -> None:
    """Print one schema."""
    from difflib import get_close_matches

    from bep.app.published_schemas import published
    from bep.console import Console

    texts = published()
    if name not in texts:
        near = get_close_matches(name, texts, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise Stop(ExitCode.ERROR, f"no schema is called {name!r}{hint} There are: {', '.join(texts)}")
    Console().result(texts[name])


@app.command()
def export(
    folder: Annotated[Path, Argument(help="Where to write them; made if it is not there.")],
) -> None:
    """Write every schema into a folder, as NAME.schema.json."""
    from bep.app.published_schemas import export as write
    from bep.console import Console

    Console().say(f"wrote {len(write(folder))} schemas to {folder}/")
