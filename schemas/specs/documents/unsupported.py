"""What the service takes and bep has no kind for: pipelines, jobs, online endpoints. One finding each."""

from functools import lru_cache

from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.kinds.kind import is_kind
from bep.schemas.next_step import Step, step
from bep.schemas.specs.documents.schema_names import (
    ONLINE_DEPLOYMENT,
    ONLINE_ENDPOINT,
    other_kind,
    schema_kind,
    schema_name,
)
from bep.schemas.yaml.node import Node

NOT_SUPPORTED = "not-supported"

STEPS = frozenset(("pipeline", "command", "parallel", "sweep", "spark", "automl"))
"""Words of `type:` that pipelines, components and jobs have, and no kind of bep's has."""

_OF_JOBS = ("compute", "experiment_name", "limits", "identity", "services", "queue_settings", "component", "settings")
"""Fields that a job has and no component: where it runs, and as whom."""

_JOBS = frozenset(("job", "jobs", "type", "command", "component", "conf"))
"""Fields of a scheduled job, of which that of a batch endpoint has none."""

INVOKED = frozenset(
    (
        *("$schema", "inputs", "outputs", "input_data", "output_data", "dataset", "output_dataset"),
        *("job_name", "experiment_name", "endpoint_name", "deployment_name", "compute", "retry_settings"),
        *("mini_batch_size", "error_threshold", "output_file_name", "properties"),
    )
)
"""Fields of a file for `az ml batch-endpoint invoke --file`, which names nothing."""
_GIVEN = ("inputs", "input_data", "dataset")
"""Fields of which such a file has one: what is to be scored."""

SPECS = "Take this file out of specs."

_BY_TYPE = {
    "computeinstance": "a compute instance",
    "virtualmachine": "an attached virtual machine",
    "kubernetes": "a Kubernetes compute",
    "synapsespark": "an attached Synapse Spark pool",
}
"""Other words of `type:`. What they say of a deployment, whose Kubernetes is an online one, its fields say too."""

_BY_FIELDS = (
    (("liveness_probe",), ONLINE_DEPLOYMENT),
    (("readiness_probe",), ONLINE_DEPLOYMENT),
    (("request_settings",), ONLINE_DEPLOYMENT),
    (("scale_settings",), ONLINE_DEPLOYMENT),
    (("app_insights_enabled",), ONLINE_DEPLOYMENT),
    (("egress_public_network_access",), ONLINE_DEPLOYMENT),
    (("data_collector",), ONLINE_DEPLOYMENT),
    (("endpoint_name", "instance_type"), ONLINE_DEPLOYMENT),
    (("mirror_traffic",), ONLINE_ENDPOINT),
    (("auth_mode", "compute"), ONLINE_ENDPOINT),
    (("command", "environment"), "a command job"),
    (("command", "code"), "a command job"),
    (("command", "compute"), "a command job"),
    (("trial", "objective"), "a sweep job"),
    (("training_data", "task"), "an AutoML job"),
    (("data_generation_type",), "a distillation job"),
    (("create_monitor",), "a monitor"),
    (("trigger", "import_data"), "a schedule of a data import"),
    (("replication_locations",), "a registry"),
    (("target", "credentials"), "a connection"),
    (("managed_network",), "a workspace of Azure ML"),
    (("hbi_workspace",), "a workspace of Azure ML"),
    (("storage_account", "key_vault"), "a workspace of Azure ML"),
    (("display_name", "location"), "a workspace of Azure ML"),
    (("specification", "entities"), "a feature set"),
    (("features", "index_columns"), "the specification of a feature set"),
    (("index_columns",), "an entity of a feature store"),
)
"""Fields that no spec has, and what has them. What calls itself a spec of bep's is that, however wrong."""


def unsupported(node: Node) -> Finding | None:
    """The one finding about a document that bep has no kind for; None if it may be one of bep's own.

    Asked before anything else is looked at: `${{inputs.x}}` in a command is none of bep's expressions.
    """
    if not isinstance(node.value, dict):
        return None
    step = node.texts("type")
    if is_component(node):
        return None
    if step in STEPS and not (step == "pipeline" and _is_deployment(node)):
        return _step(node, step)
    if is_invocation(node):
        return _invocation(node)
    return None if is_kind(node.texts("kind")) else _other(node, step)


def is_component(node: Node) -> bool:
    """Whether a document is a component that bep takes: what says so, or has a name and nothing that only a job has."""
    if not isinstance(node.value, dict) or node.texts("type") not in ("", "command", "pipeline"):
        return False
    if node.texts("kind"):
        return node.texts("kind") == "component"
    if node.texts("$schema"):
        return schema_kind(node.texts("$schema")) == "component"
    is_named = bool(node.texts("type")) and node.get("name") is not None and not _is_deployment(node)
    return is_named and not any(node.get(name) is not None for name in _OF_JOBS)


