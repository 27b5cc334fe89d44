"""A JSON value as json, yaml, table or tsv, after a JMESPath query: what `az -o` and `--query` do. Warns, no more."""

import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.tables import Screen


class Format(StrEnum):
    """How a value is written."""

    JSON = "json"
    YAML = "yaml"
    TABLE = "table"
    TSV = "tsv"


def queried(value: Any, query: str) -> Any:
    """The part of a JSON value that a JMESPath expression asks for; a field that is nowhere is warned of.

    Raises `Stop` for a broken expression.
    """
    if not query:
        return value
    from jmespath.exceptions import JMESPathError

    from bep.watched_query import search

    try:
        found, strange = search(query, value)
    except JMESPathError as problem:
        raise Stop(ExitCode.ERROR, f"--query {query!r} is not a JMESPath expression: {problem}") from None
    if strange:
        from bep.console import Console

        for told in strange:
            Console().warn(f"--query: {told}")
    return found


def formatted(value: Any, format: Format) -> str:
    """The text. A table or tsv of a list has a row an item; of an object, a row a field."""
    match format:
        case Format.JSON:
            return json.dumps(value, indent=2, ensure_ascii=False)
        case Format.YAML:
            import yaml

            return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).removesuffix("...\n")
        case Format.TABLE:
            return _table(value)
        case Format.TSV:
            return "\n".join("\t".join(_cell(cell) for cell in row) for row in _rows(value)[1])


def _rows(value: Any) -> tuple[list[str], list[list[Any]]]:
    if isinstance(value, Mapping):
        return ["field", "value"], [[name, item] for name, item in value.items()]
    if isinstance(value, str) or not isinstance(value, Sequence):
        return [], [[value]]
    if value and all(isinstance(item, Mapping) for item in value):
        names = list(dict.fromkeys(name for item in value for name in item))
        return names, [[item.get(name) for name in names] for item in value]
    return [], [[*item] if isinstance(item, list) else [item] for item in value]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\t", " ").replace("\n", " ")


def _screen() -> "Screen | None":
    """The terminal that stdout is; None where it is none, and a table is for `grep`."""
    if not sys.stdout.isatty():
        return None
    import shutil

    from bep.tables import screen_of
    from bep.terminal import wants_colour

    is_fancy = (sys.stdout.encoding or "").lower().startswith("utf")
    return screen_of(shutil.get_terminal_size().columns, colour=wants_colour(sys.stdout), fancy=is_fancy)


def _table(value: Any) -> str:
    names, rows = _rows(value)
    if names and rows and (screen := _screen()) is not None:
        from bep.tables import drawn

        return drawn(names, [[_cell(cell) for cell in row] for row in rows], screen)
    lines = [[name.upper().replace("_", " ") for name in names]] if names and rows else []
    lines += [[_cell(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)] if names else []
    if not widths:
        return "\n".join("  ".join(line) for line in lines)
    return "\n".join("  ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
