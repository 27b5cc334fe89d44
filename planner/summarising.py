"""The one line that says what a change is about, from its kind's own template. Knows no layout."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bep.lazy_patterns import lazy_pattern
from bep.planner.canonical import canonical
from bep.planner.fields import ABSENT, dotted, value_at
from bep.planner.plan import FieldDiff
from bep.planner.traffic import split_of
from bep.schemas.kinds.kind import Kind
from bep.schemas.secrets.secret import SEALED, is_sealed

SENSITIVE = "(sensitive)"
FIELD = lazy_pattern(r"\{([^{}]+)\}")
LONGEST = 60


def summary_of(kind: Kind, attributes: Mapping[str, Any] | None) -> str:
    """The kind's summary line, filled in. A field that is absent leaves nothing behind."""
    if kind.shift:
        return ", ".join(f"{name} {share}" for name, share in sorted(split_of(attributes).items()))
    template = kind.summary_by_type.get(str((attributes or {}).get("type")), kind.summary)
    filled = FIELD.sub(lambda found: _filled(kind, attributes or {}, found.group(1)), template)
    return re.sub(r"(, )+", ", ", re.sub(r" +", " ", filled)).strip(" ,")


def _filled(kind: Kind, attributes: Mapping[str, Any], name: str) -> str:
    path = tuple(name.split("."))
    value = value_at(attributes, path)
    if value is ABSENT:
        return ""
    if path in kind.references and isinstance(value, str):
        return value.partition("/")[2]
    return shown(value)


def shown(value: Any) -> str:
    """A value in a few characters: strings bare, secrets hidden, contents by the start of their digest."""
    if isinstance(value, str):
        return shortened(value)
    if is_sealed(value):
        return SENSITIVE
    if isinstance(value, Mapping) and "sha256" in value:
        digest = f"sha256:{str(value['sha256'])[:12]}"
        return f"{shortened(str(value['local']))} ({digest})" if "local" in value else digest
    return shortened(canonical(masked(value)))


def told(value: Any) -> str:
    """A value within a sentence: as `shown`, a text that is more than one word between quotation marks."""
    bare = isinstance(value, str) and value and not any(map(str.isspace, value))
    return f'"{shortened(value)}"' if isinstance(value, str) and not bare else shown(value)


def masked(value: Any) -> Any:
    """The value with `(sensitive)` wherever something sealed stands in it."""
    if is_sealed(value):
        return SENSITIVE
    if isinstance(value, Mapping):
        return {name: masked(item) for name, item in value.items() if name != SEALED}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def shortened(text: str) -> str:
    """At most 60 characters, of one line."""
    text = text.replace("\r", "").replace("\n", "\\n")
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def diffs_summary(diffs: Sequence[FieldDiff]) -> str:
    """The first two fields of an update, and how many more."""
    parts = [_one(diff) for diff in diffs[:2]]
    if len(diffs) > 2:
        parts.append(f"and {len(diffs) - 2} more")
    return ", ".join(parts)


def _one(diff: FieldDiff) -> str:
    name = dotted(diff.path)
    if any(is_sealed(value) for value in (diff.before, diff.after)) or diff.files:
        return f"{name} changed"
    old, new = (_side(value, diff.default) for value in (diff.before, diff.after))
    return f"{name} {old} -> {new}"


def _side(value: Any, default: Any) -> str:
    if value is None:
        return "(none)" if default is None else told(default)
    return told(value)
