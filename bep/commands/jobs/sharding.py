"""`bep run --shard`: a shard of a prepared job, in front of a person or a machine. Reads no workspace."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bep.command_words import number_of
from bep.commands.jobs.progress import duration
from bep.commands.jobs.running import watched
from bep.console import Console
from bep.event_stream import enveloped
from bep.exit_codes import ExitCode, Stop
from bep.schemas.escaping import in_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bep.app.shards.scoring import ShardStatus, Wanted
    from bep.commands.jobs.results import Wish


def score_shard(wanted: "Wanted", *, json_output: bool, wish: "Wish") -> None:
    """Score it and say what became of it, on stderr: stdout is for the value, where one is wished for. Ends in `Stop`
    unless all of the shard is settled."""
    from bep.app.shards import scoring

    console = Console()
    shard = scoring.shard_of(wanted, os.environ, Path.cwd())
    watch = watched(console, json_output=json_output, job=shard.name)
    if shard.note:
        watch.say(shard.note)
    status = shard.score(os.environ, watch)
    if json_output:
        console.result_json(enveloped(scoring.as_event(status), job=status.job), indent=None)
    elif wish:
        wish.show(console, scoring.summary_of(status))
    for line in _lines(status):
        console.say(line)
    if status.state.value == "cancelled":
        raise Stop(ExitCode.CANCELLED)
    if status.state.value != "done":
        raise Stop(ExitCode.ERROR)


def values_of(pairs: "Iterable[str]") -> dict[str, str]:
    """NAME=VALUE, as environment variables are given. Raises `Stop`."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Stop(ExitCode.ERROR, "--env: a variable is given as NAME=VALUE")
        found[name] = value
    return found


def _lines(status: "ShardStatus") -> "Iterable[str]":
    counts = status.counts
    took = duration((status.time - status.started).total_seconds())
    what = f"shard {status.shard}/{status.shards} of {status.job}"
    if status.first == status.end:
        yield f"{what}: has no items, for there are fewer mini-batches than shards"
        return
    items = f"items {status.first:,} to {status.end - 1:,}"
    if counts.items:
        before = f", {status.before:,} by others before" if status.before else ""
        failed = f", {counts.failed:,} failed" if counts.failed else ""
        left = f", {status.left:,} left" if status.left else ""
        scored = f"{number_of(counts.scored, 'item')} scored{failed}{left}{before}"
        yield f"{what}: {status.state.value}: {scored}, in {took}"
    else:
        yield f"{what}: {items} are {'scored' if status.error is None else 'settled'} already"
    for warning in status.warnings:
        yield f"  warning: {in_one_line(warning)}"
    if status.error is not None:
        yield f"  {status.error.code}: {status.error.message}"
        if status.error.traceback:
            yield status.error.traceback.rstrip()
        if status.error.fix:
            yield f"    fix: {status.error.fix}"
