"""From a plan to its report, in front of a person or a machine: shown, asked about, carried out, summed up."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.console import Console
from bep.exit_codes import ExitCode, Stop
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from bep.app.plans.events import Event, Report, Transferring
    from bep.app.plans.planning import Asked
    from bep.app.workspace.opening import Opened
    from bep.commands.jobs.settling import Jobs
    from bep.commands.plans.transfers import Transfers
    from bep.planner.plan import Plan
    from bep.schemas.resource import Resource


NOTHING_DONE = {"type": "apply_finished", "done": 0, "failed": 0, "skipped": 0, "not_started": 0}


@dataclass(frozen=True)
class Applying:
    """How a command wants a plan carried out."""

    auto_approve: bool
    json_output: bool
    parallelism: int
    lock_timeout: float
    operation: str
    json_into: Path | None = None
    jobs: "Jobs" = ""
    expect_no_changes: bool = False
    allow: tuple[str, ...] = ()
    build: bool = False


def is_plan_file(path: Path) -> bool:
    """Whether a named file is meant as a plan and not as a spec: JSON says so by its name, specs are YAML."""
    return path.suffix == ".json" and path.is_file()


def carry_out(opened: "Opened", what: "Path | Asked", how: Applying) -> None:
    """Plan (or read the kept plan), show, ask, apply, report. Ends in `Stop` unless all went well."""
    from bep.app.plans.applying import kept_plan_of, wait_for_others
    from bep.app.plans.planning import plan_of
    from bep.app.workspace.specs import specs_of
    from bep.app.workspace.write_access import must_write
    from bep.commands.plans.showing import written

    console = Console()
    # first of all: where it is of another world, this one is not even opened
    plan = kept_plan_of(opened, what) if isinstance(what, Path) else None
    must_write(opened)
    wait_for_others(opened, how.lock_timeout, how.operation)
    if not isinstance(what, Path):
        plan = plan_of(opened, what)
    assert plan is not None
    specs_of(opened)
    if not how.json_output:
        console.result(written(plan, console))
    carry_out_plan(console, opened, plan, how, ask=not isinstance(what, Path), judge_again=isinstance(what, Path))


def carry_out_plan(
    console: Console,
    opened: "Opened",
    plan: "Plan",
    how: Applying,
    *,
    ask: bool = True,
    judge_again: bool = False,
    resources: "Sequence[Resource] | None" = None,
) -> None:
    """Ask, apply, report a plan that was shown. `resources` are the specs', unless the plan is not of the specs."""
    from bep.app.plans.applying import settle_kept
    from bep.app.plans.outcome import Outcome, outcome_of
    from bep.commands.plans.apply_events import summary_json
    from bep.commands.plans.outputs import judge, show_outcome

    if plan.blocking:
        raise Stop(ExitCode.FINDINGS)
    if plan.denials:
        mend = "change the specs, or the policy, and plan again"
        raise Stop(ExitCode.DENIED, f"a policy denies the plan; nothing was changed\n    fix: {mend}")
    with _Teller(console, how) as teller:
        report = _applied(console, opened, plan, how, teller, ask, judge_again, resources) if plan else None
        if report is None:
            for note in settle_kept(opened, lock_timeout=how.lock_timeout, operation=how.operation):
                console.say(note)
        said = summary_json(report) if report else NOTHING_DONE
        over = how.operation == "bep apply" and (report is None or report.ok)
        outcome = outcome_of(opened, how.allow) if over else Outcome()
        teller.tell_json({**said, **outcome.as_json()})
    if report:
        _sum_up(console, report, how)
    if not how.json_output:
        show_outcome(console, outcome)
    if over and (report or how.build):
        _build(console, opened, how)
    judge(outcome)


def _build(console: Console, opened: "Opened", how: Applying) -> None:
    """Build what jobs will score in, where that was asked for; else say that the first job will."""
    from bep.app.environments import build_every, show_builds, to_build

    if how.build:
        show_builds(opened, console.live if console.live_possible else None)
        with _Teller(console, how, append=True) as teller:
            build_every(opened, teller.say)
    elif not how.json_output and (labels := to_build(opened)):
        from bep.command_words import program

        bep = program()
        first = "its first job" if len(labels) == 1 else "their first jobs"
        console.say(
            f"{', '.join(labels)}: not built yet, so {first} will begin with that, which can take minutes;"
            f" `{bep} env build`, or `{bep} apply --build`, does it ahead"
        )


