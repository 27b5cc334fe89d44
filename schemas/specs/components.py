"""Components and what runs them: parts written in files of their own, what a pipeline deployment may say. Runs none."""

from collections.abc import Callable, Iterator
from functools import cache

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.checking.recovering import checked_part
from bep.schemas.drafts.contents import beside
from bep.schemas.drafts.draft import Draft
from bep.schemas.files import Files, absence_of
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.resource import FieldPath
from bep.schemas.specs.defaults import Shape, respell, shape
from bep.schemas.specs.documents.dialects import unfold_component
from bep.schemas.specs.documents.foreign import foreign
from bep.schemas.workspace.reading_workspace import documents_of
from bep.schemas.yaml.node import Node

PIPELINE = "pipeline"
MODEL_ONLY = ("model", "code_configuration", "environment", "compute", "resources")
PIPELINE_ONLY = ("component", "job_definition")
SETTINGS = ("default_compute", "default_datastore", "continue_on_step_failure", "force_rerun")
"""The settings of a pipeline deployment; those of a model's are all the others."""


@cache
def pipeline_shape() -> Shape:
    """The shape of a pipeline deployment: no default of a model's, which would say how files are scored."""
    whole = shape("deployment")
    settings = replace(whole.fields["settings"], defaults=())
    return replace(whole, fields={**whole.fields, "settings": settings}, defaults=())


def check_kind_of_deployment(draft: Draft) -> bool:
    """Whether a deployment runs a pipeline; what it says that only the other sort has a use for is a finding."""
    is_pipeline = draft.node.texts("type") == PIPELINE
    for name in MODEL_ONLY if is_pipeline else PIPELINE_ONLY:
        node = draft.node.get(name)
        if node is not None:
            sort = "a pipeline" if is_pipeline else "a model"
            fix = "Remove it." if is_pipeline else "Remove it, or write 'type: pipeline'."
            draft.error("other-sort", (name,), f"'{name}' means nothing in a deployment of {sort}", fix, node.key_mark)
    settings = draft.node.get("settings")
    for name, node in settings.value.items() if settings is not None and isinstance(settings.value, dict) else ():
        if (name in SETTINGS) is not is_pipeline:
            sort, known = ("a pipeline", SETTINGS) if is_pipeline else ("a model", ())
            fix = did_you_mean(name, known) or (
                f"Its settings are {', '.join(SETTINGS)}." if is_pipeline else "Remove it."
            )
            message = f"settings: '{name}' means nothing in a deployment of {sort}"
            if node.key is not None and node.text:  # a default was written by nobody
                draft.error("other-sort", ("settings", name), message, fix, node.key_mark)
    if is_pipeline and all(draft.node.get(name) is not None for name in PIPELINE_ONLY):
        message = "component and job_definition both say what is run"
        draft.error("written-twice", ("job_definition",), message, "Keep one of the two.")
    return is_pipeline


def write_out_empty_ports(node: Node) -> None:
    """`outputs: {prepared: }` of a job asks for an output and says nothing of it: it is no empty field."""
    jobs = node.get("jobs")
    for job in jobs.value.values() if jobs is not None and isinstance(jobs.value, dict) else ():
        ports = job.get("outputs")
        for port in ports.value.values() if ports is not None and isinstance(ports.value, dict) else ():
            if port.value is None:
                port.value = {}


