"""Invocations: files that `az ml batch-endpoint invoke` takes, today's and 2021's, brought to the words of a job.

Fields: azure-ai-ml, `BatchJobSchema`, and the ones of `--file` in the documentation of batch endpoints. Knows no world.
"""

from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.resource import FieldPath
from bep.schemas.specs.defaults import put
from bep.schemas.specs.documents.unsupported import is_invocation
from bep.schemas.yaml.node import Node

MOVED: tuple[tuple[str, FieldPath], ...] = (
    ("job_name", ("name",)),
    ("endpoint_name", ("endpoint",)),
    ("deployment_name", ("deployment",)),
    ("input_data", ("inputs",)),
    ("output_data", ("outputs",)),
)
"""Words of an invocation, and what a job calls them."""

LITERALS = ("string", "number", "integer", "boolean", "float")
FOR_PIPELINES = ("value-input", "model-input", "one-input", "missing-field")
"""What is said of inputs that a pipeline may have."""
MODELS = ("custom_model", "mlflow_model", "triton_model")


def as_job(node: Node) -> list[Finding]:
    """Bring an invocation to a job's words, in place. What is written in both is a finding. A job stays as it is."""
    findings: list[Finding] = []
    for word, path in MOVED:
        found = _taken(node, word)
        findings += put(node, path, found, "job") if found is not None else []
    findings += _dataset(node)
    findings += _output_dataset(node)
    findings += _compute(node)
    return findings


def _dataset(node: Node) -> list[Finding]:
    """2021: `dataset: azureml:NAME:VERSION`, or a mapping with its path."""
    found = _taken(node, "dataset")
    if found is None:
        return []
    path = found.get("path") or found.get("dataset_id") if isinstance(found.value, dict) else found
    if path is None or not isinstance(path.value, str):
        fix = "Write 'dataset: azureml:NAME:VERSION', or inputs with a path."
        return [mistake("wrong-type", "job", "dataset names no data", fix, found.mark)]
    return put(node, ("inputs", "dataset", "path"), path, "job")


def _output_dataset(node: Node) -> list[Finding]:
    """2021: `output_dataset: {datastore_id: azureml:NAME, path: FOLDER}`."""
    found = _taken(node, "output_dataset", dict)
    if found is None:
        return []
    store, path = (_text(found, word) for word in ("datastore_id", "path"))
    path = path.strip("/")
    if not path:
        return [mistake("missing-field", "job", "output_dataset needs 'path'", "Add 'path: FOLDER'.", found.mark)]
    name = store.removeprefix("azureml:").rstrip("/").rpartition("/")[2] or "workspaceblobstore"
    text = f"azureml://datastores/{name}/paths/{path}"
    return put(node, ("outputs", "score", "path"), found.beside(text), "job")


def _compute(node: Node) -> list[Finding]:
    """2021: `compute: {instance_count: N}`. Which compute it is, the deployment says here."""
    found = _taken(node, "compute", dict)
    count = found.get("instance_count") if found is not None else None
    return put(node, ("resources", "instance_count"), count, "job") if count is not None else []


def _text(node: Node, word: str) -> str:
    found = node.get(word)
    return found.text if found is not None and found.value is not None else ""


def _taken(node: Node, word: str, sort: type = object) -> Node | None:
    """A field, taken out if it is of a sort; what is empty or wrong stays, and the schema says so."""
    found = node.get(word)
    if found is None or found.value is None or not isinstance(found.value, sort):
        return None
    del node.value[word]
    return found


def is_value(port: Node) -> bool:
    """Whether an input is a value, such as a number or a mode, and no data."""
    if not isinstance(port.value, dict):
        return port.value is not None and not isinstance(port.value, str | list)
    return port.texts("type") in LITERALS or (
        port.get("path") is None and bool(port.value.keys() & {"default", "value"})
    )


def check_ports(node: Node) -> list[Finding]:
    """What a job of a model deployment cannot be given: values, models, more than one input. All of them at once."""
    inputs = node.get("inputs")
    ports = inputs.value if inputs is not None and isinstance(inputs.value, dict) else {}
    findings = []
    for name, port in ports.items():
        kind = port.texts("type") if isinstance(port.value, dict) else ""
        if is_value(port):
            message = f"'{name}' is a value, and a deployment of a model takes files: only pipelines take values"
            fix = "Take it out; what a script is to be told goes in environment_variables."
            findings.append(mistake("value-input", "job", message, fix, port.key_mark))
        elif kind in MODELS:
            message = f"'{name}' is a model, and a deployment of a model takes files to score"
            findings.append(mistake("model-input", "job", message, "Write uri_folder or uri_file.", port.key_mark))
    data = [name for name, port in ports.items() if not is_value(port) and port.texts("type") not in MODELS]
    if len(data) > 1:
        message = f"a job has exactly one input, not {len(data)}"
        mark = ports[data[1]].key_mark
        findings.append(mistake("one-input", "job", message, f"Keep '{data[0]}'; its path may be a list.", mark))
    return findings


def is_job(node: Node) -> bool:
    """Whether a document is a job: by its kind, by the endpoint that its inputs are for, or as az ml has it."""
    if not isinstance(node.value, dict) or node.texts("kind") not in ("", "job"):
        return False
    is_ours = node.get("endpoint") is not None and node.get("inputs") is not None
    return node.texts("kind") == "job" or is_ours or is_invocation(node)