def _applied(
    console: Console,
    opened: "Opened",
    plan: "Plan",
    how: Applying,
    teller: "_Teller",
    ask: bool,
    judge_again: bool,
    resources: "Sequence[Resource] | None",
) -> "Report":
    from bep.app.plans.applying import apply_plan
    from bep.commands.interrupts import two_step_interrupt
    from bep.commands.jobs.settling import settle_jobs

    if how.expect_no_changes:
        raise Stop(ExitCode.CHANGES, f"no changes were expected, and there are {len(plan.changes)}")
    if ask and not how.auto_approve:
        instead = "apply a plan file made with `plan -o`" if how.operation != "bep rollback" else ""
        console.confirm(_question(plan, how.operation), instead=instead)
    settle_jobs(console, opened, plan, how.jobs)
    return apply_plan(
        opened,
        plan,
        teller.tell,
        two_step_interrupt(say=console.interject),
        parallelism=how.parallelism,
        lock_timeout=how.lock_timeout,
        operation=how.operation,
        judge_again=judge_again,
        resources=resources,
    )


def _question(plan: "Plan", operation: str) -> str:
    if operation == "bep destroy":
        return f"Delete all of this? ({len(plan.changes)} changes; jobs and their outputs stay)"
    if operation == "bep rollback":
        return f"Take it back? ({len(plan.changes)} changes)"
    return f"Do this? ({len(plan.changes)} changes)"


class _Teller:
    """Each event as a line: talk for a person, a JSON object a line for a machine, the same into a file."""

    def __init__(self, console: Console, how: Applying, *, append: bool = False) -> None:
        self._console = console
        self._json = how.json_output
        self._transfers: Transfers | None = None
        self._file = how.json_into.open("a" if append else "w") if how.json_into else None

    def say(self, text: str) -> None:
        """What is said while environments are built."""
        from bep.event_stream import preparing

        self.tell_json(preparing(text))
        self._console.say(text)

    def tell(self, event: "Event") -> None:
        """Say one event."""
        from bep.app.plans.events import Finished, Transferring
        from bep.commands.plans.apply_events import as_json, as_text

        self.tell_json(as_json(event))
        if self._json:
            return
        if isinstance(event, Transferring):
            self._transfer(event)
            return
        if isinstance(event, Finished) and self._transfers:
            self._transfers.over(event.result.change.id)
        if text := as_text(event):
            self._console.say(text)
            if self._transfers:
                self._transfers.draw()

    def _transfer(self, event: "Transferring") -> None:
        from bep.commands.plans.transfers import Transfers

        self._transfers = self._transfers or Transfers(self._console)
        self._transfers.show(event)

    def tell_json(self, value: "dict[str, Any]") -> None:
        """Say it to machines alone."""
        from bep.event_stream import enveloped

        value = enveloped(value)
        if self._json:
            self._console.result_json(value, indent=None)
        if self._file:
            try:
                self._file.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
                self._file.flush()
            except OSError as problem:  # a full disk must not stop an apply that can still record what it did
                self._console.warn(f"{self._file.name}: {problem.strerror}: no more events are written to it")
                self._file = None

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *ending: object) -> None:
        if self._file:
            self._file.close()


def _sum_up(console: Console, report: "Report", how: Applying) -> None:
    from bep.app.plans.events import Ended
    from bep.commands.plans.apply_events import summary

    if not how.json_output:
        console.result(summary(report, how.operation))
    if report.broken is not None:
        raise Stop(ExitCode.CONFLICT if type(report.broken).__name__ == "StateReplaced" else ExitCode.ERROR)
    if not report.ok:
        raise Stop(ExitCode.CANCELLED if report.stopped and not report.count(Ended.FAILED) else ExitCode.PROVIDER)
