"""Salvaging: what is sound of a refused document, so that all else that is wrong in it is told in the same run."""

from collections.abc import Collection, Sequence

from bep.schemas.checking.emptiness import say_empty, take_out_empty
from bep.schemas.checking.structure import Refusal, check
from bep.schemas.findings.doubts import Doubts
from bep.schemas.findings.finding import Finding
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import Node, scalars

IDENTIFYING = ("name", "version", "endpoint_name")
"""Fields that are kept however wrong they are: others refer to a resource by them."""


def salvage(node: Node, refusals: Sequence[Refusal], unset: Collection[int] = ()) -> tuple[Doubts, set[int]]:
    """Take what was refused out of a document, in place. Returns what is in doubt then, and the ids of lost scalars.

    `unset` has the ids of scalars whose variables have no value. An item of a list becomes null, so that the
    others keep their places. What remains may lack fields, and is otherwise what the schema asks.
    """
    doubts = Doubts(path for refusal in refusals for path in refusal.about)
    gone: set[int] = set()
    for refusal in refusals:
        if refusal.offender is not None:
            gone |= _take_out(node, refusal.offender, refusal.about)
    for path, scalar in list(scalars(node)) if unset else ():
        if id(scalar) in unset:
            doubts.add(path)
            _remove(node, path)
    return doubts, gone


def checked_part(kind: str, node: Node, label: str) -> tuple[list[Finding], Doubts]:
    """Check a document that is written in another, or stands for a part of one: in place, what is empty or wrong goes.

    All that is to be said of it, warnings first, and what is in doubt then.
    """
    empty = take_out_empty(node)
    refused, warnings = say_empty(kind, empty, check(kind, node, label), label)
    doubts, _ = salvage(node, refused)
    return [*warnings, *(refusal.finding for refusal in refused)], doubts


def _take_out(root: Node, path: FieldPath, about: Sequence[FieldPath]) -> set[int]:
    found = root.at(path)
    if found is None or not path:
        return set()
    meant = next((other[-1] for other in about if other[-1] in IDENTIFYING), None)
    if meant is not None and found.text and not isinstance(found.value, dict | list):
        found.value = found.text
        if meant != path[-1]:
            _rename(root, path, str(meant))
        return set()
    _remove(root, path)
    return {id(scalar) for _, scalar in scalars(found)}


def _rename(root: Node, path: FieldPath, name: str) -> None:
    """Put what stands under a misspelt key where it was meant to stand, unless something is there."""
    around = root.nearest(path[:-1])
    around.value.setdefault(name, around.value.pop(path[-1]))


def _remove(root: Node, path: FieldPath) -> None:
    around = root.nearest(path[:-1])
    if isinstance(around.value, dict):
        around.value.pop(path[-1], None)
    elif isinstance(around.value, list):
        around.value[int(path[-1])] = around.beside(None)


def names_in(node: Node) -> set[str]:
    """Every name written anywhere in a document: of what it may declare."""
    return {scalar.text for path, scalar in scalars(node) if path and path[-1] == "name" and scalar.text}
