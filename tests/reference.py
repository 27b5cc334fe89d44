"""`python -m tests.reference` writes the pages of docs/reference: kinds from the schemas, commands from typer."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from bep import cli
from bep.schemas.kinds.kind import is_kind, kind_names
from bep.schemas.kinds.published import followed, schema_of

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTES = {
    "x-bep-immutable": "a change replaces the resource",
    "x-bep-sensitive": "a secret: never shown or kept",
    "x-bep-may-be-sensitive": "takes `${{ env.NAME }}`, and is then a secret",
    "x-bep-content": "a path whose bytes are part of the resource",
    "x-bep-set-like": "the order does not matter",
    "x-bep-not-content": "in no digest",
    "x-bep-any-case": "in any case",
    "x-bep-set-by": "a job may say otherwise",
}
COMMON = {"$schema", "kind", "x-bep"}
"""Fields that every kind has, told once at the top of the page."""


def pages() -> Mapping[str, str]:
    """The generated pages by their paths below docs/."""
    return {"reference/kinds.md": kinds(), "reference/commands.md": commands()}


def kinds() -> str:
    """Every kind of resource with all its fields."""
    return (
        "# Kinds of resources\n\n"
        "Generated from the schemas by `python -m tests.reference`; `bep schema export` writes the schemas.\n"
        "Each kind also takes `$schema` (for an editor), `kind` (to say it outright) and [`x-bep`](../x-bep.md).\n"
        "Fields that the service fills are read and ignored.\n" + "".join(map(kind, kind_names()))
    )


def kind(name: str) -> str:
    """One kind: its address, its fields, its older spellings."""
    schema = schema_of(name)
    address = "/".join((name, *(part.upper() for part in schema["x-bep-identity"])))
    registered = " Registered: a version never changes its content." if schema.get("x-bep-registered") else ""
    fields, older, filled = [], [], []
    for path, node, owner in fields_of(name):
        if path[0] in COMMON:
            continue
        if node.get("x-bep-server-filled"):
            filled.append(f"`{'.'.join(path)}`")
        elif node.get("deprecated"):
            older.append(f"| `{'.'.join(path)}` | {cell(older_spelling(node))} |")
        else:
            fields.append(row(name, path, node, owner))
    required = ", ".join(f"`{each}`" for each in schema["required"])
    text = f"\n## {name}\n\n{schema['title'].partition(': ')[2].capitalize()}. {schema['description']}{registered}\n\n"
    text += f"Address: `{address}`. Must be said: {required}.\n\n| field | what it says | values |\n|-|-|-|\n"
    text += "".join(f"{each}\n" for each in fields)
    if older:
        text += "\n| older spelling | today |\n|-|-|\n" + "".join(f"{each}\n" for each in older)
    return text + (f"\nFilled by the service: {', '.join(filled)}.\n" if filled else "")


def fields_of(name: str) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], str]]:
    """Every field of a kind: its path, its node and the schema that the node stands in."""
    yield from _below((), schema_of(name), name, name)


def _below(
    path: tuple[str, ...], node: Mapping[str, Any], stands_in: str, kind: str
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], str]]:
    for field, declared in node.get("properties", {}).items():
        below, owner = followed(declared, stands_in)
        yield (*path, field), below, owner
        if owner == kind and not below.get("deprecated"):  # what stands in another kind's schema is told there
            yield from _below((*path, field), below, owner, kind)
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), Mapping):
            below, owner = followed(node[word], stands_in)
            if owner == kind:
                yield from _below((*path, "*"), below, owner, kind)
    for alternative in node.get("anyOf", ()):
        below, owner = followed(alternative, stands_in)
        if owner == kind:
            yield from _below(path, below, owner, kind)


def row(kind: str, path: tuple[str, ...], node: Mapping[str, Any], owner: str) -> str:
    """One line of a table of fields."""
    notes = [told for word, told in NOTES.items() if node.get(word)]
    if "x-bep-refers-to" in node:
        notes.append(f"refers to a [{node['x-bep-refers-to']}](#{node['x-bep-refers-to']})")
    elif owner != kind and is_kind(owner):
        notes.append(f"see [{owner}](#{owner})")
    described = " ".join([node.get("description", ""), *(f"({note})" for note in notes)]).strip()
    return f"| `{'.'.join(path)}` | {cell(described)} | {cell(values(node))} |"


def values(node: Mapping[str, Any]) -> str:
    """What a field takes, as far as the schema says it in a few words."""
    spellings = node.get("x-bep-spellings", {})
    if "enum" in node:
        said = ", ".join(f"`{value}`" for value in node["enum"] if value not in spellings)
    else:
        said = node.get("x-bep-allowed", "") or ", ".join(_listed(node.get("type", ())))
    if "default" in node and node["default"] != {}:
        said += f"; default `{str(node['default']).lower() if isinstance(node['default'], bool) else node['default']}`"
    return said


def _listed(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else list(types)


def older_spelling(node: Mapping[str, Any]) -> str:
    """What to write instead of an older spelling."""
    return f"`{node['x-bep-becomes']}`" if "x-bep-becomes" in node else str(node.get("description", ""))


def cell(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", r"\|").replace("\n", " ")


def commands() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(cli._application())
    context = typer.Context(group, info_name="bep")
    return (
        "# Commands\n\nGenerated from the command line by `python -m tests.reference`; `bep COMMAND --help` says the"
        " same.\n" + command(group, context, 2)
    )


def command(one: Any, context: Any, depth: int) -> str:
    """One command, and those below it. The type that typer shows behind an argument is no word of bep's."""
    text = f"\n{'#' * depth} {context.command_path}\n\n{prose(one.help or '')}"
    records = [record for parameter in one.params if (record := parameter.get_help_record(context))]
    records = [(re.sub(r" <(list\[)?(str|path|int)\]?>$", "", left), right) for left, right in records]
    shown = [(left, right) for left, right in records if "-completion" not in left and "--help" not in left]
    if shown:
        text += "\n| | |\n|-|-|\n" + "".join(f"| `{cell(left)}` | {cell(markup(right))} |\n" for left, right in shown)
    for name in one.list_commands(context) if hasattr(one, "list_commands") else ():
        below = one.get_command(context, name)
        text += command(below, typer.Context(below, parent=context, info_name=name), min(depth + 1, 4))
    return text


def prose(text: str) -> str:
    """A help text as Markdown: what is laid out by hand there, behind a backspace, is a block here."""
    paragraphs = []
    for paragraph in text.strip().split("\n\n"):
        laid_out = paragraph.startswith("\b\n")
        lines = paragraph.removeprefix("\b\n")
        if laid_out and re.search(r"^ {2}", lines, re.MULTILINE):
            head, _, block = lines.partition("\n")
            lines = f"{markup(head)}\n\n```text\n{block}\n```"
        else:
            lines = markup(lines)
        paragraphs.append(f"{lines}\n")
    return "\n".join(paragraphs)


def markup(text: str) -> str:
    """Plain words as Markdown: a placeholder in angle brackets is no HTML."""
    return re.sub(r"<(?=[a-z/|])", r"\\<", text)


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        file = DOCS / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        print(file)


if __name__ == "__main__":
    main()
