"""The token of a Ray cluster, from where Ray's own clients have it; it is shown nowhere. Asks no cluster."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bep.runner.errors import ClusterRefused

VARIABLE: Final = "RAY_AUTH_TOKEN"
FILE_VARIABLE: Final = "RAY_AUTH_TOKEN_PATH"
FILE: Final = ".ray/auth_token"
"""In the home folder, where neither variable is set."""
_FIX: Final = f"put the token into {VARIABLE}, or into a file with mode 600 that {FILE_VARIABLE} names"


def token_of(environment: Mapping[str, str], home: Path) -> str:
    """The token in the environment, or in the file that it names, or in the home folder; empty where there is none.

    Raises `ClusterRefused` for a file that others may read, or that cannot be read, and for what can be no token.
    """
    if token := environment.get(VARIABLE, "").strip():
        return _checked(token, VARIABLE)
    named = environment.get(FILE_VARIABLE, "")
    file = Path(named) if named else home / FILE
    if not named and not file.exists():
        return ""
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            content = opened.read(1 << 16)
    except OSError as error:
        where = f"the file that {FILE_VARIABLE} names" if named else "the file of the cluster's token"
        raise ClusterRefused(f"{file}, {where}, cannot be read: {error.strerror}\n    fix: {_FIX}") from None
    if mode & 0o077:
        message = f"{file} has the token of a cluster, and others than its owner may use it (mode {mode:o})"
        raise ClusterRefused(f"{message}\n    fix: chmod 600 {file}")
    return _checked(content.decode("ascii", "replace").strip(), str(file))


def _checked(token: str, where: str) -> str:
    """A token that can stand in a header. What is wrong with it is said without it."""
    if not token or not all("!" <= sign <= "~" for sign in token):
        found = "is empty" if not token else "has signs that no token has, such as spaces"
        raise ClusterRefused(f"the token of the cluster in {where} {found}\n    fix: {_FIX}")
    return token
