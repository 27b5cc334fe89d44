"""The environments that deployments are scored in: what is needed, what is built, what could go. Prints nothing."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.app.job_records import records
from bep.exit_codes import ExitCode, Stop
from bep.schemas.address import Address, names_of
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.resource import FieldPath
from bep.schemas.secrets.recognising import blotted

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened
    from bep.providers.local.environments.built import Built
    from bep.providers.local.environments.conda import Recipe
    from bep.providers.local.environments.environments import Wanted
    from bep.providers.local.scoring import Chosen


@dataclass(frozen=True)
class Outlook:
    """What a deployment will be scored in. `wanted` is None for the user's own interpreter, at `python`."""

    label: str
    python: str
    wanted: "Wanted | None" = None

    @property
    def version(self) -> str:
        """The Python's version: of what is built, else as far as it is known before."""
        assert self.wanted is not None
        if self.wanted.built is not None:
            return self.wanted.built.version
        interpreter = self.wanted.interpreter
        return interpreter.version if interpreter else self.wanted.recipe.python or ""

    def as_json(self) -> dict[str, Any]:
        """As a value for scripts; `state` is own, built or to-build."""
        if self.wanted is None:
            return {"label": self.label, "state": "own", "interpreter": self.python}
        wanted = self.wanted
        return {
            "label": self.label,
            "state": "built" if wanted.built else "to-build",
            "interpreter": self.python,
            "python": self.version,
            "digest": wanted.digest,
            "builder": wanted.built.builder if wanted.built else wanted.builder.name,
            "requirements": [blotted(line) for line in (*wanted.recipe.first, *wanted.recipe.then)],
            "notes": list(wanted.recipe.notes),
        }


def outlook(opened: "Opened", chosen: "Chosen") -> Outlook:
    """The interpreter of a deployment, or what would be built for it. Builds nothing; raises as building would."""
    from bep.providers.local.scoring import asked_of

    label, recipe = asked_of(opened.provider, chosen)
    environments = opened.provider.environments
    if recipe is None:
        return Outlook(label, environments.own())
    wanted = environments.wanted(label, recipe)
    there = wanted.built.python if wanted.built else wanted.interpreter.path if wanted.interpreter else ""
    return Outlook(label, there, wanted)


def show_builds(opened: "Opened", live: Callable[[str], None] | None) -> None:
    """Let what pip draws while it works be drawn by `live`; None where nobody looks."""
    opened.provider.environments.moving = live


@contextmanager
def placed(opened: "Opened") -> Iterator[None]:
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


def _with_places(opened: "Opened", message: str) -> str:
    """A message with the place, in the specs, of each line that it quotes."""
    for resource in opened.loaded.resources:
        for path, mark in resource.marks.items() if resource.kind == "environment" else ():
            line = _text_at(resource.attributes, path)
            if "${{" in line:
                message = message.replace(f"'{line}' needs", f"'{line}' needs ({mark})")
    return message


def _text_at(attributes: Any, path: FieldPath) -> str:
    for step in path:
        try:
            attributes = attributes[step]
        except (KeyError, IndexError, TypeError):
            return ""
    return attributes if isinstance(attributes, str) else ""


def to_build(opened: "Opened") -> list[str]:
    """The labels of the environments that the applied deployments need and that no job has had built yet."""
    from bep.providers.local.scoring import choose
    from bep.providers.protocol import ProviderError

    found: dict[str, str] = {}
    for address in opened.provider.list("deployment"):
        try:
            look = outlook(opened, choose(opened.provider, *names_of(address)))
        except ProviderError:
            continue  # what is wrong with it is said where it is scored
        if look.wanted is not None and look.wanted.built is None:
            found.setdefault(look.wanted.digest, look.label)
    return list(found.values())


@dataclass(frozen=True)
class Needs:
    """Which environments the applied deployments need, by digest; and those of which that cannot be told, with why."""

    by_digest: Mapping[str, tuple[str, ...]]
    unknown: Mapping[str, str]


def needs(opened: "Opened") -> Needs:
    """Ask every applied deployment what it would be scored in."""
    from bep.providers.local.scoring import choose
    from bep.providers.protocol import ProviderError

    found: dict[str, tuple[str, ...]] = {}
    unknown: dict[str, str] = {}
    for address in opened.provider.list("deployment"):
        try:
            wanted = outlook(opened, choose(opened.provider, *names_of(address))).wanted
        except ProviderError as problem:
            unknown[str(address)] = str(problem)
            continue
        if wanted is not None:
            for digest in {wanted.digest, wanted.built.digest if wanted.built else wanted.digest}:
                found[digest] = (*found.get(digest, ()), str(address))
    return Needs(found, unknown)


def rows(opened: "Opened") -> list[dict[str, Any]]:
    """A row for each built environment: label, Python, size, who needs it, when a job last used it if one did."""
    from bep.providers.local.environments.folder import last_used

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
            "last_used": max(filter(None, (used.get(built.digest), _moment(last_used(built.folder)))), default=None),
            "needed_by": ", ".join(needed.get(built.digest, ())) or None,
            "place": str(built.folder),
        }
        for built in opened.provider.environments.list()
    ]


