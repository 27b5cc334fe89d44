"""A document's keys in a given order, comments with the keys they stand above, blank lines tidied. Text to text; knows
no schema.

Written by hand and not with a library that writes YAML anew: those keep a comment with what stands above it, so that a
key that moves leaves its comment behind, and they set quotes, widths and indents of their own.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import yaml

from bep.lazy_dataclasses import dataclass
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import faithful
from bep.schemas.yaml.reading import read_text

Order: TypeAlias = Callable[[int, FieldPath], Sequence[str]]
"""The keys of the mapping at a path of a document (counted from 0), in their order; none where any order is right."""
_QUOTED = ("'", '"')


def arranged(text: str, order: Order) -> str:
    """The text with its keys in order. As it was where that would change what it says, or where it is not YAML."""
    if not text.strip() or read_text(text, "").findings:
        return text
    ends = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    found, meaning = _sorted(lines, order), _means(text)
    for candidate in map(_joined, (_tidied(found), found)):
        if _means(candidate) == meaning:  # what a text over several lines says may be in blanks
            return candidate.replace("\n", ends)
    return text


def _means(text: str) -> object:
    """What a text says, keys in any order."""
    written = read_text(text, "")
    return None if written.findings else [faithful(document) for document in written.documents]


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _tidied(lines: Sequence[str]) -> list[str]:
    """No blanks at the ends of lines, no two blank lines in a row."""
    found: list[str] = []
    for line in (line.rstrip() for line in lines):
        if line or (found and found[-1]):
            found.append(line)
    return found


def _sorted(lines: list[str], order: Order) -> list[str]:
    text = "\n".join(lines)
    borders = [token.start_mark.line for token in yaml.scan(text) if _parts(token)]
    found, done = [], 0
    for number, root in enumerate(yaml.compose_all(text, yaml.SafeLoader)):
        if not isinstance(root, yaml.MappingNode) or not _is_block(root):
            continue
        start, end = _first_line(root), next((b for b in borders if b > root.start_mark.line), len(lines))
        found += lines[done:start]
        found += _mapping(_Part(lines, number, order), root, start, end, ())
        done = end
    return [*found, *lines[done:]]


def _parts(token: yaml.Token) -> bool:
    return isinstance(token, yaml.DocumentStartToken | yaml.DocumentEndToken)


def _is_block(mapping: yaml.MappingNode) -> bool:
    return not mapping.flow_style and bool(mapping.value)


def _first_line(mapping: yaml.MappingNode) -> int:
    return int(mapping.value[0][0].start_mark.line)


@dataclass(frozen=True, slots=True)
class _Part:
    """What stays the same within one document."""

    lines: list[str]
    number: int
    order: Order


def _mapping(part: _Part, mapping: yaml.MappingNode, start: int, end: int, path: FieldPath) -> list[str]:
    """The lines of a block mapping from its first key on, in order. Lines below the last value stay at the end."""
    column = mapping.value[0][0].start_mark.column
    keys = [key for key, _ in mapping.value]
    tail = _tail(part.lines, keys[-1].start_mark.line + 1, end, column)
    starts = [start, *(_above(part.lines, keys, mapping.value, place, column) for place in range(1, len(keys)))]
    stops = [*starts[1:], tail]
    chunks = [_chunk(part, pair, starts[place], stops[place], path) for place, pair in enumerate(mapping.value)]
    names = [key.value for key in keys]
    wanted = {name: place for place, name in enumerate(part.order(part.number, path))}
    places = sorted(range(len(names)), key=lambda place: wanted.get(names[place], len(wanted)))
    chunks[places[0]] = _without_blanks_above(chunks[places[0]])
    return [line for place in places for line in chunks[place]] + part.lines[tail:end]


def _chunk(part: _Part, pair: tuple[yaml.Node, yaml.Node], start: int, stop: int, path: FieldPath) -> list[str]:
    """The lines of one key with its comment and its value, that in order as well."""
    key, value = pair
    if not isinstance(value, yaml.MappingNode) or not _is_block(value) or _first_line(value) <= key.start_mark.line:
        return part.lines[start:stop]
    first = _first_line(value)
    return [*part.lines[start:first], *_mapping(part, value, first, stop, (*path, key.value))]


def _above(
    lines: Sequence[str],
    keys: Sequence[yaml.Node],
    pairs: Sequence[tuple[yaml.Node, yaml.Node]],
    place: int,
    column: int,
) -> int:
    """The first line of the comment above a key, or the key's own; a blank line in between parts them."""
    line, least = keys[place].start_mark.line, _last_quoted_line(pairs[place - 1][1]) + 1
    least = max(least, keys[place - 1].start_mark.line + 1)
    while line > least and _is_comment(lines[line - 1], column):
        line -= 1
    while line > least and not lines[line - 1].strip():
        line -= 1
    return line


def _last_quoted_line(node: yaml.Node) -> int:
    """The last line of a value that lines may follow which only look like comments."""
    if isinstance(node, yaml.ScalarNode):
        return int(node.end_mark.line) if node.style in _QUOTED else 0
    if not node.value:
        return 0
    last = node.value[-1]
    return _last_quoted_line(last[1] if isinstance(last, tuple) else last)


def _is_comment(line: str, column: int) -> bool:
    return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) == column


def _tail(lines: Sequence[str], least: int, end: int, column: int) -> int:
    """Where the blank lines and comments below the last value begin."""
    line = end
    while line > least and (not lines[line - 1].strip() or _is_comment(lines[line - 1], column)):
        line -= 1
    return line


def _without_blanks_above(chunk: list[str]) -> list[str]:
    first = next((place for place, line in enumerate(chunk) if line.strip()), len(chunk))
    return chunk[first:]
