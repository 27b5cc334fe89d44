"""A job of a deployment as a pipeline job of Azure ML with one parallel step. Pure; asks nobody.

Keys: Azure Machine Learning docs, "CLI (v2) parallel job YAML schema"; azure-ai-ml, `ParallelSchema`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address, names_of
from bep.schemas.kinds.settings import settings_of
from bep.schemas.resource import NOTHING, Resource
from bep.schemas.secrets.secret import Secret
from bep.schemas.specs.writing import as_written

if TYPE_CHECKING:
    from bep.schemas.job.job import JobSpec

SCHEMA: Final = "https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json"
STEP: Final = "score"
"""The step's name, and that of its output."""
MODEL: Final = "model"
"""The input that has the model, and the argument that gives its place."""
OUTPUT_FOLDER: Final = "output_folder"
"""The argument that gives a script the folder for its own files."""
PREDICTIONS: Final = "predictions.csv"
_OWN_FOLDER: Final = "azureml://datastores/${{default_datastore}}/paths/azureml/${{name}}/score"
_OF_RESOURCES: Final = ("instance_type", "shm_size", "docker_args")
HEAD: Final = """\
# Jobs of {deployment} as a pipeline job with one parallel step: az ml job create --file THIS_FILE
# A batch endpoint gives a script AZUREML_MODEL_DIR and AZUREML_BI_OUTPUT_PATH. A parallel step gives it arguments:
# --model is the model's own file or folder.{folder}
"""
_FOLDER: Final = " --output_folder is the folder for the script's own files."


@dataclass(frozen=True, slots=True)
class Asked:
    """A job and the deployment that it is of. `declared` is every resource of the specs; `seen` gives a path, which is
    as seen from the workspace, as the reader of the text has to write it.
    """

    job: "JobSpec"
    deployment: Resource
    declared: Mapping[Address, Resource]
    seen: Callable[[str], str]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the job says, then what its deployment says, by the runner's names."""
        return {**settings_of(self.deployment.attributes), **self.job.settings}

    @property
    def appends(self) -> bool:
        """Whether rows go to one file."""
        return bool(self.settings.get("output_action", "append_row") == "append_row")

    @property
    def port(self) -> str:
        """What the step calls its data."""
        return self.job.port if self.job.port.isidentifier() and self.job.port != MODEL else "data"

    @property
    def variables(self) -> Mapping[str, Any]:
        """The environment variables, those of the job over those of its deployment; a secret is a `Secret`."""
        deployed = self.deployment.attributes.get("settings", NOTHING).get("environment_variables", NOTHING)
        secret = {name: Secret(self.job.environment_variables[name]) for name in self.job.secret_variables}
        return {**deployed, **self.job.environment_variables, **secret}

    def named(self, field: str) -> str:
        """What a field of the deployment refers to, as a user writes it."""
        value = self.deployment.attributes.get(field) or ""
        return str(as_written(self.deployment.address, (field,), value))


def text_of(asked: Asked) -> str:
    """The whole text, which ends with a newline."""
    from bep.schemas.yaml.package import yaml

    name = "/".join(names_of(asked.deployment.address))
    head = HEAD.format(deployment=name, folder="" if asked.appends else _FOLDER)
    return head + str(yaml.safe_dump(_pipeline(asked), sort_keys=False, allow_unicode=True, width=120))


def _pipeline(asked: Asked) -> dict[str, Any]:
    whole = {
        "$schema": SCHEMA,
        "type": "pipeline",
        "name": asked.job.name,
        "display_name": "-".join(names_of(asked.deployment.address)),
        "description": asked.deployment.attributes.get("description"),
        "jobs": {STEP: _step(asked)},
    }
    return _without_nothing(whole)


def _step(asked: Asked) -> dict[str, Any]:
    settings = asked.settings
    keys = settings.get("partition_keys")
    step = {
        "type": "parallel",
        "compute": asked.named("compute"),
        "inputs": {asked.port: _data(asked), MODEL: _model(asked)},
        "outputs": {STEP: _output(asked)},
        "input_data": f"${{{{inputs.{asked.port}}}}}",
        "mini_batch_size": None if keys else str(settings.get("mini_batch_size", 10)),
        "partition_keys": list(keys) if keys else None,
        "resources": _resources(asked),
        "max_concurrency_per_instance": settings.get("max_concurrency_per_instance", 1),
        "error_threshold": settings.get("error_threshold", -1),
        "retry_settings": {"max_retries": settings.get("max_retries", 3), "timeout": settings.get("timeout", 30)},
        "logging_level": str(settings.get("logging_level", "info")).upper(),
        "environment_variables": {
            name: str(value) for name, value in asked.variables.items() if not isinstance(value, Secret)
        },
        "task": _task(asked),
    }
    return _without_nothing(step)


def _data(asked: Asked) -> dict[str, Any]:
    (place,) = asked.job.inputs
    is_local = "://" not in place and not place.startswith("azureml:")
    return {"type": "uri_folder", "path": asked.seen(place) if is_local else place, "mode": "ro_mount"}


def _model(asked: Asked) -> dict[str, Any]:
    model = asked.declared.get(Address(str(asked.deployment.attributes["model"])))
    sort = model.attributes.get("type", "custom_model") if model is not None else "custom_model"
    return {"type": sort, "path": asked.named("model"), "mode": "download"}


def _output(asked: Asked) -> dict[str, Any]:
    folder = (asked.job.output_path or _OWN_FOLDER).rstrip("/")
    if not asked.appends:
        return {"type": "uri_folder", "path": folder, "mode": "rw_mount"}
    file = asked.settings.get("output_file_name", PREDICTIONS)
    return {"type": "uri_file", "path": f"{folder}/{file}", "mode": "rw_mount"}


def _resources(asked: Asked) -> dict[str, Any]:
    written = asked.deployment.attributes.get("resources") or {}
    count = {"instance_count": asked.settings.get("instance_count", 1)}
    return {**count, **{name: written[name] for name in _OF_RESOURCES if written.get(name)}}


def _task(asked: Asked) -> dict[str, Any]:
    configuration = asked.deployment.attributes["code_configuration"]
    code = configuration["code"]
    arguments = f"--{MODEL} ${{{{inputs.{MODEL}}}}}"
    if not asked.appends:
        arguments += f" --{OUTPUT_FOLDER} ${{{{outputs.{STEP}}}}}"
    task = {
        "type": "run_function",
        "code": asked.seen(code["local"]) if isinstance(code, Mapping) else code,
        "entry_script": configuration["scoring_script"],
        "environment": asked.named("environment"),
        "program_arguments": arguments,
        "append_row_to": f"${{{{outputs.{STEP}}}}}" if asked.appends else None,
    }
    return _without_nothing(task)


def _without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, {}, "")}