def _moment(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def detail(opened: "Opened", built: "Built") -> dict[str, Any]:
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


def line_of(built: "Built") -> str:
    """One environment in a line: label, digest, Python, interpreter."""
    other = f" for {built.asked}" if built.asked and not built.version.startswith(built.asked) else ""
    return f"{built.label} ({built.digest[:12]}, Python {built.version}{other}): {built.python}"


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


def built_named(opened: "Opened", name: str) -> "Built":
    """The built environment of this label, name or beginning of a digest. Raises `Stop` with the nearest."""
    every = opened.provider.environments.list()
    found = [one for one in every if one.label == name.replace(":", "/")]
    found = found or [one for one in every if one.digest.startswith(name) or one.label.split("/")[0] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise Stop(ExitCode.ERROR, f"{name!r} could be {listed([one.digest[:12] for one in found])}: say which digest")
    near = did_you_mean(name, [one.label for one in every]) or "`bep env list` shows what is built."
    raise Stop(ExitCode.ERROR, f"no environment {name!r} is built here. {near}")


def build_named(opened: "Opened", name: str, say: Callable[[str], None]) -> "Built":
    """Build the environment NAME, NAME:VERSION or NAME/VERSION that was applied; without a version the newest.

    Raises `Stop` for one that was not applied or asks for nothing, `ProviderError` when it cannot be built.
    """
    from bep.providers.local.scoring import recipe_of_environment

    there = opened.provider.list("environment")
    address = _applied(name.replace(":", "/"), list(there))
    return _build(opened, *recipe_of_environment(opened.provider, address, there[address]), say)


def build_for(opened: "Opened", deployment: str, say: Callable[[str], None]) -> "Built":
    """Build what `ENDPOINT/NAME` is scored in."""
    from bep.providers.local.scoring import asked_of, choose

    endpoint, _, name = deployment.removeprefix("deployment/").partition("/")
    return _build(opened, *asked_of(opened.provider, choose(opened.provider, endpoint, name or None)), say)


def build_every(opened: "Opened", say: Callable[[str], None]) -> "list[Built]":
    """Build what the applied deployments need, each environment once. Raises `ProviderError` when one fails."""
    from bep.providers.local.scoring import asked_of, choose

    found = {}
    for address in opened.provider.list("deployment"):
        label, recipe = asked_of(opened.provider, choose(opened.provider, *names_of(address)))
        if recipe is not None:
            with placed(opened):
                built = opened.provider.environments.build(label, recipe, say)
            found[built.digest] = built
    return list(found.values())


def _build(opened: "Opened", label: str, recipe: "Recipe | None", say: Callable[[str], None]) -> "Built":
    if recipe is None or (recipe.empty and recipe.python is None and not recipe.problems and not recipe.tools):
        own = opened.provider.environments.own()
        raise Stop(ExitCode.DONE, f"{label} asks for nothing, so there is nothing to build: scripts run with {own}")
    with placed(opened):
        return opened.provider.environments.build(label, recipe, say)


def _applied(name: str, known: list[Address]) -> Address:
    """The address of an environment by its name, the newest of several versions."""
    found = [one for one in known if one == f"environment/{name}" or one.startswith(f"environment/{name}/")]
    if found:
        return found[-1]
    near = did_you_mean(name, ["/".join(names_of(one)) for one in known])
    hint = near or ("Applied are: " + listed(["/".join(names_of(one)) for one in known]) if known else "None is.")
    raise Stop(ExitCode.ERROR, f"no environment {name!r} was applied here. {hint}")


def unneeded(opened: "Opened", older: timedelta | None = None) -> list["Built"]:
    """Built environments that no applied deployment of this workspace needs, no job that is not over uses, and no other
    workspace that is still there has used; or, with `older`, that nobody has used for that long.

    Raises `Stop` when a deployment cannot say what it needs: what it needs might be among them.
    """
    needed = needs(opened)
    if needed.unknown:
        told = "\n".join(f"    {address}: {why}" for address, why in needed.unknown.items())
        raise Stop(ExitCode.PROVIDER, f"nothing is removed while it is not known what each deployment needs:\n{told}")
    keep = needed.by_digest.keys() | set(_in_use(opened))
    every = [one for one in opened.provider.environments.list() if one.digest not in keep]
    return [one for one in every if _is_spare(opened, one, older)]


def _is_spare(opened: "Opened", built: "Built", older: timedelta | None) -> bool:
    from bep.providers.local.environments.folder import last_used, workspaces

    if older is None:
        return not [place for place in workspaces(built.folder) if Path(place) != opened.root]
    when = last_used(built.folder) or datetime.fromtimestamp(built.folder.stat().st_mtime, UTC)
    return datetime.now(UTC) - when > older


def remove(opened: "Opened", doomed: list["Built"]) -> tuple[str, ...]:
    """Remove these environments, and what killed builds left; the digests that are gone.

    One that a process of any workspace builds or scores in by now stays.
    """
    return opened.provider.environments.remove({one.digest for one in doomed}, set(_in_use(opened)))


def _in_use(opened: "Opened") -> Iterator[str]:
    for record in records(opened.home):
        if not record.status.is_final:
            yield _digest_of(record.target.interpreter[0])


def _last_used(opened: "Opened") -> dict[str, str]:
    """When the youngest job with each environment was made."""
    found: dict[str, str] = {}
    for record in records(opened.home):
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
