"""What stands in YAML beside specs and is none: conda files, workflows, manifests. Knows no kind of bep's."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.yaml.node import Node


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file of another tool: what it is, and how it is used, if specs use it.

    A document is one if it has all the fields of one of `needs`, none but `only` (unless that is empty), and `holds`.
    """

    what: str
    needs: tuple[frozenset[str], ...]
    only: frozenset[str] = frozenset()
    holds: Callable[[Node], bool] = field(default=lambda _: True)
    use: str = ""


def other_file(node: Node) -> OtherFile | None:
    """The file of another tool that this document is; None if it is like none that is known here."""
    if isinstance(node.value, list):
        return _PLAYBOOK if _is_playbook(node) else _HOOKS if _all_have(node, "id", "entry") else None
    if not isinstance(node.value, dict):
        return None
    return next((one for one in _candidates(frozenset(node.value)) if one.holds(node)), None)


@lru_cache(maxsize=4096)
def _candidates(fields: frozenset[str]) -> tuple[OtherFile, ...]:
    """The files that may have these fields: documents of one sort have the same ones, so this is asked once a sort."""
    return tuple(
        one
        for one in KNOWN
        if any(needed <= fields for needed in one.needs) and (not one.only or fields <= one.only | {"$schema"})
    )


def _any(*fields: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset((name,)) for name in fields)


def _all(*fields: str) -> tuple[frozenset[str], ...]:
    return (frozenset(fields),)


def _is_list(name: str) -> Callable[[Node], bool]:
    return lambda node: isinstance(node.value[name].value, list)


def _is_mapping(name: str) -> Callable[[Node], bool]:
    return lambda node: isinstance(node.value[name].value, dict)


def _below(node: Node | None) -> list[Node]:
    """The values of a mapping or the items of a list that are mappings themselves."""
    value = node.value if node is not None else None
    every = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [below for below in every if isinstance(below.value, dict)]


def _some_have(node: Node | None, *fields: str) -> bool:
    """Whether one of the values has one of the fields."""
    return any(not below.value.keys().isdisjoint(fields) for below in _below(node))


def _all_have(node: Node, *fields: str) -> bool:
    """Whether each item of a list, of which there is one, has all of the fields."""
    return (
        bool(node.value)
        and len(_below(node)) == len(node.value)
        and all(set(fields) <= below.value.keys() for below in _below(node))
    )


def _is_playbook(node: Node) -> bool:
    return _all_have(node, "hosts") or _some_have(node, "import_playbook", "ansible.builtin.import_playbook")


_TASKS = ("task", "script", "bash", "powershell", "pwsh", "template", "checkout", "download", "publish")


def _is_azure_pipeline(node: Node) -> bool:
    listed = {
        name: below
        for name in ("steps", "jobs", "stages")
        if isinstance((below := node.value.get(name)) and below.value, list)
    }
    return (
        _some_have(listed.get("steps"), *_TASKS)
        or _some_have(listed.get("jobs"), "job", "deployment", "template")
        or _some_have(listed.get("stages"), "stage", "template")
        or len(node.value.keys() & {"trigger", "pr", "pool", "extends", "steps", "stages", "jobs"}) > 1
    )


def _is_gitlab(node: Node) -> bool:
    stages = node.get("stages")
    listed = stages is not None and isinstance(stages.value, list) and not _below(stages)
    return listed and _some_have(node, "script", "stage", "trigger", "extends")


def _is_read_the_docs(node: Node) -> bool:
    build = node.get("build")
    return build is not None and (build.get("os") is not None or build.get("tools") is not None)


_CONDA = frozenset(("name", "channels", "dependencies", "variables", "prefix", "platforms"))
_PYTHON_ENV = frozenset(("python", "build_dependencies", "dependencies"))
_PLAYBOOK = OtherFile("an Ansible playbook", ())
_HOOKS = OtherFile("a list of pre-commit hooks", ())
_IN_MODEL = "It travels in its model's folder: 'path' of the model names that."

KNOWN: tuple[OtherFile, ...] = (
    OtherFile(
        "a conda environment file",
        _all("dependencies"),
        _CONDA,
        _is_list("dependencies"),
        "An environment names it: 'conda_file: PATH'.",
    ),
    OtherFile("a conda environment file", _all("channels", "dependencies"), use="An environment names it."),
    OtherFile("the python_env.yaml of an MLflow model", _any("python"), _PYTHON_ENV, use=_IN_MODEL),
    OtherFile("the MLmodel of an MLflow model", _any("flavors"), holds=_is_mapping("flavors"), use=_IN_MODEL),
    OtherFile("an MLproject", _any("entry_points"), holds=_is_mapping("entry_points")),
    OtherFile("a record of MLflow", (*_all("artifact_uri", "run_id"), *_all("artifact_location", "experiment_id"))),
    OtherFile("a recipe of a conda package", (*_all("package", "build"), *_all("package", "requirements"))),
    OtherFile("a GitHub workflow", _all("on", "jobs"), holds=_is_mapping("jobs")),
    OtherFile("a GitHub action", _any("runs"), holds=lambda node: node.at(("runs", "using")) is not None),
    OtherFile("a GitHub issue form", _all("name", "body"), holds=_is_list("body")),
    OtherFile("a GitHub issue form", _any("blank_issues_enabled", "contact_links")),
    OtherFile("a configuration of Dependabot", _all("version", "updates")),
    OtherFile(
        "an Azure pipeline",
        _any("trigger", "pr", "pool", "extends", "steps", "stages", "jobs"),
        holds=_is_azure_pipeline,
    ),
    OtherFile("a GitLab pipeline", _any("stages"), holds=_is_gitlab),
    OtherFile("a CircleCI pipeline", _all("jobs", "workflows")),
    OtherFile(
        "a Docker Compose file",
        _any("services"),
        holds=lambda node: _some_have(node.get("services"), "image", "build", "extends"),
    ),
    OtherFile(
        "a project of the Azure Developer CLI",
        _any("services"),
        holds=lambda node: _some_have(node.get("services"), "project", "host"),
    ),
    OtherFile("a Kubernetes manifest", _all("apiVersion", "kind")),
    OtherFile("a Helm chart", _all("apiVersion", "name", "version")),
    OtherFile("a configuration of MkDocs", _any("site_name")),
    OtherFile("a configuration of pre-commit", _any("repos"), holds=lambda node: _some_have(node.get("repos"), "repo")),
    OtherFile("a configuration of Read the Docs", (*_all("version", "sphinx"), *_all("version", "mkdocs"))),
    OtherFile("a configuration of Read the Docs", _all("version", "build"), holds=_is_read_the_docs),
    OtherFile("a pipeline of DVC", _any("stages"), holds=lambda node: _some_have(node.get("stages"), "cmd")),
    OtherFile("a file of DVC", _any("outs"), holds=lambda node: _some_have(node.get("outs"), "md5", "etag")),
    OtherFile("an OpenAPI description", (*_all("openapi", "info"), *_all("swagger", "info"))),
    OtherFile("a CloudFormation template", _any("AWSTemplateFormatVersion")),
    OtherFile(
        "an Ansible inventory", _any("all"), holds=lambda node: "hosts" in _at_all(node) or "children" in _at_all(node)
    ),
    OtherFile("a flow of prompt flow", _all("nodes", "outputs"), holds=_is_list("nodes")),
)
"""Told by fields that no spec has; the first that fits is meant. What each tool calls its fields: its own manual."""


def _at_all(node: Node) -> Mapping[str, Node]:
    value = node.value["all"].value
    return value if isinstance(value, dict) else {}
