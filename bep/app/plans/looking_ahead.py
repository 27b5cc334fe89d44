"""What the world says of a plan before anybody carries it out: asked only for what is to be made or changed."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from bep.app.workspace.build_checks import findings_of
from bep.planner.plan import Action
from bep.planner.planning.planning import allowable
from bep.providers.world import Coming

if TYPE_CHECKING:
    from bep.planner.plan import Plan
    from bep.providers.world import Preflight
    from bep.schemas.specs.loading import Loaded


def looked_ahead(preflight: "Preflight", made: "Plan", loaded: "Loaded", allow: Collection[str]) -> "Plan":
    """The plan with a finding for each thing that would keep it from being carried out, as far as the world tells."""
    resources = {one.address: one for one in loaded.resources}
    coming = [
        Coming(resources[change.address], change.before if change.action is Action.UPDATE else None)
        for change in made.changes
        if change.action in (Action.CREATE, Action.UPDATE) and change.address in resources
    ]
    told = [allowable(one, allow) for one in (findings_of(loaded, preflight(coming)) if coming else ())]
    return made.model_copy(update={"findings": (*made.findings, *told)})
