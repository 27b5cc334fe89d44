"""From a job as it was asked for to a request the runner can carry out: names become paths, defaults become numbers."""

import glob
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from bep.app.environments import placed
from bep.app.errors import Conflict, Invalid, Refused
from bep.app.job_records import jobs_folder
from bep.app.jobs.requests.beforehand import AS_INPUT, input_trouble, name_taken, output_taken
from bep.app.jobs.requests.input_types import misfit
from bep.app.jobs.requests.settings import must_fit, settings_for
from bep.app.workspace.clock import job_name
from bep.app.workspace.faces import contents_of, places_of, scoring_of
from bep.app.workspace.specs import specs_of
from bep.lazy_dataclasses import dataclass
from bep.schemas.address import address_of, names_of
from bep.schemas.findings.finding import SpecInvalid, errors, mistake
from bep.schemas.next_step import again, step
from bep.schemas.secrets.secret import Secret

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.providers.world import Kept, ScoredWith
    from bep.runner.folder.record import JobRecord
    from bep.runner.jobs.running import Given
    from bep.runner.jobs.staging import Stored
    from bep.runner.request import JobRequest, ScoringTarget
    from bep.schemas.job.job import JobSpec, LoadedJob

Place = TypeVar("Place", "str | Kept", int | str)


@dataclass(frozen=True)
class JobSource:
    """What a command was told of a job: a file, flags over it, or both."""

    path: str | None
    changes: Mapping[str, Any]


def loaded_job(opened: "Reading", source: JobSource) -> "LoadedJob":
    """The job, with what is doubtful about it. Raises `SpecInvalid` with every finding when something is wrong."""
    from bep.providers.worlds import WORLDS
    from bep.schemas.job.job import load_job

    loaded = load_job(
        opened.files,
        source.path,
        changes=_by_name(opened, source),
        variables=opened.source.variables,
        variable_files=opened.source.variable_files,
        environment=opened.environment,
        worlds=WORLDS,
        endpoints=lambda: _endpoints(opened),
    )
    if loaded.job is None or errors(loaded.findings):
        _refuse_pipeline(opened, loaded)
        raise SpecInvalid(loaded.findings, loaded.sources)
    return loaded


def _refuse_pipeline(opened: "Reading", loaded: "LoadedJob") -> None:
    """Raise `ProviderError` where what a job has too much of is for the pipeline that it asks for."""
    from bep.providers.protocol import ProviderError
    from bep.schemas.job.invocation import FOR_PIPELINES

    endpoint, deployment = loaded.asked
    if not endpoint or not any(found.code in FOR_PIPELINES for found in errors(loaded.findings)):
        return
    try:
        if (service := opened.world.jobs) is not None:
            service.route(endpoint, deployment or None)
        else:
            scoring_of(opened).choose(endpoint, deployment or None)
    except ProviderError as error:
        if error.code == "PipelineNotRun":
            raise


def _endpoints(opened: "Reading") -> list[str]:
    return [names_of(address)[0] for address in opened.provider.list("endpoint")]


def _by_name(opened: "Reading", source: JobSource) -> Mapping[str, Any]:
    """The flags, with the names of what they gave an address of, or the end of one: `endpoint/E`, `E/D`.

    Raises `Refused` where the job is to be called as an endpoint is: that is how az names the endpoint.
    """
    changes = dict(source.changes)
    endpoint, deployment, name = (changes.get(key) for key in ("endpoint", "deployment", "name"))
    if isinstance(deployment, str) and "/" in deployment:
        owner, _, changes["deployment"] = deployment.removeprefix("deployment/").rpartition("/")
        endpoint = endpoint or owner
    if isinstance(endpoint, str):
        changes["endpoint"] = endpoint.removeprefix("endpoint/")
    elif source.path is None and name and name in _endpoints(opened):
        raise Refused(
            f"the job is to be called {name}, and {name} is an endpoint: name that as well, or that alone",
            next=(again(endpoint=name),),
        )
    return changes


