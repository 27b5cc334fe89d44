"""A job as a command was told of it: its file, what is given over it, and the names in it as addresses."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from bep.app.errors import Refused
from bep.app.workspace.faces import scoring_of
from bep.lazy_dataclasses import dataclass
from bep.schemas.address import names_of
from bep.schemas.findings.finding import SpecInvalid, errors
from bep.schemas.next_step import again

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.schemas.job.job import LoadedJob


@dataclass(frozen=True)
class JobSource:
    """What a face was told of a job: a file, flags over it, or both; or a value of JSON, in the words of a file."""

    path: str | None
    changes: Mapping[str, Any]
    document: Mapping[str, Any] | None = None


def loaded_job(opened: "Reading", source: JobSource) -> "LoadedJob":
    """The job, with what is doubtful about it. Raises `SpecInvalid` with every finding when something is wrong."""
    from bep.providers.worlds import WORLDS
    from bep.schemas.job.job import load_job

    loaded = load_job(
        opened.files,
        source.path,
        changes=by_name(source, lambda: _endpoints(opened)),
        variables=opened.source.variables,
        variable_files=opened.source.variable_files,
        environment=opened.environment,
        worlds=WORLDS,
        endpoints=lambda: _endpoints(opened),
        document=source.document,
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


def by_name(source: JobSource, endpoints: Callable[[], Collection[str]]) -> Mapping[str, Any]:
    """The flags, with the names of what they gave an address of, or the end of one: `endpoint/E`, `E/D`. `endpoints`
    gives the names of those there are.

    Raises `Refused` where the job is to be called as an endpoint is: that is how az names the endpoint.
    """
    changes = dict(source.changes)
    endpoint, deployment, name = (changes.get(key) for key in ("endpoint", "deployment", "name"))
    if isinstance(deployment, str) and "/" in deployment:
        owner, _, changes["deployment"] = deployment.removeprefix("deployment/").rpartition("/")
        endpoint = endpoint or owner
    if isinstance(endpoint, str):
        changes["endpoint"] = endpoint.removeprefix("endpoint/")
    elif source.path is None and name and name in endpoints():
        raise Refused(
            f"the job is to be called {name}, and {name} is an endpoint: name that as well, or that alone",
            next=(again(endpoint=name),),
        )
    return changes
