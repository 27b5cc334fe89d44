"""What an assertion that does not hold looked at, with the values it found. Knows JMESPath, no resource."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bep.schemas.secrets.secret import Secret, is_sealed

BETWEEN = frozenset(("eq", "ne", "lt", "lte", "gt", "gte", "and", "or", "not"))
OPENING, CLOSING = frozenset(("lbracket", "lbrace", "filter")), frozenset(("rbracket", "rbrace"))
JUDGING = frozenset(("contains", "starts_with", "ends_with"))
"""Functions that say yes or no: what they look at is what was measured."""
LONGEST = 60
MOST = 3


def measured(assertion: str, find: Callable[[str], Any]) -> str:
    """`max_instances is 9, size is S`: what stands between the comparisons, and its value; at most three.

    `find` gives the value of an expression and raises `ValueError` where it has none.
    """
    found = []
    for part in dict.fromkeys(_parts(assertion)):
        try:
            found.append(f"{part} is {shown(find(part))}")
        except ValueError:
            continue
    return ", ".join(found[:MOST])


def shown(value: Any) -> str:
    """A value in a few characters; never a secret."""
    return cut(json.dumps(unsealed(value), ensure_ascii=False))


def cut(text: str) -> str:
    """At most 60 characters of it."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def unsealed(value: Any) -> Any:
    """The value with a word in place of each secret, sealed or not."""
    if isinstance(value, Secret) or is_sealed(value):
        return "(sensitive)"
    if isinstance(value, Mapping):
        return {name: unsealed(below) for name, below in value.items()}
    return [unsealed(below) for below in value] if isinstance(value, list | tuple) else value


def _parts(assertion: str) -> Iterator[str]:
    """The texts between comparisons and connectives, groups opened up, literals left out."""
    start, seen = 0, False
    for begins, ends, splits in (*_tokens(assertion), (len(assertion), 0, True)):
        part = assertion[start:begins].strip()
        if not splits:
            seen = True
            continue
        if seen and part[:1] not in ("[", "{", "`", "'") and part not in JUDGING:
            yield part
        start, seen = ends, False


def _tokens(assertion: str) -> Iterator[tuple[int, int, bool]]:
    """Where each token that counts begins and ends, and whether it stands between two parts."""
    from jmespath.lexer import Lexer

    groups: list[bool] = []
    depth, before = 0, ("", "")
    for token in Lexer().tokenize(assertion):
        kind, begins = token["type"], token["start"]
        ends = begins + len(str(token["value"]))
        splits = depth == 0 and (kind in BETWEEN or (kind == "comma" and bool(groups)))
        if kind == "lparen":
            called = before[0] == "unquoted_identifier"
            groups.append(depth == 0 and (before[1] in JUDGING or not called))
            splits, depth = groups[-1], depth + (not groups[-1])
        elif kind == "rparen" and groups:
            splits = groups.pop()
            depth -= not splits
        else:
            depth += (kind in OPENING) - (kind in CLOSING)
        if splits or kind not in ("literal", "eof"):
            yield begins, ends, splits
        before = kind, str(token["value"])
