"""What looks like a secret, by its name and by its shape: one recogniser for every door. Knows no field of any kind.

Shapes are certain: nothing else looks like them. Names are not, so a value under one is a doubt, and never a
placeholder, a number, a path or an expression.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from bep.lazy_patterns import lazy_pattern
from bep.schemas.secrets.secret import Secret, is_sealed

_TOKENS: Final = {  # each with what stands in it wherever it is: looked for first, for most texts have none of it
    r"gh[pousr]_[A-Za-z0-9]{30,}": "ghp_ gho_ ghu_ ghs_ ghr_",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,}": "github_pat_",
    r"gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_.-]{20,}": "glpat- gldt- glrt- glcbt- glptt- glsoat-",  # GitLab
    r"(?:AKIA|ASIA)[A-Z0-9]{16}": "AKIA ASIA",  # AWS
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}": "xox",  # Slack
    r"xapp-\d-[A-Za-z0-9-]{10,}": "xapp-",
    r"hf_[A-Za-z0-9]{30,}": "hf_",  # Hugging Face
    r"sk-(?:proj|ant|svcacct|admin)-[A-Za-z0-9_-]{20,}": "sk-",  # OpenAI, Anthropic
    r"sk-[A-Za-z0-9]{32,}": "sk-",
    r"gsk_[A-Za-z0-9]{40,}": "gsk_",  # Groq
    r"(?:sk|rk)_live_[A-Za-z0-9]{16,}": "k_live_",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{24,}": "whsec_",
    r"pypi-[A-Za-z0-9_-]{50,}": "pypi-",
    r"npm_[A-Za-z0-9]{36}": "npm_",
    r"dckr_pat_[A-Za-z0-9_-]{20,}": "dckr_pat_",  # Docker Hub
    r"dop_v1_[a-f0-9]{64}": "dop_v1_",  # DigitalOcean
    r"AIza[0-9A-Za-z_-]{35}": "AIza",  # Google
    r"GOCSPX-[0-9A-Za-z_-]{20,}": "GOCSPX-",
    r"ya29\.[0-9A-Za-z_-]{20,}": "ya29.",
    r"dapi[a-f0-9]{32}(?:-\d)?": "dapi",  # Databricks
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}": "SG.",  # SendGrid
    r"hv[sb]\.[A-Za-z0-9_-]{24,}": "hvs. hvb.",  # Vault
    r"shp(?:at|ca|pa|ss)_[a-f0-9]{32}": "shpat_ shpca_ shppa_ shpss_",  # Shopify
    r"ATATT3[A-Za-z0-9_=-]{40,}": "ATATT3",  # Atlassian
    r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}": "AZDO",  # Azure DevOps
    r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}": "Q~",  # a client secret of Microsoft Entra
    r"eyJ[A-Za-z0-9_-]{6,}\.eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}": "eyJ",  # a JSON web token
}


class _Shape(NamedTuple):
    """What a secret looks like. One of the `signs` stands in every text that has one."""

    signs: tuple[str, ...]
    pattern: re.Pattern[str]


_SHAPES: Final = {
    "a user and a password in an address": _Shape(
        ("@",),
        lazy_pattern(r"(?<=://)[^\s/@:'\"<>]*:[^\s/'\"]+(?=@)"),
    ),
    "an account key": _Shape(
        ("=",),
        lazy_pattern(r"\b(?:AccountKey|SharedAccessKey)\s*=\s*[^;\s'\"]+", re.IGNORECASE),
    ),
    "a password": _Shape(
        ("=",),
        lazy_pattern(r"(?:;|\A)\s*(?:Password|Pwd)\s*=\s*[^;'\"]+(?=;|\Z)", re.IGNORECASE),
    ),
    "a signature": _Shape(
        ("=",),
        lazy_pattern(
            r"\b(?:sig|x-amz-signature|x-goog-signature)=[^\s&;#'\"]+|SharedAccessSignature=[^\s;'\"]+"
            r"|(?<=[?&])(?:signature|(?:access_|auth_|private_)?token|api_?key|password|client_secret)=[^\s&#'\"]+",
            re.IGNORECASE,
        ),
    ),
    "a private key": _Shape(
        ("PRIVATE KEY",),
        lazy_pattern(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^-]*"),
    ),
    "an access token": _Shape(
        (*" ".join(_TOKENS.values()).split(), "earer", "Basic", "hooks.slack.com"),
        lazy_pattern(
            r"(?<![A-Za-z0-9_-])(?:" + "|".join(_TOKENS) + r")(?![A-Za-z0-9])"
            r"|\b(?:[Bb]earer|Basic)\s+(?=\S*\d)[A-Za-z0-9+/=._~-]{16,}"
            r"|hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/\w+"
        ),
    ),
    "a storage account key": _Shape(
        ("==",),
        lazy_pattern(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"),
    ),
}

_SIGN: Final = lazy_pattern("|".join(re.escape(sign) for shape in _SHAPES.values() for sign in shape.signs))
_BETWEEN: Final = "\n{}()\n"
"""What no expression and no sign reaches across."""
_SIGNLESS: Final[set[object]] = set()
"""Texts that were looked through and have no sign: most stand in many documents, and each is asked about again."""
_MOST_SIGNLESS: Final = 1 << 16
_WORD: Final = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRETS: Final = frozenset((
    "secret", "secrets", "password", "passwords", "passwd", "pwd", "passphrase", "passcode", "token", "tokens",
    "credential", "credentials", "sas", "pat", "apikey", "apitoken", "accesskey", "accesstoken", "authtoken",
    "secretkey", "privatekey", "connectionstring", "connstr",
))  # fmt: skip
_KEYS: Final = frozenset((
    "access", "account", "admin", "api", "app", "application", "auth", "client", "encryption", "host", "master",
    "private", "sas", "secret", "service", "shared", "signing", "ssh", "storage", "subscription",
))  # fmt: skip
_NO_SECRET: Final = frozenset((
    "eos", "bos", "pad", "unk", "mask", "sep", "cls", "stop", "start", "end", "special", "max", "min", "num", "next",
    "prev", "page", "separator", "input", "output", "total", "image", "new", "continuation", "aad",
))  # fmt: skip
_EXPRESSION: Final = lazy_pattern(r"\$\{\{[^{}]*\}\}|\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|\$\([^()]*\)")
_PLACEHOLDER: Final = lazy_pattern(
    r"[<\[{(].*[>\]})]|%\(?\w+\)?[s%]|(?i:[x*.\-\s]+|none|null|true|false|yes|no|changeme|todo|redacted|[\d.,]+)"
)
_PATH: Final = lazy_pattern(r"(?:~|\.{1,2})?/[\w.-]+(?:/[\w.-]+)+/?|\.{1,2}/[\w.-]+")
_SHORTEST_SHAPE: Final = 8
_REMEMBERED: Final = 200
"""Characters of a text that is looked through once however often it stands in documents, as most do."""
REDACTED: Final = "*"
SHORTEST: Final = 4
"""Characters from which on a known secret is masked wherever it stands: a shorter one would mask half of every text."""


def shape_of(text: object) -> str:
    """What a text certainly has in it, such as `a private key`; empty where it has none."""
    if not isinstance(text, str) or len(text) < _SHORTEST_SHAPE:
        return ""
    return _shape_again(text) if len(text) <= _REMEMBERED else _shape(text)


def _shape(text: str) -> str:
    return next((what for what, _ in _found(text)), "")


@lru_cache(maxsize=1 << 14)
def _shape_again(text: str) -> str:
    return _shape(text)


def may_hold_secret(names: Iterable[object], texts: Iterable[str], *, by_name: bool) -> bool:
    """Whether any of the texts, or of the names they stand under, may be a secret: a quick no for most documents.

    All that were not seen before are looked through at once, for the signs alone. `by_name`: a name that is one of a
    secret's counts as well.
    """
    if by_name and any(map(names_secret, names)):
        return True
    new = {text for text in (*names, *texts) if text not in _SIGNLESS and isinstance(text, str)}
    if not new:
        return False
    joined = _BETWEEN.join(new)
    bare = _EXPRESSION.sub("", joined) if "$" in joined else joined
    if _SIGN.search(bare):
        return True
    if len(_SIGNLESS) > _MOST_SIGNLESS:
        _SIGNLESS.clear()
    _SIGNLESS.update(new)
    return False


def redacted(text: str) -> str:
    """The text with every certain secret in it redacted, each sign of it by one."""
    for found in secrets_in(text):
        text = text.replace(found, re.sub(r"\S", REDACTED, found))
    return text


def secrets_in(text: str) -> tuple[str, ...]:
    """Every certain secret in a text, longest first, so that none hides part of another. Not to be shown."""
    return tuple(sorted({found for _, found in _found(text)}, key=lambda found: (-len(found), found)))


def without(secrets: Iterable[str], text: str) -> str:
    """A text with these redacted, each sign of them by one; shorter ones than `SHORTEST` stay."""
    for secret in secrets:
        if len(secret) >= SHORTEST and secret in text:
            text = text.replace(secret, re.sub(r"\S", REDACTED, secret))
    return text


def _found(text: str) -> Iterator[tuple[str, str]]:
    if len(text) < _SHORTEST_SHAPE:
        return
    bare = _EXPRESSION.sub("", text) if "$" in text else text
    if not _SIGN.search(bare):
        return
    for what, shape in _SHAPES.items():
        if any(sign in bare for sign in shape.signs):
            for match in shape.pattern.finditer(bare):
                if not _is_empty(match.group()):
                    yield what, match.group()


def _is_empty(found: str) -> bool:
    """Whether what has the shape of a secret says nothing, as `AccountKey=<your-key>` and `ghp_xxxxxx` do."""
    value = re.split(r"[=:]", found.rstrip("="), maxsplit=1)[-1]
    last = re.split(r"[_-]", value.rstrip("-_"))[-1]
    return _is_placeholder(value) or (len(last) > 4 and len(set(last)) == 1)


@lru_cache(maxsize=4096)
def names_secret(name: object) -> bool:
    """Whether a value under this name is likely to be a secret: `API_TOKEN`, `clientSecret`, `db.password`."""
    if not isinstance(name, str):
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    if len(words) > 1 and words[-1] in ("value", "val"):
        words.pop()
    if not words:
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in ("key", "keys"):
        return before in _KEYS
    if last in ("string", "str"):
        return before in ("connection", "conn")
    if last in ("token", "tokens") and before in _NO_SECRET:
        return False
    return last in _SECRETS or last.endswith(("password", "passwd")) or (last == "pass" and bool(before))


def may_be_secret(value: object) -> bool:
    """Whether a value under a secret's name may be one: a text that is no placeholder, path, number or expression."""
    if not isinstance(value, str):
        return False
    bare = _EXPRESSION.sub("", value) if "$" in value else value
    return not _is_placeholder(bare) and _PATH.fullmatch(bare.strip()) is None


