"""What the API gives: frozen values with plain fields. No call of theirs changes anything but a file that is named."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.next_step import Step

if TYPE_CHECKING:
    from bep.app.plans.policies.cases import Tried
    from bep.app.upkeep.doctor import Check as Looked
    from bep.planner.facts import Risk as PlannedRisk
    from bep.planner.plan import Change as PlannedChange
    from bep.planner.plan import Judgement as PolicyJudgement
    from bep.planner.plan import Plan as MadePlan
    from bep.planner.plan import PlanFinding
    from bep.schemas.findings.finding import Finding as SpecFinding
    from bep.schemas.resource import Resource


@dataclass(frozen=True)
class Finding:
    """One thing wrong or doubtful: `severity` is error or warning, `code` stable, `next` steps that would help.

    `line` and `column` are 0 where it has no place. `allowed` says that an error was let through by its code.
    """

    severity: str
    code: str
    address: str
    message: str
    fix: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    next: tuple[Step, ...] = ()
    allowed: bool = False

    @classmethod
    def of(cls, found: "SpecFinding") -> Self:
        """What is wrong with a spec."""
        mark = found.mark
        place = (mark.file, mark.line, mark.column) if mark else ("", 0, 0)
        return cls(found.severity.value, found.code, found.address, found.message, found.fix, *place, found.next)

    @classmethod
    def of_plan(cls, found: "PlanFinding") -> Self:
        """What stands against a plan."""
        from bep.app.plans.showing import steps_for

        place = (found.file, found.line, found.column)
        steps = steps_for(found)
        said = (found.severity, found.code, found.address, found.message, found.fix)
        return cls(*said, *place, steps, found.allowed)

    @property
    def place(self) -> str:
        """`specs.yml:3:7: `, or nothing."""
        return f"{self.file}:{self.line}:{self.column}: " if self.file else ""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `verdict` is ok, warning, problem or skipped, `found` what is there or why it was
    skipped, `fix` how it is mended, `next` steps that the two speak of.
    """

    name: str
    verdict: str
    found: str
    fix: str = ""
    next: tuple[Step, ...] = ()

    @classmethod
    def of(cls, found: "Looked") -> Self:
        """What a check found."""
        return cls(found.name, str(found.verdict), found.found, found.fix, found.next)


@dataclass(frozen=True)
class Change:
    """One change of a plan. `action` is create, update, delete, shift, adopt or forget; `reason` why; `before` and
    `after` the attributes, None where nothing was or will be; secrets are digests."""

    address: str
    action: str
    reason: str
    summary: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @classmethod
    def of(cls, change: "PlannedChange") -> Self:
        """One change of a plan."""
        return cls(change.address, str(change.action), change.reason, change.summary, change.before, change.after)


@dataclass(frozen=True)
class Risk:
    """What to know before a plan is applied. `level` is high, medium or low; `code` never changes its meaning; `next`
    are steps that would keep it from being one."""

    level: str
    code: str
    address: str
    message: str
    fix: str = ""
    next: tuple[Step, ...] = ()

    @classmethod
    def of(cls, found: "PlannedRisk") -> Self:
        """One risk of a plan."""
        from bep.app.plans.showing import steps_for

        return cls(str(found.level), found.code, found.address, found.message, found.fix, steps_for(found))


@dataclass(frozen=True)
class Judgement:
    """What a policy says of a plan: `verdict` is pass, warn, deny, or broken where it could not be asked, which denies
    too. `violations` are lines; `file` and `line` are where the policy is written."""

    policy: str
    verdict: str
    violations: tuple[str, ...] = ()
    description: str = ""
    file: str = ""
    line: int = 0

    @classmethod
    def of(cls, found: "PolicyJudgement") -> Self:
        """What a plan has of it."""
        lines = tuple(f"{one.address}: {one.message}" if one.address else one.message for one in found.violations)
        return cls(found.policy, str(found.verdict), lines, found.description, found.file, found.line)


