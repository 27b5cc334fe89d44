"""Credentials of indexes, channels and repositories: read when a build needs them, and kept from all that is written.

A line may say `https://${{ env.USER }}:${{ env.TOKEN }}@host/`. pip gets the line without them; the host's user and
password come to it in a netrc file that has no name on any disk where the system can do that, and git asks for them
through its environment. Knows no resource and no recipe.
"""

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.providers.protocol import ProviderError
from bep.schemas.environments.pip_lines import EXPRESSION, in_one_word
from bep.schemas.secrets.recognising import redacted

MASK: Final = "****"

_USER: Final = lazy_pattern(
    r"(?P<scheme>[a-z][a-z0-9+.\-]*)://(?P<user>[^/\s@]*)@(?P<host>[^/\s'\"?#]+)", re.IGNORECASE
)
_NAMED: Final = lazy_pattern(r"env\.([A-Za-z_][A-Za-z0-9_]*)\Z")
_PIPS_OWN: Final = lazy_pattern(r"\$\{([A-Z0-9_]+)\}")
_SHORTEST: Final = 4
"""Characters from which on a value is masked wherever it stands; a shorter one only where an address has its user."""


@dataclass(slots=True)
class Credentials:
    """What a build has to know beside its lines: users and passwords by host, and every text that must not be seen."""

    hosts: dict[str, tuple[str, str]] = field(default_factory=dict)
    repositories: dict[str, tuple[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def masked(self, text: str) -> str:
        """A text without any of them, nor what certainly is a secret in any text."""
        for value in sorted(self.hidden, key=len, reverse=True):
            text = text.replace(value, MASK) if len(value) >= _SHORTEST else text.replace(f"//{value}", f"//{MASK}")
        return redacted(text)

    def hide(self, value: str) -> None:
        """Keep a value from what is written, in each form in which it may come."""
        if value:
            self.hidden |= {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1], repr(value)[1:-1]}


def without_users(line: str) -> str:
    """A line without the users and passwords in its addresses: what it asks for, whoever asks."""
    return _USER.sub(lambda found: f"{found['scheme']}://{found['host']}", in_one_word(line))


def has_expression(line: str) -> bool:
    """Whether something in a line comes from the environment."""
    return EXPRESSION.search(line) is not None


def taken_out(
    label: str, lines: Sequence[str], surroundings: Mapping[str, str], version: str, known: Credentials
) -> tuple[str, ...]:
    """The lines for the pip of a Python of this version, with what is secret in them put into `known`.

    Raises `ProviderError` (code CredentialMissing) for what the environment does not have.
    """

    def address(found: re.Match[str]) -> str:
        scheme, host = found["scheme"], found["host"]
        user = _of_pip(found["user"], surroundings)
        if not has_expression(found["user"]) and user == found["user"]:
            return found[0]
        login, _, password = (_valued(label, line, part, surroundings) for part in user.partition(":"))
        for value in (login, password):
            known.hide(value)
        known.hidden.add(base64.b64encode(f"{login}:{password}".encode()).decode())
        if scheme.startswith("git+"):
            known.repositories[f"{scheme[4:]}://{host}"] = (login, password)
            return f"{scheme}://{host}"
        name = urlsplit(f"//{host}").hostname or host
        if known.hosts.get(name, (login, password)) == (login, password) and _fits_netrc(login, password, version):
            known.hosts[name] = (login, password)
            return f"{scheme}://{host}"
        names = [f"BEP_CREDENTIAL_{len(known.variables) + number}" for number in (1, 2)]
        known.variables |= {name: quote(value, safe="") for name, value in zip(names, (login, password), strict=True)}
        return f"{scheme}://${{{names[0]}}}:${{{names[1]}}}@{host}"

    found = []
    for line in lines:
        found.append(_USER.sub(address, in_one_word(line)) if "${" in line else line)
    return tuple(found)


def filled_in(label: str, text: str, surroundings: Mapping[str, str], known: Credentials) -> str:
    """A channel with its credentials in it, for a private file. Raises as `taken_out` does."""

    def value(found: re.Match[str]) -> str:
        clear = _valued(label, text, found[0], surroundings)
        known.hide(clear)
        return quote(clear, safe="")

    return EXPRESSION.sub(value, text)


def _of_pip(user: str, surroundings: Mapping[str, str]) -> str:
    """The user of an address with what pip itself would have put in: `${NAME}`, percent-encoded."""
    return _PIPS_OWN.sub(lambda found: surroundings.get(found[1]) or found[0], user)


def demand(label: str, lines: Sequence[str], surroundings: Mapping[str, str]) -> None:
    """See that the environment has what the lines ask of it. Raises as `taken_out` does, with all that is missing."""
    missing = [
        f"the environment has no {name}, which '{without_literals(line)}' needs"
        for line in lines
        for name in map(_name, EXPRESSION.finditer(line))
        if not surroundings.get(name)
    ]
    if missing:
        message = "; ".join([*dict.fromkeys(missing), "set it before you run bep"])
        raise ProviderError(label, "build", message, code="CredentialMissing")


def without_literals(line: str) -> str:
    """A line as a message may quote it: expressions stay, a user or password that was written out does not."""
    return _USER.sub(lambda found: found[0] if has_expression(found[0]) else found["host"], line)


def _name(found: re.Match[str]) -> str:
    named = _NAMED.match(found[1].strip())
    return named[1] if named else found[1].strip()


def _valued(label: str, line: str, part: str, surroundings: Mapping[str, str]) -> str:
    demand(label, [line], surroundings)
    plain = EXPRESSION.split(part)[::2]
    values = [surroundings[_name(found)] for found in EXPRESSION.finditer(part)]
    return "".join(unquote(text) + clear for text, clear in zip(plain, [*values, ""], strict=True))


@contextmanager
def given(
    credentials: Credentials, surroundings: Mapping[str, str], version: str, place: Path
) -> Iterator[dict[str, str]]:
    """The variables by which pip and git find them, for as long as this lasts; `place` is a private folder."""
    variables = dict(credentials.variables)
    variables |= _for_git(credentials, surroundings)
    if not credentials.hosts:
        yield variables
        return
    text = _users_own(surroundings) + "".join(
        f"machine {host} login {_word(login, version)} password {_word(password, version)}\n"
        for host, (login, password) in credentials.hosts.items()
    )
    with nameless(text, place / "netrc") as file:
        yield {**variables, "NETRC": str(file)}


@contextmanager
def nameless(text: str, place: Path) -> Iterator[Path]:
    """A file with this text that only this user can read, and that is gone when this process is, however it ends.

    `place` is where it is written, and removed from in the end, on a system that has no files without a name.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(place.name)
        try:
            os.fchmod(descriptor, 0o600)
            os.write(descriptor, text.encode())
            file = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
            if file.exists():
                yield file
                return
        finally:
            os.close(descriptor)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        yield place
    finally:
        place.unlink(missing_ok=True)


def _for_git(credentials: Credentials, surroundings: Mapping[str, str]) -> dict[str, str]:
    """Settings of git's by its environment (git 2.31 or later): no helper of the user's keeps what it is told."""
    settings: list[tuple[str, str]] = []
    variables = {"GIT_TERMINAL_PROMPT": "0"} if credentials.repositories else {}
    for number, (address, (login, password)) in enumerate(credentials.repositories.items(), 1):
        user, secret = f"BEP_GIT_USER_{number}", f"BEP_GIT_PASSWORD_{number}"
        variables |= {user: login, secret: password}
        helper = f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "${user}" "${secret}"; }}; f'
        settings += [(f"credential.{address}.helper", ""), (f"credential.{address}.helper", helper)]
    first = int(surroundings.get("GIT_CONFIG_COUNT") or 0)
    for number, (key, value) in enumerate(settings, first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables | ({"GIT_CONFIG_COUNT": str(first + len(settings))} if settings else {})


def _users_own(surroundings: Mapping[str, str]) -> str:
    """The user's own netrc, which ours stands in front of; nothing if it could not be read by pip either."""
    import netrc

    own = surroundings.get("NETRC") or (f"{surroundings['HOME']}/.netrc" if surroundings.get("HOME") else "")
    try:
        netrc.netrc(own)
        return Path(own).read_text(encoding="utf-8").rstrip("\n") + "\n"
    except (OSError, ValueError, netrc.NetrcParseError):
        return ""


def _is_newer(version: str) -> bool:
    """Whether a Python's netrc module knows quotes: from 3.11 on."""
    numbers = [int(part) for part in re.findall(r"\d+", version)[:2]]
    return numbers >= [3, 11]


def _fits_netrc(login: str, password: str, version: str) -> bool:
    if _is_newer(version):
        return bool(login) and not re.search(r"[\r\n]", login + password)
    return all(re.fullmatch(r"[!-~]+", value) and not value.startswith("#") for value in (login, password))


def _word(value: str, version: str) -> str:
    if not _is_newer(version):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
