"""What is not YAML: where its cause stands, and how to mend it. Reads no file; knows no schema.

A parser stops where it cannot go on. A quote or bracket that is not closed swallows what follows, so that the cause may
stand far above: it is told where it opens.
"""

from collections.abc import Callable
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.schemas.yaml.lines import indent_of, lines_of
from bep.schemas.yaml.package import yaml

_BRACKETS = {"[": "]", "{": "}"}
_QUOTES = ('"', "'")
_AT_THE_END = ("end of stream", "<stream end>", "document separator", "document indicator", "<document start>")
_OTHER_INDENT = (
    "but found '<block mapping start>'",
    "but found '<block sequence start>'",
    "but found '-'",
    "but found '?'",
    "did not find expected key",
    "did not find expected '-' indicator",
)
"""The last two are libyaml's words."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, from the line and column on (counted from 0), and how to mend it."""

    message: str
    fix: str
    line: int
    column: int


def explained(error: Any, text: str, tokens: Callable[[], Any] | None) -> Trouble:
    """What a parser's error means. `tokens` gives the text's tokens, one a call; None where that would take long."""
    lines = lines_of(text)
    swallowed = tokens and _swallowed(error, lines, tokens)
    return _unclosed(error, lines) or swallowed or _indented(error, lines) or _as_told(error, text)


def _unclosed(error: Any, lines: list[str]) -> Trouble | None:
    """A quote or a bracket without its end."""
    opening, place = error.context_mark, error.problem_mark
    sign = _at(lines, opening)
    if place is None or not sign:
        return None
    if sign in _QUOTES and "quoted scalar" in error.context and _is_at_the_end(error, lines):
        fix = f"Close it with {sign}. A {sign} inside is written {_inside(sign)}."
        return Trouble("this is not YAML: the quote that opens here is not closed", fix, opening.line, opening.column)
    if sign in _BRACKETS and "flow" in error.context and (_is_at_the_end(error, lines) or _is_outside(error, lines)):
        message = f"this is not YAML: the {sign} that opens here is not closed"
        fix = f"Close it with {_BRACKETS[sign]}, or put quotes around a text that has {sign} in it."
        return Trouble(message, fix, opening.line, opening.column)
    return None


def _is_at_the_end(error: Any, lines: list[str]) -> bool:
    """Whether the parser came to the end of the document without finding what it looked for."""
    place = error.problem_mark
    rest = lines[place.line][place.column :] + "".join(lines[place.line + 1 :]) if place.line < len(lines) else ""
    return any(words in str(error.problem) for words in _AT_THE_END) or not rest.strip()


def _is_outside(error: Any, lines: list[str]) -> bool:
    """Whether the parser stopped in a line that belongs, by its indentation, to what is around the bracket."""
    opening, place = error.context_mark, error.problem_mark
    around, there = lines[opening.line], lines[place.line]
    if place.line == opening.line or there.lstrip().startswith(tuple(_BRACKETS.values())):
        return False
    most = indent_of(around) if indent_of(around) < opening.column else -1  # a bracket may begin the line itself
    return indent_of(there) <= most


def _swallowed(error: Any, lines: list[str], tokens: Callable[[], Any]) -> Trouble | None:
    """A quote that is closed by the next one, lines below, so that what stands after that one makes no sense."""
    place = error.problem_mark
    last = None
    try:
        while place is not None and (token := tokens()) is not None:
            if (token.start_mark.line, token.start_mark.column) >= (place.line, place.column):
                break
            last = token if isinstance(token, yaml.ScalarToken) and token.style in _QUOTES else last
    except yaml.MarkedYAMLError:
        pass  # it is the error that is to be explained
    if last is None or not last.start_mark.line < last.end_mark.line == place.line:
        return None
    message = f"this is not YAML: the quote that opens here is closed only in line {place.line + 1}, by one that opens"
    fix = f"Close it in its own line. A {last.style} inside is written {_inside(last.style)}."
    return Trouble(f"{message} another text", fix, last.start_mark.line, last.start_mark.column)


def _indented(error: Any, lines: list[str]) -> Trouble | None:
    """A line that is indented otherwise than what it goes on from."""
    place, problem = error.problem_mark, str(error.problem)
    if place is None or place.line >= len(lines):
        return None
    line, fix = lines[place.line], "Items of one list, and fields of one mapping, begin in one column."
    if "\t" in line[: indent_of(line)]:
        return None
    if "mapping values" in problem and line.lstrip().startswith("- "):
        message = (
            "this is not YAML: this item is indented more than the one above it, so that YAML reads the two as one"
        )
    elif "mapping values" in problem and _is_field_below_another(lines, place):
        message = "this is not YAML: this field is indented more than the one above it, which has a value already"
    elif any(words in problem for words in _OTHER_INDENT) and indent_of(line) == place.column:
        message = "this is not YAML: the indentation of this line fits nothing above it"
    else:
        return None
    return Trouble(message, fix, place.line, indent_of(line))


def _is_field_below_another(lines: list[str], place: Any) -> bool:
    """Whether the colon there is the first of its line, indented more than a line with a field and its value."""
    line = lines[place.line]
    above = next((one for one in reversed(lines[: place.line]) if one.strip() and not one.lstrip().startswith("#")), "")
    begins = above.lstrip().removeprefix("- ")
    is_first = ":" not in line[: place.column].strip().strip("\"'")
    return is_first and ": " in begins and indent_of(line) > len(above) - len(begins)


def _as_told(error: Any, text: str) -> Trouble:
    """What the parser says, where it stopped; never below the last line."""
    place = error.problem_mark or error.context_mark
    lines = text.splitlines() or [""]
    last = text.count("\n")
    line = min(place.line, last) if place else 0
    column = place.column if place and place.line < last + 1 and place.line == line else 0
    context = f" {error.context}" if error.context else ""
    message = f"this is not YAML: {error.problem or 'it cannot be read'}{context}"
    return Trouble(message, _hint(error, lines[line] if line < len(lines) else ""), line, column)


def _hint(error: Any, line: str) -> str:
    if "\t" in line[: indent_of(line)] or "'\\t'" in str(error.problem):
        return "Indent with spaces: YAML does not allow tabs."
    if "azureml: " in line:
        return "Write azureml:NAME:VERSION without a space after azureml:, or put quotes around it."
    if "mapping values" in str(error.problem):
        return "Put quotes around a value that has ': ' in it, and check the indentation of this line."
    if "alias" in str(error.problem):
        return "Define the anchor with & before it is used with *."
    if "anchor" in str(error.problem):
        return "Give each anchor a name of its own."
    return "Check indentation, quotes and brackets on this line and the one before it."


def _at(lines: list[str], mark: Any) -> str:
    """The sign at a place, or nothing."""
    return lines[mark.line][mark.column : mark.column + 1] if mark is not None and mark.line < len(lines) else ""


def _inside(sign: str) -> str:
    return '\\"' if sign == '"' else "''"
