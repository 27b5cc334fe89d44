"""What looks like a secret, by its name and by its shape: one recogniser for every door. Knows no field of any kind.

Shapes are certain: nothing else looks like them. Names are not, so a value under one is a doubt, and never a
placeholder, a number or an expression.
"""

import re
from collections.abc import Iterator
from typing import Final

_TOKENS: Final = (
    r"gh[pousr]_[A-Za-z0-9]{30,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"glpat-[A-Za-z0-9_-]{20,}",  # GitLab
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # AWS
    r"xox[abeprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
    r"sk-(?:proj|ant|svcacct)-[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic
    r"sk-[A-Za-z0-9]{32,}",
    r"(?:sk|rk)_live_[A-Za-z0-9]{20,}",  # Stripe
    r"pypi-[A-Za-z0-9_-]{50,}",
    r"npm_[A-Za-z0-9]{36}",
    r"AIza[0-9A-Za-z_-]{35}",  # Google
    r"ya29\.[0-9A-Za-z_-]{20,}",
    r"dapi[a-f0-9]{32}",  # Databricks
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",  # a JSON web token
)

_SHAPES: Final = {
    "a user and a password in an address": r"(?<=://)[^\s/@:'\"<>]*:[^\s/@'\"]+(?=@)",
    "an account key": r"\b(?:AccountKey|SharedAccessKey)\s*=\s*[^;\s'\"]+",
    "a signature": r"\b(?:sig|x-amz-signature|x-goog-signature)=[^\s&;#'\"]+|SharedAccessSignature=[^\s;'\"]+",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[^-]*",
    "an access token": r"(?<![A-Za-z0-9_-])(?:" + "|".join(_TOKENS) + r")(?![A-Za-z0-9])",
    "a storage account key": r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])",
}
_CERTAIN: Final = {
    what: re.compile(pattern, re.IGNORECASE if what in ("an account key", "a signature") else 0)
    for what, pattern in _SHAPES.items()
}
_HINTS: Final = re.compile(r"://|=|PRIVATE KEY|[A-Za-z0-9_+/-]{20}")

_NAME: Final = re.compile(
    r"(?:^|[_\-.])(?:secret|password|passwd|pwd|passphrase|token|credentials?|sas|connection_?string)$"
    r"|(?:api|access|account|auth|encryption|private|sas|secret|service|shared|signing|storage)[_-]?key$"
    r"|(?:^|[_\-.])conn(?:ection)?_?str$",
    re.IGNORECASE,
)
_NO_SECRET: Final = re.compile(
    r"(?:eos|bos|pad|unk|mask|sep|cls|stop|start|end|special|max|min|num|next|separator)_?token$", re.IGNORECASE
)
_EXPRESSION: Final = re.compile(r"\$\{\{[^{}]*\}\}|\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|\$\([^()]*\)")
_PLACEHOLDER: Final = re.compile(r"[<\[{(].*[>\]})]|(?i:[x*.\-\s]+|none|null|true|false|yes|no|changeme|todo|\d+)")
BLOT: Final = "*"


def shape_of(text: object) -> str:
    """What a text certainly has in it, such as `a private key`; empty where it has none."""
    return next((what for what, _ in _found(text)), "") if isinstance(text, str) else ""


def blotted(text: str) -> str:
    """The text with every certain secret in it blotted out."""
    for _, found in list(_found(text)):
        text = text.replace(found, BLOT * 8)
    return text


def _found(text: str) -> Iterator[tuple[str, str]]:
    if not _HINTS.search(text):
        return
    bare = _EXPRESSION.sub("", text)
    for what, pattern in _CERTAIN.items():
        for match in pattern.finditer(bare):
            value = re.split(r"[=:]", match.group(), maxsplit=1)[-1]
            if not _is_placeholder(value):
                yield what, match.group()


def names_secret(name: object) -> bool:
    """Whether a value under this name is likely to be a secret."""
    return isinstance(name, str) and _NAME.search(name) is not None and _NO_SECRET.search(name) is None


def may_be_secret(value: object) -> bool:
    """Whether a value under a secret's name may be one: a text that is no placeholder and no expression."""
    return isinstance(value, str) and not _is_placeholder(_EXPRESSION.sub("", value))


def _is_placeholder(text: str) -> bool:
    return not text.strip() or _PLACEHOLDER.fullmatch(text.strip()) is not None
