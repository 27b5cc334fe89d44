"""Which deployment a parallel job is of, and what of the job a parallel step cannot say. Pure; asks nobody."""

import glob
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bep.planner.traffic import split_of
from bep.providers.azure.content.contents import CODE
from bep.providers.azure.exporting.parallel_job import OUTPUT_FOLDER, Asked, text_of
from bep.providers.world import Exported, Unfit
from bep.schemas.address import Address, address_of, is_address, kind_of, names_of
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.secrets.secret import Secret

if TYPE_CHECKING:
    from bep.schemas.job.job import JobSpec

UNFIT: Final = "not-in-a-parallel-job"
LONGEST_CALL: Final = 259_200
"""Seconds that one run() may take: the published limit of `retry_settings.timeout`."""
_KEPT_BY_BEP: Final[Mapping[str, FieldPath]] = {
    "init_timeout": ("settings", "init_timeout"),
    "bisect": ("settings", "bisect"),
    "worker_memory": ("resources", "properties", "worker_memory"),
    "worker_cpus": ("resources", "properties", "worker_cpus"),
}
"""Settings that bep has and a parallel step has not."""
_CODE: Final = f"code_configuration.{CODE}"
_ELSEWHERE: Final = ("azureml:", "https://", "wasbs://", "abfss://")
_AS_INPUT: Final = "Write a local folder, azureml:NAME:VERSION, azureml://datastores/NAME/paths/... or https://..."


def exported(resources: Sequence[Resource], job: "JobSpec", seen: Callable[[str], str]) -> Exported:
    """A job as text, and what the text cannot say of it. Without a deployment to take it from there is no text."""
    declared = {one.address: one for one in resources}
    deployment = _deployment(declared, job)
    if isinstance(deployment, Unfit):
        return Exported("", (deployment,))
    asked = Asked(job, deployment, declared, seen)
    unfit = tuple(unfit_of(asked))
    return Exported("" if any(one.is_error for one in unfit) else text_of(asked), unfit)


def _deployment(declared: Mapping[Address, Resource], job: "JobSpec") -> Resource | Unfit:
    """The deployment that a job names, or that has the traffic of its endpoint; or why there is none."""
    endpoint = job.endpoint
    of_endpoint = {
        names_of(one)[1]: one for one in declared if kind_of(one) == "deployment" and names_of(one)[0] == endpoint
    }
    traffic = declared.get(address_of("traffic", endpoint))
    shares = split_of(traffic.attributes) if traffic is not None else {}
    if not of_endpoint:
        message = f"no spec declares a deployment of {endpoint}, and nobody was asked which there are"
        near = did_you_mean(endpoint, {names_of(one)[0] for one in declared if kind_of(one) == "deployment"})
        return Unfit(UNFIT, "", (), message, near or "Declare it, or take it over into the specs first.")
    name = job.deployment or next((one for one, share in shares.items() if share), "")
    if name in of_endpoint:
        return declared[of_endpoint[name]]
    if not name:
        message = f"no deployment of {endpoint} has the traffic in the specs, and the job names none"
        return Unfit(UNFIT, "", (), message, f"Name one: {', '.join(sorted(of_endpoint))}.")
    message = f"no spec declares the deployment {name} of {endpoint}, and nobody was asked which there are"
    fix = did_you_mean(name, of_endpoint) or f"There are: {', '.join(sorted(of_endpoint))}."
    return Unfit(UNFIT, "", (), message, fix)


def unfit_of(asked: Asked) -> Iterator[Unfit]:
    """All that a parallel step cannot say of a job, and what has to be there before the job is started."""
    if asked.deployment.attributes.get("type") == "pipeline" or not asked.deployment.attributes.get(
        "code_configuration"
    ):
        message = "it has no scoring script, and a parallel step runs one"
        yield _error(asked, (), message, "Export a deployment with code_configuration.")
        return
    yield from _of_input(asked)
    yield from _of_output(asked)
    yield from _of_settings(asked)
    yield from _of_script(asked)
    yield from _to_be_there(asked)


