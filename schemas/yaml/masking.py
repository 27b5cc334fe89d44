"""Masking: the text of a spec with secret values redacted, so that no excerpt and no message ever shows one."""

import re

from bep.lazy_patterns import lazy_pattern
from bep.schemas.secrets.recognising import REDACTED, names_secret, redacted, shape_of

_NAMES = "key|keys|key_value|secret|password|passwd|token|certificate|credential|credentials|webhook"
SECRET = lazy_pattern(f"({_NAMES})$", re.IGNORECASE)
"""Names of fields that hold secrets, misspelt ones too: wider than what the schemas call sensitive."""

KEY = lazy_pattern(r"""(?P<before>^.*?["']?(?P<name>[\w-]+)["']?\s*:(?=\s|$))(?P<value>.*)$""")
EXPRESSION = lazy_pattern(r"""\s*["']?\$\{\{[^{}]*\}\}["']?[\s},]*""")

LONGEST = 2_000
"""Characters beyond which a line is redacted whole rather than searched for keys."""


IN_ADDRESSES = ("a user and a password in an address", "a signature")
"""Shapes that an address itself has, not what it names."""


def in_address(text: object) -> bool:
    """Whether a text is an address that has a secret in it."""
    return isinstance(text, str) and "://" in text and shape_of(text) in IN_ADDRESSES


def is_secret_name(name: object) -> bool:
    """Whether a field of this name may hold a secret."""
    return isinstance(name, str) and (SECRET.search(name) is not None or names_secret(name))


def masked(text: str) -> str:
    """The same lines, with what follows a secret's key redacted: the rest of its line, and lines further in; and
    what is secret in an address, wherever one stands.

    Keys stay readable, and so do expressions such as `${{ env.KEY }}`, which are not secret.
    """
    text = redacted(text)
    if not SECRET_ANYWHERE.search(text):
        return text
    lines = []
    inside = -1
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" -"))
        if line.strip() and indent <= inside:
            inside = -1
        shown, secret = _line(line, inside >= 0)
        lines.append(shown)
        if secret and inside < 0:
            inside = indent
    return "\n".join(lines)


SECRET_ANYWHERE = lazy_pattern(f"{_NAMES}|pass|pwd|pat|sas|conn", re.IGNORECASE)


def _line(line: str, inside: bool) -> tuple[str, bool]:
    """One line masked, and whether it opens a secret. Inside a secret only a first key stays."""
    if len(line) > LONGEST:
        return _redact(line), not inside
    start = 0
    while found := KEY.match(line[start:]):
        before = line[:start] + found["before"]
        if inside or is_secret_name(found["name"]):
            return before + _redact(found["value"]), not inside
        start = len(before)
    return (_redact(line), False) if inside else (line, False)


def _redact(text: str) -> str:
    return text if EXPRESSION.fullmatch(text) else re.sub(r"\S", REDACTED, text)
