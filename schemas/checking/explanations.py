"""Wording: what each word of JSON Schema refuses, said so that a person can mend it. Knows no document."""

from collections.abc import Callable, Mapping
from typing import Any

from bep.schemas.findings.did_you_mean import did_you_mean, either
from bep.schemas.yaml.masking import is_secret_name
from bep.schemas.yaml.scalar import plainer

WORDED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """The types a schema node allows; none when it does not say."""
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def shown(value: Any) -> str:
    """A value in a sentence: scalars as JSON has them, the rest by what it is."""
    import json

    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = f"'{value}'" if isinstance(value, str) and value.isprintable() else json.dumps(value)
    return text if len(text) <= 60 else text[:56] + "...'"


def _is_secret(error: Any) -> bool:
    """Whether the refused value may be a secret: its field, or one around it, is named like one."""
    return bool(error.schema.get("x-bep-sensitive")) or any(is_secret_name(step) for step in error.absolute_path)


def _hidden(error: Any) -> str:
    """The refused value in a sentence, unless it may be a secret."""
    return "this value" if _is_secret(error) else shown(error.instance)


def wrong_type(value: Any, types: list[str], label: str) -> tuple[str, str, str]:
    """Code, message and fix for a value that is of none of the types."""
    wanted = either(dict.fromkeys(WORDED[t] for t in types if t != "integer" or "number" not in types))
    is_text = "the text " if isinstance(value, str) else ""
    fix = f"Write {wanted}."
    if isinstance(value, str) and plainer(value, types):
        fix = f"Write {plainer(value, types)}."
    elif "string" in types and isinstance(value, int | float):
        fix = "Put quotes around it."
    return "wrong-type", f"{label} must be {wanted}, not {is_text}{shown(value)}", fix


def _type(error: Any, label: str) -> tuple[str, str, str]:
    types = types_of(error.schema)
    if _is_secret(error) and not isinstance(error.instance, dict | list):
        fix = "Put quotes around the value, or use ${{ env.NAME }}."
        return "wrong-type", f"{label} must be {WORDED[types[0]]}", fix
    return wrong_type(error.instance, types, label)


def _enum(error: Any, label: str) -> tuple[str, str, str]:
    spellings = error.schema.get("x-bep-spellings", {})
    words = error.schema.get("enum", [error.schema.get("const")])
    allowed = [word for word in words if word not in spellings] or words  # a field of 2021 may have only its own words
    if not isinstance(error.instance, str) and isinstance(allowed[0], str):
        return wrong_type(error.instance, ["string"], label)
    listed = either([str(a) for a in allowed])
    fix = did_you_mean(str(error.instance), map(str, allowed)) or f"Write {listed}."
    return "not-allowed", f"{label} cannot be {_hidden(error)}; it can be {listed}", fix


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
    of = f": {error.schema['x-bep-allowed']}" if "x-bep-allowed" in error.schema else ""
    fix = f"Use {span} characters{of}."
    return "bad-length", f"{label} must have {span} characters; {_hidden(error)} has {size}", fix


def _count(error: Any, label: str) -> tuple[str, str, str]:
    limit = error.validator_value
    fields = list(error.schema.get("properties", {}))
    if fields:
        how = "needs" if error.validator == "minProperties" else "takes only one of"
        return "missing-field", f"{label} {how} {either(fields)}", f"Write {either([f'{f}: ...' for f in fields])}."
    word = "at least" if error.validator.startswith("min") else "at most"
    return "bad-length", f"{label} must have {word} {limit}, not {len(error.instance)}", f"Give it {word} {limit}."


def other(error: Any, label: str) -> tuple[str, str, str]:
    """Code, message and fix for words of JSON Schema that have no words of ours."""
    return "not-allowed", f"{label} is not allowed here", "See the schema of it."


EXPLANATIONS: Mapping[str, Callable[[Any, str], tuple[str, str, str]]] = {
    "type": _type,
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