@dataclass(frozen=True)
class TriedCase:
    """A case of a policy that was tried: `verdict` is what the policy says, `expected` what it should say."""

    policy: str
    case: str
    expected: str
    verdict: str
    violations: tuple[str, ...] = ()

    @classmethod
    def of(cls, tried: "Tried") -> Self:
        """How one case went."""
        return cls(tried.policy, tried.case, tried.expected, tried.verdict, tried.said)

    @property
    def is_right(self) -> bool:
        """Whether the two are the same."""
        return self.verdict == self.expected


@dataclass(frozen=True)
class Plan:
    """What would be done, in order. Falsy when nothing is; what is shown is what is applied.

    `_resources` are what a rollback writes; the specs' where it is None.
    """

    _made: "MadePlan" = field(repr=False)
    _resources: "Sequence[Resource] | None" = field(default=None, repr=False)
    _is_kept: bool = field(default=False, repr=False)
    left: tuple[str, ...] = ()
    """Of a rollback: what cannot be taken back, and why."""

    def __bool__(self) -> bool:
        return bool(self._made)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change, in the order of execution."""
        return tuple(map(Change.of, self._made.changes))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, those that were let through too."""
        return tuple(map(Finding.of_plan, self._made.findings))

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings for which it must not be applied."""
        return tuple(map(Finding.of_plan, self._made.blocking))

    @property
    def risks(self) -> tuple[Risk, ...]:
        """What to know before it is applied, the highest level first."""
        return tuple(map(Risk.of, self._made.risks))

    @property
    def policies(self) -> tuple[Judgement, ...]:
        """What each policy of the workspace says of it."""
        return tuple(map(Judgement.of, self._made.policies))

    @property
    def denials(self) -> tuple[Judgement, ...]:
        """The policies for which it must not be applied."""
        return tuple(map(Judgement.of, self._made.denials))

    @property
    def drifted(self) -> tuple[str, ...]:
        """The addresses of what someone changed or removed since bep last wrote it."""
        return tuple(drift.address for drift in self._made.drift)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beforehand."""
        return self._made.notes

    @property
    def stage(self) -> str:
        """The stage that it is for, or nothing."""
        return self._made.stage

    @property
    def provider(self) -> str:
        """The provider that it is for."""
        return self._made.provider

    @property
    def summary(self) -> str:
        """How many changes of each action: `2 create, 1 delete`, or `nothing to do`."""
        actions = [str(change.action) for change in self._made.changes]
        return ", ".join(f"{actions.count(each)} {each}" for each in dict.fromkeys(actions)) or "nothing to do"

    def json(self) -> str:
        """As it is kept in a file; of the published schema `plan`."""
        from bep.app.plans.showing import as_json

        return as_json(self._made)

    def text(self) -> str:
        """For a terminal, without colours."""
        from bep.app.plans.showing import as_text

        return as_text(self._made)

    def html(self) -> str:
        """As a page for a browser, which needs nothing else."""
        from bep.app.plans.showing import as_html

        return as_html(self._made)

    def markdown(self) -> str:
        """For a pull request."""
        from bep.app.plans.showing import as_markdown

        return as_markdown(self._made)

    def comment(
        self, platform: str = "", *, pull_request: str = "", tell: Callable[[str], None] = lambda said: None
    ) -> dict[str, Any]:
        """Write it into a pull request: one comment for a workspace and stage, kept up to date.

        `platform` (`github`, `gitlab`, `azure-devops`, `bitbucket`) and pull request are else those of the pipeline
        that runs, and so is the token. Returns `platform`, `place`, `action` (`created`, `updated`, `unchanged`), `url`
        and how many older ones were `removed`. `tell` hears what is waited for. Raises `Refused`, `WorldFailed`.
        """
        from bep.api.errors import public_errors
        from bep.app import commenting

        with public_errors():
            return commenting.as_json(
                commenting.post(commenting.prepared(self._made, platform), pull_request, tell=tell)
            )

    def save(self, path: str | Path) -> Path:
        """Keep it in a file, whole or not at all, for an apply that does exactly this. Raises `OSError`."""
        from bep.app.plans.showing import write_plan_file

        write_plan_file(self._made, Path(path))
        return Path(path)


def approve(plan: object) -> bool:
    """A `confirm` that lets everything happen: what a person types as yes."""
    return True
