"""A quick yes: closures made from a schema that say 'surely valid' in microseconds. A no means: ask jsonschema."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from bep.lazy_patterns import lazy_pattern
from bep.schemas.kinds.published import in_python, pointed, schema_of

Accept = Callable[[Any], bool]

ANNOTATIONS = frozenset(
    ("$schema", "$id", "$defs", "title", "description", "default", "deprecated", "examples", "readOnly")
)
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
OBJECT_WORDS = ("properties", "additionalProperties", "required", "propertyNames", "minProperties", "maxProperties")


@cache
def acceptor(name: str) -> Accept:
    """The quick check of the schema called `name`. What it accepts, jsonschema accepts; the reverse need not hold."""
    return accept_of(schema_of(name), name)


def accept_of(schema: Any, name: str = "") -> Accept:
    """The quick check of one schema node that stands in the schema `name`."""
    if isinstance(schema, bool):
        return lambda _value: schema
    checks = [_object(schema, name)] if any(word in schema for word in OBJECT_WORDS) else []
    if checks and schema.get("type") != "object":  # these words say nothing of what is no mapping
        mapping = checks.pop()
        checks.append(lambda value: type(value) is not dict or mapping(value))
    for word, operand in schema.items():
        if word in ANNOTATIONS or word in OBJECT_WORDS or word in ("then", "else") or word.startswith("x-bep-"):
            continue
        if word == "type" and operand == "object" and checks:
            continue
        build = WORDS.get(word)
        checks.append(build(operand, schema, name) if build else _never)
    return _all(checks)


def _never(_value: Any) -> bool:
    return False


def _all(checks: list[Accept]) -> Accept:
    if not checks:
        return lambda _value: True
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:
        first, second = checks
        return lambda value: first(value) and second(value)
    return lambda value: all(check(value) for check in checks)


def _ref(operand: str, _schema: Any, name: str) -> Accept:
    node, where = pointed(operand, name)
    return accept_of(node, where)


def _type(operand: Any, _schema: Any, _name: str) -> Accept:
    names = [operand] if isinstance(operand, str) else operand
    allowed = frozenset(kind for n in names for kind in TYPES[n])
    return lambda value: type(value) in allowed


def _enum(operand: list[Any], _schema: Any, _name: str) -> Accept:
    """Text and whole numbers only, by exact type: to jsonschema 1 and 1.0 are the same and 1 and true are not."""
    allowed = frozenset((type(v), v) for v in operand if isinstance(v, str | int))
    return lambda value: type(value) in (str, int, bool) and (type(value), value) in allowed


def _pattern(operand: str, _schema: Any, _name: str) -> Accept:
    pattern = lazy_pattern(in_python(operand))
    return lambda value: type(value) is not str or pattern.search(value) is not None


def _items(operand: Any, _schema: Any, name: str) -> Accept:
    item = accept_of(operand, name)
    return lambda value: type(value) is not list or all(item(v) for v in value)


def _any_of(operand: list[Any], _schema: Any, name: str) -> Accept:
    branches = [accept_of(node, name) for node in operand]
    return lambda value: any(branch(value) for branch in branches)


def _all_of(operand: list[Any], _schema: Any, name: str) -> Accept:
    return _all([accept_of(node, name) for node in operand])


def _if(operand: Any, schema: Any, name: str) -> Accept:
    """Only `if` a field is one of some texts; anything else is never surely valid."""
    fields = operand.get("properties", {})
    if len(fields) != 1 or set(operand) - {"properties", "required"} or "else" in schema:
        return _never
    [(field, node)] = fields.items()
    allowed = node.get("enum", [node.get("const")]) if isinstance(node, Mapping) else [None]
    if not all(isinstance(text, str) for text in allowed) or set(node) - {"enum", "const"}:
        return _never
    texts = frozenset(allowed)
    then = accept_of(schema["then"], name)
    absent_holds = field not in operand.get("required", ())

    def check(value: Any) -> bool:
        if type(value) is not dict:
            return False
        found = value.get(field)
        holds = (type(found) is str and found in texts) if field in value else absent_holds
        return not holds or then(value)

    return check


def _object(schema: Mapping[str, Any], name: str) -> Accept:
    properties = {key: accept_of(node, name) for key, node in schema.get("properties", {}).items()}
    required = tuple(schema.get("required", ()))
    extra = accept_of(schema.get("additionalProperties", True), name)
    names = accept_of(schema["propertyNames"], name) if "propertyNames" in schema else None
    least, most = schema.get("minProperties", 0), schema.get("maxProperties", float("inf"))

    def check(value: Any) -> bool:
        if type(value) is not dict or not least <= len(value) <= most:
            return False
        for key in required:
            if key not in value:
                return False
        for key, below in value.items():
            accept = properties.get(key, extra)
            if not accept(below) or (names and not names(key)):
                return False
        return True

    return check


WORDS: Mapping[str, Callable[[Any, Any, str], Accept]] = {
    "$ref": _ref,
    "type": _type,
    "enum": _enum,
    "const": lambda operand, schema, name: _enum([operand], schema, name),
    "pattern": _pattern,
    "items": _items,
    "anyOf": _any_of,
    "allOf": _all_of,
    "if": _if,
    "minimum": lambda least, _s, _n: lambda value: type(value) not in (int, float) or value >= least,
    "maximum": lambda most, _s, _n: lambda value: type(value) not in (int, float) or value <= most,
    "minLength": lambda least, _s, _n: lambda value: type(value) is not str or len(value) >= least,
    "maxLength": lambda most, _s, _n: lambda value: type(value) is not str or len(value) <= most,
    "minItems": lambda least, _s, _n: lambda value: type(value) is not list or len(value) >= least,
    "maxItems": lambda most, _s, _n: lambda value: type(value) is not list or len(value) <= most,
}
