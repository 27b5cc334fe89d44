"""From a job as it was asked for to a request the runner can carry out: names become paths, defaults become numbers."""

import glob
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from bep.exit_codes import ExitCode, Stop
from bep.schemas.address import address_of
from bep.schemas.finding import SpecInvalid, errors, mistake
from bep.schemas.secret import Secret
from bep.wiring.clock import job_name
from bep.wiring.environments import placed
from bep.wiring.input_types import misfit
from bep.wiring.job_settings import must_fit, settings_for
from bep.wiring.jobs import jobs_folder
from bep.wiring.planning import specs_of

if TYPE_CHECKING:
    from bep.providers.local.scoring import Scoring
    from bep.runner.record import JobRecord
    from bep.runner.target import JobRequest, ScoringTarget
    from bep.schemas.job import JobSpec, LoadedJob
    from bep.wiring.opening import Opened

Place = TypeVar("Place", str, int | str)
_AS_INPUT = "An input is a path, a pattern, azureml:NAME:VERSION, azureml://datastores/NAME/paths/... or https://..."


@dataclass(frozen=True)
class JobSource:
    """What a command was told of a job: a file, flags over it, or both."""

    path: str | None
    changes: Mapping[str, Any]


def loaded_job(opened: "Opened", source: JobSource) -> "LoadedJob":
    """The job, with what is doubtful about it. Raises `SpecInvalid` with every finding when something is wrong."""
    from bep.schemas.job import load_job

    loaded = load_job(
        opened.files,
        source.path,
        changes=source.changes,
        variables=opened.source.variables,
        variable_files=opened.source.variable_files,
        environment=os.environ,
    )
    if loaded.job is None or errors(loaded.findings):
        raise SpecInvalid(loaded.findings, loaded.sources)
    return loaded


def request_of(opened: "Opened", job: "JobSpec", say: Callable[[str], None]) -> "JobRequest":
    """Everything resolved; the environment is built here if it was not yet, and `say` hears how that goes.

    Raises `ProviderError` for an endpoint, deployment or environment that cannot be had, `SpecInvalid` for inputs.
    """
    from bep.providers.local.scoring import choose, resolve
    from bep.runner.addresses import hidden
    from bep.runner.target import JobRequest

    located = inputs_of(opened, job)
    name = job.name or job_name()
    settings = settings_for(opened.provider, choose(opened.provider, job.endpoint, job.deployment), job)
    must_fit(job, settings, name)
    with placed(opened):
        scoring = resolve(opened.provider, job.endpoint, job.deployment, report=say)
    for warning in scoring.warnings:
        say(f"warning: {warning}")
    place = output_of(opened, job, name)
    variables = _variables(opened, scoring) | dict(job.environment_variables)
    return JobRequest(
        name=name,
        target=_target(scoring, variables),
        settings=settings,
        inputs=located,
        input_type=job.input_type,
        partition_format=job.partition_format,
        input_text=", ".join(map(hidden, job.inputs)),
        folder=jobs_folder(opened.home) / name,
        output_folder=place if isinstance(place, Path) else jobs_folder(opened.home) / name / "outputs",
        output_address="" if isinstance(place, Path) else place,
        output_text=hidden(job.output_path or "") or f"azureml/{name}/score in workspaceblobstore",
        overrides=dict(job.settings),
        environment=dict(os.environ),
        cache=opened.downloads,
        workspace=opened.root,
        given_variables=tuple(sorted(job.environment_variables)),
    )


def _target(scoring: "Scoring", variables: Mapping[str, str]) -> "ScoringTarget":
    from bep.runner.target import ScoringTarget

    return ScoringTarget(
        endpoint=scoring.endpoint,
        deployment=scoring.deployment,
        deployment_digest=scoring.deployment_digest,
        model=scoring.model,
        model_directory=scoring.model_directory,
        code_directory=scoring.code_directory,
        code_name=scoring.code_name,
        scoring_script=scoring.scoring_script,
        environment=scoring.environment,
        interpreter=scoring.interpreter,
        environment_variables=dict(variables),
    )


def _variables(opened: "Opened", scoring: "Scoring") -> dict[str, str]:
    """A deployment's environment variables. The world keeps no secret, so those that are come from the specs."""
    if not scoring.sealed_variables:
        return dict(scoring.environment_variables)
    address = address_of("deployment", scoring.endpoint, scoring.deployment)
    written = next((r.attributes for r in specs_of(opened).resources if r.address == address), {})
    given = written.get("settings", {}).get("environment_variables", {})
    secrets = {name: given.get(name) for name in scoring.sealed_variables}
    missing = [name for name, value in secrets.items() if not isinstance(value, Secret)]
    if missing:
        raise Stop(
            ExitCode.FINDINGS,
            f"{address}: the secret environment variables {', '.join(missing)} are in no spec here, and kept nowhere\n"
            "    fix: run from the workspace whose specs declare this deployment",
        )
    clear = {name: value.reveal() for name, value in secrets.items() if isinstance(value, Secret)}
    return {**scoring.environment_variables, **clear}


