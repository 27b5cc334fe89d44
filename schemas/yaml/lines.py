"""The lines of a text as a YAML parser counts them. Knows nothing of what stands in them."""

from bep.lazy_patterns import lazy_pattern

_BREAK = lazy_pattern("\r\n|[\n\r\x85\u2028\u2029]")


def lines_of(text: str) -> list[str]:
    """Every line without its end; the last one may be empty."""
    return _BREAK.split(text)


def indent_of(line: str) -> int:
    """How many blanks a line begins with."""
    return len(line) - len(line.lstrip())
