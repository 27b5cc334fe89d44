"""The environments that deployments are scored in: what is needed, what is built, what could go. Prints nothing."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.app.errors import NothingToDo, Refused, WorldFailed
from bep.app.job_records import records
from bep.app.workspace.faces import environments_of, scoring_of
from bep.app.workspace.short_names import part_named
from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address, names_of
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.next_step import step
from bep.schemas.resource import FieldPath
from bep.schemas.secrets.recognising import redacted

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.planner.observed import Observed
    from bep.providers.world import Built as Built
    from bep.providers.world import Outlook


LIST = step("env list")


def outlook_value(found: "Outlook") -> dict[str, Any]:
    """What a deployment is scored in, as a value for scripts; `state` is own, built or to-build."""
    if found.is_own:
        return {"label": found.label, "state": "own", "interpreter": found.python}
    return {
        "label": found.label,
        "state": "built" if found.built else "to-build",
        "interpreter": found.python,
        "python": found.version,
        "digest": found.digest,
        "builder": found.builder,
        "requirements": [redacted(line) for line in found.requirements],
        "notes": list(found.notes),
    }


def outlook(opened: "Reading", address: Address) -> "Outlook":
    """What an applied deployment is scored in. Builds nothing; raises as building would."""
    return environments_of(opened).outlook(scoring_of(opened).choose(*names_of(address)))


def show_builds(opened: "Reading", live: Callable[[str], None] | None) -> None:
    """Let what pip draws while it works be drawn by `live`; None where nobody looks, or nothing is built here."""
    environments = opened.world.environments
    if environments is not None:
        environments.show(live)


@contextmanager
def placed(opened: "Specs") -> Iterator[None]:
    """Add to a complaint of a credential that is not there which file and line ask for it."""
    from bep.providers.protocol import ProviderError

    try:
        yield
    except ProviderError as problem:
        if problem.code != "CredentialMissing":
            raise
        raise ProviderError(
            problem.address, problem.operation, _with_places(opened, problem.message), code=problem.code
        ) from None


def _with_places(opened: "Specs", message: str) -> str:
    """A message with the place, in the specs, of each line that it quotes."""
    for resource in opened.loaded.resources:
        for path, mark in resource.marks.items() if resource.kind == "environment" else ():
            line = _text_at(resource.attributes, path)
            if "${{" in line:
                message = message.replace(f"'{line}' needs", f"'{line}' needs ({mark})")
    return message


def _text_at(attributes: Any, path: FieldPath) -> str:
    for part in path:
        try:
            attributes = attributes[part]
        except (KeyError, IndexError, TypeError):
            return ""
    return attributes if isinstance(attributes, str) else ""


def scoring_ones(opened: "Reading") -> "Mapping[Address, Observed]":
    """The applied deployments that score on this machine: not those of pipelines, which need no environment here."""
    there = opened.provider.list("deployment")
    return {address: seen for address, seen in there.items() if seen.attributes.get("type") != "pipeline"}


def to_build(opened: "Reading") -> list[str]:
    """The labels of the environments that the applied deployments need and that no job has had built yet."""
    from bep.providers.protocol import ProviderError

    found: dict[str, str] = {}
    deployments = scoring_ones(opened)
    if not deployments or opened.world.environments is None:
        return []
    for address in deployments:
        try:
            look = outlook(opened, address)
        except ProviderError:
            continue  # what is wrong with it is said where it is scored
        if not look.is_own and look.built is None:
            found.setdefault(look.digest, look.label)
    return list(found.values())


@dataclass(frozen=True)
class Needs:
    """Which environments the applied deployments need, by digest; and those of which that cannot be told, with why."""

    by_digest: Mapping[str, tuple[str, ...]]
    unknown: Mapping[str, str]


def needs(opened: "Reading") -> Needs:
    """Ask every applied deployment what it would be scored in."""
    from bep.providers.protocol import ProviderError

    found: dict[str, tuple[str, ...]] = {}
    unknown: dict[str, str] = {}
    for address in scoring_ones(opened):
        try:
            look = outlook(opened, address)
        except ProviderError as problem:
            unknown[str(address)] = str(problem)
            continue
        if not look.is_own:
            for digest in {look.digest, look.built.digest if look.built else look.digest}:
                found[digest] = (*found.get(digest, ()), str(address))
    return Needs(found, unknown)


def rows(opened: "Reading") -> list[dict[str, Any]]:
    """A row for each built environment: label, Python, size, who needs it, when a job last used it if one did."""
    environments = environments_of(opened)
    needed = needs(opened).by_digest
    used = _last_used(opened)
    return [
        {
            "label": built.label,
            "digest": built.digest[:12],
            "python": built.version,
            "asked": built.asked or None,
            "builder": built.builder,
            "megabytes": round(_bytes(Path(built.python).parent.parent) / 1e6, 1),
            "last_used": max(
                filter(None, (used.get(built.digest), _moment(environments.last_used(built)))), default=None
            ),
            "needed_by": ", ".join(needed.get(built.digest, ())) or None,
            "place": str(built.folder),
        }
        for built in environments.list()
    ]


def _moment(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def detail(opened: "Reading", built: "Built") -> dict[str, Any]:
    """One environment: interpreter, what pip or conda was asked for, notes, log, who needs it."""
    (row,) = (row for row in rows(opened) if row["digest"] == built.digest[:12])
    return {
        **row,
        "digest": built.digest,
        "interpreter": built.python,
        "requirements": list(built.requirements),
        "notes": list(built.notes),
        "log": built.log,
    }


def value_of(built: "Built") -> dict[str, Any]:
    """One environment as a value for scripts."""
    return {
        "label": built.label,
        "digest": built.digest,
        "python": built.version,
        "asked": built.asked or None,
        "builder": built.builder,
        "interpreter": built.python,
        "log": built.log,
    }


def built_named(opened: "Reading", name: str) -> "Built":
    """The built environment of this label, name or beginning of a digest. Raises `DomainError` with the nearest."""
    every = environments_of(opened).list()
    found = [one for one in every if one.label == name.replace(":", "/")]
    found = found or [one for one in every if one.digest.startswith(name) or one.label.split("/")[0] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(f"{name!r} could be {listed([one.digest[:12] for one in found])}: say which digest")
    near = did_you_mean(name, [one.label for one in every]) or f"{LIST} shows what is built."
    raise Refused(f"no environment {name!r} is built here. {near}", next=(LIST,))


def build_named(opened: "Reading", name: str, say: Callable[[str], None]) -> "Built":
    """Build the environment NAME, NAME:VERSION or NAME/VERSION that was applied; without a version the newest.

    Raises `DomainError` for one that was not applied or asks for nothing, `ProviderError` when it cannot be built.
    """
    environments = environments_of(opened)
    address = _applied(name.replace(":", "/"), list(opened.provider.list("environment")))
    with placed(opened):
        return _something(opened, environments.build(address, say))


def build_for(opened: "Reading", deployment: str, say: Callable[[str], None]) -> "Built":
    """Build what `ENDPOINT/NAME` is scored in; `NAME` alone where no other endpoint has one of that name."""
    address = part_named(deployment, opened.provider.list("deployment"))
    endpoint, _, name = address.removeprefix("deployment/").partition("/")
    chosen = scoring_of(opened).choose(endpoint, name or None)
    with placed(opened):
        return _something(opened, environments_of(opened).build_for(chosen, say))


def build_every(opened: "Reading", say: Callable[[str], None]) -> "list[Built]":
    """Build what the applied deployments need, each environment once. Raises `ProviderError` when one fails."""
    from bep.providers.world import Built

    environments, found = environments_of(opened), {}
    for address in scoring_ones(opened):
        chosen = scoring_of(opened).choose(*names_of(address))
        with placed(opened):
            built = environments.build_for(chosen, say)
        if isinstance(built, Built):
            found[built.digest] = built
    return list(found.values())


def _something(opened: "Reading", built: "Built | str") -> "Built":
    if isinstance(built, str):
        own = environments_of(opened).own()
        raise NothingToDo(f"{built} asks for no packages, so there is nothing to build: scripts run with {own}")
    return built


def _applied(name: str, known: list[Address]) -> Address:
    """The address of an environment by its name, the newest of several versions."""
    found = [one for one in known if one == f"environment/{name}" or one.startswith(f"environment/{name}/")]
    if found:
        return found[-1]
    near = did_you_mean(name, ["/".join(names_of(one)) for one in known])
    hint = near or ("Applied are: " + listed(["/".join(names_of(one)) for one in known]) if known else "None is.")
    raise Refused(f"no environment {name!r} was applied here. {hint}")


def unneeded(opened: "Reading", older: timedelta | None = None) -> list["Built"]:
    """Built environments that no applied deployment of this workspace needs, no job that is not over uses, and no other
    workspace that is still there has used; or, with `older`, that nobody has used for that long.

    Raises `DomainError` when a deployment cannot say what it needs: what it needs might be among them.
    """
    needed = needs(opened)
    if needed.unknown:
        told = "\n".join(f"    {address}: {why}" for address, why in needed.unknown.items())
        raise WorldFailed(f"nothing is removed while it is not known what each deployment needs:\n{told}")
    keep = needed.by_digest.keys() | set(_in_use(opened))
    every = [one for one in environments_of(opened).list() if one.digest not in keep]
    return [one for one in every if _is_spare(opened, one, older)]


def _is_spare(opened: "Reading", built: "Built", older: timedelta | None) -> bool:
    environments = environments_of(opened)
    if older is None:
        return not [place for place in environments.workspaces(built) if Path(place) != opened.root]
    when = environments.last_used(built) or datetime.fromtimestamp(built.folder.stat().st_mtime, UTC)
    return datetime.now(UTC) - when > older


def remove(opened: "Reading", doomed: list["Built"]) -> tuple[str, ...]:
    """Remove these environments, and what killed builds left; the digests that are gone.

    One that a process of any workspace builds or scores in by now stays.
    """
    return environments_of(opened).remove({one.digest for one in doomed}, set(_in_use(opened)))


def _in_use(opened: "Specs") -> Iterator[str]:
    for record in records(opened.home):
        if not record.status.is_final and record.target.interpreter:
            yield _digest_of(record.target.interpreter[0])


def _last_used(opened: "Specs") -> dict[str, str]:
    """When the youngest job with each environment was made."""
    found: dict[str, str] = {}
    for record in records(opened.home):
        if not record.target.interpreter:  # it waits in line still
            continue
        found[_digest_of(record.target.interpreter[0])] = record.created.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


def _digest_of(interpreter: str) -> str:
    return Path(interpreter).parent.parent.name


def _bytes(folder: Path) -> int:
    """What a folder takes on disk; a file with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for place, _, files in os.walk(folder):
        for name in files:
            status = Path(place, name).lstat()
            seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())