def variables_of(opened: "Opened", record: "JobRecord") -> dict[str, str]:
    """The values of a job's environment variables again, for its record has the names only.

    Raises `Stop` when the deployment is another by now: the job would not go on with what it began with.
    """
    from bep.providers.local.environment_folder import hold_interpreter
    from bep.providers.local.scoring import choose, resolve

    target = record.target
    address = address_of("deployment", target.endpoint, target.deployment)
    if address not in opened.provider.deployments(target.endpoint):
        raise Stop(
            ExitCode.CONFLICT,
            f"{record.name} scores with {address}, which is not there any more\n"
            f"    fix: apply the specs that declare it: bep apply --target {address}",
        )
    if choose(opened.provider, target.endpoint, target.deployment).digest != target.deployment_digest:
        raise Stop(
            ExitCode.CONFLICT,
            f"{record.name} began with another {target.endpoint}/{target.deployment} than is deployed now\n"
            "    fix: apply the specs it began with, or run the job anew, or `bep job retry --mended`",
        )
    hold_interpreter(target.interpreter[0], opened.root)
    return _variables(opened, resolve(opened.provider, target.endpoint, target.deployment))


def interpreter_again(opened: "Opened", record: "JobRecord") -> tuple[str, ...] | None:
    """What starts the environment of a job now, where its record's interpreter is gone; it was built again by then."""
    from bep.providers.local.scoring import resolve

    target = record.target
    if os.path.lexists(target.interpreter[0]):
        return None
    return resolve(opened.provider, target.endpoint, target.deployment).interpreter


def target_now(opened: "Opened", record: "JobRecord") -> "ScoringTarget":
    """What a job would score with now, whatever it began with: its deployment as it is applied today."""
    from bep.providers.local.scoring import resolve

    scoring = resolve(opened.provider, record.target.endpoint, record.target.deployment)
    return _target(scoring, _variables(opened, scoring))


def input_of(opened: "Opened", text: str) -> str:
    """Where an input lies: assets and datastores by the provider, local paths from the workspace's folder."""
    if text.startswith("azureml:"):
        from bep.providers.local.datastores import resolve

        return os.fspath(resolve(opened.provider, text))
    if "://" in text or text.startswith("/"):
        return text
    path = opened.root / text
    return os.fspath(path) if os.path.lexists(path) or _is_plain(text) else f"{glob.escape(str(opened.root))}/{text}"


def _is_plain(text: str) -> bool:
    return glob.escape(text) == text


def inputs_of(opened: "Opened", job: "JobSpec") -> tuple[str, ...]:
    """Where every input lies. Raises `SpecInvalid` with all that are not there, each at its place in the job file."""
    return _located(opened, job, input_of)


def glimpses_of(opened: "Opened", job: "JobSpec") -> tuple[int | str, ...]:
    """Where every input lies, or how many files it has where that is known without laying them out. Raises the same."""
    return _located(opened, job, _glimpse)


def _glimpse(opened: "Opened", text: str) -> int | str:
    if not text.startswith("azureml:"):
        return input_of(opened, text)
    from bep.providers.local.datastores import glimpse

    found = glimpse(opened.provider, text)
    return found if isinstance(found, int) else os.fspath(found)


def _located(opened: "Opened", job: "JobSpec", place_of: Callable[["Opened", str], Place]) -> tuple[Place, ...]:
    from bep.providers.protocol import ProviderError

    found, wrong = [], []
    for text in job.inputs:
        mark = job.places.get(text)
        try:
            place = place_of(opened, text)
        except ProviderError as error:
            wrong.append(mistake("input-not-found", "job", f"input {text}: {error.message}", _AS_INPUT, mark))
            continue
        if mark and isinstance(place, str) and _is_plain(text) and not ("://" in place or os.path.lexists(place)):
            message = f"input {text}: there is no {place}"
            wrong.append(mistake("input-not-found", "job", message, _AS_INPUT, mark))
        elif told := misfit(opened, job.input_type, text, place):
            wrong.append(mistake("input-type", "job", *told, mark))
        found.append(place)
    if wrong:
        raise SpecInvalid(wrong, job.sources)
    return tuple(found)


def output_of(opened: "Opened", job: "JobSpec", name: str) -> Path | str:
    """The folder where the results of a job of this name appear, or the address of one in a store.

    Raises `ProviderError` for a datastore that is not there, `Stop` for an address that nothing can be written to.
    """
    from bep.runner.addresses import hidden, is_web

    default = f"azureml://datastores/workspaceblobstore/paths/azureml/{name}/score"
    text = job.output_path or default
    if text.startswith("azureml:"):
        return _datastore(opened, text)
    if is_web(text):
        raise Stop(
            ExitCode.FINDINGS,
            f"outputs: {hidden(text)} is a web address, which results cannot be written to\n"
            "    fix: give a folder, azureml://datastores/NAME/paths/..., or an address of fsspec's such as s3://...",
        )
    if text.startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    return text if "://" in text else opened.root / text


def _datastore(opened: "Opened", text: str) -> Path | str:
    from bep.providers.local.datastores import resolve

    return resolve(opened.provider, text, to_write=True)


def output_again(opened: "Opened", record: "JobRecord") -> str | None:
    """The address of a job's output where its record had to hide something of it and a datastore still has it."""
    from bep.runner.addresses import has_hidden

    if not has_hidden(record.output_address) or not record.output_text.startswith("azureml:"):
        return None
    return str(_datastore(opened, record.output_text))
