"""The identity of content: names and digests in, one digest out; by which rule, and what is the same by another.

Reads nothing itself. A rule says what counts: which files of a folder, which fields of a description. When it changes,
what was registered by an earlier one is not new for that: it is compared as the rule of today would have seen it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

FIRST_RULE: Final = 1
"""The rule of records that name none. Every file counts that the folder's ignore file lets through, and every field of
a conda file."""

RULE: Final = 2
"""Today's. Of a conda file `name` and `prefix` do not count: conda itself looks at neither where a prefix is given.
Of a folder's files those do not that tools leave behind, and those whose names say that they hold secrets."""

LEFT_BEHIND: Final = (".git", ".hg", ".svn", ".bep", ".venv", "__pycache__", "*.pyc", ".DS_Store", ".amlignore")
"""What tools leave in a folder, by the name of a file or of a folder that it stands in. `.amlignore` is among them so
that a line written there changes the content by what it says, and a registered version not at all where it says nothing
of its files."""

HOLD_SECRETS: Final = (
    *(".env", ".env.*", ".netrc", ".pgpass", "*.pem", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
    *(".aws", ".azure", ".ssh", ".gnupg"),
)
"""Names of files and folders that are there to hold secrets. Both lists are in docs/files-that-travel.md."""

DIGITS: Final = 12
"""How many hex digits of a digest are the version of an asset without one."""

NOT_DESCRIBED: Final = ("name", "version", "description", "tags", "properties")
"""Fields of an asset that can change while it stays the same."""

NOT_IN_CONDA: Final = ("name", "prefix")


def digest_of_files(files: Mapping[str, str]) -> str:
    """The sha256 (hex) of a file or folder, from each relative name (`/` between parts) to the sha256 of its bytes.

    A single file counts as a folder with that one name in it. Neither times nor modes are part of it.
    """
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{len(name.encode(errors='surrogateescape'))}:".encode())
        whole.update(name.encode(errors="surrogateescape"))
        whole.update(files[name].encode())
    return whole.hexdigest()


class UnfitFile(NamedTuple):
    """A file that cannot travel: its relative name (empty for the path itself), what it is, and the way out."""

    name: str
    what: str
    fix: str


class Unfit(ValueError):
    """What of a content cannot travel. Each file is a finding of its own."""

    def __init__(self, files: Sequence[UnfitFile]) -> None:
        super().__init__("; ".join(f"{file.name} {file.what}".strip() for file in files))
        self.files = tuple(files)


def counts(name: str) -> bool:
    """Whether a file of this relative name is content by today's rule, where no ignore file says otherwise."""
    return not any(_is_one_of(part, LEFT_BEHIND) or _is_one_of(part, HOLD_SECRETS) for part in name.split("/"))


def holds_secrets(name: str) -> bool:
    """Whether a file of this relative name is left out because of secrets that it may hold."""
    return any(_is_one_of(part, HOLD_SECRETS) for part in name.split("/")) and not any(
        _is_one_of(part, LEFT_BEHIND) for part in name.split("/")
    )


def _is_one_of(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def same_files(recorded: Mapping[str, str], rule: int, files: Mapping[str, str]) -> bool:
    """Whether files recorded by a rule are these files of today: each of them, and else only what no longer counts."""
    if rule == RULE:
        return recorded == files
    return {name: sha256 for name, sha256 in recorded.items() if name in files or counts(name)} == files


def conda_content(conda: Mapping[str, Any]) -> dict[str, Any]:
    """What of a conda file is content by today's rule."""
    return {name: value for name, value in conda.items() if name not in NOT_IN_CONDA}


def described(attributes: Mapping[str, Any], rule: int = RULE) -> dict[str, Any]:
    """What identifies an asset that is described by words: its attributes without what does not count by a rule."""
    found = {name: value for name, value in attributes.items() if name not in NOT_DESCRIBED}
    conda = found.get("conda_file")
    if rule > FIRST_RULE and isinstance(conda, Mapping):
        found["conda_file"] = conda_content(conda)
    code = found.get("code")
    if isinstance(code, Mapping) and "sha256" in code:
        found["code"] = code["sha256"]
    build = found.get("build")
    if isinstance(build, Mapping) and isinstance(build.get("path"), Mapping):
        found["build"] = {**build, "path": build["path"]["sha256"]}
    return found


def version_of(attributes: Mapping[str, Any], rule: int = RULE) -> str:
    """The version of an asset that is described by words and has none."""
    text = json.dumps(described(attributes, rule), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
