"""Which earlier contents a world still has whole: one judgement, for a plan and for what takes it back."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.plan import Plan
    from bep.planner.state import ContentRecord


def kept_contents(opened: "Reading", plan: "Plan") -> "Mapping[str, ContentRecord]":
    """By sha256, the earlier contents of what the plan touches whose bytes the world still has, whole.

    Whoever copies them compares digests; here they are not read, as long as nobody wrote to them.
    """
    wanted, contents = set(_earlier_contents(plan)), opened.world.contents
    found: dict[str, ContentRecord] = {}
    if contents is None:  # nothing can be given back
        return found
    for state in (opened.state, *opened.store.backups.good()) if wanted else ():
        for entry in state.entries.values():
            for record in entry.contents.values():
                if record.sha256 in wanted:
                    wanted.discard(record.sha256)
                    if all(map(contents.is_kept, record.files.values())):
                        found[record.sha256] = record
        if not wanted:
            break
    return found


def _earlier_contents(plan: "Plan") -> Iterator[str]:
    for change in plan.changes:
        if change.after is None:
            yield from (record.sha256 for record in change.contents.values())
        for diff in change.diffs:
            if isinstance(diff.before, dict) and "sha256" in diff.before:
                yield diff.before["sha256"]
