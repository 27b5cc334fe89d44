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

FOR_PIPELINES = ("value-input", "model-input", "one-input", "missing-field")
"""What is said of inputs that a pipeline may have."""


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


def is_job(node: Node) -> bool:
    """Whether a document is a job: by its kind, by the endpoint that its inputs are for, or as az ml has it."""
    if not isinstance(node.value, dict) or node.texts("kind") not in ("", "job"):
        return False
    is_ours = node.get("endpoint") is not None and node.get("inputs") is not None
    return node.texts("kind") == "job" or is_ours or is_invocation(node)
