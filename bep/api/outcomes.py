"""What came of what the API was asked to do, but for jobs. Frozen values; they change nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bep.api.values import Finding
from bep.lazy_dataclasses import dataclass, field

if TYPE_CHECKING:
    from bep.app.plans.events import Report
    from bep.app.plans.outcome import Outcome


@dataclass(frozen=True)
class NotDone:
    """A change that was not done: `ended` is failed, skipped or not started; `world` says what is known of the object:
    there, absent, unknown or untouched."""

    address: str
    action: str
    ended: str
    message: str
    world: str


@dataclass(frozen=True)
class Applied:
    """What came of an apply. `outputs` are those of bep.yml, `findings` its checks that do not hold now; `error` why
    recording stopped, or outputs and checks cannot be told, and `rescue` the file that then has the state."""

    done: tuple[str, ...] = ()
    not_done: tuple[NotDone, ...] = ()
    stopped: bool = False
    outputs: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    error: str = ""
    rescue: Path | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, report: "Report | None", outcome: "Outcome", notes: Sequence[str] = ()) -> Self:
        """Of an apply that was carried out; of one that had nothing to do."""
        results = report.results if report else ()
        rest = [result for result in results if result.ended != "done"]
        return cls(
            tuple(result.change.address for result in results if result.ended == "done"),
            tuple(
                NotDone(each.change.address, str(each.change.action), str(each.ended), each.message, str(each.world))
                for each in rest
            ),
            bool(report and report.stopped),
            outcome.outputs,
            tuple(map(Finding.of_plan, outcome.findings)),
            str((report and report.broken) or outcome.trouble or ""),
            report.rescue if report else None,
            tuple(notes),
        )

    @property
    def ok(self) -> bool:
        """Whether all was done and recorded, and no check that is an error fails unallowed."""
        failed = any(found.severity == "error" and not found.allowed for found in self.findings)
        return not self.not_done and not self.error and not failed

    def check(self) -> Self:
        """Itself. Raises `ApplyIncomplete` unless it is `ok`."""
        if self.ok:
            return self
        from bep.api.errors import ApplyIncomplete

        rest = [f"{each.address}: {each.ended}: {each.message}" for each in self.not_done]
        unmet = [f"{each.address}: {each.message}" for each in self.findings]
        raise ApplyIncomplete("; ".join([*rest, *unmet, *([self.error] if self.error else [])]), self)


@dataclass(frozen=True)
class Imported:
    """What an import took into the state; `file` is where its YAML was written, `yaml` its text where none was named,
    `left` what no spec declares and nobody asked to be written.

    Of an import into a folder: `files` are new, relative to the workspace; `line` is what bep.yml has to list and could
    not be told; `left_out` is what could not be taken, with why; `secrets` are environment variables to be set before
    the next plan; `unread` are fields that nobody can read back, by address.
    """

    addresses: tuple[str, ...]
    file: Path | None = None
    yaml: str = ""
    left: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    line: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Adopted:
    """A drifted field: what the spec asked, what is there, its place; `left` says why it has to be written by hand."""

    address: str
    path: tuple[Any, ...]
    asked: Any
    there: Any
    place: str
    left: str = ""


@dataclass(frozen=True)
class Freed:
    """Something that nothing refers to: what it is, where, and its bytes."""

    what: str
    place: Path
    bytes: int
