"""What a job runs, resolved to paths and numbers before the first worker starts. Knows no spec, no state."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bep.disk.copying import Original
from bep.runner.worker.results.formats import FORMATS
from bep.schemas.values.written import Field, Written

_MEMORY = r"(?P<amount>[0-9]+(\.[0-9]+)?) ?(?P<prefix>[kKMGT]?)(?P<binary>i?)B?"


DEFAULT_NAME = "predictions.csv"


def default_name(output_format: str) -> str:
    """What the file of predictions is called where nobody named it: as in the service, with the format's ending."""
    return f"predictions.{FORMATS[output_format].ending}"


class Settings(Written):
    """How to score. Defaults are those of the compatible service; precedence was settled by the caller.

    `timeout` and `init_timeout` are seconds; `error_threshold` is failed items, -1 for any number. `bisect` is
    whether a mini-batch that keeps failing is split to find its bad files. `sync_seconds` is how much finished work a
    power cut may cost (a killed process costs none): nobody is asked for it or shown it. `worker_memory` is what one
    worker and the processes that its script starts may hold, such as 2GB or 512MiB; `worker_cpus` how many cores, 0 for
    any number.
    With `partition_keys` a mini-batch is all the files with the same values of these keys, and has no size.
    """

    mini_batch_size: int = Field(default=10, ge=1)
    partition_keys: tuple[str, ...] = ()
    instance_count: int = Field(default=1, ge=1)
    max_concurrency_per_instance: int = Field(default=1, ge=1)
    max_retries: int = Field(default=3, ge=0)
    timeout: float = Field(default=30, gt=0)
    init_timeout: float = Field(default=600, gt=0)
    error_threshold: int = Field(default=-1, ge=-1)
    output_action: str = Field(default="append_row", pattern="^(append_row|summary_only)$")
    output_file_name: str = DEFAULT_NAME
    output_format: str = Field(default="azureml", pattern=f"^({'|'.join(FORMATS)})$")
    logging_level: str = Field(default="info", pattern="^(debug|info|warning)$")
    bisect: bool = True
    sync_seconds: float = Field(default=1, ge=0, exclude=True)
    worker_memory: str = Field(default="unlimited", pattern=rf"^(unlimited|{_MEMORY})$")
    worker_cpus: int = Field(default=0, ge=0)

    @property
    def splits(self) -> bool:
        """Whether a mini-batch that keeps failing is split: files of the same keys are only ever scored together."""
        return self.bisect and not self.partition_keys

    @property
    def workers(self) -> int:
        """How many worker processes: one `init()` each."""
        return self.instance_count * self.max_concurrency_per_instance

    @property
    def worker_bytes(self) -> int | None:
        """`worker_memory` as a number; None for any amount."""
        found = re.fullmatch(_MEMORY, self.worker_memory)
        if not found:
            return None
        prefix, binary = found["prefix"].upper(), found["binary"]
        return int(float(found["amount"]) * (1024 if binary else 1000) ** " KMGT".index(prefix or " "))


class ScoringTarget(Written):
    """What is scored with. `interpreter` is the argument vector that starts the environment's Python.

    `model_directory` becomes AZUREML_MODEL_DIR: the folder that contains the model's own folder or file.
    `scoring_script` is relative to `code_directory`; both are None for an MLflow model without code. `code_name` is
    what the user calls that directory, where it is bep's copy of it: tracebacks name the user's files.
    `secret_variables` names those of the environment variables whose values are masked in all that a script says.
    """

    endpoint: str
    deployment: str
    deployment_digest: str
    model: str = ""
    model_directory: Path | None = None
    code_directory: Path | None = None
    scoring_script: str | None = None
    code_name: str = ""
    environment: str = ""
    interpreter: tuple[str, ...]
    environment_variables: dict[str, str] = Field(default_factory=dict, repr=False)
    secret_variables: tuple[str, ...] = ()

    @property
    def secrets(self) -> list[str]:
        """The values that must not be seen."""
        return [
            self.environment_variables[name] for name in self.secret_variables if name in self.environment_variables
        ]


class RayCluster(Written):
    """The Ray cluster that a job is scored on, as its compute says. `address` is that of Ray's head, `auto` for the
    cluster that this machine is a node of; `dashboard` is the Jobs API's for machines outside; one may be empty.

    `share` is a folder that this machine and all nodes see, or a store. `cpus_per_instance` 0 is all of a node's;
    `resources` are Ray's own words. `node_timeout` and `start_timeout` are seconds. `world` and `asks` say what nodes
    build the environment from, as `runner.shards.prepared.PreparedEnvironment` has it.
    """

    address: str = ""
    dashboard: str = ""
    share: str
    max_instances: int = Field(default=4, ge=1)
    cpus_per_instance: int = Field(default=0, ge=0)
    gpus_per_instance: int = Field(default=0, ge=0)
    resources: dict[str, float] = Field(default_factory=dict)
    node_timeout: float = Field(default=20, gt=0)
    start_timeout: float = Field(default=300, gt=0)
    world: str = ""
    asks: dict[str, Any] | None = None


class JobRequest(Written):
    """One job, ready to start. `inputs` are local paths, globs or URLs, in order; `input_text` is what was written.
    `partition_format` says where in a file's path the partition keys stand; empty: in folders named `key=value`.

    `engine` is one of `bep.runner.engine.ENGINES`.
    `input_type` is `uri_file` or `uri_folder`, which every input then is; empty: both will do.

    `folder` is the job's own folder (record, manifest, journal, parts, logs); `output_folder` is where results appear,
    and go on from there to the folder `output_address` of a store, if there is one.
    `environment` is what worker processes inherit, None for all that this process has; `cache` keeps downloads, None
    for the job's own folder. `workspace` is the folder that `folder` lies in, which may be moved once the job is over.
    `given_variables` names those of the target's environment variables that the job itself was given, which are in no
    deployment.
    `stored` are the files that the job gets copies of in its own folder (`JobFolder.assets`), where the target's
    directories and the inputs are then; `share` is how, see `runner.staging`. `created` is when the job was asked for,
    where that was before. `cluster` is where the engine `ray` scores it, and `environment_files` are those that
    `cluster.asks` names, by their relative names.
    """

    name: str
    target: ScoringTarget
    settings: Settings
    inputs: tuple[str, ...] = Field(repr=False)
    input_type: str = ""
    partition_format: str = ""
    input_text: str
    engine: str = "embedded"
    folder: Path
    output_folder: Path
    output_text: str
    output_address: str = Field(default="", repr=False)
    overrides: dict[str, Any] = Field(default_factory=dict)
    environment: dict[str, str] | None = Field(default=None, repr=False)
    cache: Path | None = None
    workspace: Path | None = None
    given_variables: tuple[str, ...] = ()
    stored: Mapping[str, Mapping[str, Original]] = Field(default_factory=dict, repr=False, checked=False)
    share: str = Field(default="copy", pattern="^(copy|link)$")
    created: datetime | None = None
    cluster: RayCluster | None = None
    environment_files: Mapping[str, Original] = Field(default_factory=dict, repr=False, checked=False)
