"""Fields: paths into a resource's attributes, and what its kind says of them. Knows no change."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bep.schemas.kinds.kind import Kind
from bep.schemas.resource import FieldPath


class Absent:
    """The type of `ABSENT`: no value at all, which is not the same as null."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent()


def dotted(path: FieldPath) -> str:
    """A path as people write it: `settings.mini_batch_size`."""
    return ".".join(map(str, path))


def value_at(attributes: Any, path: FieldPath) -> Any:
    """What stands at the path, or `ABSENT`."""
    for part in path:
        if not isinstance(attributes, Mapping) or part not in attributes:
            return ABSENT
        attributes = attributes[part]
    return attributes


def with_value(attributes: Mapping[str, Any], path: FieldPath, value: Any) -> dict[str, Any]:
    """The attributes with this value at the path, or without it for `ABSENT`. The original is not touched."""
    whole = dict(attributes)
    here = whole
    for part in path[:-1]:
        inner = here.get(str(part))
        here[str(part)] = dict(inner) if isinstance(inner, Mapping) else {}
        here = here[str(part)]
    if value is ABSENT:
        here.pop(str(path[-1]), None)
    else:
        here[str(path[-1])] = value
    return whole


def matches(path: FieldPath, patterns: Iterable[FieldPath]) -> bool:
    """Whether a pattern names exactly this path; a `*` in it stands for any one part."""
    return any(len(path) == len(pattern) and covers(pattern, path) for pattern in patterns)


def within(path: FieldPath, patterns: Iterable[FieldPath]) -> bool:
    """Whether a pattern names this path or something it stands in."""
    return any(covers(pattern, path) for pattern in patterns)


def covers(pattern: FieldPath, path: FieldPath) -> bool:
    """Whether the path begins as the pattern says."""
    return len(pattern) <= len(path) and all(
        wanted in ("*", found) for wanted, found in zip(pattern, path, strict=False)
    )


def default_at(kind: Kind, path: FieldPath) -> Any:
    """What the kind's schema says an absent value stands for, or None."""
    node: Any = kind.schema
    for part in path:
        inner = node.get("properties", {}).get(part, node.get("additionalProperties"))
        if not isinstance(inner, Mapping):
            return None
        node = inner
    return node.get("default")
