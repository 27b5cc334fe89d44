"""Drafting: one draft at a time to canonical attributes: contents, inline parts, identity, defaults, secrets."""

from functools import cache

from bep.lazy_dataclasses import replace
from bep.schemas.address import address_of
from bep.schemas.content import DIGITS, version_of
from bep.schemas.drafts.contents import Contents, beside
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.literal_secrets import excused_of, warn_of_literal
from bep.schemas.kinds.kind import fields, load_kind
from bep.schemas.resource import FieldPath, Lifecycle, Resource, Retries, Timeouts
from bep.schemas.secrets.secret import Secret
from bep.schemas.specs.defaults import Shape, respell, settle, shape
from bep.schemas.workspace.variables import Variables
from bep.schemas.yaml.node import Marks, Node, faithful, plain


def prepare(draft: Draft, contents: Contents) -> None:
    """Make a draft canonical but for its references, in place, and find its address. Inline parts were taken out."""
    kind = load_kind(draft.kind)
    if draft.kind == "environment":
        from bep.schemas.environments.environments import complete

        complete(draft, contents)  # takes its contents as it finds them
    else:
        for path in sorted(kind.content, key=str):
            contents.take(draft, path, folder=path in kind.folders)
    match draft.kind:
        case "model":
            _model_type(draft)
            from bep.schemas.environments.mlflow_files import check_mlflow_files

            check_mlflow_files(draft, contents)
            if draft.node.texts("type") == "mlflow_model":
                from bep.schemas.environments.mlflow_models import check_mlflow_model

                check_mlflow_model(draft, contents)
        case "data":
            _data_type(draft)
        case "datastore" | "compute":
            _places(draft)
    settle(draft.node, _shape_of(draft))
    if draft.kind == "schedule":
        from bep.schemas.specs.schedules import complete_schedule

        complete_schedule(draft)
    _identify(draft)


def _shape_of(draft: Draft) -> Shape:
    if draft.kind == "deployment" and draft.node.texts("type") == "pipeline":
        from bep.schemas.specs.components import pipeline_shape

        return pipeline_shape()
    return shape(draft.kind)


def _model_type(draft: Draft) -> None:
    """A model that does not say its type is an MLflow model if it has what MLflow writes."""
    content = draft.contents.get("path")
    if draft.node.get("type") is None and content is not None and "MLmodel" in content.files:
        draft.node.value["type"] = draft.node.beside("mlflow_model")
    elif draft.node.get("type") is None and draft.doubts.touch("path"):
        draft.doubts.add(("type",))


def _data_type(draft: Draft) -> None:
    content, kind = draft.contents.get("path"), draft.node.texts("type") or "uri_folder"
    if content is None:
        return
    is_file = len(content.files) == 1 and content.local.rpartition("/")[2] in content.files
    if kind == "uri_file" and not is_file:
        draft.error(
            "not-a-file", ("type",), f"type is uri_file, but {content.local} is a folder", "Write type: uri_folder."
        )


def _places(draft: Draft) -> None:
    """Where a datastore or a Ray cluster keeps what it has: folders as the workspace has them."""
    node = draft.node
    kind = node.texts("type")
    if kind == "azure_data_lake_gen2" and node.get("filesystem") is None and node.get("container_name") is not None:
        node.value["filesystem"] = node.value.pop("container_name")
    folder = node.get({"local_folder": "path", "ray": "share"}.get(kind, ""))
    if folder is not None and (kind != "ray" or "://" not in str(folder.value)):
        folder.value = beside(folder.file, str(folder.value))


def _identify(draft: Draft) -> None:
    kind = load_kind(draft.kind)
    if kind.registered and draft.node.get("version") is None:
        version = _content_digest(draft)
        if not version:
            return
        draft.node.value["version"] = draft.node.beside(version)
    names = [draft.node.get(name) for name in kind.identity]
    if all(node is not None for node in names):
        draft.address = address_of(draft.kind, *(str(node.value) for node in names if node is not None))
        draft.relabel(draft.address)


def _content_digest(draft: Draft) -> str:
    """The first digits of what identifies an asset without a version: its bytes, or the words that describe them."""
    content = draft.contents.get("path")
    if content is not None:
        return content.sha256[:DIGITS]
    path = draft.node.get("path")
    has_path = path is not None and isinstance(path.value, str)
    if draft.broken or (("path",) in load_kind(draft.kind).content and not has_path):
        return ""
    return version_of(faithful(draft.node))


