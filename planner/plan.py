"""Plan: what will be done, in order, and why. A value; what it holds is exactly what its JSON holds."""

from enum import StrEnum
from typing import Any

from bep.planner.facts import (
    Comparison,
    FieldDiff,
    FileDiff,
    GivenValue,
    JobsEffect,
    Level,
    Origin,
    OutputDiff,
    Risk,
    Since,
)
from bep.planner.state import ContentRecord, Guards
from bep.schemas.address import Address
from bep.schemas.values.written import Field, Written

__all__ = ["Action", "Change", "Drift", "FieldDiff", "Origin", "Plan", "PlanFinding", "Undo"]

FORMAT_VERSION = 3
"""Since 2 a plan is signed, and a record of contents says by which rule its digest was made. Since 3 it has what the
policies say of it and the facts of `bep.planner.facts`; one of 2 has neither, and is read and applied as it was signed.
"""

UNDECLARED = "no longer in the specs"
"""How the reason of a change begins that is made only because the specs do not declare its address."""

DESTROY = "destroy was requested"
"""The reason of a deletion that was asked for."""


class Action(StrEnum):
    """What one change does. A replacement is two changes with one reason: a delete and a create.

    SHIFT moves traffic (made, changed or taken away: `before` and `after` tell which).
    ADOPT takes an existing object into state; FORGET drops an entry and leaves the object. RETAIN notes in state that a
    registered version stays in the registry although no spec declares it any more.
    """

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SHIFT = "shift"
    ADOPT = "adopt"
    FORGET = "forget"
    RETAIN = "retain"


class Change(Written):
    """One step of a plan. `id` is unique in the plan; `needs` are the ids that must be done before.

    `before` is what was observed, `after` what is wanted, both sealed. `etag` is the observed
    version the change was planned against; None where nothing was there.
    `restore` has the attributes bep last applied, where a rollback would need them: of what is deleted or forgotten,
    and of what is adopted only because state has to learn something. `prior_references` and `prior_guards` are those
    state had. `files` are the files of its contents that differ, and `files_left_out` counts those beyond the first.
    """

    id: str
    address: Address
    action: Action
    replacement: bool = False
    needs: tuple[str, ...] = ()
    summary: str = ""
    reason: str = ""
    origin: Origin = Origin.SPEC
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    diffs: tuple[FieldDiff, ...] = ()
    etag: str | None = None
    references: tuple[Address, ...] = ()
    prior_references: tuple[Address, ...] = ()
    contents: dict[str, ContentRecord] = Field(default_factory=dict)
    guards: Guards = Guards()
    prior_guards: Guards | None = None
    applied_at: str = ""
    restore: dict[str, Any] | None = None
    files: tuple[FileDiff, ...] = ()
    files_left_out: int = 0


class Drift(Written):
    """One resource that someone changed or removed since bep last wrote it, and what this plan does about it.

    `undone` is whether the plan takes back what they did. `changed_by` and `changed_at` are who did it and when, as the
    world says; empty where it does not.
    """

    address: Address
    gone: bool = False
    diffs: tuple[FieldDiff, ...] = ()
    answer: str = ""
    applied_at: str = ""
    undone: bool = False
    changed_by: str = ""
    changed_at: str = ""


class PlanFinding(Written):
    """A finding as a plan carries it. `allowed` is true when `--allow CODE` let it through."""

    severity: str
    code: str
    address: str
    message: str
    fix: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    allowed: bool = False


class Verdict(StrEnum):
    """What a policy says of a plan. BROKEN: it could not be judged, which denies it as well."""

    PASS = "pass"
    WARN = "warn"
    DENY = "deny"
    BROKEN = "broken"


class Violation(Written):
    """One thing in a plan that a policy does not want: `address` is empty where it is about the plan as a whole."""

    address: str = ""
    message: str
    denies: bool = True


class Judgement(Written):
    """What one policy said of the plan, and where the policy is written."""

    policy: str
    verdict: Verdict
    description: str = ""
    file: str = ""
    line: int = 0
    violations: tuple[Violation, ...] = ()


class Undo(Written):
    """How one change would be taken back after this plan. `obstacle` says why it cannot be; empty when it can."""

    address: Address
    action: Action
    summary: str = ""
    obstacle: str = ""


class Plan(Written, title="Plan: what would be done, in order"):
    """Everything a reviewer reads and everything apply does. Empty `changes` means nothing is to be done.

    `digest` covers the rest of the plan, and so does `signature`, which needs the key of the state that the plan is
    for: one that is altered or not signed is not applied. `unchanged` counts the
    resources that need nothing. `in_other_world` says that the provider was chosen instead of bep.yml's. `notes` are
    one-line remarks (an apply is running, an operation was interrupted).

    `risk` is the highest level of the `risks`, which come highest first. `comparisons` set what is new beside what
    exists. `jobs` is the effect on jobs, `outputs` are those of bep.yml, before and after, `values` the variables that
    the specs use, `since` what differs from an earlier plan, null unless that was asked. A plan without changes has
    none of these but `values` and `since`.
    """

    format_version: int = FORMAT_VERSION
    bep_version: str = ""
    workspace: str = ""
    stage: str = ""
    provider: str = ""
    in_other_world: bool = False
    lineage: str
    serial: int
    created_at: str = ""
    changes: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    findings: tuple[PlanFinding, ...] = ()
    unchanged: int = 0
    notes: tuple[str, ...] = ()
    rollback: tuple[Undo, ...] = ()
    policies: tuple[Judgement, ...] = ()
    risk: Level = Level.NONE
    risks: tuple[Risk, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    jobs: JobsEffect = JobsEffect()
    outputs: tuple[OutputDiff, ...] = ()
    values: tuple[GivenValue, ...] = ()
    since: Since | None = None
    digest: str = ""
    signature: str = ""

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def blocking(self) -> tuple[PlanFinding, ...]:
        """The findings for which this plan must not be applied: errors that nobody allowed."""
        return tuple(f for f in self.findings if f.severity == "error" and not f.allowed)

    @property
    def denials(self) -> tuple[Judgement, ...]:
        """The policies for which this plan must not be applied."""
        return tuple(one for one in self.policies if one.verdict in (Verdict.DENY, Verdict.BROKEN))
