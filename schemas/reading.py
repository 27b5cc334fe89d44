"""YAML bytes to nodes: every value with its place, every trouble a finding. Knows nothing of what the values mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from bep.schemas.finding import Finding, Severity
from bep.schemas.mark import Mark
from bep.schemas.node import Node, Place
from bep.schemas.scalar import meaning

MOST_BYTES = 10 * 1024 * 1024
MOST_DEPTH = 100
MOST_ALIASED = 100_000
TAGS = ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")
PREFIX = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Written:
    """What one file holds: its text (for excerpts), one node per document that is not empty, and findings."""

    text: str
    documents: tuple[Node, ...]
    findings: tuple[Finding, ...]


class TooDeep(Exception):
    """Nesting beyond what any spec needs. Raised while parsing, before a stack can overflow."""


class _Shallow:
    """Stands in for the YAML package's resolver: tags say only whether a scalar was plain, and depth is bounded."""

    depth = 0

    def descend_resolver(self, _parent: Any, _index: Any) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise TooDeep

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, _kind: Any, _value: Any, implicit: Any) -> str:
        return "plain" if implicit is not True and implicit and implicit[0] else "quoted"


class _PureLoader(_Shallow, yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer):
    """The loader for where the YAML package has no libyaml."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)


def _fast_loader() -> Any:
    """The same loader on libyaml, or None where that is not installed."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return None

    class FastLoader(_Shallow, CParser):  # type: ignore[misc, unused-ignore]
        pass

    return FastLoader


FAST_LOADER = _fast_loader()


