"""The unified diff of two texts, secrets masked, its length bounded. Knows bytes, no file and no plan."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from bep.planner.reviewing.evidence import TEXT_LIMIT
from bep.planner.reviewing.masking import masked_lines
from bep.planner.summarising import SENSITIVE
from bep.schemas.secrets.secret import is_sealed

DIFF_LIMIT: Final = 1 << 14
"""Characters that the diff of one file may have; what is beyond is counted."""
CONTEXT: Final = 3
MOST_COMPARED: Final = 4_000_000
"""Pairs of lines, of one side and the other, up to which those that are the same are looked for."""
Span = tuple[str, int, int, int, int]
"""What is done to lines of one side to have those of the other, as `difflib` says it."""


def text_of(data: bytes) -> str | None:
    """The text in a file's bytes, or None where it is none."""
    if len(data) > TEXT_LIMIT or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def text_diff(old: str, new: str, secrets: Iterable[str] = (), *, name: str = "") -> dict[str, Any]:
    """What a `FileDiff` says of two texts. Lines are compared as they are and shown masked, so that a secret which was
    exchanged is seen to be.

    The `name` of the file says how its lines are masked.
    """
    secrets = tuple(secrets)
    sides = old.splitlines(), new.splitlines()
    shown = masked_lines(old, secrets, name), masked_lines(new, secrets, name)
    lines: list[str] = []
    added = removed = 0
    hidden = False
    for group in _groups(*sides):
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


def _groups(old: Sequence[str], new: Sequence[str]) -> Iterator[Sequence[Span]]:
    """The places where they differ, each with lines around it.

    Where both are long, what is between their same beginning and end is told as exchanged as a whole: to find the same
    lines in there would take long.
    """
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, old, new)
    least = min(len(old), len(new))
    ahead = next((at for at in range(least) if old[at] != new[at]), least)
    behind = next((at for at in range(least - ahead) if old[-1 - at] != new[-1 - at]), least - ahead)
    ends = len(old) - behind, len(new) - behind
    if (ends[0] - ahead) * (ends[1] - ahead) > MOST_COMPARED:
        exchanged = ("replace", ahead, ends[0], ahead, ends[1])
        same = ("equal", 0, ahead, 0, ahead), ("equal", ends[0], len(old), ends[1], len(new))
        every = (same[0], exchanged, same[1])
        matcher.opcodes = [one for one in every if one[2] > one[1] or one[4] > one[3]]  # type: ignore[attr-defined]
    yield from matcher.get_grouped_opcodes(CONTEXT)


def _heading(group: Sequence[Span]) -> str:
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
