"""What the service takes and bep has no kind for: pipelines, components, jobs. One finding each. Knows no kind."""

from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.yaml.node import Node

STEPS = frozenset(("pipeline", "command", "parallel", "sweep", "spark", "automl"))
"""Words of `type:` that pipelines, components and jobs have, and no kind of bep's has."""

SOURCES = ("component", "job_definition")
"""Fields of which a pipeline deployment has one, and a model deployment none."""

INVOKED = frozenset(("$schema", "inputs", "outputs"))
"""Fields of a file for `az ml batch-endpoint invoke --file`, which names nothing."""

MODELS = (
    "bep deploys models: 'type: model' with model, compute and, unless it is an MLflow model, code_configuration and "
    "environment."
)
SPECS = "Take this file out of specs."


def unsupported(node: Node) -> Finding | None:
    """The one finding about a document that bep has no kind for; None if it may be one of bep's own.

    Asked before anything else is looked at: `${{inputs.x}}` in a command is none of bep's expressions.
    """
    if not isinstance(node.value, dict):
        return None
    step = node.texts("type")
    source = next((field for field in SOURCES if node.get(field) is not None), "")
    if step == "pipeline" and _is_deployment(node):
        return _pipeline_deployment(node, "type", source)
    if step in STEPS:
        return _step(node, step)
    if source and not step and node.get("model") is None and _is_deployment(node):
        return _pipeline_deployment(node, source, source)
    if node.get("inputs") is not None and node.value.keys() <= INVOKED:
        return _invocation(node)
    return None


def _is_deployment(node: Node) -> bool:
    """Whether it is a deployment that runs a pipeline, and not the pipeline itself, whose type is the same word."""
    words = node.get("endpoint_name"), node.get("job_definition")
    said = node.texts("kind") == "deployment" or _schema(node).endswith("deployment")
    return said or any(word is not None for word in words)


def _schema(node: Node) -> str:
    return node.texts("$schema").rpartition("/")[2].partition(".")[0].lower()


def _pipeline_deployment(node: Node, field: str, source: str) -> Finding:
    address = f"deployment/{node.texts('endpoint_name') or '?'}/{node.texts('name') or '?'}"
    runs = {"component": "a pipeline component", "job_definition": "the pipeline of a job"}.get(source, "a pipeline")
    message = f"this deployment runs {runs}, which is not supported"
    fix = f"{SPECS} {MODELS} What a step does before scoring, init() and run() can do."
    return _finding(node, field, address, message, fix)


def _step(node: Node, step: str) -> Finding:
    sort = next((word for word in ("component", "job") if _schema(node).endswith(word)), "component or job")
    message = f"a {step} {sort} is not supported: bep has batch endpoints, their jobs, and no pipelines or components"
    fix = f"{SPECS} {MODELS}"
    if step == "parallel":
        fix = (
            "Deploy its script, which has the same init() and run(mini_batch): 'type: model', and code_configuration "
            "with its code as code and its entry_script as scoring_script. Inputs and outputs are named in the job, "
            "mini_batch_size counts files, and program_arguments become environment_variables."
        )
    return _finding(node, "type", "", message, fix)


def _invocation(node: Node) -> Finding:
    message = "these are the inputs of a job; a spec declares a resource"
    fix = f"{SPECS} To score with it, add 'kind: job' and 'endpoint: NAME', and use `bep run FILE`."
    return _finding(node, "inputs", "", message, fix)


def _finding(node: Node, field: str, address: str, message: str, fix: str) -> Finding:
    place = node.get(field) or node
    return mistake("not-supported", address, message, fix, place.key_mark or place.mark)
