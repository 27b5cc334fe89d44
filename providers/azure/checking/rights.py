"""Which actions bep needs in a workspace, and which of them a caller lacks. Pure.

Actions: learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning, `MachineLearningServices`.
What a caller may do is what any of its roles allows, a role being its actions without its notActions:
learn.microsoft.com/azure/role-based-access-control/role-definitions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bep.providers.azure.place import CODE, DEPLOYMENTS, PROVIDER
from bep.schemas.kinds.kind import load_kind

WORKSPACE: Final = f"{PROVIDER}/workspaces"
SECRETS: Final = f"{WORKSPACE}/datastores/listsecrets/action"


def reading(kinds: Iterable[str]) -> Iterator[str]:
    """What a plan of resources of these kinds needs."""
    yield f"{WORKSPACE}/read"
    yield from (f"{one}/read" for one in _types(kinds))


def writing(kinds: Iterable[str], *, has_code: bool) -> Iterator[str]:
    """What an apply of them needs beside that; code is an asset of its own."""
    for one in _types(kinds):
        yield from (f"{one}/write", f"{one}/delete")
    if has_code:
        yield from (f"{WORKSPACE}/{CODE}/versions/{verb}" for verb in ("read", "write"))


def running() -> Iterator[str]:
    """What starting a job needs (Azure ML docs: how-to-authenticate-batch-endpoint, its roles for an invocation)."""
    endpoints = f"{WORKSPACE}/{load_kind('endpoint').collection}"
    yield from (f"{endpoints}/read", f"{endpoints}/jobs/write", f"{endpoints}/{DEPLOYMENTS}/jobs/write")
    yield f"{WORKSPACE}/experiments/runs/submit/action"


def _types(kinds: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(f"{WORKSPACE}/{_type(kind)}" for kind in kinds))


def _type(kind: str) -> str:
    if kind == "deployment":
        return f"{load_kind('endpoint').collection}/{DEPLOYMENTS}"
    found = load_kind("endpoint" if kind == "traffic" else kind)
    return f"{found.collection}/versions" if found.registered else found.collection


def missing(needed: Iterable[str], permissions: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Those of the actions that none of the permissions allows."""
    roles = list(permissions)
    return tuple(action for action in needed if not any(_allows(role, action) for role in roles))


def _allows(role: Mapping[str, Any], action: str) -> bool:
    return _fits(role.get("actions"), action) and not _fits(role.get("notActions"), action)


def _fits(patterns: Any, action: str) -> bool:
    """Whether one of the patterns is of the action: `*` stands for any text, and case for nothing."""
    return any(
        re.fullmatch(".*".join(map(re.escape, str(pattern).split("*"))), action, re.IGNORECASE)
        for pattern in patterns or ()
    )
