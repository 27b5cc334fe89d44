"""The facts of a plan as plain lines under headings, for renderings that have no form of their own for them.

Knows no format: whoever shows the lines makes them safe to show.
"""

from collections.abc import Iterator, Mapping, Sequence

from bep.planner.facts import AffectedJobs, Comparison, FileDiff, GivenValue, JobsEffect, Risk, Since
from bep.planner.plan import Plan
from bep.planner.rendering.layout import NONE, text

Section = tuple[str, list[str]]


def sections(plan: Plan) -> Iterator[Section]:
    """Each sort of fact that there is, most important first."""
    changed = ((change.address, change.files, change.files_left_out) for change in plan.changes)
    found: Sequence[tuple[str, Iterator[str]]] = (
        (f"Risks, the highest is {plan.risk}", (_risk(risk) for risk in plan.risks)),
        ("Since the earlier plan", _since(plan.since)),
        ("Effect on jobs", _jobs(plan.jobs) if plan.changes else iter(())),
        ("Files", (line for part in changed for line in _files(*part))),
        ("Compared", (line for one in plan.comparisons for line in _comparison(one))),
        ("Outputs", (_output(one.name, one.before, one.after, one.known) for one in plan.outputs)),
        ("Variables", (_variable(one) for one in plan.values)),
    )
    for title, lines in found:
        if every := list(lines):
            yield title, every


def _risk(risk: Risk) -> str:
    fix = f"; {risk.fix}" if risk.fix else ""
    return f"{risk.level}: {risk.address}: {risk.message}{fix} ({risk.code})"


def _since(since: Since | None) -> Iterator[str]:
    if since is None:
        return
    for word, changes in (("new", since.new), ("gone", since.gone), ("different", since.different)):
        yield from (f"{word}: {one.id}" + _listed(one.differences) for one in changes)
    for word, risks in (("new risk", since.new_risks), ("gone risk", since.gone_risks)):
        yield from (f"{word}: {risk.level}: {risk.address}: {risk.message}" for risk in risks)
    same = "1 change is" if since.same == 1 else f"{since.same} changes are"
    yield f"{same} the same; the highest risk was {since.risk}"


def _listed(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def _jobs(jobs: JobsEffect) -> Iterator[str]:
    for one in jobs.affected:
        yield f"{one.address}: {_counted(one)}: {one.effect}"
        yield from (
            f"  {job.name} ({', '.join(filter(None, (job.status, job.progress, job.owner)))})" for job in one.jobs
        )
    if not jobs.known:
        yield "jobs run elsewhere, and bep was not told of them"
    elif not jobs.affected:
        yield (
            f"none of {jobs.unfinished} unfinished jobs is affected"
            if jobs.unfinished
            else "no unfinished job is affected"
        )
    for route in jobs.routes:
        goes = (
            f"{_split(route.before)} -> {_split(route.after)}" if route.before != route.after else _split(route.after)
        )
        yield f"{route.endpoint}: the next job goes to {goes}"


def _counted(one: AffectedJobs) -> str:
    return f"{one.running} running, {one.waiting} waiting"


def _split(shares: Mapping[str, int]) -> str:
    if len(shares) == 1:
        return next(iter(shares))
    return ", ".join(f"{name} {share} %" for name, share in shares.items()) or "the one it names"


def _files(address: str, files: Sequence[FileDiff], more: int) -> Iterator[str]:
    for one in files:
        sizes = " -> ".join(_size(side.size) for side in (one.before, one.after) if side is not None)
        about = _listed([part for part in (sizes, f"+{one.added} -{one.removed}", one.why_not) if part])
        yield f"{one.symbol} {address}: {f'{one.field}: {one.name}' if one.name else one.field}{about}"
        yield from (f"  {line}" for line in one.diff.splitlines())
        if one.left_out:
            yield f"  and {one.left_out} more lines"
    if more:
        yield f"{address}: and {more} more files"


def _size(size: int | None) -> str:
    return "unknown size" if size is None else f"{size} bytes"


def _comparison(one: Comparison) -> Iterator[str]:
    yield f"{one.address} beside {one.against} ({one.reason}), {one.same} fields are the same"
    for diff in one.fields:
        old, new = (text(side, diff.default) or NONE for side in (diff.before, diff.after))
        yield f"  {'.'.join(map(str, diff.path))}: {old} -> {new}"
    for said in one.model:
        yield f"  {said.what}: {text(said.before) or NONE} -> {text(said.after) or NONE}"
    yield from (f"  {line}" for line in _files(one.address, one.files, one.files_left_out))


def _variable(one: GivenValue) -> str:
    return f"{one.name} = {one.value} ({one.source}{f', {one.place}' if one.place else ''})"


def _output(name: str, before: object, after: object, known: bool) -> str:
    old, new = (text(side) or NONE for side in (before, after))
    return f"{name}: {old}" + ("" if known and old == new else f" -> {new if known else '(known after apply)'}")
