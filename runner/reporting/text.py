"""What a job came to, as lines for a person. A pure function of the record: no colour, no width, no print."""

from collections.abc import Callable
from pathlib import Path

from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import StoredBytesDamaged
from bep.runner.events import MiniBatchFailed
from bep.runner.folder.record import Counts, JobError, JobRecord, Status
from bep.schemas.escaping import in_one_line
from bep.schemas.next_step import Step, step

_NUMBERS = lazy_pattern(r"\d+")
_ANOTHER_JOB = frozenset(("OutputExists", "ColumnsDiffer"))  # the same job would fail in the same way again
_NOT_THE_SCRIPT = frozenset(("InputsInvalid", "InterpreterMissing", "RunnerFailed", "RowsMissing", "WriteFailed"))


def lines(record: JobRecord, say: Callable[[Step], str] | None = None) -> list[str]:
    """The last lines of a job: counts first, then what is worth knowing, then why it failed.

    With what would help last, in the words of whoever asks: `say`.
    """
    counts = record.counts
    told = [f"{_verdict(record)}: {counts.scored} scored, {counts.failed} failed in {duration_text(record.seconds)}"]
    if record.output_file and record.status is Status.COMPLETED:
        told.append(f"output: {record.output_place} ({_number(counts.rows, 'row')})")
    elif record.status is Status.COMPLETED:
        told.append(f"output: {record.output_place}, where the script put its files")
    told.extend(_disturbed(counts))
    if counts.failed:
        told.append(f"failed items: {record.folder / 'failed_items.jsonl'}")
    seen: set[tuple[str, str]] = set()
    for failure in record.failures:
        kind = (failure.code, _NUMBERS.sub("#", failure.message))
        told.extend(failure_lines(failure, record.folder, with_traceback=kind not in seen))
        seen.add(kind)
    told.extend(f"warning: {warning}" for warning in record.warnings)
    if record.error:
        told.extend(failure_lines(record.error, record.folder))
    said = record.error.fix if record.error else ""
    steps = [(say(one), why) for one, why in next_of(record)] if say else []
    following = [(text, why) for text, why in steps if text not in said]
    width = max((len(command) for command, _ in following), default=0)
    told.extend(f"next: {command:<{width}}  {why}" for command, why in following)
    return told


def becoming(failed: MiniBatchFailed) -> str:
    """What becomes of the items of an attempt that failed, in a few words."""
    if failed.is_split:
        return "split to find the bad files"
    return "will be tried again" if failed.will_retry else "given up"


def next_of(record: JobRecord) -> list[tuple[Step, str]]:
    """Steps that make sense now, and what each is for; none for a job that went well or still runs."""
    if record.is_prepared:
        merge = step("job merge", record.name, share=record.share)
        return [(merge, "when other machines have scored its shards")]
    if record.is_in_share:
        prepare = step("run", prepare=True, share=record.share, name=record.name)
        return [(prepare, "the same once more, with its job file; what is uploaded is kept")]
    resume = step("job resume", record.name)
    logs = (step("job logs", record.name, error=True), "what the script raised, and where")
    mended = (_retry(record, mended=True), "once the script is mended and applied")
    if record.status is Status.COMPLETED and record.counts.failed:
        again = "the failed item" if record.counts.failed == 1 else f"the {record.counts.failed} failed items"
        retry = (_retry(record), f"scores {again} again, into the same output")
        return [logs, retry, *_with_more(record), mended]
    if record.status is Status.CANCELED:
        return [(resume, "what was scored is kept")]
    if record.status is Status.NOT_RESPONDING:
        return [(resume, "goes on; what was scored is kept")]
    if record.status is not Status.FAILED:
        return []
    return _after_failure(record, record.error.code if record.error else "", resume, logs, mended)


def _after_failure(
    record: JobRecord, code: str, resume: Step, logs: tuple[Step, str], mended: tuple[Step, str]
) -> list[tuple[Step, str]]:
    if code in _ANOTHER_JOB:
        return []
    if code == "InitTimeout":
        more = _retry(record, set=f"init_timeout={2 * record.settings.init_timeout:g}")
        return [(more, "the same with more time for init()"), logs, mended]
    if code == StoredBytesDamaged.code:
        repair = (step("state repair"), "puts back what the specs' files have still")
        return [repair, (resume, "when that is put right")]
    if code in _NOT_THE_SCRIPT:
        return [(resume, "when that is put right")]
    return [logs, mended]


def _retry(record: JobRecord, **how: object) -> Step:
    return step("job retry", record.name, **how)


def _with_more(record: JobRecord) -> list[tuple[Step, str]]:
    """How to try again with twice of what was too little, where that is why items failed."""
    settings = record.settings
    codes = {failure.code for failure in record.failures if ":" not in failure.log}  # the script's own have a place
    told = []
    if "Timeout" in codes:
        longer = _retry(record, set=f"retry_settings.timeout={2 * settings.timeout:g}")
        told.append((longer, "the same with more time a call"))
    if "MemoryLimit" in codes and settings.worker_bytes:
        enough = f"{2 * settings.worker_bytes / 1e6:.0f}MB"
        told.append((_retry(record, set=f"worker_memory={enough}"), "the same with more memory a worker"))
    return told


def _disturbed(counts: Counts) -> list[str]:
    told = []
    if counts.retries:
        told.append("1 attempt was repeated" if counts.retries == 1 else f"{counts.retries} attempts were repeated")
    if counts.splits:
        told.append(f"{_number(counts.splits, 'mini-batch').replace('batchs', 'batches')} split to find the bad files")
    if counts.workers_lost:
        lost = "1 worker was lost" if counts.workers_lost == 1 else f"{counts.workers_lost} workers were lost"
        told.append(f"{lost} and replaced")
    return [", ".join(told)] if told else []


def _verdict(record: JobRecord) -> str:
    return f"job {record.name} {record.status.value}"


def failure_lines(error: JobError, folder: Path | None = None, *, with_traceback: bool = True) -> list[str]:
    """Why something failed; its log stands below `folder`."""
    told = [f"{error.code}: {error.message}"]
    if with_traceback:
        told.extend("    " + line for line in error.traceback.rstrip().splitlines())
    if error.files:
        shown = ", ".join(map(in_one_line, error.files[:3]))
        rest = len(error.files) - 3
        told.append(f"    files: {shown}" + (f" and {rest} more" if rest > 0 else ""))
    if error.log:
        told.append(f"    log: {folder / error.log if folder else error.log}")
    if error.fix:
        told.append(f"    fix: {error.fix}")
    return told


def _number(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def duration_text(seconds: float) -> str:
    """`12.3 s`, `2 min 5 s`, `1 h 40 min`."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
