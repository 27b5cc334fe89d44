"""Structure: what the published schema of a document refuses, said so that a person can mend it."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from bep.schemas.accepting import acceptor
from bep.schemas.finding import Finding, Severity
from bep.schemas.kind import NAMES
from bep.schemas.masking import is_secret_name
from bep.schemas.nearest import did_you_mean, either, listed, with_article
from bep.schemas.node import Node, plain
from bep.schemas.published import OTHERS, followed, schema_of
from bep.schemas.scalar import plainer

WORDED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def check(name: str, node: Node, address: str) -> tuple[Finding, ...]:
    """Everything the schema called `name` refuses in a document, with the place of each. Empty if nothing."""
    data = plain(node)
    if acceptor(name)(data):
        return ()
    return tuple(_Explaining(name, node, address).explain(_validator(name).iter_errors(data)))


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    known = [(f"{n}.schema.json", Resource.from_contents(schema_of(n))) for n in (*NAMES, *OTHERS)]
    registry: Registry[Any] = Registry().with_resources(known)
    return Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=registry)


class _Explaining:
    """One document's errors of jsonschema, in our words."""

    def __init__(self, name: str, node: Node, address: str) -> None:
        self.name = name
        self.node = node
        self.address = address

    def explain(self, errors: Any) -> Iterator[Finding]:
        for error in sorted(errors, key=lambda e: [str(step) for step in e.absolute_path]):
            yield from self._one(error)

    def _one(self, error: Any) -> Iterator[Finding]:
        path = tuple(error.absolute_path)
        if error.validator in ("anyOf", "oneOf"):
            yield from self._branches(error, path)
        elif error.validator == "additionalProperties":
            yield from self._unknown(error, path)
        else:
            explain = EXPLANATIONS.get(error.validator, _other)
            code, message, fix = explain(error, self._label(path))
            yield self._finding(code, message, fix, path)

    def _finding(self, code: str, message: str, fix: str, path: tuple[Any, ...]) -> Finding:
        return Finding(Severity.ERROR, code, self.address, message, fix, self.node.nearest(path).mark)

    def _label(self, path: tuple[Any, ...]) -> str:
        return dotted(path) or f"the {self.name}"

    def _branches(self, error: Any, path: tuple[Any, ...]) -> Iterator[Finding]:
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
            known = error.schema.get("properties", {})
            fields = [f for node in error.validator_value for f in node["required"] if not _silent(known.get(f, {}))]
            fix = f"Add {either([repr(f'{f}: ...') for f in fields])}."
            yield self._finding("missing-field", f"{self._label(path)} needs {either(fields)}", fix, path)
        else:
            types = [t for node in error.validator_value for t in _types(followed(node, self.name)[0])]
            code, message, fix = _wrong_type(error.instance, types, self._label(path))
            yield self._finding(code, message, fix, path)

    def _unknown(self, error: Any, path: tuple[Any, ...]) -> Iterator[Finding]:
        fields = error.schema.get("properties", {})
        live = [f for f, node in fields.items() if not _silent(node)]
        where = f"'{dotted(path)}'" if path else with_article(self.name)
        for key in error.instance:
            if key in fields:
                continue
            found = self.node.at((*path, key)) or self.node.nearest(path)
            fix = did_you_mean(key, fields) or f"Remove it. The fields are: {listed(live, most=30)}."
            yield Finding(
                Severity.ERROR, "unknown-field", self.address, f"'{key}' is not a field of {where}", fix, found.key_mark
            )