def _excused_inside(excused: tuple[str, ...], name: str, node: Node) -> tuple[str, ...]:
    """Which of the fields that a deployment says to be no secrets are of its part `name`: by their place in either."""
    inside = (field.removeprefix(f"{name}.") for field in excused)
    return tuple(field for field in inside if node.get(field.partition(".")[0]) is not None)


def inline_parts(draft: Draft) -> list[tuple[str, Draft]]:
    """The models and environments written inside a deployment or a component, each with the field it stands in."""
    found = []
    for name in ("model", "environment") if draft.kind == "deployment" else ("environment",):
        node = draft.node.get(name)
        if node is not None and isinstance(node.value, dict):
            part = Draft(name, node, draft.label, node.mark, inline=True)
            part.not_secret = _excused_inside(excused_of(draft), name, node)
            part.doubts = draft.doubts.below(name)
            part.unset = bool(part.doubts)
            respell(part)
            if node.get("name") is None and draft.node.texts("name"):
                node.value["name"] = node.beside(draft.node.texts("name"))
            found.append((name, part))
    return found


def refer(draft: Draft, name: str, part: Draft) -> None:
    """Put the address of an inline part where it stood; nothing, when it has none because it is broken."""
    node = draft.node.value[name]
    if part.address is None:
        draft.node.value.pop(name)
        draft.doubts.add((name,))
    else:
        draft.node.value[name] = node.beside(part.address)


@cache
def _sensitive(kind: str) -> tuple[tuple[FieldPath, bool], ...]:
    """The fields that hold secrets, and whether each always does."""
    words = (("x-bep-sensitive", True), ("x-bep-may-be-sensitive", False))
    schema = load_kind(kind).schema
    return tuple((path, always) for path, node in fields(schema) for word, always in words if node.get(word))


def seal_off(draft: Draft, variables: Variables) -> set[int]:
    """Put a `Secret` in every sensitive field; the ids of the nodes it took, whose expressions are thereby settled."""
    taken = set(draft.settled)
    deferred = {id(node) for node in variables.deferred}
    for path, always in _sensitive(draft.kind):
        for node in _at(draft.node, path):
            if not isinstance(node.value, str) or not (always or id(node) in deferred):
                continue
            taken.add(id(node))
            if always:
                warn_of_literal(draft, path, node)
            text = variables.reveal(node, address=draft.label) if "${{" in node.value else node.value
            node.value = Secret(text or "")
            if text is None:
                draft.unset = True
    return taken


def _at(node: Node, path: FieldPath) -> list[Node]:
    """The nodes at a path of a schema, whose `*` stands for every key."""
    if path and path[-1] == "*":
        around = node.at(path[:-1])
        return list(around.value.values()) if around is not None and isinstance(around.value, dict) else []
    found = node.at(path)
    return [found] if found is not None else []


def finish(draft: Draft) -> Resource:
    """The resource a draft has become."""
    assert draft.address is not None
    attributes = plain(draft.node)
    conda = draft.node.get("conda_file") if draft.kind == "environment" else None
    if conda is not None:
        attributes["conda_file"] = faithful(conda)
    return Resource(
        address=draft.address,
        attributes=attributes,
        mark=draft.mark,
        references=tuple(draft.references),
        contents=draft.contents,
        lifecycle=_lifecycle(draft),
        marks=Marks(draft.node),
    )


NO_LIFECYCLE = Lifecycle()


def _lifecycle(draft: Draft) -> Lifecycle:
    if draft.extension is None or not draft.extension.value:
        return replace(NO_LIFECYCLE, not_secret=draft.not_secret) if draft.not_secret else NO_LIFECYCLE
    data = plain(draft.extension)
    asked, retry, timeouts = (data.get(word) or {} for word in ("lifecycle", "retry", "timeouts"))
    return Lifecycle(
        prevent_destroy=asked.get("prevent_destroy", False),
        create_before_destroy=asked.get("create_before_destroy", False),
        ignore_changes=tuple(asked.get("ignore_changes", ())),
        retry=Retries(**retry) if retry else None,
        timeouts=Timeouts(**timeouts) if timeouts else None,
        not_secret=excused_of(draft),
    )
