"""The stages of a workspace, as plain rows. Prints nothing; reads states, no world and no spec."""

from typing import TYPE_CHECKING, Any

from bep.app.workspace.clock import now

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.schemas.workspace.stages import Stage


def stages(opened: "Specs") -> list[dict[str, Any]]:
    """A row a stage: name, chosen, how many resources its state has, where that is, what it is for.

    `resources` is None where the state cannot be read: nothing was applied yet counts as none.
    """
    from bep.schemas.workspace.stages import CHOICE, chosen

    every = opened.glanced.stages
    meant, _ = chosen(every, opened.environment.get(CHOICE, ""))
    return [_row(opened, stage, stage is meant) for stage in every.every.values()]


def _row(opened: "Specs", stage: "Stage", is_chosen: bool) -> dict[str, Any]:
    file = stage.place.get("file")
    row: dict[str, Any] = {
        "name": stage.name,
        "chosen": is_chosen,
        "resources": _resources(opened, str(file)) if file else None,
        "state": file or "remote",
    }
    return {**row, "description": stage.description} if stage.description else row


def _resources(opened: "Specs", file: str) -> int | None:
    from bep.providers.state.errors import StateUnusable
    from bep.providers.state.store import FileStore

    try:
        stored = FileStore(opened.root / file, clock=now).load()
    except StateUnusable:
        return None
    return len(stored.state.entries) if stored else 0
