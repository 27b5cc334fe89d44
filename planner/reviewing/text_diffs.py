"""The unified diff of two texts, secrets masked, its length bounded. Knows bytes, no file and no plan."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from bep.lazy_patterns import lazy_pattern
from bep.planner.reviewing.evidence import MLMODEL, TEXT_LIMIT
from bep.planner.summarising import SENSITIVE
from bep.schemas.secrets.recognising import REDACTED, may_be_secret, names_secret, redacted, without
from bep.schemas.secrets.secret import is_sealed
from bep.schemas.yaml.masking import masked

DIFF_LIMIT: Final = 1 << 14
"""Characters that the diff of one file may have; what is beyond is counted."""
CONTEXT: Final = 3
_ASSIGNED: Final = lazy_pattern(r"""(?P<name>\w+)["'\]]*\s*(?:=\s*(?=[^=\s])|:\s*(?=["']))(?=(?P<value>.*))""")
_CALLED: Final = lazy_pattern(r"[A-Za-z_][\w.]*\s*[(\[].*")


def text_of(data: bytes) -> str | None:
    """The text in a file's bytes, or None where it is none."""
    if len(data) > TEXT_LIMIT or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def is_data(name: str) -> bool:
    """Whether a file of this name holds names and values, and no code."""
    return name.endswith((".yml", ".yaml", ".json")) or name.rpartition("/")[2] == MLMODEL


def text_diff(old: str, new: str, secrets: Iterable[str] = (), *, data: bool = False) -> dict[str, Any]:
    """What a `FileDiff` says of two texts. Lines are compared as they are and shown masked, so that a secret which was
    exchanged is seen to be.

    `data`: the lines are names and values, as YAML has them.
    """
    from difflib import SequenceMatcher

    secrets = tuple(secrets)
    sides = old.splitlines(), new.splitlines()
    shown = _masked(old, secrets, data), _masked(new, secrets, data)
    lines: list[str] = []
    added = removed = 0
    hidden = False
    for group in SequenceMatcher(None, *sides).get_grouped_opcodes(CONTEXT):
        lines.append(_heading(group))
        for tag, start, end, from_new, to_new in group:
            if tag == "equal":
                lines += [f" {line}" for line in shown[0][start:end]]
                continue
            removed, added = removed + end - start, added + to_new - from_new
            lines += [f"-{line}" for line in shown[0][start:end]]
            lines += [f"+{line}" for line in shown[1][from_new:to_new]]
        hidden = hidden or any(
            shown[side][at[0] : at[1]] != sides[side][at[0] : at[1]]
            for _, *span in group
            for side, at in enumerate((span[:2], span[2:]))
        )
    kept = list(_fitting(lines))
    return {
        "diff": "".join(kept),
        "added": added,
        "removed": removed,
        "left_out": len(lines) - len(kept),
        "masked": hidden,
    }


def _heading(group: Sequence[tuple[str, int, int, int, int]]) -> str:
    first, last = group[0], group[-1]
    return f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@"


def _span(start: int, end: int) -> str:
    """Where lines stand, as unified diffs have it: counted from 1, and one earlier where there are none."""
    return str(start + 1) if end - start == 1 else f"{start + 1 if end > start else start},{end - start}"


def _fitting(lines: Iterable[str]) -> Iterator[str]:
    left = DIFF_LIMIT
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return
        yield line + "\n"


def _masked(text: str, secrets: Sequence[str], data: bool) -> list[str]:
    """The lines with every secret in them masked; as many lines as there were."""
    bare = without(secrets, text)
    found = [_assigned(line) for line in (masked(bare) if data else redacted(bare)).splitlines()]
    plain = text.splitlines()
    return found if len(found) == len(plain) else [re.sub(r"\S", REDACTED, line) for line in plain]


def _assigned(line: str) -> str:
    """A line with what is given to a secret's name masked: in a script, in a file of variables."""
    for found in _ASSIGNED.finditer(line) if "=" in line or ":" in line else ():
        value = found["value"].strip()
        if names_secret(found["name"]) and not _CALLED.fullmatch(value) and may_be_secret(value.strip("\"',")):
            return line[: found.start("value")] + re.sub(r"\S", REDACTED, found["value"])
    return line


def lines_of(value: Any, indent: str = "") -> Iterator[str]:
    """A JSON value as lines that can be compared: what it is in YAML, keys sorted."""
    if is_sealed(value):
        yield f"{indent}{SENSITIVE}"
    elif isinstance(value, dict):
        for name in sorted(value):
            yield from _below(f"{indent}{name}:", value[name], indent + "  ")
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _below(f"{indent}-", item, indent + "  ")
    else:
        yield f"{indent}{value}"


def _below(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list | tuple) and value and not is_sealed(value):
        yield head
        yield from lines_of(value, indent)
    else:
        yield f"{head} {next(lines_of(value), '')}".rstrip()
