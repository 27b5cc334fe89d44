"""Dialects: what the forms of 2021 and of today say differently, brought to one. Words alone are `spelling`'s."""

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.drafts.draft import Draft
from bep.schemas.findings.doubts import Doubts
from bep.schemas.resource import FieldPath
from bep.schemas.specs.defaults import put, respell
from bep.schemas.yaml.node import Node

NO_ENDPOINT = "no-endpoint"
CODE = ("local_path", "path", "code_uri")
COMPUTE = (
    ("instance_count", ("resources", "instance_count")),
    ("instance_type", ("resources", "instance_type")),
    ("properties", ("resources", "properties")),
    ("location", ("resources", "locations")),
)


@dataclass(slots=True)
class Wish:
    """The traffic an endpoint asks for: the share of each deployment it names, and where it says so."""

    endpoint: str
    node: Node
    shares: dict[str, Node] = field(default_factory=dict)


def unfold(draft: Draft, endpoint: str) -> tuple[list[Draft], list[Wish]]:
    """The resources one document declares, in today's words. `endpoint` is for deployments that do not name theirs."""
    draft.extension = draft.node.value.pop("x-bep", None)
    _drop_place_of_upload(draft)
    respell(draft)
    if draft.kind == "endpoint":
        return _endpoint(draft)
    if draft.kind == "deployment":
        return _deployment(draft, endpoint), []
    if draft.kind == "data":
        _dataset(draft)
    elif draft.kind == "component":
        unfold_component(draft)
    return [draft], []


def unfold_component(draft: Draft) -> None:
    """2021: `code: {local_path}` of a component."""
    code = draft.node.get("code")
    if code is not None and isinstance(code.value, dict):
        draft.node.value["code"] = _code(draft, code, ("code",))


def _drop_place_of_upload(draft: Draft) -> None:
    """2021: with `datastore` and `local_path`, `path` says where in the datastore the upload goes. Here bep says it."""
    node = draft.node
    written = [node.get(name) for name in ("datastore", "local_path", "path")]
    if draft.kind in ("data", "model") and all(one is not None and one.value is not None for one in written):
        path = node.value.pop("path")
        message = "path says where the files of local_path are uploaded to, which is not chosen here"
        draft.warn("upload-path", (), message, "Remove path.", path.key_mark)


def _dataset(draft: Draft) -> None:
    """2021: `paths: [{file: URI}]` or `[{folder: URI}]` of a dataset is today's path and type."""
    paths = draft.node.value.pop("paths", None)
    if paths is None or not paths.value:
        return
    named = [(word, at) for item in paths.value if item.value for word, at in item.value.items() if at.value]
    if len(named) > 1 or len(paths.value) > 1:
        message = "data has one path, and paths names several"
        fix = "Declare data for each, or the folder around them; the input of a job may be a list of paths."
        draft.error("several-paths", ("path",), message, fix, paths.key_mark)
        return
    for word, at in named:
        kind = "uri_file" if word == "file" else "uri_folder"
        written = draft.node.texts("type")
        if written and written != kind:
            message = f"type is {written}, but paths names a {word}"
            draft.error("other-type", ("type",), message, f"Write type: {kind}, or leave it out.")
        draft.findings += put(draft.node, ("path",), at, draft.label)
        draft.node.value.setdefault("type", at.beside(kind))


def _endpoint(draft: Draft) -> tuple[list[Draft], list[Wish]]:
    node = draft.node
    name = node.get("name")
    deployments, traffic, defaults = (node.value.pop(key, None) for key in ("deployments", "traffic", "defaults"))
    drafts = [draft]
    for index, below in enumerate(deployments.value if deployments is not None and deployments.value else ()):
        if below.value is not None:
            drafts += _inner(below, name, draft.doubts.below("deployments", index))
    return drafts, _wishes(draft, name.text, traffic, defaults) if name is not None else []


