"""A job as one page that needs nothing else: what it came to, how it went, what failed. Reads its folder alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from bep.runner.folder.record import JobError, JobRecord, Status
from bep.runner.reporting.html_axis import axis_of
from bep.runner.reporting.html_charts import latencies, throughput, workers
from bep.runner.reporting.html_data import Gathered, Trouble
from bep.runner.reporting.html_style import STYLE
from bep.runner.reporting.numbers import duration, number_of

NAME = "report.html"

_TROUBLES = 25  # groups of failures with their tracebacks; the rest is in failed_items.jsonl
_WORKERS = 200


def render(record: JobRecord, found: Gathered) -> str:
    """The page. A pure function of its arguments."""
    how = [*_tiles(record), *_drawn(record, found)]
    why = [*_failed(record, found)]
    went_well = record.status is Status.COMPLETED or not record.error
    told = [*how, *why] if went_well else [*why, *how]
    parts = [*_head(record), *_troubled(record), *told, *_about(record)]
    title = _text(f"{record.name}: {record.status}")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{STYLE}</style></head>\n'
        f"<body><main>\n{chr(10).join(parts)}\n</main></body></html>\n"
    )


def _head(record: JobRecord) -> Iterable[str]:
    target = record.target
    tone = {Status.COMPLETED: "good", Status.FAILED: "bad", Status.NOT_RESPONDING: "bad"}.get(record.status, "warn")
    yield f'<h1>{_text(record.name)} <span class="status {tone}">{record.status}</span></h1>'
    end = "an unknown moment" if record.status is Status.NOT_RESPONDING else _moment(record.finished)
    times = f"{_moment(record.started)} to {end}"
    again = f", in {record.runs} runs" if record.runs > 1 else ""
    yield f'<p class="soft">{_text(target.endpoint)}/{_text(target.deployment)}, {times}{again}</p>'


def _tiles(record: JobRecord) -> Iterable[str]:
    counts = record.counts
    rate = (counts.scored + counts.failed) / record.seconds if record.seconds else 0.0
    tiles = [
        ("Items", f"{counts.items:,}", ""),
        ("Scored", f"{counts.scored:,}", ""),
        ("Failed", f"{counts.failed:,}", "bad" if counts.failed else ""),
        ("Rows", f"{counts.rows:,}", ""),
        ("Took", duration(record.seconds), ""),
        ("Items/s", number_of(rate), ""),
        ("Retries", f"{counts.retries:,}", "warn" if counts.retries else ""),
        ("Workers lost", f"{counts.workers_lost:,}", "warn" if counts.workers_lost else ""),
    ]
    cells = "".join(f'<div><dt>{name}</dt><dd class="{tone}">{value}</dd></div>' for name, value, tone in tiles)
    yield f'<dl class="tiles">{cells}</dl>'


def _troubled(record: JobRecord) -> Iterable[str]:
    """Why the job failed, and what it warns of."""
    if record.error:
        yield f'<div class="box bad" role="alert">{_error(record.error)}</div>'
    if record.warnings:
        listed = "".join(f"<p>{_text(warning)}</p>" for warning in record.warnings)
        yield f'<div class="box warn"><p class="warn"><strong>Warnings</strong></p>{listed}</div>'


def _error(error: JobError) -> str:
    shown = f'<p class="bad"><strong>{_text(error.code)}</strong></p><p>{_text(error.message)}</p>'
    if error.fix:
        shown += f"<p>To mend it: {_text(error.fix)}</p>"
    if error.traceback:
        shown += f"<pre>{_text(error.traceback)}</pre>"
    return shown + (f'<p class="soft">Log: <code>{_text(error.log)}</code></p>' if error.log else "")


def _drawn(record: JobRecord, found: Gathered) -> Iterable[str]:
    axis = axis_of(found.timeline)
    if found.latencies.count:
        yield f"<h2>Items scored per second</h2>{_chart(throughput(found.timeline, axis))}"
        yield f"<h2>How long a mini-batch took</h2>{_chart(latencies(found.latencies))}"
        yield _slowest(found)
    else:
        yield '<h2>How it went</h2><p class="soft">No mini-batch was scored.</p>'
    if found.timeline.workers:
        red = '<p class="soft">Red: an attempt that failed.</p>' if found.timeline.failed else ""
        each = record.settings.max_concurrency_per_instance if found.nodes else 1
        lane = "node" if found.nodes else "worker"
        yield f"<h2>When each {lane} was busy</h2>{red}{_chart(workers(found.timeline, axis, found.nodes, each))}"
    if found.latencies.count:
        yield _numbers(record, found)


def _chart(drawing: str) -> str:
    """A drawing that a narrow screen can move sideways, so that its text stays large enough to read."""
    return f'<div class="chart" tabindex="0">{drawing}</div>'


def _slowest(found: Gathered) -> str:
    rows = [
        [duration(slow.seconds), f"{slow.items:,}", _lane(found, slow.worker), _files(slow.files, slow.items)]
        for slow in found.slowest
    ]
    table = _table(["Took", "Items", _lanes(found), "Files"], rows, numbers=2 if found.nodes else 3)
    return f"<details><summary>The slowest mini-batches</summary>{table}</details>"


def _numbers(record: JobRecord, found: Gathered) -> str:
    """What the drawings show, as numbers: for a reader who hears the page."""
    quantiles = [[f"{share:.0%}", duration(found.latencies.quantile(share))] for share in (0.5, 0.9, 0.95, 0.99, 1)]
    took = _table(["Mini-batches", "Took at most"], quantiles, numbers=2)
    rows = []
    for worker in sorted(found.mini_batches)[:_WORKERS]:
        busy = sum(found.timeline.busy.get(worker, {}).values())
        share = f"{busy / record.seconds:.0%}" if record.seconds else ""
        rows.append([_lane(found, worker), f"{found.mini_batches[worker]:,}", duration(busy), share])
    each = _table([_lanes(found), "Mini-batches", "In run()", "Of the job's time"], rows, numbers=4)
    return f'<details><summary>The same in numbers</summary><div class="two">{took}{each}</div></details>'


def _lanes(found: Gathered) -> str:
    return "Node" if found.nodes else "Worker"


def _lane(found: Gathered, worker: int) -> str:
    return _text(found.nodes[worker]) if worker < len(found.nodes) else str(worker)


def _failed(record: JobRecord, found: Gathered) -> Iterable[str]:
    if found.attempts:
        told = ", ".join(f"{_text(kind)} {_times(count)}" for kind, count in found.attempts.most_common(8))
        yield f"<h2>Attempts that failed</h2><p>{told}. Attempts that went well when repeated count as scored.</p>"
    if record.counts.splits:
        batches = "1 mini-batch was" if record.counts.splits == 1 else f"{record.counts.splits:,} mini-batches were"
        yield f"<p>{batches} split to find the bad files.</p>"
    if not found.troubles:
        return
    yield f"<h2>Failed items: {record.counts.failed:,}</h2>"
    for number, trouble in enumerate(found.troubles[:_TROUBLES]):
        yield _trouble(trouble, is_open=number == 0)
    rest = len(found.troubles) - _TROUBLES
    more = f"{rest} more kinds of failure, and every" if rest > 0 or found.unread else "Every"
    yield f'<p class="soft">{more} failed item: <code>{_text(str(record.folder / "failed_items.jsonl"))}</code></p>'


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _trouble(trouble: Trouble, *, is_open: bool) -> str:
    items = f"{trouble.items:,} item" + ("" if trouble.items == 1 else "s")
    summary = f'<strong class="bad">{_text(trouble.type)}</strong> {_text(trouble.message)} ({items})'
    shown = f"<pre>{_text(trouble.traceback)}</pre>" if trouble.traceback else ""
    log = f'<p class="soft">Log: <code>{_text(trouble.log)}</code></p>' if trouble.log else ""
    files = f"<p>{_files(trouble.files, trouble.items)}</p>"
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>{files}{shown}{log}</details>"


def _about(record: JobRecord) -> Iterable[str]:
    target = record.target
    facts = [
        ("Model", target.model),
        ("Scoring script", target.scoring_script or "none: the model scores by itself"),
        ("Environment", target.environment or " ".join(target.interpreter)),
        ("Interpreter", " ".join(target.interpreter) or "that of each machine"),
        ("Deployment digest", target.deployment_digest),
        ("Input", record.input_text),
        ("Output", record.output_place),
        ("Job folder", str(record.folder)),
        *([("Cluster", record.cluster.address or record.cluster.dashboard)] if record.cluster else []),
        *([("Share", record.cluster.share)] if record.cluster else []),
    ]
    overridden = record.overrides
    settings = [
        (name, f"{_plain(value)}{' (set by the job)' if name in overridden else ''}")
        for name, value in record.settings.model_dump().items()
    ]
    variables = [(name, "set") for name in target.environment_variables]
    yield "<h2>What was run</h2>"
    yield f'<div class="two">{_facts(facts)}{_facts([*settings, *variables])}</div>'


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<tr><th scope="row">{_text(name)}</th><td>{_text(value)}</td></tr>' for name, value in facts)
    return f"<div><table>{rows}</table></div>"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> str:
    """`rows` hold finished HTML; the first `numbers` columns are numbers."""
    kinds = [' class="number"' if place < numbers else "" for place in range(len(names))]
    head = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in zip(names, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _files(files: Sequence[str], items: int) -> str:
    shown = "<br>".join(f"<code>{_text(file)}</code>" for file in files)
    rest = items - len(files)
    return shown + (f"<br>and {rest:,} more" if rest > 0 else "")


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else "now"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    """Text that is nothing but text to a browser; control characters, which HTML has no place for, become visible."""
    return "".join(c if c >= " " or c in "\n\t" else f"\\x{ord(c):02x}" for c in escape(text))
