"""Masking: the text of a spec with secret values blotted out, so that no excerpt and no message ever shows one."""

import re

from bep.schemas.recognising import blotted

SECRET = re.compile(
    r"(key|keys|key_value|secret|password|passwd|token|certificate|credential|credentials)$", re.IGNORECASE
)
"""Names of fields that hold secrets, misspelt ones too: wider than what the schemas call sensitive."""

KEY = re.compile(r"""(?P<before>^.*?["']?(?P<name>[\w-]+)["']?\s*:(?=\s|$))(?P<value>.*)$""")
EXPRESSION = re.compile(r"""\s*["']?\$\{\{[^{}]*\}\}["']?[\s},]*""")
BLOT = "*"


LONGEST = 2_000
"""Characters beyond which a line is blotted out whole rather than searched for keys."""


IN_ADDRESS = re.compile(
    r"""(?:(?<=://)[^\s/@:'"]*:[^\s/@'"]+(?=@))|(?:(?<=[?&])(?:sig|signature|x-amz-signature|x-goog-signature|token)=[^\s&#'"]+)""",
    re.IGNORECASE,
)
"""User and password of an address, and what signs one: `https://...?sig=...`."""


def in_address(text: object) -> bool:
    """Whether a text is an address that has a secret in it."""
    return isinstance(text, str) and "://" in text and IN_ADDRESS.search(text) is not None


def is_secret_name(name: object) -> bool:
    """Whether a field of this name may hold a secret."""
    return isinstance(name, str) and SECRET.search(name) is not None


def masked(text: str) -> str:
    """The same lines, with what follows a secret's key blotted out: the rest of its line, and lines further in; and
    what is secret in an address, wherever one stands.

    Keys stay readable, and so do expressions such as `${{ env.KEY }}`, which are not secret.
    """
    if "://" in text:
        text = IN_ADDRESS.sub(lambda found: BLOT * len(found[0]), text)
    text = blotted(text)
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


SECRET_ANYWHERE = re.compile(SECRET.pattern.removesuffix("$"), re.IGNORECASE)


def _line(line: str, inside: bool) -> tuple[str, bool]:
    """One line masked, and whether it opens a secret. Inside a secret only a first key stays."""
    if len(line) > LONGEST:
        return _blot(line), not inside
    start = 0
    while found := KEY.match(line[start:]):
        before = line[:start] + found["before"]
        if inside or is_secret_name(found["name"]):
            return before + _blot(found["value"]), not inside
        start = len(before)
    return (_blot(line), False) if inside else (line, False)


def _blot(text: str) -> str:
    return text if EXPRESSION.fullmatch(text) else re.sub(r"\S", BLOT, text)
