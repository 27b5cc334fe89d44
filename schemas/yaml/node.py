"""Node: a value a user wrote, with its place; data that can still say where it came from. Knows no schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath

Place = tuple[int, int]


class Node:
    """One value: a scalar, a mapping of nodes or a list of nodes.

    `text` is the scalar as written, before it became a number or a truth value. `key` is the
    line and column of the key it stands under, if it stands under one. A node belongs to one
    document, so whoever makes a document canonical may move it.
    """

    __slots__ = ("column", "file", "key", "line", "text", "value")

    def __init__(self, value: Any, file: str, line: int, column: int, text: str = "", key: Place | None = None) -> None:
        self.value = value
        self.file = file
        self.line = line
        self.column = column
        self.text = text
        self.key = key

    @property
    def mark(self) -> Mark:
        """Where the value starts."""
        return Mark(self.file, self.line, self.column)

    @property
    def key_mark(self) -> Mark:
        """Where the key starts, or the value if there is no key."""
        return Mark(self.file, *self.key) if self.key else self.mark

    def get(self, name: str) -> "Node | None":
        """The field of a mapping; None if it is absent or this is no mapping."""
        return self.value.get(name) if type(self.value) is dict else None

    def texts(self, name: str) -> str:
        """The text of a scalar field as it was written, or nothing."""
        found = self.get(name)
        return found.text if found is not None and not isinstance(found.value, dict | list) else ""

    def at(self, path: FieldPath) -> "Node | None":
        """The node at a path below this one."""
        node: Node | None = self
        for step in path:
            if node is None or not isinstance(node.value, dict | list):
                return None
            node = node.item(step)
        return node

    def item(self, step: str | int) -> "Node | None":
        """The field or item one step down."""
        if isinstance(self.value, dict):
            return self.value.get(step)
        if isinstance(step, int) and 0 <= step < len(self.value):
            found: Node = self.value[step]
            return found
        return None

    def nearest(self, path: FieldPath) -> "Node":
        """The node at the path, or the deepest one on the way to it: where a missing field should have been."""
        node = self
        for step in path:
            below = node.item(step) if isinstance(node.value, dict | list) else None
            if below is None:
                return node
            node = below
        return node

    def with_value(self, value: Any, text: str = "") -> "Node":
        """Another value at the same place, under the same key."""
        return Node(value, self.file, self.line, self.column, text, self.key)

    def copied(self) -> "Node":
        """The node and all below it, each with its own place: whoever makes a document canonical may move them."""
        if type(self.value) is dict:
            return self.with_value({name: below.copied() for name, below in self.value.items()})
        if type(self.value) is list:
            return self.with_value([below.copied() for below in self.value])
        return self.with_value(self.value, self.text)

    def beside(self, value: Any, text: str = "") -> "Node":
        """A new value that has this node's place: something derived from what stands here."""
        return Node(
            value, self.file, self.line, self.column, text or (value if isinstance(value, str) else ""), self.key
        )


def plain(node: Node) -> Any:
    """The JSON value of a node, without marks. Fields that hold null are left out: null means not written."""
    value = node.value
    if type(value) is dict:
        return {name: plain(below) for name, below in value.items() if below.value is not None}
    if type(value) is list:
        return [plain(below) for below in value]
    return value


def faithful(node: Node) -> Any:
    """The JSON value of a node in which a decimal number keeps its text, so that 3.10 stays 3.10."""
    value = node.value
    if type(value) is dict:
        return {name: faithful(below) for name, below in value.items() if below.value is not None}
    if type(value) is list:
        return [faithful(below) for below in value]
    return node.text if type(value) is float else value


def scalars(node: Node, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Node]]:
    """Every scalar below a node, with its path."""
    if type(node.value) is dict:
        for name, below in node.value.items():
            yield from scalars(below, (*path, name))
    elif type(node.value) is list:
        for index, below in enumerate(node.value):
            yield from scalars(below, (*path, index))
    else:
        yield path, node


def words(node: Node) -> tuple[set[str], list[str]]:
    """Every name of a field and every text below a node, without their places."""
    names: set[str] = set()
    texts: list[str] = []
    left = [node]
    while left:
        value = left.pop().value
        kind = type(value)
        if kind is dict:
            names.update(value)
            left += value.values()
        elif kind is list:
            left += value
        elif isinstance(value, str):
            texts.append(value)
    return names, texts


def nodes(node: Node, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Node]]:
    """A node and every one below, with its path."""
    yield path, node
    if type(node.value) is dict:
        for name, below in node.value.items():
            yield from nodes(below, (*path, name))
    elif type(node.value) is list:
        for index, below in enumerate(node.value):
            yield from nodes(below, (*path, index))


class Marks(Mapping[FieldPath, Mark]):
    """Where every field of a resource was written. Looks it up when asked, so that it costs nothing until then."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    def __getitem__(self, path: FieldPath) -> Mark:
        found = self._node.at(path)
        if found is None:
            raise KeyError(path)
        return found.mark

    def __iter__(self) -> Iterator[FieldPath]:
        return (path for path, _ in nodes(self._node))

    def __len__(self) -> int:
        return sum(1 for _ in self)