def _of_input(asked: Asked) -> Iterator[Unfit]:
    job = asked.job
    if len(job.inputs) > 1:
        yield _of_job(f"the job has {len(job.inputs)} inputs, and a parallel step splits one folder", _AS_INPUT)
    for text in job.inputs:
        is_local = "://" not in text and not text.startswith("azureml:")
        if is_local and glob.escape(text) != text:
            yield _of_job(f"input {text} is a pattern, and a parallel step takes a folder as it is", _AS_INPUT)
        elif not is_local and not text.startswith(_ELSEWHERE):
            yield _of_job(f"input {text} lies where Azure ML reads nothing", _AS_INPUT)
        elif job.input_type == "uri_file" or _is_file(asked, text):
            yield _of_job(f"input {text} is one file, and a parallel step splits a folder", _AS_INPUT)
    if job.partition_format:
        message = "partition_format: a parallel step has no such word; where the keys stand in a path, an MLTable says"
        yield _of_job(message, "Leave it out, and register the data as an MLTable with that format.")


def _is_file(asked: Asked, text: str) -> bool:
    name = text.removeprefix("azureml:").replace(":", "/")
    data = asked.declared.get(Address(f"data/{name}"))
    return data is not None and data.attributes.get("type") == "uri_file"


def _of_output(asked: Asked) -> Iterator[Unfit]:
    job = asked.job
    if job.output_format != "azureml":
        message = (
            f"format {job.output_format}: a parallel step writes rows as a batch endpoint does, and in no other way"
        )
        yield _of_job(message, "Leave the format out, and read the rows as they are.")
    if job.output_path and not job.output_path.startswith("azureml://datastores/"):
        message = f"the output goes to {job.output_path}, and a parallel step writes to a datastore"
        yield _of_job(message, "Write path: azureml://datastores/NAME/paths/...")


def _of_settings(asked: Asked) -> Iterator[Unfit]:
    settings = asked.settings
    if settings.get("timeout", 1) > LONGEST_CALL:
        message = f"retry_settings.timeout is {settings['timeout']}, and a parallel step has {LONGEST_CALL} at most"
        yield _error(asked, ("settings", "retry_settings", "timeout"), message, "Make mini-batches smaller.")
    for name, path in _KEPT_BY_BEP.items():
        if name in settings:
            message = f"{name} is left out: a parallel step has no such setting"
            yield _doubt(asked, path, message, "Do not rely on it there.")
    for name, value in asked.variables.items():
        if isinstance(value, Secret):
            message = f"the environment variable {name} is left out: it is a secret, and the text would have its value"
            fix = "Let the script read it from the key vault of the workspace there."
            yield _doubt(asked, ("settings", "environment_variables", name), message, fix)


def _of_script(asked: Asked) -> Iterator[Unfit]:
    path = ("code_configuration", "scoring_script")
    missing = "a parallel step does not set AZUREML_MODEL_DIR: the model's own file or folder is the argument --model"
    yield _doubt(asked, path, missing, "Let init() take the argument where there is no such variable.")
    if not asked.appends:
        missing = f"AZUREML_BI_OUTPUT_PATH: the folder for the script's own files is the argument --{OUTPUT_FOLDER}"
        yield _doubt(asked, path, f"a parallel step does not set {missing}", "Let init() take the argument instead.")
    content = asked.deployment.contents.get(_CODE)
    if content is not None and content.left_out:
        message = f"{', '.join(content.left_out)} would be uploaded: az ml leaves out only what an ignore file names"
        yield _doubt(asked, ("code_configuration", "code"), message, "Name them in a file .amlignore in that folder.")


def _to_be_there(asked: Asked) -> Iterator[Unfit]:
    """What the text names in the workspace and the specs declare: it has to be there when the job is started."""
    attributes: Mapping[str, Any] = asked.deployment.attributes
    named = [str(attributes.get(field) or "") for field in ("compute", "environment", "model")]
    named += [f"data/{text.removeprefix('azureml:').replace(':', '/')}" for text in asked.job.inputs]
    there = [one for one in named if is_address(one) and Address(one) in asked.declared]
    if there:
        message = f"the text only names {', '.join(there)}, which must be in the workspace when the job is started"
        yield _doubt(asked, (), message, "An apply puts them there.")


def _error(asked: Asked, path: FieldPath, message: str, fix: str) -> Unfit:
    return Unfit(UNFIT, asked.deployment.address, path, message, fix)


def _doubt(asked: Asked, path: FieldPath, message: str, fix: str) -> Unfit:
    return Unfit(UNFIT, asked.deployment.address, path, message, fix, is_error=False)


def _of_job(message: str, fix: str) -> Unfit:
    return Unfit(UNFIT, "", (), message, fix)