def is_invocation(node: Node) -> bool:
    """Whether a document is what `az ml batch-endpoint invoke --file` takes: a job that does not say that it is one."""
    given = isinstance(node.value, dict) and any(node.get(name) is not None for name in _GIVEN)
    return given and node.value.keys() <= INVOKED and not other_kind(node.texts("$schema"))


def is_schedule(node: Node) -> bool:
    """Whether a document is a schedule that bep takes: what says so, or has a trigger and what it is for."""
    if not isinstance(node.value, dict):
        return False
    if node.texts("kind"):
        return node.texts("kind") == "schedule"
    if node.texts("$schema"):
        return schema_kind(node.texts("$schema")) == "schedule"
    return {"trigger", "create_job"} <= node.value.keys()


def _other_schedule(node: Node) -> Finding | None:
    """A schedule of something else than a job of a batch endpoint."""
    if schema_kind(node.texts("$schema")) not in (None, "schedule"):
        return None
    job = node.get("create_job")
    if job is not None and (isinstance(job.value, str) or _is_other_job(job)):
        fix = f"{SPECS} Or write create_job: {{endpoint: NAME, inputs: ...}}, whose job is one of a batch endpoint."
        return _said_to_be(node, "create_job", "a schedule of another job", "its create_job has no endpoint", fix)
    if is_schedule(node):
        for name, what in (("create_monitor", "a monitor"), ("import_data", "a schedule of a data import")):
            if name in node.value:
                return _said_to_be(node, name, what, f"it has {name}")
    return None


def _is_other_job(job: Node) -> bool:
    """Whether it is a job of a pipeline, a command or Spark, or names a file of one."""
    return isinstance(job.value, dict) and "endpoint" not in job.value and not _JOBS.isdisjoint(job.value)


def _other(node: Node, step: str) -> Finding | None:
    """What its `$schema` says it is; else its type or its fields, unless its `$schema` says that it is bep's."""
    url = node.texts("$schema")
    if (other := _other_schedule(node)) is not None:
        return other
    if url and (what := other_kind(url)):
        return _said_to_be(node, "$schema", what, f"$schema is {schema_name(url)}")
    if url and schema_kind(url):
        return None
    if step in _BY_TYPE and node.get("endpoint_name") is None:
        return _said_to_be(node, "type", _BY_TYPE[step], f"its type is {step}")
    fields, what = _by_fields(frozenset(node.value))
    return _said_to_be(node, fields[0], what, f"it has {' and '.join(fields)}") if fields else None


@lru_cache(maxsize=4096)
def _by_fields(there: frozenset[str]) -> tuple[tuple[str, ...], str]:
    return next(((fields, what) for fields, what in _BY_FIELDS if there.issuperset(fields)), ((), ""))


def _said_to_be(node: Node, field: str, what: str, since: str, fix: str = SPECS) -> Finding:
    if what in (ONLINE_ENDPOINT, ONLINE_DEPLOYMENT):
        own = what.removeprefix("an online ")
        fix = f"{SPECS} bep has batch endpoints: if this is one, write 'kind: {own}' and take out what it has not."
        fix = fix if own == "endpoint" else fix.replace("endpoints: if this is one", "deployments: if this is one")
    return _finding(node, field, "", f"this is {what}, which is not supported: {since}", fix)


def _is_deployment(node: Node) -> bool:
    """Whether it is a deployment that runs a pipeline, and not the pipeline itself, whose type is the same word."""
    words = node.get("endpoint_name"), node.get("job_definition"), node.get("component")
    said = node.texts("kind") == "deployment" or _schema(node).endswith("deployment")
    return said or any(word is not None for word in words)


def _schema(node: Node) -> str:
    return schema_name(node.texts("$schema")).lower()


def _step(node: Node, step: str) -> Finding:
    sort = next((word for word in ("component", "job") if _schema(node).endswith(word)), "component or job")
    message = f"a {step} {sort} is not supported: bep has batch endpoints, what they run, and their jobs"
    fix = SPECS
    if step in ("command", "pipeline"):
        fix = f"{SPECS} As a component, with a name, inputs and outputs, it can be deployed."
    if step == "parallel":
        fix = (
            "Deploy its script, which has the same init() and run(mini_batch): 'type: model', and code_configuration "
            "with its code as code and its entry_script as scoring_script. Inputs and outputs are named in the job, "
            "mini_batch_size counts files, and program_arguments become environment_variables."
        )
    return _finding(node, "type", "", message, fix)


def _invocation(node: Node) -> Finding:
    message, run = "these are the inputs of a job; a spec declares a resource", step("run", "FILE")
    place = next(name for name in _GIVEN if node.get(name) is not None)
    return _finding(node, place, "", message, f"{SPECS} To score with it, use {run}.", (run,))


def _finding(node: Node, field: str, address: str, message: str, fix: str, next: tuple[Step, ...] = ()) -> Finding:
    place = node.get(field) or node
    return mistake(NOT_SUPPORTED, address, message, fix, place.key_mark or place.mark, next)
