"""A written value as plain mappings, lists and what JSON has for the rest. Knows no format."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from types import NoneType
from typing import Any, Final

from bep.lazy_dataclasses import fields, is_dataclass

_PLAIN: Final = frozenset({str, int, float, bool, NoneType})


def dumped(value: Any, for_json: bool, without_defaults: bool = False) -> Any:
    """A field's value as it is written."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {_name(key, for_json): dumped(item, for_json, without_defaults) for key, item in value.items()}
    if kind is list or kind is tuple:
        items = [dumped(item, for_json, without_defaults) for item in value]
        return items if for_json or kind is list else tuple(items)
    if hasattr(kind, "model_dump"):
        return value.model_dump(mode="json" if for_json else "python", exclude_defaults=without_defaults)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: dumped(getattr(value, field.name), for_json, without_defaults) for field in fields(value)}
    return _as_json(value) if for_json else value


def single(value: Any) -> Any:
    """What `json.dumps` is to write of a value that JSON has not: its fields by name, or one of JSON's own types.

    Raises `TypeError` for what must not be written, a `Secret` above all.
    """
    kind = type(value)
    if hasattr(kind, "as_json_fields"):
        return value.as_json_fields()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return _as_json(value)


def _name(key: Any, for_json: bool) -> Any:
    if not for_json or type(key) is str:
        return key
    return str(key) if isinstance(key, str) else json.dumps(key)


def _as_json(value: Any) -> Any:
    """What JSON has for a single value. Raises `TypeError` for what must not be written, a `Secret` above all."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, PurePath):
        return str(value)
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return {_name(key, True): dumped(item, True) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [dumped(item, True) for item in value]
    raise TypeError(f"{type(value).__name__} is nothing that is written")