def request_of(opened: "Reading", job: "JobSpec", say: Callable[[str], None]) -> "JobRequest":
    """Everything resolved; the environment is built here if it was not yet, and `say` hears how that goes.

    Raises `ProviderError` for an endpoint, deployment or environment that cannot be had, `SpecInvalid` for inputs.
    """
    from bep.runner.folder.folder import JobFolder
    from bep.runner.request import JobRequest
    from bep.runner.transfer.addresses import hidden

    name = job.name or job_name()
    folder = jobs_folder(opened.home) / name
    message, steps = name_taken(opened, job.name)
    if message:
        raise Refused(message, next=steps)
    located = inputs_of(opened, job, JobFolder(folder).assets)
    world = scoring_of(opened)
    chosen = world.choose(job.endpoint, job.deployment)
    settings = settings_for(chosen.observed.attributes, world.bounds_of(chosen), job)
    must_fit(job, settings, name)
    if taken := output_taken(output_of(opened, job, name), settings):
        raise Refused(taken)
    with placed(opened):
        scoring = world.resolve(job.endpoint, job.deployment, say)
    for warning in (*scoring.warnings, *_of_links(opened)):
        say(f"warning: {warning}")
    place = output_of(opened, job, name)
    variables = _variables(opened, scoring).over(job)
    return JobRequest(
        name=name,
        target=_target(scoring, variables, folder),
        settings=settings,
        inputs=located.places,
        input_type=job.input_type,
        partition_format=job.partition_format,
        input_text=", ".join(map(hidden, job.inputs)),
        folder=folder,
        output_folder=place if isinstance(place, Path) else folder / "outputs",
        output_address="" if isinstance(place, Path) else place,
        output_text=hidden(job.output_path or "") or f"azureml/{name}/score in workspaceblobstore",
        overrides=dict(job.settings),
        environment=dict(opened.environment),
        cache=opened.downloads,
        workspace=opened.root,
        given_variables=tuple(sorted(job.environment_variables)),
        stored={**scoring.stored, **located.stored},
        share=opened.share,
    )


def _of_links(opened: "Specs") -> Iterator[str]:
    """What to know of links, said once in a workspace."""
    told = opened.home / "told-of-links"
    if opened.share != "link" or told.exists():
        return
    told.touch()
    yield (
        "provider.local.share is link: jobs get the stored bytes themselves, not copies. A script that writes into its"
        " model, its code or a registered data asset changes them for every later job"
    )


@dataclass(frozen=True)
class _Variables:
    """Environment variables with their values, and which of them are secret."""

    values: Mapping[str, str]
    secret: frozenset[str] = frozenset()

    def over(self, job: "JobSpec") -> "_Variables":
        """These with the job's own, which win."""
        given = job.environment_variables
        return _Variables({**self.values, **given}, self.secret.difference(given).union(job.secret_variables))


def _target(scoring: "ScoredWith", variables: _Variables, folder: Path) -> "ScoringTarget":
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


def _variables(opened: "Specs", scoring: "ScoredWith") -> _Variables:
    """A deployment's environment variables. The world keeps no secret, so those that are come from the specs."""
    if not scoring.sealed_variables:
        return _Variables(scoring.environment_variables)
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
    return _Variables({**scoring.environment_variables, **clear}, secret)


def variables_of(opened: "Reading", record: "JobRecord") -> Mapping[str, str]:
    """The values of a job's environment variables again, for its record has the names only.

    Raises `DomainError` when the deployment is another by now: the job would not go on with what it began with.
    """
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
    world.hold(target.interpreter[0])
    return _variables(opened, world.resolve(target.endpoint, target.deployment)).values


def interpreter_again(opened: "Reading", record: "JobRecord") -> tuple[str, ...] | None:
    """What starts the environment of a job now, where its record's interpreter is gone; it was built again by then."""
    target = record.target
    if os.path.lexists(target.interpreter[0]):
        return None
    return scoring_of(opened).resolve(target.endpoint, target.deployment).interpreter


def target_now(opened: "Reading", record: "JobRecord") -> "tuple[ScoringTarget, Given]":
    """What a job would score with now, whatever it began with: its deployment as it is applied today."""
    scoring = scoring_of(opened).resolve(record.target.endpoint, record.target.deployment)
    target = _target(scoring, _variables(opened, scoring), record.folder)
    return target, (scoring.stored, opened.share)


def was_given_links(opened: "Reading", record: "JobRecord") -> bool:
    """Whether a job was begun by a bep that gave it links of the stored bytes; its inputs' folders are there then.

    They are laid out anew, as copies, where its manifest names them. Raises `ProviderError` for bytes that were lost.
    """
    from bep.runner.folder.folder import JobFolder

    if JobFolder(record.folder).assets_list.exists():
        return False
    contents = contents_of(opened)
    for address, there in opened.provider.list("data").items():
        kept = there.contents.get("path")
        tree = kept and contents.tree_of(kept)
        if kept and any(Path(text).is_relative_to(str(tree)) for text in record.inputs):
            contents.tree(address, kept)
    return True


