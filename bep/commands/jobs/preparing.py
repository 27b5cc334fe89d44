"""`bep run --prepare`: a job made ready in a share for other machines. Its name is on stdout, what went there told."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bep.command_words import command_of, number_of
from bep.console import Console
from bep.exit_codes import ExitCode, Stop
from bep.lazy_dataclasses import dataclass
from bep.schemas.escaping import in_one_line

if TYPE_CHECKING:
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.shards.preparing import PreparedJob
    from bep.app.workspace.opening import Opened
    from bep.commands.jobs.results import Wish


@dataclass(frozen=True)
class Place:
    """The share that was named, and the folders that every machine sees."""

    share: str
    shared: tuple[str, ...] = ()


def prepare_job(opened: "Opened", source: "JobSource", place: Place, *, json_output: bool, wish: "Wish") -> None:
    """Resolve, list, upload; say what went and what did not. Ends in `Stop` where it was cancelled."""
    from bep.app.jobs.requests.loading import loaded_job
    from bep.app.shards import preparing
    from bep.commands.jobs.running import watched
    from bep.commands.showing_findings import say_findings
    from bep.event_stream import enveloped

    console = Console()
    loaded = loaded_job(opened, source)
    say_findings(console, loaded.findings, loaded.sources)
    assert loaded.job is not None  # loaded_job raises otherwise
    watch = watched(console, json_output=json_output, job=loaded.job.name or "")
    shared = [Path(folder).expanduser() for folder in place.shared]
    done = preparing.prepare(opened, loaded.job, place.share, watch, shared=shared, base=Path.cwd())
    if done is None:
        console.say("cancelled: the same command with the same --name goes on with what is uploaded")
        raise Stop(ExitCode.CANCELLED)
    for line in _told(done):
        console.say(line)
    if json_output:
        console.result_json(enveloped(preparing.as_event(done), job=done.record.name), indent=None)
    elif wish:
        wish.show(console, preparing.summary_of(done))
    else:
        console.result(done.record.name)


def _told(done: "PreparedJob") -> Iterator[str]:
    record, prepared = done.record, done.prepared
    counts, uploads, target = record.counts, prepared.uploads, prepared.target
    mini_batches = f"{counts.mini_batches:,} mini-batch{'es' if counts.mini_batches != 1 else ''}"
    yield f"job {record.name}: {number_of(counts.items, 'file')} in {mini_batches}, prepared in {done.address}"
    what = f"model{'' if target.code is None else ', code'} and {number_of(uploads.items, 'input')}"
    yield f"  uploaded: {what}; {number_of(uploads.files, 'file')} of {_size(uploads.bytes)}"
    if uploads.in_place:
        folders = ", ".join(map(in_one_line, uploads.folders))
        yield f"  not uploaded: {number_of(uploads.in_place, 'input')}, which every machine sees below {folders}"
    if target.secret_variables:
        names = ", ".join(target.secret_variables)
        yield f"  not uploaded: the values of the secret variables {names}; each machine needs them in its environment"
    shard, merge = done.next
    yield f"  score shard I of N, with I from 0 to N-1, on any machine that has bep: {command_of(shard)}"
    yield f"  when all are scored: {command_of(merge)}"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"
