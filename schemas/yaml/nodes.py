"""Building: parsed YAML to nodes. Counts what aliases add, and refuses what no spec needs."""

from typing import Any

from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.yaml.node import Node, Place
from bep.schemas.yaml.package import yaml
from bep.schemas.yaml.scalar import meaning

MOST_ALIASED = 100_000
TAGS = ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")
PREFIX = "tag:yaml.org,2002:"


class Building:
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
            self._report("alias-cycle", "this alias is inside what it refers to", "Write the value out.", node.mark)
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
            self.findings.append(mistake(code, "", message, fix, mark))
        self.reported.add(code)
