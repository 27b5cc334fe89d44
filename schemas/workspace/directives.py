"""What bep.yml says of single resources: imports, moved, removed. Knows what is declared, no world and no state."""

from collections.abc import Collection, Iterator, Sequence

from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.kinds.kind import is_kind, kind_names, load_kind
from bep.schemas.mark import Mark
from bep.schemas.next_step import step
from bep.schemas.yaml.node import Node


@dataclass(frozen=True, slots=True)
class Import:
    """An object that exists is to be taken into state."""

    address: Address
    mark: Mark


@dataclass(frozen=True, slots=True)
class Moved:
    """An object was renamed outside bep: the second takes the place of the first in state."""

    source: Address
    target: Address
    source_mark: Mark
    target_mark: Mark


@dataclass(frozen=True, slots=True)
class Removed:
    """A resource is no longer declared; unless `destroy`, its object stays and state forgets it."""

    address: Address
    destroy: bool
    mark: Mark


@dataclass(frozen=True, slots=True)
class Directives:
    """All of them, in the order they were written. They stay harmless once they have been carried out."""

    imports: tuple[Import, ...] = ()
    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()


NO_DIRECTIVES = Directives()


def read_directives(root: Node) -> Directives:
    """The directives of a bep.yml, without those whose shape is wrong."""
    return Directives(
        tuple(Import(Address(node.text), node.mark) for node in items(root, "imports")),
        tuple(_moved(node) for node in items(root, "moved", "from", "to")),
        tuple(_removed(node) for node in items(root, "removed", "address")),
    )


def items(root: Node, name: str, *needed: str) -> Sequence[Node]:
    """The items of a list that have every needed field."""
    found = root.get(name)
    items = found.value if found is not None and isinstance(found.value, list) else ()
    return [item for item in items if item.value is not None and all(item.get(field) for field in needed)]


def _moved(node: Node) -> Moved:
    source, target = node.nearest(("from",)), node.nearest(("to",))
    return Moved(Address(source.text), Address(target.text), source.mark, target.mark)


def _removed(node: Node) -> Removed:
    destroy = node.get("destroy")
    address = node.nearest(("address",))
    return Removed(Address(address.text), destroy is None or destroy.value is not False, address.mark)


def check_directives(directives: Directives, declared: Collection[Address]) -> list[Finding]:
    """Everything that contradicts the specs: imports of nothing, removals of what is still declared."""
    return [*_imports(directives, declared), *_moves(directives, declared), *_removals(directives, declared)]


def _imports(directives: Directives, declared: Collection[Address]) -> Iterator[Finding]:
    for wish in directives.imports:
        yield from _strange(wish.address, wish.mark) or _undeclared(wish.address, wish.mark, declared, "imported")


def _moves(directives: Directives, declared: Collection[Address]) -> Iterator[Finding]:
    for move in directives.moved:
        strange = [*_strange(move.source, move.source_mark), *_strange(move.target, move.target_mark)]
        if strange:
            yield from strange
            continue
        if kind_of(move.source) != kind_of(move.target):
            message = f"{move.source} and {move.target} are not of one kind"
            yield mistake("moved-to-other-kind", move.source, message, "Move within a kind.", move.target_mark)
            continue
        if move.source in declared:
            message = "it is moved, but a spec still declares it"
            yield mistake("moved-but-declared", move.source, message, "Rename it in the spec.", move.source_mark)
        yield from _undeclared(move.target, move.target_mark, declared, "moved to")


def _removals(directives: Directives, declared: Collection[Address]) -> Iterator[Finding]:
    for removed in directives.removed:
        strange = _strange(removed.address, removed.mark)
        yield from strange
        if not strange and removed.address in declared:
            message = "it is removed, but a spec still declares it"
            fix = "Take it out of the specs, or out of removed."
            yield mistake("removed-but-declared", removed.address, message, fix, removed.mark)


def _undeclared(address: Address, mark: Mark, declared: Collection[Address], what: str) -> list[Finding]:
    if address in declared:
        return []
    near, take_over = did_you_mean(address, declared), step("import", address)
    fix = near or f"Declare it; without this line, {take_over} writes the YAML of what exists."
    message = f"it is to be {what}, but no spec declares it"
    return [mistake("import-undeclared", address, message, fix, mark, () if near else (take_over,))]


def _strange(address: Address, mark: Mark) -> list[Finding]:
    kind = kind_of(address)
    if not is_kind(kind):
        fix = did_you_mean(kind, kind_names()) or f"Begin with a kind: {', '.join(kind_names())}."
        return [
            mistake("address-invalid", address, f"'{address}' is not an address: no kind is called '{kind}'", fix, mark)
        ]
    identity = load_kind(kind).identity
    names = names_of(address)
    if len(names) != len(identity) or not all(names):
        form = "/".join((kind, *(name.upper() for name in identity)))
        return [
            mistake("address-invalid", address, f"'{address}' is not the address of a {kind}", f"Write {form}.", mark)
        ]
    return []
