"""Escaping: foreign text made safe for a terminal. One function for every door that prints; knows no stream."""

import re

from bep.lazy_patterns import lazy_pattern

_UNSAFE = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"

UNSAFE = lazy_pattern(f"[{_UNSAFE}]")
"""What moves a cursor, sets a title, clears a screen or turns the direction of writing. Line breaks and tabs do not."""

_SETTING = r"(?:0?[0-47]|2[2-57-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7]|[34]8;5;\d{1,3}|[34]8;2(?:;\d{1,3}){3})"
COLOUR = rf"\x1b\[(?:{_SETTING}(?:;{_SETTING})*)?m"
"""Sequences that set colour and weight and nothing else: none that hides text (8) and none that blinks (5, 6)."""

_UNSAFE_OR_COLOUR = lazy_pattern(f"{COLOUR}|[{_UNSAFE}]")
_UNSAFE_OR_BREAK = lazy_pattern(f"[\\n\\t{_UNSAFE}]")
RESET = "\x1b[0m"


def escaped(text: str, *, colour: bool = False) -> str:
    """The text with every unsafe character spelt out: `\\x1b`, `\\r`, `\\u202e`. Line breaks and tabs stay.

    With `colour`, sequences that set colours pass and end with the text: what is printed next has its own colour.
    Characters above ASCII are spelt as JSON spells them, so that escaped JSON is the same JSON. Escaping twice is
    escaping once.
    """
    if _is_safe(text):
        return text
    text = text.replace("\r\n", "\n")
    if not colour:
        return UNSAFE.sub(spelt, text)
    shown = _UNSAFE_OR_COLOUR.sub(_spelt_unless_colour, text)
    if "\x1b" not in shown or shown.rstrip("\n").endswith((RESET, "\x1b[m")):
        return shown
    body = shown.rstrip("\n")
    return body + RESET + shown[len(body) :]


def _is_safe(text: str) -> bool:
    """Whether nothing unsafe is in it. What is unsafe cannot be printed, so most texts need no search."""
    return text.replace("\n", "").replace("\t", "").isprintable() or not UNSAFE.search(text)


def in_one_line(text: str) -> str:
    """The same, with line breaks and tabs spelt out too: the name of a file stays one line's part."""
    return text if text.isprintable() else _UNSAFE_OR_BREAK.sub(spelt, text)


def _spelt_unless_colour(found: re.Match[str]) -> str:
    return found.group() if len(found.group()) > 1 else spelt(found)


def spelt(found: re.Match[str]) -> str:
    """One unsafe character in words of ASCII: `\\x1b`, `\\n`, `\\u202e`."""
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    number = ord(found.group())
    return named.get(found.group()) or (f"\\x{number:02x}" if number < 0x7F else f"\\u{number:04x}")
