"""`bep job show` of a prepared job: how far all of its shards are. Decides nothing about them."""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bep.command_words import command_of
from bep.commands.jobs.results import Wish, glance_of
from bep.formatting import Format, formatted
from bep.schemas.escaping import in_one_line

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.shards.looking import Shards
    from bep.app.workspace.opening import Opened
    from bep.console import Console

_STEPS = 20


def show_shared(console: "Console", opened: "Opened", name: str, share: str | None, wish: Wish) -> None:
    """Look into the share, and show what is there."""
    from bep.app.shards.looking import shards_of

    show_shards(console, shards_of(opened, name, share), wish, datetime.now(UTC))


def show_if_unmerged(console: "Console", opened: "Opened", record: "JobRecord", wish: Wish) -> bool:
    """The same for a job that this workspace has prepared, unless it was merged; whether it was shown. A share that
    cannot be looked at is no reason not to show the rest."""
    from bep.app.failures import failure_of
    from bep.app.shards.finding import is_unmerged

    if not is_unmerged(record):
        return False
    try:
        show_shared(console, opened, record.name, None, wish)
    except Exception as problem:
        failure = failure_of(problem)
        if failure is None:
            raise
        console.say(f"warning: how far its shards are is not known: {failure.message}")
        return False
    return True


def show_shards(console: "Console", shards: "Shards", wish: Wish, now: datetime) -> None:
    """For a person: the job, a line for each shard, and what is to be done; else as a value."""
    if wish:
        wish.show(console, _value(shards))
    else:
        console.result("\n".join(_lines(shards, now)))
        if shards.overview.rows:
            console.result("\n" + formatted([_row(row) for row in shards.overview.rows], Format.TABLE))
    is_merged = shards.record is not None and not shards.record.is_in_share
    if not wish.query and not is_merged:
        _say_next(console, shards)


def _value(shards: "Shards") -> dict[str, Any]:
    from bep.app.jobs.summaries import outputs_of, whole_of

    if (record := shards.counted) is None:
        return {"name": shards.name, "shards": shards.as_json()}
    return {**whole_of(record), "outputs": outputs_of(record), "shards": shards.as_json()}


def _lines(shards: "Shards", now: datetime) -> list[str]:
    seen, record = shards.overview, shards.counted
    states = Counter(row.state for row in seen.rows if row.of.shards == seen.shards)
    told = ", ".join(f"{count:,} {state}" for state, count in states.most_common())
    done = f"{seen.scored:,} of {seen.items:,} scored, {seen.failed:,} failed"
    first = glance_of(record, now)[:-1] if record else [f"{'job':<12}{shards.name}", f"{'items':<12}{done}"]
    last = [] if any(line.startswith("share ") for line in first) else [("share", shards.address)]
    last.append(("shards", told or "nobody has begun"))
    last += [
        (f"shard {row.of}", f"{row.last.error.code}: {row.last.error.message}")
        for row in seen.rows
        if row.last and row.last.error and row.left
    ]
    return [*first, *(f"{name:<12}{in_one_line(text)}" for name, text in last)]


def _row(row: Any) -> dict[str, object]:
    told = row.as_json()
    return {
        "shard": told["shard"],
        "items": f"{row.items.first:,} to {row.items.end - 1:,}" if row.items.end > row.items.first else "none",
        **{name: told[name] for name in ("scored", "failed", "left", "state", "host", "session", "seen")},
    }


def _say_next(console: "Console", shards: "Shards") -> None:
    from bep.schemas.next_step import step

    if not shards.overview.left:
        merge = step("job merge", shards.name, share=None if shards.record else shards.address)
        console.say(f"next: {command_of(merge)}  (all is scored)")
        return
    for what, one in shards.steps[:_STEPS]:
        console.say(f"next: {command_of(one)}  (nobody works on {what})")
    if len(shards.steps) > _STEPS:
        console.say(f"      and {len(shards.steps) - _STEPS:,} more shards that nobody works on")