def read(content: bytes, file: str, *, loader: Any = None) -> Written:
    """The documents of a file. Never raises for what the bytes hold; a file with a syntax error has no documents."""
    if len(content) > MOST_BYTES:
        return _refused(
            file,
            "",
            "too-large",
            f"the file has {len(content):,} bytes; at most {MOST_BYTES:,} are read",
            "Split the file, and keep data out of specs.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before.rpartition(b"\n")[2].decode("utf-8-sig", "replace")) + 1
        mark = Mark(file, before.count(b"\n") + 1, column)
        return _refused(
            file,
            "",
            "not-utf-8",
            f"the byte 0x{content[error.start]:02x} is not UTF-8",
            "Save the file as UTF-8.",
            mark,
        )
    return read_text(text, file, loader=loader)


def read_text(text: str, file: str, *, loader: Any = None) -> Written:
    """The documents of a text, as `read` has them."""
    try:
        return _documents((loader or FAST_LOADER or _PureLoader)(text), text, file)
    except TooDeep:
        return _refused(
            file,
            text,
            "too-deep",
            f"values are nested more than {MOST_DEPTH} levels deep",
            "No spec needs this depth: look for brackets that are not closed.",
        )
    except yaml.MarkedYAMLError as error:
        return _syntax(error, text, file)
    except yaml.reader.ReaderError as error:
        return _unprintable(error, text, file)


def _documents(parser: Any, text: str, file: str) -> Written:
    findings: list[Finding] = []
    documents = []
    while parser.check_node():
        root = parser.get_node()
        node = _Building(file, findings).build(root)
        if node.value is not None:
            documents.append(node)
    return Written(text, tuple(documents), tuple(findings))


def _refused(file: str, text: str, code: str, message: str, fix: str, mark: Mark | None = None) -> Written:
    return Written(text, (), (Finding(Severity.ERROR, code, "", message, fix, mark or Mark(file, 1, 1)),))


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Written:
    place = error.problem_mark or error.context_mark
    lines = text.count("\n") + 1
    line = min(place.line + 1, lines) if place else 1
    mark = Mark(file, line, place.column + 1 if place and place.line < lines else 1)
    context = f" {error.context}" if error.context else ""
    return _refused(
        file,
        text,
        "yaml-syntax",
        f"this is not YAML: {error.problem or 'it cannot be read'}{context}",
        _hint(error, text, mark),
        mark,
    )


def _hint(error: yaml.MarkedYAMLError, text: str, mark: Mark) -> str:
    lines = text.splitlines()
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in str(error.problem):
        return "Indent with spaces: YAML does not allow tabs."
    if "mapping values" in str(error.problem):
        return "Put quotes around a value that has ': ' in it, and check the indentation of this line."
    if "alias" in str(error.problem):
        return "Define the anchor with & before it is used with *."
    return "Check indentation, quotes and brackets on this line and the one before it."


def _unprintable(error: yaml.reader.ReaderError, text: str, file: str) -> Written:
    position = error.position if isinstance(error.position, int) else 0
    before = text[:position]
    mark = Mark(file, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    return _refused(
        file,
        text,
        "yaml-syntax",
        "this is not YAML: a control character stands here",
        "Remove the character, or write it as an escape in double quotes.",
        mark,
    )


class _Building:
    """Turns one parsed document into nodes; counts what aliases add, so that no document grows without bound."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self.file = file
        self.findings = findings
        self.seen: set[int] = set()
        self.open: set[int] = set()
        self.aliased = 0
        self.reported: set[str] = set()

    def build(self, raw: Any, key: Place | None = None) -> Node:
        place = raw.start_mark
        node = Node(None, self.file, place.line + 1, place.column + 1, "", key)
        if type(raw) is yaml.ScalarNode:
            self._scalar(raw, node)
        elif self._may_open(raw, node):
            self.open.add(id(raw))
            node.value = self._mapping(raw) if type(raw) is yaml.MappingNode else [self.build(r) for r in raw.value]
            self.open.discard(id(raw))
            self._check_tag(raw, node)
        if self.aliased:
            self.aliased += 1
        return node

    def _scalar(self, raw: yaml.ScalarNode, node: Node) -> None:
        node.text = raw.value
        if raw.tag == "plain":
            node.value = meaning(raw.value)
        elif raw.tag == "quoted" or raw.tag == PREFIX + "str":
            node.value = raw.value
        else:
            self._check_tag(raw, node)
            node.value = meaning(raw.value)

    def _may_open(self, raw: Any, node: Node) -> bool:
        """Whether a mapping or list may be walked: not inside itself, and not beyond what aliases may add."""
        if id(raw) in self.open:
            self._report("alias-cycle", "this alias stands inside what it refers to", "Write the value out.", node.mark)
            return False
        if id(raw) in self.seen:
            self.aliased += 1
        self.seen.add(id(raw))
        if self.aliased > MOST_ALIASED:
            self._report(
                "alias-bomb",
                f"aliases add more than {MOST_ALIASED:,} values to this document",
                "Use fewer aliases of aliases.",
                node.mark,
            )
            return False
        return True

    def _check_tag(self, raw: Any, node: Node) -> None:
        tag = raw.tag
        if tag in ("plain", "quoted") or tag.removeprefix(PREFIX) in TAGS:
            return
        shown = "!!" + tag.removeprefix(PREFIX) if tag.startswith(PREFIX) else tag
        self._report("unknown-tag", f"the tag {shown} means nothing here", "Remove the tag.", node.mark, always=True)

    def _mapping(self, raw: yaml.MappingNode) -> dict[str, Node]:
        found: dict[str, Node] = {}
        merged: list[Any] = []
        for key, value in raw.value:
            if type(key) is not yaml.ScalarNode:
                mark = Mark(self.file, key.start_mark.line + 1, key.start_mark.column + 1)
                self._report(
                    "key-not-text",
                    "a key must be text, not a mapping or a list",
                    "Put quotes around ${{ ... }} and around keys with brackets.",
                    mark,
                    always=True,
                )
            elif key.value == "<<" and key.tag == "plain":
                merged.append(value)
            else:
                self._put(found, key, value)
        for value in merged:
            self._merge(found, value)
        return found

    def _put(self, found: dict[str, Node], key: yaml.ScalarNode, value: Any) -> None:
        place = (key.start_mark.line + 1, key.start_mark.column + 1)
        if key.value in found:
            first = found[key.value].key
            mark = Mark(self.file, *place)
            self._report(
                "duplicate-key",
                f"'{key.value}' is written twice in one mapping; first in line {first and first[0]}",
                "Keep one of the two.",
                mark,
                always=True,
            )
        found[key.value] = self.build(value, place)

    def _merge(self, found: dict[str, Node], value: Any) -> None:
        """YAML 1.1's merge key: fields that are not written here are taken from another mapping."""
        node = self.build(value)
        for source in node.value if isinstance(node.value, list) else [node]:
            if not isinstance(source.value, dict):
                self._report(
                    "bad-merge",
                    "'<<' takes a mapping, or a list of mappings",
                    "Merge an alias of a mapping.",
                    source.mark,
                    always=True,
                )
                continue
            for name, below in source.value.items():
                found.setdefault(name, below)

    def _report(self, code: str, message: str, fix: str, mark: Mark, *, always: bool = False) -> None:
        if always or code not in self.reported:
            self.findings.append(Finding(Severity.ERROR, code, "", message, fix, mark))
        self.reported.add(code)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text as YAML counts them."""
    return iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
