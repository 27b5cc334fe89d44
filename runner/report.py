"""What a job came to, as lines for a person. A pure function of the record: no colour, no width, no print."""

from bep.runner.record import JobError, JobRecord, Status


def lines(record: JobRecord) -> list[str]:
    """The last lines of a job: counts first, then what is worth knowing, then why it failed, if it did."""
    counts = record.counts
    told = [f"{_verdict(record)}: {counts.scored} scored, {counts.failed} failed in {_duration(record.seconds)}"]
    if record.output_file and record.status is Status.COMPLETED:
        told.append(f"output: {record.output_place} ({_number(counts.rows, 'row')})")
    if counts.retries or counts.workers_lost:
        lost = "1 worker was lost" if counts.workers_lost == 1 else f"{counts.workers_lost} workers were lost"
        times = "1 attempt was" if counts.retries == 1 else f"{counts.retries} attempts were"
        told.append(f"{times} repeated, {lost} and replaced")
    if counts.failed:
        told.append(f"failed items: {record.folder / 'failed_items.jsonl'}")
    for failure in record.failures:
        told.extend(_failure(failure, record))
    told.extend(f"warning: {warning}" for warning in record.warnings)
    if record.error:
        told.extend(_failure(record.error, record))
    elif record.status is Status.CANCELED:
        told.append(f"what was scored is kept: bep job resume {record.name}")
    return told


def _verdict(record: JobRecord) -> str:
    return f"job {record.name} {record.status.value}"


def _failure(error: JobError, record: JobRecord) -> list[str]:
    told = [f"{error.code}: {error.message}"]
    told.extend("    " + line for line in error.traceback.rstrip().splitlines())
    if error.files:
        shown = ", ".join(error.files[:3])
        rest = len(error.files) - 3
        told.append(f"    files: {shown}" + (f" and {rest} more" if rest > 0 else ""))
    if error.log:
        told.append(f"    log: {record.folder / error.log}")
    if error.fix:
        told.append(f"    fix: {error.fix}")
    return told


def _number(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