def _is_placeholder(text: str) -> bool:
    return not text.strip() or _PLACEHOLDER.fullmatch(text.strip()) is not None


def is_secret(path: tuple[str | int, ...], value: object) -> bool:
    """Whether a text that stands at this path is a secret, by its shape or by the last name of its path."""
    return isinstance(value, str) and (is_secret_by_name(path, value) or bool(shape_of(value)))


def secret_names(values: Mapping[str, object]) -> frozenset[str]:
    """The names of those values, such as environment variables, that may be secrets."""
    return frozenset(name for name, value in values.items() if is_secret((name,), value))


def is_secret_by_name(path: tuple[str | int, ...], value: object) -> bool:
    """Whether the last name of a path says of what stands there that it is a secret."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    return names_secret(name) and may_be_secret(value)


def is_excused(path: tuple[str | int, ...], excused: tuple[str, ...]) -> bool:
    """Whether one of the names, dotted, is this field's, what is around it, or the end of it."""
    field = ".".join(map(str, path))
    return any(field == name or field.endswith(f".{name}") or field.startswith(f"{name}.") for name in excused)


def secrets_kept(value: Any, excused: tuple[str, ...], path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Every text in a JSON value that is a secret and that none of the `excused` names. Not to be shown."""
    if isinstance(value, str):
        if is_secret(path, value) and not is_excused(path, excused):
            yield value
    elif isinstance(value, Mapping) and not is_sealed(value):
        for name, item in value.items():
            yield from secrets_kept(item, excused, (*path, name))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from secrets_kept(item, excused, (*path, number))


def secrets_sealed(value: Any, excused: tuple[str, ...], key: str) -> Any:
    """The same JSON value with a seal wherever a text is a secret and none of the `excused` names it.

    It is the same object where nothing had to be sealed.
    """
    return _sealed(value, excused, key, ()) if may_hold_secret(*_words(value), by_name=True) else value


def _words(value: Any) -> tuple[set[object], list[str]]:
    """The names and the texts in a JSON value."""
    names: set[object] = set()
    texts: list[str] = []
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            texts.append(one)
        elif isinstance(one, Mapping):
            names.update(one)
            left.extend(one.values())
        elif isinstance(one, list | tuple):
            left.extend(one)
    return names, texts


def _sealed(value: Any, excused: tuple[str, ...], key: str, path: tuple[str | int, ...]) -> Any:
    if isinstance(value, str):
        if not is_secret(path, value) or is_excused(path, excused):
            return value
        return Secret(value).sealed(key)
    if isinstance(value, Mapping) and not is_sealed(value):
        found = {name: _sealed(item, excused, key, (*path, name)) for name, item in value.items()}
        return found if any(found[name] is not value[name] for name in found) else value
    if isinstance(value, list | tuple):
        items = [_sealed(item, excused, key, (*path, number)) for number, item in enumerate(value)]
        return items if any(one is not other for one, other in zip(items, value, strict=True)) else value
    return value