def dotted(path: tuple[Any, ...]) -> str:
    """A path as a person writes it: `specs[2].file`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _silent(node: Mapping[str, Any]) -> bool:
    """Whether a field is left out of lists of what there is: old spellings, and what only the service writes."""
    return bool(node.get("deprecated") or node.get("x-bep-server-filled") or node.get("x-bep-frame"))


def _is_other_form(error: Any, depth: int) -> bool:
    """Whether this error says that the whole value is of another sort than the branch wants."""
    return len(error.absolute_path) == depth and error.validator == "type"


def _types(schema: Mapping[str, Any]) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def shown(value: Any) -> str:
    """A value in a sentence: scalars as JSON has them, the rest by what it is."""
    import json

    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:56] + "...'"


def _is_secret(error: Any) -> bool:
    """Whether the refused value may be a secret: its field, or one around it, is named like one."""
    return bool(error.schema.get("x-bep-sensitive")) or any(is_secret_name(step) for step in error.absolute_path)


def _hidden(error: Any) -> str:
    """The refused value in a sentence, unless it may be a secret."""
    return "this value" if _is_secret(error) else shown(error.instance)


def _wrong_type(value: Any, types: list[str], label: str) -> tuple[str, str, str]:
    wanted = either(dict.fromkeys(WORDED[t] for t in types if t != "integer" or "number" not in types))
    is_text = "the text " if isinstance(value, str) else ""
    fix = f"Write {wanted}."
    if isinstance(value, str) and plainer(value, types):
        fix = f"Write {plainer(value, types)}."
    elif "string" in types and isinstance(value, int | float):
        fix = "Put quotes around it."
    return "wrong-type", f"{label} must be {wanted}, not {is_text}{shown(value)}", fix


def _type(error: Any, label: str) -> tuple[str, str, str]:
    types = _types(error.schema)
    if _is_secret(error) and not isinstance(error.instance, dict | list):
        fix = "Put quotes around the value, or use ${{ env.NAME }}."
        return "wrong-type", f"{label} must be {WORDED[types[0]]}", fix
    return _wrong_type(error.instance, types, label)


def _required(error: Any, label: str) -> tuple[str, str, str]:
    missing = next(f for f in error.validator_value if f not in error.instance and repr(f) in error.message)
    return "missing-field", f"{label} needs '{missing}'", f"Add '{missing}: ...'."


def _enum(error: Any, label: str) -> tuple[str, str, str]:
    spellings = error.schema.get("x-bep-spellings", {})
    allowed = [v for v in error.schema.get("enum", [error.schema.get("const")]) if v not in spellings]
    if not isinstance(error.instance, str) and isinstance(allowed[0], str):
        return _wrong_type(error.instance, ["string"], label)
    words = either([str(a) for a in allowed])
    fix = did_you_mean(str(error.instance), map(str, allowed)) or f"Write {words}."
    return "not-allowed", f"{label} cannot be {_hidden(error)}; it can be {words}", fix


def _pattern(error: Any, label: str) -> tuple[str, str, str]:
    allowed = error.schema.get("x-bep-allowed", f"what matches {error.validator_value}")
    return "bad-name", f"{label} cannot be {_hidden(error)}", f"Use {allowed}."


def _range(error: Any, label: str) -> tuple[str, str, str]:
    word = "at least" if error.validator == "minimum" else "at most"
    limit = error.validator_value
    return (
        "out-of-range",
        f"{label} must be {word} {limit}, not {shown(error.instance)}",
        f"Write {limit} or {'more' if error.validator == 'minimum' else 'less'}.",
    )


def _length(error: Any, label: str) -> tuple[str, str, str]:
    least, most = error.schema.get("minLength"), error.schema.get("maxLength")
    size = len(error.instance)
    if size == 0:
        return "bad-length", f"{label} must not be empty", "Write a value, or remove the field."
    span = f"{least} to {most}" if least and most else f"at least {least}" if least else f"at most {most}"
    return "bad-length", f"{label} must have {span} characters; {_hidden(error)} has {size}", f"Use {span} characters."


def _count(error: Any, label: str) -> tuple[str, str, str]:
    limit = error.validator_value
    fields = list(error.schema.get("properties", {}))
    if fields:
        how = "needs" if error.validator == "minProperties" else "takes only one of"
        return "missing-field", f"{label} {how} {either(fields)}", f"Write {either([f'{f}: ...' for f in fields])}."
    word = "at least" if error.validator.startswith("min") else "at most"
    return "bad-length", f"{label} must have {word} {limit}, not {len(error.instance)}", f"Give it {word} {limit}."


def _other(error: Any, label: str) -> tuple[str, str, str]:
    return "not-allowed", f"{label} is not allowed here", "See `bep schema show`."


EXPLANATIONS: Mapping[str, Any] = {
    "type": _type,
    "required": _required,
    "enum": _enum,
    "const": _enum,
    "pattern": _pattern,
    "minimum": _range,
    "maximum": _range,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _count,
    "maxItems": _count,
    "minProperties": _count,
    "maxProperties": _count,
}