@dataclass(slots=True)
class ComponentParts:
    """The components that others name by a file, or have written in them; `within` are the files being read."""

    files: Files
    texts: dict[str, str]
    substitute: Callable[[Node], None]
    within: list[str] = field(default_factory=list)

    def of(self, draft: Draft) -> Iterator[tuple[FieldPath, Draft]]:
        """Each part of a pipeline component or a pipeline deployment, with where it stands. While one is looked at, its
        file counts as being read.
        """
        for path, node in list(_places(draft)):
            file = beside(node.file, node.value) if isinstance(node.value, str) else ""
            if isinstance(node.value, str) and not _is_file(node.value):
                continue
            if file in self.within:
                message = f"{'.'.join(map(str, path))}: {file} names itself: {' -> '.join([*self.within, file])}"
                draft.error("component-cycle", path, message, "Let a component name others only.", node.mark)
                del draft.node.nearest(path[:-1]).value[path[-1]]
                continue
            part = self._part(draft, path, node, file)
            if part is not None:
                self.within.append(file)
                yield path, part
                self.within.pop()

    def _part(self, draft: Draft, path: FieldPath, node: Node, file: str) -> Draft | None:
        if file:
            found = self._read(draft, path, file)
            if found is None:
                del draft.node.nearest(path[:-1]).value[path[-1]]
                return None
        else:
            found = node
            found.value.setdefault("type", node.beside("command" if node.get("jobs") is None else PIPELINE))
            if node.get("name") is None:
                owner, job = draft.node.texts("name"), str(path[1]) if len(path) > 1 else ""
                found.value["name"] = node.beside("_".join(filter(None, (owner, job))))
        label = "/".join(filter(None, ("component", found.texts("name") or "?", found.texts("version"))))
        part = Draft("component", found, label, node.mark, inline=True)
        write_out_empty_ports(found)
        findings, part.doubts = checked_part("component", found, label)
        part.findings += findings
        part.unset = bool(part.doubts)
        part.extension = found.value.pop("x-bep", None)
        respell(part)
        unfold_component(part)
        return part

    def _read(self, draft: Draft, path: FieldPath, file: str) -> Node | None:
        name = ".".join(map(str, path))
        if not self.files.exists(file) or self.files.is_folder(file):
            message = f"{name}: {absence_of(file, self.files)}"
            draft.error("path-not-found", path, message, "Paths are relative to the file that names them.")
            return None
        documents = documents_of(self.files, file, draft.findings, self.texts)
        strange = foreign(documents[0]) if len(documents) == 1 else None
        if strange is not None:
            message = f"{name}: {file} is no component that can be taken: {strange.message}"
            draft.error(strange.code, path, message, "Name a command component or a pipeline component.")
            return None
        if len(documents) == 1 and isinstance(documents[0].value, dict):
            self.substitute(documents[0])
            return documents[0]
        if documents:
            draft.error(
                "component-file", path, f"{name}: {file} is not one component", "Name a file with one component."
            )
        draft.doubts.add(path)
        draft.unset = True
        return None


def _places(draft: Draft) -> Iterator[tuple[FieldPath, Node]]:
    """Where a component stands in a deployment, or in the jobs of another."""
    if draft.kind == "deployment":
        node = draft.node.get("component")
        if node is not None and isinstance(node.value, str | dict):
            yield ("component",), node
        return
    jobs = draft.node.get("jobs")
    for name, job in jobs.value.items() if jobs is not None and isinstance(jobs.value, dict) else ():
        node = job.get("component")
        if node is not None and isinstance(node.value, str | dict):
            yield ("jobs", name, "component"), node


def _is_file(text: str) -> bool:
    return not text.strip().startswith(("azureml:", "/subscriptions/")) and (
        text.startswith("file:") or text.endswith((".yml", ".yaml"))
    )


def refer_at(draft: Draft, path: FieldPath, part: Draft) -> None:
    """Put the address of a part where it stood; nothing, when it has none because it is broken."""
    around, name = draft.node.nearest(path[:-1]), path[-1]
    if part.address is None:
        around.value.pop(name)
        draft.doubts.add(path)
        draft.unset = True
    else:
        around.value[name] = around.value[name].beside(part.address)


def node_references(draft: Draft) -> Iterator[FieldPath]:
    """Where the jobs of a pipeline name components."""
    for path, node in _places(draft) if draft.kind == "component" else ():
        if isinstance(node.value, str):
            yield path
