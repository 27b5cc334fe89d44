"""Emptiness: fields with nothing after the colon. A null is no value, and not the absence of one. Knows no file."""

from collections.abc import Iterator, Mapping, Sequence

from bep.lazy_dataclasses import replace
from bep.schemas.checking.structure import Refusal, dotted
from bep.schemas.findings.finding import Finding, mistake, warning
from bep.schemas.kinds.kind import is_kind, load_kind
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import Node

Empty = Mapping[FieldPath, Mark]
"""The fields of a document that are empty, and where their keys stand."""


def take_out_empty(root: Node) -> Empty:
    """Remove every field that holds null, in place: from here on a field that is there has a value.

    Items of lists stay, whose places count; a list of nulls is for the schema to refuse. Conda files are looked through
    where they are checked: no schema of ours has their inside.
    """
    return dict(_taken(root, ())) if _has_empty(root) else {}


def _has_empty(root: Node) -> bool:
    """Whether any value is null, wherever it stands: hardly a document has one, and so need not be walked by paths."""
    left = [root]
    while left:
        value = left.pop().value
        for below in value.values() if type(value) is dict else value if type(value) is list else ():
            if below.value is None:
                return True
            if type(below.value) is dict or type(below.value) is list:
                left.append(below)
    return False


def _taken(node: Node, path: FieldPath) -> Iterator[tuple[FieldPath, Mark]]:
    if type(node.value) is dict:
        for name, below in list(node.value.items()):
            if below.value is None:
                del node.value[name]
                yield (*path, name), below.key_mark
            elif name != "conda_file":
                yield from _taken(below, (*path, name))
    elif type(node.value) is list:
        for index, below in enumerate(node.value):
            yield from _taken(below, (*path, index))


def say_empty(
    name: str, empty: Empty, refused: Sequence[Refusal], address: str
) -> tuple[tuple[Refusal, ...], tuple[Finding, ...]]:
    """What the schema called `name` refuses, now naming what is empty of it; and a warning for every other empty field.

    An empty field that identifies a resource is refused as well, where an absent one would be filled in.
    """
    if not empty:
        return tuple(refused), ()
    told = [_placed(refusal, empty) for refusal in refused]
    missing = {path for refusal in told if refusal.offender is None for path in refusal.about}
    refused_whole = [refusal.offender for refusal in told if refusal.offender is not None]
    warnings = []
    for path, mark in empty.items():
        if path in missing or any(path[: len(whole)] == whole for whole in refused_whole):
            continue
        if _identifies(name, path):
            fix = "Write a value, or remove the line."
            message = f"'{dotted(path)}' is empty: it is part of what names this"
            told.append(Refusal(mistake("missing-field", address, message, fix, mark), None, (path,)))
        else:
            warnings.append(empty_field(path, mark, address))
    return tuple(told), tuple(warnings)


def empty_field(path: FieldPath, mark: Mark, address: str) -> Finding:
    """The warning for a field that is empty and needs not be there."""
    message = f"'{dotted(path)}' is empty: the default applies, if there is one"
    return warning("empty-field", address, message, "Write a value, or remove the line.", mark)


def _placed(refusal: Refusal, empty: Empty) -> Refusal:
    """A refusal of a missing field, at the field's own place if it is there and empty."""
    path = next((path for path in refusal.about if path in empty), None) if refusal.offender is None else None
    if path is None:
        return refusal
    message = f"{refusal.finding.message}; '{path[-1]}' is empty"
    return replace(refusal, finding=replace(refusal.finding, message=message, mark=empty[path]))


def _identifies(name: str, path: FieldPath) -> bool:
    """Whether a field is part of the address of the resource that it is written in, which may be an inline one."""
    if not is_kind(name):
        return False
    if name == "endpoint" and path[0] == "deployments" and len(path) > 2:
        return _identifies("deployment", path[2:])
    kind = load_kind(name)
    if len(path) == 2 and path[:1] in kind.references:
        return _identifies(kind.references[path[:1]], path[1:])
    return len(path) == 1 and path[0] in kind.identity