def _inner(node: Node, name: Node | None, doubts: Doubts) -> list[Draft]:
    """A deployment inside its endpoint, whose name stands for `endpoint_name`."""
    there = name.text if name is not None else "?"
    inner = Draft("deployment", node, f"deployment/{there}/{node.texts('name') or '?'}", node.mark)
    inner.doubts, inner.unset = doubts, bool(doubts)
    own = node.get("endpoint_name")
    if name is None:
        inner.doubts.add(("endpoint_name",))
    elif own is not None and own.text != name.text:
        inner.error(
            "other-endpoint",
            ("endpoint_name",),
            f"this deployment is inside {name.text} but names {own.text}",
            "Remove endpoint_name.",
        )
    if name is not None:
        node.value["endpoint_name"] = node.beside(name.value)
    inner.extension = node.value.pop("x-bep", None)
    if inner.extension is not None and inner.extension.get("for_each") is not None:
        inner.error(
            "for-each-inside",
            ("x-bep",),
            "for_each is for a whole document, not for a deployment inside an endpoint",
            "Write the deployment as a document of its own, with endpoint_name.",
            inner.extension.mark,
        )
    respell(inner)
    return _deployment(inner, "")


def _wishes(draft: Draft, endpoint: str, traffic: Node | None, defaults: Node | None) -> list[Wish]:
    found = []
    if traffic is not None and traffic.value:
        found.append(Wish(endpoint, traffic, {k: n for k, n in traffic.value.items() if n.value is not None}))
    chosen = defaults.get("deployment_name") if defaults is not None else None
    if chosen is not None and chosen.value:
        found.append(Wish(endpoint, chosen, {chosen.text: chosen.beside(100)}))
    if len(found) > 1:
        draft.error(
            "written-twice",
            (),
            "traffic and defaults.deployment_name both say where jobs go",
            "Keep one of the two.",
            found[1].node.mark,
        )
    return found[:1]


def _deployment(draft: Draft, endpoint: str) -> list[Draft]:
    node = draft.node
    if node.get("endpoint_name") is None and endpoint:
        node.value["endpoint_name"] = node.beside(endpoint)
    if node.get("endpoint_name") is None and not draft.doubts.touch("endpoint_name"):
        draft.error(
            NO_ENDPOINT,
            (),
            f"deployment '{node.texts('name')}' does not say which endpoint it belongs to",
            f"Add 'endpoint_name: NAME', or list {node.file} in bep.yml as {{file: {node.file}, endpoint: NAME}}.",
        )
    _compute(draft)
    code = node.at(("code_configuration", "code"))
    if code is not None and isinstance(code.value, dict):
        node.value["code_configuration"].value["code"] = _code(draft, code, ("code_configuration", "code"))
    return [draft]


def _compute(draft: Draft) -> None:
    """2021: `compute: {target, instance_count}`."""
    compute = draft.node.get("compute")
    if compute is None or not isinstance(compute.value, dict):
        return
    for name, target in COMPUTE:
        found = compute.value.pop(name, None)
        if found is not None and found.value is not None:
            listed = found.beside([found]) if name == "location" else found
            draft.findings += put(draft.node, target, listed, draft.label)
    target_node = compute.get("target")
    if target_node is None:
        if not draft.doubts.touch("compute", "target"):
            fix = "Add 'target: azureml:NAME', or 'target: local'."
            draft.error("missing-field", ("compute",), "compute needs 'target'", fix)
        del draft.node.value["compute"]
    else:
        draft.node.value["compute"] = target_node


def _code(draft: Draft, code: Node, path: FieldPath) -> Node:
    """2021: `code: {local_path}`; the code asset's own name and version say nothing that its bytes do not."""
    for name in CODE:
        found: Node | None = code.get(name)
        if found is not None and found.value is not None:
            return found
    if not draft.doubts.touch(*path):
        draft.error("missing-field", path, "code needs 'local_path'", "Write 'code: FOLDER'.")
    return code.beside(None)
