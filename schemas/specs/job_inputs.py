"""What a job of a model's deployment cannot be given, wherever the job is written. Knows no file and no world."""

from typing import Final

from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.yaml.node import Node

LITERALS: Final = ("string", "number", "integer", "boolean", "float")
MODELS: Final = ("custom_model", "mlflow_model", "triton_model")


def is_value(port: Node) -> bool:
    """Whether an input is a value, such as a number or a mode, and no data."""
    if not isinstance(port.value, dict):
        return port.value is not None and not isinstance(port.value, str | list)
    return port.texts("type") in LITERALS or (
        port.get("path") is None and bool(port.value.keys() & {"default", "value"})
    )


def check_ports(node: Node, address: str = "job") -> list[Finding]:
    """What a job of a model deployment cannot be given: values, models, more than one input. All of them at once."""
    inputs = node.get("inputs")
    ports = inputs.value if inputs is not None and isinstance(inputs.value, dict) else {}
    findings = []
    for name, port in ports.items():
        kind = port.texts("type") if isinstance(port.value, dict) else ""
        if is_value(port):
            message = f"'{name}' is a value, and a deployment of a model takes files: only pipelines take values"
            fix = "Take it out; what a script is to be told goes in environment_variables."
            findings.append(mistake("value-input", address, message, fix, port.key_mark))
        elif kind in MODELS:
            message = f"'{name}' is a model, and a deployment of a model takes files to score"
            findings.append(mistake("model-input", address, message, "Write uri_folder or uri_file.", port.key_mark))
    data = [name for name, port in ports.items() if not is_value(port) and port.texts("type") not in MODELS]
    if len(data) > 1:
        message = f"a job has exactly one input, not {len(data)}"
        mark = ports[data[1]].key_mark
        findings.append(mistake("one-input", address, message, f"Keep '{data[0]}'; its path may be a list.", mark))
    return findings


def refuse_tables(node: Node, address: str = "job") -> list[Finding]:
    """Tables are none of a batch endpoint's inputs (Azure ML docs: how-to-access-data-batch-endpoints-jobs)."""
    inputs = node.get("inputs")
    found = []
    for port in inputs.value.values() if inputs is not None and isinstance(inputs.value, dict) else ():
        kind = port.get("type") if isinstance(port.value, dict) else None
        if kind is not None and kind.value == "mltable":
            message = "a batch endpoint scores files, and mltable is a table over them"
            fix = "Write uri_folder, and as path the files' own folder."
            found.append(mistake("mltable-input", address, message, fix, kind.mark))
    return found
