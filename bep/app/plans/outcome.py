"""What there is to say once an apply is done: the outputs, and the checks that do not hold. Prints nothing."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from bep.lazy_dataclasses import dataclass, field

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.planner.plan import PlanFinding


@dataclass(frozen=True)
class Outcome:
    """The outputs as they are now, and the checks that do not hold of the world; or why neither could be told."""

    outputs: dict[str, Any] = field(default_factory=dict)
    findings: "tuple[PlanFinding, ...]" = ()
    trouble: Exception | None = None

    def as_json(self) -> dict[str, Any]:
        """As a part of the last object of an apply's stream."""
        return {"outputs": self.outputs, "findings": [found.model_dump(mode="json") for found in self.findings]}


def outcome_of(opened: "Specs", allow: Collection[str]) -> Outcome:
    """What there is to say once an apply is done; nothing where bep.yml has neither outputs nor checks."""
    conditions = opened.loaded.workspace.conditions
    if not conditions.checks and not conditions.outputs:
        return Outcome()
    from bep.app.workspace.outputs import checks_after, outputs, reopened

    now = reopened(opened)
    try:
        return Outcome(outputs(now), checks_after(now, allow))
    except Exception as problem:  # what was done has to be told first
        return Outcome(trouble=problem)
