"""Building: what a YAML parser meets, one event after the other, to nodes. Counts what aliases add, and refuses what no
spec needs.

No tree stands in between: of a large document it would be the greater part of the time and of the memory.
"""

from collections.abc import Callable, Iterator
from typing import Any

from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.yaml.node import Node, Place
from bep.schemas.yaml.package import yaml
from bep.schemas.yaml.scalar import meaning

MOST_ALIASED = 100_000
MOST_DEPTH = 100
TWICE = "duplicate-key"
TAGS = ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")
PREFIX = "tag:yaml.org,2002:"
_REMEMBERED = 10_000
"""Scalars that are kept once however often they stand in a file: most are names of fields and common values."""
_Scalar, _Alias = yaml.ScalarEvent, yaml.AliasEvent
_MappingStart, _MappingEnd, _SequenceEnd = yaml.MappingStartEvent, yaml.MappingEndEvent, yaml.SequenceEndEvent
_SLIPPED = " - "
"""What stands in a text that has swallowed the next item of its list."""
_OPEN = Node(None, "", 0, 0)
"""Stands for a mapping or list with an anchor as long as it is not read to its end."""
_LOST = Node(None, "", 0, 0)
"""Stands for a value of which it was said why it cannot be had: left out, lest it be told as an empty one, too."""