def input_of(opened: "Reading", text: str) -> "str | Kept":
    """Where an input lies: assets and datastores by the provider, local paths from the workspace's folder."""
    if text.startswith("azureml:"):
        from bep.providers.world import Kept

        found = places_of(opened).resolve(text)
        return found if isinstance(found, Kept) else os.fspath(found)
    return local_place(opened, text)


def local_place(opened: "Specs", text: str) -> str:
    """Where an input of this machine lies, from the workspace's folder; an address as it is."""
    if "://" in text or text.startswith("/"):
        return text
    path = opened.root / text
    return os.fspath(path) if os.path.lexists(path) or _is_plain(text) else f"{glob.escape(str(opened.root))}/{text}"


def _is_plain(text: str) -> bool:
    return glob.escape(text) == text


@dataclass(frozen=True)
class Inputs:
    """Where every input lies, and the files of those that a job gets copies of, by the folder that they are for."""

    places: tuple[str, ...]
    stored: "Stored"


def inputs_of(opened: "Reading", job: "JobSpec", assets: Path) -> Inputs:
    """Where every input lies; what is stored will be in a folder of its own below `assets`.

    Raises `SpecInvalid` with all that are not there, each at its place in the job file.
    """
    places, stored = [], {}
    for number, place in enumerate(_located(opened, job, input_of)):
        if isinstance(place, str):
            places.append(place)
            continue
        name = f"input-{number}"
        stored[name] = contents_of(opened).originals(place.address, place.record)
        places.append(os.fspath(assets / name / place.file))
    return Inputs(tuple(places), stored)


def glimpses_of(opened: "Reading", job: "JobSpec") -> tuple[int | str, ...]:
    """Where every input lies, or how many files it has where that is known without laying them out. Raises the same."""
    return _located(opened, job, _glimpse)


def _glimpse(opened: "Reading", text: str) -> int | str:
    if not text.startswith("azureml:"):
        return local_place(opened, text)
    found = places_of(opened).glimpse(text)
    return found if isinstance(found, int) else os.fspath(found)


def _located(opened: "Reading", job: "JobSpec", place_of: Callable[["Reading", str], Place]) -> tuple[Place, ...]:
    from bep.providers.protocol import ProviderError

    found, wrong = [], []
    for text in job.inputs:
        mark = job.places.get(text)
        try:
            place = place_of(opened, text)
        except ProviderError as error:
            wrong.append(
                mistake("input-not-found", "job", f"input {text}: {error.message}", AS_INPUT, mark, error.next)
            )
            continue
        if isinstance(place, str) and (trouble := input_trouble(opened, text, place)):
            wrong.append(mistake("input-not-found", "job", *trouble, mark))
        elif told := misfit(opened, job.input_type, text, place if isinstance(place, str | int) else _files_of(place)):
            wrong.append(mistake("input-type", "job", *told, mark))
        found.append(place)
    if wrong:
        raise SpecInvalid(wrong, job.sources)
    return tuple(found)


def _files_of(kept: "Kept") -> int:
    return len(kept.record.files)


def output_of(opened: "Reading", job: "JobSpec", name: str) -> Path | str:
    """The folder where the results of a job of this name appear, or the address of one in a store.

    Raises `ProviderError` for a datastore that is not there, `Invalid` for an address that nothing can be written to.
    """
    from bep.runner.transfer.addresses import hidden, is_web

    default = f"azureml://datastores/workspaceblobstore/paths/azureml/{name}/score"
    text = job.output_path or default
    if text.startswith("azureml:"):
        return _datastore(opened, text)
    if is_web(text):
        raise Invalid(
            f"outputs: {hidden(text)} is a web address, which results cannot be written to\n"
            "    fix: give a folder, azureml://datastores/NAME/paths/..., or an address of fsspec's such as s3://...",
        )
    if text.startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    return text if "://" in text else opened.root / text


def _datastore(opened: "Reading", text: str) -> Path | str:
    return places_of(opened).resolve_output(text)


def output_again(opened: "Reading", record: "JobRecord") -> str | None:
    """The address of a job's output where its record had to hide something of it and a datastore still has it."""
    from bep.runner.transfer.addresses import has_hidden

    if not has_hidden(record.output_address) or not record.output_text.startswith("azureml:"):
        return None
    return str(_datastore(opened, record.output_text))
