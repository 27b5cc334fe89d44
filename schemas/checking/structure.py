"""Structure: what the published schema of a document refuses, with the place of each. `wording` has the words."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.schemas.checking.explanations import EXPLANATIONS, other, types_of, wrong_type
from bep.schemas.checking.fast_path import acceptor
from bep.schemas.findings.did_you_mean import either, listed, meant_by, nearest, with_article
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.kinds.kind import kind_names
from bep.schemas.kinds.published import OTHERS, followed, in_python, schema_of
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import Node, plain


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing the schema refuses. `offender` is the path of the value or unknown key that is wrong; None when
    something is missing. `about` are the fields it speaks of, so that nothing more need be said of them.
    """

    finding: Finding
    offender: FieldPath | None
    about: tuple[FieldPath, ...]


def check(name: str, node: Node, address: str) -> tuple[Refusal, ...]:
    """Everything the schema called `name` refuses in a document. Empty if nothing.

    A missing field is not told where a misspelling of it was just found beside; nor of a name that is too short that it
    has not the form, which says how long a name is, too.
    """
    data = plain(node)
    if acceptor(name)(data):
        return ()
    refusals = list(_Explaining(name, node, address).explain(_validator(name).iter_errors(data)))
    guessed = {path for r in refusals if r.offender is not None for path in r.about if path != r.offender}
    short = {r.offender for r in refusals if r.finding.code == "bad-length"}
    told = (r for r in refusals if r.finding.code != "bad-name" or r.offender not in short)
    return tuple(r for r in told if r.offender is not None or guessed.isdisjoint(r.about))


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    every = [(n, _for_python(schema_of(n))) for n in (*kind_names(), *OTHERS)]
    known = [(f"{n}.schema.json", Resource.from_contents(schema)) for n, schema in every]
    registry: Registry[Any] = Registry().with_resources(known)
    return Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=registry)


def _for_python(node: Any) -> Any:
    """A schema whose patterns `re` reads as they are meant."""
    if isinstance(node, Mapping):
        return {
            word: in_python(below) if word == "pattern" and isinstance(below, str) else _for_python(below)
            for word, below in node.items()
        }
    return [_for_python(below) for below in node] if isinstance(node, list) else node


class _Explaining:
    """One document's errors of jsonschema, in our words."""

    def __init__(self, name: str, node: Node, address: str) -> None:
        self.name = name
        self.node = node
        self.address = address

    def explain(self, errors: Any) -> Iterator[Refusal]:
        for error in sorted(errors, key=lambda e: [str(step) for step in e.absolute_path]):
            yield from self._one(error)

    def _one(self, error: Any) -> Iterator[Refusal]:
        path = tuple(error.absolute_path)
        if "propertyNames" in error.relative_schema_path:
            yield self._misnamed(error, path)
        elif error.validator in ("anyOf", "oneOf"):
            yield from self._branches(error, path)
        elif error.validator == "additionalProperties":
            yield from self._unknown(error, path)
        elif error.validator == "required":
            yield self._missing(error, path)
        else:
            explain = EXPLANATIONS.get(error.validator, other)
            yield self._wrong(explain(error, self._label(path)), path)

    def _wrong(self, words: tuple[str, str, str], path: FieldPath) -> Refusal:
        return Refusal(self._finding(words, path), path, (path,))

    def _finding(self, words: tuple[str, str, str], path: FieldPath) -> Finding:
        code, message, fix = words
        return mistake(code, self.address, message, fix, self.node.nearest(path).mark)

    def _label(self, path: FieldPath) -> str:
        return dotted(path) or f"the {self.name}"

    def _misnamed(self, error: Any, path: FieldPath) -> Refusal:
        """A key that may be free to choose, but not like this."""
        path = (*path, error.instance)
        code, message, fix = EXPLANATIONS.get(error.validator, other)(error, f"a name in {dotted(path[:-1])}")
        mark = (self.node.at(path) or self.node).key_mark
        return Refusal(mistake(code, self.address, message, fix, mark), path, (path,))

    def _missing(self, error: Any, path: FieldPath) -> Refusal:
        missing = next(f for f in error.validator_value if f not in error.instance and repr(f) in error.message)
        words = "missing-field", f"{self._label(path)} needs '{missing}'", f"Add '{missing}: ...'."
        return Refusal(self._finding(words, path), None, ((*path, missing),))

    def _branches(self, error: Any, path: FieldPath) -> Iterator[Refusal]:
        """Of several allowed forms, the errors of the one that was meant; else what all of them are."""
        by_branch: dict[int, list[Any]] = {}
        for below in error.context:
            by_branch.setdefault(below.relative_schema_path[0], []).append(below)
        depth = len(error.absolute_path)
        meant = [e for e in by_branch.values() if not any(_is_other_form(b, depth) for b in e)]
        if len(meant) == 1:
            for below in meant[0]:
                yield from self._one(below)
        elif all(b.validator == "required" for b in error.context):
            yield self._none_of(error, path)
        else:
            types = [t for node in error.validator_value for t in types_of(followed(node, self.name)[0])]
            yield self._wrong(wrong_type(error.instance, types, self._label(path)), path)

    def _none_of(self, error: Any, path: FieldPath) -> Refusal:
        """Fields of which one must be there, and none is."""
        known = error.schema.get("properties", {})
        every = [field for node in error.validator_value for field in node["required"]]
        fields = [field for field in every if not _silent(known.get(field, {}))]
        fix = f"Add {either([repr(f'{f}: ...') for f in fields])}."
        words = "missing-field", f"{self._label(path)} needs {either(fields)}", fix
        return Refusal(self._finding(words, path), None, tuple((*path, field) for field in every))

    def _unknown(self, error: Any, path: FieldPath) -> Iterator[Refusal]:
        fields = error.schema.get("properties", {})
        live = [f for f, node in fields.items() if not _silent(node)]
        where = f"'{dotted(path)}'" if path else with_article(self.name)
        for key in error.instance:
            if key in fields:
                continue
            found = self.node.at((*path, key)) or self.node.nearest(path)
            near = nearest(key, live, most=2) or nearest(key, fields, most=2)
            fix = meant_by(near) or f"Remove it. The fields are: {listed(live, most=30)}."
            message = f"'{key}' is not a field of {where}"
            finding = mistake("unknown-field", self.address, message, fix, found.key_mark)
            yield Refusal(finding, (*path, key), tuple((*path, name) for name in (key, *near)))


def dotted(path: FieldPath) -> str:
    """A path as a person writes it: `specs[2].file`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _silent(node: Mapping[str, Any]) -> bool:
    """Whether a field is left out of lists of what there is: old spellings, and what only the service writes."""
    return bool(node.get("deprecated") or node.get("x-bep-server-filled") or node.get("x-bep-frame"))


def _is_other_form(error: Any, depth: int) -> bool:
    """Whether this error says that the whole value is of another sort than the branch wants."""
    return len(error.absolute_path) == depth and error.validator == "type"
