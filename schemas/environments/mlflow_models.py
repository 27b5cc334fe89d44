"""The folder of an MLflow model: whether it can be scored by itself, and what it says that it takes and gives.

Names of files and fields: MLflow docs, models. Asks `Files`; opens nothing itself.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from bep.schemas.drafts.contents import Contents, said
from bep.schemas.drafts.draft import Draft
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.yaml.node import Node, plain
from bep.schemas.yaml.reading import read

MLMODEL: Final = "MLmodel"
PYTHON_FUNCTION: Final = "python_function"
NOT_BY_ITSELF: Final = "mlflow-not-by-itself"
"""What is said of a model that no deployment without a script can score."""
USUAL: Final = ("python_env.yaml", "python_env.yml", "conda.yaml", "conda.yml", "requirements.txt")
"""The files of an environment that are looked for, besides those that the MLmodel names."""


def check_mlflow_model(draft: Draft, contents: Contents) -> None:
    """Say what an MLflow model's folder lacks: its MLmodel, the flavor that scores, the files of its environment."""
    content = draft.contents.get("path")
    if content is None or draft.node.texts("type") != "mlflow_model" or draft.doubts.touch("type"):
        return
    if MLMODEL not in content.files or not contents.files.is_folder(content.local):
        inside = sorted({name.partition("/")[0] for name in content.files if name.endswith(f"/{MLMODEL}")})
        fix = f"Write path: {content.local}/{inside[0]}." if inside else "Name the folder that MLflow saved."
        draft.error(
            "mlflow-model", ("path",), f"an MLflow model is a folder with an {MLMODEL}; {content.local} has none", fix
        )
        return
    file = f"{content.local.rstrip('/')}/{MLMODEL}"
    root = _read(draft, contents, file)
    if root is not None:
        _check_flavors(draft, root, file)
        _check_environment(draft, root, file, content.files)


def _read(draft: Draft, contents: Contents, file: str) -> Node | None:
    """The one mapping in an MLmodel; what it is instead is a finding."""
    try:
        written = read(contents.files.read(file), file)
    except (OSError, ValueError) as error:
        draft.error("path-unreadable", ("path",), f"path: {file} cannot be read: {said(error)}", "Check the file.")
        return None
    draft.findings.extend(written.findings)
    if len(written.documents) == 1 and isinstance(written.documents[0].value, dict):
        return written.documents[0]
    if not written.findings:
        mark = written.documents[0].mark if written.documents else None
        message = f"{file} must be one mapping, which has the model's flavors"
        draft.error("mlflow-model", ("path",), message, "Save the model again with MLflow.", mark)
    return None


def _check_flavors(draft: Draft, root: Node, file: str) -> None:
    flavors = root.get("flavors")
    known = flavors.value if flavors is not None and isinstance(flavors.value, dict) else {}
    if isinstance((node := known.get(PYTHON_FUNCTION)) and node.value, dict):
        return
    place = flavors or root
    has = f"its flavors are {listed(known)}" if known else "it has no flavors"
    message = f"{file} has no {PYTHON_FUNCTION} flavor, so that only a script of yours can score with it; {has}"
    fix = "Save it with one, or give its deployment code_configuration and an environment."
    draft.warn(NOT_BY_ITSELF, ("path",), message, fix, place.key_mark)


def _check_environment(draft: Draft, root: Node, file: str, files: Mapping[str, str]) -> None:
    """The files that `env` names. Others of the usual names stand in, as in models whose file was renamed."""
    env = root.at(("flavors", PYTHON_FUNCTION, "env"))
    named = list(env.value.values()) if env is not None and isinstance(env.value, dict) else [env] if env else []
    if any(name in files for name in USUAL):
        return
    for node in named:
        if isinstance(node.value, str) and node.value not in files:
            message = f"{file} names {node.value} for its environment, which is not in the folder"
            fix = (
                did_you_mean(node.value, files) or "Put it there: without it the model is scored with your own Python."
            )
            draft.warn("mlflow-environment", ("path",), message, fix, node.mark)


def described(data: bytes) -> dict[str, Any]:
    """What an MLmodel says of its model, for a person: flavors, signature, versions. Nothing where it is no MLmodel."""
    documents = read(data, MLMODEL).documents
    said_of = plain(documents[0]) if len(documents) == 1 else None
    if not isinstance(said_of, dict):
        return {}
    flavors, signature = said_of.get("flavors"), said_of.get("signature")
    found: dict[str, Any] = {
        "flavors": list(flavors) if isinstance(flavors, dict) else [],
        "signature": {
            side: _columns(signature.get(side)) for side in ("inputs", "outputs", "params") if signature.get(side)
        }
        if isinstance(signature, dict)
        else None,
    }
    function = flavors.get(PYTHON_FUNCTION) if isinstance(flavors, dict) else None
    if isinstance(function, dict) and function.get("python_version") is not None:
        found["python_version"] = str(function["python_version"])
    if said_of.get("mlflow_version") is not None:
        found["mlflow_version"] = str(said_of["mlflow_version"])
    return found


def _columns(text: Any) -> Any:
    """One side of a signature, which stands in an MLmodel as JSON in a text."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
