"""What an apply says last: never more lines than a person reads, and the next step that fits."""

from collections.abc import Callable

from bep.commands.plans.apply_events import summary, summary_json
from bep.planner.plan import Action, Change
from bep.providers.applying.report import Ended, Report, Result
from bep.schemas.address import Address

Golden = Callable[[str, str], None]


def results(ended: Ended, first: int, count: int, message: str = "") -> tuple[Result, ...]:
    names = [f"compute/c{number:05}" for number in range(first, first + count)]
    changes = [Change(id=f"create {name}", address=Address(name), action=Action.CREATE) for name in names]
    return tuple(Result(change, ended, message) for change in changes)


def test_a_stop_has_nothing_to_mend_and_is_not_a_list_of_thousands(golden: Golden) -> None:
    report = Report(results(Ended.DONE, 0, 7) + results(Ended.NOT_STARTED, 7, 4993), stopped=True)
    golden("bep/apply-stopped.txt", summary(report, "bep apply") + "\n")
    assert len(summary_json(report)["not_done"]) == 4993


def test_a_failure_before_a_stop_is_still_to_be_mended(golden: Golden) -> None:
    failed = results(Ended.FAILED, 0, 12, "the service is busy")
    skipped = results(Ended.SKIPPED, 12, 10, "it needs compute/c00000, which failed")
    report = Report(failed + skipped + results(Ended.NOT_STARTED, 22, 11), stopped=True)
    golden("bep/apply-failed-and-stopped.txt", summary(report, "bep apply") + "\n")


def test_a_stop_that_came_when_all_was_done_asks_for_nothing() -> None:
    assert summary(Report(results(Ended.DONE, 0, 3), stopped=True), "bep apply") == "Done: 3 done."
