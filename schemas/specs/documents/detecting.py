"""Which kind a document is of: what it says, else its shape, helped by its `$schema`; or of none.

A shape counts only if fields tell it that hardly another file has: whatever has a name would else be an endpoint, which
needs nothing more.
"""

from collections.abc import Sequence
from enum import Enum
from functools import cache, lru_cache

from bep.lazy_dataclasses import dataclass
from bep.schemas.findings.did_you_mean import did_you_mean, either, listed, nearest, with_article
from bep.schemas.findings.finding import Finding, Severity, mistake
from bep.schemas.kinds.kind import is_kind, load_kind, load_kinds
from bep.schemas.next_step import Step, step
from bep.schemas.specs.documents.schema_names import schema_kind
from bep.schemas.yaml.node import Node

NO_SPEC = "not-a-spec"
_RUN = step("run", "FILE")
_COMMON = frozenset(
    (
        *("name", "version", "description", "tags", "properties", "type", "id", "location", "stage", "identity"),
        "display_name",
    )
)
"""Fields that tell nothing: files of every sort have them."""
_FRAME = frozenset(("$schema", "x-bep", "kind"))


@cache
def _written() -> tuple[str, ...]:
    """The kinds that documents declare."""
    return tuple(name for name, kind in load_kinds().items() if not kind.written_as)


@dataclass(frozen=True, slots=True)
class _Traits:
    """What tells a kind by its shape."""

    fields: frozenset[str]
    types: frozenset[str]
    required: frozenset[str]
    alternatives: tuple[frozenset[str], ...]


@cache
def _traits(kind: str) -> _Traits:
    schema = load_kind(kind).schema
    known = schema["properties"]
    types = known.get("type", {}).get("enum", ())
    unsaid = [part["then"].get("required", ()) for part in schema.get("allOf", ()) if not part["if"].get("required")]
    required = frozenset(schema["required"]).union(*unsaid)  # by those that hold where the field is not written
    alternatives = tuple(frozenset(branch["required"]) for branch in schema.get("anyOf", ()))
    return _Traits(frozenset(known), frozenset(types), required, alternatives)


def detect(node: Node) -> tuple[str | None, tuple[Finding, ...]]:
    """The kind of a document and what is doubtful about it; None when it cannot be told, with the finding why."""
    said = node.get("kind")
    if said is not None:
        return _said(said)
    hinted = schema_kind(node.texts("$schema"))
    keys, written = frozenset(node.value), node.texts("type")
    leading = _fitting(keys, written, hinted)
    if hinted is None and (doubt := _doubt(keys, written, leading)) is not None:
        return None, (_told(doubt, node, leading),)
    if len(leading) == 1:
        return leading[0], _disagreement(node, hinted, leading[0])
    return None, (_unclear(node, leading),)


@lru_cache(maxsize=4096)
def _fitting(keys: frozenset[str], written: str, hinted: str | None) -> tuple[str, ...]:
    """The kinds that documents of this shape may be of: one, unless several fit alike and nothing hints at one."""
    scores = {kind: _score(keys - {"$schema", "x-bep"}, written, kind) for kind in _written()}
    best = max(scores.values())
    leading = tuple(kind for kind, score in scores.items() if score == best)
    if hinted and (scores[hinted][:2] == best[:2] or len(leading) > 1):
        return (hinted,)
    return leading


def has_only_a_name(node: Node) -> bool:
    """Whether a document has a name, and of all else only what files of every sort have."""
    return not node.texts("type") and "name" in node.value and node.value.keys() <= _COMMON | {"$schema"}


class Doubt(Enum):
    """Why a shape tells no kind."""

    ONLY_COMMON = 1
    HARDLY = 2
    NONE = 3


@lru_cache(maxsize=4096)
def _doubt(keys: frozenset[str], written: str, leading: tuple[str, ...]) -> Doubt | None:
    """Why this shape does not tell even that it is one of the kinds it fits best; None if it does."""
    traits = _traits(leading[0])
    told = len((keys & traits.fields) - _COMMON - _FRAME) + (written in traits.types if written else 0)
    strange = keys - traits.fields
    named = bool(nearest("name", keys, most=1))
    if told >= (1 if named else 2) and 2 * told >= len(strange):
        return None
    if not strange and "name" in keys:
        return Doubt.ONLY_COMMON
    near = sum(bool(nearest(key, traits.fields - _COMMON - _FRAME, most=1)) for key in strange)
    return Doubt.HARDLY if named and told + near and 3 * (told + near) >= len(strange) else Doubt.NONE


def _told(doubt: Doubt, node: Node, leading: Sequence[str]) -> Finding:
    fix = "Write what it is: $schema, type, or a line such as 'kind: endpoint'."
    strange = listed(sorted(node.value.keys() - _traits(leading[0]).fields))
    if doubt is Doubt.ONLY_COMMON:
        message = f"it cannot be told what this is: it has only {listed(sorted(node.value.keys() - _FRAME))}"
        return mistake("kind-unclear", "", message, fix, node.mark)
    if doubt is Doubt.HARDLY:
        message = f"it cannot be told what this is: perhaps {with_article(leading[0])}, which has no {strange}"
        fix = f"Write 'kind: {leading[0]}' if it is, and else take this file out of specs."
        return mistake("kind-unclear", "", message, fix, node.mark)
    message = f"this is not a spec: no kind of bep's has {strange}"
    return mistake(
        NO_SPEC, "", message, f"Take this file out of specs. {fix.replace('it is', 'it is, if it is one')}", node.mark
    )


def _said(said: Node) -> tuple[str | None, tuple[Finding, ...]]:
    advised: tuple[Step, ...] = ()
    if isinstance(said.value, str) and is_kind(said.value):
        instead = load_kind(said.value).written_as
        if not instead:
            return said.value, ()
        message, fix = f"{said.value} is not written by itself", f"Write {instead}."
    elif said.value in ("job", "workspace"):
        message = f"a {said.value} does not declare a resource"
        if said.value == "job":
            fix, advised = f"Use {_RUN} for a job.", (_RUN,)
        else:
            fix = "A workspace is described in bep.yml only."
    else:
        message = f"'{said.text}' is not a kind" if said.text else "kind must be text"
        fix = did_you_mean(said.text, _written()) or f"The kinds are {', '.join(_written())}."
    return None, (mistake("unknown-kind", "", message, fix, said.mark, advised),)


def _score(keys: frozenset[str], written: str, kind: str) -> tuple[int, int, int]:
    """How well a document fits a kind: its type word, its fields (known minus unknown), what the kind requires."""
    traits = _traits(kind)
    fits = 0 if not written else 1 if written in traits.types else -1
    known = len(keys & traits.fields)
    lacking = len(traits.required - keys)
    if traits.alternatives and not any(needed <= keys for needed in traits.alternatives):
        lacking += 1
    return fits, 2 * known - len(keys), -lacking


def _disagreement(node: Node, hinted: str | None, kind: str) -> tuple[Finding, ...]:
    if hinted in (None, kind):
        return ()
    mark = node.value["$schema"].mark
    return (
        Finding(
            Severity.WARNING,
            "schema-disagrees",
            "",
            f"$schema says {hinted}, but the fields are those of {with_article(kind)}",
            f"bep takes it as {with_article(kind)}. Correct or remove $schema.",
            mark,
        ),
    )


def _unclear(node: Node, leading: Sequence[str]) -> Finding:
    among = either(leading) if len(leading) < len(_written()) else "any kind"
    fix = f"Add a line such as 'kind: {leading[0]}'."
    return mistake("kind-unclear", "", f"this could be {among}", fix, node.mark)
