"""From a plan to its report, in front of a person or a machine: shown, asked about, carried out, summed up."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bep.console import Console
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.planner.plan import Plan
    from bep.providers.events import Event
    from bep.providers.report import Report
    from bep.wiring.opening import Opened
    from bep.wiring.planning import Asked


@dataclass(frozen=True)
class Applying:
    """How a command wants a plan carried out."""

    auto_approve: bool
    json_output: bool
    parallelism: int
    lock_timeout: float
    operation: str


def is_plan_file(path: Path) -> bool:
    """Whether a named file is meant as a plan and not as a spec: JSON says so by its name, specs are YAML."""
    return path.suffix == ".json" and path.is_file()


def carry_out(opened: "Opened", what: "Path | Asked", how: Applying) -> None:
    """Plan (or read the kept plan), show, ask, apply, report. Ends in `Stop` unless all went well."""
    from bep.commands.showing_plans import written
    from bep.wiring.applying import apply_plan, read_plan_file
    from bep.wiring.planning import plan_of, specs_of

    console = Console()
    plan = read_plan_file(what) if isinstance(what, Path) else plan_of(opened, what)
    specs_of(opened)
    if not how.json_output:
        console.result(written(plan, json_output=False, markdown=False, colour=console.colour))
    if plan.blocking:
        raise Stop(ExitCode.FINDINGS)
    if not plan:
        _report_nothing(console, how)
        return
    if not how.auto_approve and not isinstance(what, Path):
        console.confirm(_question(plan, how.operation))
    teller = _Teller(console, how.json_output)
    report = apply_plan(
        opened,
        plan,
        teller.tell,
        parallelism=how.parallelism,
        lock_timeout=how.lock_timeout,
        operation=how.operation,
    )
    _sum_up(console, report, how)


def _question(plan: "Plan", operation: str) -> str:
    if operation == "bep destroy":
        return f"Delete all of this? ({len(plan.changes)} changes; jobs and their outputs stay)"
    return f"Do this? ({len(plan.changes)} changes)"


def _report_nothing(console: Console, how: Applying) -> None:
    if how.json_output:
        console.result_json(
            {"type": "apply_finished", "done": 0, "failed": 0, "skipped": 0, "not_started": 0}, indent=None
        )


class _Teller:
    """Each event as a line: talk for a person, a JSON object a line for a machine."""

    def __init__(self, console: Console, json_output: bool) -> None:
        self._console = console
        self._json = json_output

    def tell(self, event: "Event") -> None:
        """Say one event."""
        from bep.commands.apply_events import as_json, as_text

        if self._json:
            self._console.result_json(as_json(event), indent=None)
        else:
            text = as_text(event)
            if text:
                self._console.say(text)


def _sum_up(console: Console, report: "Report", how: Applying) -> None:
    from bep.commands.apply_events import summary, summary_json
    from bep.providers.report import Ended

    if how.json_output:
        console.result_json(summary_json(report), indent=None)
    else:
        console.result(summary(report, how.operation))
    if report.broken is not None:
        raise Stop(ExitCode.CONFLICT if type(report.broken).__name__ == "StateReplaced" else ExitCode.ERROR)
    if not report.ok:
        raise Stop(ExitCode.CANCELLED if report.stopped and not report.count(Ended.FAILED) else ExitCode.PROVIDER)
