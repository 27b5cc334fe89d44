"""The text of a body as a value: JSON, and what the service's own samples have beside it, a comma at the end. Pure."""

import json
from typing import Any, Final

from bep.server.answers import Unanswered, must_be_characters

DIGITS: Final = 18
"""Of the largest numbers that are taken: files, databases and clocks have places for these."""


def value_of(body: bytes) -> Any:
    """The value. Raises `Unanswered` with 400 where it is none, and says where."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unanswered(400, "InvalidRequest", f"the body is no UTF-8: byte {problem.start + 1}") from None
    try:
        value = json.loads(_without_last_commas(text), parse_constant=_refuse, parse_int=_whole, parse_float=_broken)
    except RecursionError:
        raise Unanswered(400, "InvalidRequest", "the body is nested too deep") from None
    except ValueError as problem:
        raise Unanswered(400, "InvalidRequest", f"the body is no JSON: {problem}") from None
    must_be_characters(value)
    return value


def _whole(digits: str) -> int:
    if len(digits.removeprefix("-")) > DIGITS:
        raise ValueError(f"{digits[:DIGITS]}... has more than {DIGITS} digits")
    return int(digits)


def _broken(digits: str) -> float:
    found = float(digits)
    if abs(found) >= 10**DIGITS:
        raise ValueError(f"{digits[:DIGITS]} has more than {DIGITS} digits")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _without_last_commas(text: str) -> str:
    """The same text, of the same length, with a blank for each comma that only closes a list or a mapping."""
    found, comma, is_text, is_escaped = list(text), -1, False, False
    for place, sign in enumerate(text):
        if is_text:
            is_text = sign != '"' or is_escaped
            is_escaped = sign == "\\" and not is_escaped
        elif sign == ",":
            comma = -1 if comma >= 0 else place  # two in a row are a mistake, and stay one
        elif not sign.isspace():
            if sign in "]}" and comma >= 0:
                found[comma] = " "
            comma, is_text = -1, sign == '"'
    return "".join(found)
