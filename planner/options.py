"""Options: what a planner is told beside specs, state and world. Values only; the faces read clocks and flags."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass, field
from bep.planner.facts import GivenValue
from bep.schemas.address import Address
from bep.schemas.findings.finding import Finding
from bep.schemas.mark import Mark
from bep.schemas.resource import NOTHING

if TYPE_CHECKING:
    from bep.schemas.workspace.conditions import Condition, Output


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A queued or running job of a deployment, in the words a reader of the plan should see."""

    name: str
    status: str = "Running"
    owner: str = ""
    progress: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """Everything has a value that asks for nothing.

    `created_at` is a time as text (ISO 8601, UTC). `in_other_world` if the `provider` was chosen instead of bep.yml's.
    `targets` and `excludes` are addresses or the
    beginning of some (`deployment/mybatchedp`). `allow` holds codes of findings, or `code:address`.
    `running_jobs` is by deployment. `scored` are the deployments that have scored at least once, `failed` those whose
    last job failed, each with its name; `jobs_known` is false where nobody could say so, nor which run. `takes_back` is
    for a plan that takes another back: what gets traffic there had it before.
    `imports` are addresses to take into state; `moved` maps an address in state to the one that
    takes its place; `forget` are addresses to drop from state without touching the object.
    `removed` are addresses to delete even where the registry would keep them; `in_use` has those that jobs or
    a rollback need, each with the reason in words; `keep_versions` is how many retained versions of one name stay,
    None for all (but for those that only stand for bytes).
    `outputs` are those of bep.yml, `values` its variables that the specs use, `uses` their names by the place where
    they stood.
    `operations` are ids of bep's own operations whose outcome was never recorded: an object that
    carries one of them is adopted, not taken for a stranger's.
    """

    created_at: str = ""
    bep_version: str = ""
    workspace: str = ""
    stage: str = ""
    provider: str = ""
    in_other_world: bool = False
    destroy: bool = False
    refresh_only: bool = False
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    replace: tuple[Address, ...] = ()
    imports: tuple[Address, ...] = ()
    moved: Mapping[Address, Address] = field(default_factory=lambda: NOTHING)
    forget: tuple[Address, ...] = ()
    removed: frozenset[Address] = frozenset()
    in_use: Mapping[Address, str] = field(default_factory=lambda: NOTHING)
    keep_versions: int | None = None
    operations: frozenset[str] = frozenset()
    allow: tuple[str, ...] = ()
    running_jobs: Mapping[Address, tuple[RunningJob, ...]] = field(default_factory=lambda: NOTHING)
    scored: frozenset[Address] = frozenset()
    failed: Mapping[Address, str] = field(default_factory=lambda: NOTHING)
    jobs_known: bool = True
    takes_back: bool = False
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    checks: "tuple[Condition, ...]" = ()
    outputs: "tuple[Output, ...]" = ()
    values: tuple[GivenValue, ...] = ()
    uses: Mapping[Mark, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
