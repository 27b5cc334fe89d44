"""One value in a text of YAML exchanged, added or taken out, everything else left to the letter. Pure; opens no file.

Each function gives the new text, or None where that cannot be done without laying the text out anew.
"""

from collections.abc import Iterator
from typing import Any

from bep.schemas.mark import Mark
from bep.schemas.yaml.package import yaml

Place = tuple[yaml.MappingNode, yaml.ScalarNode, yaml.Node]
"""A field where it stands: the mapping, the key, the value."""


def scalar_at(text: str, mark: Mark) -> str | None:
    """The scalar that begins there, as it is written, quotes and expressions included."""
    value = _value_at(text, mark)
    return text[value.start_mark.index : value.end_mark.index] if isinstance(value, yaml.ScalarNode) else None


def exchanged(text: str, mark: Mark, value: Any) -> str | None:
    """The value that begins at `mark` (lines and columns from 1) replaced by another."""
    old = _value_at(text, mark)
    if isinstance(old, yaml.ScalarNode):
        new = _flow(value, quote=old.style if old.style in ("'", '"') else None)
        tail = "\n" if old.style in ("|", ">") else ""
        return text[: old.start_mark.index] + new + tail + text[old.end_mark.index :]
    if isinstance(old, yaml.CollectionNode) and old.flow_style:
        return text[: old.start_mark.index] + _flow(value) + text[old.end_mark.index :]
    return None


def added(text: str, mark: Mark, name: str, value: Any) -> str | None:
    """A field more in the mapping that begins at `mark`, before its first; None where it has that field."""
    mapping = _mapping_at(text, mark)
    if mapping is None or any(key.value == name for key, _ in mapping.value):
        return None
    start = mapping.start_mark
    field = f"{_flow(name)}: {_flow(value)}"
    if not mapping.flow_style:
        return text[: start.index] + field + _line_end(text) + " " * start.column + text[start.index :]
    inside = start.index + 1
    return text[:inside] + field + (", " if mapping.value else "") + text[inside:]


def item_added(text: str, name: str, value: Any) -> str | None:
    """An item more, the first, in the list that the whole text, a mapping, has under a name; None where it has none."""
    root = next(_nodes(text), None)
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    listed = next((below for key, below in pairs if isinstance(key, yaml.ScalarNode) and key.value == name), None)
    if not isinstance(listed, yaml.SequenceNode):
        return None
    start = listed.start_mark
    if listed.flow_style:
        inside = start.index + 1
        return text[:inside] + _flow(value) + (", " if listed.value else "") + text[inside:]
    return text[: start.index] + f"- {_flow(value)}" + _line_end(text) + " " * start.column + text[start.index :]


def taken_out(text: str, mark: Mark) -> str | None:
    """Without the field whose value begins at `mark`: its whole lines, where it has lines of its own."""
    found = next((place for place in _fields(text) if _is_at(place[2], mark)), None)
    if found is None:
        return None
    mapping, key, value = found
    if mapping.flow_style or len(mapping.value) == 1 or not isinstance(value, yaml.ScalarNode):
        return None
    first = text.rfind("\n", 0, key.start_mark.index) + 1
    after = text.find("\n", value.end_mark.index if value.style not in ("|", ">") else value.end_mark.index - 1)
    if text[first : key.start_mark.index].strip():
        return None
    return text[:first] + ("" if after < 0 else text[after + 1 :])


def _value_at(text: str, mark: Mark) -> yaml.Node | None:
    for _, key, value in _fields(text):
        if _is_at(value, mark) and not _is_at(key, mark):
            return value
    return next((node for node in _items(text) if _is_at(node, mark)), None)


def _mapping_at(text: str, mark: Mark) -> yaml.MappingNode | None:
    return next((node for node in _nodes(text) if isinstance(node, yaml.MappingNode) and _is_at(node, mark)), None)


def _fields(text: str) -> Iterator[Place]:
    for node in _nodes(text):
        if isinstance(node, yaml.MappingNode):
            yield from ((node, key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))


def _items(text: str) -> Iterator[yaml.Node]:
    for node in _nodes(text):
        if isinstance(node, yaml.SequenceNode):
            yield from node.value


def _nodes(text: str) -> Iterator[yaml.Node]:
    waiting: list[yaml.Node] = [root for root in yaml.compose_all(text, yaml.SafeLoader) if root is not None]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _is_at(node: yaml.Node, mark: Mark) -> bool:
    return bool((node.start_mark.line + 1, node.start_mark.column + 1) == (mark.line, mark.column))


def _flow(value: Any, *, quote: str | None = None) -> str:
    style = quote if isinstance(value, str) else None
    text = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, width=1_000_000, sort_keys=False, allow_unicode=True
    )
    return text.removesuffix("...\n").strip()


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
