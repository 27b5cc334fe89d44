"""What a plain YAML scalar means. Only forms that every reader of YAML agrees on become numbers; the rest is text."""

import re
from collections.abc import Collection
from typing import Any

from bep.lazy_patterns import lazy_pattern

NUMBER = lazy_pattern(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?\Z")
NULLS = frozenset(("", "~", "null", "Null", "NULL"))
TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
STARTS = frozenset("0123456789-+")

ALIKE = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def meaning(text: str) -> Any:
    """The value of an unquoted scalar.

    yes, no, on, off, 010, 0x1F, 1_000, 12:30, 2021-08-11, .inf and numbers too long to be exact stay text:
    YAML 1.1 and 1.2 disagree on them. A field that wants a number or a truth value then says so.
    """
    if text[:1] in STARTS:
        found = NUMBER.match(text)
        if not found:
            return text
        return float(text) if found[2] or found[3] else int(text)
    if text in NULLS:
        return None
    return TRUTHS.get(text, text)


def plainer(text: str, types: Collection[str]) -> str:
    """The clear way to write a text that looks like a value of one of these JSON types; nothing if it does not."""
    if "boolean" in types and text.lower() in ALIKE:
        return ALIKE[text.lower()]
    if not {"integer", "number"} & set(types):
        return ""
    digits = text.replace("_", "")
    for base, form in ((10, r"[-+]?[0-9]{1,18}\Z"), (16, r"0x[0-9a-fA-F]{1,15}\Z"), (8, r"0o[0-7]{1,18}\Z")):
        if re.match(form, digits):
            return str(int(digits, base))
    return ""
