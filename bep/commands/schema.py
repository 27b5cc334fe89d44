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

    from bep.app.specs.published_schemas import published
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

    from bep.app.specs.published_schemas import published
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
    modelines: Annotated[
        bool, Option("--modelines", help="Put a line at the top of specs with a $schema of their own.")
    ] = False,
) -> None:
    """Write every schema into a folder, as NAME.schema.json, and tell the editor of them.

    In a workspace, .vscode/settings.json gets `yaml.schemas` for the files that bep.yml lists; what
    stands there stays, comments too. spec.schema.json is for a spec of any kind. An editor prefers a
    file's own $schema to its settings, and a line at the top to both: --modelines writes it.

    \b
    Examples:
      bep schema export .schemas
      bep schema export .schemas --modelines
    """
    from bep.app.specs.editor_settings import write_settings
    from bep.app.specs.published_schemas import export as write
    from bep.app.workspace.opening import here
    from bep.console import Console
    from bep.schemas.workspace.workspace import FILE

    console = Console()
    console.say(f"wrote {len(write(folder))} schemas to {folder}/")
    if not Path(FILE).is_file():
        console.say(f"There is no {FILE} here, so no editor was told. For any spec, it is {folder}/spec.schema.json.")
        return
    done = write_settings(here(), folder.absolute(), modelines=modelines)
    if done.settings is None:
        console.say(f".vscode/settings.json is not JSON with comments; add by hand:\n{done.lines}")
    else:
        console.say(f"told VS Code in {done.settings}; for other editors with yaml-language-server:\n{done.lines}")
    for path in done.given:
        console.say(f"{path}: a line at the top names the schema")
    if done.overruled:
        from bep.schemas.findings.did_you_mean import listed

        named = listed(done.overruled)
        console.say(f"An editor prefers the $schema of {named}: --modelines puts a line there that wins.")
