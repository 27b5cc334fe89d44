"""What a plain YAML scalar means. Only forms that every reader of YAML agrees on become numbers; the rest is text."""

import re
from typing import Any

NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?\Z")
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


def plainer(text: str) -> str:
    """The clear way to write a text that looks like a number or a truth value; nothing if it does not."""
    if text.lower() in ALIKE:
        return ALIKE[text.lower()]
    for base, form in ((10, r"[-+]?[0-9][0-9_]*\Z"), (16, r"0x[0-9a-fA-F]+\Z"), (8, r"0o[0-7]+\Z")):
        if re.match(form, text) and len(text) < 18:
            return (
                str(int(text.rstrip("_").replace("__", "_"), base)) if base != 10 else text.replace("_", "").lstrip("0")
            )
    return ""
