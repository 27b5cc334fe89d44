"""What a job scores with: its deployment as it is applied, and its environment variables."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Conflict, Invalid
from bep.app.workspace.faces import scoring_of
from bep.app.workspace.specs import specs_of
from bep.lazy_dataclasses import dataclass
from bep.schemas.address import address_of
from bep.schemas.next_step import step
from bep.schemas.secrets.secret import Secret

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.providers.world import ScoredWith
    from bep.runner.folder.record import JobRecord
    from bep.runner.request import ScoringTarget
    from bep.schemas.job.job import JobSpec


@dataclass(frozen=True)
class Variables:
    """Environment variables with their values, and which of them are secret."""

    values: Mapping[str, str]
    secret: frozenset[str] = frozenset()

    def over(self, job: "JobSpec") -> "Variables":
        """These with the job's own, which win."""
        given = job.environment_variables
        return Variables({**self.values, **given}, self.secret.difference(given).union(job.secret_variables))


def target_of(scoring: "ScoredWith", variables: Variables, folder: Path) -> "ScoringTarget":
    """What a job in this folder scores with: the user's own files where they are, its own copies of what is stored."""
    from bep.runner.folder.folder import JobFolder
    from bep.runner.request import ScoringTarget

    assets = JobFolder(folder).assets

    return ScoringTarget(
        endpoint=scoring.endpoint,
        deployment=scoring.deployment,
        deployment_digest=scoring.deployment_digest,
        model=scoring.model,
        model_directory=assets / "model" if "model" in scoring.stored else scoring.model_directory,
        code_directory=assets / "code" if "code" in scoring.stored else scoring.code_directory,
        code_name=scoring.code_name,
        scoring_script=scoring.scoring_script,
        environment=scoring.environment,
        interpreter=scoring.interpreter,
        environment_variables=dict(variables.values),
        secret_variables=tuple(sorted(variables.secret)),
    )


def applied_variables(opened: "Specs", scoring: "ScoredWith") -> Variables:
    """A deployment's environment variables. The world keeps no secret, so those that are come from the specs."""
    if not scoring.sealed_variables:
        return Variables(scoring.environment_variables)
    address = address_of("deployment", scoring.endpoint, scoring.deployment)
    written = next((r.attributes for r in specs_of(opened).resources if r.address == address), {})
    given = written.get("settings", {}).get("environment_variables", {})
    secrets = {name: given.get(name) for name in scoring.sealed_variables}
    missing = [name for name, value in secrets.items() if value is None]
    if missing:
        raise Invalid(
            f"{address}: the secret environment variables {', '.join(missing)} are in no spec here, and kept nowhere\n"
            "    fix: run from the workspace whose specs declare this deployment",
        )
    clear = {name: value.reveal() if isinstance(value, Secret) else str(value) for name, value in secrets.items()}
    secret = frozenset(name for name, value in secrets.items() if isinstance(value, Secret))
    return Variables({**scoring.environment_variables, **clear}, secret)


def must_be_deployed_still(opened: "Reading", record: "JobRecord") -> None:
    """Raise `Conflict` where a job's deployment is gone or another by now: the job would not go on with what it began
    with."""
    target, world = record.target, scoring_of(opened)
    address = address_of("deployment", target.endpoint, target.deployment)
    if address not in opened.provider.read([address]):
        bring_back = step("apply", target=address)
        raise Conflict(
            f"{record.name} scores with {address}, which is not there any more\n"
            f"    fix: apply the specs that declare it: {bring_back}",
            next=(bring_back,),
        )
    if world.choose(target.endpoint, target.deployment).digest != target.deployment_digest:
        mended = step("job retry", record.name, mended=True)
        raise Conflict(
            f"{record.name} began with another {target.endpoint}/{target.deployment} than is deployed now\n"
            f"    fix: apply the specs it began with, or run the job anew, or {mended}",
            next=(mended,),
        )
