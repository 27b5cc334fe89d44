"""The environments of a workspace, as plain rows. Prints nothing; reads states, no world and no spec."""

import os
from typing import TYPE_CHECKING, Any

from bep.wiring.clock import now

if TYPE_CHECKING:
    from bep.schemas.choosing import Environment
    from bep.wiring.opening import Opened


def environments(opened: "Opened") -> list[dict[str, Any]]:
    """A row an environment: name, chosen, how many resources its state has, where that is, what it is for.

    `resources` is None where the state cannot be read: nothing was applied yet counts as none.
    """
    from bep.schemas.choosing import CHOICE, chosen

    every = opened.glanced.environments
    meant, _ = chosen(every, os.environ.get(CHOICE, ""))
    return [_row(opened, environment, environment is meant) for environment in every.every.values()]


def _row(opened: "Opened", environment: "Environment", is_chosen: bool) -> dict[str, Any]:
    file = environment.place.get("file")
    row: dict[str, Any] = {
        "name": environment.name,
        "chosen": is_chosen,
        "resources": _resources(opened, str(file)) if file else None,
        "state": file or "remote",
    }
    return {**row, "description": environment.description} if environment.description else row


def _resources(opened: "Opened", file: str) -> int | None:
    from bep.providers.state_store import FileStore
    from bep.providers.trouble import StateUnusable

    try:
        stored = FileStore(opened.root / file, clock=now).load()
    except StateUnusable:
        return None
    return len(stored.state.entries) if stored else 0
