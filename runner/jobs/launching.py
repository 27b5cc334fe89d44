"""What a job's workers are started with: variables, arguments, folders. Knows the compatible service's names."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bep.runner.errors import JobInvalid
from bep.runner.folder.folder import JobFolder
from bep.runner.inputs.listing import stride
from bep.runner.processes.fleet import Launch
from bep.runner.request import JobRequest
from bep.runner.worker.masking import forms

# Native thread pools: without a bound each worker would start one thread a core, and all would wait for each other.
_POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)

_DRIVER = Path("/proc/driver/nvidia/gpus")  # one folder for each GPU, where NVIDIA's driver is loaded

NODES = "AZUREML_NODE_COUNT"
"""The variable that says how many instances score a job."""

# Variables that an interpreter, or what loads it, reads as it starts.
_OF_THE_INTERPRETER = ("PYTHON", "LD_", "DYLD_", "MALLOC_", "GLIBC_")

# The variable that names an active environment, and what stands in every environment of its sort.
_SIGNS = {"CONDA_PREFIX": "conda-meta", "VIRTUAL_ENV": "pyvenv.cfg"}


def launch(request: JobRequest, folder: JobFolder) -> Launch:
    """Everything but what differs from worker to worker. The manifest need not be written yet."""
    target, settings = request.target, request.settings
    script = ""
    if target.scoring_script and target.code_directory:
        script = str((target.code_directory / target.scoring_script).absolute())
    setup = {
        "manifest": str(folder.manifest),
        "index": str(folder.index),
        "stride": stride(target, settings),
        "partitions": str(folder.partitions) if settings.partition_keys else "",
        "sync": settings.sync_seconds,
        "format": settings.output_format if settings.output_action == "append_row" else "none",
        "arguments": _arguments(request, script),
        "script": script,
        "code": str(target.code_directory or ""),
        "code_name": target.code_name,
        "logging_level": settings.logging_level,
        "output": str(request.output_folder),
        "log": str(folder.logs / "user"),
        "secrets": list(target.secret_variables),
    }
    outer = os.environ if request.environment is None else request.environment
    variables = target.environment_variables
    return Launch(
        interpreter=(_program(target.interpreter[0], outer), *target.interpreter[1:]),
        setup=setup,
        logs=folder.logs,
        parts=folder.parts,
        working=folder.working,
        workers_of_a_node=settings.max_concurrency_per_instance,
        cores_of_a_worker=settings.worker_cpus,
        gpus=() if "CUDA_VISIBLE_DEVICES" in variables else gpus(outer),
        environment=environment_of(request),
        of_the_interpreter=tuple(sorted(name for name in variables if name.startswith(_OF_THE_INTERPRETER))),
        hidden=tuple(forms(target.secrets)),
    )


def environment_of(request: JobRequest) -> dict[str, str]:
    """What a job's processes have from their first instruction: what is inherited, what activating the interpreter's
    environment sets, and, last, the deployment's variables, the job's and the service's.

    Raises `JobInvalid` for variables that no process can have.
    """
    settings, target = request.settings, request.target
    outer = os.environ if request.environment is None else request.environment
    pools = thread_pools(settings.worker_cpus or max(1, cores() // settings.workers))
    for name, value in target.environment_variables.items():
        if not _is_possible(name, value):
            raise JobInvalid(
                f"environment_variables: no process can have {name!r}: a name is not empty and has no '=', and neither "
                "name nor value has a NUL character or half a surrogate pair"
            )
    return {**pools, **activated(outer, _program(target.interpreter[0], outer)), **_variables(request)}


def thread_pools(cores_of_a_worker: int) -> dict[str, str]:
    """The variables by which the native thread pools of libraries know how many threads to start."""
    return dict.fromkeys(_POOLS, str(cores_of_a_worker))


def _is_possible(name: str, value: str) -> bool:
    try:
        return bool(name) and "=" not in name and b"\0" not in os.fsencode(name + value)
    except UnicodeEncodeError:
        return False


def _program(name: str, environment: Mapping[str, str]) -> str:
    """Where a program is, found by bep's own PATH and from bep's own folder: a worker may have another of each."""
    return os.path.abspath(shutil.which(name, path=environment.get("PATH")) or name)  # noqa: PTH100 - no link followed


def activated(environment: Mapping[str, str], interpreter: str) -> dict[str, str]:
    """What a process inherits in an interpreter's virtual or conda environment, as activating that would have it.

    The environment's programs come first on PATH. An interpreter that is in none changes nothing.
    """
    home = Path(interpreter).parent.parent
    found = [variable for variable, sign in _SIGNS.items() if (home / sign).exists()]
    if not found:
        return dict(environment)
    outer = {name: value for name, value in environment.items() if name not in _SIGNS}
    path = os.pathsep.join(part for part in (str(home / "bin"), environment.get("PATH", "")) if part)
    return {**outer, found[0]: str(home), "PATH": path}


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The GPUs that workers share out: those that CUDA_VISIBLE_DEVICES names where it is set, else the driver's all."""
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return tuple(name.strip() for name in chosen.split(",") if name.strip())
    return tuple(map(str, range(len(list(_DRIVER.glob("*"))))))


def _variables(request: JobRequest) -> dict[str, str]:
    """The deployment's own, and those of the service (Azure ML docs: how-to-batch-scoring-script), which win."""
    variables = {
        **request.target.environment_variables,
        "AZUREML_BI_OUTPUT_PATH": str(request.output_folder),
        "AZUREML_RUN_ID": request.name,
        NODES: str(request.settings.instance_count),
    }
    if request.target.model_directory:
        variables["AZUREML_MODEL_DIR"] = str(request.target.model_directory)
    return variables


def _arguments(request: JobRequest, script: str) -> list[str]:
    """`sys.argv` as a script finds it in the service, where it must use `parse_known_args`."""
    settings = request.settings
    partitions = ["--partition_keys", json.dumps(settings.partition_keys)] if settings.partition_keys else []
    return [
        script,
        "--scoring_module_name",
        request.target.scoring_script or "",
        "--mini_batch_size",
        str(settings.mini_batch_size),
        "--error_threshold",
        str(settings.error_threshold),
        "--output_action",
        settings.output_action,
        "--logging_level",
        settings.logging_level.upper(),
        "--run_invocation_timeout",
        f"{settings.timeout:g}",
        "--run_max_try",
        str(settings.max_retries + 1),
        "--append_row_file_name",
        settings.output_file_name,
        "--output",
        str(request.output_folder),
        "--process_count_per_node",
        str(settings.max_concurrency_per_instance),
        *partitions,
    ]
