"""Masking: the text of a spec with the values of sensitive fields blotted out, so that an excerpt never shows one."""

import re
from functools import cache

from bep.schemas.kind import NAMES, load_kind

BLOT = "*"


@cache
def _sensitive_line() -> re.Pattern[str]:
    words = sorted({str(path[-1]) for name in NAMES for path in load_kind(name).sensitive})
    return re.compile(rf"^(?P<before>.*?[\"']?\b(?:{'|'.join(words)})\b[\"']?\s*:)(?P<value>.*)$")


def masked(text: str) -> str:
    """The same lines, with all that follows a sensitive key blotted out: the rest of its line, and lines further in.

    Expressions such as `${{ env.KEY }}` are not secret and stay readable.
    """
    pattern = _sensitive_line()
    if not any(word in text for word in _words()):
        return text
    lines = []
    inside = -1
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if inside >= 0 and line.strip() and indent > inside:
            lines.append(_blot(line))
            continue
        found = pattern.match(line)
        inside = -1
        if found:
            key = found["before"]
            inside = len(key) - len(key.lstrip(" -")) if "{" not in key else indent
            line = key + _blot(found["value"])
        lines.append(line)
    return "\n".join(lines)


@cache
def _words() -> tuple[str, ...]:
    return tuple(sorted({str(path[-1]) for name in NAMES for path in load_kind(name).sensitive}))


def _blot(text: str) -> str:
    if re.fullmatch(r"\s*[\"']?\$\{\{[^{}]*\}\}[\"']?[\s},]*", text):
        return text
    return re.sub(r"[^\s]", BLOT, text)