class TooDeep(Exception):
    """Nesting beyond what any spec needs. Raised while parsing, before a stack can overflow."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(f"values are nested more than {MOST_DEPTH} levels deep")
        self.line = line
        self.column = column


class Building:
    """Turns the events of one file into nodes; counts what aliases add, so that no document grows without bound.

    `events` gives the next event of a parser that reads `text`. Raises `TooDeep`, and what the parser raises.
    """

    def __init__(self, events: Callable[[], Any], text: str, file: str, findings: list[Finding]) -> None:
        self._next = events
        self._text = text
        self._file = file
        self._findings = findings
        self._anchors: dict[str, Node] = {}
        self._depth = 0
        self._aliased = 0
        self._reported: set[str] = set()
        self._meanings: dict[str, tuple[str, Any]] = {}

    def documents(self) -> Iterator[Node]:
        """Each document of the file, an empty one as a node of nothing."""
        while (event := self._next()) is not None:
            if type(event) is yaml.DocumentStartEvent:
                self._anchors.clear()
                self._aliased = 0
                self._reported.clear()
                yield self._value(self._next(), None)  # no alias stands here: none has an anchor before it

    def _value(self, event: Any, key: Place | None) -> Node:
        """The node of a value that begins with this event."""
        kind = type(event)
        if kind is _Scalar:
            return self._scalar(event, key)
        if kind is _Alias:
            return self._alias(event, key)
        place = event.start_mark
        node = Node(None, self._file, place.line + 1, place.column + 1, "", key)
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise TooDeep(node.line, node.column)
        self._begin(event)
        node.value = self._mapping() if kind is _MappingStart else self._list()
        self._depth -= 1
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if event.tag is not None:
            self._check_tag(event.tag, node)
        return node

    def _scalar(self, event: Any, key: Place | None) -> Node:
        place = event.start_mark
        line = place.line + 1
        text = value = event.value
        if event.implicit[0]:
            text, value = self._meanings.get(text) or self._meaning(text)
        if key is not None and line == key[0]:
            line = key[0]  # the same object: of a million nodes, a million numbers less
        node = Node(value, self._file, line, place.column + 1, text, key)
        if event.tag is not None and event.tag not in ("!", PREFIX + "str"):
            self._check_tag(event.tag, node)
            node.value = meaning(text)
        if event.anchor is not None:
            self._begin(event)
            self._anchors[event.anchor] = node
        return node

    def _meaning(self, text: str) -> tuple[str, Any]:
        """A plain scalar's text and value, to be kept for the next of that text."""
        found = text, meaning(text)
        if len(self._meanings) < _REMEMBERED:
            self._meanings[text] = found
        return found

    def _list(self) -> list[Node]:
        found = []
        while type(event := self._next()) is not _SequenceEnd:
            kind = type(event)
            if kind is _Scalar and event.start_mark.line != event.end_mark.line and _SLIPPED in event.value:
                found += self._items(event)
            elif (node := self._value(event, None)) is not _LOST:
                found.append(node)
        return found

    def _items(self, event: Any) -> list[Node]:
        """The items of a list that are one text to YAML, because some are indented more than the first."""
        from bep.schemas.yaml.lines import indent_of, lines_of

        start, end, lines = event.start_mark, event.end_mark, lines_of(self._text)
        is_item = lines[start.line][: start.column].rstrip().endswith("-")
        if not is_item or not event.implicit[0] or event.anchor is not None:
            return [self._scalar(event, None)]
        found: list[Node] = []
        lines[end.line] = lines[end.line][: end.column]
        lines[start.line] = f"{' ' * (start.column - 2)}- {lines[start.line][start.column :]}"
        for number in range(start.line, end.line + 1):
            text, column = lines[number].strip(), indent_of(lines[number]) + 1
            if text.startswith("- "):
                text, value = self._meaning(text[2:].lstrip())
                found.append(Node(value, self._file, number + 1, column, text))
            elif text:
                found[-1].value = found[-1].text = f"{found[-1].text} {text}"
        for item in found[1:]:
            message = f"'- {item.text}' is indented more than the item above it, so that YAML reads the two as one text"
            fix = "Indent it as the item above. A text that goes on in the next line needs quotes."
            self._report("indented-item", message, fix, item.mark, always=True)
        return found

    def _mapping(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        merged: list[Node] = []
        while type(event := self._next()) is not _MappingEnd:
            name = self._key(event)
            if name is None:
                said = len(self._findings)
                self._value(self._next(), None)
                del self._findings[said:]  # it is left out, so nothing of it is wrong
                continue
            if name == "<<" and type(event) is _Scalar and event.implicit[0]:
                merged.append(self._value(self._next(), None))
                continue
            place = event.start_mark
            key = (place.line + 1, place.column + 1)
            if name in found:
                self._twice(name, found[name], key)
            event = self._next()
            node = self._scalar(event, key) if type(event) is _Scalar else self._value(event, key)
            if node is not _LOST:
                found[name] = node
        for node in merged:
            self._merge(found, node)
        return found

    def _key(self, event: Any) -> str | None:
        """The name that a key is; None, and a finding, if it is none."""
        if type(event) is _Scalar and event.anchor is None:
            return (self._meanings.get(event.value) or self._meaning(event.value))[0]
        said = len(self._findings)
        node = self._value(event, None)
        if node is _LOST:
            return None
        if not isinstance(node.value, dict | list):
            return node.text
        del self._findings[said:]
        fix = "Put quotes around ${{ ... }} and around keys with brackets."
        mark = Mark(self._file, event.start_mark.line + 1, event.start_mark.column + 1)
        self._report("key-not-text", "a key must be text, not a mapping or a list", fix, mark, always=True)
        return None

    def _twice(self, name: str, first: Node, key: Place) -> None:
        message = f"'{name}' is written twice in one mapping; first in line {first.key_mark.line}"
        self._report(TWICE, message, "Keep one of the two.", Mark(self._file, *key), always=True)

    def _begin(self, event: Any) -> None:
        """Remember what an anchor names, from its beginning on."""
        if event.anchor is None:
            return
        if event.anchor in self._anchors:
            problem = f"the anchor '{event.anchor}' is defined a second time"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        self._anchors[event.anchor] = _OPEN

    def _alias(self, event: Any, key: Place | None) -> Node:
        there = self._anchors.get(event.anchor)
        if there is None:
            problem = f"found undefined alias '{event.anchor}'"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        if there is _OPEN:
            mark = Mark(self._file, event.start_mark.line + 1, event.start_mark.column + 1)
            self._report("alias-cycle", "this alias is inside what it refers to", "Write the value out.", mark)
            return _LOST
        copy = self._copied(there)
        if copy is not _LOST:
            copy.key = key
        return copy

    def _copied(self, node: Node) -> Node:
        """The node and all below it once more, as far as aliases may add to a document."""
        self._aliased += 1
        if self._aliased > MOST_ALIASED:
            message = f"aliases add more than {MOST_ALIASED:,} values to this document"
            self._report("alias-bomb", message, "Use fewer aliases of aliases.", node.mark)
            return _LOST
        if type(node.value) is dict:
            fields = {name: self._copied(below) for name, below in node.value.items()}
            return node.with_value({name: copy for name, copy in fields.items() if copy is not _LOST})
        if type(node.value) is list:
            items = [self._copied(below) for below in node.value]
            return node.with_value([copy for copy in items if copy is not _LOST])
        return node.with_value(node.value, node.text)

    def _check_tag(self, tag: str, node: Node) -> None:
        if tag == "!" or tag.removeprefix(PREFIX) in TAGS:
            return
        shown = "!!" + tag.removeprefix(PREFIX) if tag.startswith(PREFIX) else tag
        self._report("unknown-tag", f"the tag {shown} means nothing here", _mended(tag), node.mark, always=True)

    def _merge(self, found: dict[str, Node], node: Node) -> None:
        """YAML 1.1's merge key: fields that are not written here are taken from another mapping."""
        if node is _LOST:
            return
        for source in node.value if isinstance(node.value, list) else [node]:
            if isinstance(source.value, dict):
                for name, below in source.value.items():
                    found.setdefault(name, below)
            else:
                message = "'<<' takes a mapping, or a list of mappings"
                self._report("bad-merge", message, "Merge an alias of a mapping.", source.mark, always=True)

    def _report(self, code: str, message: str, fix: str, mark: Mark, *, always: bool = False) -> None:
        if always or code not in self._reported:
            self._findings.append(mistake(code, "", message, fix, mark))
        self._reported.add(code)


def _mended(tag: str) -> str:
    """What to do about a tag; one of the user's own may be a text that begins with '!'."""
    return "Remove the tag." if tag.startswith((PREFIX, "!!")) else f"Remove the tag, or quote it: '{tag}' is text."
